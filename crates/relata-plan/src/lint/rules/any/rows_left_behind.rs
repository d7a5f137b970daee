//! A rebuild that leaves rows behind
//!
//! The rows are copied into a new table under a condition, or those that conflict are passed over, and the old table is dropped:
//! the rows that were not copied are lost.
//!
//! ```sql,bad,sqlite
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders SELECT id, note FROM orders WHERE note IS NOT NULL;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```
//!
//! ```sql,good,sqlite
//! CREATE TABLE new_orders (id INTEGER PRIMARY KEY, note TEXT);
//! PRAGMA foreign_keys = OFF;
//! INSERT INTO new_orders SELECT id, coalesce(note, '') FROM orders;
//! DROP TABLE orders;
//! ALTER TABLE new_orders RENAME TO orders;
//! PRAGMA foreign_keys = ON;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("rows-left-behind", Level::Hazard, EVERYWHERE, include_str!("rows_left_behind.rs"), check);

use crate::lint::rebuild::{aside, copies_into, successor};

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|name| drop.object == "TABLE" && !context.is_acknowledged(name.last())) {
        let copies: Vec<&Statement<'_>> = match (successor(context, name), aside(context, name)) {
            // Several copies may share the rows between them.
            (Some(new), _) => Some(copies_into(context, new).collect()).filter(|copies: &Vec<_>| copies.len() == 1),
            (None, Some(aside)) => Some(vec![aside.copy, aside.back]),
            (None, None) => None,
        }
        .unwrap_or_default();
        if let Some((copy, why)) = copies.iter().find_map(|copy| chooses(copy).map(|why| (copy, why))) {
            report
                .at(copy.extent, format!("{why}: rows of {name} that are not copied are lost with it"))
                .help("copy all of them, and delete in another migration; or acknowledge it: -- relata: loses table …");
        }
    }
}

/// Why it may not copy every row.
fn chooses(copy: &Statement<'_>) -> Option<&'static str> {
    let mut depth = 0_usize;
    for (at, token) in copy.tokens.iter().enumerate() {
        let called = copy.tokens.get(at + 1).is_some_and(|next| next.is_mark("("));
        depth += usize::from(token.is_mark("("));
        depth = depth.saturating_sub(usize::from(token.is_mark(")")));
        let why = match () {
            () if depth > 0 => None,
            () if token.is("WHERE") => Some("it has a condition"),
            () if token.is("LIMIT") => Some("it has a limit"),
            () if token.is("DISTINCT") => Some("it takes each row once"),
            () if token.is("IGNORE") => Some("it passes over what conflicts"),
            () if token.is("REPLACE") && !called => Some("it replaces what conflicts"),
            () => None,
        };
        if why.is_some() {
            return why;
        }
    }
    None
}
