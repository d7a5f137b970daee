//! Looking at a statement without running it: its SQL and parameters for any database.

use relata_schema::Dialect;
use relata_sql::render::{Rendered, Target, render};
use relata_sql::tree::{self, Item, Select, Tree};
use relata_sql::{Result, Value};

use crate::aggregate::Projection;
use crate::change::{Bounded, Delete, Update};
use crate::entity::Entity;
use crate::find::Find;
use crate::join::{Joined, Scope};
use crate::load::Loads;
use crate::raw::Raw;

/// A statement that stands on its own.
#[derive(Debug)]
pub struct Whole(Kind);

#[derive(Debug)]
enum Kind {
    Select(Box<Select>),
    Update(tree::Update),
    Delete(tree::Delete),
    Raw(std::borrow::Cow<'static, str>, Vec<Value>),
}

impl Whole {
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
            Kind::Update(_) | Kind::Delete(_) => true,
            Kind::Raw(sql, _) => !crate::raw::only_reads(sql),
        }
    }

    /// The tree, to be rendered.
    pub(crate) fn tree(&mut self) -> Tree<'_, '_> {
        match &mut self.0 {
            Kind::Select(select) => Tree::Select(select),
            Kind::Update(update) => Tree::Update(update),
            Kind::Delete(delete) => Tree::Delete(delete),
            Kind::Raw(sql, params) => Tree::Raw(sql, params),
        }
    }
}

/// A statement that can be looked at: queries, updates, deletes and SQL of one's own.
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
        render(Target::new(dialect), self.into_whole()?.tree())
    }
}

impl<E: Entity, L: Loads<E>> Inspect for Find<E, L> {
    fn into_whole(mut self) -> Result<Whole> {
        self.prepared();
        Ok(Whole::select(self.select))
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

impl<T> Inspect for Raw<T> {
    fn into_whole(self) -> Result<Whole> {
        let (sql, params) = self.into_parts();
        Ok(Whole::raw(sql, params))
    }
}
