//! Roles and accounts: they are the server's, not a database's, so a shadow database does not hold them back.
//!
//! - What scripts would make ([`made_by`]) and what of it is not there yet ([`missing`]) is known before a shadow is used;
//!   whoever opened the shadow drops it again ([`drop_statement`]).
//! - In a proof a statement that makes a role which is there already, or that changes one which no statement before made,
//!   is left out and named: it would change a role that somebody uses.
//!
//! Read from the statements' words. Deliberately not followed: what functions do. A `DO` block is looked through for roles
//! that it makes, and is run: such blocks ask first whether the role is there.

use relata_schema::{Dialect, script};
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::rows;

/// What a statement does to roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Makes them.
    Make(Vec<String>),
    /// Makes those of them that are not there: a block of statements.
    Ensure(Vec<String>),
    /// Changes or drops them.
    Change(Vec<String>),
    /// Gives roles to others, or takes them.
    Grant(Vec<String>, Vec<String>),
}

/// The roles that scripts make, each once.
pub fn made_by<'t>(dialect: Dialect, texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        for sql in script::split(dialect, text) {
            if let Some(Act::Make(names) | Act::Ensure(names)) = act(dialect, &sql) {
                found.extend(names);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a script makes, changes or gives roles.
pub fn concern(dialect: Dialect, text: &str) -> bool {
    script::split(dialect, text).iter().any(|sql| act(dialect, sql).is_some())
}

/// Of `names` those that the server has no role of. Where that may not be asked, none.
///
/// # Errors
/// When the connection breaks.
pub async fn missing(connection: &mut dyn Connection, names: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in names {
        if !exists(connection, name).await? {
            found.push(name.clone());
        }
    }
    Ok(found)
}

/// What drops a role, if it is there.
pub fn drop_statement(dialect: Dialect, name: &str) -> String {
    match (dialect, name.split_once('@')) {
        (Dialect::Mysql, Some((user, host))) => {
            format!("DROP USER IF EXISTS {}@{}", dialect.literal(user), dialect.literal(host))
        }
        _ => format!("DROP ROLE IF EXISTS {}", dialect.quote(name)),
    }
}

/// The host that the accounts of roles have: none on MariaDB, any on MySQL.
const ROLE_HOSTS: [&str; 2] = ["", "%"];

/// The server has a role of that name, or does not say.
pub(super) async fn exists(connection: &mut dyn Connection, name: &str) -> Result<bool> {
    let (sql, params) = match connection.dialect() {
        Dialect::Sqlite => return Ok(true),
        Dialect::Postgres => {
            ("SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname = $1::name", vec![Value::Text(name.to_string())])
        }
        Dialect::Mysql => {
            let (user, hosts) = match name.split_once('@') {
                Some((user, host)) => (user, [host, host]),
                None => (name, ROLE_HOSTS),
            };
            let params = [user, hosts[0], hosts[1]].map(|text| Value::Text(text.to_string())).to_vec();
            ("SELECT COUNT(*) FROM mysql.user WHERE user = ? AND host IN (?, ?)", params)
        }
    };
    match rows::one(connection, sql, &params).await {
        Ok(count) => Ok(rows::is_true(count.as_ref())),
        Err(error) if connection.is_broken() => Err(error),
        Err(_) => Ok(true),
    }
}

/// Whoever is connected.
pub(super) fn is_self(name: &str) -> bool {
    ["current_user", "current_role", "session_user"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// Whether `name` is among those that were made; an account may be named without its host.
pub(super) fn is_among(made: &[String], name: &str) -> bool {
    made.iter().any(|known| known == name || known.strip_suffix("@%") == Some(name))
}

/// What a statement does to roles, if anything.
pub(super) fn act(dialect: Dialect, sql: &str) -> Option<Act> {
    if dialect == Dialect::Sqlite {
        return None;
    }
    let words = script::words(dialect, sql, 6);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if !matches!(
        words[..],
        ["DO" | "GRANT" | "REVOKE", ..]
            | ["CREATE" | "ALTER" | "DROP" | "RENAME", "ROLE" | "USER" | "GROUP" | "OR", ..]
            | ["COMMENT", "ON", "ROLE", ..]
    ) {
        return None;
    }
    let flat = script::flatten(dialect, sql);
    let after = |keyword: &str| rest_after(&flat, keyword);
    match words[..] {
        ["DO", ..] if dialect == Dialect::Postgres => {
            let made = ["CREATE ROLE ", "CREATE USER ", "CREATE GROUP "];
            let made = made.iter().flat_map(|keyword| all_after(&flat, keyword));
            let names: Vec<String> = made.filter_map(|rest| names(dialect, rest, 1).pop()).collect();
            (!names.is_empty()).then_some(Act::Ensure(names))
        }
        [_, "USER", "MAPPING", ..] => None,
        ["CREATE", kind @ ("ROLE" | "USER" | "GROUP"), ..]
        | ["CREATE", "OR", "REPLACE", kind @ ("ROLE" | "USER"), ..] => {
            let many = if dialect == Dialect::Mysql && kind == "USER" { usize::MAX } else { 1 };
            let mut made = names(dialect, after(kind)?, many);
            if dialect == Dialect::Mysql && kind == "USER" {
                made.iter_mut().filter(|name| !name.contains('@')).for_each(|name| name.push_str("@%"));
            }
            Some(Act::Make(made))
        }
        ["ALTER", kind @ ("ROLE" | "USER" | "GROUP"), ..] => Some(Act::Change(names(dialect, after(kind)?, 1))),
        ["DROP", kind @ ("ROLE" | "USER" | "GROUP"), ..] => Some(Act::Change(names(dialect, after(kind)?, usize::MAX))),
        ["COMMENT", "ON", "ROLE", ..] => Some(Act::Change(names(dialect, after("ROLE")?, 1))),
        ["RENAME", "USER", ..] => Some(Act::Change(names(dialect, after("USER")?, 1))),
        ["GRANT" | "REVOKE", ..] if !flat.to_ascii_uppercase().contains(" ON ") => {
            let upper = flat.to_ascii_uppercase();
            let keyword = if words[0] == "GRANT" { " TO " } else { " FROM " };
            let at = upper.find(keyword)?;
            let granted = names(dialect, &flat[words[0].len()..at], usize::MAX);
            Some(Act::Grant(granted, names(dialect, &flat[at + keyword.len()..], usize::MAX)))
        }
        _ => None,
    }
}

/// What stands after the first of a keyword.
fn rest_after<'t>(flat: &'t str, keyword: &str) -> Option<&'t str> {
    let upper = flat.to_ascii_uppercase();
    let keyword = format!("{keyword} ");
    Some(&flat[upper.find(&keyword)? + keyword.len()..])
}

/// What stands after each of a keyword.
fn all_after<'t>(flat: &'t str, keyword: &str) -> Vec<&'t str> {
    let upper = flat.to_ascii_uppercase();
    upper.match_indices(keyword).map(|(at, _)| &flat[at + keyword.len()..]).collect()
}

