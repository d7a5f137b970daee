//! Pages by cursor: "what comes after this row in this order", which an index answers however deep the page is.
//!
//! Invariants
//! - The order is made total by the key, so that no row is skipped or comes twice.
//! - A cursor holds the values of the order's keys at its row; it is text that may come from outside: its values are
//!   bound as parameters, and a cursor of another order is refused.

use relata_schema::Dialect;
use relata_sql::driver::{Row, RowSink};
use relata_sql::expr::{BinaryOp, Expr, Nulls, OrderKey};
use relata_sql::meta::{Cardinality, Path, TableMeta};
use relata_sql::tree::{Item, Select};
use relata_sql::{Error, Kind, Result, Value};

use crate::entity::root_column;
use crate::executor::Executor;
use crate::find::{at_row, run};

mod token;

/// A place in an ordered result. It prints as text that can go into a URL, and is parsed from it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let first = Book::find().order(Book.title.asc()).limit(1).page(&mut db).await?;
/// let text = first.next.unwrap().to_string();
/// let cursor: Cursor = text.parse()?;
/// let second = Book::find().order(Book.title.asc()).after(cursor).page(&mut db).await?;
/// assert_eq!(second[0].title, "The Dispossessed");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// Which order it belongs to.
    order: u32,
    values: Vec<Value>,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&token::write(self.order, &self.values))
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (order, values) = token::read(text).ok_or_else(|| {
            Error::new(Kind::Parameters, "the cursor is damaged").hint("start again at the first page")
        })?;
        Ok(Cursor { order, values })
    }
}

/// One page of rows.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page of what `make` makes of each row: what a list shows of it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let page = Book::find().order(Book.title.asc()).page(&mut db).await?;
    /// let titles = page.map(|book| book.title);
    /// assert_eq!(titles.items, ["Solaris", "The Dispossessed", "The Lathe of Heaven"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(make).collect(), next: self.next }
    }
}

impl<T> std::ops::Deref for Page<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> IntoIterator for Page<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'p, T> IntoIterator for &'p Page<T> {
    type Item = &'p T;
    type IntoIter = std::slice::Iter<'p, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

/// So many rows has a page for which no limit was given.
pub(crate) const PAGE: u64 = 50;

pub(crate) async fn fetch_page<T: Send>(
    executor: &mut dyn Executor,
    mut select: Select,
    after: Option<Cursor>,
    width: usize,
    table: &'static TableMeta,
    read: impl Fn(&mut dyn Row) -> Result<T> + Send,
) -> Result<Page<T>> {
    total_order(&mut select.order, table)?;
    fetch_ordered(executor, select, after, width, &may_be_null, read).await
}

/// Of a query whose order is total already. `nullable`: which keys of the order may be NULL.
pub(crate) async fn fetch_ordered<T: Send>(
    executor: &mut dyn Executor,
    mut select: Select,
    after: Option<Cursor>,
    width: usize,
    nullable: &(dyn Fn(&Expr) -> bool + Sync),
    read: impl Fn(&mut dyn Row) -> Result<T> + Send,
) -> Result<Page<T>> {
    let limit = select.limit.unwrap_or(PAGE).max(1);
    let order = order_digest(&select.order);
    if let Some(cursor) = after {
        if cursor.order != order || cursor.values.len() != select.order.len() {
            let message = "the cursor belongs to a query with another order";
            return Err(Error::new(Kind::Parameters, message).hint("start again at the first page"));
        }
        let condition = beyond(&select.order, &cursor.values, executor.dialect(), nullable);
        Expr::and_into(&mut select.filter, condition);
    }
    select.items.extend(select.order.iter().map(|key| Item::Expr(key.expr.clone())));
    select.limit = Some(limit + 1);
    let keys = select.order.len();
    let mut sink = PageSink { rows: Vec::new(), read, limit: limit as usize, width, keys, last: None, more: false };
    run(executor, select, &mut sink).await?;
    let next = if sink.more { sink.last } else { None };
    Ok(Page { items: sink.rows, next: next.map(|values| Cursor { order, values }) })
}

struct PageSink<T, F> {
    rows: Vec<T>,
    read: F,
    limit: usize,
    width: usize,
    keys: usize,
    last: Option<Vec<Value>>,
    more: bool,
}

impl<T: Send, F: Fn(&mut dyn Row) -> Result<T> + Send> RowSink for PageSink<T, F> {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        if self.rows.len() == self.limit {
            self.more = true;
            return Ok(());
        }
        self.rows.push((self.read)(row).map_err(|error| at_row(error, self.rows.len()))?);
        if self.rows.len() == self.limit {
            let keys = self.width..self.width + self.keys;
            self.last = Some(keys.map(|index| Ok(row.cell(index)?.to_value())).collect::<Result<_>>()?);
        }
        Ok(())
    }
}

/// Adds the key's columns unless the order has them.
fn total_order(order: &mut Vec<OrderKey>, table: &'static TableMeta) -> Result<()> {
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
            order.push(OrderKey { expr: root_column(column), descending, nulls: Nulls::Native });
        }
    }
    Ok(())
}

fn order_digest(order: &[OrderKey]) -> u32 {
    let mut digest = 0x811c_9dc5_u32;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            digest = (digest ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    };
    for key in order {
        match &key.expr {
            Expr::Column(reference) => take(reference.column.column.as_bytes()),
            Expr::Named(name) => take(name.as_bytes()),
            _ => {}
        }
        take(&[0xff, u8::from(key.descending), key.nulls as u8]);
    }
    digest
}

/// The condition that a row comes after these values: after by the first key, or equal in it and after by the second, …
fn beyond(order: &[OrderKey], values: &[Value], dialect: Dialect, nullable: &dyn Fn(&Expr) -> bool) -> Expr {
    let mut ways = Vec::new();
    for index in 0..order.len() {
        let Some(after) = beyond_key(&order[index], &values[index], dialect, nullable) else { continue };
        let mut way: Vec<Expr> = order[..index].iter().zip(values).map(|(key, value)| equal(key, value)).collect();
        way.push(after);
        ways.push(if way.len() == 1 { way.swap_remove(0) } else { Expr::And(way) });
    }
    if ways.len() == 1 { ways.swap_remove(0) } else { Expr::Or(ways) }
}

fn equal(key: &OrderKey, value: &Value) -> Expr {
    let expr = key.expr.clone();
    match value {
        Value::Null => Expr::IsNull(Box::new(expr), true),
        value => expr.compared(BinaryOp::Eq, Expr::Value(value.clone())),
    }
}

fn beyond_key(key: &OrderKey, value: &Value, dialect: Dialect, nullable: &dyn Fn(&Expr) -> bool) -> Option<Expr> {
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
    let greater = expr().compared(op, Expr::Value(value.clone()));
    Some(match nulls_last && nullable(&key.expr) {
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
