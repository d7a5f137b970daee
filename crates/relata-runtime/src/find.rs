//! [`Find`]: a query over an entity, from `Post::find()` to its rows.

mod reading;

use std::marker::PhantomData;
use std::panic::Location;

use relata_sql::driver::{ColumnInfo, Row, RowSink};
use relata_sql::expr::{AggregateFunction, BinaryOp, ColumnRef, Expr, Reached, Window, WindowFunction};
use relata_sql::meta::{NUMBERED, Path};
use relata_sql::render::Rendered;
use relata_sql::row::plain_cell;
use relata_sql::tree::{Item, Lock, LockWait, Scope, Select, Source, Tree};
use relata_sql::typed::{AnyQuery, Condition, RowOrder};
use relata_sql::{Answer, Error, Kind, Result, Value};

use crate::aggregate::{GroupKeys, Grouped, Projection, Selection};
use crate::entity::{Entity, mapped, root_column};
use crate::executor::{Attempted, Executor, Intent};
use crate::load::{Loads, Parents, Streams, load_each, load_into};
use crate::page::{Cursor, IntoCursor, Page, Side};
use crate::relation::{And, IntoLoad, Many, Rel, Relation};
use crate::soft_delete::SoftDeleted;
use crate::stream::Rows;
use crate::tree;

pub use reading::Lenient;
pub(crate) use reading::spelled;

/// A query over the rows of `E`, each with what `L` loads. It is run once; what is to be run again, or counted besides, is cloned before.
#[must_use = "a query does nothing until it is run by `.all(…)`, `.one(…)` or another of its endings"]
pub struct Find<E, L = ()> {
    /// In a place of its own: it is large, and a query is moved from method to method.
    pub(crate) select: Box<Select>,
    pub(crate) loads: L,
    /// There is one such row at most.
    unique: bool,
    marker: PhantomData<fn() -> E>,
}

impl<E, L: Clone> Clone for Find<E, L> {
    fn clone(&self) -> Self {
        let (select, loads) = (self.select.clone(), self.loads.clone());
        Find { select, loads, unique: self.unique, marker: PhantomData }
    }
}

impl<E: Entity> Find<E> {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let mut select = Select::boxed(E::TABLE);
        select.at = Some(Location::caller());
        Find { select, loads: (), unique: false, marker: PhantomData }
    }

    /// The row with a key.
    #[track_caller]
    pub(crate) fn keyed(filter: Expr) -> Self {
        let mut find = Find { unique: true, ..Self::new() };
        find.select.filter = Some(filter);
        find
    }
}

impl<E: Entity, L> Find<E, L> {
    /// Only rows that keep this; several filters must all hold.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let long = Book::find().filter(Book.pages.gt(200)).filter(Book.author().name.eq("Ursula")).all(&mut db).await?;
    /// assert_eq!(long[0].title, "The Dispossessed");
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter(mut self, filter: impl Condition<E>) -> Self {
        Expr::and_into(&mut self.select.filter, filter.into_pred().into_expr());
        self
    }

