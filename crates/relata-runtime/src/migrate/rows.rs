//! Small reads and writes on a plain connection: what the executor needs before there is a statement tree.

use relata_schema::Dialect;
use relata_sql::driver::{Connection, Done};
use relata_sql::{Decode, Error, Kind, Result, Row, RowSink, Statement, Value};

#[derive(Default)]
struct Rows(Vec<Vec<Value>>);

impl RowSink for Rows {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let cells = (0..row.len()).map(|index| row.cell(index).map(|cell| cell.to_value()));
        self.0.push(cells.collect::<Result<_>>()?);
        Ok(())
    }
}

/// Every row of a query.
pub(super) async fn all(connection: &mut dyn Connection, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>> {
    let mut rows = Rows::default();
    connection.query(Statement::once(sql, params), &mut rows).await?;
    Ok(rows.0)
}

/// The first cell of the first row.
pub(super) async fn one(connection: &mut dyn Connection, sql: &str, params: &[Value]) -> Result<Option<Value>> {
    let rows = all(connection, sql, params).await?;
    Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()))
}

/// Runs a statement with parameters.
pub(super) async fn run(connection: &mut dyn Connection, sql: &str, params: &[Value]) -> Result<Done> {
    connection.execute(Statement::once(sql, params)).await
}

/// Whether a probe's answer means yes.
pub(super) fn is_true(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::Int(number)) => *number != 0,
        Some(Value::UInt(number)) => *number != 0,
        Some(Value::Decimal(number)) => !number.is_zero(),
        Some(Value::Text(text)) => matches!(text.as_str(), "1" | "t" | "true" | "YES"),
        _ => false,
    }
}

/// A cell that has to be of a type.
pub(super) fn cell<T: Decode>(row: &[Value], index: usize) -> Result<T> {
    use relata_sql::Cell;
    let cell = match row.get(index) {
        None | Some(Value::Null) => Cell::Null,
        Some(Value::Bool(value)) => Cell::Bool(*value),
        Some(Value::Int(value)) => Cell::Int(*value),
        Some(Value::UInt(value)) => Cell::UInt(*value),
        Some(Value::Decimal(value)) => Cell::Decimal(*value),
        Some(Value::Text(value)) => Cell::Text(value),
        Some(Value::Bytes(value)) => Cell::Bytes(value),
        Some(other) => return Err(unexpected(index, other.kind())),
    };
    T::decode(cell).map_err(|mismatch| unexpected(index, &format!("not {}", mismatch.expected)))
}

fn unexpected(index: usize, what: &str) -> Error {
    Error::new(Kind::Decode, format!("column {index} of a row about migrations is {what}"))
}

/// The placeholder of the parameter `number`, from 1.
pub(crate) fn placeholder(dialect: Dialect, number: usize) -> String {
    match dialect {
        Dialect::Sqlite => format!("?{number}"),
        Dialect::Postgres => format!("${number}"),
        Dialect::Mysql => "?".into(),
    }
}

/// `count` placeholders with commas.
pub(super) fn placeholders(dialect: Dialect, count: usize) -> String {
    (1..=count).map(|number| placeholder(dialect, number)).collect::<Vec<_>>().join(", ")
}
