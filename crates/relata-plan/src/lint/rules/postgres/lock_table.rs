//! A table that is locked by hand
//!
//! `LOCK TABLE` without a mode takes the strongest one: nobody reads or writes until the transaction ends.
//!
//! ```sql,bad
//! BEGIN;
//! LOCK TABLE orders;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! BEGIN;
//! SELECT id FROM orders WHERE id = 1 FOR UPDATE;
//! COMMIT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("lock-table", Level::Hazard, POSTGRES, include_str!("lock_table.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Lock { tables, mode } = &context.statement.kind else { return };
    let blocks = match mode.as_str() {
        "" | "ACCESS EXCLUSIVE" => "reads and writes",
        "EXCLUSIVE" | "SHARE ROW EXCLUSIVE" | "SHARE" => "writes",
        _ => return,
    };
    let names: Vec<String> = tables.iter().filter(|table| !context.facts.is_new(table)).map(ToString::to_string).collect();
    if !names.is_empty() {
        let message = format!("{blocks} of {} wait until the transaction ends", names.join(", "));
        report.at(context.statement.extent, message).help("lock the rows that matter, or a weaker mode");
    }
}