    /// A filter that is there only if the value is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let title = Some("Solaris"); // what was asked for, if anything was
    /// let books = Book::find().filter_some(title, |title| Book.title.eq(title)).all(&mut db).await?;
    /// assert_eq!(books.len(), 1);
    /// let all = Book::find().filter_some(None, |title: &str| Book.title.eq(title)).all(&mut db).await?;
    /// assert_eq!(all.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter_some<V, C: Condition<E>>(self, value: Option<V>, filter: impl FnOnce(V) -> C) -> Self {
        match value {
            Some(value) => self.filter(filter(value)),
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
    /// let books = Book::find().order(Book.author().name.asc()).order(Book.pages.desc()).all(&mut db).await?;
    /// let titles: Vec<&str> = books.iter().map(|book| &*book.title).collect();
    /// assert_eq!(titles, ["Solaris", "The Dispossessed", "The Lathe of Heaven"]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "order_by")]
    #[doc(alias = "sort")]
    pub fn order(mut self, order: impl RowOrder<E>) -> Self {
        self.select.order.push(order.into_order().into_key());
        self
    }

    /// Orders by a field that came from outside; only fields marked `#[sortable]` are accepted. `-title` is descending.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "books")]
    /// # pub struct Listed {
    /// #     #[id]
    /// #     pub id: Id<Listed>,
    /// #     #[sortable]
    /// #     pub title: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Listed::find().order_by_input("-title")?.all(&mut db).await?;
    /// assert_eq!(books[0].title, "The Lathe of Heaven");
    /// let error = Listed::find().order_by_input("pages").err().unwrap();
    /// assert_eq!(error.kind(), relata::Kind::UndefinedColumn);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedColumn` for any other name.
    pub fn order_by_input(mut self, field: &str) -> Result<Self> {
        let (name, descending) = field.strip_prefix('-').map_or((field, false), |name| (name, true));
        let columns = E::TABLE.columns.iter();
        let Some(column) = columns.clone().find(|column| column.sortable && column.field == name) else {
            let names: Vec<_> = columns.filter(|column| column.sortable).map(|column| column.field).collect();
            let error = Error::new(Kind::UndefinedColumn, format!("{} cannot be ordered by {name:?}", E::TABLE.entity));
            return Err(match names.is_empty() {
                true => error.hint("mark the fields that outside input may order by with #[sortable]"),
                false => error.hint(format!("use one of {}", names.join(", "))),
            });
        };
        let expr = crate::entity::root_column(column);
        self.select.order.push(relata_sql::expr::OrderKey { expr, descending, nulls: Default::default() });
        Ok(self)
    }

    /// At most so many rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longest = Book::find().order(Book.pages.desc()).limit(2).all(&mut db).await?;
    /// assert_eq!(longest.len(), 2);
    /// assert_eq!(longest[0].title, "The Dispossessed");
    /// # Ok(())
    /// # }
    /// ```
    pub fn limit(mut self, limit: u64) -> Self {
        self.select.limit = Some(limit);
        self
    }

    /// Without the first so many rows. For deep pages [`Find::after`] is faster.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let rest = Book::find().order(Book.pages.desc()).limit(10).offset(2).all(&mut db).await?;
    /// assert_eq!(rest.len(), 1);
    /// assert_eq!(rest[0].title, "The Lathe of Heaven");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "skip")]
    pub fn offset(mut self, offset: u64) -> Self {
        self.select.offset = Some(offset);
        self
    }

    /// Only what comes after this place in the order, which is that of the page that gave it; `None`: from the beginning.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = || Book::find().order(Book.title.asc()).limit(2);
    /// let first = books().page(&mut db).await?;
    /// let second = books().after(first.next).page(&mut db).await?;
    /// assert_eq!(second[0].title, "The Lathe of Heaven");
    /// assert!(second.next.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn after(mut self, cursor: impl IntoCursor) -> Self {
        self.select.after = cursor.into_cursor().map(|cursor: Cursor| cursor.place());
        self
    }

