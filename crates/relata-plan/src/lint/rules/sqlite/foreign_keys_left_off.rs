//! Foreign keys that are switched off and not looked at again
//!
//! What was written meanwhile may point at nothing, and the connection goes on without them.
//!
//! ```sql,bad
//! PRAGMA foreign_keys = OFF;
//! DELETE FROM orders WHERE id = 1;
//! ```
//!
//! ```sql,good
//! PRAGMA foreign_keys = OFF;
//! DELETE FROM orders WHERE id = 1;
//! PRAGMA foreign_key_check;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("foreign-keys-left-off", Level::Hazard, SQLITE, include_str!("foreign_keys_left_off.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let is = |statement: &Statement<'_>, on: bool| match &statement.kind {
        StatementKind::Set(settings) => settings.iter().any(|setting| {
            let value = matches!(setting.value.as_str(), "on" | "1" | "true" | "yes");
            setting.name == "foreign_keys" && !setting.value.is_empty() && value == on
        }),
        _ => false,
    };
    if is(context.statement, false) && !context.after().any(|statement| is(statement, true)) {
        report
            .at(context.statement.extent, "foreign keys stay off, and nobody looks whether they still hold")
            .help("PRAGMA foreign_key_check; PRAGMA foreign_keys = ON; at the end");
    }
}
