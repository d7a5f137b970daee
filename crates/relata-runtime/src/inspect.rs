//! Looking at a statement without running it: its SQL and parameters for any database.

use relata_schema::Dialect;
use relata_sql::meta::TableMeta;
use relata_sql::render::{Rendered, Target, render};
use relata_sql::tree::{self, Conflict, Item, Select, Tree};
use relata_sql::{Result, Value};

use crate::aggregate::Projection;
use crate::change::{Bounded, Delete, Update};
use crate::entity::Entity;
use crate::find::Find;
use crate::insert::{ConditionalUpsert, InsertFrom, InsertMany, NewRow, Upsert};
use crate::join::{Joined, Scope};
use crate::load::Loads;
use crate::raw::Raw;
use crate::relation::{Load, Relation};

/// A statement that stands on its own.
#[derive(Debug)]
pub struct Whole(Kind);

#[derive(Debug)]
enum Kind {
    Select(Box<Select>),
    Update(tree::Update),
    Delete(tree::Delete),
    Insert(Box<WholeInsert>),
    Raw(std::borrow::Cow<'static, str>, Vec<Value>),
}

/// An `INSERT` with names of its own.
#[derive(Debug)]
pub(crate) struct WholeInsert {
    pub(crate) table: &'static TableMeta,
    pub(crate) columns: Vec<String>,
    pub(crate) values: Vec<Value>,
    pub(crate) rows: usize,
    pub(crate) query: Option<Box<Select>>,
    pub(crate) conflict: Option<Conflict>,
    pub(crate) returning: bool,
}

impl Whole {
    pub(crate) fn insert(insert: WholeInsert) -> Self {
        Whole(Kind::Insert(Box::new(insert)))
    }

    pub(crate) fn select(select: Select) -> Self {
        Whole(Kind::Select(Box::new(select)))
    }

    pub(crate) fn update(update: tree::Update) -> Self {
        Whole(Kind::Update(update))
    }

    pub(crate) fn delete(delete: tree::Delete) -> Self {
        Whole(Kind::Delete(delete))
    }

    pub(crate) fn raw(sql: std::borrow::Cow<'static, str>, params: Vec<Value>) -> Self {
        Whole(Kind::Raw(sql, params))
    }

    /// It changes rows, or may: of SQL of one's own only what begins with `SELECT` or `VALUES` is known not to.
    pub(crate) fn writes(&self) -> bool {
        match &self.0 {
            Kind::Select(select) => select.writes(),
            Kind::Update(_) | Kind::Delete(_) | Kind::Insert(_) => true,
            Kind::Raw(sql, _) => !crate::raw::only_reads(sql),
        }
    }

    /// Does something with the tree for this dialect.
    pub(crate) fn with_tree<T>(&mut self, dialect: Dialect, run: impl FnOnce(Tree<'_, '_>) -> T) -> T {
        match &mut self.0 {
            Kind::Select(select) => run(Tree::Select(select)),
            Kind::Update(update) => run(Tree::Update(update)),
            Kind::Delete(delete) => run(Tree::Delete(delete)),
            Kind::Insert(whole) => {
                let columns: Vec<&str> = whole.columns.iter().map(String::as_str).collect();
                let ignores = |known: &Conflict| known.update.is_empty() && known.assignments.is_empty();
                // MariaDB counts a row that it leaves alone as one: there the violation itself is the answer, for one row.
                let told = dialect == Dialect::Mysql && whole.rows == 1;
                let conflict = whole.conflict.take().filter(|known| !told || !ignores(known));
                run(Tree::Insert(&mut tree::Insert {
                    source: tree::Source::Entity(whole.table),
                    columns: &columns,
                    values: std::mem::take(&mut whole.values),
                    rows: whole.rows,
                    query: whole.query.take(),
                    conflict,
                    returning: whole.returning,
                    overriding: false,
                }))
            }
            Kind::Raw(sql, params) => run(Tree::Raw(sql, params)),
        }
    }

    /// The same where it gives back the rows that it writes.
    fn returning(mut self) -> Self {
        match &mut self.0 {
            Kind::Update(update) => update.returning = true,
            Kind::Delete(delete) => delete.returning = true,
            Kind::Insert(insert) => insert.returning = true,
            Kind::Select(_) | Kind::Raw(..) => {}
        }
        self
    }
}

/// A statement that can be looked at: queries, inserts, updates, deletes and SQL of one's own.
///
/// ```text
/// let shown = Post::find().filter(Post.title.eq("Hello")).to_sql(Dialect::Postgres)?;
/// assert_eq!(&*shown.sql, r#"SELECT "id", "title" FROM "posts" WHERE "title" = $1"#);
/// ```
pub trait Inspect: Sized {
    /// The statement as data.
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses a value of an update.
    fn into_whole(self) -> Result<Whole>;

