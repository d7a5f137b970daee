//! Columns that get another name while their table is built anew by hand, where SQLite has no `ALTER`: create, copy, drop,
//! rename. The copy says it: `INSERT INTO new (email) SELECT mail FROM users`.
//!
//! Only what is said in so many words counts: a column that is copied as it is into one of another name, once, and that the
//! new table does not have under its own name.

use relata_schema::Dialect;
use relata_schema::change::Rename;
use relata_schema::model::{ObjectKey, ObjectKind};
use relata_schema::sql::{Action, CreateTable, Name, Statement, StatementKind, Token, TokenKind, read};

/// A table that is built anew, and which of its columns go on under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The table, by the name that it keeps.
    pub table: String,
    /// The table that is dropped: the old one, by its name at that moment.
    pub dropped: Name,
    /// Old and new name of each such column.
    pub columns: Vec<(String, String)>,
}

/// What a script renames so.
pub fn rebuilt(dialect: Dialect, text: &str) -> Vec<Rename> {
    let rename = |rebuilt: Rebuilt| {
        let table = dialect.name(&rebuilt.table);
        rebuilt.columns.into_iter().map(move |(from, to)| Rename {
            from: ObjectKey::member(ObjectKind::Column, &table, &from),
            to: relata_schema::model::ObjectName::bare(to),
        })
    };
    if dialect != Dialect::Sqlite {
        return Vec::new();
    }
    rebuilds(&read(dialect, text)).into_iter().flat_map(rename).collect()
}

