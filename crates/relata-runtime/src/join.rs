//! Queries over several tables that no relation connects: [`Joined`].
//!
//! Invariants
//! - The type of the query is the tuple of what each row gives: `Joined<(Post, Option<User>)>`. The same tuple is the
//!   root of its columns, so a column of a table that is not joined does not fit.
//! - A table whose row may be missing is an `Option` in that tuple, and its columns hold `Option`s: after a left join the
//!   new table, after a right join those before, after a full join all.
//! - Rows marked as deleted are left out of every table, also of those that keep rows without partner.

use std::marker::PhantomData;
use std::sync::Arc;

use relata_sql::Result;
use relata_sql::driver::Row;
use relata_sql::expr::Expr;
use relata_sql::meta::{MOST_JOINED, NUMBERED, Path};
use relata_sql::row::RowShape;
use relata_sql::tree::{CommonTable, Item, Join, JoinKind, Lock, LockWait, Scope as Deletion, Select, Source};
use relata_sql::typed::{AnyQuery, Having, Order, Pred, RowsOf};

use crate::aggregate::{GroupKeys, Projection, Selection, mapped_to};
use crate::cte::Cte;
use crate::entity::Entity;
use crate::executor::Executor;
use crate::find::{Collect, Find, count, run, single};
use crate::stream::Rows;

/// The constant beside an entity: `Post` as a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be joined",
    label = "expected an entity, such as `User`, a query without `.with(…)`, or a `cte(…)`",
    note = "along a relation nothing has to be joined: `.with(Post.author)` loads it, `.filter(Post.author().name.eq(…))` looks at it"
)]
pub trait Constant {
    /// Whose columns it holds.
    type Entity: Entity;
}

/// What can be joined: an entity by its constant (`User`), a query, a [`Cte`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be joined",
    label = "expected an entity, such as `User`, a query without `.with(…)`, or a `cte(…)`",
    note = "along a relation nothing has to be joined: `.with(Post.author)` loads it, `.filter(Post.author().name.eq(…))` looks at it"
)]
pub trait Joinable {
    /// What it is in the tuple.
    type Part: Part;
    /// Where its rows come from, and the named queries that it needs.
    fn into_source(self) -> (Source, Vec<Arc<CommonTable>>);
}

impl<C: Constant> Joinable for C {
    type Part = C::Entity;

    fn into_source(self) -> (Source, Vec<Arc<CommonTable>>) {
        (Source::Entity(C::Entity::TABLE), Vec::new())
    }
}

/// A query of whole rows: narrowed down before it is joined.
impl<E: Entity> Joinable for Find<E> {
    type Part = E;

    fn into_source(self) -> (Source, Vec<Arc<CommonTable>>) {
        let mut select = self.select;
        select.items = vec![Item::Entity(Path::ROOT, E::TABLE)];
        inside(*select)
    }
}

impl<R, T: RowShape> Joinable for Projection<R, T> {
    type Part = Derived<T>;

    fn into_source(self) -> (Source, Vec<Arc<CommonTable>>) {
        inside(self.select)
    }
}

/// The rows of a function.
impl<T: RowShape> Joinable for RowsOf<T> {
    type Part = Derived<T>;

    fn into_source(self) -> (Source, Vec<Arc<CommonTable>>) {
        (RowsOf::into_source(self), Vec::new())
    }
}

/// A query in the place of a table; its named queries come before the whole.
pub(crate) fn inside(mut select: Select) -> (Source, Vec<Arc<CommonTable>>) {
    let needs = std::mem::take(&mut select.with);
    (Source::Query(Box::new(select.bounded())), needs)
}

/// The rows of a query inside a query; `.0`, `.1`, … are its columns, or the column itself if it has one only.
pub struct Derived<T>(PhantomData<fn() -> T>);

/// One of the joined tables: `E`, `Option<E>` where the row may be missing, or the same of a [`Derived`].
pub trait Part: Sized + 'static {
    /// Its columns.
    type Columns<R: 'static>;
    /// What comes of it for each row.
    type Output: Send + Sync + 'static;
    /// The same where the row may be missing.
    type Outer: Part;

    /// Its columns at a place.
    fn columns<R: 'static>(path: Path) -> Self::Columns<R>;
    /// What to select of it.
    fn items(path: Path, items: &mut Vec<Item>);
    /// Reads it; `at` moves behind it.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read(row: &mut dyn Row, at: &mut usize) -> Result<Self::Output>;
}

