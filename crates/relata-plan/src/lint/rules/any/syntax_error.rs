//! A statement that no database can read
//!
//! A quote, comment or parenthesis that never ends, a comma too many, `TABEL` for `TABLE`: the migration fails there, and where a
//! quote is left open, everything behind it is not what it looks like.
//!
//! ```sql,bad
//! CREATE TABLE orders (id bigint PRIMARY KEY, note text,);
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id bigint PRIMARY KEY, note text);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("syntax-error", Level::Hazard, EVERYWHERE, include_str!("syntax_error.rs"), check);

use relata_schema::sql::{Token, TokenKind, is_unfinished, open_comment};

fn check(context: &Context<'_>, report: &mut Report) {
    let statement = context.statement;
    if statement.nested {
        return;
    }
    if let Some(extent) = parenthesis(&statement.tokens) {
        report.at(extent, "this parenthesis has no other end").help("look whether one is missing, or one too many");
    }
    if let Some(extent) = comma(&statement.tokens) {
        report.at(extent, "nothing stands after this comma").help("take it out, or write what is missing");
    }
    if let Some((extent, word)) = mistyped(&statement.tokens).or_else(|| mistyped_action(context)) {
        report.at(extent, format!("nothing is called {}", context.text(extent))).help(format!("is it {word}?"));
    }
    if context.at + 1 == context.statements.len() {
        last(context, report);
    }
}

/// What the file ends inside of.
fn last(context: &Context<'_>, report: &mut Report) {
    let statement = context.statement;
    let quoted = |token: &&Token<'_>| matches!(token.kind, TokenKind::Text | TokenKind::Quoted);
    let open = statement.tokens.last().filter(quoted).filter(|token| is_unfinished(statement.dialect, token.text));
    if let Some(token) = open {
        report.at(token.extent(), "this quote never ends").help("close it where it should; what stands behind it is text");
    }
    let rows = matches!(&statement.kind, StatementKind::Write(write) if write.verb == "COPY");
    let rest = context.text.get(statement.extent.end..).filter(|_| !rows && open.is_none());
    if let Some(found) = rest.and_then(|rest| open_comment(statement.dialect, rest)) {
        let (start, end) = (found.start + statement.extent.end, found.end + statement.extent.end);
        report.at(Extent { start, end }, "this comment never ends").help("close it where it should");
    }
}

/// The first parenthesis that has no other end.
fn parenthesis(tokens: &[Token<'_>]) -> Option<Extent> {
    let mut open: Vec<Extent> = Vec::new();
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Mark) {
        match token.text {
            "(" => open.push(token.extent()),
            ")" if open.pop().is_none() => return Some(token.extent()),
            _ => {}
        }
    }
    open.first().copied()
}

/// A comma before another one, before a parenthesis, or at the end.
fn comma(tokens: &[Token<'_>]) -> Option<Extent> {
    let dangling = |at: &usize| {
        let next = tokens.get(at + 1);
        tokens[*at].is_mark(",") && next.is_none_or(|next| next.is_mark(",") || next.is_mark(")"))
    };
    (0..tokens.len()).find(dangling).map(|at| tokens[at].extent())
}

/// A word after `CREATE`, `ALTER` or `DROP` that is nearly the name of a kind of object.
fn mistyped(tokens: &[Token<'_>]) -> Option<(Extent, &'static str)> {
    const BETWEEN: &[&str] = &["OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "GLOBAL", "LOCAL", "MATERIALIZED"];
    const KINDS: &[&str] = &[
        "TABLE", "INDEX", "VIEW", "TYPE", "FUNCTION", "PROCEDURE", "TRIGGER", "SEQUENCE", "SCHEMA", "DATABASE", "EXTENSION",
        "DOMAIN", "POLICY", "UNIQUE", "TEMPORARY", "MATERIALIZED", "PUBLICATION",
    ];
    tokens.first().filter(|first| ["CREATE", "ALTER", "DROP"].iter().any(|verb| first.is(verb)))?;
    let second = tokens[1..].iter().find(|token| !BETWEEN.iter().any(|word| token.is(word)))?;
    let word = second.text.to_ascii_uppercase();
    let near = KINDS.iter().find(|kind| word != **kind && is_near(&word, kind))?;
    (second.kind == TokenKind::Word).then(|| (second.extent(), *near))
}

/// The second word of `INSERT INTO` and `DELETE FROM`, and what an `ALTER TABLE` does, mistyped.
fn mistyped_action(context: &Context<'_>) -> Option<(Extent, &'static str)> {
    const ACTIONS: &[&str] = &["ADD", "DROP", "ALTER", "MODIFY", "CHANGE", "RENAME", "VALIDATE", "ATTACH", "DETACH", "ENABLE", "DISABLE"];
    let tokens = &context.statement.tokens;
    let near = |token: &Token<'_>, words: &[&'static str]| {
        let word = token.text.to_ascii_uppercase();
        let near = words.iter().find(|known| word != **known && is_near(&word, known))?;
        (token.kind == TokenKind::Word && word.len() > 2).then(|| (token.extent(), *near))
    };
    let named = |at: usize| tokens.get(at).is_some_and(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
    if let StatementKind::Alter(alter) = &context.statement.kind {
        let unknown = alter.actions.iter().filter(|action| alter.object == "TABLE" && action.action == Action::Other);
        let first = |action: &TableAction| tokens.iter().find(|token| token.start == action.extent.start);
        return unknown.filter_map(first).find_map(|token| near(token, ACTIONS));
    }
    match tokens.first()? {
        first if first.is("INSERT") && named(2) => near(tokens.get(1)?, &["INTO"]),
        first if first.is("DELETE") && named(2) => near(tokens.get(1)?, &["FROM"]),
        _ => None,
    }
}

/// One letter is wrong, missing or too many, or two have changed places.
pub(super) fn is_near(word: &str, kind: &str) -> bool {
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
