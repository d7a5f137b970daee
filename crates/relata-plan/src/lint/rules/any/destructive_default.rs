//! A default that replaces what is there
//!
//! `USING` with an expression that does not read the column, or `SET column = DEFAULT` for every row, puts one value in the place
//! of all: what was there is lost.
//!
//! ```sql,bad,postgres
//! ALTER TABLE orders ALTER COLUMN state TYPE integer USING 0;
//! ```
//!
//! ```sql,good,postgres
//! ALTER TABLE orders ADD COLUMN state_number integer;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("destructive-default", Level::Hazard, EVERYWHERE, include_str!("destructive_default.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let help = "keep the old values in a column of their own until nobody needs them";
    if let Some((alter, actions)) = context.alters_existing() {
        for action in actions {
            let Action::AlterColumn { column, change: ColumnChange::Type { using: Some(using), .. } } = &action.action
            else {
                continue;
            };
            let reads = using.words.iter().any(|word| word == column.last());
            if !reads && !context.facts.is_new_column(&alter.name, column.last()) {
                report.at(using.extent, format!("every value of {column} in {} is replaced", alter.name)).help(help);
            }
        }
    }
    let StatementKind::Write(write) = &context.statement.kind else { return };
    let tokens = &context.statement.tokens;
    let default = tokens.windows(2).find(|pair| pair[0].is_mark("=") && pair[1].is("DEFAULT"));
    if let (Some(pair), "UPDATE", false) = (default, write.verb, write.limited)
        && !context.facts.is_new(&write.table)
    {
        report.at(pair[1].extent(), format!("every row of {} gets the default", write.table)).help(help);
    }
}
