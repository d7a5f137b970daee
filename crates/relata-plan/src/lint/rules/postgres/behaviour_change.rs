//! A change in how something behaves for everybody at once
//!
//! A function or view that is replaced, a policy, default or option that changes, works differently for the application that
//! runs, from the moment the transaction ends. It is a hazard where writes are lost or fail: a rule that does something else
//! instead of them, and `REPLICA IDENTITY NOTHING`.
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
    if let Some((extent, message, help)) = grave(context) {
        report.at(extent, message).help(help).level(Level::Hazard);
        return;
    }
    let Some((extent, what)) = change(context) else { return };
    report
        .at(extent, format!("{what} for the application that runs"))
        .help("see that the application works with both, or make a new one beside it");
}

/// What loses writes or makes them fail.
fn grave(context: &Context<'_>) -> Option<(Extent, String, &'static str)> {
    if let StatementKind::Create(created) = &context.statement.kind {
        let table = created.on.as_ref().filter(|table| !context.facts.is_new(table) && !context.facts.is_made(table))?;
        let word = |at: usize, word: &str| context.statement.tokens.get(at).is_some_and(|token| token.is(word));
        let count = context.statement.tokens.len();
        let instead = (0..count).any(|at| word(at, "DO") && word(at + 1, "INSTEAD"));
        let writes = (0..count).any(|at| word(at, "ON") && !word(at + 1, "SELECT"));
        let message = format!("what is written to {table} goes elsewhere, or nowhere, from now on");
        return (created.object == "RULE" && instead && writes)
            .then_some((context.statement.extent, message, "a trigger, and an application that knows of it"));
    }
    let (alter, actions) = context.alters_existing()?;
    let nothing = |action: &&TableAction| action.action == Action::ReplicaIdentity { nothing: true };
    let action = actions.iter().find(nothing)?;
    let message = format!("UPDATE and DELETE on {} fail where it is published", alter.name);
    Some((action.extent, message, "REPLICA IDENTITY DEFAULT or USING INDEX"))
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
            "FUNCTION" | "PROCEDURE" | "ROUTINE" | "VIEW" | "SEQUENCE" | "EXTENSION" | "ROLE" | "USER" | "DATABASE"
            | "PUBLICATION" | "SUBSCRIPTION" => {
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
                        Action::AlterColumn { change: ColumnChange::SetDefault(_), .. } | Action::ReplicaIdentity { .. }
                    )
                })?;
                Some((default.extent, format!("{} changes", alter.name)))
            }
            _ => None,
        },
        _ => None,
    }
}
