//! A trigger or rule that is switched off
//!
//! What it kept right is no longer kept, for every session, and foreign keys are triggers too. Switched on again in the same file
//! it is a matter of style: what is written meanwhile is not checked. So is `session_replication_role`, which switches them off
//! for the session, where it is set back.
//!
//! ```sql,bad
//! ALTER TABLE orders DISABLE TRIGGER ALL;
//! ```
//!
//! ```sql,good
//! SET session_replication_role = replica;
//! UPDATE orders SET note = NULL WHERE note = '';
//! RESET session_replication_role;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("disable-trigger", Level::Hazard, POSTGRES, include_str!("disable_trigger.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    role(context, report);
    let Some((alter, actions)) = context.alters_existing() else { return };
    for action in actions {
        if let Action::Fires { what, enabled: false } = action.action {
            let again = context.after().any(|statement| match &statement.kind {
                StatementKind::Alter(other) => {
                    let fires = |action: &TableAction| matches!(action.action, Action::Fires { enabled: true, .. });
                    other.name.same(&alter.name) && other.actions.iter().any(fires)
                }
                _ => false,
            });
            let level = if again { Level::Style } else { Level::Hazard };
            let message = format!("a {} of {} no longer fires, for any session", what.to_lowercase(), alter.name);
            report
                .at(action.extent, message)
                .help("SET session_replication_role = replica switches triggers off for this session alone")
                .level(level);
        }
    }
}

/// The session writes without triggers and foreign keys until its end.
fn role(context: &Context<'_>, report: &mut Report) {
    let replica = |statement: &Statement<'_>, is: bool| match &statement.kind {
        StatementKind::Set(settings) => settings.iter().any(|setting| {
            setting.name == "session_replication_role" && (setting.value == "replica") == is && !setting.local
        }),
        _ => false,
    };
    let resets_all = |statement: &Statement<'_>| {
        matches!(&statement.tokens[..], [first, all] if (first.is("RESET") || first.is("DISCARD")) && all.is("ALL"))
    };
    if replica(context.statement, true)
        && !context.after().any(|statement| replica(statement, false) || resets_all(statement))
    {
        report
            .at(context.statement.extent, "whatever this session writes from now on is not looked at by triggers and foreign keys")
            .help("RESET session_replication_role when it is done");
    }
}