/// The names that a text begins with, at most so many, with commas between. On MariaDB an account is `user@host`, `%`
/// where none is written; a role has no host.
fn names(dialect: Dialect, text: &str, most: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    for skipped in ["IF NOT EXISTS ", "IF EXISTS "] {
        if rest.get(..skipped.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(skipped)) {
            rest = &rest[skipped.len()..];
        }
    }
    while found.len() < most {
        let Some((mut name, mut after)) = name(dialect, rest) else { break };
        if let Some(host) = after.trim_start().strip_prefix('@').filter(|_| dialect == Dialect::Mysql)
            && let Some((host, tail)) = self::name(dialect, host.trim_start())
        {
            name = format!("{name}@{host}");
            after = tail;
        }
        found.push(name);
        match after.trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => break,
        }
    }
    found
}

fn name(dialect: Dialect, text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '`' | '\''));
    if let Some(quote) = quote {
        let body = &text[1..];
        let end = body.find(quote)?;
        return Some((body[..end].to_string(), &body[end + 1..]));
    }
    let end =
        text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '%' | '.' | '-')).unwrap_or(text.len());
    let word = text[..end].trim_end_matches(['.', '-']);
    let folded = if dialect == Dialect::Postgres { word.to_lowercase() } else { word.to_string() };
    (!word.is_empty()).then(|| (folded, &text[word.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_about_roles_are_known() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (dialect, sql, expected) in [
            (Dialect::Postgres, "create role App LOGIN PASSWORD 'x'", Some(Act::Make(list(&["app"])))),
            (Dialect::Postgres, "CREATE USER \"My App\"", Some(Act::Make(list(&["My App"])))),
            (Dialect::Postgres, "CREATE USER MAPPING FOR a SERVER s", None),
            (Dialect::Postgres, "DROP ROLE IF EXISTS a, b", Some(Act::Change(list(&["a", "b"])))),
            (Dialect::Postgres, "GRANT readers TO a, b", Some(Act::Grant(list(&["readers"]), list(&["a", "b"])))),
            (Dialect::Postgres, "GRANT SELECT ON t TO a", None),
            (
                Dialect::Postgres,
                "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE ROLE a; END IF; END $$",
                Some(Act::Ensure(list(&["a"]))),
            ),
            (
                Dialect::Mysql,
                "CREATE USER IF NOT EXISTS 'a'@'%' IDENTIFIED BY 'x', b@localhost",
                Some(Act::Make(list(&["a@%"]))),
            ),
            (Dialect::Mysql, "CREATE USER a, b@localhost", Some(Act::Make(list(&["a@%", "b@localhost"])))),
            (Dialect::Mysql, "CREATE ROLE r", Some(Act::Make(list(&["r"])))),
            (Dialect::Postgres, "CREATE TABLE role (a int)", None),
        ] {
            assert_eq!(act(dialect, sql), expected, "{sql}");
        }
        assert_eq!(drop_statement(Dialect::Mysql, "a@%"), "DROP USER IF EXISTS 'a'@'%'");
    }
}
