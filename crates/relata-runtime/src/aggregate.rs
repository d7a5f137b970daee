//! Reading columns, expressions and aggregates into tuples, of rows and of groups.

mod subtotals;

use std::marker::PhantomData;

use relata_sql::Result;
use relata_sql::driver::Row;
use relata_sql::expr::{ColumnRef, Expr, Nulls, OrderKey};
use relata_sql::meta::{NUMBERED, Path, TableMeta};
use relata_sql::row::plain_cell;
use relata_sql::tree::{Item, Select, SetOperator};
use relata_sql::typed::{
    Aggregate, AnyQuery, Collected, Column, Computed, Expression, Field, GroupCondition, Pred, RowOrder, Subquery,
    Windowed,
};

use crate::entity::{Entity, mapped};
use crate::executor::Executor;
use crate::find::{Collect, count, not_found, run, single};
use crate::join::inside;
use crate::stream::Rows;

pub use subtotals::{JoinedSubtotals, SubtotalSelection, Subtotals};

/// What can be read from a query over `R`: columns, conditions, expressions, aggregates, whole rows by the entity's constant, tuples of
/// them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a query over `{R}`",
    label = "expected a column, expression or aggregate of `{R}`, or a tuple of them",
    note = "a whole row is said by its entity's constant: `.select((Post, Post.comments.count()))`, in a join by what the closure is given"
)]
pub trait Selection<R> {
    /// What comes out of it.
    type Output: Send + Sync;

    /// What to select.
    fn push(self, items: &mut Vec<Item>);
    /// Reads it from a row; `at` moves behind it.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read(row: &mut dyn Row, at: &mut usize) -> Result<Self::Output>;
}

/// What fills a field of type `T` in a struct that derives `FromRow`, from a query over `R`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fill a field of type `{T}` from a query over `{R}`",
    label = "expected a column, expression or aggregate of `{R}` that gives a `{T}`",
    note = "what may be NULL gives an `Option`, and becomes a plain value by `.or_else(…)`; a key gives an `Id<{R}>`; another type is \
            converted by `.cast::<…>()`"
)]
pub trait Fills<R, T>: Selection<R, Output = T> {}

#[diagnostic::do_not_recommend]
impl<R, T, S: Selection<R, Output = T>> Fills<R, T> for S {}

/// What rows are grouped by: a column, an expression or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "rows of `{R}` cannot be grouped by `{Self}`",
    label = "expected a column or expression of `{R}`, or a tuple of them"
)]
pub trait GroupKeys<R> {
    /// Adds the keys.
    fn push(self, keys: &mut Vec<Expr>);
}

fn next<T: Field>(row: &mut dyn Row, at: &mut usize) -> Result<T> {
    *at += 1;
    plain_cell(row, *at - 1)
}

macro_rules! selections {
    ($($name:ident),*) => {$(
        impl<R, T: Field> Selection<R> for $name<R, T> {
            type Output = T;

            fn push(self, items: &mut Vec<Item>) {
                items.push(Item::Expr(selections!(@expr $name self)));
            }

            fn read(row: &mut dyn Row, at: &mut usize) -> Result<T> {
                next(row, at)
            }
        }
    )*};
    (@expr Column $value:ident) => { $value.expr().into_expr() };
    (@expr $name:ident $value:ident) => { $value.into_expr() };
}
selections!(Column, Expression, Aggregate, Computed, Windowed, Collected);

impl<R> Selection<R> for Pred<R> {
    type Output = bool;

    fn push(self, items: &mut Vec<Item>) {
        items.push(Item::Expr(self.expr().into_expr()));
    }

    fn read(row: &mut dyn Row, at: &mut usize) -> Result<bool> {
        next(row, at)
    }
}

impl<R> GroupKeys<R> for Pred<R> {
    fn push(self, keys: &mut Vec<Expr>) {
        keys.push(self.expr().into_expr());
    }
}

impl<R, T> GroupKeys<R> for Column<R, T> {
    fn push(self, keys: &mut Vec<Expr>) {
        keys.push(self.expr().into_expr());
    }
}

impl<R, T> GroupKeys<R> for Expression<R, T> {
    fn push(self, keys: &mut Vec<Expr>) {
        keys.push(self.into_expr());
    }
}

