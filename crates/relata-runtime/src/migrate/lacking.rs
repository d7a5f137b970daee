//! What a shadow lacks, and what has to be left out of a proof for it.
//!
//! A shadow's server may not have an extension, a role or the library of an external function that the target has. A
//! statement that needs one cannot be proved there. It is left out and named, with the statements after it that need what
//! it would have made; the rest is proved. Whatever else a statement is refused for is a failure of the proof.
//!
//! Told from the server's codes and its own English sentences: a server that speaks another language is told apart only by
//! code, and what cannot be told is a failure. Not on SQLite: its shadow is the same library as its target, and what one
//! lacks the other lacks too.

use relata_schema::script::{self, ScriptStatement};
use relata_schema::{Dialect, digest};
use relata_sql::Error;

use super::execute::excerpt;

/// What could not be proved, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unproved {
    /// What the shadow lacks: `extension postgis`, `role reporting`, `library geo`.
    pub lacks: String,
    /// The statements that were left out for it, each as its beginning.
    pub statements: Vec<String>,
}

impl std::fmt::Display for Unproved {
    /// `extension postgis (CREATE EXTENSION postgis)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.lacks)?;
        match self.statements.len() {
            0 => Ok(()),
            1 => write!(f, " ({})", self.statements[0]),
            more => write!(f, " ({}, and {} more statements)", self.statements[0], more - 1),
        }
    }
}

/// What a shadow was found to lack so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    /// What of it is behind: found while other migrations ran.
    known: Vec<String>,
    /// What was left out since.
    left_out: Vec<Unproved>,
}

impl Lacking {
    /// Nothing is known to lack.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.left_out.is_empty()
    }

    /// Hands over what was left out since the last time.
    pub fn take(&mut self) -> Vec<Unproved> {
        let left_out = std::mem::take(&mut self.left_out);
        for unproved in &left_out {
            if !self.known.contains(&unproved.lacks) {
                self.known.push(unproved.lacks.clone());
            }
        }
        left_out
    }

    /// Whether a refusal may be for something that lacks.
    pub(super) fn concerns(&self, dialect: Dialect, error: &Error) -> bool {
        lacks(dialect, error, "").is_some() || !self.is_empty() && is_undefined(dialect, error)
    }

    /// Leaves a statement out if it was refused for something that lacks.
    pub(super) fn leave_out(&mut self, dialect: Dialect, error: &Error, statement: &ScriptStatement) -> bool {
        let follows = || self.left_out.last().map(|unproved| &unproved.lacks).or(self.known.last()).cloned();
        let lacks =
            lacks(dialect, error, &statement.sql).or_else(|| is_undefined(dialect, error).then(follows).flatten());
        let Some(lacks) = lacks else { return false };
        let beginning = excerpt(&statement.sql);
        match self.left_out.iter_mut().find(|unproved| unproved.lacks == lacks) {
            Some(unproved) if unproved.statements.contains(&beginning) => {}
            Some(unproved) => unproved.statements.push(beginning),
            None => self.left_out.push(Unproved { lacks, statements: vec![beginning] }),
        }
        true
    }
}

/// What the server says that it lacks.
fn lacks(dialect: Dialect, error: &Error, sql: &str) -> Option<String> {
    let code = error.details().sqlstate.as_deref()?;
    let message = error.message();
    match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => postgres(code, message, sql),
        Dialect::Mysql => mysql(message, sql),
    }
}

/// Kinds of things of a server, not of a database, that a message of PostgreSQL names as missing.
const OF_SERVER: [&str; 5] = ["role", "language", "tablespace", "access method", "foreign-data wrapper"];

fn postgres(code: &str, message: &str, sql: &str) -> Option<String> {
    match code {
        // Before PostgreSQL 16 the file, since then the extension.
        "0A000" | "58P01" if message.contains("extension") => {
            let name = between(message, "extension \"").or_else(|| created_extension(sql))?;
            Some(format!("extension {name}"))
        }
        "42704" => OF_SERVER.iter().find_map(|kind| {
            let name = between(message, &format!("{kind} \""))?;
            message.ends_with("does not exist").then(|| format!("{kind} {name}"))
        }),
        "58P01" => between(message, "file \"").map(|name| format!("library {name}")),
        "42883" => between(message, "in file \"").map(|name| format!("library {name}")),
        _ => None,
    }
}

fn mysql(message: &str, sql: &str) -> Option<String> {
    let named = |kind: &str, before: &str| between(message, before).map(|name| format!("{kind} {name}"));
    let account = || message.starts_with("Can't find any matching row in the user table");
    named("library", "shared library '")
        .or_else(|| named("storage engine", "Unknown storage engine '"))
        .or_else(|| named("role", "Invalid role specification `"))
        .or_else(|| account().then(|| format!("the account of {}", excerpt(sql))))
}

/// What stands between `before` and the next quote.
fn between<'m>(message: &'m str, before: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(before)?;
    rest.split(['"', '\'', '`']).next().filter(|name| !name.is_empty())
}

fn created_extension(sql: &str) -> Option<&str> {
    let mut words = sql.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("EXTENSION")).skip(1);
    let word = words.find(|word| !["IF", "NOT", "EXISTS"].iter().any(|skip| word.eq_ignore_ascii_case(skip)))?;
    Some(word.trim_matches(['"', ';']))
}

/// Refused because something is not there that the statement names.
fn is_undefined(dialect: Dialect, error: &Error) -> bool {
    const POSTGRES: [&str; 6] = ["42704", "42883", "42P01", "42703", "3F000", "42P17"];
    const MYSQL: [&str; 3] = ["42S02", "42S22", "42000"];
    let code = error.details().sqlstate.as_deref().unwrap_or_default();
    match dialect {
        Dialect::Sqlite => false,
        Dialect::Postgres => POSTGRES.contains(&code),
        Dialect::Mysql => MYSQL.contains(&code) && error.message().contains("exist"),
    }
}

/// What was left out, for the digest of a proof.
pub(super) fn digest_of(unproved: &[Unproved]) -> String {
    let lines: String = unproved.iter().map(|one| format!("{}\n{}\n", one.lacks, one.statements.join("\n"))).collect();
    if lines.is_empty() { lines } else { digest::hex(&lines) }
}

/// Whether a statement may be left out at all: one that sets up the session or a transaction is not.
pub(super) fn may_be_left_out(dialect: Dialect, statement: &ScriptStatement) -> bool {
    dialect != Dialect::Sqlite && !script::words(dialect, &statement.sql, 1).is_empty()
}
