//! Statement trees to SQL: one writer, and small questions to the dialect where databases differ.
//!
//! Invariants
//! - Parameters are pushed in the order of their placeholders; no value is ever written into the text, but for `LIMIT`.
//! - Equal shapes give equal texts, whatever the values: lists are padded to a power of two (or are one array).
//! - The tree is read in one order only, whether its text or the key of its shape is written (see [`ShapeCache`]).
//! - Identifiers are always quoted. Columns are qualified by alias (`t0`, `t1`, …) only where more than one table is read.

mod assigned;
mod cache;
mod call;
mod conflict;
mod expr;
mod grouped;
mod join;
mod json;
mod out;
mod select;
mod simple;
mod window;
mod write;

use std::sync::Arc;

use relata_schema::Dialect;

use crate::driver::ServerInfo;
use crate::error::{Error, Kind, Result};
use crate::expr::DEEPEST;
use crate::meta::{Path, TableMeta};
use crate::tree::{Source, Tree};
use crate::value::Value;

pub use cache::{Known, ShapeCache};
pub use conflict::told;
use out::{Out, Text};

/// For which server to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its dialect.
    pub dialect: Dialect,
    /// It gives back inserted rows: all but MySQL.
    pub returning: bool,
    /// A query in a join may read the tables before it: PostgreSQL and MySQL.
    pub lateral: bool,
}

impl Target {
    /// How many parameters a statement may have.
    pub const fn most_parameters(self) -> usize {
        match self.dialect {
            Dialect::Sqlite => 32_766,
            Dialect::Postgres | Dialect::Mysql => 65_535,
        }
    }

    /// The usual server of a dialect (MariaDB for [`Dialect::Mysql`]).
    pub const fn new(dialect: Dialect) -> Self {
        Target { dialect, returning: true, lateral: matches!(dialect, Dialect::Postgres) }
    }

    /// MySQL rather than MariaDB, as far as rendering must know: it gives back no rows.
    const fn is_mysql(self) -> bool {
        matches!(self.dialect, Dialect::Mysql) && !self.returning
    }

    /// This server.
    pub fn of(dialect: Dialect, server: &ServerInfo) -> Self {
        Target {
            dialect,
            returning: dialect != Dialect::Mysql || (server.product == "MariaDB" && server.number >= 100_500),
            lateral: dialect == Dialect::Postgres || (server.product == "MySQL" && server.number >= 80_014),
        }
    }
}

/// SQL with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// SQL.
    pub sql: Arc<str>,
    /// One value for each placeholder.
    pub params: Vec<Value>,
}

/// Renders a statement. Its values are moved out of the tree, which keeps its shape. Where the same shapes come again
/// and again a [`ShapeCache`] does it without building the text.
///
/// # Errors
/// `Kind::Unsupported` when the database cannot do it, and the hint names the alternative; `Kind::Parameters` when SQL of
/// the caller's has another number of placeholders than of parameters.
pub fn render(target: Target, mut tree: Tree<'_, '_>) -> Result<Rendered> {
    let mut writer = Writer::new(target, Text(String::with_capacity(256)), Scratch::default());
    writer.tree(&mut tree)?;
    let (Text(sql), params, _) = writer.finish();
    Ok(Rendered { sql: sql.into(), params })
}

/// The tables that one query level reads: the root and what is joined.
struct Level {
    /// The number of the root's alias; the joined ones follow: first those without a relation, then the others.
    first: usize,
    /// The entities of the root, and of what is joined without a relation.
    tables: Tables,
    /// The paths joined along relations, parents first.
    joins: Vec<Path>,
    /// Those of them that may come before what leads to them: conditions or the order are about them, or nothing is limited.
    asked: Vec<Path>,
    /// Columns must say whose they are.
    qualified: bool,
    /// Joined rows that are marked as deleted count: of all tables, or of these.
    all_rows: bool,
    with_deleted: Vec<Path>,
}

/// The entities whose columns can be read at a level.
#[derive(Default)]
struct Tables {
    root: Option<&'static TableMeta>,
    joined: Vec<Option<&'static TableMeta>>,
    /// The places of functions that give rows, and how their columns are read.
    functions: Vec<(usize, FunctionColumns)>,
}

/// The names of a function's columns, and how they are read where that is not by their names.
type FunctionColumns = (&'static [&'static str], &'static [&'static str]);

/// How a column is read.
enum Reading {
    Name(&'static str),
    /// Names in braces with SQL around them.
    Form(&'static str),
}

impl Tables {
    /// How a numbered column is read: as [`FunctionColumns`] say, or by its name.
    fn numbered(&self, place: usize, number: usize) -> Option<Reading> {
        let (_, (names, read)) = self.functions.iter().find(|(at, _)| *at == place)?;
        match read.get(number) {
            Some(form) => Some(Reading::Form(form)),
            None => names.get(number).map(|name| Reading::Name(name)),
        }
    }

    fn at(&self, place: usize) -> Option<Option<&'static TableMeta>> {
        if place == 0 { Some(self.root) } else { self.joined.get(place - 1).copied() }
    }
}

/// What a writer needs while it writes, kept from statement to statement.
#[derive(Default)]
struct Scratch {
    levels: Vec<Level>,
}

struct Writer<O> {
    target: Target,
    out: O,
    params: Vec<Value>,
    levels: Vec<Level>,
    next_alias: usize,
    depth: usize,
    /// An UPDATE or DELETE is being written for MySQL, which refuses a subquery over the table that it writes, unless it
    /// is materialized first.
    materializes: bool,
}

impl<O: Out> Writer<O> {
    fn new(target: Target, out: O, mut scratch: Scratch) -> Self {
        // A statement that was refused half-way may have left some.
        scratch.levels.clear();
        Writer { target, out, params: Vec::new(), levels: scratch.levels, next_alias: 0, depth: 0, materializes: false }
    }

