//! A rebuild that renames the old table away first
//!
//! SQLite carries the new name into the foreign keys of other tables; since 3.26 also while foreign keys are off. The new table gets the
//! old name, and all of them go on pointing at the old table, which is dropped. Found where a table is known that refers to it.
//!
//! ```sql,bad
//! CREATE TABLE orders (id INTEGER PRIMARY KEY);
//! CREATE TABLE items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id));
//! PRAGMA foreign_keys = OFF;
//! ALTER TABLE orders RENAME TO old_orders;
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
//! INSERT INTO orders (id, note) SELECT id, note FROM old_orders;
//! DROP TABLE old_orders;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! Create the new one under another name, and give it the name last:
//!
//! ```sql,good
//! PRAGMA foreign_keys = OFF;
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT);
//! INSERT INTO new_orders (id, note) SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("rebuild-renames-old", Level::Hazard, SQLITE, include_str!("rebuild_renames_old.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_table() else { return };
    let Some(to) = actions.iter().find_map(|action| match &action.action {
        Action::Rename(to) => Some(to),
        _ => None,
    }) else {
        return;
    };
    let again = context.after().any(
        |statement| matches!(&statement.kind, StatementKind::CreateTable(created) if created.name.same(&alter.name)),
    );
    let goes = context.after().any(|statement| {
        matches!(&statement.kind, StatementKind::Drop(drop) if drop.object == "TABLE" && drop.names.iter().any(|name| name.same(to)))
    });
    let legacy = context.statements[..context.at].iter().any(|statement| match &statement.kind {
        StatementKind::Set(settings) => settings.iter().any(|setting| {
            setting.name == "legacy_alter_table" && matches!(setting.value.as_str(), "on" | "1" | "true" | "yes")
        }),
        _ => false,
    });
    if again && goes && !legacy && context.facts.is_referenced(&alter.name) {
        report
            .at(context.statement.extent, format!("what refers to {} points at {to} from now on, which is dropped", alter.name))
            .help("create the new table under another name, copy, drop the old one, and rename the new one last");
    }
}
