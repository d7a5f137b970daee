//! A setting of the whole server in a migration
//!
//! `ALTER SYSTEM` changes every database of the server, does not roll back, and takes effect at the next reload: nobody looks
//! for it in a migration.
//!
//! ```sql,bad
//! ALTER SYSTEM SET work_mem = '1GB';
//! ```
//!
//! ```sql,good
//! SET work_mem = '1GB';
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("alter-system", Level::Hazard, POSTGRES, include_str!("alter_system.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if matches!(&context.statement.kind, StatementKind::Alter(alter) if alter.object == "SYSTEM") {
        report
            .at(context.statement.extent, "it changes every database of the server, and does not roll back")
            .help("keep the server's settings where the server is kept");
    }
}
