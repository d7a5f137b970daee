//! A migration that may wait for a lock without end
//!
//! A statement that waits for a lock makes everybody wait who comes after it. `lock_timeout` gives up instead, and
//! `statement_timeout` ends what takes longer than it should. relata's own runner waits for locks only so long.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD COLUMN note text;
//! ```
//!
//! ```sql,good
//! SET lock_timeout = '2s';
//! SET statement_timeout = '5s';
//! ALTER TABLE orders ADD COLUMN note text;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("timeouts", Level::Style, POSTGRES, include_str!("timeouts.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if context.file.managed {
        return;
    }
    let earlier = |statement: &Statement<'_>| locks(context, statement);
    if !locks(context, context.statement) || context.statements[..context.at].iter().any(earlier) {
        return;
    }
    let unset = |name: &&str| context.facts.setting(name).is_none_or(|value| matches!(value, "0" | "'0'"));
    let missing: Vec<&str> = ["lock_timeout", "statement_timeout"].into_iter().filter(unset).collect();
    if missing.is_empty() {
        return;
    }
    report
        .at(context.statement.extent, format!("without {} it may wait for a lock, and others behind it", missing.join(" and ")))
        .help("SET lock_timeout = '2s'; SET statement_timeout = '5s'; at the top of the file");
}

/// It locks something that was there before the file.
fn locks(context: &Context<'_>, statement: &Statement<'_>) -> bool {
    match &statement.kind {
        StatementKind::Alter(alter) => !context.facts.is_new(&alter.name),
        StatementKind::CreateIndex(index) => !context.facts.is_new(&index.table),
        StatementKind::Drop(drop) => !drop.names.iter().all(|name| context.facts.is_made(name)),
        StatementKind::Create(created) => created.on.as_ref().is_some_and(|table| !context.facts.is_new(table)),
        StatementKind::Reindex { .. }
        | StatementKind::Vacuum { .. }
        | StatementKind::Cluster { .. }
        | StatementKind::Refresh { .. }
        | StatementKind::Truncate { .. } => true,
        _ => false,
    }
}
