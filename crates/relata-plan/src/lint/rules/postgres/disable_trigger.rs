//! A trigger or rule that is switched off
//!
//! What it kept right is no longer kept, for every session, and foreign keys are triggers too. Switched on again in the same file
//! it is a matter of style: what is written meanwhile is not checked.
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
