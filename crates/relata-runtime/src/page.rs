//! Pages by cursor: "what comes after this row in this order", which an index answers however deep the page is.
//!
//! Invariants
//! - The order is made total by the key, so that no row is skipped or comes twice.
//! - A cursor holds the values of the order's keys at its row; it is text that may come from outside: its values are
//!   bound as parameters, and a cursor of another order is refused.

use std::ops::Range;

use relata_sql::driver::{Row, RowSink};
use relata_sql::keyset::{order_digest, reverse, total_order};
use relata_sql::meta::TableMeta;
use relata_sql::tree::{After, Item, Select};
use relata_sql::{Error, Kind, Result, Value};

use crate::aggregate::Projection;
use crate::entity::{Entity, mapped};
use crate::executor::Executor;
use crate::find::{Find, at_row, run};
use crate::load::{Loads, Parents, load_into};

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

/// A place to begin at, or none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no place in an order",
    label = "expected the `next` or `previous` of a page",
    note = "from a text it is `text.parse::<Cursor>()?`; how many rows are left out is `.offset(…)`; rows behind a value are `.filter(Post.id.gt(…))`"
)]
pub trait IntoCursor {
    /// The place, if there is one.
    fn into_cursor(self) -> Option<Cursor>;
}

impl IntoCursor for Cursor {
    fn into_cursor(self) -> Option<Cursor> {
        Some(self)
    }
}

impl IntoCursor for Option<Cursor> {
    fn into_cursor(self) -> Option<Cursor> {
        self
    }
}

impl Cursor {
    /// As the part of a query over what is declared.
    pub(crate) fn place(self) -> Box<After> {
        Box::new(After { order: self.order, values: self.values, nullable: None, back: false, ranks: None })
    }

    /// As the part of a query over what is known at run time: `nullable` says which keys of its order may be NULL, `rank` by which
    /// number a value is sorted.
    pub(crate) fn place_among(self, nullable: Vec<bool>, rank: impl Fn(usize, &Value) -> Option<Value>) -> Box<After> {
        let ranks = self.values.iter().enumerate().map(|(at, value)| rank(at, value)).collect();
        let (order, values) = (self.order, self.values);
        Box::new(After { order, values, nullable: Some(nullable), back: false, ranks: Some(ranks) })
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
    /// Where the page before ends, for [`Find::page_before`]; `None`: this was the first.
    pub previous: Option<Cursor>,
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
        Page { items: self.items.into_iter().map(make).collect(), next: self.next, previous: self.previous }
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

/// Which page is wanted.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Side {
    /// What comes after the place, or the first.
    After,
    /// What comes before the place, or the last.
    Before,
}

impl<E: Entity, L: Loads<E>> Find<E, L> {
    /// The page before a place, in the order: what [`Page::previous`] says of a page. `None`: the last page. What was said by
    /// [`Find::after`] does not count.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = || Book::find().order(Book.title.asc()).limit(2);
    /// let last = books().page_before(None, &mut db).await?;
    /// assert_eq!(last.map(|book| book.title).items, ["The Dispossessed", "The Lathe of Heaven"]);
    ///
    /// let first = books().page(&mut db).await?;
    /// let second = books().after(first.next).page(&mut db).await?;
    /// let back = books().page_before(second.previous, &mut db).await?;
    /// assert_eq!((back[0].title.as_str(), &back.previous), ("Solaris", &None));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Find::page`].
    pub async fn page_before(
        mut self,
        cursor: impl IntoCursor,
        executor: &mut impl Executor,
    ) -> Result<Page<L::Output>> {
        self.select.after = cursor.into_cursor().map(|cursor: Cursor| cursor.place());
        self.page_of(Side::Before, executor).await
    }

    pub(crate) async fn page_of(mut self, side: Side, executor: &mut impl Executor) -> Result<Page<L::Output>> {
        self.prepared_for(Some(self.select.limit.unwrap_or(PAGE)));
        let (loads, scope) = (self.loads, self.select.scope);
        let mut page = fetch_page(executor, *self.select, side, E::TABLE, |row| loads.read(row, &mut 0))
            .await
            .map_err(|error| mapped(error, E::TABLE))?;
        load_into(&loads, executor, (Parents::Some, scope), &mut page.items).await?;
        Ok(page)
    }
}

impl<E: Entity, T: Send> Projection<E, T> {
    /// One page of what is selected, in the order, as [`Find::page`] gives pages of whole rows. The order, the limit and
    /// [`Find::after`] stand before `.select(…)` or behind it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let authors = || Author::find().order(Author.books.count().desc()).limit(1);
    /// let first = authors().select((Author, Author.books.count())).page(&mut db).await?;
    /// assert_eq!((first[0].0.name.as_str(), first[0].1), ("Ursula", 2));
    /// let second = authors().after(first.next).select((Author, Author.books.count())).page(&mut db).await?;
    /// assert_eq!(second[0].1, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Unsupported` for groups, `.distinct()` and combined queries, whose rows have no key; as [`Find::page`].
    pub async fn page(self, executor: &mut impl Executor) -> Result<Page<T>> {
        self.page_of(Side::After, executor).await
    }

