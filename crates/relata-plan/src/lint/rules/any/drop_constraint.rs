//! A constraint that is dropped
//!
//! What it refused can be written from then on, and the application may count on it; the same when it is no longer enforced.
//! Added anew in the same file it is no finding.
//!
//! ```sql,bad
//! ALTER TABLE orders DROP CONSTRAINT orders_customer;
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders DROP CONSTRAINT positive;
//! ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0) NOT VALID;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-constraint", Level::Hazard, EVERYWHERE, include_str!("drop_constraint.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    let known = matches!(alter.object, "TABLE" | "DOMAIN");
    if !known || context.facts.is_new(&alter.name) || context.facts.is_made(&alter.name) {
        return;
    }
    let actions = &alter.actions;
    for (at, action) in actions.iter().enumerate() {
        let (kind, name) = match &action.action {
            Action::DropConstraint { kind, name, .. } if *kind != ConstraintKind::Index => (kind, name.as_ref()),
            Action::AlterConstraint { name, not_enforced: true } => (&ConstraintKind::Check, Some(name)),
            _ => continue,
        };
        let again = |action: &TableAction| match (&action.action, name) {
            (Action::AddConstraint(added), Some(name)) => added.name.as_ref().is_some_and(|own| own.same(name)),
            (Action::AddConstraint(added), None) => added.kind == *kind,
            _ => false,
        };
        let later = actions[at..].iter().chain(context.after().flat_map(|statement| actions_on(statement, &alter.name)));
        if later.into_iter().any(again) || has_served(context, &alter.name, name) {
            continue;
        }
        let what = name.map_or_else(|| "the key".to_string(), ToString::to_string);
        report
            .at(action.extent, format!("what {what} refuses can be written to {} from now on", alter.name))
            .help("see that nothing counts on it");
    }
}

fn actions_on<'c>(statement: &'c Statement<'_>, table: &Name) -> &'c [TableAction] {
    match &statement.kind {
        StatementKind::Alter(alter) if alter.name.same(table) => &alter.actions,
        _ => &[],
    }
}

/// It was a check that a column has a value, and the column says so itself now.
fn has_served(context: &Context<'_>, table: &Name, name: Option<&Name>) -> bool {
    let (Some(name), Some(table)) = (name, context.facts.table(table)) else { return false };
    let Some(constraint) = table.constraints.get(name.last()) else { return false };
    let not_null = |column: &String| table.columns.get(column).is_some_and(|column| column.not_null);
    constraint.unseen || constraint.not_null.as_ref().is_some_and(not_null)
}
