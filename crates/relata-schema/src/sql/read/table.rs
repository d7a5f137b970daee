//! `CREATE TABLE` and `CREATE INDEX`.

use super::column::definition;
use super::constraint::constraint;
use super::cursor::Cursor;
use crate::dialect::Dialect;
use crate::sql::{CreateIndex, CreateTable, StatementKind};

/// What follows `CREATE … TABLE`.
pub fn create_table<'a>(cursor: &mut Cursor<'_, 'a>, mut table: CreateTable) -> StatementKind<'a> {
    table.if_not_exists = cursor.if_not_exists();
    table.name = cursor.name().unwrap_or_default();
    if cursor.take_all(&["PARTITION", "OF"]) {
        table.partition_of = cursor.name();
    }
    if cursor.take("OF") {
        cursor.name();
        table.takes_columns = true;
    }
    // MariaDB writes LIKE without parentheses too.
    table.takes_columns |= cursor.is("LIKE");
    if let Some(inside) = cursor.group() {
        inside.split().into_iter().for_each(|part| member(part, &mut table));
    }
    table.options = cursor.words();
    table.takes_columns |= cursor.has("INHERITS");
    table.as_query = cursor.has("AS") || cursor.has("SELECT");
    StatementKind::CreateTable(Box::new(table))
}

fn member(part: Cursor<'_, '_>, table: &mut CreateTable) {
    let begins = |words: &[&str]| words.iter().any(|word| part.is(word));
    if part.is("LIKE") {
        table.takes_columns = true;
    } else if part.is("PERIOD") && part.peek_at(1).is_some_and(|token| token.is("FOR")) {
        // A period of MariaDB's system versioning names no column of its own.
    } else if begins(&["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE"]) || is_index(&part) {
        table.constraints.extend(constraint(part));
    } else {
        table.columns.extend(definition(part));
    }
}

/// `KEY name (…)`, `FULLTEXT INDEX …` of MariaDB: not a column that is called `key`.
pub fn is_index(part: &Cursor<'_, '_>) -> bool {
    if part.dialect != Dialect::Mysql {
        return false;
    }
    let special = ["FULLTEXT", "SPATIAL", "VECTOR"].iter().any(|word| part.is(word));
    special || part.is("INDEX") || part.is("KEY")
}

/// What follows `CREATE [UNIQUE] INDEX`.
pub fn create_index<'a>(cursor: &mut Cursor<'_, 'a>, unique: bool) -> StatementKind<'a> {
    let mut index = CreateIndex { unique, concurrently: cursor.take("CONCURRENTLY"), ..CreateIndex::default() };
    index.if_not_exists = cursor.if_not_exists();
    if !cursor.is("ON") {
        index.name = cursor.name();
    }
    if cursor.take("USING") {
        cursor.next();
    }
    cursor.take("ON");
    index.only = cursor.take("ONLY");
    index.table = cursor.name().unwrap_or_default();
    if cursor.take("USING") {
        cursor.next();
    }
    let parts = cursor.group().map(Cursor::split).unwrap_or_default();
    index.columns = parts
        .into_iter()
        .map(|mut part| {
            let name = part.name();
            name.filter(|_| part.peek().is_none_or(|next| !next.is_mark("(") || part.dialect == Dialect::Mysql))
        })
        .collect();
    index.partial = cursor.has("WHERE");
    index.algorithm = option(cursor, "ALGORITHM");
    index.lock = option(cursor, "LOCK");
    StatementKind::CreateIndex(Box::new(index))
}

/// The value of `WORD = value`, in upper case.
pub fn option(cursor: &Cursor<'_, '_>, word: &str) -> Option<String> {
    let mut cursor = *cursor;
    cursor.skip(cursor.find(&[word])? + 1);
    cursor.mark("=");
    cursor.next_word()
}
