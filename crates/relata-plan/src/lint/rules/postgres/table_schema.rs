//! A table without its schema
//!
//! Without a schema the name is looked up in the session's `search_path`: for another role it may be another table. Off unless
//! asked for.
//!
//! ```sql,bad
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql,good
//! CREATE TABLE public.orders (id bigint PRIMARY KEY);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("table-schema", Level::Off, POSTGRES, include_str!("table_schema.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let names: Vec<&Name> = match &context.statement.kind {
        StatementKind::CreateTable(table) if !table.temporary => vec![&table.name],
        StatementKind::Alter(alter) if alter.object == "TABLE" => vec![&alter.name],
        StatementKind::Drop(drop) if drop.object == "TABLE" => drop.names.iter().collect(),
        _ => return,
    };
    for name in names.into_iter().filter(|name| name.namespace().is_none()) {
        report.at(name.extent, format!("{name} is looked up in the search_path")).help("write schema.table");
    }
}
