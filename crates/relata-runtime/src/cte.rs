//! Queries with names (common table expressions), also such as read themselves.
//!
//! A [`Cte`] is a value: joined or started from as often as one likes, it stands once before the statement, after those
//! that it needs itself.

mod written;

use std::marker::PhantomData;
use std::sync::Arc;

use relata_sql::expr::{ColumnRef, Expr};
use relata_sql::meta::{NUMBERED, Path};
use relata_sql::row::RowShape;
use relata_sql::tree::{CommonQuery, CommonTable, Item, Select, SetOperator, Source};

use crate::aggregate::Projection;
use crate::join::need;

pub use written::{Writing, written};

/// A query with a name, of rows of type `T`.
pub struct Cte<T> {
    pub(crate) name: Arc<str>,
    /// Those before it, and itself last; of the name inside its own query: none.
    pub(crate) needs: Vec<Arc<CommonTable>>,
    marker: PhantomData<fn() -> T>,
}

impl<T> Clone for Cte<T> {
    fn clone(&self) -> Self {
        Cte { name: self.name.clone(), needs: self.needs.clone(), marker: PhantomData }
    }
}

/// Gives a query a name, so that it is written once and read as often as one likes, by [`crate::join::from`] and joins.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// use relata::{count_rows, cte};
/// let totals = cte("totals", Book::find().group_by(Book.author_id).select((Book.author_id, count_rows())));
/// let busy = Author::find().join(&totals, |(author, total)| author.id.eq(total.0)).filter(|(_, total)| total.1.gt(1));
/// let (author, (_, books)) = busy.one(&mut db).await?;
/// assert_eq!((&*author.name, books), ("Ursula", 2));
/// # Ok(())
/// # }
/// ```
pub fn cte<R, T: RowShape>(name: &'static str, query: Projection<R, T>) -> Cte<T> {
    Cte::new(name, query, false)
}

impl<T: RowShape> Cte<T> {
    fn new<R>(name: &'static str, query: Projection<R, T>, recursive: bool) -> Self {
        let mut query = query.select;
        let mut needs = std::mem::take(&mut query.with);
        for (_, part) in &mut query.combined {
            need(&mut needs, std::mem::take(&mut part.with));
        }
        let mut cte = Self::of(name, CommonQuery::Rows(Box::new(query)));
        if let Some(table) = cte.needs.last_mut() {
            Arc::make_mut(table).recursive = recursive;
        }
        needs.append(&mut cte.needs);
        Cte { needs, ..cte }
    }

    fn of(name: &'static str, query: CommonQuery) -> Self {
        let name: Arc<str> = name.into();
        let table = CommonTable { name: name.clone(), columns: T::WIDTH, query, recursive: false, materialized: None };
        Cte { name, needs: vec![Arc::new(table)], marker: PhantomData }
    }

    /// A query that reads itself: it begins with the rows of `start`, and `step` gives further rows from those it has,
    /// until there are no new ones. Rows that are there already are left out, so that circles end.
    ///
    /// **Dialects**: MariaDB gives the columns the types of `start`: a text that grows has to be cast there, by
    /// `.cast::<String>()`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{Cte, from, value};
    /// let one = Author::find().limit(1).select(value::<_, i64>(1));
    /// let numbers = Cte::recursive("numbers", one, |numbers| {
    ///     from(numbers).filter(|(n,)| n.lt(10)).select(|(n,)| n + 1)
    /// });
    /// assert_eq!(from(numbers).count(&mut db).await?, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn recursive<R, Q>(
        name: &'static str,
        start: Projection<R, T>,
        step: impl FnOnce(Cte<T>) -> Projection<Q, T>,
    ) -> Self {
        Self::recursion(name, start, step, SetOperator::Union)
    }

    /// As [`Cte::recursive`], but rows that are there already count again: a circle never ends, unless `step` counts.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{Cte, from, value};
    /// let one = Author::find().limit(1).select(value::<_, i64>(1));
    /// let doubled = Cte::recursive_all("doubled", one, |rows| {
    ///     from(rows).filter(|(n,)| n.lt(100)).select(|(n,)| n + n)
    /// });
    /// assert_eq!(from(doubled).count(&mut db).await?, 8); // 1, 2, 4, … 128
    /// # Ok(())
    /// # }
    /// ```
    pub fn recursive_all<R, Q>(
        name: &'static str,
        start: Projection<R, T>,
        step: impl FnOnce(Cte<T>) -> Projection<Q, T>,
    ) -> Self {
        Self::recursion(name, start, step, SetOperator::UnionAll)
    }

    fn recursion<R, Q>(
        name: &'static str,
        mut start: Projection<R, T>,
        step: impl FnOnce(Cte<T>) -> Projection<Q, T>,
        operator: SetOperator,
    ) -> Self {
        let itself = Cte { name: name.into(), needs: Vec::new(), marker: PhantomData };
        // A limit of the start is its own, not that of the whole.
        let own = start.select.limit.is_some() || start.select.offset.is_some() || !start.select.order.is_empty();
        if own || !start.select.combined.is_empty() {
            let with = std::mem::take(&mut start.select.with);
            let mut whole = Select::new(Source::Query(Box::new(start.select.bounded())));
            whole.with = with;
            let column = |column| ColumnRef { path: Path::ROOT, column };
            whole.items = NUMBERED[..T::WIDTH].iter().map(|meta| Item::Expr(Expr::Column(column(meta)))).collect();
            start.select = whole;
        }
        start.select.combined.push((operator, step(itself).select.bounded()));
        Self::new(name, start, true)
    }

    fn with_materialized(mut self, materialized: bool) -> Self {
        if let Some(table) = self.needs.last_mut() {
            Arc::make_mut(table).materialized = Some(materialized);
        }
        self
    }

    /// Its rows are computed once and kept. **Dialects**: MariaDB decides by itself.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{cte, from};
    /// let long = cte("long", Book::find().filter(Book.pages.gt(200)).select(Book.author_id)).materialized();
    /// let pairs = from(&long).join(&long, |(one, other)| one.eq(other)); // read twice, computed once
    /// assert_eq!(pairs.count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn materialized(self) -> Self {
        self.with_materialized(true)
    }

    /// It is computed where it is read, together with what is around it. **Dialects**: as [`Cte::materialized`].
    #[must_use]
    pub fn not_materialized(self) -> Self {
        self.with_materialized(false)
    }
}