    /// Also rows that are marked as deleted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "notes", soft_delete)]
    /// # pub struct Note {
    /// #     #[id]
    /// #     pub id: Id<Note>,
    /// #     pub text: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, deleted_at TIMESTAMP);
    /// #     INSERT INTO notes VALUES (1, 'kept', NULL), (2, 'gone', '2026-01-01 00:00:00');").await?;
    /// assert_eq!(Note::find().count(&mut db).await?, 1);
    /// assert_eq!(Note::find().with_deleted().count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_deleted(mut self) -> Self {
        self.select.scope = Scope::All;
        self
    }

    /// Only rows that are marked as deleted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "notes", soft_delete)]
    /// # pub struct Note {
    /// #     #[id]
    /// #     pub id: Id<Note>,
    /// #     pub text: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, deleted_at TIMESTAMP);
    /// #     INSERT INTO notes VALUES (1, 'kept', NULL), (2, 'gone', '2026-01-01 00:00:00');").await?;
    /// let gone = Note::find().only_deleted().all(&mut db).await?;
    /// assert_eq!(gone[0].text, "gone");
    /// # Ok(())
    /// # }
    /// ```
    pub fn only_deleted(mut self) -> Self
    where
        E: SoftDeleted,
    {
        self.select.scope = Scope::Deleted;
        self
    }

    /// Locks the rows until the transaction ends. **Dialects**: SQLite: `Kind::Unsupported`, its writers are alone anyway; MariaDB
    /// locks the rows that are joined with them, too.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// transaction!(db, |tx| {
    ///     let book = Book::by_key(3).for_update().one(&mut tx).await?; // nobody else changes it meanwhile
    ///     Book::update(book.id).set(Book.pages.to(book.pages + 1)).exec(&mut tx).await
    /// })?;
    /// assert_eq!(Book::by_key(3).one(&mut db).await?.pages, 205);
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_update(mut self) -> Self {
        self.select.lock = Some(Lock { shared: false, wait: LockWait::Wait });
        self
    }

    /// Locks the rows against change until the transaction ends.
    pub fn for_share(mut self) -> Self {
        self.select.lock = Some(Lock { shared: true, wait: LockWait::Wait });
        self
    }

    /// Leaves out rows that others have locked; together with [`Find::for_update`] a queue in a table.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let taken = transaction!(db, |tx| {
    ///     Book::find().order(Book.id.asc()).limit(10).for_update().skip_locked().all(&mut tx).await
    /// })?;
    /// assert!(taken.len() <= 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn skip_locked(mut self) -> Self {
        let shared = self.select.lock.is_some_and(|lock| lock.shared);
        self.select.lock = Some(Lock { shared, wait: LockWait::SkipLocked });
        self
    }

    /// Fails at once if others have locked a row; together with [`Find::for_update`].
    pub fn no_wait(mut self) -> Self {
        let shared = self.select.lock.is_some_and(|lock| lock.shared);
        self.select.lock = Some(Lock { shared, wait: LockWait::NoWait });
        self
    }

    /// The first row only, in the order, of those that agree in these. **Dialects**: PostgreSQL alone; elsewhere
    /// `Kind::Unsupported`. The order must begin with the same columns.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longest = Book::find().distinct_on(Book.author_id).order(Book.author_id.asc()).order(Book.pages.desc());
    /// assert_eq!(longest.all(&mut db).await?.len(), 2); // the longest book of each author
    /// # Ok(())
    /// # }
    /// ```
    pub fn distinct_on(mut self, keys: impl GroupKeys<E>) -> Self {
        keys.push(&mut self.select.distinct_on);
        self
    }

    /// Of the rows that agree in these, the first so many in this order: the three newest posts of each author. Filters
    /// before it say which rows are ranked, filters after it narrow the result down.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longest = Book::find().top_per(Book.author_id, 1, Book.pages.desc()).order(Book.title.asc());
    /// let titles: Vec<String> = longest.all(&mut db).await?.into_iter().map(|book| book.title).collect();
    /// assert_eq!(titles, ["Solaris", "The Dispossessed"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the entity's key is not one field.
    pub fn top_per(mut self, keys: impl GroupKeys<E>, rows: u32, order: impl RowOrder<E>) -> Self {
        let table = E::TABLE;
        let [key] = table.key else { panic!("{} is ranked by its key, which is not one field", table.entity) };
        let mut ranked = std::mem::replace(&mut *self.select, Select::new(Source::Entity(table)));
        self.select.scope = ranked.scope;
        self.select.order = std::mem::take(&mut ranked.order);
        self.select.lock = ranked.lock.take();
        let mut partition = Vec::new();
        keys.push(&mut partition);
        let window = Window { partition, order: vec![order.into_order().into_key()], frame: None, exclude: None };
        let number = Expr::Over(Box::new(Expr::Window(WindowFunction::RowNumber, None)), Box::new(window));
        let key = root_column(&table.columns[*key]);
        ranked.items = vec![Item::Expr(key.clone()), Item::Expr(number)];
        let mut first = Select::new(Source::Query(Box::new(ranked.bounded())));
        let [found, place] = [0, 1].map(|at| ColumnRef { path: Path::ROOT, column: &NUMBERED[at] });
        first.items = vec![Item::Expr(Expr::Column(found))];
        first.filter = Some(Expr::Compare(place, BinaryOp::Le, Value::Int(rows.into())));
        self.select.filter = Some(Expr::InSelect(Box::new(key), Box::new(first)));
        self
    }

    /// Also every row that these rows lead to along a relation of the entity with itself, however far: a tree from its
    /// root, or the way up from a leaf. Circles end. Filters before it say where it starts, filters after it narrow the
    /// whole down.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "categories")]
    /// # #[has_many(children: Category.parent_id)]
    /// # pub struct Category {
    /// #     #[id]
    /// #     pub id: Id<Category>,
    /// #     #[references(Category)]
    /// #     pub parent_id: Option<Id<Category>>,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL,
    /// #         parent_id INTEGER REFERENCES categories (id));
    /// #     INSERT INTO categories VALUES (1, 'Books', NULL), (2, 'Novels', 1), (3, 'Space', 2);").await?;
    /// let tree = Category::by_key(1).reach(Category.children, None).all(&mut db).await?;
    /// assert_eq!(tree.len(), 3);
    /// let near = Category::by_key(1).reach(Category.children, 1).all(&mut db).await?; // one step at most
    /// assert_eq!(near.len(), 2);
    /// let path = Category::by_key(3).reach(Category.parent, None).order(Category.id.asc()).all(&mut db).await?;
    /// assert_eq!(path[0].name, "Books");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the entity's key is not one field.
    pub fn reach<M: Relation<From = E, To = E>>(mut self, _: Rel<E, M>, steps: impl Into<Option<u64>>) -> Self {
        let table = E::TABLE;
        let [key] = table.key else { panic!("{} is reached by its key, which is not one field", table.entity) };
        let plain = M::META.via.is_none() && M::META.further.is_empty() && M::META.only.is_none();
        assert!(plain, "{}.{} leads by more than one column and cannot be followed", table.entity, M::META.name);
        let steps = steps.into();
        let mut start = std::mem::replace(&mut *self.select, Select::new(Source::Entity(table)));
        let columns = [*key, M::META.from_column].map(|position| Item::Expr(root_column(&table.columns[position])));
        start.items = columns.into();
        if steps.is_some() {
            start.items.push(Item::Expr(Expr::Number(0)));
        }
        // What is said of the result stays with it.
        self.select.scope = start.scope;
        self.select.order = std::mem::take(&mut start.order);
        self.select.lock = start.lock.take();
        self.unique = false;
        let key = ColumnRef { path: Path::ROOT, column: &table.columns[*key] };
        let reached = Reached { relation: M::META, start, steps };
        self.select.filter = Some(Expr::Reached(key, Box::new(reached)));
        self
    }

    /// Loads a relation with each row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let authors = Author::find().with(Author.books).order(Author.id.asc()).all(&mut db).await?;
    /// assert_eq!(authors[0].books().len(), 2);
    /// let book = Book::by_key(3).with(Book.author).one(&mut db).await?;
    /// assert_eq!(book.author().name, "Stanisław");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with<X: IntoLoad<E>>(self, relation: X) -> Find<E, And<E, X, L>> {
        Find {
            select: self.select,
            loads: (relation.into_load(), self.loads),
            unique: self.unique,
            marker: PhantomData,
        }
    }

    /// Groups the rows; `.select(…)` says what to read of each group.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let groups = Book::find().group_by(Book.author_id);
    /// let longest = groups.select((Book.author_id, relata::count_rows(), Book.pages.max()));
    /// let rows = longest.order(Book.author_id.asc()).all(&mut db).await?;
    /// assert_eq!(rows, [(Id::new(1), 2, Some(341)), (Id::new(2), 1, Some(204))]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "having")]
    pub fn group_by(mut self, keys: impl GroupKeys<E>) -> Grouped<E> {
        keys.push(&mut self.select.group_by);
        Grouped::new(*self.select)
    }

    /// Reads columns and expressions instead of the whole entity.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let rows: Vec<(String, String)> = Book::find()
    ///     .filter(Book.pages.lt(300))
    ///     .order(Book.id.asc())
    ///     .select((Book.title, Book.author().name))
    ///     .all(&mut db).await?;
    /// assert_eq!(rows[0], ("The Lathe of Heaven".into(), "Ursula".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn select<S: Selection<E>>(self, selection: S) -> Projection<E, S::Output> {
        Projection::new(*self.select, selection)
    }

    /// How many rows there are.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// assert_eq!(Book::find().filter(Book.pages.gt(200)).count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says.
    pub async fn count(self, executor: &mut impl Executor) -> Result<u64> {
        count(executor, *self.select).await.map_err(|error| mapped(error, E::TABLE))
    }

    /// Whether there is any row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// assert!(Book::find().filter(Book.title.eq("Solaris")).exists(&mut db).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says.
    pub async fn exists(mut self, executor: &mut impl Executor) -> Result<bool> {
        self.select.limit = Some(self.select.limit.map_or(1, |limit| limit.min(1)));
        if self.select.after.is_none() {
            self.select.order.clear();
        }
        let mut found = Collect { rows: Vec::new(), read: |_: &mut dyn Row| Ok(()) };
        run(executor, *self.select, &mut found).await.map_err(|error| mapped(error, E::TABLE))?;
        Ok(!found.rows.is_empty())
    }
}

