//! Loading a script into a shadow database without touching anything else on its server.
//!
//! What creates, drops or enters another database, or makes roles of the whole server, is left out with a note: the
//! shadow database takes its place, also where names are qualified with the database that the script enters or creates. A
//! script that enters two, or a statement that would write to yet another database by a qualified name, is refused. Rows that follow a `COPY` are no
//! part of a schema and are left out too.

use std::path::Path;

use relata_schema::script::{self, ScriptStatement};
use relata_schema::{Diagnostic, Dialect};
use relata_sql::driver::Statement;
use relata_sql::{Error, Kind, Result};

use crate::commands::query;
use crate::shadow::{Shadow, shorten};

/// Runs the statements of a script; gives notes about those that were left out.
pub async fn load(shadow: &mut Shadow, path: &Path, text: &str) -> Result<Vec<Diagnostic>> {
    let dialect = shadow.dialect();
    let mut diagnostics = if dialect == Dialect::Postgres { commands(path, text)? } else { Vec::new() };
    let others = other_databases(shadow).await?;
    let mut own = Own::default();
    for mut statement in script::statements(dialect, text) {
        let place = format!("{}:{}", path.display(), statement.line);
        let words = script::words(dialect, &statement.sql, 3);
        if dialect == Dialect::Mysql {
            own.meet(&statement.sql).map_err(|error| error.context(place.clone()))?;
        }
        if let Some(name) = &own.name {
            statement.sql = script::unqualify(dialect, &statement.sql, name);
        }
        let rows = statement.data.is_some().then(|| "the rows of COPY are left out: a schema has none".to_string());
        let left_out = left_out(dialect, &words);
        let left_out = left_out.map(|what| format!("{what} is left out: a shadow database takes its place"));
        if let Some(message) = rows.or(left_out) {
            diagnostics.push(Diagnostic::new(
                "source-left-out",
                relata_schema::Severity::Note,
                format!("{place}: {message}"),
            ));
            continue;
        }
        if let Some(other) = writes_elsewhere(dialect, &words, &statement, &others) {
            return Err(Error::new(
                Kind::Unsupported,
                format!("{place}: the statement reaches into the database {other}"),
            )
            .hint("leave the database's name out of the script")
            .hint("or name a server without that database: --shadow URL"));
        }
        let ran = shadow.connection()?.execute(Statement::once(&statement.sql, &[])).await;
        ran.map_err(|error| {
            let error = if error.details().sql.is_none() { error.sql(shorten(&statement.sql)) } else { error };
            error.context(format!("{place}: the shadow database refused a statement"))
        })?;
    }
    Ok(diagnostics)
}

/// What psql would do beside the SQL: entering another database is left out, as `USE` is; what would be missed is refused.
fn commands(path: &Path, text: &str) -> Result<Vec<Diagnostic>> {
    let mut notes = Vec::new();
    for missed in script::missed_commands(text) {
        let place = format!("{}:{}", path.display(), missed.line);
        if !matches!(missed.name(), "c" | "connect") {
            let message = format!("{place}: {} is a command of psql, not SQL", missed.text);
            return Err(Error::new(Kind::Unsupported, message).hint(missed.instead));
        }
        let message = format!("{place}: {} is left out: a shadow database takes its place", missed.text);
        notes.push(Diagnostic::new("source-left-out", relata_schema::Severity::Note, message));
    }
    Ok(notes)
}

/// MariaDB: the database that a script enters, or that it creates; the shadow database stands for it.
#[derive(Default)]
struct Own {
    name: Option<String>,
    entered: bool,
}

impl Own {
    /// Reads `USE name` and `CREATE DATABASE [IF NOT EXISTS] name`; other statements say nothing.
    ///
    /// # Errors
    /// `Kind::Unsupported` when a second database is entered.
    fn meet(&mut self, sql: &str) -> Result<()> {
        let tokens = script::tokens(Dialect::Mysql, sql);
        let is =
            |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is(word)));
        let name = |at: usize| tokens.get(at).and_then(script::Token::name).map(String::from);
        if is(0, &["USE"]) {
            let Some(entered) = name(1) else { return Ok(()) };
            if let Some(before) = self.name.as_ref().filter(|before| self.entered && **before != entered) {
                let message = format!("the script goes into a second database, from {before} to {entered}");
                return Err(Error::new(Kind::Unsupported, message)
                    .hint("a schema is one database: leave in the script what belongs to one of them"));
            }
            *self = Own { name: Some(entered), entered: true };
        } else if !self.entered && is(0, &["CREATE"]) && is(1, &["DATABASE", "SCHEMA"]) {
            let said = |at: &usize| !is(*at, &["IF", "NOT", "EXISTS"]);
            self.name = (2..tokens.len()).filter(said).find_map(name);
        }
        Ok(())
    }
}

