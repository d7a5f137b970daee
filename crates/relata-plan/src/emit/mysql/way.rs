//! How a change of a table is made, and what that means for others: which algorithm and lock the server needs.
//!
//! The rules are those of InnoDB. The server takes the best way by itself; a proof asks it for each change, way by way.
//! The lint of files written by hand asks here, too. MySQL notes in place, with others reading and writing, some of what MariaDB does in an instant, and copies a table for
//! another collation of an indexed column.

use relata_schema::change::{LockMode, LockSpan, Recipe};
use relata_schema::model::{Column, Table};

use super::Server;

/// A way, from best to worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// Only the catalogue changes (`INSTANT`).
    #[default]
    Instant,
    /// Something goes; reads and writes go on (`NOCOPY`, `LOCK=NONE`).
    Release,
    /// Something is built from the rows; reads and writes go on (`NOCOPY`, `LOCK=NONE`).
    Build,
    /// Something is built from the rows; writes wait (`NOCOPY`, `LOCK=SHARED`).
    BuildShared,
    /// The rows are written anew; reads and writes go on (`INPLACE`, `LOCK=NONE`).
    RebuildOnline,
    /// The rows are written anew; writes wait (`COPY`).
    Rebuild,
}

impl Way {
    pub(super) fn recipe(self) -> Recipe {
        match self {
            Way::Instant | Way::Release => Recipe::Instant,
            Way::Build | Way::RebuildOnline => Recipe::Online,
            Way::BuildShared => Recipe::Blocking,
            Way::Rebuild => Recipe::Rebuild,
        }
    }

    pub(super) fn lock(self) -> (LockMode, LockSpan) {
        match self {
            Way::Instant => (LockMode::AccessExclusive, LockSpan::Instant),
            Way::Release => (LockMode::ShareUpdateExclusive, LockSpan::Instant),
            Way::Build => (LockMode::ShareUpdateExclusive, LockSpan::Scan),
            Way::BuildShared => (LockMode::Share, LockSpan::Scan),
            Way::RebuildOnline => (LockMode::ShareUpdateExclusive, LockSpan::Rewrite),
            Way::Rebuild => (LockMode::Share, LockSpan::Rewrite),
        }
    }
}

/// How a column is modified. Both are spelled out.
pub(crate) fn modification(server: Server, table: &Table, was: &Column, shall: &Column) -> Way {
    let (old, new) = (was.ty.physical.as_str(), shall.ty.physical.as_str());
    let indexed = || {
        let keys = table.primary_key.iter().chain(&table.uniques).flat_map(|key| key.columns());
        let indexes = table.indexes.iter().flat_map(|index| &index.parts).map(|part| part.column.as_str());
        keys.chain(indexes).any(|name| name == was.name)
    };
    let computed = || is_virtual(was) && is_virtual(shall) && old == new && server == Server::MariaDb && !indexed();
    if old != new && !widens(server, was, shall) && !appends(old, new)
        || was.generated != shall.generated && !computed()
        || was.charset != shall.charset
            && !(reads_the_same(server, was, shall) && (server == Server::MariaDb || !indexed()))
        || was.auto_increment != shall.auto_increment && (shall.auto_increment || server == Server::MySql)
    {
        Way::Rebuild
    } else if was.not_null != shall.not_null {
        // A NULL that becomes a moment is one row's, and rows that hold computed values are computed again.
        let computed = old.starts_with("timestamp") || table.columns.iter().any(is_stored);
        let online = server == Server::MySql || !shall.not_null || !computed;
        if online { Way::RebuildOnline } else { Way::Rebuild }
    } else if !sorts_the_same(was, shall) && indexed() {
        if server == Server::MySql { Way::Rebuild } else { Way::Build }
    } else if widens(server, was, shall) && old != new || was.collation != shall.collation {
        noted(server)
    } else {
        Way::Instant
    }
}

/// What only the catalogue says of a table: comments, lengths, whether an index is seen.
pub(super) fn noted(server: Server) -> Way {
    if server == Server::MySql { Way::Release } else { Way::Instant }
}

/// Computed anew when it is read.
pub(super) fn is_virtual(column: &Column) -> bool {
    column.generated.as_ref().is_some_and(|generated| !generated.stored)
}

/// Computed when the row is written.
fn is_stored(column: &Column) -> bool {
    column.generated.as_ref().is_some_and(|generated| generated.stored)
}

/// What stands in a table and makes of changes that others go on beside, elsewhere, ones that writes wait for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beside {
    /// A full text index.
    pub fulltext: bool,
    /// A spatial index.
    pub spatial: bool,
    /// An index over a column that is computed when it is read.
    pub computed_index: bool,
}

impl Beside {
    pub(super) fn of(table: &Table) -> Self {
        let is = |word: &str| {
            table.indexes.iter().any(|index| index.method.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(word)))
        };
        let computed = |name: &str| table.columns.iter().any(|column| column.name == name && is_virtual(column));
        let mut parts = table.indexes.iter().flat_map(|index| &index.parts);
        let keys = table.uniques.iter().flat_map(|key| key.columns());
        let computed_index = parts.any(|part| computed(&part.column)) || keys.into_iter().any(computed);
        Beside { fulltext: is("fulltext"), spatial: is("spatial"), computed_index }
    }

    /// The way that a change takes in such a table; `columns` says that stored columns come or go.
    pub(crate) fn way(self, server: Server, way: Way, columns: bool) -> Way {
        let anew = columns && (self.fulltext || self.computed_index && server == Server::MariaDb);
        let shared = way == Way::RebuildOnline && (self.fulltext || self.spatial);
        if anew || shared { way.max(Way::Rebuild) } else { way }
    }
}