macro_rules! tuples {
    ($($name:ident),*) => {
        impl<R, $($name: Selection<R>),*> Selection<R> for ($($name,)*) {
            type Output = ($($name::Output,)*);

            fn push(self, items: &mut Vec<Item>) {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                $($name.push(items);)*
            }

            fn read(row: &mut dyn Row, at: &mut usize) -> Result<Self::Output> {
                Ok(($($name::read(row, at)?,)*))
            }
        }

        impl<R, $($name: GroupKeys<R>),*> GroupKeys<R> for ($($name,)*) {
            fn push(self, keys: &mut Vec<Expr>) {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                $($name.push(keys);)*
            }
        }
    };
}
tuples!(A);
tuples!(A, B);
tuples!(A, B, C);
tuples!(A, B, C, D);
tuples!(A, B, C, D, E);
tuples!(A, B, C, D, E, F);
tuples!(A, B, C, D, E, F, G);
tuples!(A, B, C, D, E, F, G, H);
tuples!(A, B, C, D, E, F, G, H, I);
tuples!(A, B, C, D, E, F, G, H, I, J);
tuples!(A, B, C, D, E, F, G, H, I, J, K);
tuples!(A, B, C, D, E, F, G, H, I, J, K, L);

/// Groups of rows.
#[must_use = "groups say nothing until `.select(…)`"]
pub struct Grouped<E> {
    select: Select,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> Grouped<E> {
    pub(crate) fn new(select: Select) -> Self {
        Grouped { select, marker: PhantomData }
    }

    /// Only groups that keep this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let many = Book::find().group_by(Book.author_id).having(relata::count_rows().gt(1));
    /// let rows = many.select((Book.author_id, relata::count_rows())).all(&mut db).await?;
    /// assert_eq!(rows, [(Id::new(1), 2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn having(mut self, having: impl GroupCondition<E>) -> Self {
        Expr::and_into(&mut self.select.having, having.into_having().into_expr());
        self
    }

    /// Adds a key to the order of the groups: one that is grouped by, or an aggregate.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let busiest = Book::find().group_by(Book.author_id).order(relata::count_rows().desc());
    /// let rows = busiest.select((Book.author_id, relata::count_rows())).all(&mut db).await?;
    /// assert_eq!(rows[0], (Id::new(1), 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn order(mut self, order: impl RowOrder<E>) -> Self {
        self.select.order.push(order.into_order().into_key());
        self
    }

    /// What to read of each group: its keys and aggregates.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let per_author = Book::find().group_by(Book.author().name).select((Book.author().name, relata::count_rows()));
    /// let rows = per_author.order(Book.author().name.desc()).all(&mut db).await?;
    /// assert_eq!(rows, [("Ursula".to_string(), 2), ("Stanisław".to_string(), 1)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn select<S: Selection<E>>(self, selection: S) -> Projection<E, S::Output> {
        Projection::new(self.select, selection)
    }
}

/// A query that reads tuples.
#[must_use = "a query does nothing until it is run by `.all(…)`, `.one(…)` or another of its endings"]
pub struct Projection<E, T> {
    pub(crate) select: Select,
    pub(crate) read: fn(&mut dyn Row, &mut usize) -> Result<T>,
    marker: PhantomData<fn() -> E>,
}

impl<E, T> Clone for Projection<E, T> {
    fn clone(&self) -> Self {
        Projection { select: self.select.clone(), read: self.read, marker: PhantomData }
    }
}

impl<E, T: Send> Projection<E, T> {
    pub(crate) fn new<S: Selection<E, Output = T>>(mut select: Select, selection: S) -> Self {
        selection.push(&mut select.items);
        Self::reading(select, S::read)
    }

    /// A query whose items are there already.
    fn reading(select: Select, read: fn(&mut dyn Row, &mut usize) -> Result<T>) -> Self {
        Projection { select, read, marker: PhantomData }
    }

