//! A table or column that is renamed while it is in use
//!
//! The application that still runs looks for the old name; the new one, deployed first, for the new name. One of them fails.
//!
//! ```sql,bad
//! ALTER TABLE orders RENAME COLUMN note TO remark;
//! ```
//!
//! Add the new column, write both, fill the old rows, read the new one, drop the old one. For a table: a view of the old name in
//! the same transaction.
//!
//! On SQLite a column is renamed by the copy of a rebuild as well:
//!
//! ```sql,bad,sqlite
//! PRAGMA foreign_keys = OFF;
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, remark TEXT);
//! INSERT INTO new_orders (id, remark) SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! ```sql,good,postgres
//! BEGIN;
//! ALTER TABLE orders RENAME TO purchases;
//! CREATE VIEW orders AS SELECT * FROM purchases;
//! COMMIT;
//! ```

use crate::lint::rules::vocabulary::*;
use crate::rename::{Rebuilt, rebuilds};

/// See the head of this file.
pub const RULE: Rule = rule("rename", Level::Hazard, EVERYWHERE, include_str!("rename.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    match &context.statement.kind {
        StatementKind::Rename(pairs) => {
            for (from, to) in pairs.iter().filter(|(from, _)| !context.facts.is_new(from)) {
                let swapped = pairs.iter().any(|(_, other)| other.same(from));
                if !swapped {
                    say(report, from.extent.through(to.extent), &from.to_string());
                }
            }
        }
        StatementKind::Drop(drop) if context.dialect() == Dialect::Sqlite => {
            let of = |rebuilt: &Rebuilt| drop.names.iter().any(|name| name.extent == rebuilt.dropped.extent);
            let known = |rebuilt: &Rebuilt| !context.facts.is_new(&rebuilt.dropped);
            for rebuilt in rebuilds(context.statements).into_iter().filter(of).filter(known) {
                for (from, _) in &rebuilt.columns {
                    say(report, rebuilt.dropped.extent, &format!("{from} of {}", rebuilt.table));
                }
            }
        }
        StatementKind::Alter(alter) if !context.facts.is_new(&alter.name) && !context.facts.is_made(&alter.name) => {
            for action in &alter.actions {
                altered(context, alter, action, report);
            }
        }
        _ => {}
    }
}

fn altered(context: &Context<'_>, alter: &Alter, action: &TableAction, report: &mut Report) {
    match &action.action {
        Action::RenameColumn { from, .. } if !context.facts.is_new_column(&alter.name, from.last()) => {
            say(report, action.extent, &format!("{from} of {}", alter.name));
        }
        Action::Redefine { from, column } if !from.same(&column.name) => {
            say(report, action.extent, &format!("{from} of {}", alter.name));
        }
        Action::Rename(_) if alter.object == "INDEX" => harmless(report, action.extent),
        Action::Rename(_) | Action::SetSchema(_) if !stays(context, &alter.name) => {
            say(report, action.extent, &alter.name.to_string());
        }
        Action::RenameValue => say(report, action.extent, &format!("a value of {}", alter.name)),
        Action::RenameMember => harmless(report, action.extent),
        _ => {}
    }
}

fn say(report: &mut Report, extent: Extent, what: &str) {
    report
        .at(extent, format!("the running application looks for {what} under the old name"))
        .help("keep the old name working: a view, or both columns, until nothing uses it");
}

/// Names of indexes and constraints, which only `ON CONFLICT ON CONSTRAINT` and error handling know.
fn harmless(report: &mut Report, extent: Extent) {
    report.at(extent, "error handling and ON CONFLICT may know the old name").level(Level::Style);
}

/// Something of the old name comes in the same transaction; on SQLite, which is rebuilt so, in the same file.
fn stays(context: &Context<'_>, name: &Name) -> bool {
    let anywhere = context.dialect() == Dialect::Sqlite;
    let later = context.after().take(if anywhere { usize::MAX } else { 0 });
    context.after_in_transaction().chain(later).any(|statement| match &statement.kind {
        StatementKind::Create(created) => created.name.same(name),
        StatementKind::CreateTable(created) => created.name.same(name),
        StatementKind::Alter(alter) => {
            alter.actions.iter().any(|action| matches!(&action.action, Action::Rename(to) if to.last() == name.last()))
        }
        _ => false,
    })
}
