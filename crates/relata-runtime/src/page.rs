//! Pages by cursor: "what comes after this row in this order", which an index answers however deep the page is.
//!
//! Invariants
//! - The order is made total by the key, so that no row is skipped or comes twice.
//! - A cursor holds the values of the order's keys at its row; it is text that may come from outside: its values are
//!   bound as parameters, and a cursor of another order is refused.

use relata_sql::driver::{Row, RowSink};
use relata_sql::keyset::{order_digest, total_order};
use relata_sql::meta::TableMeta;
use relata_sql::tree::{After, Item, Select};
use relata_sql::{Error, Kind, Result, Value};

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

impl Cursor {
    /// As the part of a query; `nullable`: which keys of its order may be NULL, `None`: those that are declared so.
    pub(crate) fn place(self, nullable: Option<Vec<bool>>) -> Box<After> {
        Box::new(After { order: self.order, values: self.values, nullable })
    }
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
            Error::new(Kind::Validation, "the cursor is damaged").hint("start again at the first page")
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
    width: usize,
    table: &'static TableMeta,
    read: impl Fn(&mut dyn Row) -> Result<T> + Send,
) -> Result<Page<T>> {
    total_order(&mut select.order, table)?;
    fetch_ordered(executor, select, width, read).await
}

/// Of a query whose order is total already.
pub(crate) async fn fetch_ordered<T: Send>(
    executor: &mut dyn Executor,
    mut select: Select,
    width: usize,
    read: impl Fn(&mut dyn Row) -> Result<T> + Send,
) -> Result<Page<T>> {
    let limit = select.limit.unwrap_or(PAGE).max(1);
    let order = order_digest(&select.order);
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