    /// The entity that it starts from.
    fn table(&self) -> Option<&'static TableMeta> {
        self.select.source.entity()
    }

    /// Adds a key to the order.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let titles = Book::find().select(Book.title).order(Book.pages.asc()).all(&mut db).await?;
    /// assert_eq!(titles, ["The Lathe of Heaven", "Solaris", "The Dispossessed"]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "order_by")]
    #[doc(alias = "sort")]
    pub fn order(mut self, order: impl RowOrder<E>) -> Self {
        self.select.order.push(order.into_order().into_key());
        self
    }

    /// At most so many rows.
    pub fn limit(mut self, limit: u64) -> Self {
        self.select.limit = Some(limit);
        self
    }

    /// Without the first so many rows.
    pub fn offset(mut self, offset: u64) -> Self {
        self.select.offset = Some(offset);
        self
    }

    /// Each different row once.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let names = Book::find().select(Book.author().name).distinct().all(&mut db).await?;
    /// assert_eq!(names.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn distinct(mut self) -> Self {
        self.select.distinct = true;
        self
    }

    /// The rows of both queries, each once. Order, limit and offset of this query are those of the whole (see
    /// [`Projection::order_by_place`]), those of the other are its own.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Book::find().filter(Book.pages.gt(200)).select(Book.title);
    /// let hers = Book::find().filter(Book.author().name.eq("Ursula")).select(Book.title);
    /// let titles = long.union(hers).order_by_place(1, false).all(&mut db).await?;
    /// assert_eq!(titles, ["Solaris", "The Dispossessed", "The Lathe of Heaven"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn union<F>(self, other: Projection<F, T>) -> Self {
        self.combined(SetOperator::Union, other)
    }

    /// The rows of both queries, one after the other.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let names = Author::find().select(Author.name).union_all(Book::find().select(Book.title));
    /// assert_eq!(names.all(&mut db).await?.len(), 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn union_all<F>(self, other: Projection<F, T>) -> Self {
        self.combined(SetOperator::UnionAll, other)
    }

    /// The rows that both queries give. It comes before other combinations: databases disagree on what binds more.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Book::find().filter(Book.pages.gt(200)).select(Book.title);
    /// let hers = Book::find().filter(Book.author().name.eq("Ursula")).select(Book.title);
    /// assert_eq!(long.intersect(hers).all(&mut db).await?, ["The Dispossessed"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn intersect<F>(self, other: Projection<F, T>) -> Self {
        self.combined(SetOperator::Intersect, other)
    }

    /// The rows that both queries give, each as often as both have it. **Dialects**: not SQLite.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Book::find().filter(Book.pages.gt(200)).select(Book.author_id);
    /// let named = Book::find().filter(Book.title.starts_with("The")).select(Book.author_id);
    /// assert_eq!(long.intersect_all(named).all(&mut db).await?, [Id::new(1)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn intersect_all<F>(self, other: Projection<F, T>) -> Self {
        self.combined(SetOperator::IntersectAll, other)
    }

    /// The rows that the other query does not give.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let all = Book::find().select(Book.title);
    /// let long = Book::find().filter(Book.pages.gt(200)).select(Book.title);
    /// assert_eq!(all.except(long).all(&mut db).await?, ["The Lathe of Heaven"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn except<F>(self, other: Projection<F, T>) -> Self {
        self.combined(SetOperator::Except, other)
    }

    /// As [`Projection::except`], but a row that this query gives more often than the other remains so many times more.
    /// **Dialects**: not SQLite.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Book::find().filter(Book.pages.gt(300)).select(Book.author_id);
    /// let rest = Book::find().select(Book.author_id).except_all(long).order_by_place(1, false);
    /// assert_eq!(rest.all(&mut db).await?, [Id::new(1), Id::new(2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn except_all<F>(self, other: Projection<F, T>) -> Self {
        self.combined(SetOperator::ExceptAll, other)
    }

    fn combined<F>(mut self, operator: SetOperator, other: Projection<F, T>) -> Self {
        self.select = first_part(self.select);
        self.select.combined.push((operator, other.select.bounded()));
        self
    }

    /// Orders combined queries by a column of the result; the first is at 1.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let names = Author::find().select(Author.name).union(Book::find().select(Book.title));
    /// let last = names.order_by_place(1, true).limit(1).all(&mut db).await?;
    /// assert_eq!(last, ["Ursula"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn order_by_place(mut self, place: u32, descending: bool) -> Self {
        self.select.order.push(OrderKey { expr: Expr::Number(place.into()), descending, nulls: Nulls::Native });
        self
    }

    /// All rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let titles: Vec<String> = Book::find().filter(Book.pages.gt(300)).select(Book.title).all(&mut db).await?;
    /// assert_eq!(titles, ["The Dispossessed"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says; `Kind::Decode` when a column does not fit.
    pub async fn all(self, executor: &mut impl Executor) -> Result<Vec<T>> {
        let (read, table) = (naming(self.read, &self.select), self.table());
        let mut sink = Collect { rows: Vec::new(), read };
        run(executor, self.select, &mut sink).await.map_err(|error| mapped_to(error, table))?;
        Ok(sink.rows)
    }

    /// The first row, if there is any.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longest = Book::find().select((Book.title, Book.pages)).order(Book.pages.desc()).first(&mut db).await?;
    /// assert_eq!(longest, Some(("The Dispossessed".to_string(), 341)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Projection::all`].
    pub async fn first(self, executor: &mut impl Executor) -> Result<Option<T>> {
        Ok(self.at_most(1).all(executor).await?.into_iter().next())
    }

    fn at_most(mut self, rows: u64) -> Self {
        self.select.limit = Some(self.select.limit.map_or(rows, |limit| limit.min(rows)));
        self
    }

    /// The one row, if there is any.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let name = Author::find().filter(Author.email.eq("stan@example.com")).select(Author.name);
    /// assert_eq!(name.optional(&mut db).await?.as_deref(), Some("Stanisław"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::TooManyRows` when there are several; as [`Projection::all`].
    pub async fn optional(self, executor: &mut impl Executor) -> Result<Option<T>> {
        single(self.at_most(2).all(executor).await?, "row")
    }

    /// The one row: always there where aggregates of all rows are selected.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let pages: Option<i32> = Book::find().select(Book.pages.max()).one(&mut db).await?;
    /// assert_eq!(pages, Some(341));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::NotFound` when there is none, `Kind::TooManyRows` when there are several; as [`Projection::all`].
    pub async fn one(self, executor: &mut impl Executor) -> Result<T> {
        self.optional(executor).await?.ok_or_else(|| not_found("row"))
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count(self, executor: &mut impl Executor) -> Result<u64> {
        let table = self.table();
        count(executor, self.select).await.map_err(|error| mapped_to(error, table))
    }

    /// Rows as they come, in portions.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut titles = Book::find().select(Book.title).order(Book.title.asc()).stream(&mut db);
    /// assert_eq!(titles.next().await?.as_deref(), Some("Solaris"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<'x>(self, executor: &'x mut impl Executor) -> Rows<'x, T>
    where
        T: 'x,
    {
        let (read, table) = (naming(self.read, &self.select), self.table());
        Rows::open(executor, self.select, read, table)
    }
}

