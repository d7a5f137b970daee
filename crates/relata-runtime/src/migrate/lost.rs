//! What a rollback (or an acknowledged migration) takes away for good: counted before, and kept as files.
//!
//! Kept values are newline-delimited JSON: one object a row with the key and what is lost, so that `jq` and every
//! language read them back. Bytes are hexadecimal after `\x`; values that JSON has no shape for are text in the
//! database's spelling.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use relata_schema::model::{ObjectName, Schema};
use relata_sql::driver::{ColumnInfo, Connection};
use relata_sql::{Cell, Error, Kind, Result, Row, RowSink, Statement};

use super::folder::io;
use super::rows;

/// A table or column that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanishing {
    /// The table, or the table of the column.
    pub table: ObjectName,
    /// The column; `None`: the whole table.
    pub column: Option<String>,
}

/// How much is lost with one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What goes.
    pub vanishing: Vanishing,
    /// Rows of the table, or values of the column that are not NULL.
    pub values: u64,
}

impl std::fmt::Display for Loss {
    /// `table posts with 12 rows`, `column posts.slug with 3 values`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.values == 1 { "" } else { "s" };
        match &self.vanishing.column {
            None => write!(f, "table {} with {} row{plural}", self.vanishing.table, self.values),
            Some(column) => write!(f, "column {}.{column} with {} value{plural}", self.vanishing.table, self.values),
        }
    }
}

/// Counts what would be lost.
///
/// # Errors
/// What the database reports.
pub async fn measure(connection: &mut dyn Connection, vanishing: &[Vanishing]) -> Result<Vec<Loss>> {
    let dialect = connection.dialect();
    let mut losses = Vec::new();
    for vanishing in vanishing {
        let counted = vanishing.column.as_ref().map_or("*".to_string(), |column| dialect.quote(column));
        let sql = format!("SELECT count({counted}) FROM {}", dialect.qualified(&vanishing.table));
        let row = rows::all(connection, &sql, &[]).await?.into_iter().next().unwrap_or_default();
        losses.push(Loss { vanishing: vanishing.clone(), values: rows::cell(&row, 0)? });
    }
    Ok(losses)
}

/// Copies what would be lost into `directory`, one file a table or column, and returns the files. `schema` is what the
/// database has now. Nothing is written for what is empty.
///
/// # Errors
/// `Kind::Io` when a file cannot be written; what the database reports.
pub async fn keep(
    connection: &mut dyn Connection,
    schema: &Schema,
    losses: &[Loss],
    directory: &Path,
) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for loss in losses.iter().filter(|loss| loss.values > 0) {
        fs::create_dir_all(directory).map_err(|error| io(directory, error))?;
        let path = directory.join(file_name(&loss.vanishing));
        let kept = keep_one(connection, schema, &loss.vanishing, &path).await;
        kept.map_err(|error| if is_gone(&error) { overtaken(error, loss) } else { error })?;
        files.push(path);
    }
    Ok(files)
}

/// It was there when it was counted.
fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), Kind::UndefinedTable | Kind::UndefinedColumn)
}

fn overtaken(error: Error, loss: &Loss) -> Error {
    error
        .context(format!("copying {loss} before it goes"))
        .hint("it went meanwhile: somebody else may be rolling back")
        .hint("nothing was rolled back by this run; look at relata migrate status, and run again")
}

fn file_name(vanishing: &Vanishing) -> String {
    let name = match &vanishing.column {
        None => vanishing.table.to_string(),
        Some(column) => format!("{}.{column}", vanishing.table),
    };
    let safe = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
    name.chars().map(safe).collect::<String>() + ".ndjson"
}

async fn keep_one(connection: &mut dyn Connection, schema: &Schema, vanishing: &Vanishing, path: &Path) -> Result<()> {
    let dialect = connection.dialect();
    let list = match &vanishing.column {
        None => "*".to_string(),
        Some(column) => {
            let key = schema.table(&vanishing.table).and_then(|table| table.primary_key.as_ref());
            let key = key.map(|key| key.columns().map(str::to_string).collect::<Vec<_>>()).unwrap_or_default();
            // Without a key the whole row says whose value it was.
            if key.is_empty() { "*".into() } else { quoted(dialect, key.iter().chain([column])) }
        }
    };
    let sql = format!("SELECT {list} FROM {}", dialect.qualified(&vanishing.table));
    let file = File::create(path).map_err(|error| io(path, error))?;
    let mut lines = Lines { path, names: Vec::new(), out: BufWriter::new(file), line: String::new() };
    connection.query(Statement::once(&sql, &[]), &mut lines).await?;
    let file = lines.out.into_inner().map_err(|error| io(path, error.into_error()))?;
    // What is about to be dropped has to be on the disk.
    file.sync_all().map_err(|error| io(path, error))
}

