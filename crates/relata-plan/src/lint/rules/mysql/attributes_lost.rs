//! MODIFY and CHANGE forget what they do not repeat
//!
//! The column is defined anew: without `NOT NULL` it may be empty from then on, without `DEFAULT` it has none, without
//! `AUTO_INCREMENT` it counts no more. Found where the column is known: from earlier files, or with `--url`.
//!
//! ```sql,bad
//! CREATE TABLE orders (id bigint PRIMARY KEY, state varchar(20) NOT NULL);
//! ALTER TABLE orders MODIFY COLUMN state varchar(40);
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id bigint PRIMARY KEY, state varchar(20) NOT NULL);
//! ALTER TABLE orders MODIFY COLUMN state varchar(40) NOT NULL;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("attributes-lost", Level::Hazard, MYSQL, include_str!("attributes_lost.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_table() else { return };
    for action in actions {
        let Action::Redefine { from, column } = &action.action else { continue };
        let Some(old) = context.facts.column(&alter.name, from.last()) else { continue };
        let key = context.facts.table(&alter.name).is_some_and(|table| table.is_key(from.last()));
        let mut lost = |what: &str, help: &str| {
            report.at(action.extent, format!("{from} of {} {what}", alter.name)).help(help);
        };
        if old.not_null && !key && !column.not_null && !column.null && !column.primary_key {
            lost("is no longer NOT NULL", "repeat NOT NULL, or say NULL if it is meant");
        }
        if old.auto_increment && !column.auto_increment {
            lost("counts no more: inserts without a value fail", "repeat AUTO_INCREMENT");
        }
        if old.has_default && column.default.is_none() && column.generated.is_none() && !column.auto_increment {
            lost("has no default any more", "repeat DEFAULT, or say DEFAULT NULL if it is meant");
        }
    }
}
