//! A change that SQLite does not know
//!
//! SQLite alters a table by adding, dropping and renaming columns, and by renaming it, one at a time. Everything else is done by
//! building the table anew.
//!
//! ```sql,bad
//! ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN remark TEXT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("alter-refused", Level::Hazard, SQLITE, include_str!("alter_refused.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_table() else { return };
    if let Some(second) = actions.get(1) {
        report
            .at(second.extent, "SQLite takes one change in a statement")
            .help(format!("write ALTER TABLE {} once for each", alter.name));
    }
    for action in actions {
        let known = matches!(
            action.action,
            Action::AddColumn { .. } | Action::DropColumn { .. } | Action::RenameColumn { .. } | Action::Rename(_)
        );
        if !known {
            report
                .at(action.extent, format!("SQLite cannot change {} like that", alter.name))
                .help("build the table anew: create, copy, drop, rename; relata migrate new writes it");
        }
    }
}
