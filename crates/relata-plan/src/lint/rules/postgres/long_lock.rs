//! Rows are written while the table is locked against everybody
//!
//! `ALTER TABLE` holds its lock until the transaction ends. What follows in the same transaction and takes long is waited for by
//! everybody who wants to read the table: rows that are written, in it or in another one, and rows that are copied.
//!
//! ```sql,bad
//! BEGIN;
//! ALTER TABLE orders ADD COLUMN state text;
//! UPDATE orders SET state = 'open' WHERE state IS NULL;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! BEGIN;
//! ALTER TABLE orders ADD COLUMN state text;
//! COMMIT;
//! UPDATE orders SET state = 'open' WHERE id BETWEEN 1 AND 1000;
//! ```

use relata_schema::sql::{Token, TokenKind};

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("long-lock", Level::Hazard, POSTGRES, include_str!("long_lock.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let nameless = Name::default();
    let table = match &context.statement.kind {
        StatementKind::Write(write) => &write.table,
        StatementKind::Query => &nameless,
        StatementKind::CreateTable(table) if table.as_query => &table.name,
        _ => return,
    };
    let own = context.facts.locked_by(table).map(|by| (table.to_string(), by));
    let Some((locked, by)) = own.or_else(|| context.facts.locked()) else { return };
    let tokens = &context.statement.tokens;
    let long = match &context.statement.kind {
        StatementKind::Write(write) if context.facts.locked_by(table).is_some() => {
            matches!(write.verb, "UPDATE" | "DELETE" | "MERGE") && !chooses(tokens, |name| name == "id")
        }
        StatementKind::Write(write) if matches!(write.verb, "UPDATE" | "DELETE" | "MERGE") => {
            !context.facts.is_new(&write.table) && !is_bookkeeping(&write.table) && !chooses(tokens, |_| true)
        }
        StatementKind::Query => {
            let calls = |name: &str| tokens.windows(2).any(|pair| pair[0].is(name) && pair[1].is_mark("("));
            calls("pg_sleep") || (calls("count") && reads_all(tokens, |name| context.facts.is_new(name)))
        }
        _ => reads_all(tokens, |name| context.facts.is_new(name)),
    };
    if long {
        report
            .at(context.statement.extent, format!("{locked} is locked by {by} until this has ended"))
            .help("commit first, and write the rows in batches in another migration")
            .by_size_of(table);
    }
}

/// A column of that kind is compared with something that is no column of that name: a few rows.
fn chooses(tokens: &[Token<'_>], is: impl Fn(&str) -> bool) -> bool {
    let filter = tokens.iter().position(|token| token.is("WHERE")).unwrap_or(tokens.len());
    tokens[filter..].windows(3).any(|three| {
        let column = three[0].kind != TokenKind::Mark && is(&three[0].content().to_lowercase());
        let value = three[2].kind == TokenKind::Text || three[2].text.starts_with(|c: char| c.is_ascii_digit());
        let same = three[2].text == three[0].text;
        let one = three[1].is_mark("=") && if three[0].is("id") { !same } else { value };
        column && (one || three[1].is("IN"))
    })
}

/// It copies what a query finds in a table that was there before, and the query chooses nothing.
fn reads_all(tokens: &[Token<'_>], is_new: impl Fn(&Name) -> bool) -> bool {
    let Some(query) = tokens.iter().position(|token| token.is("SELECT")) else { return false };
    let tokens = &tokens[query..];
    let Some(from) = tokens.iter().position(|token| token.is("FROM")) else { return false };
    let Some(table) = tokens.get(from + 1).filter(|token| token.kind != TokenKind::Mark) else { return false };
    let call = tokens.get(from + 2).is_some_and(|next| next.is_mark("("));
    let name = Name { parts: vec![table.content()], ..Name::default() };
    let chosen = tokens.iter().any(|token| token.is("LIMIT")) || chooses(tokens, |_| true);
    !call && !is_new(&name) && !chosen && !table.is("pg_catalog") && !table.is("information_schema")
}
