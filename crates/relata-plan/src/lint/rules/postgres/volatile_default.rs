//! A new column with a volatile default rewrites the table
//!
//! PostgreSQL keeps a default that is the same for every row in the catalogue, and adding the column takes a moment. A default
//! that is different for each row (`random()`, `gen_random_uuid()`, `nextval()`, a function of your own) is written into every
//! row, under a lock that stops all reads and writes. Before PostgreSQL 11 every default does that. So does a column of a domain
//! that has a check or such a default, also without a default of its own.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();
//! ```
//!
//! Add the column without the default, set the default for new rows, and fill the old ones in batches:
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN token uuid;
//! ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("volatile-default", Level::Hazard, POSTGRES, include_str!("volatile_default.rs"), check);

use crate::lint::volatility::is_volatile;

fn check(context: &Context<'_>, report: &mut Report) {
    for (alter, action, column) in added_columns(context) {
        if let Some(why) = column.ty.as_ref().filter(|ty| !ty.array).and_then(|ty| context.facts.domain(ty)) {
            let message = format!("adding {} rewrites {} under an exclusive lock: {why}", column.name, alter.name);
            report
                .at(action.extent, message)
                .help("add the column with the type below, and the check to the table NOT VALID; then validate it")
                .by_size_of(&alter.name);
            continue;
        }
        let serial = column.ty.as_ref().is_some_and(|ty| ty.name.ends_with("serial"));
        let why = match &column.default {
            _ if serial => "a serial column is filled for every row".to_string(),
            Some(default) if default.form == ExpressionForm::Null => continue,
            Some(_) if !context.since(110_000) => "before PostgreSQL 11 every default is written to every row".into(),
            Some(default) => match default.calls.iter().find(|call| is_volatile(call)) {
                Some(call) => format!("{call}() may give each row another value"),
                None => continue,
            },
            None => continue,
        };
        let extent = column.default.as_ref().map_or(action.extent, |default| default.extent);
        let message = format!("adding {} rewrites {} under an exclusive lock: {why}", column.name, alter.name);
        report
            .at(extent, message)
            .help("add the column without a default, set the default, then fill the rows in batches")
            .by_size_of(&alter.name);
    }
}
