//! The catalogue into a schema.

use relata_schema::Schema;
use relata_sql::{Error, Result};
use relata_sql::driver::IntrospectOptions;

/// Reads the schema.
///
/// # Errors
/// Those of SQLite.
pub fn read(_raw: &rusqlite::Connection, _options: &IntrospectOptions) -> Result<Schema> {
    Err(Error::unsupported("the catalogue of SQLite is not read yet", "wait for the next version"))
}
