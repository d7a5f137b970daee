//! A foreign key that is validated at once stops writes to both tables
//!
//! Adding a foreign key reads every row of its table while neither that table nor the one it points at can be written.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
//! ```
//!
//! Add it `NOT VALID`, and validate it in another transaction.
//!
//! ```sql,good
//! ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("foreign-key-not-valid", Level::Hazard, POSTGRES, include_str!("foreign_key_not_valid.rs"), check);

const HELP: &str = "add it NOT VALID, then VALIDATE CONSTRAINT in another transaction";

fn check(context: &Context<'_>, report: &mut Report) {
    for (alter, constraint) in added_constraints(context) {
        if let (ConstraintKind::ForeignKey, false, Some(reference)) =
            (constraint.kind, constraint.not_valid, &constraint.references)
        {
            let message = format!("{} and {} cannot be written while every row is checked", alter.name, reference.table);
            report.at(constraint.extent, message).help(HELP).by_size_of(&alter.name);
        }
    }
    for (alter, action, column) in added_columns(context) {
        let Some(reference) = column.references.as_ref().filter(|_| !column.not_valid) else { continue };
        let message = format!("the foreign key of {} locks writes to {} and {}", column.name, alter.name, reference.table);
        report
            .at(action.extent, message)
            .help("add the column first, then the foreign key NOT VALID, then validate it")
            .by_size_of(&alter.name);
    }
}
