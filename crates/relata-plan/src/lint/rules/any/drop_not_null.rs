//! A column that may be empty from now on
//!
//! The application that still runs may not expect a row without a value there.
//!
//! ```sql,bad,postgres
//! ALTER TABLE orders ALTER COLUMN state DROP NOT NULL;
//! ```
//!
//! ```sql,good,postgres
//! ALTER TABLE orders ADD COLUMN note text;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-not-null", Level::Hazard, EVERYWHERE, include_str!("drop_not_null.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    if context.facts.is_new(&alter.name) || context.facts.is_made(&alter.name) {
        return;
    }
    for action in &alter.actions {
        let what = match &action.action {
            Action::AlterColumn { column, change: ColumnChange::DropNotNull } => column,
            Action::DropNotNull => &alter.name,
            _ => continue,
        };
        report
            .at(action.extent, format!("readers of {what} may find no value"))
            .help("deploy an application that copes with it first");
    }
}
