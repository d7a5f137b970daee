//! "did you mean …?" for tables and columns that do not exist: the catalogue is asked only once something has failed.

use relata_schema::dialect::sqlite::token;
use relata_schema::naming::closest;
use relata_sql::{Error, Kind};
use rusqlite::Connection;

const TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
const COLUMNS: &str = "SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1";

/// The error with a hint, if a name close to the unknown one exists.
pub(crate) fn hint(raw: &Connection, error: Error, sql: &str) -> Error {
    let details = error.details();
    let unknown = match error.kind() {
        Kind::UndefinedTable => details.table.clone(),
        Kind::UndefinedColumn => details.column.clone(),
        _ => None,
    };
    let Some(unknown) = unknown else { return error };
    let tables = names(raw, TABLES, None);
    let known = match error.kind() {
        Kind::UndefinedTable => tables,
        _ => tables
            .into_iter()
            .filter(|table| token::mentions(sql, table))
            .flat_map(|table| names(raw, COLUMNS, Some(&table)))
            .collect(),
    };
    match closest(&unknown, known.iter().map(String::as_str)) {
        Some(close) => error.hint(format!("did you mean {close}?")),
        None => error,
    }
}

/// Nothing where the catalogue cannot be read: the first error is the one to tell.
fn names(raw: &Connection, sql: &str, table: Option<&str>) -> Vec<String> {
    let read = || {
        let mut statement = raw.prepare(sql)?;
        let rows = statement.query_map(rusqlite::params_from_iter(table), |row| row.get(0))?;
        rows.collect::<rusqlite::Result<Vec<String>>>()
    };
    read().unwrap_or_default()
}
