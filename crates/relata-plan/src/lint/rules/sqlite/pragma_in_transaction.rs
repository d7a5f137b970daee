//! A PRAGMA that has no effect in a transaction
//!
//! `PRAGMA foreign_keys` does nothing while a transaction is open, and says nothing.
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
