//! A change in how something behaves for everybody at once
//!
//! A function or view that is replaced, a policy, default or option that changes, works differently for the application that
//! runs, from the moment the transaction ends.
//!
//! ```sql,bad
//! CREATE OR REPLACE VIEW totals AS SELECT 1 AS total;
//! ```
//!
//! ```sql,good
//! CREATE VIEW totals_2 AS SELECT 1 AS total;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("behaviour-change", Level::Style, POSTGRES, include_str!("behaviour_change.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((extent, what)) = change(context) else { return };
    report
        .at(extent, format!("{what} for the application that runs"))
        .help("see that the application works with both, or make a new one beside it");
}

fn change(context: &Context<'_>) -> Option<(Extent, String)> {
    let whole = context.statement.extent;
    let kind = |object: &str| object.to_lowercase();
    match &context.statement.kind {
        StatementKind::Create(created) if created.or_replace && !context.facts.is_made(&created.name) => {
            Some((whole, format!("the {} {} is replaced", kind(created.object), created.name)))
        }
        StatementKind::Create(created) if created.object == "POLICY" => {
            let table = created.on.as_ref().filter(|table| !context.facts.is_new(table))?;
            Some((whole, format!("a policy decides anew which rows of {table} there are")))
        }
        StatementKind::Alter(alter) => match alter.object {
            "DOMAIN" => {
                let default = alter.actions.iter().find(|action| action.action == Action::SetDefault)?;
                Some((default.extent, format!("the default of {} changes", alter.name)))
            }
            "POLICY" => Some((whole, format!("the policy {} changes", alter.name))),
            "FUNCTION" | "PROCEDURE" | "ROUTINE" | "VIEW" | "SEQUENCE" | "EXTENSION" | "ROLE" | "DATABASE" => {
                let plain = alter.actions.iter().any(|action| {
                    matches!(action.action, Action::Rename(_) | Action::SetSchema(_) | Action::RenameColumn { .. })
                });
                (!plain && !context.facts.is_made(&alter.name))
                    .then(|| (whole, format!("the {} {} changes", kind(alter.object), alter.name)))
            }
            "TABLE" if !context.facts.is_new(&alter.name) => {
                let default = alter.actions.iter().find(|action| {
                    matches!(
                        action.action,
                        Action::AlterColumn { change: ColumnChange::SetDefault(_), .. } | Action::ReplicaIdentity
                    )
                })?;
                Some((default.extent, format!("{} changes", alter.name)))
            }
            _ => None,
        },
        _ => None,
    }
}
