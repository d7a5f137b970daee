//! A name that is longer than the database keeps
//!
//! PostgreSQL cuts a name after 63 bytes and goes on: two names may become one, and the application looks for the long one.
//! MariaDB refuses more than 64 characters.
//!
//! ```sql,bad,postgres
//! CREATE TABLE a_table_whose_name_is_much_longer_than_what_postgresql_keeps_of_it (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql,good,postgres
//! CREATE TABLE a_table_whose_name_is_short_enough (id bigint PRIMARY KEY);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("identifier-too-long", Level::Hazard, POSTGRES_AND_MYSQL, include_str!("identifier_too_long.rs"), check);

use relata_schema::sql::TokenKind;

fn check(context: &Context<'_>, report: &mut Report) {
    let Some(limit) = context.dialect().identifier_limit() else { return };
    let names = matches!(
        context.statement.kind,
        StatementKind::CreateTable(_)
            | StatementKind::CreateIndex(_)
            | StatementKind::Create(_)
            | StatementKind::Alter(_)
            | StatementKind::Rename(_)
    );
    if !names {
        return;
    }
    for token in &context.statement.tokens {
        if !matches!(token.kind, TokenKind::Word | TokenKind::Quoted) || token.text.len() <= limit {
            continue;
        }
        let name = token.content();
        let bytes = context.dialect() == Dialect::Postgres;
        let length = if bytes { name.len() } else { name.chars().count() };
        if length > limit && !name.starts_with(|c: char| c.is_ascii_digit()) {
            let unit = if bytes { "bytes are kept" } else { "characters are allowed" };
            report.at(token.extent(), format!("the name has {length}, and {limit} {unit}")).help("a shorter name");
        }
    }
}
