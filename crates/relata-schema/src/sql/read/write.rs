//! Statements that write rows.

use super::cursor::Cursor;
use super::single;
use crate::sql::{Name, StatementKind, Token, TokenKind, Write};

const VERBS: &[&str] = &["INSERT", "REPLACE", "UPDATE", "DELETE", "MERGE", "COPY"];

/// What follows the verb.
pub fn write<'a>(verb: &str, cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let Some(verb) = VERBS.iter().copied().find(|known| *known == verb) else { return StatementKind::Other };
    let mut write = Write { verb, ..Write::default() };
    const PLAIN: &[&str] = &["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "INTO", "ONLY"];
    loop {
        if cursor.take("OR") {
            let word = cursor.next_word();
            write.repeatable |= word.is_some_and(|word| matches!(word.as_str(), "IGNORE" | "REPLACE"));
        } else if cursor.take("IGNORE") {
            write.repeatable = true;
        } else if !(PLAIN.iter().any(|word| cursor.take(word)) || (verb == "DELETE" && cursor.take("FROM"))) {
            break;
        }
    }
    write.table = cursor.name().unwrap_or_default();
    match verb {
        "COPY" => {
            cursor.group();
            if !cursor.is("FROM") {
                return StatementKind::Query;
            }
        }
        "INSERT" | "REPLACE" => insert(cursor, &mut write),
        _ => change(cursor, &mut write),
    }
    StatementKind::Write(write)
}

/// `WITH … INSERT`: the verb after the common tables.
pub fn with<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let first = VERBS.iter().filter_map(|verb| Some((cursor.find(&[verb])?, *verb))).min();
    match first {
        Some((ahead, verb)) if cursor.find(&["SELECT"]).is_none_or(|select| ahead < select) => {
            cursor.skip(ahead + 1);
            write(verb, cursor)
        }
        _ => StatementKind::Query,
    }
}

fn insert(cursor: &mut Cursor<'_, '_>, write: &mut Write) {
    write.repeatable |=
        write.verb == "REPLACE" || cursor.has("CONFLICT") || cursor.find(&["DUPLICATE", "KEY"]).is_some();
    write.repeatable |= cursor.find(&["WHERE", "NOT", "EXISTS"]).is_some();
    let mut ahead = *cursor;
    if ahead.take("AS") {
        ahead.name();
    }
    if !cursor.is("VALUES")
        && let Some(inside) = ahead.group()
        && !inside.is("SELECT")
    {
        write.assigned.push(inside.split().into_iter().filter_map(|mut part| part.name()).collect());
    }
    let update = cursor.find(&["DO", "UPDATE", "SET"]).map(|at| at + 3);
    let update = update.or_else(|| cursor.find(&["DUPLICATE", "KEY", "UPDATE"]).map(|at| at + 3));
    if let Some(at) = update {
        cursor.skip(at);
        write.assigned.push(assignments(cursor));
    }
}

fn change(cursor: &mut Cursor<'_, '_>, write: &mut Write) {
    const LIMITS: &[&str] = &["LIMIT", "JOIN"];
    write.limited = LIMITS.iter().any(|word| cursor.has(word))
        || cursor.find(&["WHERE"]).is_some_and(|at| !is_always_true(&cursor.rest()[at + 1..]));
    if write.verb == "MERGE" {
        merge(*cursor, write);
    }
    if write.verb == "UPDATE"
        && let Some(at) = cursor.find(&["SET"])
    {
        cursor.skip(at + 1);
        write.assigned.push(assignments(cursor));
    }
}

/// `TRUE`, `1`, `1 = 1`: a condition that chooses nothing.
fn is_always_true(condition: &[Token<'_>]) -> bool {
    let end = condition.iter().position(|token| token.is("RETURNING")).unwrap_or(condition.len());
    match &condition[..end] {
        [one] => one.is("TRUE") || one.text == "1",
        [one, equal, other] => {
            let literal = one.kind == TokenKind::Text || one.text.starts_with(|c: char| c.is_ascii_digit());
            literal && equal.is_mark("=") && one.text == other.text
        }
        _ => false,
    }
}

/// Each `UPDATE SET …` and `INSERT (…)` of a merge.
fn merge(mut cursor: Cursor<'_, '_>, write: &mut Write) {
    // What the source lacks goes, and that may be all.
    let lacks = ["NOT", "MATCHED", "BY", "SOURCE", "THEN", "DELETE"];
    write.limited = cursor.find(&lacks).is_none();
    while let Some(ahead) = cursor.find(&["THEN"]) {
        cursor.skip(ahead + 1);
        let end = cursor.find(&["WHEN"]).unwrap_or(cursor.rest().len());
        let mut part = Cursor::new(cursor.dialect, &cursor.rest()[..end]);
        if part.take_all(&["UPDATE", "SET"]) {
            write.assigned.push(assignments(&part));
        } else if part.take("INSERT")
            && let Some(inside) = part.group()
        {
            write.assigned.push(inside.split().into_iter().filter_map(|mut part| part.name()).collect());
        }
    }
}

/// The columns assigned up to `WHERE`, `FROM`, `RETURNING`; those of `(a, b) = …` too.
fn assignments(cursor: &Cursor<'_, '_>) -> Vec<Name> {
    let end = ["WHERE", "FROM", "RETURNING", "ORDER", "LIMIT"].iter().filter_map(|word| cursor.find(&[word])).min();
    let rest = cursor.rest();
    let all = Cursor::new(cursor.dialect, &rest[..end.unwrap_or(rest.len())]);
    let mut found = Vec::new();
    for mut part in all.split() {
        match part.group() {
            Some(inside) => found.extend(inside.split().into_iter().filter_map(|mut part| part.name())),
            None => found.extend(column(&mut part)),
        }
    }
    found
}

/// A column that is assigned: the last part of its name, or the field of a composite with all of it.
fn column(part: &mut Cursor<'_, '_>) -> Option<Name> {
    let first = part.peek()?;
    let name = part.name()?;
    let next = part.peek()?;
    // An element of an array or a field of a composite is not the column.
    let whole = next.is_mark("=") || next.is_mark(":");
    (whole && name.parts.len() == 1).then(|| single(part.dialect, first))
}
