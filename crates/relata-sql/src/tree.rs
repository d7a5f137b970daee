//! Statements as data: what the builders fill in and the renderers read.
//!
//! Invariant: everything here can be rendered for every dialect, or is refused with an error that names the alternative.

mod spare;

use std::panic::Location;
use std::sync::Arc;

use relata_schema::model::ObjectName;

use crate::expr::{Expr, OrderKey};
use crate::meta::{Path, RelationMeta, TableMeta};
use crate::value::Value;

/// A table in a statement.
#[derive(Debug, Clone)]
pub enum Source {
    /// The table of an entity.
    Entity(&'static TableMeta),
    /// A table known only at run time.
    Named(ObjectName),
    /// What a query gives. Its columns keep their names if it selects one whole entity; else they are `c0`, `c1`, ….
    Query(Box<Select>),
    /// A common table expression of this name; its columns are `c0`, `c1`, ….
    Common(Arc<str>),
    /// What a function gives.
    Function(Box<RowsFunction>),
}

/// A function that gives rows. Its arguments may be columns of the tables before it.
#[derive(Debug, Clone)]
pub struct RowsFunction {
    /// The call: an [`Expr::Template`] or an [`Expr::Fragment`].
    pub call: Expr,
    /// What its columns are called.
    pub names: &'static [&'static str],
    /// How its columns are read on SQLite where that is not by their names, each with the true names in braces.
    pub sqlite: &'static [&'static str],
    /// The same on MariaDB.
    pub mysql: &'static [&'static str],
}

impl Source {
    /// The entity, if there is one.
    pub fn entity(&self) -> Option<&'static TableMeta> {
        match self {
            Source::Entity(meta) => Some(meta),
            _ => None,
        }
    }

    /// The call of a function that gives rows.
    fn call(&self) -> Option<&Expr> {
        match self {
            Source::Function(function) => Some(&function.call),
            _ => None,
        }
    }

    /// The entity whose columns can be read from it.
    pub fn columns(&self) -> Option<&'static TableMeta> {
        match self {
            Source::Entity(meta) => Some(meta),
            Source::Query(query) => match query.items[..] {
                [Item::Entity(_, meta)] => Some(meta),
                _ => None,
            },
            Source::Named(_) | Source::Common(_) | Source::Function(_) => None,
        }
    }
}

/// How a table is joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// Rows that fit.
    Inner,
    /// All rows so far, with those that fit.
    Left,
    /// All rows of the new table, with those that fit.
    Right,
    /// All rows of both.
    Full,
    /// Each with each.
    Cross,
}

/// A table that is joined without a relation.
#[derive(Debug, Clone)]
pub struct Join {
    /// How.
    pub kind: JoinKind,
    /// What.
    pub source: Source,
    /// Which rows fit.
    pub on: Option<Expr>,
    /// Its query reads columns of the tables before it.
    pub lateral: bool,
}

/// A query with a name, before the statement that reads it.
#[derive(Debug, Clone)]
pub struct CommonTable {
    /// Its name.
    pub name: Arc<str>,
    /// How many columns it has.
    pub columns: usize,
    /// Its rows.
    pub query: CommonQuery,
    /// It reads itself.
    pub recursive: bool,
    /// Whether the rows shall be kept or computed at each use; `None`: as the database likes.
    pub materialized: Option<bool>,
}

/// Where the rows of a query with a name come from.
#[derive(Debug, Clone)]
pub enum CommonQuery {
    /// A query. A recursive one reads itself in the part after the first.
    Rows(Box<Select>),
    /// What a statement that writes gives back (PostgreSQL).
    Written(Box<Written>),
}

/// A statement that writes, inside of a query.
#[derive(Debug, Clone)]
pub struct Written {
    /// The statement.
    pub write: Write,
    /// What it gives back of each row.
    pub returning: Vec<Expr>,
}

/// A statement that writes, with all that it needs.
#[derive(Debug, Clone)]
pub enum Write {
    /// An `INSERT` of the values of so many rows, or of what a query gives.
    Insert {
        /// Into which table.
        source: Source,
        /// Which columns.
        columns: Vec<String>,
        /// `columns.len()` values for each row.
        values: Vec<Value>,
        /// The rows that a query gives, instead of values.
        query: Option<Box<Select>>,
    },
    /// An `UPDATE`.
    Update(Update),
    /// A `DELETE`.
    Delete(Delete),
}

