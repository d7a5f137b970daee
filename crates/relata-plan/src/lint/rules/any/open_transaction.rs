//! A transaction that is never ended
//!
//! When the connection closes, everything is rolled back; until then every lock is held.
//!
//! ```sql,bad
//! BEGIN;
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql,good
//! BEGIN;
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! COMMIT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("open-transaction", Level::Hazard, EVERYWHERE, include_str!("open_transaction.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if context.file.managed || context.statement.kind != StatementKind::Begin || context.file.in_transaction || context.expects_wrapping {
        return;
    }
    let ends = |statement: &Statement<'_>| {
        matches!(statement.kind, StatementKind::Commit { .. } | StatementKind::Rollback { .. })
    };
    if !context.after().any(ends) {
        report.at(context.statement.extent, "this transaction is never ended").help("COMMIT at the end of the file");
    }
}
