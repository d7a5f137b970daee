//! A rebuild that allows less than before
//!
//! A column of the new table must have a value, and could be empty in the old one: the copy fails at the first row without one. The
//! new table has a check or a unique key, and the old one had none: it fails at the first row that does not keep it. Found where
//! the old table is known.
//!
//! ```sql,bad
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
//! INSERT INTO new_orders SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders SELECT id, coalesce(note, '') FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("rebuild-stricter", Level::Hazard, SQLITE, include_str!("rebuild_stricter.rs"), check);

use crate::lint::TableFact;
use crate::lint::rebuild::{copy_into, successor};

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|_| drop.object == "TABLE") {
        let Some(old) = context.facts.table(name) else { continue };
        let Some(new_name) = successor(context, name) else { continue };
        let Some(new) = context.facts.table(new_name) else { continue };
        let says = |words: &[&str]| {
            let copy = copy_into(context, new_name);
            copy.is_some_and(|copy| copy.tokens.iter().any(|token| words.iter().any(|word| token.is(word))))
        };
        let fills = says(&["coalesce", "ifnull", "case", "where"]);
        let strict: Vec<&str> = new
            .columns
            .iter()
            .filter(|(column, after)| after.not_null && old.columns.get(*column).is_some_and(|before| !before.not_null))
            .filter(|(column, _)| !old.is_key(column))
            .map(|(column, _)| column.as_str())
            .collect();
        if !strict.is_empty() && !fills {
            report
                .at(name.extent, format!("the copy fails at a row of {name} without {}", strict.join(", ")))
                .help("copy coalesce(column, …), or fill the rows first");
        }
        let count = |table: &TableFact, kind| table.constraints.values().filter(|one| one.kind == kind).count();
        let comes = |kind| count(old, kind) == 0 && count(new, kind) > 0;
        let known = old.columns.values().any(|column| column.defined);
        if known && comes(ConstraintKind::Check) && !fills {
            report
                .at(name.extent, format!("the copy fails at a row of {name} that the new check refuses"))
                .help("repair such rows first, or leave them out");
        }
        let picks = says(&["distinct", "group", "ignore", "replace", "where"]);
        if known && comes(ConstraintKind::Unique) && has_no_unique_index(old) && !picks {
            report
                .at(name.extent, format!("the copy fails at two rows of {name} that are alike to the new unique key"))
                .help("repair such rows first, or leave them out");
        }
    }
}

/// Nothing but its primary key could have kept its rows apart.
fn has_no_unique_index(table: &TableFact) -> bool {
    let keys = table.constraints.values().filter(|one| one.kind == ConstraintKind::PrimaryKey).count();
    table.indexes.len() <= keys
}