/// Subtotals beside the groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grouping {
    /// Of each beginning of the keys, down to the total.
    Rollup,
    /// Of each subset of the keys.
    Cube,
    /// Of these subsets, by the positions of the keys.
    Sets(Vec<Vec<usize>>),
}

/// Something that a `SELECT` gives.
#[derive(Debug, Clone)]
pub enum Item {
    /// All fields of the entity at a path.
    Entity(Path, &'static TableMeta),
    /// One expression.
    Expr(Expr),
}

/// Which rows of an entity with `soft_delete` are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those that are not deleted.
    #[default]
    Live,
    /// All.
    All,
    /// The deleted ones.
    Deleted,
}

/// A lock on the rows that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// Others may read with a lock, too.
    pub shared: bool,
    /// What to do about rows locked by others.
    pub wait: LockWait,
}

/// What to do about rows locked by others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LockWait {
    /// Wait for them.
    #[default]
    Wait,
    /// Leave them out.
    SkipLocked,
    /// Fail at once.
    NoWait,
}

/// The keys of parents.
#[derive(Debug, Clone)]
pub enum Keys {
    /// These.
    Values(Vec<Value>),
    /// Those that a query gives: cheaper than a list where every row of a table is a parent.
    Of(Box<Select>),
    /// All there are.
    All,
}

/// The related rows of many parents at once. The first item is the whole entity that the relation leads to; where that
/// does not hold the key of the parent, the key becomes the last column (see [`Batch::appends_key`]).
#[derive(Debug, Clone)]
pub struct Batch {
    /// Along which relation.
    pub relation: &'static RelationMeta,
    /// Of which parents.
    pub keys: Keys,
    /// At most so many for each parent.
    pub limit: Option<u64>,
    /// Without the first so many for each parent.
    pub offset: u64,
}

impl Batch {
    /// The parent's key is a column of its own at the end; else it is the field that refers to the parent.
    pub fn appends_key(&self) -> bool {
        let selected = self.relation.via.is_none() && self.relation.to_column < self.relation.to.selected;
        !selected || self.limit.is_some() || self.offset > 0
    }
}

/// A `SELECT`.
#[derive(Debug, Clone)]
pub struct Select {
    /// Queries with names.
    pub with: Vec<Arc<CommonTable>>,
    /// From where.
    pub source: Source,
    /// Joined to it without a relation, in this order.
    pub joins: Vec<Join>,
    /// What; empty: the number 1.
    pub items: Vec<Item>,
    /// Different rows only.
    pub distinct: bool,
    /// The first row only of those that agree in these.
    pub distinct_on: Vec<Expr>,
    /// Which rows.
    pub filter: Option<Expr>,
    /// Which groups.
    pub group_by: Vec<Expr>,
    /// Subtotals.
    pub grouping: Option<Grouping>,
    /// Which of the groups.
    pub having: Option<Expr>,
    /// In which order.
    pub order: Vec<OrderKey>,
    /// Only what comes after this place in the order.
    pub after: Option<Box<After>>,
    /// At most so many.
    pub limit: Option<u64>,
    /// Without the first so many.
    pub offset: Option<u64>,
    /// Rows marked as deleted.
    pub scope: Scope,
    /// Joined tables whose rows count even where they are marked as deleted; all of them where `scope` is not
    /// [`Scope::Live`].
    pub with_deleted: Vec<Path>,
    /// Where in the source it was begun, for reports.
    pub at: Option<&'static Location<'static>>,
    /// Locks.
    pub lock: Option<Lock>,
    /// For many parents at once.
    pub batch: Option<Batch>,
    /// Combined with these, one after the other. Order, limit and offset are those of the whole.
    pub combined: Vec<(SetOperator, Select)>,
}

/// A place in an order: the values of its keys at a row.
#[derive(Debug, Clone, PartialEq)]
pub struct After {
    /// Which order it belongs to ([`crate::keyset::order_digest`]).
    pub order: u32,
    /// The values.
    pub values: Vec<Value>,
    /// Which of the keys may be NULL; `None`: those that are declared so.
    pub nullable: Option<Vec<bool>>,
    /// What comes before it is meant, the nearest first.
    pub back: bool,
    /// By which number each value is sorted, where that is not by itself ([`crate::keyset::rank_in_enum`]); `None`: as is declared.
    pub ranks: Option<Vec<Option<Value>>>,
}

