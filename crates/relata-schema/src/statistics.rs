//! What a database knows of the size of its tables.

use crate::model::ObjectName;

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableStatistics {
    /// Its name.
    pub name: ObjectName,
    /// Its rows; `None`: nobody has counted or estimated them yet.
    pub rows: Option<u64>,
    /// The rows were counted; else they are the server's estimate.
    pub exact: bool,
    /// Bytes of the rows, with what is stored beside them.
    pub bytes: u64,
    /// Bytes of its indexes.
    pub index_bytes: u64,
}

impl TableStatistics {
    /// The rows, or a guess from the bytes where nobody has estimated them: a hundred bytes a row.
    pub fn rows_or_guess(&self) -> u64 {
        self.rows.unwrap_or(self.bytes / 100)
    }
}
