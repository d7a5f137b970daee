//! A schema or database that is dropped
//!
//! Everything in it is lost at once.
//!
//! ```sql,bad
//! DROP SCHEMA shop CASCADE;
//! ```
//!
//! ```sql,good
//! CREATE SCHEMA shop;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-schema", Level::Hazard, EVERYWHERE, include_str!("drop_schema.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    if !matches!(drop.object, "SCHEMA" | "DATABASE") {
        return;
    }
    for name in drop.names.iter().filter(|name| !context.facts.is_made(name)) {
        report
            .at(name.extent, format!("everything in {} {name} is lost", drop.object.to_lowercase()))
            .help("take a backup, and drop what is in it one by one");
    }
}
