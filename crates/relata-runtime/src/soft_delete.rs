//! Soft deletion of more than one row: what hangs on a row is marked, brought back and purged with it.
//!
//! Invariants
//! - What is marked together has the same instant in `deleted_at`; that is how it is found again. A row that was deleted
//!   before has another and stays deleted when the tree comes back.
//! - It goes along the relations to many (or one) that an entity declares, to children that refer to it by
//!   `on_delete = cascade` and are soft-deleted themselves; along many to many to the links. Keys of several columns and
//!   circles are followed like any other. Children without `deleted_at` stay as they are: they cannot be
//!   seen by way of the deleted row, and the database's own cascade takes them at the purge.
//! - One statement for each entity of the tree and for each level of an entity that refers to itself, in one transaction;
//!   never one for each row.

use jiff::Timestamp;
use relata_sql::driver::Row;
use relata_sql::expr::{BinaryOp, ColumnRef, Expr, Related};
use relata_sql::meta::{Action, EntityRuleKind, EntityRuleMeta, Path, RelationMeta, TableMeta};
use relata_sql::row::plain_cell;
use relata_sql::tree::{Delete, Item, Scope, Select, Source, Tree, Update};
use relata_sql::{Error, Result, Value};

use crate::change::as_required;
use crate::entity::root_column;
use crate::executor::{Executor, Intent};
use crate::find::{Collect, count, run};

/// An entity whose rows are marked when they are deleted: one with `#[entity(soft_delete)]`. The derive says so.
#[diagnostic::on_unimplemented(
    message = "rows of `{Self}` are not marked when they are deleted",
    label = "`{Self}` is not soft-deleted: there is nothing to find, to bring back or to purge",
    note = "put `#[entity(soft_delete)]` on the struct, and migrate"
)]
pub trait SoftDeleted {}

/// The references by which rows hang on those of a table, each from its own side.
fn children(table: &'static TableMeta) -> Vec<&'static RelationMeta> {
    let mut found: Vec<&'static RelationMeta> = Vec::new();
    for relation in (table.relations)() {
        let (there, column) = match relation.via {
            Some(via) => (via.table, via.near),
            None if relation.refers.is_none() => (relation.to, relation.to_column),
            None => continue,
        };
        let hangs = |back: &&&'static RelationMeta| {
            back.refers == Some(Action::Cascade) && std::ptr::eq(back.to, table) && back.from_column == column
        };
        let Some(back) = (there.relations)().iter().find(hangs).filter(|_| there.soft_delete.is_some()) else {
            continue;
        };
        if !found.iter().any(|known| std::ptr::eq(*known, *back)) {
            found.push(back);
        }
    }
    found
}

