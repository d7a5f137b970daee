//! A rebuild that leaves columns behind
//!
//! The new table lacks a column of the old one, and the old one is dropped: its values are lost. Found where the old table is
//! known.
//!
//! ```sql,bad
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, remark TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT);
//! INSERT INTO new_orders SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT, remark TEXT);
//! INSERT INTO new_orders (id, note) SELECT id, note FROM orders;
//! PRAGMA foreign_keys = OFF;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("columns-left-behind", Level::Hazard, SQLITE, include_str!("columns_left_behind.rs"), check);

use crate::lint::rebuild::successor;

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|_| drop.object == "TABLE") {
        let Some(old) = context.facts.table(name) else { continue };
        let Some(new) = successor(context, name).and_then(|new| context.facts.table(new)) else { continue };
        if new.columns.is_empty() {
            continue;
        }
        let lost = old.columns.keys().filter(|column| !new.columns.contains_key(*column));
        let lost: Vec<&str> = lost.map(String::as_str).filter(|column| !context.is_acknowledged(column)).collect();
        if !lost.is_empty() {
            report
                .at(name.extent, format!("the new {name} lacks {}, whose values are lost", lost.join(", ")))
                .help("copy them too, or acknowledge the loss: -- relata: loses column …");
        }
    }
}
