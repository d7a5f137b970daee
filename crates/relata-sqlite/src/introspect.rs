//! The catalogue into a schema, in seven statements for a whole database and one per object where a view
//! or a virtual table is broken.
//!
//! The pragmas are the truth about columns, keys and indexes. What they do not tell (checks, names of constraints,
//! collations, generated expressions) comes from SQLite's own text of each object, read by
//! [`relata_schema::dialect::sqlite::parse`]. Names are given in the spelling of the object they refer to.
//!
//! Left out as the system's: `sqlite_…` tables and the shadow tables of virtual tables.

mod assemble;
mod rows;

use relata_schema::Schema;
use relata_sql::Result;
use relata_sql::driver::IntrospectOptions;

use crate::errors;

/// Reads the schema in one read transaction, so that it is consistent.
///
/// # Errors
/// Those of SQLite.
pub fn read(raw: &rusqlite::Connection, options: &IntrospectOptions) -> Result<Schema> {
    let failed = |error: rusqlite::Error| errors::from_rusqlite(&error, None);
    raw.execute_batch("SAVEPOINT relata_introspect").map_err(failed)?;
    let catalogue = rows::Catalogue::read(raw);
    raw.execute_batch("RELEASE relata_introspect").map_err(failed)?;
    Ok(assemble::schema(catalogue.map_err(failed)?, &options.ignore_tables))
}
