//! Statements that write rows.

use super::cursor::Cursor;
use super::single;
use crate::dialect::Dialect;
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

/// `WITH … INSERT`: the verb after the common tables, and what those write.
pub fn with<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let mut also = common_tables(*cursor);
    let first = VERBS.iter().filter_map(|verb| Some((cursor.find(&[verb])?, *verb))).min();
    let mut kind = match first {
        Some((ahead, verb)) if cursor.find(&["SELECT"]).is_none_or(|select| ahead < select) => {
            cursor.skip(ahead + 1);
            write(verb, cursor)
        }
        _ => StatementKind::Query,
    };
    match &mut kind {
        StatementKind::Write(write) => write.also.append(&mut also),
        _ if also.is_empty() => {}
        _ => kind = StatementKind::Write(Write { also: also.split_off(1), ..also.remove(0) }),
    }
    kind
}

/// `WITH gone AS (DELETE …), …`.
fn common_tables(mut cursor: Cursor<'_, '_>) -> Vec<Write> {
    let mut found = Vec::new();
    while let Some(ahead) = cursor.find(&["AS"]) {
        cursor.skip(ahead + 1);
        let _ = cursor.take("NOT");
        cursor.take("MATERIALIZED");
        let Some(mut inside) = cursor.group() else { continue };
        let kind = match inside.next_word() {
            Some(word) if word == "WITH" => with(&mut inside),
            Some(word) => write(&word, &mut inside),
            None => continue,
        };
        if let StatementKind::Write(write) = kind {
            found.push(write);
        }
    }
    found
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
    write.limited =
        cursor.has("LIMIT") || cursor.find(&["WHERE"]).is_some_and(|at| !is_always_true(&cursor.rest()[at + 1..]));
    if write.verb == "MERGE" {
        merge(*cursor, write);
    } else if cursor.dialect == Dialect::Mysql {
        several(*cursor, write);
    }
    if write.verb == "UPDATE"
        && let Some(at) = cursor.find(&["SET"])
    {
        cursor.skip(at + 1);
        write.assigned.push(assignments(cursor));
    }
}

/// MariaDB: `UPDATE a JOIN b …`, `DELETE a, b FROM …`, `DELETE FROM a USING …`. The tables that it writes, and whether the
/// joins choose among their rows.
fn several(cursor: Cursor<'_, '_>, write: &mut Write) {
    let rest = cursor.rest();
    let lists = match write.verb {
        "UPDATE" => cursor.find(&["SET"]).map(|end| (0, 0, end)),
        _ => ["FROM", "USING"].iter().find_map(|word| cursor.find(&[word])).map(|at| (at, at + 1, rest.len())),
    };
    let Some((targets, from, end)) = lists else { return };
    let end =
        ["WHERE", "ORDER", "LIMIT", "RETURNING"].iter().filter_map(|word| cursor.find(&[word])).fold(end, usize::min);
    // The first table of an UPDATE stands before the cursor.
    let mut tables = match write.verb {
        "UPDATE" => {
            joined(Cursor::new(cursor.dialect, rest.get(from..end).unwrap_or_default()), Some(write.table.clone()))
        }
        _ => joined(Cursor::new(cursor.dialect, rest.get(from..end).unwrap_or_default()), None),
    };
    let mut names = vec![write.table.clone()];
    let mut more = Cursor::new(cursor.dialect, &rest[..targets]);
    if write.verb == "UPDATE" {
        names = cursor.find(&["SET"]).and_then(|at| assigned_table(cursor, at + 1)).into_iter().collect();
    }
    while let Some(token) = more.next() {
        names.extend(token.is_mark(",").then(|| more.name()).flatten());
    }
    let narrowed = tables.iter().any(|table| table.narrows);
    let limited = write.limited;
    let mut written = names.iter().filter_map(|name| {
        let at = tables.iter().position(|table| table.goes_by(name))?;
        let table = &mut tables[at];
        Some((std::mem::take(&mut table.name), limited || narrowed || table.optional))
    });
    if let Some((name, limited)) = written.next() {
        (write.table, write.limited) = (name, limited);
    } else {
        write.limited = limited || narrowed;
    }
    let verb = write.verb;
    write.also.extend(written.map(|(table, limited)| Write { verb, table, limited, ..Write::default() }));
}

