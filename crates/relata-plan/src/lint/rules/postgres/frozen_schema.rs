//! An addition to what others read
//!
//! Adding a column, an attribute or an enum value changes what `SELECT *`, a replica or an export sees. Off unless asked for:
//! for schemas that others depend on.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! ```sql,good
//! CREATE TABLE order_notes (order_id bigint PRIMARY KEY, note text);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("frozen-schema", Level::Off, POSTGRES, include_str!("frozen_schema.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    if context.facts.is_new(&alter.name) || context.facts.is_made(&alter.name) {
        return;
    }
    for action in &alter.actions {
        let what = match &action.action {
            Action::AddColumn { column, .. } => format!("{} gets the column {}", alter.name, column.name),
            Action::AddValue { value, .. } => format!("{} gets the value {value:?}", alter.name),
            Action::AddConstraint(constraint) if constraint.not_valid => format!("{} refuses more", alter.name),
            _ => continue,
        };
        report.at(action.extent, what).help("tell those who read it");
    }
}
