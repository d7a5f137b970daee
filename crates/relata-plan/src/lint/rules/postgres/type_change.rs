//! A column's type that changes rewrites the table
//!
//! Every row and every index on the column is written anew while nobody else can read or write the table. The application that
//! still runs may not understand the new type.
//!
//! ```sql,bad
//! ALTER TABLE orders ALTER COLUMN id TYPE bigint;
//! ```
//!
//! A few changes only touch the catalogue: a longer or unlimited `varchar`, `varchar` to `text`, more digits before the point
//! of a `numeric`. They are no finding where the old type is known (from earlier files, or with `--url`). For the others: a new
//! column, kept by a trigger, filled in batches, then swapped.
//!
//! ```sql,good
//! CREATE TABLE notes (id bigint PRIMARY KEY, title varchar(80));
//! ALTER TABLE notes ALTER COLUMN title TYPE text;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("type-change", Level::Hazard, POSTGRES, include_str!("type_change.rs"), check);

use crate::lint::widening::only_catalogue;

fn check(context: &Context<'_>, report: &mut Report) {
    for (alter, action, column, change) in changed_columns(context) {
        let ColumnChange::Type { ty, using } = change else { continue };
        let old = context.facts.column(&alter.name, column.last()).and_then(|column| column.ty.as_ref());
        if using.is_none() && old.is_some_and(|old| only_catalogue(old, ty)) {
            continue;
        }
        let message = format!("{} is rewritten with its indexes while nobody else can use it", alter.name);
        report
            .at(action.extent, message)
            .help("add a column of the new type, keep it by a trigger, fill it in batches, then swap them")
            .by_size_of(&alter.name);
    }
    attributes(context, report);
}

/// Attributes of a composite type: who has values of it reads them otherwise, and `CASCADE` rewrites typed tables.
fn attributes(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    if alter.object != "TYPE" || context.facts.is_made(&alter.name) {
        return;
    }
    for action in &alter.actions {
        if let Action::AlterColumn { column, change: ColumnChange::Type { .. } } = &action.action {
            report
                .at(action.extent, format!("whoever reads {column} of {} gets another type", alter.name))
                .help("a new composite type beside it");
        }
    }
}