    fn finish(self) -> (O, Vec<Value>, Scratch) {
        (self.out, self.params, Scratch { levels: self.levels })
    }

    fn tree(&mut self, tree: &mut Tree<'_, '_>) -> Result<()> {
        self.statement(tree)?;
        if self.params.len() <= self.target.most_parameters() {
            return Ok(());
        }
        let (given, most) = (self.params.len(), self.target.most_parameters());
        let message = format!("the statement has {given} parameters, and the database takes {most}");
        Err(Error::new(Kind::Parameters, message).hint(
            "insert many rows by `insert_many`, look many values up in portions, or by `.in_query(…)` in a table of them",
        ))
    }

    fn statement(&mut self, tree: &mut Tree<'_, '_>) -> Result<()> {
        match tree {
            Tree::Select(select) => self.select(select),
            Tree::Count(select) => {
                self.push("SELECT COUNT(*) FROM (");
                self.select(select)?;
                self.push(") AS counted");
                Ok(())
            }
            Tree::Insert(insert) => self.insert(insert, None),
            Tree::InsertArrays(insert, types) => self.insert(insert, Some(types)),
            Tree::Update(update) => self.update(update),
            Tree::Delete(delete) => self.delete(delete),
            Tree::Raw(sql, params) => self.raw(sql, params),
        }
    }

    fn dialect(&self) -> Dialect {
        self.target.dialect
    }

    fn push(&mut self, sql: &'static str) {
        self.out.text(sql);
    }

    fn number(&mut self, number: u64) {
        self.out.number(number);
    }

    fn ident(&mut self, name: &str) {
        self.out.ident(self.target.dialect, name);
    }

    fn name(&mut self, name: &'static str) {
        self.out.name(self.target.dialect, name);
    }

    fn idents<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        for (index, name) in names.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.ident(name);
        }
    }

    fn qualified_name(&mut self, namespace: &str, name: &str) {
        if !namespace.is_empty() {
            self.ident(namespace);
            self.push(".");
        }
        self.ident(name);
    }

    fn table(&mut self, meta: &TableMeta) {
        if !meta.namespace.is_empty() {
            self.name(meta.namespace);
            self.push(".");
        }
        self.name(meta.table);
    }

    /// The table of a statement that writes, or one that a query reads by its name.
    fn source(&mut self, source: &Source) -> Result<()> {
        match source {
            Source::Entity(meta) => self.table(meta),
            Source::Named(name) => self.qualified_name(&name.namespace, &name.name),
            Source::Common(name) => self.ident(name),
            Source::Query(_) | Source::Function(_) => {
                return Err(Error::new(Kind::Internal, "what a query gives cannot be written to"));
            }
        }
        Ok(())
    }

    /// A placeholder for a value, which is moved out of the tree.
    fn param(&mut self, value: &mut Value) {
        self.given(std::mem::take(value));
    }

    /// A placeholder for a value that the renderer made.
    fn given(&mut self, value: Value) {
        self.params.push(value);
        self.out.placeholder(self.target.dialect, self.params.len());
    }

    /// Placeholders with commas between, for values and for some more.
    fn list(&mut self, values: impl ExactSizeIterator<Item = Value>, more: impl ExactSizeIterator<Item = Value>) {
        self.out.placeholders(self.target.dialect, self.params.len() + 1, values.len() + more.len());
        self.params.extend(values.chain(more));
    }

    fn alias(&mut self, number: usize) {
        self.out.alias(number);
    }

    /// SQL of the caller's: `?` outside of quotes and comments becomes a placeholder, `??` a question mark.
    fn raw(&mut self, sql: &str, params: &mut [Value]) -> Result<()> {
        let given = params.len();
        let mut params = params.iter_mut().map(std::mem::take);
        let mut wanted = 0;
        let mut rest = sql;
        while let Some(at) = rest.find(['?', '\'', '"', '`', '-', '/']) {
            self.out.foreign(&rest[..at]);
            rest = &rest[at..];
            let skipped = quoted_length(rest);
            if skipped > 0 {
                self.out.foreign(&rest[..skipped]);
                rest = &rest[skipped..];
            } else if rest.starts_with("??") {
                self.push("?");
                rest = &rest[2..];
            } else {
                wanted += 1;
                self.given(params.next().unwrap_or_default());
                rest = &rest[1..];
            }
        }
        self.out.foreign(rest);
        if wanted == given {
            return Ok(());
        }
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let were = if given == 1 { "was" } else { "were" };
        let (wanted, given) = (counted(wanted, "placeholder"), counted(given, "parameter"));
        let message = format!("the SQL has {wanted}, but {given} {were} given");
        let hint = match sql.contains("$1") {
            true => "a placeholder is ? on every database, not $1",
            false => "write ?? for a question mark that is no placeholder",
        };
        Err(Error::new(Kind::Parameters, message).sql(sql).hint(hint))
    }
}

/// How many bytes at the beginning of `sql` are a quoted text, a comment or a lone `-` or `/`; 0 at a `?`.
fn quoted_length(sql: &str) -> usize {
    let after = |end: &str, from: usize| sql[from..].find(end).map_or(sql.len(), |at| from + at + end.len());
    match sql.as_bytes() {
        [b'?', ..] => 0,
        [b'-', b'-', ..] => after("\n", 2),
        [b'/', b'*', ..] => after("*/", 2),
        [b'\'', ..] => after("'", 1),
        [b'"', ..] => after("\"", 1),
        [b'`', ..] => after("`", 1),
        _ => 1,
    }
}

#[cfg(test)]
pub(crate) mod tests;
