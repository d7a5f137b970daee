//! An UPDATE of every row in one statement
//!
//! Every row is locked until it has ended, the log grows by all of them, and replicas fall behind. A condition that is always
//! true chooses nothing. Tables made in the same file are no finding, and small ones are with `--url` a matter of style.
//!
//! ```sql,bad
//! UPDATE orders SET state = 'open';
//! ```
//!
//! In batches, each in a transaction of its own:
//!
//! ```sql,good
//! UPDATE orders SET state = 'open' WHERE id BETWEEN 1 AND 1000;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("update-everything", Level::Hazard, EVERYWHERE, include_str!("update_everything.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Write(write) = &context.statement.kind else { return };
    if write.verb == "UPDATE" && !write.limited && !context.facts.is_new(&write.table) && !is_bookkeeping(&write.table) {
        report
            .at(context.statement.extent, format!("every row of {} is locked until all are written", write.table))
            .help("write them in batches, outside a transaction")
            .by_size_of(&write.table);
    }
}
