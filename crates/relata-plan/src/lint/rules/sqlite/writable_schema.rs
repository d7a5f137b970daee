//! A schema that is written by hand, and rows that no check looks at
//!
//! With `PRAGMA writable_schema` a mistyped letter makes the database unreadable. With `PRAGMA ignore_check_constraints` rows come in
//! that the checks of their table refuse, and stay.
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
    if let StatementKind::Write(write) = &context.statement.kind
        && matches!(write.table.last(), "sqlite_master" | "sqlite_schema")
    {
        report
            .at(context.statement.extent, "a mistake in it makes the database unreadable")
            .help("build the table anew: create, copy, drop, rename");
    }
    let StatementKind::Set(settings) = &context.statement.kind else { return };
    let on = |setting: &relata_schema::sql::Setting| matches!(setting.value.as_str(), "on" | "1" | "true" | "yes");
    if settings.iter().any(|setting| setting.name == "writable_schema" && on(setting)) {
        report
            .at(context.statement.extent, "a mistake in it makes the database unreadable")
            .help("build the table anew: create, copy, drop, rename");
    }
    if settings.iter().any(|setting| setting.name == "ignore_check_constraints" && on(setting)) {
        report
            .at(context.statement.extent, "rows that the checks refuse come in from now on")
            .help("make the rows fit, or change the check: create, copy, drop, rename");
    }
}
