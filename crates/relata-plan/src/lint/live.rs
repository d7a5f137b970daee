//! What is known of the database that the migration is for.

use std::collections::BTreeMap;

use relata_schema::Schema;
use relata_schema::sql::Name;

/// Up to so many rows a scan or a rewrite is over before anybody waits.
pub const SMALL: u64 = 10_000;

/// From so many rows on what is a matter of style elsewhere is a hazard.
pub const LARGE: u64 = 1_000_000;

/// The database as it is.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Its schema.
    pub schema: Schema,
    /// Its rows are asked too, by [`probes`](super::probes).
    pub asked: bool,
    /// The size of its tables, from its statistics, by the name of the table and by `namespace.name`.
    pub sizes: BTreeMap<String, TableSize>,
}

/// How large a table is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TableSize {
    /// Rows, estimated.
    pub rows: u64,
    /// Bytes on disk; 0: not known.
    pub bytes: u64,
    /// Nobody has counted or estimated the rows: they are a guess from the bytes.
    pub guessed: bool,
}

impl Live {
    /// The size of a table, if it is there.
    pub fn size(&self, table: &Name) -> Option<TableSize> {
        let namespace = table.namespace().map(|namespace| format!("{namespace}.{}", table.last()));
        let by_both = namespace.and_then(|name| self.sizes.get(&name));
        by_both.or_else(|| self.sizes.get(table.last())).copied()
    }
}

/// `about 1.2 million rows`, `12 rows`, `fewer than a thousand rows`.
pub fn describe(size: TableSize) -> String {
    let rows = size.rows;
    match rows {
        0..1_000 if size.guessed => "fewer than a thousand rows".to_string(),
        1 => "1 row".to_string(),
        0..1_000 => format!("{rows} rows"),
        1_000..1_000_000 => format!("about {} thousand rows", rows / 1_000),
        _ => format!("about {}.{} million rows", rows / 1_000_000, rows % 1_000_000 / 100_000),
    }
}
