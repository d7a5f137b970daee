//! How a change of a table is made, and what that means for others: which algorithm and lock the server needs.
//!
//! The rules are MariaDB's for InnoDB. The server takes the best way by itself; a test asks it for each kind of change,
//! way by way. MySQL needs at most as much, but for what MariaDB alone does in an instant.

use relata_schema::change::{LockMode, LockSpan, Recipe};
use relata_schema::model::{Column, Table};

/// A way, from best to worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
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
pub(super) fn modification(table: &Table, was: &Column, shall: &Column) -> Way {
    let (old, new) = (was.ty.physical.as_str(), shall.ty.physical.as_str());
    let indexed = || {
        let keys = table.primary_key.iter().chain(&table.uniques).flat_map(|key| key.columns());
        let indexes = table.indexes.iter().flat_map(|index| &index.parts).map(|part| part.column.as_str());
        keys.chain(indexes).any(|name| name == was.name)
    };
    if old != new && !widens(old, new) && !appends(old, new)
        || was.generated != shall.generated
        || was.charset != shall.charset
        || was.auto_increment != shall.auto_increment && shall.auto_increment
    {
        Way::Rebuild
    } else if was.not_null != shall.not_null {
        Way::RebuildOnline
    } else if was.collation != shall.collation && indexed() {
        Way::Build
    } else {
        Way::Instant
    }
}

/// A longer varchar needs only the catalogue, while its length takes as many bytes as before.
fn widens(was: &str, shall: &str) -> bool {
    let length = |text: &str| text.strip_prefix("varchar(")?.strip_suffix(')')?.parse::<u32>().ok();
    matches!((length(was), length(shall)), (Some(a), Some(b)) if a <= b && (b <= 63 || a > 63))
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
    use super::*;

    #[test]
    fn what_fits_the_bytes_needs_only_the_catalogue() {
        assert!(widens("varchar(10)", "varchar(63)") && widens("varchar(64)", "varchar(900)"));
        assert!(!widens("varchar(63)", "varchar(64)") && !widens("varchar(9)", "varchar(8)"));
        assert!(appends("enum('a','b')", "enum('a','b','c')") && appends("set('a')", "set('a','b')"));
        assert!(!appends("enum('a','b')", "enum('a','c','b')") && !appends("enum('a')", "set('a','b')"));
        let nine = "set('1','2','3','4','5','6','7','8','9')";
        assert!(!appends("set('1','2','3','4','5','6','7','8')", nine), "another byte");
    }
}
