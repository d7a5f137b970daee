//! An enum value that is added without saying where
//!
//! Without `BEFORE` or `AFTER` the value goes to the end, which decides how rows sort.
//!
//! ```sql,bad
//! ALTER TYPE mood ADD VALUE 'proud';
//! ```
//!
//! ```sql,good
//! ALTER TYPE mood ADD VALUE 'proud' AFTER 'happy';
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("enum-value-order", Level::Style, POSTGRES, include_str!("enum_value_order.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Alter(alter) = &context.statement.kind else { return };
    for action in &alter.actions {
        if let Action::AddValue { value, placed: false, .. } = &action.action {
            report
                .at(action.extent, format!("{value:?} goes to the end of {}", alter.name))
                .help("say BEFORE or AFTER which value it belongs");
        }
    }
}
