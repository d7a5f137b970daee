//! An index over many columns
//!
//! From the fourth column on an index seldom finds more and always costs: each write has to keep it. A unique one may need them.
//!
//! ```sql,bad
//! CREATE INDEX CONCURRENTLY orders_all ON orders (customer_id, state, placed, note);
//! ```
//!
//! ```sql,good
//! CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id, state);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("wide-index", Level::Style, POSTGRES, include_str!("wide_index.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::CreateIndex(index) = &context.statement.kind else { return };
    if index.columns.len() > 3 && !index.unique {
        report
            .at(context.statement.extent, format!("an index over {} columns", index.columns.len()))
            .help("the columns that narrow the search most, first; INCLUDE what is only read");
    }
}
