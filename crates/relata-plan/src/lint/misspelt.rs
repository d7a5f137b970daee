//! Words of SQL that are misspelt: nearly a word that would be right there, where no name may stand.
//!
//! Looked for where the grammar leaves few words: kinds of objects, what an `ALTER TABLE` does, what follows the type of a
//! column, what a constraint begins with, the word that a statement cannot do without. Names and types, which are anybody's,
//! are no mistakes; so expressions and queries are not looked into.

use relata_schema::sql::{Action, ColumnDefinition, Extent, Statement, StatementKind, Token, TokenKind};

use super::Context;

type Found = Option<(Extent, &'static str)>;

/// The first misspelt word of a statement, and what it should be.
pub fn find(context: &Context<'_>) -> Found {
    let statement = context.statement;
    kind(&statement.tokens).or_else(|| action(statement)).or_else(|| columns(statement)).or_else(|| clause(statement))
}

/// A word that the statement cannot do without and does not have, and where it was looked for.
pub fn missing(statement: &Statement<'_>) -> Option<(Extent, &'static str)> {
    let (tokens, first) = (&statement.tokens, statement.tokens.first()?);
    let has = |words: &[&str]| outer(tokens).any(|token| words.iter().any(|word| token.is(word)));
    let needs: &'static str = match &statement.kind {
        StatementKind::CreateIndex(_) if !has(&["ON"]) => "ON",
        StatementKind::Write(write) if write.verb == "UPDATE" && first.is("UPDATE") && !has(&["SET"]) => "SET",
        StatementKind::Write(write) if write.verb == "INSERT" && first.is("INSERT") => {
            let rows = ["VALUES", "VALUE", "SELECT", "DEFAULT", "SET", "TABLE", "WITH", "EXECUTE"];
            let query = tokens.windows(2).any(|pair| {
                pair[0].is_mark("(")
                    && ["SELECT", "WITH", "VALUES", "("].iter().any(|word| pair[1].is(word) || pair[1].is_mark(word))
            });
            if has(&rows) || query { return None } else { "VALUES" }
        }
        _ => return None,
    };
    Some((first.extent(), needs))
}

/// The tokens outside of all parentheses.
fn outer<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = &'t Token<'a>> {
    let mut depth = 0_i32;
    tokens.iter().filter(move |token| {
        depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
        depth == 0
    })
}

/// The word of these that a token is nearly, if it is none of them.
fn nearly(token: &Token<'_>, words: &[&'static str]) -> Found {
    let word = token.text.to_ascii_uppercase();
    if token.kind != TokenKind::Word || word.len() < 3 || words.contains(&word.as_str()) {
        return None;
    }
    let near = words.iter().find(|known| is_near(&word, known))?;
    Some((token.extent(), *near))
}

