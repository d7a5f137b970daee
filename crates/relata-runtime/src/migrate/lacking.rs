//! What a shadow lacks, and what has to be left out of a proof for it.
//!
//! A shadow's server may not have an extension, a role or the library of an external function that the target has. A
//! statement that needs one cannot be proved there. It is left out and named, with the statements after it that need what
//! it would have made; the rest is proved. Whatever else a statement is refused for is a failure of the proof.
//!
//! Told from the server's codes and from the statement, in whatever language the server speaks: of a message only the
//! name that it quotes is read. Not on SQLite: its shadow is the same library as its target, and what one lacks the other
//! lacks too.

use relata_schema::script::{self, ScriptStatement};
use relata_schema::{Dialect, digest};
use relata_sql::driver::Connection;
use relata_sql::{Error, Result};

use super::execute::excerpt;
use super::roles::{self, Act};

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
    /// Roles that statements made.
    made: Vec<String>,
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
        let code = error.details().sqlstate.as_deref().unwrap_or_default();
        let number = error.details().number.unwrap_or_default();
        let may = match dialect {
            Dialect::Sqlite => false,
            Dialect::Postgres => ["0A000", "58P01", "42704", "42883"].contains(&code),
            Dialect::Mysql => {
                number == NO_ENGINE || [&NO_LIBRARY[..], &NO_ROLE, &NOBODY].iter().any(|list| list.contains(&number))
            }
        };
        may || !self.is_empty() && is_undefined(dialect, error)
    }

    /// Whether a statement would make a role that is there, or change one that no statement before made: then it is left
    /// out.
    pub(super) async fn spares(
        &mut self,
        connection: &mut dyn Connection,
        statement: &ScriptStatement,
    ) -> Result<bool> {
        let what = match roles::act(connection.dialect(), &statement.sql) {
            None => return Ok(false),
            Some(Act::Ensure(names)) => {
                for name in names {
                    if !roles::exists(connection, &name).await? {
                        self.made.push(name);
                    }
                }
                return Ok(false);
            }
            Some(Act::Make(names)) => {
                let mut there = None;
                for name in names.iter().filter(|name| !roles::is_among(&self.made, name)) {
                    if roles::exists(connection, name).await? {
                        there = Some(name.clone());
                    }
                }
                match there {
                    Some(name) => format!("a server without the role {name}"),
                    None => {
                        self.made.extend(names);
                        return Ok(false);
                    }
                }
            }
            Some(Act::Change(names)) => match self.foreign(connection, names).await? {
                Some(name) => format!("a role {name} of its own"),
                None => return Ok(false),
            },
            // What is given to a role that goes again, or of one, goes with it.
            Some(Act::Grant(granted, _)) if granted.iter().any(|name| roles::is_among(&self.made, name)) => {
                return Ok(false);
            }
            Some(Act::Grant(_, to)) => {
                let to = to.into_iter().filter(|name| !roles::is_self(name)).collect();
                match self.foreign(connection, to).await? {
                    Some(name) => format!("a role {name} of its own"),
                    None => return Ok(false),
                }
            }
        };
        self.note(what, excerpt(&statement.sql));
        Ok(true)
    }

    /// The first of the roles that is there and that no statement made.
    async fn foreign(&self, connection: &mut dyn Connection, names: Vec<String>) -> Result<Option<String>> {
        for name in names.into_iter().filter(|name| !roles::is_among(&self.made, name)) {
            let special = roles::is_self(&name) || name.eq_ignore_ascii_case("all");
            if special || roles::exists(connection, &name).await? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn note(&mut self, lacks: String, beginning: String) {
        match self.left_out.iter_mut().find(|unproved| unproved.lacks == lacks) {
            Some(unproved) if unproved.statements.contains(&beginning) => {}
            Some(unproved) => unproved.statements.push(beginning),
            None => self.left_out.push(Unproved { lacks, statements: vec![beginning] }),
        }
    }

    /// Leaves a statement out if it was refused for something that lacks.
    pub(super) fn leave_out(&mut self, dialect: Dialect, error: &Error, statement: &ScriptStatement) -> bool {
        let follows = || self.left_out.last().map(|unproved| &unproved.lacks).or(self.known.last()).cloned();
        let lacks =
            lacks(dialect, error, &statement.sql).or_else(|| is_undefined(dialect, error).then(follows).flatten());
        let Some(lacks) = lacks else { return false };
        self.note(lacks, excerpt(&statement.sql));
        true
    }
}

/// MariaDB: the library of a function cannot be opened, or lacks the function.
const NO_LIBRARY: [u32; 2] = [1126, 1127];
/// MariaDB: the storage engine is not known.
const NO_ENGINE: u32 = 1286;
/// There is no such role (MariaDB, MySQL), account or definer.
const NO_ROLE: [u32; 2] = [1959, 3523];
const NOBODY: [u32; 3] = [1133, 1449, 1396];

/// What the server says that it lacks.
fn lacks(dialect: Dialect, error: &Error, sql: &str) -> Option<String> {
    match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => postgres(error.details().sqlstate.as_deref()?, error.message(), sql),
        Dialect::Mysql => mysql(error.details().number?, error.message(), sql),
    }
}

