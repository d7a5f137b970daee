//! `schema.lock`: the deterministic text of a schema, one line per object, sorted, with identity and digest.

use crate::model::Schema;
use crate::tree::TreeError;

/// Writes the lock.
pub fn write(_schema: &Schema) -> String {
    String::new()
}

/// Reads a lock.
///
/// # Errors
/// When the text is no lock; the message names the line.
pub fn read(_text: &str) -> Result<Schema, TreeError> {
    Ok(Schema::default())
}
