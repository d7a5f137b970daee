//! Rows that are changed without a way back
//!
//! A migration that writes rows and has no `down.sql` cannot be undone. Looked at in folders of migrations only.
//!
//! ```sql,bad,folder
//! UPDATE orders SET state = 'open' WHERE state = 'new';
//! ```
//!
//! ```sql,good
//! SELECT 1;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("no-way-back", Level::Style, EVERYWHERE, include_str!("no_way_back.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Write(write) = &context.statement.kind else { return };
    if context.file.has_reverse == Some(false) && !context.facts.is_new(&write.table) {
        report
            .at(context.statement.extent, format!("what it does to {} cannot be undone", write.table))
            .help("write a down.sql beside it, if only to say why there is none");
    }
}
