//! Transactions, settings, and what maintains tables.

use super::cursor::Cursor;
use crate::dialect::Dialect;
use crate::sql::statement::Setting;
use crate::sql::{StatementKind, TokenKind};

/// What follows `BEGIN`.
pub fn begin<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    const OPTIONS: &[&str] =
        &["TRANSACTION", "WORK", "ISOLATION", "READ", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "DEFERRABLE", "NOT"];
    let plain = cursor.is_done() || OPTIONS.iter().any(|word| cursor.is(word));
    if plain { StatementKind::Begin } else { StatementKind::Other }
}

/// `AND CHAIN`.
pub fn chain(cursor: &mut Cursor<'_, '_>) -> bool {
    let _ = cursor.take("WORK") || cursor.take("TRANSACTION");
    cursor.are(&["AND", "CHAIN"])
}

/// What follows `ROLLBACK`.
pub fn rollback<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let chain = chain(cursor);
    if cursor.is("TO") { StatementKind::Savepoint } else { StatementKind::Rollback { chain } }
}

/// What follows `SET` or `RESET`.
pub fn set<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    if cursor.is("TRANSACTION") || cursor.is("CONSTRAINTS") || cursor.is("ROLE") {
        return StatementKind::Other;
    }
    let local = cursor.take("LOCAL");
    const GLOBAL: &[&str] = &["GLOBAL", "PERSIST", "PERSIST_ONLY"];
    let mysql = cursor.dialect == Dialect::Mysql;
    // The word counts for what follows it, too, up to another.
    let mut global = false;
    let mut one = |mut part: super::Cursor<'_, '_>| {
        if mysql && part.take_any(GLOBAL).is_some() {
            global = true;
        } else if part.take("SESSION") || mysql && part.take("LOCAL") {
            global = false;
        }
        let mut system = false;
        while part.mark("@") {
            system = true;
        }
        let qualified = system && part.peek_at(1).is_some_and(|token| token.is_mark("."));
        let own = qualified && mysql && part.take_any(GLOBAL).is_some();
        let _ = (own || part.take("SESSION")) && part.mark(".");
        let name = part.name()?.to_string();
        let _ = part.mark(":");
        let _ = part.mark("=") || part.take("TO");
        let value = part.rest().iter().map(|token| token.content().to_lowercase()).collect::<Vec<_>>().join(" ");
        let value = if value == "default" { String::new() } else { value };
        Some(Setting { name, value, local, global: own || global && !system })
    };
    StatementKind::Set(cursor.split().into_iter().filter_map(&mut one).collect())
}

/// What follows `PRAGMA`.
pub fn pragma<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let Some(name) = cursor.name() else { return StatementKind::Other };
    let group = cursor.group();
    cursor.mark("=");
    let rest = group.map_or(cursor.rest(), |group| group.rest());
    let value = rest.iter().map(|token| token.content().to_lowercase()).collect::<Vec<_>>().join(" ");
    StatementKind::Set(vec![Setting { name: name.last().to_string(), value, local: false, global: false }])
}

/// An option in parentheses that is on: `(FULL)`, `(CONCURRENTLY true)`.
fn option(cursor: &mut Cursor<'_, '_>, word: &str) -> bool {
    let Some(inside) = cursor.group() else { return false };
    inside.split().into_iter().any(|mut part| {
        let named = part.take(word);
        let off = part
            .next()
            .is_some_and(|value| ["false", "off", "0"].iter().any(|off| value.content().eq_ignore_ascii_case(off)));
        named && !off
    })
}

/// What follows `REINDEX`.
pub fn reindex<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let option = option(cursor, "CONCURRENTLY");
    let object = cursor.take_any(&["INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"]).unwrap_or_default();
    let concurrently = cursor.take("CONCURRENTLY") || option;
    StatementKind::Reindex { object: object.into(), name: cursor.name(), concurrently }
}

/// What follows `VACUUM`.
pub fn vacuum<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let full = option(cursor, "FULL") || cursor.take("FULL");
    StatementKind::Vacuum { full }
}

/// What follows `CLUSTER`.
pub fn cluster<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    cursor.group();
    cursor.take("VERBOSE");
    StatementKind::Cluster { table: cursor.name() }
}

/// What follows `REFRESH`.
pub fn refresh<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    if !cursor.take_all(&["MATERIALIZED", "VIEW"]) {
        return StatementKind::Other;
    }
    let concurrently = cursor.take("CONCURRENTLY");
    StatementKind::Refresh { name: cursor.name(), concurrently }
}

/// What follows `LOCK`.
pub fn lock<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let _ = cursor.take("TABLE") || cursor.take("TABLES");
    cursor.take("ONLY");
    let tables = cursor.names();
    let mode = if cursor.take("IN") { cursor.words() } else { Vec::new() };
    let mode: Vec<String> = mode.into_iter().take_while(|word| word != "MODE").collect();
    StatementKind::Lock { tables, mode: mode.join(" ") }
}

/// What follows `OPTIMIZE`.
pub fn optimize<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let _ = cursor.take("LOCAL") || cursor.take("NO_WRITE_TO_BINLOG");
    let _ = cursor.take("TABLE") || cursor.take("TABLES");
    StatementKind::Optimize { tables: cursor.names() }
}

/// What follows `SELECT`: dumps set their `search_path` by a function.
pub fn select<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let Some(name) = cursor.name() else { return StatementKind::Query };
    let Some(arguments) = cursor.group().filter(|_| name.last() == "set_config") else { return StatementKind::Query };
    let parts = arguments.split();
    let text = |at: usize| parts.get(at).and_then(|part| part.peek()).map(crate::sql::Token::content);
    match (text(0), parts.get(1).and_then(|part| part.peek())) {
        (Some(name), Some(value)) if value.kind == TokenKind::Text => {
            let local = text(2).is_some_and(|word| word.eq_ignore_ascii_case("true"));
            StatementKind::Set(vec![Setting {
                name: name.to_lowercase(),
                value: value.content().to_lowercase(),
                local,
                global: false,
            }])
        }
        _ => StatementKind::Query,
    }
}
