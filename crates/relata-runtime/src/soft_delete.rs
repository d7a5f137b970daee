//! Soft deletion of more than one row: what hangs on a row is marked, brought back and purged with it.
//!
//! Invariants
//! - What is marked together has the same instant in `deleted_at`; that is how it is found again. A row that was deleted
//!   before has another and stays deleted when the tree comes back.
//! - It goes along the relations to many (or one) that an entity declares, to children that refer to it by
//!   `on_delete = cascade` and are soft-deleted themselves. Children without `deleted_at` stay as they are: they cannot be
//!   seen by way of the deleted row, and the database's own cascade takes them at the purge.
//! - One statement for each entity of the tree and for each level of an entity that refers to itself, in one transaction;
//!   never one for each row.

use jiff::Timestamp;
use relata_sql::driver::Row;
use relata_sql::expr::{BinaryOp, ColumnRef, Expr};
use relata_sql::meta::{Action, Path, RelationMeta, TableMeta};
use relata_sql::row::plain_cell;
use relata_sql::tree::{Delete, Item, Scope, Select, Source, Tree, Update};
use relata_sql::{Error, Result, Value};

use crate::change::as_required;
use crate::entity::root_column;
use crate::executor::{Executor, Intent};
use crate::find::{Collect, count, run};

/// The relations along which deleting goes on.
fn children(table: &'static TableMeta) -> impl Iterator<Item = &'static RelationMeta> {
    let relations = (table.relations)().iter().copied();
    relations.filter(move |relation| {
        let there = relation.to;
        let refers_here = |back: &&RelationMeta| {
            back.refers == Some(Action::Cascade)
                && std::ptr::eq(back.to, table)
                && back.from_column == relation.to_column
        };
        let owned = relation.refers.is_none() && relation.via.is_none();
        owned && there.soft_delete.is_some() && (there.relations)().iter().copied().any(|back| refers_here(&back))
    })
}

/// Whether marking a row marks others.
pub(crate) fn cascades(table: &'static TableMeta) -> bool {
    children(table).next().is_some()
}

fn mark_column(table: &'static TableMeta) -> Result<ColumnRef> {
    match table.soft_delete {
        Some(position) => Ok(ColumnRef { path: Path::ROOT, column: &table.columns[position] }),
        None => Err(Error::unsupported(
            format!("{} has no mark of deletion", table.entity),
            "write `#[entity(soft_delete)]` on it, and let a migration add the column",
        )),
    }
}

/// An update of the mark.
fn marking(table: &'static TableMeta, mark: Value, scope: Scope, filter: Expr) -> Result<Update> {
    let column = mark_column(table)?.column.column.to_string();
    let assignments = vec![(column, Expr::Value(mark))];
    Ok(Update { source: Source::Entity(table), assignments, filter: Some(filter), scope, returning: false })
}

async fn write(executor: &mut dyn Executor, tree: Tree<'_, '_>) -> Result<u64> {
    let mut lease = executor.lease(Intent::Write).await?;
    Ok(lease.execute(tree).await?.rows_affected)
}

/// The rows of a relation that hang on such rows.
fn hanging_on(relation: &'static RelationMeta, parents: Expr) -> Result<Expr> {
    if !relation.further.is_empty() || relation.only.is_some() {
        return Err(Error::unsupported(
            format!(
                "{}.{} leads by several columns, and deleting does not go along it",
                relation.from.entity, relation.name
            ),
            "delete the rows that it leads to in the same `transaction!`",
        ));
    }
    let mut select = Select::new(Source::Entity(relation.from));
    select.items = vec![Item::Expr(root_column(&relation.from.columns[relation.from_column]))];
    select.scope = Scope::All;
    select.filter = Some(parents);
    let column = root_column(&relation.to.columns[relation.to_column]);
    Ok(Expr::InSelect(Box::new(column), Box::new(select)))
}

/// Marks rows, and what hangs on them.
pub(crate) async fn mark(
    executor: &mut dyn Executor,
    table: &'static TableMeta,
    mut update: Update,
    required: Option<u64>,
) -> Result<u64> {
    let Some((_, Expr::Value(instant))) = update.assignments.first().cloned() else { return Ok(0) };
    let mut tx = executor.begin(Default::default()).await?;
    let marked = write(&mut tx, Tree::Update(&mut update)).await?;
    as_required(table, required, marked)?;
    if marked > 0 {
        let mut waiting = vec![table];
        while let Some(parent) = waiting.pop() {
            for relation in children(parent) {
                let parents = Expr::Compare(mark_column(parent)?, BinaryOp::Eq, instant.clone());
                let filter = hanging_on(relation, parents)?;
                let mut update = marking(relation.to, instant.clone(), Scope::Live, filter)?;
                if write(&mut tx, Tree::Update(&mut update)).await? > 0 {
                    waiting.push(relation.to);
                }
            }
        }
    }
    tx.commit().await?;
    Ok(marked)
}

/// Brings back a row and what was marked with it.
pub(crate) async fn restore(executor: &mut dyn Executor, table: &'static TableMeta, filter: Expr) -> Result<bool> {
    let column = mark_column(table)?;
    let mut tx = executor.begin(Default::default()).await?;
    let mut select = Select::new(Source::Entity(table));
    select.items = vec![Item::Expr(Expr::Column(column))];
    select.filter = Some(filter.clone());
    select.scope = Scope::Deleted;
    let mut sink = Collect { rows: Vec::new(), read: |row: &dyn Row| plain_cell::<Timestamp>(row, 0) };
    run(&mut tx, select, &mut sink).await?;
    let Some(instant) = sink.rows.pop() else {
        tx.rollback().await?;
        return Ok(false);
    };
    let mut update = marking(table, Value::Null, Scope::Deleted, filter)?;
    write(&mut tx, Tree::Update(&mut update)).await?;
    let mut waiting = vec![table];
    while let Some(parent) = waiting.pop() {
        for relation in children(parent) {
            let live = Expr::IsNull(Box::new(Expr::Column(mark_column(parent)?)), true);
            let together = Expr::Compare(mark_column(relation.to)?, BinaryOp::Eq, Value::Timestamp(instant));
            let filter = together.and(hanging_on(relation, live)?);
            let mut update = marking(relation.to, Value::Null, Scope::Deleted, filter)?;
            if write(&mut tx, Tree::Update(&mut update)).await? > 0 {
                waiting.push(relation.to);
            }
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// Removes what was marked before an instant, children first.
pub(crate) async fn purge(executor: &mut dyn Executor, table: &'static TableMeta, before: Timestamp) -> Result<u64> {
    mark_column(table)?;
    let mut order: Vec<&'static TableMeta> = vec![table];
    let mut seen = 0;
    while seen < order.len() {
        for relation in children(order[seen]) {
            if !order.iter().any(|known| std::ptr::eq(*known, relation.to)) {
                order.push(relation.to);
            }
        }
        seen += 1;
    }
    let old =
        |table| -> Result<Expr> { Ok(Expr::Compare(mark_column(table)?, BinaryOp::Lt, Value::Timestamp(before))) };
    let mut tx = executor.begin(Default::default()).await?;
    // Rows that the database's own cascade takes are not counted by the statement that began it.
    let mut select = Select::new(Source::Entity(table));
    (select.filter, select.scope) = (Some(old(table)?), Scope::Deleted);
    let purged = count(&mut tx, select).await?;
    for table in order.into_iter().rev() {
        let filter = Some(old(table)?);
        let mut delete = Delete { source: Source::Entity(table), filter, scope: Scope::Deleted, returning: false };
        write(&mut tx, Tree::Delete(&mut delete)).await?;
    }
    tx.commit().await?;
    Ok(purged)
}
