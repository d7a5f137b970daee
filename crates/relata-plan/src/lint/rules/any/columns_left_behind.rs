//! A rebuild that leaves columns behind
//!
//! The new table lacks a column of the old one, or the copy does not fill it, and the old one is dropped: its values are lost.
//! Under another name they are kept, but the application that still runs looks for the old one. Found where the old table is
//! known.
//!
//! ```sql,bad,sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT, remark TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT, remark TEXT);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders (id, note) SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! ```sql,good,sqlite
//! CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT);
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT, remark TEXT);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders (id, note) SELECT id, note FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("columns-left-behind", Level::Hazard, EVERYWHERE, include_str!("columns_left_behind.rs"), check);

use crate::lint::TableFact;
use crate::lint::rebuild::{copies_into, successor};

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|_| drop.object == "TABLE") {
        let Some(old) = context.facts.table(name) else { continue };
        let Some(new_name) = successor(context, name) else { continue };
        let Some(new) = context.facts.table(new_name).filter(|new| !new.columns.is_empty()) else { continue };
        let copies: Vec<&Statement<'_>> = copies_into(context, new_name).collect();
        let (kept, lost): (Vec<&str>, Vec<&str>) = missing(old, new, &copies)
            .filter(|column| !context.is_acknowledged(column))
            .partition(|column| is_mentioned(&copies, column));
        if !lost.is_empty() {
            report
                .at(name.extent, format!("the values of {} in {name} are not copied, and are lost with it", lost.join(", ")))
                .help("copy them too, or acknowledge the loss: -- relata: loses column …");
        }
        if !kept.is_empty() {
            report
                .at(name.extent, format!("the running application looks for {} of {name} under that name", kept.join(", ")))
                .help("keep the old name working until nothing uses it");
        }
    }
}

/// Columns of the old table that the new one does not have, or that no copy fills.
fn missing<'c>(old: &'c TableFact, new: &'c TableFact, copies: &'c [&'c Statement<'c>]) -> impl Iterator<Item = &'c str> {
    let all = copies.iter().any(|copy| takes_all(copy));
    let columns = old.columns.keys().map(String::as_str);
    columns.filter(move |column| match new.columns.get(*column) {
        None => true,
        Some(after) => after.generated.is_none() && !all && !is_mentioned(copies, column),
    })
}

/// `SELECT *`, `TABLE old`.
fn takes_all(copy: &Statement<'_>) -> bool {
    let star = |pair: &[relata_schema::sql::Token<'_>]| {
        pair[1].is_mark("*") && (pair[0].is("SELECT") || pair[0].is_mark(".") || pair[0].is_mark(","))
    };
    copy.tokens.windows(2).any(star) || copy.tokens.iter().any(|token| token.is("TABLE"))
}

fn is_mentioned(copies: &[&Statement<'_>], column: &str) -> bool {
    let mut tokens = copies.iter().flat_map(|copy| &copy.tokens);
    tokens.any(|token| token.content().eq_ignore_ascii_case(column))
}
