//! A table that is dropped while foreign keys are on
//!
//! `DROP TABLE` deletes every row first, and with foreign keys on each delete does what the foreign keys to it say: `ON DELETE
//! CASCADE` empties other tables. Inside a transaction `PRAGMA foreign_keys` has no effect. What Django writes (`new__orders`) is
//! left alone: Django switches foreign keys off before, and refuses to run otherwise.
//!
//! ```sql,bad
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT);
//! INSERT INTO new_orders SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! ```
//!
//! ```sql,good
//! PRAGMA foreign_keys = OFF;
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT);
//! INSERT INTO new_orders SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_key_check;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("rebuild-with-foreign-keys", Level::Hazard, SQLITE, include_str!("rebuild_with_foreign_keys.rs"), check);

use crate::lint::rebuild::{is_rebuilt, successor};

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    if drop.object != "TABLE" {
        return;
    }
    let off = context.facts.setting("foreign_keys").is_some_and(|value| matches!(value, "off" | "0" | "false" | "no"));
    let by_django = |name: &Name| {
        successor(context, name).is_some_and(|new| new.last().strip_prefix("new__") == Some(name.last()))
    };
    for name in drop.names.iter().filter(|name| is_rebuilt(context, name) && !by_django(name)) {
        // Renamed before, it is known by the other name; then what points to it is not told apart.
        if !off && !context.facts.is_unreferenced(name) {
            report
                .at(context.statement.extent, format!("with foreign keys on, dropping {name} deletes rows of other tables"))
                .help("PRAGMA foreign_keys = OFF before the transaction, PRAGMA foreign_key_check after it")
                .by_size_of(name);
        }
    }
}
