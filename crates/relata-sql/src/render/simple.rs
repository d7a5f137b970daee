//! The key of a query that is simple: rows of an entity with relations to one beside it, by comparisons of columns with values, in an
//! order of columns, with a limit. What it says is read off the tree at once, without writing its pieces as [`super::out`] does.
//!
//! Invariants
//! - A key holds whatever the text depends on, each list with its length: equal keys mean equal texts. It begins with a word that
//!   no other key begins with.
//! - Nothing is moved out of the tree unless all of it is simple; values then leave in the order of their placeholders.
//!
//! Whatever is not simple is written piece by piece; nothing here is about a dialect.

use crate::expr::{BinaryOp, ColumnRef, Expr, Nulls};
use crate::meta::Path;
use crate::tree::{Item, Scope, Select, Source};
use crate::value::Value;

/// The first word of a key, with what it counts.
const SIMPLE: u64 = 10 << 56;

const COMPARED: u64 = 1 << 32;
const ALL_OF: u64 = 2 << 32;
const IS_NULL: u64 = 3 << 32;

/// Longer lists are written piece by piece.
const MOST: usize = 64;

/// Writes the key of a simple query and takes its values; `false`: it is not simple, and nothing was done.
pub(super) fn write(select: &mut Select, key: &mut Vec<u64>, params: &mut Vec<Value>) -> bool {
    let Source::Entity(table) = select.source else { return false };
    // It is refused.
    if select.scope == Scope::Deleted && table.soft_delete.is_none() {
        return false;
    }
    if !is_bare(select)
        || !select.items.iter().all(is_simple_item)
        || !select.order.iter().all(|by| is_column(&by.expr))
    {
        return false;
    }
    if !select.filter.as_ref().is_none_or(is_simple) {
        return false;
    }
    let flags = u64::from(select.filter.is_some())
        | u64::from(select.limit.is_some()) << 1
        | u64::from(select.offset.is_some()) << 2
        | scope(select.scope) << 3;
    key.push(SIMPLE | flags << 32 | (select.items.len() as u64) << 16 | select.order.len() as u64);
    key.push(address(table));
    for item in &select.items {
        if let Item::Entity(path, table) = item {
            key.extend([path.address(), address(*table)]);
        }
    }
    if let Some(filter) = &mut select.filter {
        condition(filter, key, params);
    }
    for by in &select.order {
        if let Expr::Column(column) = &by.expr {
            key.push(u64::from(by.descending) | nulls(by.nulls) << 1);
            key.extend([column.path.address(), address(column.column)]);
        }
    }
    key.extend(select.limit);
    if let Some(offset) = select.offset {
        params.push(Value::Int(i64::try_from(offset).unwrap_or(i64::MAX)));
    }
    true
}

/// It has none of the parts that are not simple.
fn is_bare(select: &Select) -> bool {
    let lists = [select.with.len(), select.joins.len(), select.distinct_on.len(), select.group_by.len()];
    lists == [0; 4]
        && select.after.is_none()
        && select.with_deleted.is_empty()
        && select.combined.is_empty()
        && !select.distinct
        && select.grouping.is_none()
        && select.having.is_none()
        && select.lock.is_none()
        && select.batch.is_none()
        && select.items.len() <= MOST
        && select.order.len() <= MOST
}

fn is_simple_item(item: &Item) -> bool {
    matches!(item, Item::Entity(path, _) if is_plain(*path))
}

/// The joins that lead there say nothing but which columns are equal.
fn is_plain(path: Path) -> bool {
    match path.relation() {
        Some((before, relation)) => relation.only.is_none() && is_plain(before),
        None => path.is_root(),
    }
}

fn is_own(column: &ColumnRef) -> bool {
    column.path.is_root() || is_plain(column.path)
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if is_own(column))
}

fn is_simple(filter: &Expr) -> bool {
    match filter {
        Expr::And(parts) => parts.len() <= MOST && parts.iter().all(is_comparison),
        filter => is_comparison(filter),
    }
}

fn is_comparison(expr: &Expr) -> bool {
    match expr {
        Expr::Compare(column, ..) => is_own(column),
        Expr::IsNull(inner, _) => is_column(inner),
        _ => false,
    }
}

fn condition(expr: &mut Expr, key: &mut Vec<u64>, params: &mut Vec<Value>) {
    match expr {
        Expr::Compare(column, op, value) => {
            key.extend([COMPARED | operator(*op), column.path.address(), address(column.column)]);
            params.push(std::mem::take(value));
        }
        Expr::And(parts) => {
            key.push(ALL_OF | parts.len() as u64);
            parts.iter_mut().for_each(|part| condition(part, key, params));
        }
        Expr::IsNull(inner, null) => {
            if let Expr::Column(column) = &**inner {
                key.extend([IS_NULL | u64::from(*null), column.path.address(), address(column.column)]);
            }
        }
        _ => {}
    }
}

fn address<T>(of: &'static T) -> u64 {
    std::ptr::from_ref(of).addr() as u64
}

const fn scope(scope: Scope) -> u64 {
    match scope {
        Scope::Live => 0,
        Scope::All => 1,
        Scope::Deleted => 2,
    }
}

const fn nulls(nulls: Nulls) -> u64 {
    match nulls {
        Nulls::Native => 0,
        Nulls::First => 1,
        Nulls::Last => 2,
    }
}

const fn operator(op: BinaryOp) -> u64 {
    op as u64
}