/// Every text of the old character set is the same bytes in the new one, and both take them as they are (MySQL in no index).
fn reads_the_same(server: Server, was: &Column, shall: &Column) -> bool {
    let kind = was.ty.physical.split('(').next().unwrap_or_default();
    let text = matches!(kind, "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext");
    let sets = (was.charset.as_deref(), shall.charset.as_deref());
    let widens = matches!(sets, (Some("utf8" | "utf8mb3"), Some("utf8mb4")));
    // Its length may come to take another byte.
    let room = kind != "varchar" || {
        let letters = was.ty.physical.trim_start_matches("varchar(").trim_end_matches(')').parse::<u32>();
        letters.is_ok_and(|letters| {
            letters * 4 <= 255 || letters * 3 > 255 || letters * 3 <= 127 && server == Server::MariaDb
        })
    };
    text && widens && room && was.ty.physical == shall.ty.physical
}

/// Their collations order alike: the same one, or that of the same name for another character set.
fn sorts_the_same(was: &Column, shall: &Column) -> bool {
    let order = |column: &Column| {
        column.collation.as_deref().map(|name| name.split_once('_').map_or(name, |(_, order)| order).to_string())
    };
    was.collation == shall.collation || was.charset != shall.charset && order(was) == order(shall)
}

/// A longer varchar needs only the catalogue, while its length takes as many bytes as before. MariaDB has room for the
/// second byte where the values took 127 at most.
fn widens(server: Server, was: &Column, shall: &Column) -> bool {
    let length = |column: &Column| column.ty.physical.strip_prefix("varchar(")?.strip_suffix(')')?.parse::<u32>().ok();
    // Most bytes of a letter; what is not named has one.
    let width = match was.charset.as_deref() {
        None | Some("utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030") => 4,
        Some("utf8" | "utf8mb3" | "ujis" | "eucjpms") => 3,
        Some("ucs2" | "sjis" | "cp932" | "gbk" | "gb2312" | "big5" | "euckr") => 2,
        Some(_) => 1,
    };
    let (Some(a), Some(b)) = (length(was), length(shall)) else { return false };
    let (before, after) = (a.saturating_mul(width), b.saturating_mul(width));
    a <= b && (after <= 255 || before > 255 || before <= 127 && server == Server::MariaDb)
}

/// Values that are added at the end need only the catalogue, while a value takes as many bytes as before.
fn appends(was: &str, shall: &str) -> bool {
    let values = |text: &str| {
        let (word, rest) = text.split_once('(')?;
        let list = rest.strip_suffix(')')?.to_string();
        matches!(word, "enum" | "set").then(|| (word.to_string(), list))
    };
    let (Some((old, before)), Some((new, after))) = (values(was), values(shall)) else { return false };
    let count = |list: &str| list.matches("','").count() + 1;
    let bytes = |list: &str| match (old.as_str(), count(list)) {
        ("set", count) => count.div_ceil(8),
        (_, count) => 1 + usize::from(count > 255),
    };
    old == new && after.starts_with(&format!("{before},")) && bytes(&before) == bytes(&after)
}

#[cfg(test)]
mod tests {
    use relata_schema::ColumnType;
    use relata_schema::Type;

    use super::*;

    #[test]
    fn what_fits_the_bytes_needs_only_the_catalogue() {
        let column = |physical: &str, charset: Option<&str>| Column {
            charset: charset.map(str::to_string),
            ty: ColumnType::new(Type::Native(physical.into()), physical).into(),
            ..Column::default()
        };
        let widens =
            |server, charset, was, shall| super::widens(server, &column(was, charset), &column(shall, charset));
        for server in [Server::MariaDb, Server::MySql] {
            assert!(
                widens(server, None, "varchar(10)", "varchar(63)")
                    && widens(server, None, "varchar(64)", "varchar(900)")
            );
            assert!(
                !widens(server, None, "varchar(63)", "varchar(64)")
                    && !widens(server, None, "varchar(9)", "varchar(8)")
            );
            assert!(widens(server, Some("latin1"), "varchar(128)", "varchar(255)"));
            assert!(!widens(server, Some("latin1"), "varchar(128)", "varchar(256)"));
            assert!(!widens(server, Some("cp850"), "varchar(200)", "varchar(300)"), "200 bytes, not 800");
        }
        assert!(widens(Server::MariaDb, None, "varchar(31)", "varchar(300)"));
        assert!(!widens(Server::MySql, None, "varchar(31)", "varchar(300)"));
        assert!(appends("enum('a','b')", "enum('a','b','c')") && appends("set('a')", "set('a','b')"));
        assert!(!appends("enum('a','b')", "enum('a','c','b')") && !appends("enum('a')", "set('a','b')"));
        let nine = "set('1','2','3','4','5','6','7','8','9')";
        assert!(!appends("set('1','2','3','4','5','6','7','8')", nine), "another byte");
    }
}
