//! A default that is dropped
//!
//! The application that still runs may insert rows without that column: they fail, or hold no value from then on.
//!
//! ```sql,bad
//! ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN state text DEFAULT 'open';
//! ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-default", Level::Hazard, EVERYWHERE, include_str!("drop_default.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    if context.facts.is_new(&alter.name) || context.facts.is_made(&alter.name) {
        return;
    }
    for action in &alter.actions {
        let what = match &action.action {
            Action::AlterColumn { column, change: ColumnChange::DropDefault } => {
                let required = context.facts.column(&alter.name, column.last()).is_some_and(|column| column.not_null);
                let harmless = context.facts.is_new_column(&alter.name, column.last()) && !required;
                if harmless || sets(alter, column) || comes_again(context, alter, column) {
                    continue;
                }
                column.to_string()
            }
            Action::DropDefault => alter.name.to_string(),
            _ => continue,
        };
        report
            .at(action.extent, format!("inserts that leave {what} out get no value any more"))
            .help("deploy an application that gives one first");
    }
}

/// It gives the column a default: the old one goes because the type changes, say.
fn sets(alter: &Alter, name: &Name) -> bool {
    alter.actions.iter().any(|action| match &action.action {
        Action::AlterColumn { column, change } => column.same(name) && matches!(change, ColumnChange::SetDefault(_)),
        _ => false,
    })
}

/// A later statement of the file gives it a default again.
fn comes_again(context: &Context<'_>, alter: &Alter, name: &Name) -> bool {
    context.after().any(|statement| match &statement.kind {
        StatementKind::Alter(other) => other.name.same(&alter.name) && sets(other, name),
        _ => false,
    })
}
