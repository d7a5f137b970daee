//! A foreign key between columns of different types
//!
//! MariaDB refuses it: size and sign of numbers have to be the same on both sides. Found where both tables are known.
//!
//! ```sql,bad
//! CREATE TABLE customers (id bigint UNSIGNED PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id int, FOREIGN KEY (customer_id) REFERENCES customers (id));
//! ```
//!
//! ```sql,good
//! CREATE TABLE customers (id bigint UNSIGNED PRIMARY KEY);
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint UNSIGNED, FOREIGN KEY (customer_id) REFERENCES customers (id));
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("foreign-key-type", Level::Hazard, MYSQL, include_str!("foreign_key_type.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let (name, own, keys): (&Name, &[ColumnDefinition], Vec<&Constraint>) = match &context.statement.kind {
        StatementKind::CreateTable(table) => (&table.name, &table.columns, table.constraints.iter().collect()),
        StatementKind::Alter(alter) => {
            let key = |action: &'_ TableAction| matches!(action.action, Action::AddConstraint(_));
            let keys = alter.actions.iter().filter(|action| key(action)).filter_map(|action| match &action.action {
                Action::AddConstraint(constraint) => Some(constraint.as_ref()),
                _ => None,
            });
            (&alter.name, &[], keys.collect())
        }
        _ => return,
    };
    for key in keys.into_iter().filter(|key| key.kind == ConstraintKind::ForeignKey) {
        let Some(reference) = &key.references else { continue };
        for (column, target) in key.columns.iter().zip(&reference.columns) {
            let defined = own.iter().find(|own| own.name.same(column)).and_then(|own| own.ty.as_ref());
            let known = context.facts.column(name, column.last()).and_then(|column| column.ty.as_ref());
            let other = context.facts.column(&reference.table, target.last()).and_then(|column| column.ty.as_ref());
            if let (Some(one), Some(two)) = (defined.or(known), other)
                && differ(one, two)
            {
                report
                    .at(key.extent, format!("{column} and {target} of {} have different types", reference.table))
                    .help("give both the same type, UNSIGNED included");
            }
        }
    }
}

fn differ(one: &TypeName, two: &TypeName) -> bool {
    let number = |ty: &TypeName| matches!(ty.name.as_str(), "tinyint" | "smallint" | "mediumint" | "integer" | "bigint");
    let text = |ty: &TypeName| matches!(ty.name.as_str(), "varchar" | "char");
    match (number(one), number(two)) {
        (true, true) => one.name != two.name || one.unsigned != two.unsigned,
        (false, false) => one.name != two.name && !(text(one) && text(two)),
        _ => true,
    }
}
