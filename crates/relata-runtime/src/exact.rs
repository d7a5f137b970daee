//! Values that SQLite would change without a word are refused before they are written: see [`relata_sql::exact`]; and JSON that
//! nests too deep to be read back, on each database: see [`relata_sql::deep`].
//!
//! Looked at are the values that rows are given, also where they exist already; what an expression computes is the
//! database's business.

use relata_schema::Dialect;
use relata_schema::model::ObjectName;
use relata_sql::deep::{self, too_deep, too_deep_within};
use relata_sql::driver::BulkInsert;
use relata_sql::exact::long;
use relata_sql::expr::Expr;
use relata_sql::tree::{Source, Tree, Write};
use relata_sql::{Connection, Error, Result, Value};

/// Some value of this statement may be kept otherwise than it is, or could not be read back.
#[inline]
pub(crate) fn may_change(dialect: Dialect, tree: &Tree<'_, '_>) -> bool {
    let sqlite = dialect == Dialect::Sqlite;
    let suspect = |value: &Value| sqlite && long(value).is_some() || too_deep(value).is_some();
    let assigned = |assignments: &[(String, Expr)]| {
        assignments.iter().any(|(_, expr)| match given(expr) {
            Some(value) => suspect(value),
            None => too_deep_within(expr).is_some(),
        })
    };
    match tree {
        Tree::Insert(insert) | Tree::InsertArrays(insert, _) => {
            insert.values.iter().any(suspect)
                || insert.conflict.as_ref().is_some_and(|conflict| assigned(&conflict.assignments))
        }
        Tree::Update(update) => assigned(&update.assignments),
        Tree::Raw(_, params) => params.iter().any(|value| too_deep(value).is_some()),
        _ => false,
    }
}

fn given(expr: &Expr) -> Option<&Value> {
    match expr {
        Expr::Value(value) | Expr::Literal(value, _) => Some(value),
        _ => None,
    }
}

/// Refuses what nests too deep among the values of a statement, and asks the connection about the others.
#[cold]
pub(crate) async fn refuse_changed(connection: &mut dyn Connection, tree: &Tree<'_, '_>) -> Result<()> {
    let (source, assignments) = match tree {
        Tree::Insert(insert) | Tree::InsertArrays(insert, _) => {
            let assignments = insert.conflict.as_ref().map_or(&[][..], |conflict| &conflict.assignments);
            (&insert.source, assignments)
        }
        Tree::Update(update) => (&update.source, &update.assignments[..]),
        Tree::Raw(_, params) => return refuse_deep_parameters(params),
        _ => return Ok(()),
    };
    let table = match source {
        Source::Entity(table) => ObjectName::new("", table.table),
        Source::Named(name) => name.clone(),
        _ => return Ok(()),
    };
    if let Tree::Insert(insert) | Tree::InsertArrays(insert, _) = tree {
        let (columns, values) = (insert.columns, &insert.values[..]);
        refuse_deep(BulkInsert { table: &table, columns, values })?;
        connection.refuse_changed(BulkInsert { table: &table, columns, values }).await?;
    }
    for (column, expr) in assignments {
        if let Some(levels) = too_deep_within(expr) {
            return Err(refused(&table.name, column, levels));
        }
        let Some(value) = given(expr) else { continue };
        let (columns, values) = (&[column.as_str()][..], std::slice::from_ref(value));
        connection.refuse_changed(BulkInsert { table: &table, columns, values }).await?;
    }
    Ok(())
}

/// Refuses rows with JSON that nests too deep to be read back.
pub(crate) fn refuse_deep(insert: BulkInsert<'_>) -> Result<()> {
    let deep = insert.values.iter().enumerate().find_map(|(at, value)| Some((at, too_deep(value)?)));
    let Some((at, levels)) = deep else { return Ok(()) };
    let column = insert.columns.get(at % insert.columns.len().max(1)).copied().unwrap_or_default();
    Err(refused(&insert.table.name, column, levels))
}

/// The same for a statement that stands in a query.
pub(crate) fn refuse_deep_within(table: &ObjectName, write: &Write) -> Result<()> {
    match write {
        Write::Insert { columns, values, .. } => {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            refuse_deep(BulkInsert { table, columns: &columns, values })
        }
        Write::Update(update) => update.assignments.iter().try_for_each(|(column, expr)| {
            too_deep_within(expr).map_or(Ok(()), |levels| Err(refused(&table.name, column, levels)))
        }),
        Write::Delete(_) => Ok(()),
    }
}

fn refuse_deep_parameters(params: &[Value]) -> Result<()> {
    let deep = params.iter().enumerate().find_map(|(at, value)| Some((at + 1, too_deep(value)?)));
    deep.map_or(Ok(()), |(number, levels)| Err(deep::refused(&format!("parameter {number}"), levels)))
}

fn refused(table: &str, column: &str, levels: usize) -> Error {
    deep::refused(&format!("{table}.{column}"), levels).table(table).column(column)
}
