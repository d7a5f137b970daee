//! Row security that is switched
//!
//! Switched off, every role sees every row. Switched on, a role without a policy sees none: a running application finds its
//! tables empty. Forced, the same happens to the owner.
//!
//! ```sql,bad
//! ALTER TABLE accounts DISABLE ROW LEVEL SECURITY;
//! ```
//!
//! Switch it on together with the policies, in one transaction.
//!
//! ```sql,good
//! BEGIN;
//! ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
//! CREATE POLICY own ON accounts USING (owner = current_user);
//! COMMIT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("row-security", Level::Hazard, POSTGRES, include_str!("row_security.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_existing() else { return };
    let has = context.facts.table(&alter.name).is_some_and(|table| !table.policies.is_empty());
    let comes = context.after().any(|statement| {
        let StatementKind::Create(created) = &statement.kind else { return false };
        created.object == "POLICY" && created.on.as_ref().is_some_and(|table| table.same(&alter.name))
    });
    for action in actions {
        let message = match action.action {
            Action::RowSecurity("DISABLE") => format!("every role sees every row of {}", alter.name),
            Action::RowSecurity("FORCE") if !has && !comes => format!("its owner sees no row of {} without a policy", alter.name),
            Action::RowSecurity("ENABLE") if !has && !comes => format!("nobody but its owner sees a row of {}", alter.name),
            _ => continue,
        };
        report.at(action.extent, message).help("create the policies in the same transaction");
    }
}
