//! `CREATE`, `DROP`, `RENAME` and `TRUNCATE` of any object.

use super::constraint::constraint;
use super::cursor::Cursor;
use super::table::{create_index, create_table};
use crate::dialect::Dialect;
use crate::sql::{Action, Alter, CreateObject, CreateTable, Drop, Name, StatementKind, TableAction};

/// Every kind of object, those of several words before their first word alone.
const OBJECTS: &[&str] = &[
    "ACCESS METHOD",
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "CONVERSION",
    "DATABASE",
    "DEFAULT PRIVILEGES",
    "DOMAIN",
    "EVENT TRIGGER",
    "EVENT",
    "EXTENSION",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "FUNCTION",
    "GROUP",
    "INDEX",
    "LANGUAGE",
    "LARGE OBJECT",
    "MATERIALIZED VIEW",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "OPERATOR",
    "OWNED",
    "PACKAGE",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "ROLE",
    "ROUTINE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "SYSTEM",
    "TABLESPACE",
    "TABLE",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "USER",
    "VIEW",
];

/// The kind of object that is next.
pub fn object(cursor: &mut Cursor<'_, '_>) -> Option<&'static str> {
    OBJECTS.iter().copied().find(|object| {
        let words: Vec<&str> = object.split(' ').collect();
        cursor.take_all(&words)
    })
}

/// What follows `CREATE`.
pub fn create<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let or_replace = cursor.take_all(&["OR", "REPLACE"]);
    let (mut temporary, mut unlogged, mut unique) = (false, false, false);
    loop {
        if cursor.take("TEMP") || cursor.take("TEMPORARY") {
            temporary = true;
        } else if cursor.take("UNLOGGED") {
            unlogged = true;
        } else if cursor.take("UNIQUE") {
            unique = true;
        } else if !prefix(cursor) {
            break;
        }
    }
    match object(cursor) {
        Some("TABLE") => {
            create_table(cursor, CreateTable { temporary, unlogged, or_replace, ..CreateTable::default() })
        }
        Some("FOREIGN TABLE") => create_table(cursor, CreateTable { foreign: true, ..CreateTable::default() }),
        Some("INDEX") => create_index(cursor, unique),
        Some(object) => create_object(cursor, CreateObject { object, or_replace, temporary, ..Default::default() }),
        None => StatementKind::Other,
    }
}

/// Words between `CREATE` and the object that change nothing here.
fn prefix(cursor: &mut Cursor<'_, '_>) -> bool {
    const PLAIN: &[&str] = &["GLOBAL", "LOCAL", "RECURSIVE", "CONSTRAINT", "TRUSTED", "FULLTEXT", "SPATIAL", "VIRTUAL"];
    if PLAIN.iter().any(|word| cursor.take(word)) {
        return true;
    }
    if cursor.take("ALGORITHM") {
        cursor.mark("=");
        return cursor.next().is_some();
    }
    if cursor.take("DEFINER") {
        cursor.mark("=");
        cursor.next();
        if cursor.mark("@") {
            cursor.next();
        }
        cursor.group();
        return true;
    }
    cursor.take("SQL") && cursor.take("SECURITY") && cursor.next().is_some()
}

fn create_object<'a>(cursor: &mut Cursor<'_, 'a>, mut created: CreateObject) -> StatementKind<'a> {
    created.if_not_exists = cursor.if_not_exists();
    created.name = cursor.name().unwrap_or_default();
    created.if_not_exists |= cursor.if_not_exists();
    match created.object {
        "TRIGGER" => created.on = after(cursor, "ON"),
        "POLICY" => created.on = after(cursor, "ON"),
        "RULE" => created.on = after(cursor, "TO"),
        "DOMAIN" => created.constraints = domain_constraints(cursor),
        _ => {}
    }
    StatementKind::Create(Box::new(created))
}

/// The name after the first `word`.
fn after(cursor: &Cursor<'_, '_>, word: &str) -> Option<Name> {
    let mut cursor = *cursor;
    cursor.skip(cursor.find(&[word])? + 1);
    cursor.name()
}

fn domain_constraints(cursor: &mut Cursor<'_, '_>) -> Vec<crate::sql::Constraint> {
    let begins = ["CONSTRAINT", "CHECK", "NOT"];
    let first = begins.iter().filter_map(|word| cursor.find(&[word])).min();
    let Some(first) = first else { return Vec::new() };
    cursor.skip(first);
    constraint(Cursor::new(cursor.dialect, cursor.rest())).into_iter().collect()
}

/// What follows `DROP`.
pub fn drop<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let temporary = cursor.take("TEMPORARY");
    let Some(object) = object(cursor) else { return StatementKind::Other };
    let mut drop = Drop { object, temporary, concurrently: cursor.take("CONCURRENTLY"), ..Drop::default() };
    drop.if_exists = cursor.if_exists();
    if object == "OWNED" {
        cursor.take("BY");
    }
    if matches!(object, "CAST" | "TRANSFORM" | "USER MAPPING") {
        cursor.skip(cursor.rest().len());
    }
    drop.names = cursor.names();
    if cursor.take("ON") {
        drop.on = cursor.name();
    }
    drop.cascade = cursor.has("CASCADE");
    StatementKind::Drop(Box::new(drop))
}

/// What follows `RENAME` on MariaDB.
pub fn rename<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    if cursor.dialect == Dialect::Mysql && cursor.take("USER") {
        return rename_user(cursor);
    }
    if cursor.dialect != Dialect::Mysql || !(cursor.take("TABLE") || cursor.take("TABLES")) {
        return StatementKind::Other;
    }
    cursor.if_exists();
    let pair = |mut part: Cursor<'_, '_>| {
        let from = part.name()?;
        part.take("TO");
        Some((from, part.name()?))
    };
    StatementKind::Rename(cursor.split().into_iter().filter_map(pair).collect())
}

/// `RENAME USER 'app'@'%' TO 'application'@'%'`: the first of them.
fn rename_user<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let mut user = || {
        let first = cursor.next()?;
        let mut name = Name { parts: vec![first.content()], extent: first.extent() };
        if cursor.mark("@") {
            name.extent = name.extent.through(cursor.next()?.extent());
        }
        cursor.take("TO");
        Some(name)
    };
    let (Some(name), Some(to)) = (user(), user()) else { return StatementKind::Other };
    let actions = vec![TableAction { extent: name.extent.through(to.extent), action: Action::Rename(to) }];
    StatementKind::Alter(Box::new(Alter { object: "USER", name, actions, ..Alter::default() }))
}

/// What follows `TRUNCATE`.
pub fn truncate<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    cursor.take("TABLE");
    cursor.take("ONLY");
    let tables = cursor.names();
    StatementKind::Truncate { tables, cascade: cursor.has("CASCADE") }
}