fn postgres(code: &str, message: &str, sql: &str) -> Option<String> {
    let flat = script::flatten(Dialect::Postgres, sql);
    let words = script::words(Dialect::Postgres, sql, 3);
    let creates =
        |what: &str| words.first().is_some_and(|word| word == "CREATE") && words.iter().any(|word| word == what);
    match code {
        // Before PostgreSQL 16 the file, since then the extension.
        "0A000" | "58P01" if creates("EXTENSION") => Some(format!("extension {}", created_extension(&flat)?)),
        "42704" => {
            let name = quoted(message).next()?;
            Some(format!("{} {name}", kind_of(&flat, name)?))
        }
        "58P01" => quoted(message).next().map(|name| format!("library {name}")),
        // The function is named first, then the file that it is not in.
        "42883" if creates("FUNCTION") || creates("REPLACE") => {
            quoted(message).nth(1).map(|name| format!("library {name}"))
        }
        _ => None,
    }
}

/// What a thing of the server is that a statement names: by the word before its name. Types and other things of a database
/// have none of these.
fn kind_of(flat: &str, name: &str) -> Option<&'static str> {
    let at = flat.match_indices(name).map(|(at, _)| at).find(|at| {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        !flat[..*at].ends_with(part) && !flat[*at + name.len()..].starts_with(part)
    });
    let Some(at) = at else {
        // Written in another case than the server folds it to.
        let lower = flat.to_lowercase();
        return (lower != flat).then(|| kind_of(&lower, name)).flatten();
    };
    let before = flat[..at].trim_end_matches(['"', '\'']).trim_end();
    let words: Vec<String> = before.split(' ').rev().take(24).map(str::to_ascii_uppercase).collect();
    // Lists of roles: `TO a, b`.
    let word = words.iter().position(|word| !word.ends_with(','))?;
    let of = |index: usize| words.get(word + index).map_or("", String::as_str);
    let granted = flat
        .get(..7)
        .is_some_and(|word| ["GRANT ", "REVOKE"].iter().any(|verb| word.to_ascii_uppercase().starts_with(verb)));
    match (of(0), of(1)) {
        ("LANGUAGE", _) => Some("language"),
        ("TABLESPACE", _) => Some("tablespace"),
        ("METHOD", "ACCESS") => Some("access method"),
        ("USING", _) => Some("access method"),
        ("WRAPPER", "DATA") => Some("foreign-data wrapper"),
        ("TO" | "FROM" | "BY" | "ROLE" | "USER" | "GROUP" | "FOR" | "AUTHORIZATION" | "IN", _) => Some("role"),
        ("GRANT" | "REVOKE", _) if granted => Some("role"),
        _ => None,
    }
}

fn mysql(number: u32, message: &str, sql: &str) -> Option<String> {
    let flat = script::flatten(Dialect::Mysql, sql);
    let after = |keyword: &str| {
        let at = flat.to_ascii_uppercase().find(keyword)? + keyword.len();
        let rest = flat[at..].trim_start_matches([' ', '=', '\'', '"', '`']);
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '-')).unwrap_or(rest.len());
        (end > 0).then(|| rest[..end].to_string())
    };
    match number {
        number if NO_LIBRARY.contains(&number) => Some(format!("library {}", after("SONAME")?)),
        NO_ENGINE => Some(format!("storage engine {}", after("ENGINE")?)),
        number if NO_ROLE.contains(&number) => quoted(message).next().map(|name| format!("role {name}")),
        number if NOBODY.contains(&number) => Some(format!("the account of {}", excerpt(sql))),
        _ => None,
    }
}

/// The names that a message quotes, in the quotes of any language.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    const OPENING: [char; 9] = ['"', '\'', '`', '«', '»', '„', '“', '”', '「'];
    const CLOSING: [char; 9] = ['"', '\'', '`', '«', '»', '“', '”', '“', '」'];
    let mut rest = message;
    std::iter::from_fn(move || {
        loop {
            let (at, opening) = rest.char_indices().find(|(_, c)| OPENING.contains(c))?;
            let inside = &rest[at + opening.len_utf8()..];
            let (end, closing) = inside.char_indices().find(|(_, c)| CLOSING.contains(c))?;
            rest = &inside[end + closing.len_utf8()..];
            let name = inside[..end].trim_matches([' ', '\u{a0}', '\u{202f}']);
            if !name.is_empty() {
                return Some(name);
            }
        }
    })
}

