//! A constraint of a domain
//!
//! Adding one reads every table that uses the domain, each under a lock, and a later change does it again. A check on the column
//! can be added `NOT VALID`, replaced and dropped by itself.
//!
//! ```sql,bad
//! ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (value >= 0);
//! ```
//!
//! ```sql,good
//! ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (value >= 0) NOT VALID;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("domain-constraint", Level::Hazard, POSTGRES, include_str!("domain_constraint.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    match &context.statement.kind {
        StatementKind::Alter(alter) if alter.object == "DOMAIN" => {
            for action in &alter.actions {
                let adds = match &action.action {
                    Action::AddConstraint(constraint) => !constraint.not_valid,
                    Action::SetNotNull => true,
                    _ => false,
                };
                if adds && !context.facts.is_made(&alter.name) {
                    report
                        .at(action.extent, format!("every table that uses {} is read under a lock", alter.name))
                        .help("add it NOT VALID and validate it later, or put a check on the columns");
                }
            }
        }
        StatementKind::Create(created) if created.object == "DOMAIN" => {
            for constraint in &created.constraints {
                report
                    .at(constraint.extent, "a domain's constraint can only be changed by reading every table that uses it")
                    .help("put the check on the columns")
                    .level(Level::Style);
            }
        }
        _ => {}
    }
}