/// The table whose column is the first that `SET` assigns, where it is said.
fn assigned_table(mut cursor: Cursor<'_, '_>, at: usize) -> Option<Name> {
    cursor.skip(at);
    let mut name = cursor.name()?;
    name.parts.pop();
    (!name.parts.is_empty()).then_some(name)
}

/// A table of a list of joins.
struct Joined {
    name: Name,
    alias: Option<Name>,
    /// Rows of the tables before it that find none in it are left out.
    narrows: bool,
    /// It stands on the side of an outer join that may be missing.
    optional: bool,
}

impl Joined {
    fn goes_by(&self, name: &Name) -> bool {
        self.alias.as_ref().unwrap_or(&self.name).same(name)
    }
}

/// `a AS x JOIN b ON …, c`; the `first` table may have been taken already.
fn joined(mut cursor: Cursor<'_, '_>, mut first: Option<Name>) -> Vec<Joined> {
    const JOINS: &[&str] = &["JOIN", "STRAIGHT_JOIN", "INNER", "CROSS", "LEFT", "RIGHT", "NATURAL"];
    let mut found = Vec::new();
    let (mut left, mut natural) = (false, false);
    while let Some(name) = first.take().or_else(|| cursor.name()).or_else(|| cursor.group().map(|_| Name::default())) {
        let said = cursor.take("AS");
        let ends = JOINS.iter().chain(&["ON", "USING", "SET", "FORCE", "USE", "IGNORE"]).any(|word| cursor.is(word));
        let alias = if said || !ends { cursor.name() } else { None };
        let next = JOINS.iter().filter_map(|word| cursor.find(&[word])).chain(comma(&cursor)).min();
        let own = &cursor.rest()[..next.unwrap_or(cursor.rest().len())];
        let condition = own.iter().position(|token| token.is("ON")).map(|at| !is_always_true(&own[at + 1..]));
        let chosen = natural || own.iter().any(|token| token.is("USING")) || condition == Some(true);
        found.push(Joined { name, alias, narrows: chosen && !left, optional: left });
        let Some(next) = next else { break };
        cursor.skip(next);
        (left, natural) = (cursor.is("LEFT"), cursor.is("NATURAL"));
        cursor.mark(",");
        while JOINS.iter().chain(&["OUTER"]).any(|word| cursor.take(word)) {}
    }
    found
}

/// How far ahead a comma outside of parentheses stands.
fn comma(cursor: &Cursor<'_, '_>) -> Option<usize> {
    let mut depth = 0_usize;
    cursor.rest().iter().position(|token| {
        depth += usize::from(token.is_mark("("));
        depth = depth.saturating_sub(usize::from(token.is_mark(")")));
        depth == 0 && token.is_mark(",")
    })
}

/// `TRUE`, `1`, `1 = 1`, and that `OR` anything: a condition that chooses nothing.
fn is_always_true(condition: &[Token<'_>]) -> bool {
    let end = condition.iter().position(|token| token.is("RETURNING")).unwrap_or(condition.len());
    let condition = &condition[..end];
    let mut depth = 0_i32;
    let or = condition.iter().position(|token| {
        depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
        depth == 0 && token.is("OR")
    });
    if let Some(at) = or {
        return is_always_true(&condition[..at]) || is_always_true(&condition[at + 1..]);
    }
    match condition {
        [open, inner @ .., close] if open.is_mark("(") && close.is_mark(")") => is_always_true(inner),
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
    let all = cursor.find(&["ON"]).zip(cursor.find(&["WHEN"]));
    let all = all.is_some_and(|(on, when)| cursor.rest().get(on + 1..when).is_some_and(is_always_true));
    while let Some(ahead) = cursor.find(&["THEN"]) {
        let said = &cursor.rest()[..ahead];
        let matched = matches!(said, [.., before, last] if last.is("MATCHED") && !before.is("NOT"));
        cursor.skip(ahead + 1);
        let end = cursor.find(&["WHEN"]).unwrap_or(cursor.rest().len());
        let mut part = Cursor::new(cursor.dialect, &cursor.rest()[..end]);
        let mut every = |verb, assigned| {
            let table = write.table.clone();
            write.also.extend((all && matched).then(|| Write { verb, table, assigned, ..Write::default() }));
        };
        if part.take_all(&["UPDATE", "SET"]) {
            let assigned = assignments(&part);
            every("UPDATE", vec![assigned.clone()]);
            write.assigned.push(assigned);
        } else if part.take("DELETE") {
            every("DELETE", Vec::new());
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
