//! A check that is validated at once scans the table under an exclusive lock
//!
//! Adding a check (or an exclusion, or a column with a check) reads every row while nobody else can read or write the table.
//!
//! ```sql,bad
//! ALTER TABLE accounts ADD CONSTRAINT positive CHECK (balance >= 0);
//! ```
//!
//! Add it `NOT VALID`, which takes a moment, and validate it in another transaction, which stops nobody.
//!
//! ```sql,good
//! ALTER TABLE accounts ADD CONSTRAINT positive CHECK (balance >= 0) NOT VALID;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("constraint-not-valid", Level::Hazard, POSTGRES, include_str!("constraint_not_valid.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for (alter, constraint) in added_constraints(context) {
        let (what, help) = match constraint.kind {
            ConstraintKind::Check => ("a check", "add it NOT VALID, then VALIDATE CONSTRAINT in another transaction"),
            ConstraintKind::NotNull => ("it", "add it NOT VALID, then VALIDATE CONSTRAINT in another transaction"),
            ConstraintKind::Exclude => ("an exclusion", "it has no quick form: do it while nobody works"),
            _ => continue,
        };
        if constraint.not_valid {
            continue;
        }
        let message = format!("adding {what} reads all of {} while nobody else can use it", alter.name);
        report.at(constraint.extent, message).help(help).by_size_of(&alter.name);
    }
    for (alter, action, column) in added_columns(context) {
        if column.check.is_some() && !column.not_valid {
            let message = format!("adding a column with a check reads all of {} while nobody else can use it", alter.name);
            report
                .at(action.extent, message)
                .help("add the column alone, then the check NOT VALID, then VALIDATE CONSTRAINT in another transaction")
                .by_size_of(&alter.name);
        }
    }
}