fn quoted<'a>(dialect: relata_schema::Dialect, columns: impl Iterator<Item = &'a String>) -> String {
    columns.map(|column| dialect.quote(column)).collect::<Vec<_>>().join(", ")
}

struct Lines<'a> {
    path: &'a Path,
    names: Vec<String>,
    out: BufWriter<File>,
    line: String,
}

impl RowSink for Lines<'_> {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        self.names = columns.iter().map(|column| column.name.clone()).collect();
        Ok(())
    }

    fn wants_columns(&self) -> bool {
        true
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.line.clear();
        for index in 0..row.len() {
            self.line.push(if index == 0 { '{' } else { ',' });
            self.line.push_str(&json_text(&self.names[index]));
            self.line.push(':');
            self.line.push_str(&json(&row.cell(index)?));
        }
        self.line.push_str("}\n");
        self.out.write_all(self.line.as_bytes()).map_err(|error| io(self.path, error))
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn json(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "null".into(),
        Cell::Bool(value) => value.to_string(),
        Cell::Int(value) => value.to_string(),
        Cell::UInt(value) => value.to_string(),
        Cell::Float(value) if value.is_finite() => serde_json::Value::from(*value).to_string(),
        Cell::Float(value) => json_text(&value.to_string()),
        Cell::Decimal(value) => json_text(&value.to_string()),
        Cell::Text(value) => json_text(value),
        Cell::OwnedText(value) => json_text(value),
        Cell::Bytes(value) => json_text(&format!("\\x{}", hex(value))),
        Cell::Uuid(value) => json_text(&value.to_string()),
        Cell::Date(value) => json_text(&value.to_string()),
        Cell::Time(value) => json_text(&value.to_string()),
        Cell::DateTime(value) => json_text(&value.to_string()),
        Cell::Timestamp(value) => json_text(&value.to_string()),
        Cell::Json(value) => one_line(value),
        Cell::Interval(value) => {
            let (months, days, microseconds) = (value.months, value.days, value.microseconds);
            format!("{{\"months\":{months},\"days\":{days},\"microseconds\":{microseconds}}}")
        }
        Cell::Array(values) => {
            let items: Vec<String> = values.iter().map(|value| json(&borrowed(value))).collect();
            format!("[{}]", items.join(","))
        }
    }
}

/// JSON as it is if it stands on one line; else as text, so that nothing of it is changed.
fn one_line(text: &str) -> String {
    if text.contains(['\n', '\r']) { json_text(text) } else { text.to_string() }
}

fn borrowed(value: &relata_sql::Value) -> Cell<'_> {
    use relata_sql::Value;
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Bool(*value),
        Value::Int(value) => Cell::Int(*value),
        Value::UInt(value) => Cell::UInt(*value),
        Value::Float(value) => Cell::Float(*value),
        Value::Decimal(value) => Cell::Decimal(*value),
        Value::Text(value) => Cell::Text(value),
        Value::Bytes(value) => Cell::Bytes(value),
        Value::Uuid(value) => Cell::Uuid(*value),
        Value::Date(value) => Cell::Date(*value),
        Value::Time(value) => Cell::Time(*value),
        Value::DateTime(value) => Cell::DateTime(*value),
        Value::Timestamp(value) => Cell::Timestamp(*value),
        Value::Interval(value) => Cell::Interval(*value),
        Value::Json(value) => Cell::Json(value),
        Value::Array(values) => Cell::Array(values.clone()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
/// Whether a table has no row.
///
/// # Errors
/// What the database reports.
pub async fn is_empty(connection: &mut dyn Connection, table: &ObjectName) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", connection.dialect().qualified(table));
    Ok(rows::all(connection, &sql, &[]).await?.is_empty())
}