/// What a statement is that does not belong into one database.
fn left_out(dialect: Dialect, words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let first_two = || Some(words[..2].join(" "));
    match (dialect, words.as_slice()) {
        (Dialect::Sqlite, ["ATTACH" | "DETACH" | "VACUUM", ..]) => Some(words[0].to_string()),
        (Dialect::Mysql, ["USE", ..]) => Some("USE".to_string()),
        (Dialect::Mysql, ["CREATE" | "DROP" | "ALTER", "DATABASE" | "SCHEMA" | "USER" | "ROLE", ..]) => first_two(),
        (Dialect::Postgres, ["CREATE" | "DROP" | "ALTER", "DATABASE" | "ROLE" | "USER" | "TABLESPACE", ..]) => {
            first_two()
        }
        _ => None,
    }
}

async fn other_databases(shadow: &mut Shadow) -> Result<Vec<String>> {
    if shadow.dialect() != Dialect::Mysql {
        return Ok(Vec::new());
    }
    let sql = "SELECT schema_name FROM information_schema.schemata WHERE schema_name <> database()";
    let rows = query::run(shadow.connection()?, sql, &[]).await?;
    Ok(rows.rows.iter().flatten().filter_map(query::text).collect())
}

/// The other database that a writing statement names, if it names one.
fn writes_elsewhere<'o>(
    dialect: Dialect,
    words: &[String],
    statement: &ScriptStatement,
    others: &'o [String],
) -> Option<&'o String> {
    const WRITING: &[&str] =
        &["ALTER", "CREATE", "DELETE", "DROP", "INSERT", "LOAD", "RENAME", "REPLACE", "TRUNCATE", "UPDATE"];
    if others.is_empty() || !words.first().is_some_and(|word| WRITING.contains(&word.as_str())) {
        return None;
    }
    let sql = script::flatten(dialect, &statement.sql);
    others.iter().find(|other| {
        sql.contains(&format!("`{other}`."))
            || sql.split([' ', '(', ',']).any(|word| word.starts_with(&format!("{other}.")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_the_server_are_left_out() {
        let words = |sql: &str| script::words(Dialect::Mysql, sql, 3);
        assert_eq!(left_out(Dialect::Mysql, &words("drop database if exists x")).as_deref(), Some("DROP DATABASE"));
        assert_eq!(left_out(Dialect::Mysql, &words("use `x`")).as_deref(), Some("USE"));
        assert_eq!(left_out(Dialect::Postgres, &words("create schema x")), None);
        assert_eq!(left_out(Dialect::Sqlite, &words("create table x (y)")), None);
    }

    #[test]
    fn a_script_is_of_one_database() {
        let read = |script: &str| {
            let mut own = Own::default();
            for sql in script.split(';') {
                if let Err(error) = own.meet(sql) {
                    return error.to_string().split(" [").next().unwrap_or_default().to_string();
                }
            }
            own.name.unwrap_or_default()
        };
        for (script, expected) in [
            (
                "CREATE DATABASE /*!32312 IF NOT EXISTS*/ `Shop` /*!40100 DEFAULT CHARACTER SET utf8 */; USE `Shop`",
                "Shop",
            ),
            ("CREATE DATABASE /*!32312 IF NOT EXISTS*/ `Shop`", "Shop"),
            ("create schema if not exists shop; create table shop.t (x int)", "shop"),
            ("CREATE DATABASE old; CREATE DATABASE shop; USE shop; USE shop", "shop"),
            ("CREATE TABLE t (x int); USE shop -- the shop", "shop"),
            ("USE shop; USE crm", "the script goes into a second database, from shop to crm"),
        ] {
            assert_eq!(read(script), expected, "{script}");
        }
    }

    #[test]
    fn commands_of_psql_are_left_out_or_refused() {
        let said = |text: &str| match commands(Path::new("dump.sql"), text) {
            Ok(notes) => notes.iter().map(|note| note.message.clone()).collect::<Vec<_>>().join("; "),
            Err(error) => format!("refused: {error}").split(" [").next().unwrap_or_default().to_string(),
        };
        for (text, expected) in [
            ("\\restrict aB3\nCREATE TABLE t (a text DEFAULT '\\i x');\n\\unrestrict aB3\n", ""),
            ("\\set ON_ERROR_STOP on\n\\encoding UTF8\n", ""),
            ("\n\\connect shop\n", "dump.sql:2: \\connect shop is left out: a shadow database takes its place"),
            ("\\i other.sql\n", "refused: dump.sql:1: \\i other.sql is a command of psql, not SQL"),
            ("\\set n 5\n", "refused: dump.sql:1: \\set n 5 is a command of psql, not SQL"),
            (
                "SELECT 1;\n\\copy t from 't.csv'\n",
                "refused: dump.sql:2: \\copy t from 't.csv' is a command of psql, not SQL",
            ),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn writing_to_another_database_is_seen() {
        let others = vec!["shop".to_string()];
        for (sql, seen) in [
            ("DROP TABLE IF EXISTS shop.orders", true),
            ("DROP TABLE `shop`.`orders`", true),
            ("CREATE TABLE workshop (x int)", false),
            ("SELECT shop.x FROM shop", false),
        ] {
            let statement = ScriptStatement { sql: sql.into(), ..ScriptStatement::default() };
            let words = script::words(Dialect::Mysql, sql, 3);
            assert_eq!(writes_elsewhere(Dialect::Mysql, &words, &statement, &others).is_some(), seen, "{sql}");
        }
    }
}
