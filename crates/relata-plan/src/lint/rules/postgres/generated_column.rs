//! A stored generated or identity column rewrites the table
//!
//! The value of a stored generated column, or the number of an identity column, is written into every row at once, under a lock
//! that stops all reads and writes. So does a new expression for one that is there.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD COLUMN total numeric GENERATED ALWAYS AS (price * amount) STORED;
//! ```
//!
//! Use a plain column that a trigger keeps, filled in batches, or a view; on PostgreSQL 18 a virtual column:
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN total numeric;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("generated-column", Level::Hazard, POSTGRES, include_str!("generated_column.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for (alter, action, column) in added_columns(context) {
        let what = match column.generated {
            Some(Generated::Stored) => "a stored generated column",
            Some(Generated::Identity) => "an identity column",
            _ => continue,
        };
        let message = format!("{what} is computed for every row of {} under an exclusive lock", alter.name);
        report
            .at(action.extent, message)
            .help("add a plain column, keep it by a trigger, and fill it in batches")
            .by_size_of(&alter.name);
    }
    for (alter, action, column, change) in changed_columns(context) {
        if *change == ColumnChange::SetExpression {
            let message = format!("a new expression of {column} is computed for every row of {}", alter.name);
            report.at(action.extent, message).help("add another column beside it").by_size_of(&alter.name);
        }
    }
}
