//! A foreign key whose columns have no index
//!
//! Each delete in the table it points at, and each join, reads the whole table. MariaDB makes the index itself.
//!
//! ```sql,bad,postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
//! ```
//!
//! ```sql,good,postgres
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
//! CREATE INDEX orders_customer ON orders (customer_id);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("foreign-key-without-index", Level::Style, EVERYWHERE, include_str!("foreign_key_without_index.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if context.dialect() == Dialect::Mysql {
        return;
    }
    for (table, columns, extent) in keys(context) {
        let own = match &context.statement.kind {
            StatementKind::CreateTable(created) => created.constraints.iter().any(|other| leads(other, &columns)),
            _ => false,
        };
        let single_key = match &context.statement.kind {
            StatementKind::CreateTable(created) => created.columns.iter().any(|column| {
                (column.primary_key || column.unique) && columns == [column.name.last().to_string()]
            }),
            _ => false,
        };
        let comes = context.after().any(|statement| match &statement.kind {
            StatementKind::CreateIndex(index) => {
                let own: Vec<String> = index.columns.iter().flatten().map(|name| name.last().to_string()).collect();
                index.table.same(table) && begins(&own, &columns)
            }
            _ => false,
        });
        if !own && !single_key && !comes && !context.facts.has_index(table, &columns) {
            report
                .at(extent, format!("deletes in the other table read all of {table}"))
                .help(format!("CREATE INDEX … ON {table} ({})", columns.join(", ")));
        }
    }
}

fn leads(constraint: &Constraint, columns: &[String]) -> bool {
    let keys = matches!(constraint.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique);
    let own: Vec<String> = constraint.columns.iter().map(|name| name.last().to_string()).collect();
    keys && begins(&own, columns)
}

fn begins(index: &[String], columns: &[String]) -> bool {
    index.len() >= columns.len() && columns.iter().all(|column| index[..columns.len()].contains(column))
}

/// The foreign keys of the statement: table, columns, place.
fn keys<'c>(context: &Context<'c>) -> Vec<(&'c Name, Vec<String>, Extent)> {
    let of = |constraint: &Constraint| constraint.columns.iter().map(|name| name.last().to_string()).collect();
    let foreign = |constraint: &&Constraint| constraint.kind == ConstraintKind::ForeignKey;
    match &context.statement.kind {
        StatementKind::CreateTable(table) => {
            let columns = table.columns.iter().filter(|column| column.references.is_some());
            let columns = columns.map(|column| (&table.name, vec![column.name.last().to_string()], column.extent));
            let constraints = table.constraints.iter().filter(foreign);
            columns.chain(constraints.map(|key| (&table.name, of(key), key.extent))).collect()
        }
        StatementKind::Alter(alter) => {
            let key = |action: &'c TableAction| match &action.action {
                Action::AddConstraint(key) if foreign(&key.as_ref()) => Some((&alter.name, of(key), action.extent)),
                Action::AddColumn { column, .. } if column.references.is_some() => {
                    Some((&alter.name, vec![column.name.last().to_string()], action.extent))
                }
                _ => None,
            };
            alter.actions.iter().filter_map(key).collect()
        }
        _ => Vec::new(),
    }
}