impl<E: Entity, L: Loads<E>> Find<E, L> {
    pub(crate) fn prepared(&mut self) {
        let rows = if self.unique { Some(1) } else { self.select.limit };
        self.prepared_for(rows);
    }

    /// Settles what is joined, for so many rows at most.
    pub(crate) fn prepared_for(&mut self, rows: Option<u64>) {
        self.loads.choose(rows);
        if self.select.items.capacity() == 0 {
            self.select.items.reserve_exact(2);
        }
        self.loads.items(Path::ROOT, &mut self.select.items);
        self.loads.with_deleted(Path::ROOT, false, &mut self.select.with_deleted);
        if self.select.scope == Scope::Live {
            self.loads.requires(Path::ROOT, true, &mut self.select.filter);
        }
    }

    /// All rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find().all(&mut db).await?;
    /// assert_eq!(books.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says; `Kind::Decode` when a row does not fit the struct.
    #[doc(alias = "load")]
    #[doc(alias = "get_results")]
    #[doc(alias = "fetch_all")]
    #[inline]
    pub fn all(mut self, executor: &mut impl Executor) -> impl Future<Output = Result<Vec<L::Output>>> {
        self.prepared();
        // What waits is boxed: it is large, and would be moved with every query, also where nothing is waited for.
        async move {
            let rendered = match self.all_now(executor) {
                Ok(rows) => {
                    self.select.leave();
                    return rows;
                }
                Err(rendered) => rendered,
            };
            Box::pin(self.all_later(executor, rendered)).await
        }
    }