    /// Its SQL and parameters on the usual server of a dialect (MariaDB for `Dialect::Mysql`). Relations to many rows,
    /// which `.with(…)` loads by statements of their own, are not part of it.
    ///
    /// # Errors
    /// `Kind::Unsupported` when the database cannot do it, and the hint names the alternative.
    fn to_sql(self, dialect: Dialect) -> Result<Rendered> {
        self.into_whole()?.with_tree(dialect, |tree| render(Target::new(dialect), tree))
    }

    /// As [`Inspect::to_sql`], of a statement that gives back the rows that it writes (`.returning(…)`).
    ///
    /// # Errors
    /// As [`Inspect::to_sql`].
    fn to_sql_returning(self, dialect: Dialect) -> Result<Rendered> {
        self.into_whole()?.returning().with_tree(dialect, |tree| render(Target::new(dialect), tree))
    }
}

impl<E: Entity, L: Loads<E>> Inspect for Find<E, L> {
    fn into_whole(mut self) -> Result<Whole> {
        self.prepared();
        Ok(Whole::select(*self.select))
    }
}

impl<R, T> Inspect for Projection<R, T> {
    fn into_whole(self) -> Result<Whole> {
        Ok(Whole::select(self.select))
    }
}

impl<S: Scope> Inspect for Joined<S> {
    fn into_whole(mut self) -> Result<Whole> {
        let items: &mut Vec<Item> = &mut self.select.items;
        S::items(items);
        Ok(Whole::select(self.select))
    }
}

impl<E: Entity, S: Bounded> Inspect for Update<E, S> {
    fn into_whole(self) -> Result<Whole> {
        self.statement(false).map(Whole::update)
    }
}

impl<E: Entity, S: Bounded> Inspect for Delete<E, S> {
    fn into_whole(self) -> Result<Whole> {
        Ok(self.whole())
    }
}

/// One new row, as `.insert(…)` sends it: the row is given back. (MySQL, which cannot, is asked for it by its key.)
impl<N: NewRow> Inspect for N {
    fn into_whole(self) -> Result<Whole> {
        self.into_draft().whole(None, true)
    }
}

/// As `.ignore(…)` sends it: an existing row stays as it is. MariaDB is sent the plain insert, and its refusal is the answer.
impl<E: Entity> Inspect for Upsert<E> {
    fn into_whole(self) -> Result<Whole> {
        self.whole()
    }
}

impl<E: Entity> Inspect for ConditionalUpsert<E> {
    fn into_whole(self) -> Result<Whole> {
        self.whole()
    }
}

/// As `.returning(…)` sends it, or with [`Inspect::to_sql`] without the rows. `.exec(…)` of many rows takes what is fastest
/// instead: COPY or arrays on PostgreSQL, a prepared statement for each row on SQLite.
impl<E: Entity> Inspect for InsertMany<E> {
    fn into_whole(self) -> Result<Whole> {
        self.whole(|_| None)
    }
}

impl<E: Entity> Inspect for Upsert<E, InsertMany<E>> {
    fn into_whole(self) -> Result<Whole> {
        self.whole_of_many()
    }
}

impl<E: Entity> Inspect for ConditionalUpsert<E, InsertMany<E>> {
    fn into_whole(self) -> Result<Whole> {
        self.whole_of_many()
    }
}

impl<E: Entity> Inspect for InsertFrom<E> {
    fn into_whole(self) -> Result<Whole> {
        Ok(self.whole())
    }
}

/// The statement that brings the rows of a relation, for one parent.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # fn main() -> relata::Result<()> {
/// let rendered = Author.books.filter(|book| book.pages.gt(300)).to_sql(relata::Dialect::Sqlite)?;
/// assert!(rendered.sql.ends_with(r#"FROM "books" WHERE "author_id" IN (?1) AND ("pages" > ?2)"#), "{}", rendered.sql);
/// # Ok(())
/// # }
/// ```
impl<M: Relation, N: Loads<M::To>> Inspect for Load<M, N> {
    fn into_whole(self) -> Result<Whole> {
        Ok(Whole::select(crate::load::statement(&self)))
    }
}

impl<T> Inspect for Raw<T> {
    fn into_whole(self) -> Result<Whole> {
        let (sql, params) = self.into_parts();
        Ok(Whole::raw(sql, params))
    }
}
