//! A schema that is written by hand
//!
//! With `PRAGMA writable_schema` a mistyped letter makes the database unreadable.
//!
//! ```sql,bad
//! PRAGMA writable_schema = ON;
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders ADD COLUMN note TEXT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("writable-schema", Level::Hazard, SQLITE, include_str!("writable_schema.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Set(settings) = &context.statement.kind else { return };
    let on = |setting: &relata_schema::sql::Setting| matches!(setting.value.as_str(), "on" | "1" | "true" | "yes");
    if settings.iter().any(|setting| setting.name == "writable_schema" && on(setting)) {
        report
            .at(context.statement.extent, "a mistake in it makes the database unreadable")
            .help("build the table anew: create, copy, drop, rename");
    }
}
