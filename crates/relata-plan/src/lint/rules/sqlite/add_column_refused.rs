//! A column that SQLite cannot add
//!
//! `ALTER TABLE … ADD COLUMN` refuses `PRIMARY KEY`, `UNIQUE`, a stored generated column, a default in parentheses or of the
//! clock, and `REFERENCES` with a default while foreign keys are on.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD COLUMN placed TEXT DEFAULT CURRENT_TIMESTAMP;
//! ```
//!
//! Build the table anew, or add the column without it and an index beside it.
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN placed TEXT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("add-column-refused", Level::Hazard, SQLITE, include_str!("add_column_refused.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_table() else { return };
    for action in actions {
        let Action::AddColumn { column, .. } = &action.action else { continue };
        let default = column.default.as_ref();
        let clock = |word: &String| matches!(word.as_str(), "current_timestamp" | "current_date" | "current_time");
        let what = if column.primary_key {
            "a primary key"
        } else if column.unique {
            "a unique column"
        } else if column.generated == Some(Generated::Stored) {
            "a stored generated column"
        } else if default.is_some_and(|default| default.words.iter().any(clock) || !default.calls.is_empty()) {
            "a default that is not constant"
        } else if column.references.is_some()
            && default.is_some_and(|default| default.form != ExpressionForm::Null)
        {
            "a reference with a default, while foreign keys are on,"
        } else {
            continue;
        };
        report
            .at(action.extent, format!("SQLite cannot add {what} to {}", alter.name))
            .help("build the table anew, or add a plain column and an index");
    }
}
