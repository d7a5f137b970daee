//! What comes after a place in an order: the condition behind pages by cursor, which an index answers however deep the page is.
//!
//! Invariants
//! - The order is made total by the key, so that no row is skipped or comes twice.
//! - A place is the values of the order's keys at its row. It is bound as parameters, and one of another order is refused.

use relata_schema::Dialect;

use crate::error::{Error, Kind, Result};
use crate::expr::{BinaryOp, ColumnRef, Expr, Nulls, OrderKey};
use crate::meta::{Cardinality, Path, Ranked, TableMeta};
use crate::tree::{After, Select};
use crate::value::Value;

/// Narrows a query down to what comes after the place; where what comes before it is meant, the order is turned round.
///
/// # Errors
/// `Kind::Validation` when the place is one of another order; those of [`total_order`].
pub fn narrow(select: &mut Select, after: &After, dialect: Dialect) -> Result<()> {
    if let Some(table) = select.source.entity() {
        total_order(&mut select.order, table)?;
    }
    if after.order != order_digest(&select.order) || after.values.len() != select.order.len() {
        let message = "the cursor belongs to a query with another order";
        return Err(Error::new(Kind::Validation, message).hint("start again at the first page"));
    }
    if after.back {
        reverse(&mut select.order);
    }
    let declared = || select.order.iter().map(|key| may_be_null(&key.expr)).collect();
    let nullable = after.nullable.clone().unwrap_or_else(declared);
    let ranks = match (dialect, &after.ranks) {
        (Dialect::Mysql, Some(ranks)) => ranks.clone(),
        (Dialect::Mysql, None) => {
            select.order.iter().zip(&after.values).map(|(key, value)| declared_rank(&key.expr, value)).collect()
        }
        _ => vec![None; after.values.len()],
    };
    let place = Place { values: &after.values, nullable: &nullable, ranks: &ranks };
    let condition = beyond(&select.order, &place, dialect);
    Expr::and_into(&mut select.filter, condition);
    Ok(())
}

/// The values of the order's keys, and what is to be known of each.
struct Place<'p> {
    values: &'p [Value],
    nullable: &'p [bool],
    ranks: &'p [Option<Value>],
}

/// By which number MariaDB sorts a value of an enum: its place, from 1 on; before it come texts that are none of its values.
pub fn rank_in_enum(values: &[impl AsRef<str>], value: &Value) -> Option<Value> {
    let Value::Text(text) = value else { return None };
    let place = values.iter().position(|known| known.as_ref() == text).map_or(0, |place| place as i64 + 1);
    Some(Value::Int(place))
}

/// By which number MariaDB sorts a value of a set: each member has a bit.
pub fn rank_in_set(values: &[impl AsRef<str>], value: &Value) -> Option<Value> {
    let Value::Text(text) = value else { return None };
    let bit = |member: &str| values.iter().position(|known| known.as_ref() == member).map_or(0, |place| 1u64 << place);
    let bits = text.split(',').fold(0, |bits, member| bits | bit(member));
    Some(i64::try_from(bits).map_or(Value::UInt(bits), Value::Int))
}

fn declared_rank(expr: &Expr, value: &Value) -> Option<Value> {
    let Expr::Column(reference) = expr else { return None };
    match reference.column.ranked {
        Ranked::No | Ranked::Enum([]) => None,
        Ranked::Enum(values) => rank_in_enum(values, value),
        Ranked::Set(values) => rank_in_set(values, value),
    }
}

/// Adds the key's columns unless the order has them.
///
/// # Errors
/// `Kind::Unsupported` for a table without key.
pub fn total_order(order: &mut Vec<OrderKey>, table: &'static TableMeta) -> Result<()> {
    if table.key.is_empty() {
        let message = format!("{} has no key, so its rows have no stable order to page through", table.entity);
        return Err(Error::new(Kind::Unsupported, message).hint("use `.limit(…)` and `.offset(…)`"));
    }
    let descending = order.last().is_some_and(|key| key.descending);
    for position in table.key {
        let column = &table.columns[*position];
        let there = order.iter().any(|key| match &key.expr {
            Expr::Column(reference) => reference.path.is_root() && std::ptr::eq(reference.column, column),
            _ => false,
        });
        if !there {
            order.push(OrderKey {
                expr: Expr::Column(ColumnRef { path: Path::ROOT, column }),
                descending,
                nulls: Nulls::Native,
            });
        }
    }
    Ok(())
}

/// The order from its end.
pub fn reverse(order: &mut [OrderKey]) {
    for key in order {
        key.descending = !key.descending;
        key.nulls = match key.nulls {
            Nulls::First => Nulls::Last,
            Nulls::Last => Nulls::First,
            Nulls::Native => Nulls::Native,
        };
    }
}