impl<E: Entity> Part for E {
    type Columns<R: 'static> = E::Columns<R>;
    type Output = E;
    type Outer = Option<E>;

    fn columns<R: 'static>(path: Path) -> E::Columns<R> {
        E::columns(path)
    }

    fn items(path: Path, items: &mut Vec<Item>) {
        items.push(Item::Entity(path, E::TABLE));
    }

    fn read(row: &mut dyn Row, at: &mut usize) -> Result<E> {
        *at += E::TABLE.selected;
        E::decode(row, *at - E::TABLE.selected)
    }
}

impl<T: RowShape> Part for Derived<T> {
    type Columns<R: 'static> = T::Columns<R>;
    type Output = T;
    type Outer = Option<Derived<T>>;

    fn columns<R: 'static>(path: Path) -> T::Columns<R> {
        T::columns(path)
    }

    fn items(path: Path, items: &mut Vec<Item>) {
        let column = |column| relata_sql::expr::ColumnRef { path, column };
        items.extend(NUMBERED[..T::WIDTH].iter().map(|meta| Item::Expr(Expr::Column(column(meta)))));
    }

    fn read(row: &mut dyn Row, at: &mut usize) -> Result<T> {
        *at += T::WIDTH;
        T::read(row, *at - T::WIDTH)
    }
}

/// A part whose row may be missing.
pub trait Missable: Part {
    /// Its columns where the row may be missing.
    type OuterColumns<R: 'static>;
    /// Its columns at a place where the row may be missing.
    fn outer_columns<R: 'static>(path: Path) -> Self::OuterColumns<R>;
    /// The cells of a row, counted from its first, that are NULL only where the row is missing; of none: all of them.
    fn marks() -> (&'static [usize], usize);
}

impl<E: Entity> Missable for E {
    type OuterColumns<R: 'static> = E::OuterColumns<R>;

    fn outer_columns<R: 'static>(path: Path) -> E::OuterColumns<R> {
        E::outer_columns(path)
    }

    fn marks() -> (&'static [usize], usize) {
        (E::TABLE.key, E::TABLE.selected)
    }
}

impl<T: RowShape> Missable for Derived<T> {
    type OuterColumns<R: 'static> = T::OuterColumns<R>;

    fn outer_columns<R: 'static>(path: Path) -> T::OuterColumns<R> {
        T::outer_columns(path)
    }

    fn marks() -> (&'static [usize], usize) {
        (&[], T::WIDTH)
    }
}

/// `None` where the row is missing. Of a query inside the query that is a row of NULLs alone.
impl<P: Missable> Part for Option<P> {
    type Columns<R: 'static> = P::OuterColumns<R>;
    type Output = Option<P::Output>;
    type Outer = Self;

    fn columns<R: 'static>(path: Path) -> P::OuterColumns<R> {
        P::outer_columns(path)
    }

    fn items(path: Path, items: &mut Vec<Item>) {
        P::items(path, items);
    }

    fn read(row: &mut dyn Row, at: &mut usize) -> Result<Option<P::Output>> {
        let (marks, width) = P::marks();
        let null = |cell: usize| Ok::<_, relata_sql::Error>(matches!(row.cell(*at + cell)?, relata_sql::Cell::Null));
        let mut missing = true;
        for cell in 0..width {
            missing &= !(marks.is_empty() || marks.contains(&cell)) || null(cell)?;
        }
        if missing {
            *at += width;
            return Ok(None);
        }
        P::read(row, at).map(Some)
    }
}

/// The tables of a query: a tuple of [`Part`]s. It is the root of their columns, too.
pub trait Scope: Sized + 'static {
    /// The columns of each.
    type Columns<R: 'static>;
    /// What a row gives.
    type Output: Send + Sync + 'static;
    /// The same where each row may be missing.
    type Outer: Scope;

    /// The columns of each.
    fn columns<R: 'static>() -> Self::Columns<R>;
    /// What to select.
    fn items(items: &mut Vec<Item>);
    /// Reads a row.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read(row: &mut dyn Row, at: &mut usize) -> Result<Self::Output>;
}

