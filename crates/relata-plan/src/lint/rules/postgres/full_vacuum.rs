//! VACUUM FULL and CLUSTER lock the table while they write it anew
//!
//! Nobody can read or write the table until it has been copied.
//!
//! ```sql,bad
//! VACUUM FULL orders;
//! ```
//!
//! `pg_repack` and `pg_squeeze` do the same while everybody works. Often a plain `VACUUM` is enough.
//!
//! ```sql,good
//! VACUUM orders;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("full-vacuum", Level::Hazard, POSTGRES, include_str!("full_vacuum.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let (what, table) = match &context.statement.kind {
        StatementKind::Vacuum { full: true } => ("VACUUM FULL", None),
        StatementKind::Cluster { table } => ("CLUSTER", table.as_ref()),
        _ => return,
    };
    let last = context.statement.tokens.last().map(|token| Name { parts: vec![token.content()], ..Name::default() });
    let single = !context.statement.tokens.iter().any(|token| token.is_mark(","));
    if table.or(last.as_ref().filter(|_| single)).is_some_and(|table| context.facts.is_new(table)) {
        return;
    }
    let item = report.at(context.statement.extent, format!("{what} copies the table while nobody else can use it"));
    item.help("pg_repack or pg_squeeze");
    if let Some(table) = table {
        item.by_size_of(table);
    }
}
