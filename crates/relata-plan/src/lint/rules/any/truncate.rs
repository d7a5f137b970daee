//! A table that is emptied
//!
//! Every row is lost; with `CASCADE` so are those of every table with a foreign key to it, and with `MERGE` those that the source
//! does not have (`WHEN NOT MATCHED BY SOURCE THEN DELETE`).
//!
//! ```sql,bad,postgres
//! TRUNCATE orders CASCADE;
//! ```
//!
//! ```sql,good,postgres
//! DELETE FROM orders WHERE placed < '2010-01-01';
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("truncate", Level::Hazard, EVERYWHERE, include_str!("truncate.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let (tables, cascade): (Vec<&Name>, bool) = match &context.statement.kind {
        StatementKind::Truncate { tables, cascade } => (tables.iter().collect(), *cascade),
        StatementKind::Write(write) if matches!(write.verb, "DELETE" | "MERGE") && !write.limited => {
            (vec![&write.table], false)
        }
        _ => return,
    };
    for table in tables.into_iter().filter(|table| !context.facts.is_new(table)) {
        if context.is_acknowledged(table.last()) || is_bookkeeping(table) {
            continue;
        }
        if matches!(&context.statement.kind, StatementKind::Write(write) if write.verb == "MERGE") {
            report
                .at(context.statement.extent, format!("every row of {table} that the source lacks is lost"))
                .help("keep them in another table, or acknowledge the loss: -- relata: loses …");
            continue;
        }
        let too = if cascade { ", and those of every table that refers to it" } else { "" };
        report
            .at(context.statement.extent, format!("every row of {table} is lost{too}"))
            .help("keep them in another table, or acknowledge the loss: -- relata: loses …");
    }
}
