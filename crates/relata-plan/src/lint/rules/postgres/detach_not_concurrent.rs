//! A partition that is detached without CONCURRENTLY
//!
//! The whole partitioned table is locked against reads and writes.
//!
//! ```sql,bad
//! ALTER TABLE events DETACH PARTITION events_2020;
//! ```
//!
//! ```sql,good
//! ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("detach-not-concurrent", Level::Hazard, POSTGRES, include_str!("detach_not_concurrent.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_existing() else { return };
    for action in actions {
        match &action.action {
            Action::DetachPartition { concurrently: false, partition } if context.since(140_000) => {
                report
                    .at(action.extent, format!("{} is locked against everybody while {partition} is detached", alter.name))
                    .help("DETACH PARTITION … CONCURRENTLY, outside a transaction (PostgreSQL 14 and newer)");
            }
            Action::Inherit { inherits: false, parent } => {
                report
                    .at(action.extent, format!("the rows of {} vanish from queries of {parent}", alter.name))
                    .help("change the queries of the application first");
            }
            _ => {}
        }
    }
}