    fn rows_at_first(&self) -> Vec<L::Output> {
        Vec::with_capacity(if self.unique { 1 } else { at_first::<L::Output>() })
    }

    /// All rows, if the database gives them at once: see [`Executor::query_now`].
    fn all_now(&mut self, executor: &mut dyn Executor) -> Attempted<Vec<L::Output>> {
        if L::ANY {
            return Err(None);
        }
        let rows = self.rows_at_first();
        let Find { select, loads, .. } = self;
        let mut sink = Collect { rows, read: |row: &mut dyn Row| loads.read(row, &mut 0) };
        match executor.query_now(select, &mut sink)? {
            Ok(()) => Ok(Ok(sink.rows)),
            Err(error) => Ok(Err(mapped(error, E::TABLE))),
        }
    }

    async fn all_later(mut self, executor: &mut dyn Executor, rendered: Option<Rendered>) -> Result<Vec<L::Output>> {
        let rows = self.rows_at_first();
        let Find { select, loads, .. } = &mut self;
        let parents = if loads.batches() { Parents::of(select, E::TABLE) } else { Parents::Some };
        let scope = select.scope;
        let mut sink = Collect { rows, read: |row: &mut dyn Row| loads.read(row, &mut 0) };
        let result = match L::ANY {
            true => run_in_place(executor, select, &mut sink).await,
            false => run_later(executor, select, rendered, &mut sink).await,
        };
        result.map_err(|error| mapped(error, E::TABLE))?;
        let mut rows = sink.rows;
        if loads.batches() || loads.may_lack(false) {
            load_into(loads, executor, (parents, scope), &mut rows).await?;
        }
        Ok(rows)
    }