    /// The page before a place, as [`Find::page_before`].
    ///
    /// # Errors
    /// As [`Projection::page`].
    pub async fn page_before(mut self, cursor: impl IntoCursor, executor: &mut impl Executor) -> Result<Page<T>> {
        self.select.after = cursor.into_cursor().map(|cursor: Cursor| cursor.place());
        self.page_of(Side::Before, executor).await
    }

    async fn page_of(self, side: Side, executor: &mut impl Executor) -> Result<Page<T>> {
        let (select, read) = (self.select, self.read);
        if !select.group_by.is_empty() || select.distinct || !select.combined.is_empty() {
            let message =
                "groups, distinct rows and combined queries have no key, so there is no stable order to page through";
            return Err(Error::new(Kind::Unsupported, message).hint("use `.limit(…)` and `.offset(…)`"));
        }
        let page = fetch_page(executor, select, side, E::TABLE, |row| read(row, &mut 0)).await;
        page.map_err(|error| mapped(error, E::TABLE))
    }
}

async fn fetch_page<T: Send>(
    executor: &mut dyn Executor,
    mut select: Select,
    side: Side,
    table: &'static TableMeta,
    read: impl Fn(&mut dyn Row) -> Result<T> + Send,
) -> Result<Page<T>> {
    total_order(&mut select.order, table)?;
    fetch_ordered(executor, select, side, read).await
}

/// Of a query whose order is total already.
pub(crate) async fn fetch_ordered<T: Send>(
    executor: &mut dyn Executor,
    mut select: Select,
    side: Side,
    read: impl Fn(&mut dyn Row) -> Result<T> + Send,
) -> Result<Page<T>> {
    let limit = select.limit.unwrap_or(PAGE).max(1);
    let order = order_digest(&select.order);
    let width =
        select.items.iter().map(|item| if let Item::Entity(_, table) = item { table.selected } else { 1 }).sum();
    select.items.extend(select.order.iter().map(|key| Item::Expr(key.expr.clone())));
    select.limit = Some(limit + 1);
    let placed = select.after.is_some();
    match (&mut select.after, side) {
        (_, Side::After) => {}
        (Some(place), Side::Before) => place.back = true,
        (None, Side::Before) => reverse(&mut select.order),
    }
    let keys = width..width + select.order.len();
    let mut sink =
        PageSink { rows: Vec::new(), read, limit: limit as usize, keys, placed, first: None, last: None, more: false };
    run(executor, select, &mut sink).await?;
    let cursor = |values: Option<Vec<Value>>| values.map(|values| Cursor { order, values });
    let (near, far) = (cursor(sink.first), cursor(sink.last.filter(|_| sink.more)));
    if side == Side::Before {
        sink.rows.reverse();
        return Ok(Page { items: sink.rows, next: near, previous: far });
    }
    Ok(Page { items: sink.rows, next: far, previous: near })
}

struct PageSink<T, F> {
    rows: Vec<T>,
    read: F,
    limit: usize,
    /// The cells of the order's keys.
    keys: Range<usize>,
    /// It begins at a place, so that there is something on its near side.
    placed: bool,
    first: Option<Vec<Value>>,
    last: Option<Vec<Value>>,
    more: bool,
}

impl<T, F> PageSink<T, F> {
    fn place(&self, row: &mut dyn Row) -> Result<Option<Vec<Value>>> {
        self.keys.clone().map(|index| Ok(row.cell(index)?.to_value())).collect::<Result<_>>().map(Some)
    }
}

impl<T: Send, F: Fn(&mut dyn Row) -> Result<T> + Send> RowSink for PageSink<T, F> {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        if self.rows.len() == self.limit {
            self.more = true;
            return Ok(());
        }
        self.rows.push((self.read)(row).map_err(|error| at_row(error, self.rows.len()))?);
        if self.rows.len() == 1 && self.placed {
            self.first = self.place(row)?;
        }
        if self.rows.len() == self.limit {
            self.last = self.place(row)?;
        }
        Ok(())
    }
}
