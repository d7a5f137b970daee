//! A setting of the whole server in a migration
//!
//! `ALTER SYSTEM`, and `SET GLOBAL` and `SET PERSIST` of MariaDB and MySQL, change every database of the server and do not roll back:
//! nobody looks for that in a migration. Other sessions have it at once or when they begin, and what `SET GLOBAL` sets is gone when the server starts anew.
//!
//! ```sql,bad,postgres
//! ALTER SYSTEM SET work_mem = '1GB';
//! ```
//!
//! ```sql,good,postgres
//! SET work_mem = '1GB';
//! ```
//!
//! ```sql,bad,mysql
//! SET GLOBAL max_connections = 500;
//! ```
//!
//! ```sql,good,mysql
//! SET SESSION lock_wait_timeout = 5;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("alter-system", Level::Hazard, POSTGRES_AND_MYSQL, include_str!("alter_system.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let found = match &context.statement.kind {
        StatementKind::Alter(alter) => alter.object == "SYSTEM",
        StatementKind::Set(settings) => settings.iter().any(|setting| setting.global),
        _ => false,
    };
    if found {
        report
            .at(context.statement.extent, "it changes every database of the server, and does not roll back")
            .help("keep the server's settings where the server is kept");
    }
}