/// The tables of a query with one more. Up to twelve tables are joined.
#[diagnostic::on_unimplemented(
    message = "no more tables can be joined to `{Self}`",
    label = "a query joins up to twelve tables",
    note = "join a query that joins some of them itself"
)]
pub trait Grow<P>: Scope {
    /// The tables.
    type Grown: Scope;
}

macro_rules! scopes {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Part),*> Scope for ($($name,)*) {
            type Columns<R: 'static> = ($($name::Columns<R>,)*);
            type Output = ($($name::Output,)*);
            type Outer = ($($name::Outer,)*);

            fn columns<R: 'static>() -> Self::Columns<R> {
                ($($name::columns(Path::joined($index)),)*)
            }

            fn items(items: &mut Vec<Item>) {
                $($name::items(Path::joined($index), items);)*
            }

            fn read(row: &mut dyn Row, at: &mut usize) -> Result<Self::Output> {
                Ok(($($name::read(row, at)?,)*))
            }
        }

    };
    ($($name:ident $index:tt),*; grows) => {
        scopes!($($name $index),*);

        impl<$($name: Part,)* More: Part> Grow<More> for ($($name,)*) {
            type Grown = ($($name,)* More,);
        }
    };
}
scopes!(A 0; grows);
scopes!(A 0, B 1; grows);
scopes!(A 0, B 1, C 2; grows);
scopes!(A 0, B 1, C 2, D 3; grows);
scopes!(A 0, B 1, C 2, D 3, E 4; grows);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5; grows);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6; grows);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7; grows);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8; grows);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9; grows);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10; grows);
scopes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

/// The columns of the tables `S`, seen from a query over them.
pub type ColumnsIn<S> = <S as Scope>::Columns<S>;
/// The columns of the tables `S`, for what is written outside of a closure: the allow-list of a search, say.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let columns = relata::join::columns::<(Book, Author)>();
/// let both = relata::Searchable::new().allow("title", columns.0.title).allow("name", columns.1.name);
/// let books = Book::find().join(Author, |(book, author)| book.author_id.eq(author.id));
/// let found = books.search(both.from_query("filter[name]=Ursula&sort=-title")?)?.all(&mut db).await?;
/// assert_eq!(found[0].0.title, "The Lathe of Heaven");
/// # Ok(())
/// # }
/// ```
pub fn columns<S: Scope>() -> ColumnsIn<S> {
    S::columns()
}

/// `S` and one table more.
pub type With<S, J> = <S as Grow<<J as Joinable>::Part>>::Grown;
/// `S` and one table more, whose row may be missing.
pub type WithOuter<S, J> = <S as Grow<<<J as Joinable>::Part as Part>::Outer>>::Grown;

/// A query over several tables; `S` is the tuple of them, and what each row gives.
#[must_use = "a query does nothing until it is run by `.all(…)`, `.one(…)` or another of its endings"]
pub struct Joined<S> {
    pub(crate) select: Select,
    marker: PhantomData<fn() -> S>,
}

impl<S> Clone for Joined<S> {
    fn clone(&self) -> Self {
        Joined { select: self.select.clone(), marker: PhantomData }
    }
}

/// A query that starts from anything that can be joined: a query inside the query, a [`Cte`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let per_author = Book::find().group_by(Book.author_id).select((Book.author_id, relata::count_rows()));
/// let busy = relata::from(per_author).filter(|(author,)| author.1.gt(1)).all(&mut db).await?;
/// assert_eq!(busy, [((Id::new(1), 2),)]);
/// # Ok(())
/// # }
/// ```
pub fn from<J: Joinable>(source: J) -> Joined<(J::Part,)> {
    let (source, needs) = source.into_source();
    let mut select = Select::new(source);
    select.with = needs;
    Joined { select, marker: PhantomData }
}

/// Adds named queries, each once.
pub(crate) fn need(with: &mut Vec<Arc<CommonTable>>, needs: Vec<Arc<CommonTable>>) {
    for table in needs {
        if !with.iter().any(|known| Arc::ptr_eq(known, &table)) {
            with.push(table);
        }
    }
}

