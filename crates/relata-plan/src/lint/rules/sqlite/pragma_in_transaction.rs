//! A PRAGMA that has no effect in a transaction, and VACUUM, which fails in one
//!
//! `PRAGMA foreign_keys` does nothing while a transaction is open, and says nothing. `VACUUM` is refused.
//!
//! ```sql,bad
//! BEGIN;
//! PRAGMA foreign_keys = OFF;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! PRAGMA foreign_keys = OFF;
//! BEGIN;
//! SELECT 1;
//! COMMIT;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("pragma-in-transaction", Level::Hazard, SQLITE, include_str!("pragma_in_transaction.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if matches!(context.statement.kind, StatementKind::Vacuum { .. }) && context.in_transaction() {
        report
            .at(context.statement.extent, "VACUUM fails inside a transaction")
            .help("move it into a migration that runs without one: -- relata: transaction off");
    }
    let StatementKind::Set(settings) = &context.statement.kind else { return };
    // The runner takes it out of its own transaction.
    let explicit = context.transactions[context.at].is_some_and(|number| number > 0 || !context.file.in_transaction);
    for setting in settings {
        let silent = matches!(setting.name.as_str(), "foreign_keys" | "journal_mode" | "auto_vacuum" | "page_size");
        if explicit && silent && !setting.value.is_empty() {
            report
                .at(context.statement.extent, format!("PRAGMA {} has no effect inside a transaction", setting.name))
                .help("put it before BEGIN");
        }
    }
}