/// The tables that statements build anew with columns under other names.
pub fn rebuilds(statements: &[Statement<'_>]) -> Vec<Rebuilt> {
    (0..statements.len()).filter_map(|at| rebuild(statements, at)).filter(|found| !found.columns.is_empty()).collect()
}

/// The one whose rows the statement copies.
fn rebuild(statements: &[Statement<'_>], at: usize) -> Option<Rebuilt> {
    let StatementKind::Write(write) = &statements[at].kind else { return None };
    let (before, after) = (&statements[..at], &statements[at + 1..]);
    if !matches!(write.verb, "INSERT" | "REPLACE") {
        return None;
    }
    let (selected, source) = copied(&statements[at].tokens)?;
    let new = before.iter().find_map(|statement| match &statement.kind {
        StatementKind::CreateTable(created) if created.name.same(&write.table) => Some(created.as_ref()),
        _ => None,
    })?;
    let is_source = |name: &Name| name.last().eq_ignore_ascii_case(&source);
    let dropped = after.iter().find_map(|statement| match &statement.kind {
        StatementKind::Drop(drop) if drop.object == "TABLE" => drop.names.iter().find(|name| is_source(name)),
        _ => None,
    })?;
    // The new table gets the name of the old one, or the old one had the name of the new one before.
    let last = after
        .iter()
        .find_map(|statement| moved(statement).filter(|(from, to)| from.same(&write.table) && is_source(to)));
    let first = before
        .iter()
        .find_map(|statement| moved(statement).filter(|(from, to)| from.same(&write.table) && is_source(to)));
    let table = if last.is_some() { source.clone() } else { first.map(|(from, _)| content(from, statements))? };
    let listed: Vec<String> = match write.assigned.first() {
        Some(columns) => columns.iter().map(|name| content(name, statements)).collect(),
        None => {
            new.columns.iter().filter(|one| one.generated.is_none()).map(|one| content(&one.name, statements)).collect()
        }
    };
    let columns = if listed.len() == selected.len() { pairs(new, &listed, &selected) } else { Vec::new() };
    Some(Rebuilt { table, dropped: dropped.clone(), columns })
}

/// `ALTER TABLE from RENAME TO to`.
fn moved<'s>(statement: &'s Statement<'_>) -> Option<(&'s Name, &'s Name)> {
    let StatementKind::Alter(alter) = &statement.kind else { return None };
    alter.actions.iter().find_map(|action| match &action.action {
        Action::Rename(to) => Some((&alter.name, to)),
        _ => None,
    })
}

fn pairs(new: &CreateTable, listed: &[String], selected: &[Option<String>]) -> Vec<(String, String)> {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let stays = |name: &str| new.columns.iter().any(|column| same(column.name.last(), name));
    let once = |name: &str| selected.iter().flatten().filter(|other| same(other, name)).count() == 1;
    let pairs = listed.iter().zip(selected).filter_map(|(to, from)| Some((from.as_ref()?, to)));
    let renamed = pairs.filter(|(from, to)| !same(from, to) && !stays(from) && once(from));
    renamed.map(|(from, to)| (from.clone(), to.clone())).collect()
}

/// What a copy selects, each plain column by its name, and the one table that it reads.
fn copied(tokens: &[Token<'_>]) -> Option<(Vec<Option<String>>, String)> {
    let mut depth = 0_i32;
    let outside: Vec<bool> = tokens
        .iter()
        .map(|token| {
            depth -= i32::from(token.is_mark(")"));
            let outside = depth == 0;
            depth += i32::from(token.is_mark("("));
            outside
        })
        .collect();
    let find = |word: &str| tokens.iter().zip(&outside).position(|(token, outside)| *outside && token.is(word));
    let (select, from) = (find("SELECT")?, find("FROM")?);
    let source = tokens.get(from + 1).filter(|token| token.kind != TokenKind::Mark)?.content();
    let several = (from..tokens.len()).any(|at| {
        outside[at] && (tokens[at].is_mark(",") || ["JOIN", "UNION", "GROUP"].iter().any(|word| tokens[at].is(word)))
    });
    let after = tokens.get(from + 2);
    if several || after.is_some_and(|token| token.is_mark(".")) || tokens.get(select + 1)?.is("DISTINCT") {
        return None;
    }
    let commas = (select..from).filter(|at| outside[*at] && tokens[*at].is_mark(","));
    let ends: Vec<usize> = commas.chain([from]).collect();
    let begins = std::iter::once(select).chain(ends.iter().copied());
    let selected = begins.zip(&ends).map(|(begin, end)| tokens.get(begin + 1..*end).and_then(plain)).collect();
    Some((selected, source))
}

/// `mail`, `users.mail`, and either of them `AS email`.
fn plain(item: &[Token<'_>]) -> Option<String> {
    const VALUES: &[&str] = &["NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"];
    let column = match item {
        [column, word, _] if word.is("AS") => column,
        [_, dot, column, word, _] if dot.is_mark(".") && word.is("AS") => column,
        [column] => column,
        [_, dot, column] if dot.is_mark(".") => column,
        _ => return None,
    };
    let number = column.text.starts_with(|c: char| c.is_ascii_digit());
    let named = matches!(column.kind, TokenKind::Word | TokenKind::Quoted) && !number;
    (named && !VALUES.iter().any(|word| column.is(word))).then(|| column.content())
}

/// The name as it is written, without quotes: SQLite keeps its letters.
fn content(name: &Name, statements: &[Statement<'_>]) -> String {
    let tokens = statements.iter().flat_map(|statement| &statement.tokens);
    let token = tokens.into_iter().find(|token| token.extent().end == name.extent.end);
    token.map_or_else(|| name.last().to_string(), Token::content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> =
            rebuilt(Dialect::Sqlite, text).iter().map(|rename| format!("{} -> {}", rename.from, rename.to)).collect();
        assert_eq!(found, expected, "{text}");
    }

    fn last(columns: &str, copy: &str) -> String {
        format!("CREATE TABLE n ({columns}); INSERT INTO n {copy}; DROP TABLE users; ALTER TABLE n RENAME TO users")
    }

    #[test]
    fn the_copy_says_what_is_renamed() {
        let email = "id INTEGER PRIMARY KEY, email TEXT, age INT";
        check(&last(email, "(id, email, age) SELECT id, mail, age FROM users"), &["column users.mail -> email"]);
        check(&last(email, "SELECT id, \"Mail\", age FROM users"), &["column users.Mail -> email"]);
        check(
            &last(email, "SELECT u.id, u.mail AS email, u.age FROM users u WHERE id > 0"),
            &["column users.mail -> email"],
        );
        check(
            "ALTER TABLE users RENAME TO old; CREATE TABLE users (id INTEGER PRIMARY KEY, eMail TEXT); \
             INSERT INTO users (id, eMail) SELECT id, mail FROM old; DROP TABLE old",
            &["column users.mail -> eMail"],
        );
        // Computed, copied twice, kept as well, from two tables, not a rebuild: nothing is said.
        check(&last(email, "SELECT id, lower(mail), age FROM users"), &[]);
        check(&last("id INTEGER PRIMARY KEY, email TEXT, login TEXT", "SELECT id, mail, mail FROM users"), &[]);
        check(&last("id INTEGER PRIMARY KEY, mail TEXT, email TEXT", "SELECT id, mail, mail FROM users"), &[]);
        check(&last(email, "SELECT id, mail, age FROM users, others"), &[]);
        check(&last(email, "SELECT id, NULL, age FROM users"), &[]);
        check("CREATE TABLE n (email TEXT); INSERT INTO n SELECT mail FROM users; DROP TABLE users", &[]);
        check("CREATE TABLE n (email TEXT); INSERT INTO n SELECT mail FROM users; ALTER TABLE n RENAME TO users", &[]);
    }
}