impl<S: Scope> Joined<S> {
    fn grown<G: Scope>(
        mut self,
        kind: JoinKind,
        (source, needs): (Source, Vec<Arc<CommonTable>>),
        on: Option<Pred<G>>,
        lateral: bool,
    ) -> Joined<G> {
        debug_assert!(self.select.joins.len() < MOST_JOINED, "scopes have at most twelve tables");
        need(&mut self.select.with, needs);
        self.select.joins.push(Join { kind, source, on: on.map(Pred::into_expr), lateral });
        Joined { select: self.select, marker: PhantomData }
    }

    /// Joins a table: rows that fit together.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find()
    ///     .join(Author, |(book, author)| book.author_id.eq(author.id))
    ///     .join(Author, |(_, first, second)| first.id.lt(second.id));
    /// let rows: Vec<(Book, Author, Author)> = books.all(&mut db).await?;
    /// assert_eq!(rows[0].2.name, "Stanisław");
    /// # Ok(())
    /// # }
    /// ```
    pub fn join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<With<S, J>>) -> Pred<With<S, J>>,
    ) -> Joined<With<S, J>>
    where
        S: Grow<J::Part>,
    {
        let on = on(<With<S, J>>::columns());
        self.grown(JoinKind::Inner, table.into_source(), Some(on), false)
    }

    /// Joins a table: all rows so far, with `None` where no row of the new table fits.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let rows = Author::find()
    ///     .join(Book, |(author, book)| author.id.eq(book.author_id))
    ///     .left_join(Book, |(_, book, longer)| book.author_id.eq(longer.author_id).and(longer.pages.gt(book.pages)))
    ///     .filter(|(_, book, _)| book.title.eq("The Lathe of Heaven"));
    /// let (_, _, longer): (Author, Book, Option<Book>) = rows.one(&mut db).await?;
    /// assert_eq!(longer.unwrap().title, "The Dispossessed");
    /// # Ok(())
    /// # }
    /// ```
    pub fn left_join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<WithOuter<S, J>>) -> Pred<WithOuter<S, J>>,
    ) -> Joined<WithOuter<S, J>>
    where
        S: Grow<<J::Part as Part>::Outer>,
    {
        let on = on(<WithOuter<S, J>>::columns());
        self.grown(JoinKind::Left, table.into_source(), Some(on), false)
    }

    /// Joins a table: all rows of the new one, with `None` where no row before fits.
    pub fn right_join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<With<S::Outer, J>>) -> Pred<With<S::Outer, J>>,
    ) -> Joined<With<S::Outer, J>>
    where
        S::Outer: Grow<J::Part>,
    {
        let on = on(<With<S::Outer, J>>::columns());
        self.grown(JoinKind::Right, table.into_source(), Some(on), false)
    }

    /// Joins a table: all rows of both, with `None` where there is no partner. **Dialects**: not MariaDB.
    pub fn full_join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<WithOuter<S::Outer, J>>) -> Pred<WithOuter<S::Outer, J>>,
    ) -> Joined<WithOuter<S::Outer, J>>
    where
        S::Outer: Grow<<J::Part as Part>::Outer>,
    {
        let on = on(<WithOuter<S::Outer, J>>::columns());
        self.grown(JoinKind::Full, table.into_source(), Some(on), false)
    }

    /// Each row with each row of another table.
    pub fn cross_join<J: Joinable>(self, table: J) -> Joined<With<S, J>>
    where
        S: Grow<J::Part>,
    {
        self.grown(JoinKind::Cross, table.into_source(), None, false)
    }

    /// Joins a query that is run for each row so far and reads its columns by [`Column::outer`], or the rows of a function of its
    /// columns, such as `json_elements(post.tags)`.
    /// **Dialects**: of functions all; of queries PostgreSQL (and MySQL); elsewhere `Kind::Unsupported`, and [`Find::top_per`] does
    /// the usual job.
    pub fn join_lateral<J: Joinable>(self, query: impl FnOnce(ColumnsIn<S>) -> J) -> Joined<With<S, J>>
    where
        S: Grow<J::Part>,
    {
        let query = query(S::columns());
        self.grown(JoinKind::Inner, query.into_source(), None, true)
    }

    /// As [`Joined::join_lateral`], with `None` where the query gives no row.
    pub fn left_join_lateral<J: Joinable>(self, query: impl FnOnce(ColumnsIn<S>) -> J) -> Joined<WithOuter<S, J>>
    where
        S: Grow<<J::Part as Part>::Outer>,
    {
        let query = query(S::columns());
        self.grown(JoinKind::Left, query.into_source(), None, true)
    }

    /// Only rows that keep this; several filters must all hold.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find()
    ///     .join(Author, |(book, author)| book.author_id.eq(author.id))
    ///     .filter(|(book, author)| author.name.eq("Ursula").and(book.pages.lt(200)));
    /// assert_eq!(books.one(&mut db).await?.0.title, "The Lathe of Heaven");
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter(mut self, filter: impl FnOnce(ColumnsIn<S>) -> Pred<S>) -> Self {
        Expr::and_into(&mut self.select.filter, filter(S::columns()).into_expr());
        self
    }

    /// A filter that is there only if the value is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find().join(Author, |(book, author)| book.author_id.eq(author.id));
    /// let found = books.filter_some(Some("Ursula"), |(_, author), name| author.name.eq(name));
    /// assert_eq!(found.count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter_some<V>(self, value: Option<V>, filter: impl FnOnce(ColumnsIn<S>, V) -> Pred<S>) -> Self {
        match value {
            Some(value) => self.filter(|columns| filter(columns, value)),
            None => self,
        }
    }

    /// Adds a key to the order.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let rows = Book::find()
    ///     .join(Author, |(book, author)| book.author_id.eq(author.id))
    ///     .order(|(_, author)| author.name.asc())
    ///     .all(&mut db).await?;
    /// assert_eq!(rows[0].1.name, "Stanisław");
    /// # Ok(())
    /// # }
    /// ```
    pub fn order(mut self, order: impl FnOnce(ColumnsIn<S>) -> Order<S>) -> Self {
        self.select.order.push(order(S::columns()).into_key());
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
    pub fn distinct(mut self) -> Self {
        self.select.distinct = true;
        self
    }

    /// Also rows of the first table that are marked as deleted. For another table join `Post::find().with_deleted()`.
    pub fn with_deleted(mut self) -> Self {
        self.select.scope = Deletion::All;
        self
    }

    /// Locks the rows of all tables until the transaction ends. SQLite: `Kind::Unsupported`.
    pub fn for_update(mut self) -> Self {
        self.select.lock = Some(Lock { shared: false, wait: LockWait::Wait });
        self
    }

    /// Reads columns and expressions instead of the whole rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find().join(Author, |(book, author)| book.author_id.eq(author.id));
    /// let rows = books.filter(|(book, _)| book.pages.gt(300)).select(|(book, author)| (author.name, book.title));
    /// assert_eq!(rows.all(&mut db).await?, [("Ursula".to_string(), "The Dispossessed".to_string())]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn select<T: Selection<S>>(self, selection: impl FnOnce(ColumnsIn<S>) -> T) -> Projection<S, T::Output> {
        Projection::new(self.select, selection(S::columns()))
    }

    /// Groups the rows; `.select(…)` says what to read of each group.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let rows = Author::find()
    ///     .left_join(Book, |(author, book)| author.id.eq(book.author_id))
    ///     .group_by(|(author, _)| (author.id, author.name))
    ///     .order(|(author, _)| author.name.asc())
    ///     .select(|(author, book)| (author.name, book.id.count()));
    /// assert_eq!(rows.all(&mut db).await?, [("Stanisław".to_string(), 1), ("Ursula".to_string(), 2)]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn group_by<K: GroupKeys<S>>(mut self, keys: impl FnOnce(ColumnsIn<S>) -> K) -> JoinedGroups<S> {
        keys(S::columns()).push(&mut self.select.group_by);
        JoinedGroups { select: self.select, marker: PhantomData }
    }

    fn items(&mut self) {
        S::items(&mut self.select.items);
    }

    /// All rows.
    ///
    /// # Errors
    /// What the database says; `Kind::Decode` when a row does not fit; `Kind::Unsupported` when the database cannot join
    /// so.
    pub async fn all(mut self, executor: &mut impl Executor) -> Result<Vec<S::Output>> {
        self.items();
        let table = self.select.source.entity();
        let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| S::read(row, &mut 0) };
        run(executor, self.select, &mut sink).await.map_err(|error| mapped_to(error, table))?;
        Ok(sink.rows)
    }

    /// The first row in the order, if there is any.
    ///
    /// # Errors
    /// As [`Joined::all`].
    pub async fn first(self, executor: &mut impl Executor) -> Result<Option<S::Output>> {
        Ok(self.at_most(1).all(executor).await?.into_iter().next())
    }

    /// The one row, if there is any.
    ///
    /// # Errors
    /// `Kind::TooManyRows` when there are several; as [`Joined::all`].
    pub async fn optional(self, executor: &mut impl Executor) -> Result<Option<S::Output>> {
        single(self.at_most(2).all(executor).await?, "row")
    }

    fn at_most(mut self, rows: u64) -> Self {
        self.select.limit = Some(self.select.limit.map_or(rows, |limit| limit.min(rows)));
        self
    }

    /// The one row.
    ///
    /// # Errors
    /// `Kind::NotFound` when there is none, `Kind::TooManyRows` when there are several; as [`Joined::all`].
    pub async fn one(self, executor: &mut impl Executor) -> Result<S::Output> {
        self.optional(executor).await?.ok_or_else(|| crate::find::not_found("row"))
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// As [`Joined::all`].
    pub async fn count(mut self, executor: &mut impl Executor) -> Result<u64> {
        if self.select.distinct {
            // Whole rows would have columns of the same name twice.
            S::items(&mut self.select.items);
        }
        let table = self.select.source.entity();
        count(executor, self.select).await.map_err(|error| mapped_to(error, table))
    }

    /// Rows as they come, in portions.
    pub fn stream<'x>(mut self, executor: &'x mut impl Executor) -> Rows<'x, S::Output> {
        self.items();
        let table = self.select.source.entity();
        Rows::open(executor, self.select, |row| S::read(row, &mut 0), table)
    }
}

