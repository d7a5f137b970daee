//! Values that SQLite would change without a word are refused before they are written: see [`relata_sql::exact`].
//!
//! Looked at are the values that rows are given, also where they exist already; what an expression computes is the
//! database's business.

use relata_schema::Dialect;
use relata_schema::model::ObjectName;
use relata_sql::driver::BulkInsert;
use relata_sql::exact::long;
use relata_sql::expr::Expr;
use relata_sql::tree::{Source, Tree};
use relata_sql::{Connection, Result, Value};

/// The database may keep some value of this statement otherwise than it is.
#[inline]
pub(crate) fn may_change(dialect: Dialect, tree: &Tree<'_, '_>) -> bool {
    if dialect != Dialect::Sqlite {
        return false;
    }
    let assigned = |assignments: &[(String, Expr)]| assignments.iter().any(|(_, expr)| is_long(expr));
    match tree {
        Tree::Insert(insert) => {
            insert.values.iter().any(|value| long(value).is_some())
                || insert.conflict.as_ref().is_some_and(|conflict| assigned(&conflict.assignments))
        }
        Tree::Update(update) => assigned(&update.assignments),
        _ => false,
    }
}

fn is_long(expr: &Expr) -> bool {
    given(expr).is_some_and(|value| long(value).is_some())
}

fn given(expr: &Expr) -> Option<&Value> {
    match expr {
        Expr::Value(value) | Expr::Literal(value, _) => Some(value),
        _ => None,
    }
}

/// Asks the connection about the values of a statement.
#[cold]
pub(crate) async fn refuse_changed(connection: &mut dyn Connection, tree: &Tree<'_, '_>) -> Result<()> {
    let (source, assignments) = match tree {
        Tree::Insert(insert) => {
            let assignments = insert.conflict.as_ref().map_or(&[][..], |conflict| &conflict.assignments);
            (&insert.source, assignments)
        }
        Tree::Update(update) => (&update.source, &update.assignments[..]),
        _ => return Ok(()),
    };
    let table = match source {
        Source::Entity(table) => ObjectName::new("", table.table),
        Source::Named(name) => name.clone(),
        _ => return Ok(()),
    };
    if let Tree::Insert(insert) = tree {
        let (columns, values) = (insert.columns, &insert.values[..]);
        connection.refuse_changed(BulkInsert { table: &table, columns, values }).await?;
    }
    for (column, expr) in assignments {
        let Some(value) = given(expr) else { continue };
        let (columns, values) = (&[column.as_str()][..], std::slice::from_ref(value));
        connection.refuse_changed(BulkInsert { table: &table, columns, values }).await?;
    }
    Ok(())
}
