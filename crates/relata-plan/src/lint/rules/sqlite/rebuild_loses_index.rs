//! A rebuild that leaves an index or trigger behind
//!
//! SQLite drops the indexes and triggers of a table with it. Those that are not made anew for the table that takes its place are
//! gone: queries read every row, what was unique no longer is, what the trigger kept right no longer is. Found where the old
//! table is known.
//!
//! ```sql,bad
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
//! CREATE INDEX orders_note ON orders (note);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT, remark TEXT);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders (id, note) SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
//! CREATE INDEX orders_note ON orders (note);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT, remark TEXT);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders (id, note) SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! CREATE INDEX orders_note ON orders (note);
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("rebuild-loses-index", Level::Hazard, SQLITE, include_str!("rebuild_loses_index.rs"), check);

use crate::lint::rebuild::{aside, successor};

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|_| drop.object == "TABLE") {
        let Some(old) = context.facts.table(name) else { continue };
        let Some(new) = renewed(context, name) else { continue };
        let indexes = old.indexes.iter().filter(|(index, columns)| {
            // A column that goes takes its index along.
            let possible = columns.iter().all(|column| new.columns.contains(&column.as_str()));
            let has = new.indexes.iter().any(|other| !columns.is_empty() && other == columns);
            possible && !has && !old.constraints.contains_key(*index) && !index_comes(context, index, columns)
        });
        let triggers = old.triggers.iter().filter(|trigger| !trigger_comes(context, trigger));
        let lost: Vec<&str> = indexes.map(|(index, _)| index.as_str()).chain(triggers.map(String::as_str)).collect();
        if !lost.is_empty() {
            let (go, come) = if lost.len() == 1 { ("goes", "does") } else { ("go", "do") };
            report
                .at(name.extent, format!("{} {go} with the old {name}, and {come} not come again", lost.join(", ")))
                .help("create them anew after the rename");
        }
    }
}

/// The table that takes the place of the old one.
struct Renewed<'c> {
    columns: Vec<&'c str>,
    /// The columns of the indexes that it has already.
    indexes: Vec<&'c Vec<String>>,
}

fn renewed<'c>(context: &Context<'c>, name: &Name) -> Option<Renewed<'c>> {
    if let Some(new) = successor(context, name) {
        let new = context.facts.table(new)?;
        return Some(Renewed {
            columns: new.columns.keys().map(String::as_str).collect(),
            indexes: new.indexes.values().collect(),
        });
    }
    let created = aside(context, name)?.created;
    Some(Renewed { columns: created.columns.iter().map(|column| column.name.last()).collect(), indexes: Vec::new() })
}

fn index_comes(context: &Context<'_>, index: &str, columns: &[String]) -> bool {
    context.after().any(|statement| match &statement.kind {
        StatementKind::CreateIndex(created) => {
            let own = created.name.as_ref().is_some_and(|name| name.last() == index);
            let of = created.columns.iter().map(|column| column.as_ref().map_or("", Name::last));
            own || (!columns.is_empty() && of.eq(columns.iter().map(String::as_str)))
        }
        _ => false,
    })
}

fn trigger_comes(context: &Context<'_>, trigger: &str) -> bool {
    context.after().any(|statement| match &statement.kind {
        StatementKind::Create(created) => created.object == "TRIGGER" && created.name.last() == trigger,
        _ => false,
    })
}