/// Queries in the place of tables, or to the right of a union: what is deeper is refused, rather than let the stack overflow.
pub const MOST_NESTED: usize = 50;

/// How the rows of two queries are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOperator {
    /// Those of both, each once.
    Union,
    /// Those of both.
    UnionAll,
    /// Those that both have, each once.
    Intersect,
    /// Those that both have, as often as both have them.
    IntersectAll,
    /// Those that the second has not, each once.
    Except,
    /// Those that the second has not, each as many times more as the first has it.
    ExceptAll,
}

impl SetOperator {
    /// Its SQL.
    pub const fn sql(self) -> &'static str {
        match self {
            SetOperator::Union => " UNION ",
            SetOperator::UnionAll => " UNION ALL ",
            SetOperator::Intersect => " INTERSECT ",
            SetOperator::IntersectAll => " INTERSECT ALL ",
            SetOperator::Except => " EXCEPT ",
            SetOperator::ExceptAll => " EXCEPT ALL ",
        }
    }
}

impl Select {
    /// Everything of a table, with nothing selected yet.
    pub const fn new(source: Source) -> Self {
        Select {
            with: Vec::new(),
            source,
            joins: Vec::new(),
            items: Vec::new(),
            distinct: false,
            distinct_on: Vec::new(),
            filter: None,
            group_by: Vec::new(),
            grouping: None,
            having: None,
            order: Vec::new(),
            after: None,
            limit: None,
            offset: None,
            scope: Scope::Live,
            with_deleted: Vec::new(),
            at: None,
            lock: None,
            batch: None,
            combined: Vec::new(),
        }
    }

    /// The entity at the end of a path.
    pub fn table_at(&self, path: Path) -> Option<&'static TableMeta> {
        match (path.relation(), path.place()?) {
            (Some((_, relation)), _) => Some(relation.to),
            (None, 0) => self.source.columns(),
            (None, place) => self.joins.get(place - 1)?.source.columns(),
        }
    }

    /// Every expression of this level, but for those inside of queries in it.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let items = self.items.iter().filter_map(|item| match item {
            Item::Expr(expr) => Some(expr),
            Item::Entity(..) => None,
        });
        items
            .chain(&self.distinct_on)
            .chain(&self.filter)
            .chain(&self.group_by)
            .chain(&self.having)
            .chain(self.order.iter().map(|key| &key.expr))
            .chain(self.joins.iter().filter_map(|join| join.on.as_ref()))
            .chain(self.sources().filter_map(Source::call))
    }

    /// What it reads: the root, then what is joined.
    fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.source).chain(self.joins.iter().map(|join| &join.source))
    }

    /// Visits what [`Select::exprs`] gives, in that order; what is not there costs nothing here.
    pub fn each_expr<'s>(&'s self, visit: &mut dyn FnMut(&'s Expr)) {
        for item in &self.items {
            if let Item::Expr(expr) = item {
                visit(expr);
            }
        }
        self.distinct_on.iter().for_each(&mut *visit);
        self.filter.iter().for_each(&mut *visit);
        self.group_by.iter().for_each(&mut *visit);
        self.having.iter().for_each(&mut *visit);
        self.order.iter().for_each(|key| visit(&key.expr));
        self.joins.iter().filter_map(|join| join.on.as_ref()).for_each(&mut *visit);
        self.sources().filter_map(Source::call).for_each(visit);
    }

    /// Calls `visit` with every expression of this level and of the queries that it reads from or is combined with.
    pub(crate) fn exprs_within<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        self.each_expr(visit);
        for source in self.sources() {
            if let Source::Query(query) = source {
                query.exprs_within(visit);
            }
        }
        self.combined.iter().for_each(|(_, select)| select.exprs_within(visit));
    }

    /// How many queries stand in each other, this one included. What is deeper than [`MOST_NESTED`] never comes to be, so that
    /// looking does not go deep either.
    fn nesting(&self) -> usize {
        let inside = self.sources().filter_map(|source| match source {
            Source::Query(query) => Some(query.nesting()),
            _ => None,
        });
        1 + inside.chain(self.combined.iter().map(|(_, select)| select.nesting())).max().unwrap_or_default()
    }

    /// The same, or one that is refused when it is rendered where more than [`MOST_NESTED`] queries stand in each other. Each
    /// query goes through this before it becomes a part of another.
    #[must_use]
    pub fn bounded(self) -> Select {
        if self.nesting() <= MOST_NESTED {
            return self;
        }
        let source = Source::Common("too_deep".into());
        Select { with: self.with, items: self.items, filter: Some(Expr::TooDeep), ..Select::new(source) }
    }

    /// It changes rows or locks them, and is no business of a replica.
    pub fn writes(&self) -> bool {
        let writes = |table: &Arc<CommonTable>| matches!(table.query, CommonQuery::Written(_));
        self.lock.is_some() || self.with.iter().any(writes)
    }

    /// Reads columns of the query around it.
    pub fn reads_outer(&self) -> bool {
        let of_sources = |source: &Source| matches!(source, Source::Query(query) if query.reads_outer());
        self.exprs().any(Expr::reads_outer)
            || self.joins.iter().any(|join| !join.lateral && of_sources(&join.source))
            || of_sources(&self.source)
            || self.combined.iter().any(|(_, select)| select.reads_outer())
    }
}

