//! The DDL of SQLite.
//!
//! What SQLite keeps as text (views, triggers, partial indexes) is printed as that text, verbatim. SQLite has no comments
//! and no privileges: they are not printed. Tables may refer to tables that come later, so foreign keys need no order.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::model::{Action, Column, Deferral, ForeignKey, Index, IndexPart, Key, Match, Schema, Table, View};

use super::parse::{NOT_NULL_UNSAID, ON_CONFLICT};
use super::token::{Kind, Token, tokens};
use super::{RESERVED, keys};

/// The key of the parameter of an index that holds its whole statement, as SQLite keeps it.
pub const STATEMENT: &str = "statement";

fn ident(name: &str) -> String {
    Dialect::Sqlite.ident(name)
}

/// Every statement that creates the schema, in an order that works.
pub fn create_all(schema: &Schema) -> Vec<String> {
    let (virtual_tables, tables): (Vec<_>, Vec<_>) =
        schema.tables.iter().partition(|table| table.options.virtual_using.is_some());
    let mut out: Vec<String> = tables.iter().map(|table| create_table(table)).collect();
    out.extend(virtual_tables.into_iter().map(create_table));
    for table in &tables {
        out.extend(table.indexes.iter().map(|index| create_index(&table.name.name, index)));
    }
    out.extend(schema.views.iter().map(create_view));
    let triggers = schema.tables.iter().map(|table| &table.triggers).chain(schema.views.iter().map(|v| &v.triggers));
    out.extend(triggers.flatten().map(|trigger| trigger.definition.clone()));
    out.extend(schema.others.iter().map(|other| other.definition.clone()).filter(|sql| !sql.is_empty()));
    out
}

/// `CREATE TABLE` with its constraints, without its indexes and triggers.
pub fn create_table(table: &Table) -> String {
    create_table_as(table, &table.name.name)
}

/// [`create_table`] under another name.
pub fn create_table_as(table: &Table, name: &str) -> String {
    let name = ident(name);
    if let Some(using) = &table.options.virtual_using {
        return format!("CREATE VIRTUAL TABLE {name} USING {using}");
    }
    let keys = keys::order(table);
    let primary = |key: &&Key| keys::is_primary(table, key);
    let mut lines: Vec<String> = Vec::new();
    for column in &table.columns {
        let own = || keys.on_columns.iter().copied().filter(|key| key.parts[0].column == column.name);
        let mut line = column_with_key(column, own().find(primary));
        for key in own().filter(|key| !primary(key)) {
            line.push_str(&format!(" {}UNIQUE{}", constraint_name(&key.name), conflict(&key.parameters)));
        }
        lines.push(line);
    }
    let word = |key: &&Key| if primary(key) { "PRIMARY KEY" } else { "UNIQUE" };
    lines.extend(keys.after.iter().map(|key| key_constraint(key, word(key))));
    lines.extend(table.foreign_keys.iter().map(foreign_key));
    let check = |name: &str, expression: &str| format!("{}CHECK ({expression})", constraint_name(name));
    lines.extend(table.checks.iter().map(|c| check(&c.name, &c.expression)));
    let mut out = format!("CREATE TABLE {name} (\n  {}\n)", lines.join(",\n  "));
    let options = [(table.options.without_rowid, "WITHOUT ROWID"), (table.options.strict, "STRICT")];
    let options: Vec<_> = options.into_iter().filter(|(on, _)| *on).map(|(_, text)| text).collect();
    if !options.is_empty() {
        out.push(' ');
        out.push_str(&options.join(", "));
    }
    out
}

/// A column as it stands in `CREATE TABLE` and `ADD COLUMN`, without key.
pub fn column_definition(column: &Column) -> String {
    column_with_key(column, None)
}

fn column_with_key(column: &Column, key: Option<&Key>) -> String {
    let mut out = ident(&column.name);
    let mut add = |text: &str| {
        out.push(' ');
        out.push_str(text);
    };
    if !column.ty.physical.is_empty() {
        add(&type_name(&column.ty.physical));
    }
    if let Some(key) = key {
        let mut text = format!("{}PRIMARY KEY", constraint_name(&key.name));
        text.push_str(if key.parts[0].descending { " DESC" } else { "" });
        text.push_str(&conflict(&key.parameters));
        text.push_str(if column.auto_increment { " AUTOINCREMENT" } else { "" });
        add(&text);
    }
    if column.not_null && !column.parameters.iter().any(|(key, _)| key == NOT_NULL_UNSAID) {
        add(&format!("NOT NULL{}", conflict(&column.parameters)));
    }
    if let Some(default) = &column.default {
        add(&format!("DEFAULT {}", default_value(default)));
    }
    if let Some(collation) = &column.collation {
        add(&format!("COLLATE {}", collation_name(collation)));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        add(&format!("GENERATED ALWAYS AS ({}) {kind}", generated.expression));
    }
    out
}

