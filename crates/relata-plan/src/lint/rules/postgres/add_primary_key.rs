//! A primary key that is added to a table builds its index under an exclusive lock
//!
//! The index is built, and every row is checked for a value, while nobody else can read or write the table.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD PRIMARY KEY (id);
//! ```
//!
//! Build a unique index concurrently, and make the key from it. A column that may be empty is read for that too, unless a
//! validated check has said before that it has values.
//!
//! ```sql,good
//! CREATE UNIQUE INDEX CONCURRENTLY orders_id ON orders (id);
//! ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY USING INDEX orders_id;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("add-primary-key", Level::Hazard, POSTGRES, include_str!("add_primary_key.rs"), check);

const HELP: &str = "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … PRIMARY KEY USING INDEX";

fn check(context: &Context<'_>, report: &mut Report) {
    let mut found = Vec::new();
    for (alter, constraint) in added_constraints(context) {
        if constraint.kind == ConstraintKind::PrimaryKey && constraint.using_index.is_none() {
            found.push((alter, constraint.extent));
        }
    }
    for (alter, action, column) in added_columns(context) {
        if column.primary_key {
            found.push((alter, action.extent));
        }
    }
    for (alter, constraint) in added_constraints(context).into_iter().filter(|(_, key)| key.kind == ConstraintKind::PrimaryKey) {
        let Some(index) = &constraint.using_index else { continue };
        let empty = context.facts.index_columns(&alter.name, index).unwrap_or_default().iter().find(|column| {
            let known = context.facts.column(&alter.name, column).is_some_and(|known| known.defined && !known.not_null);
            known && !context.facts.is_checked_not_null(&alter.name, column)
        });
        if let Some(column) = empty {
            let message = format!("{column} may be empty: all of {} is read while nobody else can use it", alter.name);
            report
                .at(constraint.extent, message)
                .help("CHECK (… IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT, SET NOT NULL, then the key")
                .by_size_of(&alter.name);
        }
    }
    for (alter, extent) in found {
        let message = format!("the index of the key is built while nobody else can use {}", alter.name);
        report.at(extent, message).help(HELP).by_size_of(&alter.name);
    }
}
