//! A unique constraint that builds its own index locks the table
//!
//! The index is built while nobody else can read or write the table.
//!
//! ```sql,bad
//! ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE (email);
//! ```
//!
//! Build the index concurrently, and make the constraint from it.
//!
//! ```sql,good
//! CREATE UNIQUE INDEX CONCURRENTLY customers_email ON customers (email);
//! ALTER TABLE customers ADD CONSTRAINT customers_email UNIQUE USING INDEX customers_email;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("unique-not-from-index", Level::Hazard, POSTGRES, include_str!("unique_not_from_index.rs"), check);

const HELP: &str = "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … UNIQUE USING INDEX";

fn check(context: &Context<'_>, report: &mut Report) {
    let mut found = Vec::new();
    for (alter, constraint) in added_constraints(context) {
        if constraint.kind == ConstraintKind::Unique && constraint.using_index.is_none() {
            found.push((alter, constraint.extent));
        }
    }
    for (alter, action, column) in added_columns(context) {
        if column.unique {
            found.push((alter, action.extent));
        }
    }
    for (alter, extent) in found {
        let message = format!("the unique index is built while nobody else can use {}", alter.name);
        report.at(extent, message).help(HELP).by_size_of(&alter.name);
    }
}
