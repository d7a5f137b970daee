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

use crate::lint::misspelt;

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
    if let Some((extent, word)) = misspelt::find(context) {
        report.at(extent, format!("nothing is called {}", context.text(extent))).help(format!("is it {word}?"));
    } else if let Some((extent, word)) = misspelt::missing(statement) {
        report.at(extent, format!("{word} is missing in this statement")).help("look for a word that is misspelt or left out");
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
