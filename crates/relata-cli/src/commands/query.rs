//! `relata query SQL`: one statement, its rows.

use clap::Args;
use relata_schema::{Dialect, script};
use relata_sql::driver::{ColumnInfo, Row, RowSink, Statement};
use relata_sql::{Connection, Error, Kind, Result, Value};
use serde_json::json;

use crate::drivers::connect;
use crate::output::{Grid, Output};
use crate::session::{Exit, Session};

/// Options of `relata query`.
#[derive(Args)]
pub struct Query {
    /// One SQL statement; `-` reads it from standard input
    #[arg(value_name = "SQL", allow_hyphen_values = true)]
    sql: String,
}

impl Query {
    /// Runs the command.
    ///
    /// # Errors
    /// When the database refuses the statement.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        if self.sql.len() > 1 && self.sql.starts_with('-') && !self.sql.contains(char::is_whitespace) {
            return Err(Error::new(Kind::InvalidUrl, format!("there is no option {}", self.sql)).hint(
                "relata query --help lists them; SQL that begins so is given on standard input: relata query -",
            ));
        }
        let url = session.url()?;
        let sql = if self.sql == "-" { read_standard_input()? } else { self.sql };
        let mut connection = connect(&url).await?;
        if changes_rows(url.dialect, &sql) {
            let done = connection.execute(Statement::once(&sql, &[])).await?;
            connection.close().await?;
            report_changes(&session.output, done.rows_affected);
            return Ok(Exit::Done);
        }
        let rows = run(connection.as_mut(), &sql, &[]).await?;
        connection.close().await?;
        rows.print(&session.output);
        Ok(Exit::Done)
    }
}

/// The statement writes rows and gives none.
fn changes_rows(dialect: Dialect, sql: &str) -> bool {
    let words = script::words(dialect, sql, usize::MAX);
    let writes = words.first().is_some_and(|word| ["INSERT", "UPDATE", "DELETE", "REPLACE"].contains(&word.as_str()));
    writes && !words.iter().any(|word| word == "RETURNING")
}

fn report_changes(output: &Output, rows: u64) {
    if output.json {
        output.result(&json!({ "rows_affected": rows }).to_string());
    } else {
        output.say(&format!("{rows} {} changed", if rows == 1 { "row" } else { "rows" }));
    }
}

fn read_standard_input() -> Result<String> {
    std::io::read_to_string(std::io::stdin())
        .map_err(|error| Error::new(Kind::Io, format!("standard input cannot be read: {error}")))
}

/// Runs one statement and keeps its rows.
///
/// # Errors
/// When the database refuses the statement.
pub async fn run(connection: &mut dyn Connection, sql: &str, params: &[Value]) -> Result<Rows> {
    let mut rows = Rows::default();
    connection.query(Statement::once(sql, params), &mut rows).await?;
    Ok(rows)
}

/// The rows of one statement.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// The columns.
    pub columns: Vec<ColumnInfo>,
    /// The rows, one value per column.
    pub rows: Vec<Vec<Value>>,
}

impl RowSink for Rows {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        self.columns = columns.to_vec();
        Ok(())
    }

    fn wants_columns(&self) -> bool {
        true
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let values = (0..row.len()).map(|index| Ok(row.cell(index)?.to_value()));
        self.rows.push(values.collect::<Result<_>>()?);
        Ok(())
    }
}

impl Rows {
    /// Rows that were read already.
    pub fn new(columns: Vec<String>, rows: Vec<Vec<Value>>) -> Self {
        let columns = columns.into_iter().map(|name| ColumnInfo { name, ..ColumnInfo::default() });
        Rows { columns: columns.collect(), rows }
    }

    /// As a table.
    pub fn grid(&self) -> Grid {
        let numeric = (0..self.columns.len()).map(|index| self.is_numeric(index)).collect();
        Grid {
            columns: self.columns.iter().map(|column| column.name.clone()).collect(),
            numeric,
            rows: self.rows.iter().map(|row| row.iter().map(text).collect()).collect(),
            row_height: Some(4),
        }
    }

    fn is_numeric(&self, index: usize) -> bool {
        let mut values = self.rows.iter().filter_map(|row| row.get(index)).filter(|value| **value != Value::Null);
        let number =
            |value: &Value| matches!(value, Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Decimal(_));
        values.next().is_some_and(number) && values.all(number)
    }

    /// As a JSON array of objects; each keeps the order of the columns.
    pub fn json(&self) -> String {
        let object = |row: &Vec<Value>| {
            let fields = self.columns.iter().zip(row);
            let fields = fields.map(|(column, value)| format!("{}: {}", json!(column.name), json(value)));
            format!("  {{{}}}", fields.collect::<Vec<_>>().join(", "))
        };
        if self.rows.is_empty() {
            return "[]".into();
        }
        format!("[\n{}\n]", self.rows.iter().map(object).collect::<Vec<_>>().join(",\n"))
    }

    /// Prints them as the result; how many there are goes to standard error.
    pub fn print(&self, output: &Output) {
        if output.json {
            output.result(&self.json());
        } else if self.columns.is_empty() {
            output.say("done; the statement gives no rows");
        } else {
            output.rows(&self.grid());
            let count = self.rows.len();
            output.say(&format!("{count} {}", if count == 1 { "row" } else { "rows" }));
        }
    }
}

/// A value for people; `None` is NULL.
pub fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Float(value) => float(*value),
        Value::Decimal(value) => value.to_string(),
        Value::Text(value) | Value::Json(value) => value.clone(),
        Value::Bytes(value) => format!("\\x{}", hexadecimal(value)),
        Value::Uuid(value) => value.to_string(),
        Value::Date(value) => value.to_string(),
        Value::Time(value) => value.to_string(),
        Value::DateTime(value) => value.to_string().replace('T', " "),
        Value::Timestamp(value) => value.to_string(),
        Value::Interval(value) => {
            format!("{} months {} days {} µs", value.months, value.days, value.microseconds)
        }
        Value::Array(values) => {
            let items: Vec<_> = values.iter().map(|value| text(value).unwrap_or("NULL".into())).collect();
            format!("{{{}}}", items.join(","))
        }
    })
}

fn float(value: f64) -> String {
    if value.is_infinite() { format!("{}Infinity", if value < 0.0 { "-" } else { "" }) } else { value.to_string() }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::UInt(value) => (*value).into(),
        // JSON has no word for what is no number; null would say that there is nothing.
        Value::Float(value) if value.is_finite() => (*value).into(),
        Value::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
        Value::Array(values) => values.iter().map(json).collect(),
        other => text(other).into(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
