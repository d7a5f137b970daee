//! Groups: what may stand beside an aggregate, and expressions that are both grouped by and selected.
//!
//! A column that has many values in a group has no one value to give. PostgreSQL refuses it; SQLite and MariaDB give the value of
//! some row, which is never what was meant: it is refused on all of them, before anything is sent. What a fragment says is the
//! caller's business.
//!
//! On PostgreSQL two places of one value are two parameters, and the server, which does not know them to be equal, refuses the query
//! (42803). The second place is the number of the column then. What is not recognised as equal is written out, as it was said.

use relata_schema::Dialect;

use crate::error::{Error, Result};
use crate::expr::{ColumnRef, Expr, Window};
use crate::meta::{Path, TableMeta};
use crate::tree::{Item, Select};

/// Refuses columns of single rows beside what is computed from many.
pub(super) fn one_value_each(select: &Select, dialect: Dialect) -> Result<()> {
    one_place_each(select)?;
    // PostgreSQL knows what depends on the key of a table, but follows no reference.
    let follows = dialect != Dialect::Postgres;
    let column = |expr: &Expr| matches!(expr, Expr::Column(_));
    let simple = |item: &Item| matches!(item, Item::Entity(..)) || matches!(item, Item::Expr(expr) if column(expr));
    if select.group_by.is_empty() && select.items.iter().all(simple) && select.order.iter().all(|key| column(&key.expr))
    {
        return Ok(());
    }
    // The order of a combination is that of the whole.
    let order = if select.combined.is_empty() { &select.order[..] } else { &[] };
    let exprs = || {
        let items = select.items.iter().filter_map(|item| if let Item::Expr(expr) = item { Some(expr) } else { None });
        items.chain(&select.having).chain(order.iter().map(|key| &key.expr))
    };
    if select.group_by.is_empty() && !exprs().any(is_aggregated) {
        return Ok(());
    }
    for item in &select.items {
        if let Item::Entity(path, table) = item
            && !is_settled(select, *path, follows)
        {
            return Err(many_rows(table));
        }
    }
    match exprs().find_map(|expr| unsettled(select, expr, follows)) {
        Some(column) => Err(many_values(select, column)),
        None => Ok(()),
    }
}

/// Refuses an order by what rows that are made one may have several values of.
fn one_place_each(select: &Select) -> Result<()> {
    if !select.distinct || !select.combined.is_empty() {
        return Ok(());
    }
    let selected = |expr: &Expr| {
        select.items.iter().any(|item| match (item, expr) {
            (Item::Expr(item), expr) => is_same(item, expr),
            (Item::Entity(path, table), Expr::Column(column)) => {
                column.path == *path
                    && table.columns[..table.selected].iter().any(|known| std::ptr::eq(known, column.column))
            }
            _ => false,
        })
    };
    let order = select.order.iter().map(|key| &key.expr);
    match order.into_iter().find(|expr| !matches!(expr, Expr::Number(_)) && !selected(expr)) {
        Some(_) => Err(Error::unsupported(
            "`.distinct()` makes one of rows that have several values of what they are ordered by",
            "select it, too; or group by what is selected, and order by `.min()` or `.max()` of it",
        )),
        None => Ok(()),
    }
}

/// It takes the values of a whole group.
fn is_aggregated(expr: &Expr) -> bool {
    let mut found = false;
    match expr {
        Expr::Aggregate(..) | Expr::Collected(_) | Expr::Filtered(..) => return true,
        Expr::Template(template, _) if template.of_groups => return true,
        Expr::Over(function, window) => within(function, window, &mut |part| found |= is_aggregated(part)),
        _ => expr.parts(&mut |part| found |= is_aggregated(part)),
    }
    found
}

/// What is grouped by, also where it has become the number of an item.
fn keys(select: &Select) -> impl Iterator<Item = &Expr> {
    select.group_by.iter().map(|key| match key {
        Expr::Number(number) => match select.items.get((*number as usize).wrapping_sub(1)) {
            Some(Item::Expr(expr)) => expr,
            _ => key,
        },
        _ => key,
    })
}