/// A declared type as it can stand behind a column's name: words and numbers in parentheses as they are, everything else
/// as one quoted name, which is what SQLite keeps of it.
fn type_name(physical: &str) -> Cow<'_, str> {
    let tokens = tokens(physical);
    let words = tokens.iter().take_while(|token| token.kind != Kind::Literal && token.kind != Kind::Mark).count();
    let reserved = |word: &str| {
        let word = word.to_ascii_lowercase();
        !matches!(word.as_str(), "with" | "without") && RESERVED.binary_search(&word.as_str()).is_ok()
    };
    let closed = |text: &str| text.len() > 1 && text.ends_with(['"', '`', ']', '\'']);
    let word = |token: &Token<'_>| if token.kind == Kind::Word { !reserved(token.text) } else { closed(token.text) };
    let arguments = match &tokens[words..] {
        [] => true,
        [open, inside @ .., close] => {
            let number = |token: &Token<'_>| {
                token.kind == Kind::Literal || [",", "+", "-"].iter().any(|mark| token.is_mark(mark))
            };
            open.is_mark("(") && close.is_mark(")") && inside.iter().all(number)
        }
        [_] => false,
    };
    if words > 0 && arguments && tokens[..words].iter().all(word) {
        Cow::Borrowed(physical)
    } else {
        Cow::Owned(format!("\"{}\"", physical.replace('"', "\"\"")))
    }
}

fn conflict(parameters: &[(String, String)]) -> String {
    let clause = parameters.iter().find(|(key, _)| key == ON_CONFLICT);
    clause.map_or_else(String::new, |(_, clause)| format!(" ON CONFLICT {clause}"))
}

/// A default as `DEFAULT` takes it: one token or a signed number as it is, everything else in parentheses.
fn default_value(text: &str) -> String {
    let tokens = tokens(text);
    match &tokens[..] {
        // A comment at the end would swallow what follows.
        _ if text.contains("--") => format!("({text}\n)"),
        [one] if one.kind != Kind::Mark => text.to_string(),
        [sign, number] if is_sign(sign) && number.kind == Kind::Literal => text.to_string(),
        _ => format!("({text})"),
    }
}

fn is_sign(token: &Token<'_>) -> bool {
    token.is_mark("-") || token.is_mark("+")
}

/// Whether a default is the same for every row and known beforehand, as `ADD COLUMN` demands.
pub fn is_constant(text: &str) -> bool {
    match &tokens(text)[..] {
        // SQLite takes a bare word for a string.
        [one] => {
            one.kind != Kind::Mark && !["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"].iter().any(|w| one.is(w))
        }
        [sign, number] => is_sign(sign) && number.kind == Kind::Literal,
        _ => false,
    }
}

/// Collations are written in capitals, and are plain words all the same.
fn collation_name(name: &str) -> String {
    let small = name.to_ascii_lowercase();
    if ident(&small) == small { name.to_string() } else { ident(name) }
}

fn constraint_name(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", ident(name)) }
}

fn key_constraint(key: &Key, word: &str) -> String {
    let parts = parts(&key.parts);
    format!("{}{word} ({parts}){}", constraint_name(&key.name), conflict(&key.parameters))
}

