//! Statement trees to SQL: one writer, and small questions to the dialect where databases differ.
//!
//! Invariants
//! - Parameters are pushed in the order of their placeholders; no value is ever written into the text, but for `LIMIT`.
//! - Equal shapes give equal texts, whatever the values: lists are padded to a power of two (or are one array).
//! - Identifiers are always quoted. Columns are qualified by alias (`t0`, `t1`, …) only where more than one table is read.

mod expr;
mod select;
mod write;

use relata_schema::Dialect;

use crate::driver::ServerInfo;
use crate::error::{Error, Kind, Result};
use crate::meta::{Path, TableMeta};
use crate::tree::{Delete, Insert, Select, Source, Update};
use crate::value::Value;

/// For which server to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its dialect.
    pub dialect: Dialect,
    /// It gives back inserted rows: all but MySQL.
    pub returning: bool,
}

impl Target {
    /// The usual server of a dialect (MariaDB for [`Dialect::Mysql`]).
    pub const fn new(dialect: Dialect) -> Self {
        Target { dialect, returning: true }
    }

    /// This server.
    pub fn of(dialect: Dialect, server: &ServerInfo) -> Self {
        Target {
            dialect,
            returning: dialect != Dialect::Mysql || (server.product == "MariaDB" && server.number >= 100_500),
        }
    }
}

/// SQL with its parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// SQL.
    pub sql: String,
    /// One value for each placeholder.
    pub params: Vec<Value>,
}

/// Renders a `SELECT`.
///
/// # Errors
/// `Kind::Unsupported` when the database cannot do it; the hint names the alternative.
pub fn select(target: Target, select: Select) -> Result<Rendered> {
    let mut writer = Writer::new(target);
    writer.select(select)?;
    Ok(writer.finish())
}

/// Renders `SELECT COUNT(*)` over the rows of a `SELECT`.
///
/// # Errors
/// As [`select`].
pub fn count(target: Target, select: Select) -> Result<Rendered> {
    let mut writer = Writer::new(target);
    writer.push("SELECT COUNT(*) FROM (");
    writer.select(select)?;
    writer.push(") AS counted");
    Ok(writer.finish())
}

/// Renders an `INSERT`.
///
/// # Errors
/// As [`select`].
pub fn insert(target: Target, insert: Insert<'_>) -> Result<Rendered> {
    let mut writer = Writer::new(target);
    writer.insert(insert)?;
    Ok(writer.finish())
}

/// Renders an `UPDATE`.
///
/// # Errors
/// As [`select`]; `Kind::Declaration` when rows are found through relations and the entity has no key.
pub fn update(target: Target, update: Update) -> Result<Rendered> {
    let mut writer = Writer::new(target);
    writer.update(update)?;
    Ok(writer.finish())
}

/// Renders a `DELETE`.
///
/// # Errors
/// As [`update`].
pub fn delete(target: Target, delete: Delete) -> Result<Rendered> {
    let mut writer = Writer::new(target);
    writer.delete(delete)?;
    Ok(writer.finish())
}

/// Renders SQL of the caller's, with `?` for each parameter (`??` for a question mark).
///
/// # Errors
/// `Kind::Parameters` when the numbers of placeholders and of parameters differ.
pub fn raw(target: Target, sql: &str, params: Vec<Value>) -> Result<Rendered> {
    let mut writer = Writer::new(target);
    writer.raw(sql, params)?;
    Ok(writer.finish())
}

/// The tables that one query level reads: the root and what is joined.
struct Level {
    /// The number of the root's alias; the joined ones follow.
    first: usize,
    /// The joined paths, parents first.
    joins: Vec<Path>,
    /// Columns must say whose they are.
    qualified: bool,
}

struct Writer {
    target: Target,
    sql: String,
    params: Vec<Value>,
    levels: Vec<Level>,
    next_alias: usize,
}

impl Writer {
    fn new(target: Target) -> Self {
        Writer { target, sql: String::with_capacity(256), params: Vec::new(), levels: Vec::new(), next_alias: 0 }
    }

    fn finish(self) -> Rendered {
        Rendered { sql: self.sql, params: self.params }
    }

    fn dialect(&self) -> Dialect {
        self.target.dialect
    }

    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn number(&mut self, number: u64) {
        let mut digits = [0u8; 20];
        let mut at = digits.len();
        let mut rest = number;
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.sql.extend(digits[at..].iter().map(|digit| char::from(*digit)));
    }

    fn ident(&mut self, name: &str) {
        let quote = if self.dialect() == Dialect::Mysql { '`' } else { '"' };
        self.sql.push(quote);
        if name.contains(quote) {
            self.sql.push_str(&name.replace(quote, if quote == '`' { "``" } else { "\"\"" }));
        } else {
            self.sql.push_str(name);
        }
        self.sql.push(quote);
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
        self.qualified_name(meta.namespace, meta.table);
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Entity(meta) => self.table(meta),
            Source::Named(name) => self.qualified_name(&name.namespace, &name.name),
        }
    }

    fn param(&mut self, value: Value) {
        self.params.push(value);
        match self.dialect() {
            Dialect::Sqlite => {
                self.push("?");
                self.number(self.params.len() as u64);
            }
            Dialect::Postgres => {
                self.push("$");
                self.number(self.params.len() as u64);
            }
            Dialect::Mysql => self.push("?"),
        }
    }

    fn alias(&mut self, number: usize) {
        self.push("t");
        self.number(number as u64);
    }

    /// SQL of the caller's: `?` outside of quotes and comments becomes a placeholder, `??` a question mark.
    fn raw(&mut self, sql: &str, params: Vec<Value>) -> Result<()> {
        let given = params.len();
        let mut params = params.into_iter();
        let mut wanted = 0;
        let mut rest = sql;
        while let Some(at) = rest.find(['?', '\'', '"', '`', '-', '/']) {
            self.push(&rest[..at]);
            rest = &rest[at..];
            let skipped = quoted_length(rest);
            if skipped > 0 {
                self.push(&rest[..skipped]);
                rest = &rest[skipped..];
            } else if rest.starts_with("??") {
                self.push("?");
                rest = &rest[2..];
            } else {
                wanted += 1;
                self.param(params.next().unwrap_or_default());
                rest = &rest[1..];
            }
        }
        self.push(rest);
        if wanted == given {
            return Ok(());
        }
        let message = format!("the SQL has {wanted} placeholders, but {given} parameters were given");
        Err(Error::new(Kind::Parameters, message).sql(sql).hint("write ?? for a question mark that is no placeholder"))
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
mod tests;
