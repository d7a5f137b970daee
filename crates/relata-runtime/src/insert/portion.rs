//! Rows that are sent together while more of them come.

use relata_sql::{Error, Kind, Result, Value};

/// So many rows are sent together: enough for the fastest way that each database has.
const ROWS: usize = 10_000;

/// Or rows of so many bytes.
const BYTES: usize = 4 << 20;

pub(crate) fn is_full(rows: usize, bytes: usize) -> bool {
    rows >= ROWS || bytes >= BYTES
}

/// The error of so many rows, the last of all that were taken.
pub(crate) fn named(error: Error, taken: u64, rows: u64) -> Error {
    let first = taken.saturating_sub(rows) + 1;
    error.context(format!("rows {first} to {taken} of those to insert"))
}

pub(crate) fn usable(refused: bool, table: &str) -> Result<()> {
    if !refused {
        return Ok(());
    }
    let message = format!("rows of {table} were refused before, so that none of them is inserted");
    Err(Error::new(Kind::TransactionFailed, message).hint("pass the first error on with `?`"))
}

/// About what a value takes in memory.
pub(crate) fn size(value: &Value) -> usize {
    let more = match value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(values) => values.iter().map(size).sum(),
        _ => 0,
    };
    size_of::<Value>() + more
}
