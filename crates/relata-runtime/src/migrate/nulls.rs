//! MariaDB calls a NULL in a column that shall have none "truncated data", of a row that nobody can look up. What is meant is
//! asked for and said: the column, how many rows, the way out. PostgreSQL names the column itself.

use relata_schema::Dialect;
use relata_schema::sql::{Action, Alter, ConstraintKind, Name, StatementKind, read};
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind};

use super::rows;

/// `Data truncated for column …`, and MySQL's `Invalid use of NULL value`.
const NUMBERS: [u32; 2] = [1265, 1138];

/// The error, or a better one where rows have NULL in a column that the statement makes NOT NULL.
pub(super) async fn told(connection: &mut dyn Connection, statement: &str, error: Error) -> Error {
    let number = error.details().number;
    if connection.dialect() != Dialect::Mysql || !number.is_some_and(|number| NUMBERS.contains(&number)) {
        return error;
    }
    let statements = read(Dialect::Mysql, statement);
    let Some(StatementKind::Alter(alter)) = statements.first().map(|statement| &statement.kind) else { return error };
    let text = |name: &Name| name.extent.of(statement).to_string();
    for column in required(alter) {
        let (table, column) = (text(&alter.name), text(column));
        let count = rows::one(connection, &format!("SELECT count(*) FROM {table} WHERE {column} IS NULL"), &[]).await;
        let Ok(Some(relata_sql::Value::Int(count @ 1..))) = count else { continue };
        return found(&error, &table, &column, count);
    }
    error
}

/// PostgreSQL's error of a column that becomes NOT NULL over NULLs, with the way out.
pub(super) fn with_way_out(error: Error) -> Error {
    let details = error.details();
    let (Some(table), Some(column)) = (&details.table, &details.column) else { return error };
    // Of a row that is written, the message says "null value in column".
    if details.sqlstate.as_deref() != Some("23502") || !error.message().contains("contains null values") {
        return error;
    }
    let [table, column] = [table, column].map(|name| Dialect::Postgres.quote(name));
    error.hint(format!("give those rows a value first: UPDATE {table} SET {column} = … WHERE {column} IS NULL"))
}

/// The columns as they are called now that have a value in every row from now on.
fn required(alter: &Alter) -> Vec<&Name> {
    let mut found = Vec::new();
    for action in &alter.actions {
        match &action.action {
            Action::Redefine { from, column } if column.not_null || column.primary_key => found.push(from),
            Action::AddConstraint(key) if key.kind == ConstraintKind::PrimaryKey => found.extend(&key.columns),
            _ => {}
        }
    }
    found
}

fn found(error: &Error, table: &str, column: &str, count: i64) -> Error {
    let (bare_table, bare_column) = (table.replace('`', ""), column.replace('`', ""));
    let rows = if count == 1 { "1 row".to_string() } else { format!("{count} rows") };
    let message = format!("{bare_column} of {bare_table} is NULL in {rows}, and shall have a value in each");
    let details = error.details();
    let mut told = Error::new(Kind::NotNullViolation, message)
        .table(bare_table)
        .column(bare_column)
        .hint(format!("give those rows a value first: UPDATE {table} SET {column} = … WHERE {column} IS NULL"));
    if let Some(state) = &details.sqlstate {
        told = told.sqlstate(state.clone());
    }
    if let Some(number) = details.number {
        told = told.number(number);
    }
    told
}
