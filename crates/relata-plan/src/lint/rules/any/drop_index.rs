//! An index that is dropped
//!
//! Queries that used it read the whole table from then on; a unique one no longer refuses doubles.
//!
//! ```sql,bad,mysql
//! DROP INDEX orders_customer ON orders;
//! ```
//!
//! ```sql,good,mysql
//! CREATE INDEX orders_customer ON orders (customer_id);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-index", Level::Style, EVERYWHERE, include_str!("drop_index.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let names: Vec<&Name> = match &context.statement.kind {
        StatementKind::Drop(drop) if drop.object == "INDEX" => drop.names.iter().collect(),
        StatementKind::Alter(alter) if !context.facts.is_new(&alter.name) => {
            let dropped = alter.actions.iter().filter_map(|action| match &action.action {
                Action::DropConstraint { kind: ConstraintKind::Index, name, .. } => name.as_ref(),
                _ => None,
            });
            dropped.collect()
        }
        _ => return,
    };
    for name in names.into_iter().filter(|name| !context.facts.is_made(name)) {
        report
            .at(name.extent, format!("queries that use {name} read the whole table from now on"))
            .help("look at the statistics of its use first");
    }
}
