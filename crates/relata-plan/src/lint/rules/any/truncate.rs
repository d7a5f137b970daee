//! A table that is emptied
//!
//! Every row is lost; with `CASCADE` so are those of every table with a foreign key to it, and with `MERGE` those that the source
//! does not have (`WHEN NOT MATCHED BY SOURCE THEN DELETE`). A `DELETE` without a condition counts as well within `WITH`, in
//! `MERGE … ON true`, and of several tables on MariaDB.
//!
//! ```sql,bad,postgres
//! TRUNCATE orders CASCADE;
//! ```
//!
//! ```sql,bad,postgres
//! WITH gone AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM gone;
//! ```
//!
//! ```sql,bad,mysql
//! DELETE orders, items FROM orders JOIN items;
//! ```
//!
//! ```sql,good,mysql
//! DELETE orders, items FROM orders JOIN items ON items.order_id = orders.id WHERE orders.placed < '2010-01-01';
//! ```
//!
//! ```sql,good,postgres
//! DELETE FROM orders WHERE placed < '2010-01-01';
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("truncate", Level::Hazard, EVERYWHERE, include_str!("truncate.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let found: Vec<(&Name, &str)> = match &context.statement.kind {
        StatementKind::Truncate { tables, cascade } => {
            let too = if *cascade { " is lost, and those of every table that refers to it" } else { " is lost" };
            tables.iter().map(|table| (table, too)).collect()
        }
        StatementKind::Write(write) => {
            let all = write.all().filter(|write| matches!(write.verb, "DELETE" | "MERGE") && !write.limited);
            let lost = |write| match write {
                "MERGE" => " that the source lacks is lost",
                _ => " is lost",
            };
            all.map(|write| (&write.table, lost(write.verb))).collect()
        }
        _ => return,
    };
    for (table, lost) in found.into_iter().filter(|(table, _)| !context.facts.is_new(table)) {
        if !context.is_acknowledged(table.last()) && !is_bookkeeping(table) {
            report
                .at(context.statement.extent, format!("every row of {table}{lost}"))
                .help("keep them in another table, or acknowledge the loss: -- relata: loses …");
        }
    }
}