impl<E, T> Subquery<T> for Projection<E, T> {
    fn into_select(self) -> Select {
        self.select
    }
}

impl<E, T> AnyQuery for Projection<E, T> {
    fn into_query(self) -> Select {
        self.select
    }
}

/// The first of combined queries. With a limit of its own it stands in the place of a table: what is said from here on is said
/// of the whole.
fn first_part(select: Select) -> Select {
    let limited = select.limit.is_some() || select.offset.is_some();
    let Some(columns) = NUMBERED.get(..select.items.len()).filter(|_| limited) else { return select };
    let items = columns.iter().map(|column| Item::Expr(Expr::Column(ColumnRef { path: Path::ROOT, column })));
    let (items, at) = (items.collect(), select.at);
    let (source, with) = inside(select);
    Select { with, items, at, ..Select::new(source) }
}

/// Names the entity in an error, if there is one.
pub(crate) fn mapped_to(error: relata_sql::Error, table: Option<&'static TableMeta>) -> relata_sql::Error {
    match table {
        Some(table) => mapped(error, table),
        None => error,
    }
}

/// Reads a row; an error says of which table's column the cell is, where it is one.
fn naming<T>(
    read: fn(&mut dyn Row, &mut usize) -> Result<T>,
    select: &Select,
) -> impl Fn(&mut dyn Row) -> Result<T> + use<T> {
    let column = |item: &Item| match item {
        Item::Expr(Expr::Column(column)) => Some((select.table_at(column.path)?, column.column)),
        _ => None,
    };
    let columns: Vec<_> = select.items.iter().map(column).collect();
    move |row| {
        let mut at = 0;
        read(row, &mut at).map_err(|error| match at.checked_sub(1).and_then(|index| columns.get(index)) {
            Some(Some((table, column))) => mapped(error.table(table.table).column(column.column), table),
            _ => error,
        })
    }
}
