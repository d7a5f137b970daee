//! Rows are written while the table is locked against everybody
//!
//! `ALTER TABLE` holds its lock until the transaction ends. What follows in the same transaction and takes long is waited for by
//! everybody who wants to read the table.
//!
//! ```sql,bad
//! BEGIN;
//! ALTER TABLE orders ADD COLUMN state text;
//! UPDATE orders SET state = 'open' WHERE state IS NULL;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! BEGIN;
//! ALTER TABLE orders ADD COLUMN state text;
//! COMMIT;
//! UPDATE orders SET state = 'open' WHERE id BETWEEN 1 AND 1000;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("long-lock", Level::Hazard, POSTGRES, include_str!("long_lock.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Write(write) = &context.statement.kind else { return };
    let changes = matches!(write.verb, "UPDATE" | "DELETE");
    let Some(locked) = context.facts.locked_by(&write.table).filter(|_| changes) else { return };
    let one_row = context.statement.tokens.windows(3).any(|three| {
        three[0].is("id") && three[1].is_mark("=") && three[2].text != "id"
    });
    if !one_row {
        report
            .at(context.statement.extent, format!("{} is locked by {locked} until this has ended", write.table))
            .help("commit first, and write the rows in batches in another migration")
            .by_size_of(&write.table);
    }
}