/// A word after `CREATE`, `ALTER` or `DROP` that is nearly the name of a kind of object.
fn kind(tokens: &[Token<'_>]) -> Found {
    const BETWEEN: &[&str] =
        &["OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "GLOBAL", "LOCAL", "MATERIALIZED"];
    const KINDS: &[&str] = &[
        "TABLE",
        "INDEX",
        "VIEW",
        "TYPE",
        "FUNCTION",
        "PROCEDURE",
        "TRIGGER",
        "SEQUENCE",
        "SCHEMA",
        "DATABASE",
        "EXTENSION",
        "DOMAIN",
        "POLICY",
        "UNIQUE",
        "TEMPORARY",
        "MATERIALIZED",
        "PUBLICATION",
    ];
    tokens.first().filter(|first| ["CREATE", "ALTER", "DROP"].iter().any(|verb| first.is(verb)))?;
    let second = tokens[1..].iter().find(|token| !BETWEEN.iter().any(|word| token.is(word)))?;
    let word = second.text.to_ascii_uppercase();
    let near = KINDS.iter().find(|kind| word != **kind && is_near(&word, kind))?;
    (second.kind == TokenKind::Word).then(|| (second.extent(), *near))
}

/// The second word of `INSERT INTO` and `DELETE FROM`, and what an `ALTER TABLE` does.
fn action(statement: &Statement<'_>) -> Found {
    const ACTIONS: &[&str] =
        &["ADD", "DROP", "ALTER", "MODIFY", "CHANGE", "RENAME", "VALIDATE", "ATTACH", "DETACH", "ENABLE", "DISABLE"];
    let tokens = &statement.tokens;
    let named =
        |at: usize| tokens.get(at).is_some_and(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
    if let StatementKind::Alter(alter) = &statement.kind {
        let table = alter.actions.iter().filter(|_| alter.object == "TABLE");
        return table.clone().find_map(|one| match &one.action {
            Action::Other => nearly(within(tokens, one.extent).first()?, ACTIONS),
            _ => member(within(tokens, one.extent), &one.action),
        });
    }
    match tokens.first()? {
        first if first.is("INSERT") && named(2) => nearly(tokens.get(1)?, &["INTO"]),
        first if first.is("DELETE") && named(2) => nearly(tokens.get(1)?, &["FROM"]),
        _ => None,
    }
}

/// `COLUMN` or `CONSTRAINT` after the verb, which would be a name otherwise: then what follows would be its type, or nothing.
fn member(tokens: &[Token<'_>], action: &Action) -> Found {
    let second = tokens.get(1)?;
    let followed = |at: usize| tokens.get(at).filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
    let third = followed(2)?;
    let found = nearly(second, &["COLUMN", "CONSTRAINT"])?;
    let is_member = match action {
        Action::AddColumn { .. } => {
            !is_type(third) && followed(3).is_some_and(|fourth| is_type(fourth) || found.1 == "CONSTRAINT")
        }
        Action::DropColumn { .. } => !third.is("CASCADE") && !third.is("RESTRICT"),
        _ => false,
    };
    is_member.then_some(found)
}

fn is_type(token: &Token<'_>) -> bool {
    const TYPES: &[&str] = &[
        "INT",
        "INTEGER",
        "BIGINT",
        "SMALLINT",
        "TINYINT",
        "MEDIUMINT",
        "SERIAL",
        "BIGSERIAL",
        "TEXT",
        "VARCHAR",
        "CHAR",
        "CHARACTER",
        "BOOLEAN",
        "BOOL",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMPTZ",
        "DATETIME",
        "NUMERIC",
        "DECIMAL",
        "REAL",
        "DOUBLE",
        "FLOAT",
        "JSON",
        "JSONB",
        "UUID",
        "BYTEA",
        "BLOB",
        "ENUM",
        "LONGTEXT",
        "MEDIUMTEXT",
        "TINYTEXT",
    ];
    token.kind == TokenKind::Word && TYPES.iter().any(|word| token.is(word))
}

/// What follows the types of columns, and what stands in the place of one.
fn columns(statement: &Statement<'_>) -> Found {
    let one = |column: &ColumnDefinition| attribute(within(&statement.tokens, column.extent));
    match &statement.kind {
        StatementKind::CreateTable(table) => table.columns.iter().find_map(|column| {
            let tokens = within(&statement.tokens, column.extent);
            element(tokens).or_else(|| attribute(tokens))
        }),
        StatementKind::Alter(alter) if alter.object == "TABLE" => {
            alter.actions.iter().find_map(|it| match &it.action {
                Action::AddColumn { column, .. } | Action::Redefine { column, .. } => one(column),
                _ => None,
            })
        }
        _ => None,
    }
}

/// A constraint of a table that was taken for a column: `PRIMRAY KEY (id)`, `FORIEGN KEY (…)`, `CHEKC (…)`.
fn element(tokens: &[Token<'_>]) -> Found {
    let (first, second) = (tokens.first()?, tokens.get(1)?);
    let opens = tokens.get(2).is_some_and(|third| third.is_mark("("));
    match () {
        () if second.is("KEY") && opens => nearly(first, &["PRIMARY", "FOREIGN", "UNIQUE"]),
        () if second.is_mark("(") => nearly(first, &["CHECK", "UNIQUE", "INDEX"]),
        () if tokens.iter().any(|token| token.is("KEY") || token.is("CHECK") || token.is("UNIQUE")) => {
            let constraint = tokens
                .get(2)
                .is_some_and(|third| ["PRIMARY", "FOREIGN", "UNIQUE", "CHECK"].iter().any(|word| third.is(word)));
            if constraint { nearly(first, &["CONSTRAINT"]) } else { None }
        }
        () => None,
    }
}

/// A word behind the type of a column that is nearly one of those that may stand there.
fn attribute(tokens: &[Token<'_>]) -> Found {
    const WORDS: &[&str] = &[
        "NULL",
        "PRIMARY",
        "UNIQUE",
        "DEFAULT",
        "REFERENCES",
        "CONSTRAINT",
        "CHECK",
        "GENERATED",
        "ALWAYS",
        "IDENTITY",
        "STORED",
        "VIRTUAL",
        "COLLATE",
        "CASCADE",
        "RESTRICT",
        "DEFERRABLE",
        "INITIALLY",
        "DEFERRED",
        "IMMEDIATE",
        "AUTO_INCREMENT",
        "AUTOINCREMENT",
        "UNSIGNED",
        "COMMENT",
        "CHARACTER",
        "DELETE",
    ];
    // A name, a value or a word of its own follows these.
    const BEFORE: &[&str] = &[
        "CONSTRAINT",
        "REFERENCES",
        "COLLATE",
        "DEFAULT",
        "SET",
        "CHARSET",
        "AFTER",
        "UPDATE",
        "STORAGE",
        "COMPRESSION",
        "USING",
        "MATCH",
        "COLUMN_FORMAT",
        "TYPE",
        "ENGINE_ATTRIBUTE",
        "ON",
        "CONFLICT",
    ];
    let words: Vec<&Token<'_>> = outer(tokens).collect();
    for (at, token) in words.iter().enumerate().skip(2) {
        let before = words[at - 1];
        let plain = before.is_mark(".") || before.is_mark("=") || before.is_mark(":") || before.is_mark("-");
        let named = plain || BEFORE.iter().any(|word| before.is(word));
        let known = token.is("NULLS");
        let called = words.get(at + 1).is_some_and(|next| next.is_mark("."));
        if before.is("PRIMARY") && !token.is("KEY") && token.kind == TokenKind::Word {
            return Some((token.extent(), "KEY"));
        }
        if let Some(found) = (!named && !called && !known).then(|| nearly(token, WORDS)).flatten() {
            return Some(found);
        }
    }
    None
}

/// `WHERE` of a change of rows, followed by what a condition begins with.
fn clause(statement: &Statement<'_>) -> Found {
    let StatementKind::Write(write) = &statement.kind else { return None };
    if !matches!(write.verb, "UPDATE" | "DELETE") || statement.tokens.iter().any(|token| token.is("WHERE")) {
        return None;
    }
    let words: Vec<&Token<'_>> = outer(&statement.tokens).collect();
    let at = words.iter().position(|token| token.is(if write.verb == "UPDATE" { "SET" } else { "FROM" }))?;
    (at + 2..words.len().saturating_sub(1)).find_map(|at| {
        let (before, next) = (words[at - 1], words[at + 1]);
        let alone = before.kind != TokenKind::Mark
            && !before.is("AS")
            && matches!(next.kind, TokenKind::Word | TokenKind::Quoted);
        alone.then(|| nearly(words[at], &["WHERE"])).flatten()
    })
}

/// The tokens of an extent.
fn within<'t, 'a>(tokens: &'t [Token<'a>], extent: Extent) -> &'t [Token<'a>] {
    let begin = tokens.partition_point(|token| token.start < extent.start);
    let end = tokens.partition_point(|token| token.start < extent.end);
    tokens.get(begin..end).unwrap_or_default()
}

/// One letter is wrong, missing or too many, or two have changed places.
pub fn is_near(word: &str, kind: &str) -> bool {
    let (one, two) = (word.as_bytes(), kind.as_bytes());
    let front = one.iter().zip(two).take_while(|(a, b)| a == b).count();
    let back = one.iter().rev().zip(two.iter().rev()).take_while(|(a, b)| a == b).count();
    let left = |all: &[u8]| all.len().saturating_sub(front + back);
    match (left(one), left(two)) {
        (1, 1) => true,
        (0, _) | (_, 0) => one.len().abs_diff(two.len()) == 1,
        (2, 2) => one[front] == two[front + 1] && one[front + 1] == two[front],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_or_two_make_a_word_near() {
        for near in ["TABEL", "TABL", "TABLEE", "TSBLE", "ATBLE"] {
            assert!(is_near(near, "TABLE"), "{near}");
        }
        for far in ["LABEL", "TABLESPACE", "CABLES", "", "RULE"] {
            assert!(!is_near(far, "TABLE"), "{far}");
        }
    }
}