/// Tells orders apart: a cursor belongs to one.
pub fn order_digest(order: &[OrderKey]) -> u32 {
    let mut digest = 0x811c_9dc5_u32;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            digest = (digest ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    for key in order {
        match &key.expr {
            Expr::Column(reference) => take(reference.column.column.as_bytes()),
            Expr::Named(name) | Expr::NamedAs(name, _) => take(name.as_bytes()),
            _ => {}
        }
        take(&[0xff, u8::from(key.descending), key.nulls as u8]);
    }
    digest
}

/// The condition that a row comes after these values: after by the first key, or equal in it and after by the second, …
fn beyond(order: &[OrderKey], place: &Place<'_>, dialect: Dialect) -> Expr {
    let Place { values, nullable, ranks } = *place;
    if let Some(row) = beyond_row(order, values, dialect, nullable) {
        return row;
    }
    let mut ways = Vec::new();
    for index in 0..order.len() {
        let Some(after) = beyond_key(&order[index], &values[index], ranks[index].as_ref(), dialect, nullable[index])
        else {
            continue;
        };
        let mut way: Vec<Expr> = order[..index].iter().zip(values).map(|(key, value)| equal(key, value)).collect();
        way.push(after);
        ways.push(if way.len() == 1 { way.swap_remove(0) } else { Expr::And(way) });
    }
    if ways.len() == 1 {
        return ways.swap_remove(0);
    }
    let ways = Expr::Or(ways);
    if dialect == Dialect::Mysql || nullable[0] || values[0] == Value::Null {
        return ways;
    }
    // Said once more, so that an index begins there and not at its first entry.
    let op = if order[0].descending { BinaryOp::Le } else { BinaryOp::Ge };
    order[0].expr.clone().compared(op, Expr::Value(values[0].clone())).and(ways)
}

/// Columns that are never NULL in one direction are compared as a row, which an index finds at once. MariaDB finds the same by the
/// longer condition, and not by this one.
fn beyond_row(order: &[OrderKey], values: &[Value], dialect: Dialect, nullable: &[bool]) -> Option<Expr> {
    let descending = order[0].descending;
    let plain = |key: &OrderKey| {
        key.descending == descending
            && match &key.expr {
                Expr::Column(column) => !column.is_numbered(),
                Expr::Named(_) | Expr::NamedAs(..) => true,
                _ => false,
            }
    };
    let fits = order.len() > 1 && dialect != Dialect::Mysql && order.iter().all(plain);
    if !fits || nullable.contains(&true) || values.contains(&Value::Null) {
        return None;
    }
    let op = if descending { BinaryOp::Lt } else { BinaryOp::Gt };
    let keys = Expr::Row(order.iter().map(|key| key.expr.clone()).collect());
    let values = Expr::Row(values.iter().cloned().map(Expr::Value).collect());
    Some(Expr::Binary(Box::new(keys), op, Box::new(values)))
}

fn equal(key: &OrderKey, value: &Value) -> Expr {
    let expr = key.expr.clone();
    match value {
        Value::Null => Expr::IsNull(Box::new(expr), true),
        value => expr.compared(BinaryOp::Eq, Expr::Value(value.clone())),
    }
}

fn beyond_key(key: &OrderKey, value: &Value, rank: Option<&Value>, dialect: Dialect, nullable: bool) -> Option<Expr> {
    let expr = || key.expr.clone();
    let nulls_last = match key.nulls {
        Nulls::First => false,
        Nulls::Last => true,
        Nulls::Native => (dialect == Dialect::Postgres) != key.descending,
    };
    if *value == Value::Null {
        return if nulls_last { None } else { Some(Expr::IsNull(Box::new(expr()), false)) };
    }
    let op = if key.descending { BinaryOp::Lt } else { BinaryOp::Gt };
    let greater = match rank {
        Some(rank) => {
            let number = Expr::Binary(Box::new(expr()), BinaryOp::Add, Box::new(Expr::Value(Value::Int(0))));
            number.compared(op, Expr::Value(rank.clone()))
        }
        None => expr().compared(op, Expr::Value(value.clone())),
    };
    Some(match nulls_last && nullable {
        true => greater.or(Expr::IsNull(Box::new(expr()), true)),
        false => greater,
    })
}

fn may_be_null(expr: &Expr) -> bool {
    match expr {
        Expr::Column(reference) => reference.column.nullable || optional(reference.path),
        _ => true,
    }
}

fn optional(path: Path) -> bool {
    path.relation().is_some_and(|(parent, relation)| relation.cardinality != Cardinality::One || optional(parent))
}