impl<S: Scope> AnyQuery for Joined<S> {
    fn into_query(self) -> Select {
        self.select
    }
}

/// Groups of joined rows.
#[must_use = "groups say nothing until `.select(…)`"]
pub struct JoinedGroups<S> {
    pub(crate) select: Select,
    marker: PhantomData<fn() -> S>,
}

impl<S: Scope> JoinedGroups<S> {
    /// Only groups that keep this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let busy = Author::find()
    ///     .join(Book, |(author, book)| author.id.eq(book.author_id))
    ///     .group_by(|(author, _)| author.name)
    ///     .having(|(_, book)| book.id.count().gt(1))
    ///     .select(|(author, _)| author.name);
    /// assert_eq!(busy.all(&mut db).await?, ["Ursula"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn having(mut self, having: impl FnOnce(ColumnsIn<S>) -> Having<S>) -> Self {
        Expr::and_into(&mut self.select.having, having(S::columns()).into_expr());
        self
    }

    /// Adds a key to the order of the groups.
    pub fn order(mut self, order: impl FnOnce(ColumnsIn<S>) -> Order<S>) -> Self {
        self.select.order.push(order(S::columns()).into_key());
        self
    }

    /// What to read of each group: its keys and aggregates.
    pub fn select<T: Selection<S>>(self, selection: impl FnOnce(ColumnsIn<S>) -> T) -> Projection<S, T::Output> {
        Projection::new(self.select, selection(S::columns()))
    }
}