/// What a function over a window reads, which it takes row by row.
fn within<'e>(function: &'e Expr, window: &'e Window, visit: &mut dyn FnMut(&'e Expr)) {
    match function {
        Expr::Filtered(aggregate, condition) => {
            aggregate.parts(visit);
            visit(condition);
        }
        function => function.parts(visit),
    }
    window.partition.iter().chain(window.order.iter().map(|key| &key.expr)).for_each(visit);
}

/// The first column in it that has no one value in a group.
fn unsettled<'e>(select: &Select, expr: &'e Expr, follows: bool) -> Option<&'e ColumnRef> {
    if keys(select).any(|key| is_same(key, expr)) {
        return None;
    }
    let mut found = None;
    let mut look = |part: &'e Expr| found = found.or_else(|| unsettled(select, part, follows));
    match expr {
        Expr::Column(column) | Expr::Compare(column, ..) => {
            return (!is_known(select, column, follows)).then_some(column);
        }
        Expr::Aggregate(..) | Expr::Collected(_) | Expr::Filtered(..) | Expr::Fragment(..) => {}
        Expr::Template(template, _) if template.of_groups => {}
        Expr::Over(function, window) => within(function, window, &mut look),
        _ => expr.parts(&mut look),
    }
    found
}

/// A column of the query around, one that is grouped by, or of a table of which a group has one row.
fn is_known(select: &Select, column: &ColumnRef, follows: bool) -> bool {
    column.path.of_outer().is_some() || is_key(select, column) || is_settled(select, column.path, follows)
}

fn is_key(select: &Select, column: &ColumnRef) -> bool {
    keys(select).any(|key| matches!(key, Expr::Column(key) if is_same_column(key, column)))
}

/// A group has one row of the table there: its key is grouped by, or what refers to it.
fn is_settled(select: &Select, path: Path, follows: bool) -> bool {
    let keyed = |table: &'static TableMeta| {
        let whole = |position: &usize| is_key(select, &ColumnRef { path, column: &table.columns[*position] });
        !table.key.is_empty() && table.key.iter().all(whole)
    };
    if select.table_at(path).is_some_and(keyed) {
        return true;
    }
    let Some((before, relation)) = path.relation().filter(|_| follows) else { return false };
    let referring = select.table_at(before).map(|table| &table.columns[relation.from_column]);
    let one = relation.further.is_empty() && relation.via.is_none();
    let refers = referring.is_some_and(|column| is_key(select, &ColumnRef { path: before, column }));
    one && refers || is_settled(select, before, follows)
}

fn many_values(select: &Select, column: &ColumnRef) -> Error {
    let name = column.column.field;
    let way = way(select, column.path);
    let (said, shown) = match (way.as_str(), name) {
        (_, "") => ("a column of the query inside".to_string(), "it".to_string()),
        ("", name) => (format!("`{name}`"), format!("`{name}`")),
        (way, name) => (format!("`{way}.{name}`"), format!("`{way}.{name}`")),
    };
    if select.group_by.is_empty() {
        return Error::unsupported(
            format!("{said} stands beside an aggregate of all rows, and has a value in each of them"),
            format!(
                "`.group_by(…)` of {shown} gives a row for each of its values, the aggregate `.over(Window::new())` stands beside each row"
            ),
        );
    }
    Error::unsupported(
        format!("{said} is not grouped by: a group may have many values of it"),
        format!(
            "add {shown} to `.group_by((…, …))`, or say which value is meant: `.min()`, `.max()`; the first rows of each group are `.top_per(…)`"
        ),
    )
}

/// How a program says the way to a table: `Post.author()`.
fn way(select: &Select, path: Path) -> String {
    match path.relation() {
        Some((before, relation)) => format!("{}.{}()", way(select, before), relation.name),
        None => select.table_at(path).map(|table| table.entity.to_string()).unwrap_or_default(),
    }
}

fn many_rows(table: &TableMeta) -> Error {
    let entity = table.entity;
    let key: Vec<_> = table.key.iter().map(|position| format!("{entity}.{}", table.columns[*position].field)).collect();
    Error::unsupported(
        format!("a group has many rows of `{entity}`"),
        format!("group by its key, {}; the first rows of each group are `.top_per(…)`", key.join(" and ")),
    )
}

