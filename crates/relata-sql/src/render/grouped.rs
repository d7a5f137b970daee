//! `GROUP BY` and `ORDER BY` of an expression with values that is selected, too, on PostgreSQL.
//!
//! There two places of one value are two parameters, and the server, which does not know them to be equal, refuses the query
//! (42803). The second place is the number of the column then. What is not recognised as equal is written out, as it was said.

use crate::expr::{ColumnRef, Expr};
use crate::tree::{Item, Select};

/// Puts the numbers of selected columns in the place of the same expressions in what is grouped and ordered by.
pub(super) fn by_number(select: &mut Select) {
    if select.group_by.iter().all(|key| matches!(key, Expr::Column(_) | Expr::Number(_))) || select.grouping.is_some() {
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
        And, Between, Binary, Call, Case, Column, Compare, In, IsNull, Json, Like, Literal, Not, Or, Template, Value,
    };
    match (left, right) {
        (Column(left), Column(right)) => is_same_column(left, right),
        (Value(left), Value(right)) => left == right,
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
