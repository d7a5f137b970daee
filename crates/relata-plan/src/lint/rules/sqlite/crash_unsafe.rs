//! A database that a crash can destroy
//!
//! With `PRAGMA synchronous = OFF` nothing waits for the disk: when power fails, the file may be damaged beyond repair. With
//! `PRAGMA journal_mode = OFF` no transaction can be rolled back, with `MEMORY` none that was cut off by a crash. Switched back at the end of
//! the migration it is a finding all the same: the crash comes in between.
//!
//! ```sql,bad
//! PRAGMA synchronous = OFF;
//! UPDATE orders SET state = 'open' WHERE id < 1000;
//! PRAGMA synchronous = FULL;
//! ```
//!
//! ```sql,good
//! PRAGMA journal_mode = WAL;
//! PRAGMA synchronous = NORMAL;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("crash-unsafe", Level::Hazard, SQLITE, include_str!("crash_unsafe.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Set(settings) = &context.statement.kind else { return };
    for setting in settings {
        let why = match (setting.name.as_str(), setting.value.as_str()) {
            ("synchronous", "off" | "0") => "a loss of power damages the file",
            ("journal_mode", "off") => "nothing can be rolled back, and a crash damages the file",
            ("journal_mode", "memory") => "a crash in the middle damages the file",
            _ => continue,
        };
        report
            .at(context.statement.extent, format!("with {} = {} {why}", setting.name, setting.value))
            .help("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; are fast and safe");
    }
}
