//! An index that is dropped without CONCURRENTLY stops reads and writes
//!
//! `DROP INDEX` takes an exclusive lock on the table and waits for everybody who uses it, while everybody who comes later
//! waits behind it. With `CONCURRENTLY` PostgreSQL drops one at a time, and refuses `CASCADE`.
//!
//! ```sql,bad
//! DROP INDEX orders_customer;
//! ```
//!
//! ```sql,good
//! DROP INDEX CONCURRENTLY orders_customer;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-index-not-concurrent", Level::Hazard, POSTGRES, include_str!("drop_index_not_concurrent.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    if drop.object != "INDEX" {
        return;
    }
    if drop.concurrently {
        let cascades = context.statement.tokens.last().is_some_and(|token| token.is("CASCADE"));
        if drop.names.len() > 1 || cascades {
            let what = if cascades { "CASCADE" } else { "several indexes" };
            report
                .at(context.statement.extent, format!("DROP INDEX CONCURRENTLY refuses {what}"))
                .help("a statement for each index, without CASCADE");
        }
        return;
    }
    for name in drop.names.iter().filter(|name| !context.facts.is_made(name)) {
        report
            .at(name.extent, format!("dropping {name} locks its table against everybody"))
            .help("DROP INDEX CONCURRENTLY, outside a transaction");
    }
}
