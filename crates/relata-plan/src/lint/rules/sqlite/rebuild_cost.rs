//! A table that is built anew
//!
//! Every row is written again, and the database is locked for writers until it has ended.
//!
//! ```sql,bad
//! PRAGMA foreign_keys = OFF;
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT);
//! INSERT INTO new_orders SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! A column can be added, dropped and renamed without it.
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN note TEXT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("rebuild-cost", Level::Style, SQLITE, include_str!("rebuild_cost.rs"), check);

use crate::lint::rebuild::is_rebuilt;

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|name| drop.object == "TABLE" && is_rebuilt(context, name)) {
        report
            .at(context.statement.extent, format!("all of {name} is written anew while nobody else can write"))
            .help("ADD, DROP and RENAME COLUMN need no rebuild")
            .by_size_of(name);
    }
}
