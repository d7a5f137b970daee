//! A repeatable script that fails, or does more, the second time
//!
//! Repeatable scripts run again whenever they change: each statement has to give the same result then.
//!
//! ```sql,bad,repeatable
//! CREATE VIEW totals AS SELECT 1 AS total;
//! ```
//!
//! ```sql,good,repeatable
//! DROP VIEW IF EXISTS totals;
//! CREATE VIEW totals AS SELECT 1 AS total;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("not-repeatable", Level::Hazard, EVERYWHERE, include_str!("not_repeatable.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if !context.file.repeatable {
        return;
    }
    let fails = match &context.statement.kind {
        StatementKind::CreateTable(table) => !table.if_not_exists && !table.temporary,
        StatementKind::CreateIndex(index) => {
            !index.if_not_exists && !index.name.as_ref().is_some_and(|name| dropped(context, name))
        }
        StatementKind::Create(created) => {
            !created.or_replace && !created.if_not_exists && !dropped(context, &created.name)
        }
        StatementKind::Drop(drop) => !drop.if_exists,
        StatementKind::Write(write) => write.verb == "INSERT" && !write.repeatable,
        _ => false,
    };
    if fails {
        report
            .at(context.statement.extent, "it fails, or does more, when the script runs again")
            .help("OR REPLACE, IF NOT EXISTS, or DROP … IF EXISTS before it");
    }
}

fn dropped(context: &Context<'_>, name: &Name) -> bool {
    context.statements[..context.at].iter().any(|statement| match &statement.kind {
        StatementKind::Drop(drop) => drop.if_exists && drop.names.iter().any(|dropped| dropped.same(name)),
        _ => false,
    })
}
