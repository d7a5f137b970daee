//! A rebuild that changes what values are
//!
//! A column of another affinity converts what it is given: text that looks like a number becomes one and loses its leading
//! zeros, whole numbers become fractions. Found where the old table is known.
//!
//! ```sql,bad
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, code TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, code NUMERIC);
//! INSERT INTO new_orders SELECT id, code FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, code TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, code VARCHAR(20));
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders SELECT id, code FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("affinity-change", Level::Hazard, SQLITE, include_str!("affinity_change.rs"), check);

use crate::lint::rebuild::{affinity, successor};

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|_| drop.object == "TABLE") {
        let Some(old) = context.facts.table(name) else { continue };
        let Some(new) = successor(context, name).and_then(|new| context.facts.table(new)) else { continue };
        for (column, before) in &old.columns {
            let Some(after) = new.columns.get(column) else { continue };
            let (before, after) = (affinity(before.ty.as_ref()), affinity(after.ty.as_ref()));
            if before != after && after != "BLOB" {
                report
                    .at(name.extent, format!("{column} of {name} was {before} and becomes {after}: values change"))
                    .help("compare the values before and after: relata migrate prove does");
            }
        }
    }
}
