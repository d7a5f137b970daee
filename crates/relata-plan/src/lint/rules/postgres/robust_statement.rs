//! A statement that fails when the file runs again
//!
//! Outside a transaction a file that fails in the middle leaves its first half behind. `IF EXISTS` and `IF NOT EXISTS` let it run
//! again.
//!
//! ```sql,bad
//! SET lock_timeout = '2s';
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! ```sql,good
//! SET lock_timeout = '2s';
//! ALTER TABLE orders ADD COLUMN IF NOT EXISTS note text;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("robust-statement", Level::Style, POSTGRES, include_str!("robust_statement.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let alone = context.statements.len() == 1;
    if context.file.managed || context.in_transaction() || context.statement.nested || alone {
        return;
    }
    for (extent, words) in fragile(context) {
        report.at(extent, "it fails when the file runs a second time").help(format!("add {words}, or use a transaction"));
    }
}

fn fragile(context: &Context<'_>) -> Vec<(Extent, &'static str)> {
    let whole = context.statement.extent;
    match &context.statement.kind {
        StatementKind::CreateTable(table) if !table.if_not_exists && !table.temporary => vec![(whole, "IF NOT EXISTS")],
        StatementKind::CreateIndex(index) if !index.if_not_exists && index.name.is_some() => {
            vec![(whole, "IF NOT EXISTS")]
        }
        StatementKind::Create(created) => {
            let can = matches!(created.object, "SCHEMA" | "SEQUENCE" | "EXTENSION" | "MATERIALIZED VIEW");
            let missing = can && !created.if_not_exists && !created.or_replace;
            missing.then_some((whole, "IF NOT EXISTS")).into_iter().collect()
        }
        StatementKind::Drop(drop) if !drop.if_exists && drop.object != "OWNED" => vec![(whole, "IF EXISTS")],
        StatementKind::Alter(alter) if alter.object == "TABLE" => {
            let missing = |action: &TableAction| match &action.action {
                Action::AddColumn { if_not_exists: false, .. } => Some((action.extent, "IF NOT EXISTS")),
                Action::DropColumn { if_exists: false, .. } | Action::DropConstraint { if_exists: false, .. } => {
                    Some((action.extent, "IF EXISTS"))
                }
                _ => None,
            };
            alter.actions.iter().filter_map(missing).collect()
        }
        StatementKind::Alter(alter) => {
            let missing = |action: &TableAction| {
                matches!(action.action, Action::AddValue { if_not_exists: false, .. })
                    .then_some((action.extent, "IF NOT EXISTS"))
            };
            alter.actions.iter().filter_map(missing).collect()
        }
        _ => Vec::new(),
    }
}
