//! A column that is dropped
//!
//! Its values are lost, and the application that still runs fails when it reads or writes it.
//!
//! ```sql,bad
//! ALTER TABLE orders DROP COLUMN note;
//! ```
//!
//! Deploy an application that does not use it, then drop it, and say that the loss is meant.
//!
//! ```sql,good
//! -- relata: allow drop-column because release 4.2 has stopped reading it
//! ALTER TABLE orders DROP COLUMN note;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-column", Level::Hazard, EVERYWHERE, include_str!("drop_column.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    if context.facts.is_new(&alter.name) || context.facts.is_made(&alter.name) {
        return;
    }
    for action in &alter.actions {
        let Action::DropColumn { column, .. } = &action.action else { continue };
        let new = context.facts.is_new_column(&alter.name, column.last());
        if !new && !context.is_acknowledged(column.last()) {
            let message = format!("the values of {column} in {} are lost, and the running application fails without it", alter.name);
            report
                .at(action.extent, message)
                .help("stop using it first; then acknowledge the loss: -- relata: loses column …");
        }
    }
}
