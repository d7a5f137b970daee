//! REINDEX without CONCURRENTLY stops writes and the index's readers
//!
//! The index cannot be used while it is rebuilt, and the table cannot be written.
//!
//! ```sql,bad
//! REINDEX INDEX orders_customer;
//! ```
//!
//! ```sql,good
//! REINDEX INDEX CONCURRENTLY orders_customer;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("reindex-not-concurrent", Level::Hazard, POSTGRES, include_str!("reindex_not_concurrent.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Reindex { object, name, concurrently } = &context.statement.kind else { return };
    if *concurrently || object == "SYSTEM" {
        return;
    }
    let what = name.as_ref().map_or_else(|| "the database".to_string(), ToString::to_string);
    report
        .at(context.statement.extent, format!("writes wait while {what} is rebuilt"))
        .help("REINDEX … CONCURRENTLY, outside a transaction (PostgreSQL 12 and newer)");
}