fn parts(parts: &[IndexPart]) -> String {
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn part(part: &IndexPart) -> String {
    let mut out = match &part.expression {
        // What follows would belong to its last operand alone.
        Some(expression) if part.collation.is_some() && !stands_alone(expression) => format!("({expression})"),
        Some(expression) => expression.clone(),
        None => ident(&part.column),
    };
    if let Some(collation) = &part.collation {
        out.push_str(&format!(" COLLATE {}", collation_name(collation)));
    }
    out.push_str(if part.descending { " DESC" } else { "" });
    out
}

/// `(…)`, or a function and what it is given.
pub(super) fn stands_alone(expression: &str) -> bool {
    let tokens = tokens(expression);
    let call = tokens.first().is_some_and(|first| first.kind == Kind::Word && !first.is("NOT"));
    let mut depth = 0_usize;
    tokens.iter().enumerate().skip(usize::from(call)).all(|(at, token)| {
        match token {
            _ if token.is_mark("(") => depth += 1,
            _ if token.is_mark(")") => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 0 || at + 1 == tokens.len()
    })
}

/// A foreign key as a table constraint.
pub fn foreign_key(key: &ForeignKey) -> String {
    let columns = names(&key.columns);
    format!("{}FOREIGN KEY ({columns}) {}", constraint_name(&key.name), references(key))
}

/// `REFERENCES …` as it stands on a column.
pub fn references(key: &ForeignKey) -> String {
    let (table, columns) = match key.written.split_first() {
        Some((table, columns)) => (table, columns),
        None => (&key.references.name, key.referenced_columns.as_slice()),
    };
    let mut out = format!("REFERENCES {}", ident(table));
    if !columns.is_empty() && !key.columns_unsaid {
        out.push_str(&format!(" ({})", names(columns)));
    }
    for (word, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != Action::NoAction {
            out.push_str(&format!(" ON {word} {action}"));
        }
    }
    if key.matching != Match::Simple {
        out.push_str(&format!(" MATCH {}", key.matching));
    }
    out.push_str(match key.deferral {
        Deferral { deferrable: true, initially_deferred: true } => " DEFERRABLE INITIALLY DEFERRED",
        Deferral { deferrable: true, .. } => " DEFERRABLE",
        _ => "",
    });
    out
}

fn names(columns: &[String]) -> String {
    columns.iter().map(|column| ident(column)).collect::<Vec<_>>().join(", ")
}

/// `CREATE INDEX`.
pub fn create_index(table: &str, index: &Index) -> String {
    if let Some((_, statement)) = index.parameters.iter().find(|(key, _)| key == STATEMENT) {
        return statement.clone();
    }
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut out = format!("CREATE {unique}INDEX {} ON {} ({})", ident(&index.name), ident(table), parts(&index.parts));
    if let Some(predicate) = &index.predicate {
        out.push_str(&format!(" WHERE {predicate}"));
    }
    out
}

/// `CREATE VIEW`: SQLite's own text; a bare query is completed.
pub fn create_view(view: &View) -> String {
    if tokens(&view.query).first().is_some_and(|token| token.is("CREATE")) {
        return view.query.clone();
    }
    format!("CREATE VIEW {} AS {}", ident(&view.name.name), view.query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_bare_only_where_sqlite_takes_them_so() {
        for (text, printed) in [
            ("'a'", "'a'"),
            ("-1.5", "-1.5"),
            ("NULL", "NULL"),
            ("x'00'", "x'00'"),
            ("current_timestamp", "current_timestamp"),
            ("word", "word"),
            ("datetime('now')", "(datetime('now'))"),
            ("1 + 1 -- two", "(1 + 1 -- two\n)"),
            ("1 + 1", "(1 + 1)"),
            ("'a' || 'b'", "('a' || 'b')"),
        ] {
            assert_eq!(default_value(text), printed);
        }
        assert!(!is_constant("CURRENT_TIMESTAMP"));
    }

    #[test]
    fn expressions_of_indexes_stand_as_they_were_written() {
        for (text, collation, printed) in [
            ("lower(a)", None, "lower(a)"),
            ("(lower(a))", None, "(lower(a))"),
            ("a || b", None, "a || b"),
            ("lower(a)", Some("NOCASE"), "lower(a) COLLATE NOCASE"),
            ("(a || b)", Some("NOCASE"), "(a || b) COLLATE NOCASE"),
            ("a || b", Some("NOCASE"), "(a || b) COLLATE NOCASE"),
            ("(a) || (b)", Some("NOCASE"), "((a) || (b)) COLLATE NOCASE"),
            ("f(a) || f(b)", Some("NOCASE"), "(f(a) || f(b)) COLLATE NOCASE"),
        ] {
            let collation = collation.map(String::from);
            let written = IndexPart { expression: Some(text.into()), collation, ..IndexPart::default() };
            assert_eq!(part(&written), printed);
        }
    }

    #[test]
    fn types_that_are_no_words_are_quoted() {
        for (declared, printed) in [
            ("varchar ( 20 )", "varchar ( 20 )"),
            ("DECIMAL(10, -2)", "DECIMAL(10, -2)"),
            ("unsigned big int", "unsigned big int"),
            ("timestamp with time zone", "timestamp with time zone"),
            ("weird-type", "\"weird-type\""),
            ("set", "\"set\""),
            ("say \"x", "\"say \"\"x\""),
            ("enum('a','b')", "\"enum('a','b')\""),
        ] {
            assert_eq!(type_name(declared), printed);
        }
    }
}
