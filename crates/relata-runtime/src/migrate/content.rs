//! What is in the columns of a database, small enough to compare: rows counted, and for each column how many values
//! there are and a checksum over them that does not depend on the order of rows.
//!
//! A value is hashed together with the key of its row, so that values that change places are seen. Numbers are hashed
//! by what they are worth: an `integer` that became a `bigint` or `numeric` is the same. Checksums compare within one
//! run of one program; they are not for keeping.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use relata_schema::Dialect;
use relata_schema::model::ObjectName;
use relata_sql::driver::Connection;
use relata_sql::{Cell, Kind, Result, Row, RowSink, Statement, Value};

use super::rows;

/// A table that is there before and after a change, and which columns are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survivor {
    /// The table before and after.
    pub table: (ObjectName, ObjectName),
    /// The columns that identify a row, before and after; empty: values are not tied to rows.
    pub key: Vec<(String, String)>,
    /// The columns whose values are compared, before and after, and whether the change converts their type.
    pub columns: Vec<(String, String, bool)>,
}

/// What is in one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnContent {
    /// Values that are not NULL.
    pub values: u64,
    /// Their checksum.
    pub checksum: u64,
}

/// What is in one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Rows.
    pub rows: u64,
    /// Its columns, in the order they were asked for.
    pub columns: Vec<ColumnContent>,
}

/// Reads what is in the `columns` of a table; rows are identified by `key`.
///
/// # Errors
/// What the database reports.
pub async fn read(
    connection: &mut dyn Connection,
    table: &ObjectName,
    key: &[String],
    columns: &[String],
) -> Result<Content> {
    let read = sum(connection, table, key, columns, &[]).await;
    match read {
        // A type of an extension, of which the driver knows no binary form, is compared as its text.
        Err(error) if error.kind() == Kind::Unsupported && connection.dialect() == Dialect::Postgres => {
            let foreign = foreign_columns(connection, table).await?;
            if foreign.is_empty() { Err(error) } else { sum(connection, table, key, columns, &foreign).await }
        }
        read => read,
    }
}

/// Columns of a table of PostgreSQL whose types are not the server's own: those of extensions among them, of which the driver
/// knows no binary form. None on other databases.
///
/// # Errors
/// What the database reports.
pub async fn foreign_columns(connection: &mut dyn Connection, table: &ObjectName) -> Result<Vec<String>> {
    if connection.dialect() != Dialect::Postgres {
        return Ok(Vec::new());
    }
    let sql = "SELECT a.attname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
               JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND t.typtype <> 'e' \
               AND t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace";
    let values = [Value::Text(table.namespace.clone()), Value::Text(table.name.clone())];
    rows::all(connection, sql, &values).await?.iter().map(|row| rows::cell(row, 0)).collect()
}

/// Reads and sums up; the columns `as_text` as texts.
async fn sum(
    connection: &mut dyn Connection,
    table: &ObjectName,
    key: &[String],
    columns: &[String],
    as_text: &[String],
) -> Result<Content> {
    let dialect = connection.dialect();
    let spelt = |column: &String| match as_text.contains(column) {
        true => format!("{}::text", dialect.quote(column)),
        false => dialect.quote(column),
    };
    let quoted: Vec<String> = key.iter().chain(columns).map(spelt).collect();
    // A table of which nothing is asked still has rows to count.
    let list = if quoted.is_empty() { "1".to_string() } else { quoted.join(", ") };
    let sql = format!("SELECT {list} FROM {}", dialect.qualified(table));
    let mut sum = Sum { key: key.len(), content: Content::default(), text: String::new() };
    sum.content.columns = vec![ColumnContent::default(); columns.len()];
    connection.query(Statement::once(&sql, &[]), &mut sum).await?;
    Ok(sum.content)
}

struct Sum {
    key: usize,
    content: Content,
    text: String,
}

impl RowSink for Sum {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.content.rows += 1;
        let mut identity = DefaultHasher::new();
        for index in 0..self.key {
            self.hash(row.cell(index)?, &mut identity);
        }
        for index in 0..self.content.columns.len() {
            let cell = row.cell(self.key + index)?;
            if cell != Cell::Null {
                let mut hasher = identity.clone();
                self.hash(cell, &mut hasher);
                let column = &mut self.content.columns[index];
                column.values += 1;
                column.checksum = column.checksum.wrapping_add(hasher.finish());
            }
        }
        Ok(())
    }
}

impl Sum {
    fn hash(&mut self, cell: Cell<'_>, hasher: &mut DefaultHasher) {
        self.text.clear();
        let text = &mut self.text;
        // Writing to a String cannot fail.
        let _ = match cell {
            Cell::Bool(value) => write!(text, "{}", i32::from(value)),
            Cell::Int(value) => write!(text, "{value}"),
            Cell::UInt(value) => write!(text, "{value}"),
            Cell::Float(value) => write!(text, "{value}"),
            Cell::Decimal(value) => write!(text, "{}", value.normalize()),
            Cell::Text(value) | Cell::Json(value) => return value.hash(hasher),
            Cell::Bytes(value) => return value.hash(hasher),
            other => write!(text, "{other:?}"),
        };
        self.text.hash(hasher);
    }
}