fn created_extension(flat: &str) -> Option<&str> {
    let mut words = flat.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("EXTENSION")).skip(1);
    let word = words.find(|word| !["IF", "NOT", "EXISTS"].iter().any(|skip| word.eq_ignore_ascii_case(skip)))?;
    Some(word.trim_matches(['"', ';']))
}

/// Refused because something is not there that the statement names.
fn is_undefined(dialect: Dialect, error: &Error) -> bool {
    const POSTGRES: [&str; 6] = ["42704", "42883", "42P01", "42703", "3F000", "42P17"];
    const MYSQL: [u32; 9] = [1146, 1054, 1305, 1051, 1091, 1128, 1360, 1539, 1356];
    let code = error.details().sqlstate.as_deref().unwrap_or_default();
    match dialect {
        Dialect::Sqlite => false,
        Dialect::Postgres => POSTGRES.contains(&code),
        Dialect::Mysql => error.details().number.is_some_and(|number| MYSQL.contains(&number)),
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

#[cfg(test)]
mod tests {
    use relata_sql::Kind;

    use super::*;

    #[test]
    fn what_lacks_is_told_in_any_language() {
        let postgres = |code: &str, message: &str, sql: &str| {
            lacks(Dialect::Postgres, &Error::new(Kind::Database, message).sqlstate(code), sql)
        };
        let grant = "GRANT SELECT ON t TO me, reporting";
        for message in [
            "role \"reporting\" does not exist",
            "Rolle »reporting« existiert nicht",
            "le rôle « reporting » n'existe pas",
            "no existe el rol «reporting»",
            "ロール\"reporting\"は存在しません",
            "角色 \"reporting\" 不存在",
        ] {
            assert_eq!(postgres("42704", message, grant).as_deref(), Some("role reporting"), "{message}");
        }
        for (code, message, sql, expected) in [
            ("42704", "Typ »stimmung« existiert nicht", "CREATE TABLE t (m stimmung)", None),
            (
                "42704",
                "Sprache »plv8« existiert nicht",
                "CREATE FUNCTION f() RETURNS int LANGUAGE plv8 AS 'x'",
                Some("language plv8"),
            ),
            (
                "42704",
                "Tablespace »ssd« existiert nicht",
                "CREATE TABLE t (a int) TABLESPACE SSD",
                Some("tablespace ssd"),
            ),
            (
                "42704",
                "Zugriffsmethode »rum« existiert nicht",
                "CREATE INDEX ON t USING rum (a)",
                Some("access method rum"),
            ),
            ("42704", "Rolle »app« existiert nicht", "ALTER TABLE t OWNER TO app", Some("role app")),
            ("42704", "Rolle »app« existiert nicht", "CREATE POLICY p ON t FOR SELECT TO app", Some("role app")),
            (
                "58P01",
                "konnte Erweiterungskontrolldatei »/x/y.control« nicht öffnen",
                "CREATE EXTENSION IF NOT EXISTS \"postgis\"",
                Some("extension postgis"),
            ),
            (
                "58P01",
                "konnte nicht auf Datei »geo« zugreifen",
                "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'geo'",
                Some("library geo"),
            ),
            (
                "42883",
                "konnte Funktion »f« nicht in Datei »geo« finden",
                "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'geo'",
                Some("library geo"),
            ),
            ("42883", "Funktion f(integer) existiert nicht", "SELECT f(1)", None),
        ] {
            assert_eq!(postgres(code, message, sql).as_deref(), expected, "{message}");
        }
        let mysql = |number: u32, message: &str, sql: &str| {
            lacks(Dialect::Mysql, &Error::new(Kind::Database, message).number(number), sql)
        };
        assert_eq!(
            mysql(1126, "Kann Shared Library 'x.so' nicht öffnen", "CREATE FUNCTION f RETURNS STRING SONAME 'x.so'")
                .as_deref(),
            Some("library x.so")
        );
        assert_eq!(
            mysql(1286, "Unbekannte Speicher-Engine 'rocks'", "CREATE TABLE t (a int) ENGINE = rocks").as_deref(),
            Some("storage engine rocks")
        );
        assert_eq!(mysql(1959, "Ungültige Rolle `r`", "GRANT r TO a").as_deref(), Some("role r"));
        assert_eq!(mysql(3523, "Unknown authorization ID `r`@`%`", "GRANT r TO a").as_deref(), Some("role r"));
        assert_eq!(mysql(1146, "Tabelle 'a.b' existiert nicht", "SELECT 1"), None);
    }
}
