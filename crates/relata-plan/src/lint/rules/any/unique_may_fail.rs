//! A unique index on a table with rows
//!
//! It fails when two rows have the same values, and on MariaDB in the middle of a migration that cannot be rolled back.
//!
//! ```sql,bad
//! CREATE UNIQUE INDEX customers_email ON customers (email);
//! ```
//!
//! Look for them first; with `--url` that is done, and this is no finding when there are none.
//!
//! ```sql,good
//! CREATE TABLE customers (id bigint PRIMARY KEY, email varchar(80));
//! CREATE UNIQUE INDEX customers_email ON customers (email);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("unique-may-fail", Level::Hazard, MYSQL_AND_SQLITE, include_str!("unique_may_fail.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    // With a database at hand the rows themselves are asked.
    if context.options.live.as_ref().is_some_and(|live| live.asked) {
        return;
    }
    let mut found = Vec::new();
    if let StatementKind::CreateIndex(index) = &context.statement.kind
        && index.unique
        && !context.facts.is_new(&index.table)
    {
        found.push((&index.table, context.statement.extent));
    }
    for (alter, constraint) in added_constraints(context) {
        if matches!(constraint.kind, ConstraintKind::Unique | ConstraintKind::PrimaryKey) {
            found.push((&alter.name, constraint.extent));
        }
    }
    for (table, extent) in found {
        report
            .at(extent, format!("it fails when two rows of {table} have the same values"))
            .help("SELECT … GROUP BY … HAVING count(*) > 1 before, or lint with --url");
    }
}
