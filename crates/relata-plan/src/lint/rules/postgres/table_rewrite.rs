//! A change of storage that copies the table
//!
//! Another tablespace, access method, or `LOGGED` and `UNLOGGED`: every row is copied while nobody else can read or write the
//! table.
//!
//! ```sql,bad
//! ALTER TABLE orders SET TABLESPACE fast;
//! ```
//!
//! ```sql,good
//! CREATE TABLE archive (id bigint PRIMARY KEY) TABLESPACE fast;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("table-rewrite", Level::Hazard, POSTGRES, include_str!("table_rewrite.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let words = context.statement.tokens.windows(3);
    if words.into_iter().any(|three| three[0].is("ALL") && three[1].is("IN") && three[2].is("TABLESPACE")) {
        let message = "everything in that tablespace is copied, each table while nobody else can use it";
        report.at(context.statement.extent, message).help("one table at a time, while little happens");
        return;
    }
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    let stored = matches!(alter.object, "TABLE" | "MATERIALIZED VIEW" | "INDEX");
    if !stored || context.facts.is_new(&alter.name) || context.facts.is_made(&alter.name) {
        return;
    }
    for action in &alter.actions {
        let what = match action.action {
            Action::SetTablespace => "moving it to another tablespace",
            Action::SetLogged(true) => "SET LOGGED",
            Action::SetLogged(false) => "SET UNLOGGED",
            Action::SetAccessMethod => "another access method",
            _ => continue,
        };
        let message = format!("{what} copies all of {} while nobody else can use it", alter.name);
        report.at(action.extent, message).help("pg_repack, or a new table that is filled in batches").by_size_of(&alter.name);
    }
}
