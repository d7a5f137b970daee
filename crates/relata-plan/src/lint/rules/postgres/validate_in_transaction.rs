//! A constraint that is added and validated in one transaction
//!
//! The lock of `ADD CONSTRAINT … NOT VALID` is held until the transaction ends. Validated in the same transaction, the scan
//! happens under that lock, which is what `NOT VALID` was meant to avoid.
//!
//! ```sql,bad
//! BEGIN;
//! ALTER TABLE accounts ADD CONSTRAINT positive CHECK (balance >= 0) NOT VALID;
//! ALTER TABLE accounts VALIDATE CONSTRAINT positive;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! BEGIN;
//! ALTER TABLE accounts ADD CONSTRAINT positive CHECK (balance >= 0) NOT VALID;
//! COMMIT;
//! BEGIN;
//! ALTER TABLE accounts VALIDATE CONSTRAINT positive;
//! COMMIT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("validate-in-transaction", Level::Hazard, POSTGRES, include_str!("validate_in_transaction.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_existing() else { return };
    for action in actions {
        let Action::ValidateConstraint(name) = &action.action else { continue };
        let table = context.facts.table(&alter.name);
        let Some(constraint) = table.and_then(|table| table.constraints.get(name.last())) else { continue };
        let same = constraint.transaction.is_some() && constraint.transaction == context.transactions[context.at];
        if same && context.facts.is_of_this_file(constraint.file) {
            let message = format!("{name} was added in this transaction, whose lock on {} is held during the scan", alter.name);
            report
                .at(action.extent, message)
                .help("validate it in another migration, or after COMMIT")
                .by_size_of(&alter.name);
        }
    }
}
