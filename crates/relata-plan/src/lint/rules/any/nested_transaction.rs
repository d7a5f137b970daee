//! A transaction inside a transaction, or an end without a beginning
//!
//! `BEGIN` inside a transaction does nothing (PostgreSQL warns, SQLite fails, MariaDB commits the first one), and the next
//! `COMMIT` ends both. `COMMIT` where there is none does nothing, or ends the one that the runner has begun.
//!
//! ```sql,bad
//! BEGIN;
//! BEGIN;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! BEGIN;
//! SELECT 1;
//! COMMIT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("nested-transaction", Level::Hazard, EVERYWHERE, include_str!("nested_transaction.rs"), check);

/// relata's runner passes over `BEGIN` and `COMMIT`, and refuses the rest.
fn managed(context: &Context<'_>, report: &mut Report) {
    let alone = !context.file.in_transaction && context.dialect() != Dialect::Mysql;
    let refused = match &context.statement.kind {
        StatementKind::Rollback { .. } => "a migration cannot roll itself back: it is refused",
        StatementKind::Begin | StatementKind::Commit { .. } if alone => {
            "a migration with transaction off runs statement by statement: it is refused"
        }
        _ => return,
    };
    report.at(context.statement.extent, refused).help("take it out");
}

fn check(context: &Context<'_>, report: &mut Report) {
    if context.statement.nested {
        return;
    }
    if context.file.managed {
        return managed(context, report);
    }
    let before = context.at.checked_sub(1).and_then(|at| {
        let ended = matches!(context.statements[at].kind, StatementKind::Commit { .. } | StatementKind::Rollback { .. });
        if ended { None } else { context.transactions[at] }
    });
    let inside = before.is_some() || (context.at == 0 && context.file.in_transaction);
    let known = context.file.in_transaction || !context.expects_wrapping;
    match &context.statement.kind {
        StatementKind::Begin if inside => {
            let message = if before == Some(0) || context.at == 0 {
                "the runner has begun a transaction already"
            } else {
                "a transaction has begun already"
            };
            report.at(context.statement.extent, message).help("take it out, or COMMIT first; savepoints nest");
        }
        StatementKind::Commit { .. } | StatementKind::Rollback { .. } => {
            if !context.in_transaction() && known {
                report.at(context.statement.extent, "no transaction has begun").help("take it out");
            } else if context.file.in_transaction
                && context.transactions[context.at] == Some(0)
                && !context.expects_wrapping
            {
                report
                    .at(context.statement.extent, "it ends the transaction that the runner has begun")
                    .help("-- relata: transaction off at the top of the file");
            }
        }
        _ => {}
    }
}