/// Whether marking a row marks others.
pub(crate) fn cascades(table: &'static TableMeta) -> bool {
    !children(table).is_empty()
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

/// The rows that hang on such rows by a reference.
fn hanging_on(reference: &'static RelationMeta, parents: Expr) -> Expr {
    if !reference.further.is_empty() {
        let filter = Some(parents);
        return Expr::Exists(Box::new(Related {
            path: Path::ROOT,
            relation: reference,
            scope: Scope::All,
            filter,
            value: None,
        }));
    }
    let mut select = Select::new(Source::Entity(reference.to));
    select.items = vec![Item::Expr(root_column(&reference.to.columns[reference.to_column]))];
    select.scope = Scope::All;
    select.filter = Some(parents);
    let column = root_column(&reference.from.columns[reference.from_column]);
    Expr::InSelect(Box::new(column), Box::new(select))
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
            for reference in children(parent) {
                let parents = Expr::Compare(mark_column(parent)?, BinaryOp::Eq, instant.clone());
                let filter = hanging_on(reference, parents);
                let mut update = marking(reference.from, instant.clone(), Scope::Live, filter)?;
                if write(&mut tx, Tree::Update(&mut update)).await? > 0 {
                    waiting.push(reference.from);
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
    let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| plain_cell::<Timestamp>(row, 0) };
    run(&mut tx, select, &mut sink).await?;
    let Some(instant) = sink.rows.pop() else {
        tx.rollback().await?;
        return Ok(false);
    };
    let mut update = marking(table, Value::Null, Scope::Deleted, filter)?;
    write(&mut tx, Tree::Update(&mut update)).await?;
    let mut waiting = vec![table];
    while let Some(parent) = waiting.pop() {
        for reference in children(parent) {
            let live = Expr::IsNull(Box::new(Expr::Column(mark_column(parent)?)), true);
            let together = Expr::Compare(mark_column(reference.from)?, BinaryOp::Eq, Value::Timestamp(instant));
            let filter = together.and(hanging_on(reference, live));
            let mut update = marking(reference.from, Value::Null, Scope::Deleted, filter)?;
            if write(&mut tx, Tree::Update(&mut update)).await? > 0 {
                waiting.push(reference.from);
            }
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// Removes what was marked before an instant, children first.
pub(crate) async fn purge(executor: &mut dyn Executor, table: &'static TableMeta, before: Timestamp) -> Result<u64> {
    mark_column(table)?;
    let old =
        |table| -> Result<Expr> { Ok(Expr::Compare(mark_column(table)?, BinaryOp::Lt, Value::Timestamp(before))) };
    let mut tx = executor.begin(Default::default()).await?;
    // Rows that the database's own cascade takes are not counted by the statement that began it.
    let mut select = Select::new(Source::Entity(table));
    (select.filter, select.scope) = (Some(old(table)?), Scope::Deleted);
    let purged = count(&mut tx, select).await?;
    let order = children_first(table);
    for (place, table) in order.iter().enumerate() {
        if let Some(assignments) = links_back(table, &order[..=place]) {
            let (source, filter) = (Source::Entity(table), Some(old(table)?));
            let mut update = Update { source, assignments, filter, scope: Scope::Deleted, returning: false };
            write(&mut tx, Tree::Update(&mut update)).await?;
        }
    }
    for table in order {
        let filter = Some(old(table)?);
        let mut delete = Delete { source: Source::Entity(table), filter, scope: Scope::Deleted, returning: false };
        write(&mut tx, Tree::Delete(&mut delete)).await?;
    }
    tx.commit().await?;
    Ok(purged)
}

/// The tables of a tree, each before those that it refers to. A circle is cut somewhere: there the database's own cascade
/// goes on.
fn children_first(root: &'static TableMeta) -> Vec<&'static TableMeta> {
    let mut tree = vec![root];
    let mut seen = 0;
    while seen < tree.len() {
        for reference in children(tree[seen]) {
            if !tree.iter().any(|known| std::ptr::eq(*known, reference.from)) {
                tree.push(reference.from);
            }
        }
        seen += 1;
    }
    let mut ordered: Vec<&'static TableMeta> = Vec::with_capacity(tree.len());
    while !tree.is_empty() {
        let others = |table: &TableMeta| tree.iter().any(|other| !std::ptr::eq(*other, table) && refers(other, table));
        // In a circle: the one that was found last is furthest from the root.
        let next = tree.iter().rposition(|table| !others(table)).unwrap_or(tree.len() - 1);
        ordered.push(tree.remove(next));
    }
    ordered
}

fn refers(from: &TableMeta, to: &TableMeta) -> bool {
    (from.relations)().iter().any(|relation| relation.refers.is_some() && std::ptr::eq(relation.to, to))
}

/// What takes rows off those of the same table, or of one that goes before it: databases follow a chain of rows only so far
/// (MariaDB 15 steps), and circles not always. Where a rule is about the reference, it stays.
fn links_back(table: &'static TableMeta, gone: &[&'static TableMeta]) -> Option<Vec<(String, Expr)>> {
    let back = |relation: &&&RelationMeta| {
        relation.refers.is_some() && gone.iter().any(|earlier| std::ptr::eq(*earlier, relation.to))
    };
    let ruled = |position: usize| {
        let about = |rule: &EntityRuleMeta| match &rule.kind {
            EntityRuleKind::Condition(condition) => condition.is_about(position),
            EntityRuleKind::Custom(_) => false,
        };
        table.rules.iter().any(about)
    };
    let positions = (table.relations)().iter().filter(back).map(|relation| relation.from_column);
    let columns = positions.filter(|position| !ruled(*position)).map(|position| &table.columns[position]);
    let nullable = columns.filter(|column| column.nullable && !column.generated);
    let assignments: Vec<_> = nullable.map(|column| (column.column.to_string(), Expr::Value(Value::Null))).collect();
    (!assignments.is_empty()).then_some(assignments)
}
