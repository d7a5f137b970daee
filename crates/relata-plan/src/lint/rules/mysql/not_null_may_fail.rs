//! A column that must have a value from now on
//!
//! The statement fails when one row has none (in strict mode; otherwise the row gets a zero or an empty text that nobody chose),
//! and the table is rebuilt.
//!
//! ```sql,bad
//! ALTER TABLE orders MODIFY COLUMN state varchar(20) NOT NULL;
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN state varchar(20) NOT NULL DEFAULT 'open';
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("not-null-may-fail", Level::Hazard, MYSQL, include_str!("not_null_may_fail.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if context.options.live.as_ref().is_some_and(|live| live.asked) {
        return;
    }
    let Some((alter, actions)) = context.alters_existing() else { return };
    for action in actions {
        let Action::Redefine { from, column } = &action.action else { continue };
        let already = context.facts.column(&alter.name, from.last()).is_some_and(|old| old.not_null);
        if column.not_null && !already {
            report
                .at(action.extent, format!("it fails when a row of {} has no {from}", alter.name))
                .help("fill the rows first, or lint with --url");
        }
    }
}
