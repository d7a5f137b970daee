//! CASCADE drops what nobody named
//!
//! Views, foreign keys, functions and columns that depend on the object go with it, whatever they are on the day it runs.
//!
//! ```sql,bad
//! DROP FUNCTION total(integer) CASCADE;
//! ```
//!
//! ```sql,good
//! DROP VIEW totals;
//! CREATE VIEW totals AS SELECT 1 AS total;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-cascade", Level::Hazard, POSTGRES, include_str!("drop_cascade.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let cascade = context.statement.tokens.iter().rev().find(|token| token.is("CASCADE"));
    let Some(cascade) = cascade else { return };
    let drops = match &context.statement.kind {
        StatementKind::Drop(drop) => {
            drop.cascade && !drop.names.iter().all(|name| context.facts.is_made(name))
        }
        StatementKind::Alter(alter) => {
            let drops = |action: &TableAction| {
                let drop = matches!(action.action, Action::DropColumn { .. } | Action::DropConstraint { .. });
                drop && action.extent.end == cascade.extent().end
            };
            !context.facts.is_new(&alter.name) && alter.actions.iter().any(drops)
        }
        _ => false,
    };
    if drops {
        report
            .at(cascade.extent(), "whatever depends on it goes too, without being named")
            .help("drop what depends on it by name, in the same migration");
    }
}
