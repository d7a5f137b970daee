//! A rebuild as STRICT
//!
//! A table that was not `STRICT` may hold values of any type in any column; the copy fails at the first that does not fit.
//!
//! ```sql,bad
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT) STRICT;
//! INSERT INTO new_orders SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT) STRICT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("strict-conversion", Level::Hazard, SQLITE, include_str!("strict_conversion.rs"), check);

use crate::lint::rebuild::successor;

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    let strict = |table: &crate::lint::TableFact| table.options.iter().any(|word| word == "STRICT");
    for name in drop.names.iter().filter(|_| drop.object == "TABLE") {
        let Some(new) = successor(context, name).and_then(|new| context.facts.table(new)) else { continue };
        if strict(new) && !context.facts.table(name).is_some_and(strict) {
            report
                .at(name.extent, format!("the copy fails at a value of {name} that is not of its column's type"))
                .help("SELECT … WHERE typeof(column) <> … before");
        }
    }
}