    /// The rows, each below the one that leads to it along a relation of the entity with itself; siblings in the order of the
    /// query. A row is a root if no other of these rows leads to it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "categories")]
    /// # #[has_many(children: Category.parent_id)]
    /// # pub struct Category {
    /// #     #[id]
    /// #     pub id: Id<Category>,
    /// #     #[references(Category)]
    /// #     pub parent_id: Option<Id<Category>>,
    /// #     pub name: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL,
    /// #         parent_id INTEGER REFERENCES categories (id));
    /// #     INSERT INTO categories VALUES (1, 'Books', NULL), (2, 'Novels', 1), (3, 'Space', 2);").await?;
    /// let all = Category::find().order(Category.name.asc());
    /// let tree = all.tree(Category.children, &mut db).await?;
    /// let lines: Vec<String> = tree.walk().map(|node| format!("{} {}", node.depth(), node.name)).collect();
    /// assert_eq!(lines, ["0 Books", "1 Novels", "2 Space"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Decode` when rows lead to each other in a circle; as [`Find::all`].
    pub async fn tree<M>(self, _: Rel<E, M>, executor: &mut impl Executor) -> Result<tree::Tree<L::Output>>
    where
        M: Relation<From = E, To = E, Kind = Many>,
    {
        tree::Tree::of(self.all(executor).await?, M::META, L::entity)
    }

    /// The rows of several queries that do not depend on each other, in the order of the queries. On PostgreSQL all of
    /// them leave before the first answer is awaited, on one connection: a hundred rows by key take little longer than
    /// one. Elsewhere they run one after the other.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let found = relata::Find::all_of([3, 1].map(Book::by_key), &mut db).await?;
    /// assert_eq!(found[0][0].title, "Solaris");
    /// assert_eq!(found[1][0].title, "The Dispossessed");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Find::all`], of the first that fails; none of the rows are given then.
    pub async fn all_of(
        queries: impl IntoIterator<Item = Self>,
        executor: &mut impl Executor,
    ) -> Result<Vec<Vec<L::Output>>> {
        let (mut selects, loads) = Self::taken_apart(queries);
        let scopes: Vec<Scope> = selects.iter().map(|select| select.scope).collect();
        let mut collected: Vec<_> = loads
            .iter()
            .map(|loads| Collect { rows: Vec::new(), read: |row: &mut dyn Row| loads.read(row, &mut 0) })
            .collect();
        let intent = if selects.iter().any(Select::writes) { Intent::Write } else { Intent::Read };
        let mut sinks: Vec<&mut dyn RowSink> = Vec::with_capacity(collected.len());
        collected.iter_mut().for_each(|sink| sinks.push(sink));
        let result = executor.lease(intent).await?.query_all(&mut selects, &mut sinks).await;
        result.map_err(|(_, error)| mapped(error, E::TABLE))?;
        let mut found: Vec<_> = collected.into_iter().map(|sink| sink.rows).collect();
        let read = loads.iter().zip(scopes).zip(&mut found);
        let read = read.map(|((loads, scope), rows)| (loads, scope, rows));
        load_each::<E, L>(executor, read.collect()).await?;
        Ok(found)
    }