/// What to do when a row with the same key exists.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The columns of the key.
    pub target: Vec<String>,
    /// The columns that take their new value; without any, and without assignments: leave the row alone.
    pub update: Vec<String>,
    /// Other new values by column name.
    pub assignments: Vec<(String, Expr)>,
    /// Only rows that keep this are updated.
    pub filter: Option<Expr>,
}

impl Conflict {
    /// These columns take their new value where a row with the same key exists.
    pub const fn updating(target: Vec<String>, update: Vec<String>) -> Self {
        Conflict { target, update, assignments: Vec::new(), filter: None }
    }
}

/// An `INSERT`.
#[derive(Debug, Clone)]
pub struct Insert<'a> {
    /// Into which table.
    pub source: Source,
    /// Which columns.
    pub columns: &'a [&'a str],
    /// `columns.len()` values for each row.
    pub values: Vec<Value>,
    /// How many rows.
    pub rows: usize,
    /// The rows that a query gives, instead of values.
    pub query: Option<Box<Select>>,
    /// What to do when a row with the same key exists.
    pub conflict: Option<Conflict>,
    /// Give back the fields of the entity, or all columns.
    pub returning: bool,
    /// A number is given that the database else always makes. Of an entity that is known by its columns.
    pub overriding: bool,
}

/// An `UPDATE`.
#[derive(Debug, Clone)]
pub struct Update {
    /// Which table.
    pub source: Source,
    /// New values by column name.
    pub assignments: Vec<(String, Expr)>,
    /// Which rows.
    pub filter: Option<Expr>,
    /// Rows marked as deleted.
    pub scope: Scope,
    /// Give back the fields of the entity, or all columns, of each row as it then is.
    pub returning: bool,
}

/// A `DELETE`.
#[derive(Debug, Clone)]
pub struct Delete {
    /// From which table.
    pub source: Source,
    /// Which rows.
    pub filter: Option<Expr>,
    /// Rows marked as deleted.
    pub scope: Scope,
    /// Give back the fields of the entity, or all columns, of each row as it was.
    pub returning: bool,
}

/// A statement of any kind, to be rendered. Rendering moves its values out and leaves the rest as it was.
#[derive(Debug)]
pub enum Tree<'t, 'a> {
    /// A `SELECT`.
    Select(&'t mut Select),
    /// How many rows a `SELECT` gives.
    Count(&'t mut Select),
    /// An `INSERT`.
    Insert(&'t mut Insert<'a>),
    /// An `INSERT` of values that sends one array for each column, of these types, whatever the number of rows (PostgreSQL).
    InsertArrays(&'t mut Insert<'a>, &'t [String]),
    /// An `UPDATE`.
    Update(&'t mut Update),
    /// A `DELETE`.
    Delete(&'t mut Delete),
    /// SQL of the caller's, with `?` for each parameter (`??` for a question mark).
    Raw(&'a str, &'t mut [Value]),
}
