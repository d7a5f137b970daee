//! A table without a primary key
//!
//! Its rows cannot be told apart: not by the application, not by logical replication, not by MariaDB's storage, which then makes
//! a hidden one.
//!
//! ```sql,bad
//! CREATE TABLE orders (id bigint, note text);
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id bigint PRIMARY KEY, note text);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("missing-primary-key", Level::Style, EVERYWHERE, include_str!("missing_primary_key.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::CreateTable(table) = &context.statement.kind else { return };
    let elsewhere = table.temporary || table.foreign || table.takes_columns || table.as_query;
    let unusual = table.columns.is_empty() || table.partition_of.is_some();
    let own = table.columns.iter().any(|column| column.primary_key)
        || table.constraints.iter().any(|constraint| constraint.kind == ConstraintKind::PrimaryKey);
    if elsewhere || unusual || own || comes(context, &table.name) {
        return;
    }
    report
        .at(table.name.extent, format!("the rows of {} cannot be told apart", table.name))
        .help("give it a primary key");
}

fn comes(context: &Context<'_>, table: &Name) -> bool {
    context.after().any(|statement| match &statement.kind {
        StatementKind::Alter(alter) => alter.name.same(table) && alter.actions.iter().any(is_key),
        _ => false,
    })
}

fn is_key(action: &TableAction) -> bool {
    match &action.action {
        Action::AddConstraint(constraint) => constraint.kind == ConstraintKind::PrimaryKey,
        Action::AddColumn { column, .. } => column.primary_key,
        _ => false,
    }
}
