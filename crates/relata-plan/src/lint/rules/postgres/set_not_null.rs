//! SET NOT NULL scans the table under an exclusive lock
//!
//! Every row is read while nobody else can read or write the table; and it fails when one row has no value.
//!
//! ```sql,bad
//! ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
//! ```
//!
//! From PostgreSQL 12 on a validated check that says the same spares the scan:
//!
//! ```sql,good
//! ALTER TABLE orders ADD CONSTRAINT customer_is_there CHECK (customer_id IS NOT NULL) NOT VALID;
//! ALTER TABLE orders VALIDATE CONSTRAINT customer_is_there;
//! ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;
//! ALTER TABLE orders DROP CONSTRAINT customer_is_there;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("set-not-null", Level::Hazard, POSTGRES, include_str!("set_not_null.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for (alter, action, column, change) in changed_columns(context) {
        let spared = context.since(120_000) && context.facts.is_checked_not_null(&alter.name, column.last());
        let already = context.facts.column(&alter.name, column.last()).is_some_and(|column| column.not_null);
        if *change != ColumnChange::SetNotNull || spared || already {
            continue;
        }
        let message = format!("all of {} is read while nobody else can use it, to see that {column} has a value", alter.name);
        report
            .at(action.extent, message)
            .help(format!("add CHECK ({column} IS NOT NULL) NOT VALID, validate it, then SET NOT NULL"))
            .by_size_of(&alter.name);
    }
}