/// A query over an entity with tables joined to it. The closures get the columns of each table in the order in which
/// they were joined, so that a table that is joined twice has two names.
///
/// ```text
/// let rows: Vec<(Post, Option<User>)> = Post::find()
///     .left_join(User, |(post, user)| post.author_id.eq(user.id))
///     .order(|(post, _)| post.id.asc())
///     .all(&mut db)
///     .await?;
/// ```
impl<E: Entity> Find<E> {
    fn alone(self) -> Joined<(E,)> {
        Joined { select: *self.select, marker: PhantomData }
    }

    /// As [`Joined::join`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find().join(Author, |(book, author)| book.author_id.eq(author.id));
    /// let rows: Vec<(Book, Author)> = books.order(|(book, _)| book.id.desc()).all(&mut db).await?;
    /// assert_eq!((&*rows[0].0.title, &*rows[0].1.name), ("Solaris", "Stanisław"));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "inner_join")]
    pub fn join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<(E, J::Part)>) -> Pred<(E, J::Part)>,
    ) -> Joined<(E, J::Part)> {
        self.alone().join(table, on)
    }

    /// As [`Joined::left_join`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Author::find().left_join(Book, |(author, book)| {
    ///     author.id.eq(book.author_id).and(book.pages.gt(300))
    /// });
    /// let rows: Vec<(Author, Option<Book>)> = long.order(|(author, _)| author.id.asc()).all(&mut db).await?;
    /// assert_eq!(rows[0].1.as_ref().unwrap().title, "The Dispossessed");
    /// assert!(rows[1].1.is_none()); // an author without long books
    /// # Ok(())
    /// # }
    /// ```
    pub fn left_join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<WithOuter<(E,), J>>) -> Pred<WithOuter<(E,), J>>,
    ) -> Joined<WithOuter<(E,), J>> {
        self.alone().left_join(table, on)
    }

    /// As [`Joined::right_join`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Book::find().right_join(Author, |(book, author)| {
    ///     book.author_id.eq(author.id).and(book.pages.gt(300))
    /// });
    /// let rows: Vec<(Option<Book>, Author)> = long.order(|(_, author)| author.id.asc()).all(&mut db).await?;
    /// assert!(rows[1].0.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn right_join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<(Option<E>, J::Part)>) -> Pred<(Option<E>, J::Part)>,
    ) -> Joined<(Option<E>, J::Part)> {
        self.alone().right_join(table, on)
    }

    /// As [`Joined::full_join`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Book::find().full_join(Author, |(book, author)| {
    ///     book.author_id.eq(author.id).and(book.pages.gt(300))
    /// });
    /// let rows: Vec<(Option<Book>, Option<Author>)> = long.all(&mut db).await?;
    /// assert_eq!(rows.len(), 4); // one pair, two books and an author alone
    /// # Ok(())
    /// # }
    /// ```
    pub fn full_join<J: Joinable>(
        self,
        table: J,
        on: impl FnOnce(ColumnsIn<WithOuter<(Option<E>,), J>>) -> Pred<WithOuter<(Option<E>,), J>>,
    ) -> Joined<WithOuter<(Option<E>,), J>> {
        self.alone().full_join(table, on)
    }

    /// As [`Joined::cross_join`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let rows: Vec<(Author, Book)> = Author::find().cross_join(Book).all(&mut db).await?;
    /// assert_eq!(rows.len(), 6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cross_join<J: Joinable>(self, table: J) -> Joined<(E, J::Part)> {
        self.alone().cross_join(table)
    }

    /// As [`Joined::join_lateral`].
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longest = Author::find().join_lateral(|(author,)| {
    ///     Book::find().filter(Book.author_id.eq(author.id.outer())).order(Book.pages.desc()).limit(1)
    /// });
    /// let rows: Vec<(Author, Book)> = longest.all(&mut db).await?;
    /// assert_eq!(rows.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join_lateral<J: Joinable>(self, query: impl FnOnce(ColumnsIn<(E,)>) -> J) -> Joined<(E, J::Part)> {
        self.alone().join_lateral(query)
    }

    /// As [`Joined::left_join_lateral`].
    pub fn left_join_lateral<J: Joinable>(
        self,
        query: impl FnOnce(ColumnsIn<(E,)>) -> J,
    ) -> Joined<WithOuter<(E,), J>> {
        self.alone().left_join_lateral(query)
    }
}

impl<T: RowShape> Joinable for Cte<T> {
    type Part = Derived<T>;

    fn into_source(self) -> (Source, Vec<Arc<CommonTable>>) {
        (&self).into_source()
    }
}

impl<T: RowShape> Joinable for &Cte<T> {
    type Part = Derived<T>;

    fn into_source(self) -> (Source, Vec<Arc<CommonTable>>) {
        (Source::Common(self.name.clone()), self.needs.clone())
    }
}