    fn taken_apart(queries: impl IntoIterator<Item = Self>) -> (Vec<Select>, Vec<L>) {
        let apart = |mut query: Self| {
            query.prepared();
            (*query.select, query.loads)
        };
        queries.into_iter().map(apart).unzip()
    }

    /// No more rows than these are read; the key's row is alone anyway.
    fn at_most(mut self, rows: u64) -> Self {
        if !self.unique {
            self.select.limit = Some(self.select.limit.map_or(rows, |limit| limit.min(rows)));
        }
        self
    }

    /// The first row in the order, if there is any.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longest = Book::find().order(Book.pages.desc()).first(&mut db).await?;
    /// assert_eq!(longest.unwrap().title, "The Dispossessed");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Find::all`].
    pub async fn first(self, executor: &mut impl Executor) -> Result<Option<L::Output>> {
        Ok(self.at_most(1).all(executor).await?.into_iter().next())
    }

    /// The one row, if there is any.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let nobody = Author::find().filter(Author.email.eq("nobody@example.com")).optional(&mut db).await?;
    /// assert!(nobody.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::TooManyRows` when there are several; as [`Find::all`].
    #[doc(alias = "fetch_optional")]
    pub async fn optional(self, executor: &mut impl Executor) -> Result<Option<L::Output>> {
        single(self.at_most(2).all(executor).await?, E::TABLE.entity)
    }

    /// The one row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let author = Author::find().filter(Author.email.eq("stan@example.com")).one(&mut db).await?;
    /// assert_eq!(author.name, "Stanisław");
    /// let error = Author::by_key(7).one(&mut db).await.unwrap_err();
    /// assert_eq!(error.kind(), relata::Kind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::NotFound` when there is none, `Kind::TooManyRows` when there are several; as [`Find::all`].
    #[doc(alias = "get_result")]
    #[doc(alias = "fetch_one")]
    pub async fn one(self, executor: &mut impl Executor) -> Result<L::Output> {
        let found = self.optional(executor).await?;
        found.ok_or_else(|| not_found(E::TABLE.entity))
    }

    /// One page in the order, and the cursor of the next. The key is added to the order, so that it is total.
    /// Without [`Find::limit`] a page has 50 rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let page = Book::find().order(Book.title.asc()).limit(2).page(&mut db).await?;
    /// assert_eq!(page.items.len(), 2);
    /// let link = page.next.unwrap().to_string(); // text for a URL
    /// let rest = Book::find().order(Book.title.asc()).limit(2).after(link.parse::<Cursor>()?).page(&mut db).await?;
    /// assert_eq!(rest.items.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` when the cursor belongs to another order; as [`Find::all`].
    pub async fn page(self, executor: &mut impl Executor /* .offset(40) */) -> Result<Page<L::Output>> {
        self.page_of(Side::After, executor).await
    }

    /// Rows as they come, in portions, for results that need not fit into memory.
    ///
    /// Relations to one come with the row. Those to many are not loaded by streams, which does not compile: page through the rows
    /// instead ([`Find::page`]), or stream the rows that the relation leads to. One that is `.batched()` is `Kind::Unsupported`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut pages = 0;
    /// let mut books = Book::find().stream(&mut db);
    /// while let Some(book) = books.next().await? {
    ///     pages += book.pages;
    /// }
    /// assert_eq!(pages, 729);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<'x>(mut self, executor: &'x mut impl Executor) -> Rows<'x, L::Output>
    where
        L: Streams + 'x,
        E: 'x,
    {
        // What can be joined is.
        self.prepared_for(Some(0));
        let loads = self.loads;
        if loads.batches() {
            return Rows::failed(Error::unsupported(
                "a stream cannot load what is said to be batched",
                "leave `.batched()` away, or use `.page(…)` in a loop: each page loads it by one statement",
            ));
        }
        let lacking = loads.may_lack(false);
        let read = move |row: &mut dyn Row| {
            let mut output = loads.read(row, &mut 0)?;
            // The row itself is whole: what it must have is joined to it.
            let _ = lacking && L::whole(&mut output);
            Ok(output)
        };
        Rows::open(executor, *self.select, read, Some(E::TABLE))
    }
}

