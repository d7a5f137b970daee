//! A type that holds less than the one before
//!
//! Values that do not fit make the statement fail, or are cut off, rounded or zeroed. Found where the old type is known: from
//! earlier files, or with `--url`.
//!
//! ```sql,bad,postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(200));
//! ALTER TABLE orders ALTER COLUMN note TYPE varchar(20);
//! ```
//!
//! ```sql,good,postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, note varchar(20));
//! ALTER TABLE orders ALTER COLUMN note TYPE varchar(200);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("narrowing", Level::Hazard, EVERYWHERE, include_str!("narrowing.rs"), check);

use crate::lint::widening::narrows;

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_table() else { return };
    for action in actions {
        let (name, ty) = match &action.action {
            Action::AlterColumn { column, change: ColumnChange::Type { ty, .. } } => (column, ty),
            Action::Redefine { from, column } => match &column.ty {
                Some(ty) => (from, ty),
                None => continue,
            },
            _ => continue,
        };
        let old = context.facts.column(&alter.name, name.last()).and_then(|column| column.ty.as_ref());
        if old.is_some_and(|old| narrows(old, ty)) && !context.is_acknowledged(name.last()) {
            let message = format!("values of {name} that do not fit into {} fail or are cut", context.text(ty.extent));
            report.at(action.extent, message).help("look for such values first; keep them in another column");
        }
    }
}