/// Puts the numbers of selected columns in the place of the same expressions in what is grouped and ordered by.
pub(super) fn by_number(select: &mut Select) {
    let plain = select.group_by.iter().all(|key| matches!(key, Expr::Column(_) | Expr::Number(_)));
    if plain && !select.distinct || select.grouping.is_some() {
        return;
    }
    let items = &select.items;
    let keys = select.group_by.iter_mut().chain(select.order.iter_mut().map(|key| &mut key.expr));
    for key in keys.filter(|key| !matches!(key, Expr::Column(_) | Expr::Number(_))) {
        // What an entity selects is more than one column: nothing behind it is counted.
        let before = items.iter().take_while(|item| matches!(item, Item::Expr(_)));
        let found = before.zip(1..).find(|(item, _)| matches!(item, Item::Expr(expr) if is_same(expr, key)));
        if let Some((_, number)) = found {
            *key = Expr::Number(number);
        }
    }
}

fn is_same(left: &Expr, right: &Expr) -> bool {
    use Expr::{
        Aggregate, AggregateRelated, And, Between, Binary, Call, Case, Column, Compare, Exists, Fragment, In, IsNull,
        Json, Like, Literal, Named, Not, Number, Or, Template, Value,
    };
    match (left, right) {
        (Column(left), Column(right)) => is_same_column(left, right),
        (Value(left), Value(right)) => left == right,
        (Number(left), Number(right)) => left == right,
        (Named(left), Named(right)) => left == right,
        (Fragment(left, a), Fragment(right, b)) => left == right && are_same(a, b),
        (Aggregate(a, left, distinct), Aggregate(b, right, other)) => {
            let of = match (left, right) {
                (Some(left), Some(right)) => is_same(left, right),
                (left, right) => left.is_none() && right.is_none(),
            };
            a == b && distinct == other && of
        }
        (Exists(left), Exists(right)) | (AggregateRelated(left), AggregateRelated(right)) => {
            let both = |left: &Option<Expr>, right: &Option<Expr>| match (left, right) {
                (Some(left), Some(right)) => is_same(left, right),
                (left, right) => left.is_none() && right.is_none(),
            };
            let filters = both(&left.filter, &right.filter) && both(&left.value, &right.value);
            let place = left.path == right.path && std::ptr::eq(left.relation, right.relation);
            place && left.scope == right.scope && filters
        }
        (Literal(left, cast), Literal(right, other)) => (left, cast) == (right, other),
        (Compare(left, op, value), Compare(right, other, wanted)) => {
            is_same_column(left, right) && (op, value) == (other, wanted)
        }
        (Binary(a, op, b), Binary(c, other, d)) => op == other && is_same(a, c) && is_same(b, d),
        (And(left), And(right)) | (Or(left), Or(right)) => are_same(left, right),
        (Not(left), Not(right)) => is_same(left, right),
        (IsNull(left, null), IsNull(right, other)) => null == other && is_same(left, right),
        (In(left, values, negated), In(right, others, other)) => {
            (values, negated) == (others, other) && is_same(left, right)
        }
        (Between(left, a, b), Between(right, c, d)) => (a, b) == (c, d) && is_same(left, right),
        (Like(left, kind, text, fold), Like(right, a, b, c)) => (kind, text, fold) == (a, b, c) && is_same(left, right),
        (Call(function, left), Call(other, right)) => function == other && are_same(left, right),
        (Template(template, left), Template(other, right)) => template == other && are_same(left, right),
        (Json(left, steps, form), Json(right, others, other)) => {
            (steps, form) == (others, other) && is_same(left, right)
        }
        (Case(left, a), Case(right, b)) => {
            let arms = left.iter().zip(right).all(|(a, b)| is_same(&a.0, &b.0) && is_same(&a.1, &b.1));
            let otherwise = match (a, b) {
                (Some(a), Some(b)) => is_same(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            left.len() == right.len() && arms && otherwise
        }
        _ => false,
    }
}

fn are_same(left: &[Expr], right: &[Expr]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right))
}

fn is_same_column(left: &ColumnRef, right: &ColumnRef) -> bool {
    left.path == right.path && std::ptr::eq(left.column, right.column)
}
