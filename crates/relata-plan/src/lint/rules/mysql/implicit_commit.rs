//! A transaction that DDL ends in the middle
//!
//! Every `CREATE`, `ALTER`, `DROP`, `RENAME` and `TRUNCATE` commits what came before it, and cannot be rolled back itself. When a
//! later statement fails, half of the transaction stays.
//!
//! ```sql,bad
//! BEGIN;
//! UPDATE orders SET state = 'open' WHERE state = 'new';
//! ALTER TABLE orders ADD COLUMN note text;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! BEGIN;
//! UPDATE orders SET state = 'open' WHERE state = 'new';
//! COMMIT;
//! ALTER TABLE orders ADD COLUMN note text;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("implicit-commit", Level::Hazard, MYSQL, include_str!("implicit_commit.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some(transaction) = context.transactions[context.at] else { return };
    let explicit = transaction > 0 || !context.file.in_transaction;
    let temporary = match &context.statement.kind {
        StatementKind::CreateTable(table) => table.temporary,
        StatementKind::Drop(drop) => drop.temporary,
        _ => false,
    };
    if explicit && !temporary && commits(&context.statement.kind) {
        report
            .at(context.statement.extent, "it commits what came before it in this transaction")
            .help("put it before BEGIN or after COMMIT");
    }
}

fn commits(kind: &StatementKind<'_>) -> bool {
    matches!(
        kind,
        StatementKind::CreateTable(_)
            | StatementKind::CreateIndex(_)
            | StatementKind::Create(_)
            | StatementKind::Alter(_)
            | StatementKind::Drop(_)
            | StatementKind::Rename(_)
            | StatementKind::Truncate { .. }
            | StatementKind::Lock { .. }
    )
}
