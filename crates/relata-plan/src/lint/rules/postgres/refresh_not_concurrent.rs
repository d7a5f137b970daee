//! REFRESH MATERIALIZED VIEW without CONCURRENTLY stops readers
//!
//! Nobody can read the view until it has been computed anew.
//!
//! ```sql,bad
//! REFRESH MATERIALIZED VIEW sales;
//! ```
//!
//! `CONCURRENTLY` needs a unique index on the view.
//!
//! ```sql,good
//! REFRESH MATERIALIZED VIEW CONCURRENTLY sales;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("refresh-not-concurrent", Level::Hazard, POSTGRES, include_str!("refresh_not_concurrent.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Refresh { name: Some(name), concurrently: false } = &context.statement.kind else { return };
    let empty = context.statement.tokens.windows(2).any(|pair| pair[0].is("NO") && pair[1].is("DATA"));
    if !context.facts.is_made(name) && !empty {
        report
            .at(context.statement.extent, format!("readers of {name} wait until it is computed"))
            .help("REFRESH MATERIALIZED VIEW CONCURRENTLY, with a unique index on the view");
    }
}
