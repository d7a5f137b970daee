//! Facts and printers of each database. One folder a dialect, the same file names in each:
//!
//! - `types.rs`: reads the type a server reports into a [`ColumnType`]; writes a [`Type`] as the physical type.
//! - `print.rs`: the DDL of every object.
//! - `plan` lives in `relata-plan`: how a change is made.
//!
//! This file holds what can be asked without knowing which dialect it is.

pub mod mysql;
pub mod postgres;
pub mod sqlite;

use crate::model::{ObjectName, Schema};
use crate::tree::choice;
use crate::types::{ColumnType, Type};

choice! {
    /// A family of databases that share their SQL.
    pub enum Dialect {
        /// SQLite 3.
        Sqlite = "sqlite",
        /// PostgreSQL 13 and newer.
        Postgres = "postgres",
        /// MariaDB 10.6 and newer, MySQL 8.
        Mysql = "mysql",
    }
}

/// A declared type that a dialect cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// What is not supported.
    pub what: String,
    /// What to use instead.
    pub instead: String,
}

impl std::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.what, self.instead)
    }
}

impl Dialect {
    /// The name people know it by.
    pub const fn title(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
            Dialect::Mysql => "MariaDB",
        }
    }

    /// An identifier, always quoted.
    pub fn quote(self, name: &str) -> String {
        match self {
            Dialect::Sqlite | Dialect::Postgres => format!("\"{}\"", name.replace('"', "\"\"")),
            Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
        }
    }

    /// An identifier, quoted only where it must be: for SQL that people read.
    pub fn ident(self, name: &str) -> String {
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !self.is_reserved(name);
        if plain { name.to_string() } else { self.quote(name) }
    }

    /// A qualified name with [`Dialect::ident`] for its parts.
    pub fn qualified(self, name: &ObjectName) -> String {
        if name.namespace.is_empty() {
            self.ident(&name.name)
        } else {
            format!("{}.{}", self.ident(&name.namespace), self.ident(&name.name))
        }
    }

    /// A string literal.
    pub fn literal(self, text: &str) -> String {
        match self {
            // What carries a script elsewhere may turn the ends of its lines.
            Dialect::Postgres if text.contains('\r') => {
                format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''").replace('\r', "\\r"))
            }
            Dialect::Sqlite | Dialect::Postgres => format!("'{}'", text.replace('\'', "''")),
            Dialect::Mysql => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        }
    }

    /// The namespace of objects that name none.
    pub const fn default_namespace(self) -> &'static str {
        match self {
            Dialect::Postgres => "public",
            Dialect::Sqlite | Dialect::Mysql => "",
        }
    }

    /// A name in the default namespace.
    pub fn name(self, name: &str) -> ObjectName {
        ObjectName::new(self.default_namespace(), name)
    }

    /// The longest identifier: bytes on PostgreSQL, characters on MariaDB, none on SQLite.
    pub const fn identifier_limit(self) -> Option<usize> {
        match self {
            Dialect::Sqlite => None,
            Dialect::Postgres => Some(63),
            Dialect::Mysql => Some(64),
        }
    }

    /// Whether a word cannot be used as a plain identifier (any lower-case word; may err towards quoting).
    pub fn is_reserved(self, word: &str) -> bool {
        let words = match self {
            Dialect::Sqlite => sqlite::RESERVED,
            Dialect::Postgres => postgres::RESERVED,
            Dialect::Mysql => mysql::RESERVED,
        };
        words.binary_search(&word).is_ok()
    }

    /// Whether DDL can be rolled back.
    pub const fn transactional_ddl(self) -> bool {
        !matches!(self, Dialect::Mysql)
    }

    /// The physical type for a portable one.
    ///
    /// # Errors
    /// When the dialect has no type of that meaning; the error names what to use instead.
    pub fn physical(self, ty: &Type) -> Result<ColumnType, Unsupported> {
        let physical = match self {
            Dialect::Sqlite => sqlite::types::write(ty),
            Dialect::Postgres => postgres::types::write(ty),
            Dialect::Mysql => mysql::types::write(ty),
        }?;
        Ok(ColumnType::new(ty.clone(), physical))
    }

    /// A type as someone wrote it, or as the server reports it.
    pub fn reported(self, text: &str) -> ColumnType {
        match self {
            Dialect::Sqlite => sqlite::types::read(text),
            Dialect::Postgres => postgres::types::read(text),
            Dialect::Mysql => mysql::types::read(text),
        }
    }

    /// The statements that create everything in `schema`, in an order that works, each without final semicolon.
    pub fn create_all(self, schema: &Schema) -> Vec<String> {
        match self {
            Dialect::Sqlite => sqlite::print::create_all(schema),
            Dialect::Postgres => postgres::print::create_all(schema),
            Dialect::Mysql => mysql::print::create_all(schema),
        }
    }

    /// [`Dialect::create_all`] as one script that the database's own shell runs.
    pub fn script(self, schema: &Schema) -> String {
        self.join(&self.create_all(schema))
    }

    /// Joins statements into a script that the database's own shell runs (`DELIMITER` on MariaDB where needed).
    pub fn join(self, statements: &[String]) -> String {
        let mut out = String::new();
        for statement in statements {
            let compound = self == Dialect::Mysql && mysql::print::is_compound(statement);
            if compound {
                out.push_str("DELIMITER $$\n");
            }
            out.push_str(statement);
            // A comment at the end would swallow what ends the statement.
            let last = statement.lines().next_back().unwrap_or_default();
            if last.contains("--") || (self == Dialect::Mysql && last.contains('#')) {
                out.push('\n');
            }
            out.push_str(if compound { "$$\nDELIMITER ;\n" } else { ";\n" });
        }
        out
    }
}
