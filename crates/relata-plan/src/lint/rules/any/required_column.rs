//! A new column that must have a value and has none
//!
//! With rows in the table the statement fails (or, on MariaDB, gives them a value that nobody chose), and inserts of the
//! application that still runs fail from then on.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD COLUMN state text NOT NULL;
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'open';
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("required-column", Level::Hazard, EVERYWHERE, include_str!("required_column.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for (alter, action, column) in added_columns(context) {
        let serial = column.ty.as_ref().is_some_and(|ty| ty.name.ends_with("serial"));
        let filled = column.default.as_ref().is_some_and(|default| default.form != ExpressionForm::Null);
        let given = filled || serial || column.generated.is_some() || column.auto_increment;
        if (column.not_null || column.primary_key) && !given {
            let message = format!("{} has no value for the rows of {}, nor for inserts of the running application", column.name, alter.name);
            report.at(action.extent, message).help("give it a default, or let it be NULL until it is filled");
        }
    }
}
