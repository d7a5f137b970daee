//! The row that was inserted, where the server does not give it back: MySQL.
//!
//! Its key has to be known: given, made here, or the next number, which the server tells.

use relata_sql::driver::Done;
use relata_sql::expr::{BinaryOp, ColumnRef, Expr};
use relata_sql::meta::{DefaultMeta, Path, TableMeta};
use relata_sql::{Error, Kind, Result, Value};

use super::Positions;

/// Gives a new row the random key that the database would have made.
///
/// # Errors
/// When the row could not be found again: before it is inserted.
pub(super) fn know_key(table: &'static TableMeta, columns: &mut Positions, values: &mut Vec<Value>) -> Result<()> {
    for position in table.key.iter().copied() {
        if columns.place(position).is_some() {
            continue;
        }
        match table.columns[position].default {
            DefaultMeta::Uuid => {
                columns.push(position);
                values.push(Value::Uuid(uuid::Uuid::new_v4()));
            }
            DefaultMeta::Next => {}
            _ => return Err(unknown(table)),
        }
    }
    if table.key.is_empty() { Err(unknown(table)) } else { Ok(()) }
}

fn unknown(table: &TableMeta) -> Error {
    let message = format!("MySQL does not give back the inserted {}, and its key is not known", table.entity);
    Error::new(Kind::Unsupported, message).hint("give the key, or use `insert_many`, which gives nothing back")
}

/// What finds the row that was inserted, where the server does not give it back.
pub(super) fn inserted(
    table: &'static TableMeta,
    columns: &Positions,
    known: &[Value],
    lookup: Option<Vec<String>>,
    done: Done,
) -> Expr {
    if let Some(lookup) = lookup {
        return found_by(table, columns, known, |_, name| lookup.iter().any(|column| column == name));
    }
    let by_key = found_by(table, columns, known, |position, _| table.key.contains(&position));
    match (&by_key, done.last_insert_id) {
        (Expr::And(parts), Some(id)) if parts.len() < table.key.len() => {
            let made = table.key.iter().filter(|position| columns.place(**position).is_none());
            let made = made.map(|position| {
                let column = ColumnRef { path: Path::ROOT, column: &table.columns[*position] };
                Expr::Compare(column, BinaryOp::Eq, Value::Int(id))
            });
            Expr::And(parts.iter().cloned().chain(made).collect())
        }
        _ => by_key,
    }
}

pub(super) fn found_by(
    table: &'static TableMeta,
    columns: &Positions,
    values: &[Value],
    wanted: impl Fn(usize, &str) -> bool,
) -> Expr {
    let given = columns.iter().zip(values);
    let parts = given.filter(|(position, _)| wanted(*position, table.columns[*position].column));
    let parts = parts.map(|(position, value)| {
        let column = ColumnRef { path: Path::ROOT, column: &table.columns[position] };
        Expr::Compare(column, BinaryOp::Eq, value.clone())
    });
    Expr::And(parts.collect())
}

/// Whether a violation is one of this key, as far as it says; MariaDB tells the name.
pub(super) fn collides_in(table: &'static TableMeta, target: &[String], error: &Error) -> bool {
    if error.kind() != Kind::UniqueViolation {
        return false;
    }
    let named = error.details().constraint.as_deref().and_then(|name| table.unique_named(name));
    named.is_none_or(|columns| {
        let columns: Vec<&str> = columns.map(|meta| meta.column).collect();
        columns.len() == target.len() && target.iter().all(|name| columns.contains(&name.as_str()))
    })
}
