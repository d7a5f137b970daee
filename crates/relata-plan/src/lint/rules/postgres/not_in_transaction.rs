//! A statement that PostgreSQL refuses inside a transaction
//!
//! `CONCURRENTLY`, `VACUUM`, `CREATE DATABASE`, `ALTER SYSTEM` and a few others fail inside a transaction, and a `DO` block is one; before PostgreSQL 12
//! `ALTER TYPE … ADD VALUE` does too.
//!
//! ```sql,bad
//! BEGIN;
//! CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
//! COMMIT;
//! ```
//!
//! Put it into a migration of its own that runs without a transaction (`-- relata: transaction off`).
//!
//! ```sql,good
//! CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("not-in-transaction", Level::Hazard, POSTGRES, include_str!("not_in_transaction.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let nested = context.statement.nested;
    if !context.in_transaction() && !nested {
        return;
    }
    let Some(what) = refused(context) else { return };
    let place = if nested { "a DO block" } else { "a transaction" };
    report
        .at(context.statement.extent, format!("{what} fails inside {place}"))
        .help("move it into a migration that runs without one: -- relata: transaction off");
}

fn refused(context: &Context<'_>) -> Option<&'static str> {
    let what = match &context.statement.kind {
        StatementKind::CreateIndex(index) if index.concurrently => "CREATE INDEX CONCURRENTLY",
        StatementKind::Drop(drop) if drop.concurrently => "DROP INDEX CONCURRENTLY",
        StatementKind::Drop(drop) if matches!(drop.object, "DATABASE" | "TABLESPACE") => "DROP DATABASE",
        StatementKind::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
        StatementKind::Reindex { object, .. } if matches!(object.as_str(), "DATABASE" | "SYSTEM" | "SCHEMA") => "REINDEX",
        StatementKind::Vacuum { .. } => "VACUUM",
        StatementKind::Create(created) if matches!(created.object, "DATABASE" | "TABLESPACE" | "SUBSCRIPTION") => {
            "this CREATE"
        }
        StatementKind::Alter(alter) if alter.object == "SYSTEM" => "ALTER SYSTEM",
        StatementKind::Alter(alter) => {
            let detaches = |action: &TableAction| {
                matches!(action.action, Action::DetachPartition { concurrently: true, .. })
            };
            let adds = |action: &TableAction| matches!(action.action, Action::AddValue { .. });
            if alter.actions.iter().any(detaches) {
                "DETACH PARTITION CONCURRENTLY"
            } else if alter.actions.iter().any(adds) && !context.since(120_000) {
                "ALTER TYPE … ADD VALUE (before PostgreSQL 12)"
            } else {
                return None;
            }
        }
        _ => return None,
    };
    Some(what)
}