/// The one row of those that were read.
pub(crate) fn single<T>(mut rows: Vec<T>, what: &str) -> Result<Option<T>> {
    if rows.len() > 1 {
        let message = format!("more than one {what} fits, where one was asked for");
        return Err(Error::new(Kind::TooManyRows, message).hint("narrow the filter, or use `.first(…)`"));
    }
    Ok(rows.pop())
}

pub(crate) fn not_found(what: &str) -> Error {
    Error::new(Kind::NotFound, format!("no {what} fits, where one had to"))
        .hint("use `.optional(…)` if there may be none")
}

impl<E: Entity> AnyQuery for Find<E> {
    fn into_query(self) -> Select {
        *self.select
    }
}

/// Collects what `read` makes of each row.
pub(crate) struct Collect<T, F> {
    pub(crate) rows: Vec<T>,
    pub(crate) read: F,
}

impl<T: Send, F: Fn(&mut dyn Row) -> Result<T> + Send> RowSink for Collect<T, F> {
    fn columns(&mut self, _: &[ColumnInfo]) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        match (self.read)(row) {
            Ok(value) => {
                self.rows.push(value);
                Ok(())
            }
            Err(error) => Err(at_row(error, self.rows.len())),
        }
    }
}

#[cold]
pub(crate) fn at_row(error: Error, read: usize) -> Error {
    error.context(format!("while reading row {}", read + 1))
}

/// Room for so many rows is made where nobody knows how many come, as the first row would make it.
const fn at_first<T>() -> usize {
    if size_of::<T>() <= 1024 { 4 } else { 1 }
}

/// Runs a query.
pub(crate) async fn run(executor: &mut dyn Executor, mut select: Select, sink: &mut dyn RowSink) -> Result<()> {
    run_in_place(executor, &mut select, sink).await
}

/// Runs a query, whose values are moved out of it.
pub(crate) fn run_in_place<'a>(
    executor: &'a mut dyn Executor,
    select: &'a mut Select,
    sink: &'a mut dyn RowSink,
) -> Answer<'a, ()> {
    let rendered = match executor.query_now(select, sink) {
        Ok(result) => return Answer::ready(result),
        Err(rendered) => rendered,
    };
    Answer::later(run_later(executor, select, rendered, sink))
}

/// Runs a query that [`Executor::query_now`] did not run.
async fn run_later(
    executor: &mut dyn Executor,
    select: &mut Select,
    rendered: Option<Rendered>,
    sink: &mut dyn RowSink,
) -> Result<()> {
    let intent = if select.writes() { Intent::Write } else { Intent::Read };
    let mut lease = executor.lease(intent).await?;
    if let Some(rendered) = rendered {
        return lease.query_rendered(rendered, false, sink).await;
    }
    lease.lookups().see(select);
    lease.query(Tree::Select(select), sink).await
}

/// Counts the rows of a query.
pub(crate) async fn count(executor: &mut dyn Executor, mut select: Select) -> Result<u64> {
    let shaped = !select.group_by.is_empty() || !select.combined.is_empty() || !select.distinct_on.is_empty();
    let narrowed = select.limit.is_some() || select.offset.is_some() || select.after.is_some();
    let whole = narrowed || select.distinct || shaped;
    select.lock = None;
    let intent = if select.writes() { Intent::Write } else { Intent::Read };
    let mut lease = executor.lease(intent).await?;
    lease.lookups().see(&select);
    let tree = if whole {
        Tree::Count(&mut select)
    } else {
        select.order.clear();
        select.items = vec![Item::Expr(Expr::Aggregate(AggregateFunction::Count, None, false))];
        Tree::Select(&mut select)
    };
    let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| plain_cell::<u64>(row, 0) };
    lease.query(tree, &mut sink).await?;
    Ok(sink.rows.pop().unwrap_or_default())
}
