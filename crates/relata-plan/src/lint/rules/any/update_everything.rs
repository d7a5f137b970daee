//! An UPDATE of every row in one statement
//!
//! Every row is locked until it has ended, the log grows by all of them, and replicas fall behind. A condition that is always
//! true chooses nothing, neither does `MERGE … ON true`, nor MariaDB's `UPDATE` of joined tables without one; an `UPDATE` within
//! `WITH` counts. Tables made in the same file are no finding, nor is the one row that says the version of a schema; small ones
//! are with `--url` a matter of style.
//!
//! ```sql,bad
//! UPDATE orders SET state = 'open';
//! ```
//!
//! ```sql,bad,postgres
//! WITH done AS (UPDATE orders SET state = 'open' RETURNING id) SELECT count(*) FROM done;
//! ```
//!
//! In batches, each in a transaction of its own:
//!
//! ```sql,good
//! UPDATE orders SET state = 'open' WHERE id BETWEEN 1 AND 1000;
//! ```

use relata_schema::sql::Write;

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("update-everything", Level::Hazard, EVERYWHERE, include_str!("update_everything.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Write(write) = &context.statement.kind else { return };
    let all = write.all().filter(|write| write.verb == "UPDATE" && !write.limited);
    let existing = |write: &&Write| !context.facts.is_new(&write.table) && !is_bookkeeping(&write.table);
    for write in all.filter(existing).filter(|write| !says_version(write)) {
        report
            .at(context.statement.extent, format!("every row of {} is locked until all are written", write.table))
            .help("write them in batches, outside a transaction")
            .by_size_of(&write.table);
    }
}

/// The one row in which an application says how far its schema is: `UPDATE app_version SET schema_version = 12`.
fn says_version(write: &Write) -> bool {
    let columns: Vec<&Name> = write.assigned.iter().flatten().collect();
    let named = |name: &Name| name.last().to_lowercase().contains("version");
    named(&write.table) && columns.len() == 1 && columns.into_iter().all(named)
}
