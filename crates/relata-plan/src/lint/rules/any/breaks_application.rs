//! A change that the declared application does not know
//!
//! The entities (or `schema.lock`) of the application that runs still have the table or column that goes, or insert rows without
//! the column that must have a value. Looked at when they are there: `relata migrate lint --app src`.
//!
//! ```sql,bad,application
//! ALTER TABLE orders DROP COLUMN note;
//! ```
//!
//! ```sql,good,application
//! ALTER TABLE orders ADD COLUMN remark text;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("breaks-application", Level::Hazard, EVERYWHERE, include_str!("breaks_application.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some(application) = &context.options.application else { return };
    let declared = |name: &Name| {
        application.tables.iter().find(|table| {
            let spaces = name.namespace().is_none_or(|namespace| table.name.namespace.is_empty() || table.name.namespace == namespace);
            table.name.name == name.last() && spaces
        })
    };
    match &context.statement.kind {
        StatementKind::Drop(drop) if drop.object == "TABLE" => {
            for name in drop.names.iter().filter(|name| declared(name).is_some()) {
                report.at(name.extent, format!("the application that runs declares {name}")).help("deploy one that does not first");
            }
        }
        StatementKind::Alter(alter) if !context.facts.is_new(&alter.name) => {
            let Some(table) = declared(&alter.name) else { return };
            for action in &alter.actions {
                let known = |column: &Name| table.columns.iter().any(|own| own.name == column.last());
                let what = match &action.action {
                    Action::DropColumn { column, .. } | Action::RenameColumn { from: column, .. } if known(column) => {
                        format!("the application that runs reads {column} of {}", alter.name)
                    }
                    Action::Rename(_) => format!("the application that runs looks for {}", alter.name),
                    Action::AddColumn { column, .. }
                        if column.not_null && column.default.is_none() && !known(&column.name) =>
                    {
                        format!("the application that runs inserts rows without {}", column.name)
                    }
                    _ => continue,
                };
                report.at(action.extent, what).help("deploy an application that works with both first");
            }
        }
        _ => {}
    }
}
