//! A rebuild that leaves columns behind
//!
//! The new table lacks a column of the old one, or the copy does not fill it, and the old one is dropped: its values are lost.
//! Under another name they are kept, but the application that still runs looks for the old one. Copied by `SELECT *` into a table whose
//! columns stand in another order, values come into the wrong ones. Found where the old table is known.
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
use crate::rename::rebuilds;
use crate::lint::rebuild::{Aside, aside, copies_into, successor};

fn check(context: &Context<'_>, report: &mut Report) {
    by_place(context, report);
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    for name in drop.names.iter().filter(|_| drop.object == "TABLE") {
        let Some(old) = context.facts.table(name) else { continue };
        let (kept, lost) = match (successor(context, name), aside(context, name)) {
            (Some(new_name), _) => {
                let Some(new) = context.facts.table(new_name).filter(|new| !new.columns.is_empty()) else { continue };
                let copies: Vec<&Statement<'_>> = copies_into(context, new_name).collect();
                split(missing(old, new, &copies), &copies, context)
            }
            (None, Some(aside)) => split(missing_after(old, &aside), &[aside.back], context),
            (None, None) => continue,
        };
        if !lost.is_empty() {
            report
                .at(name.extent, format!("the values of {} in {name} are not copied, and are lost with it", lost.join(", ")))
                .help("copy them too, or acknowledge the loss: -- relata: loses column …");
        }
        // What the copy says in so many words is a rename.
        let renamed = rebuilds(context.statements).into_iter().filter(|rebuilt| rebuilt.dropped.extent == name.extent);
        let renamed: Vec<(String, String)> = renamed.flat_map(|rebuilt| rebuilt.columns).collect();
        let said = |column: &str| renamed.iter().any(|(from, _)| from.eq_ignore_ascii_case(column));
        let kept: Vec<&str> = kept.into_iter().filter(|column| context.dialect() != Dialect::Sqlite || !said(column)).collect();
        if !kept.is_empty() {
            report
                .at(name.extent, format!("the running application looks for {} of {name} under that name", kept.join(", ")))
                .help("keep the old name working until nothing uses it");
        }
    }
}

/// Those that a copy mentions all the same, and those that are lost.
fn split<'o>(
    missing: Vec<&'o str>,
    copies: &[&Statement<'_>],
    context: &Context<'_>,
) -> (Vec<&'o str>, Vec<&'o str>) {
    let left = missing.into_iter().filter(|column| !context.is_acknowledged(column));
    left.partition(|column| is_mentioned(copies, column))
}

/// Columns of the old table that are not put aside, or have no place in the new one.
fn missing_after<'o>(old: &'o TableFact, aside: &Aside<'_>) -> Vec<&'o str> {
    let has = |column: &str| aside.created.columns.iter().any(|own| own.name.last() == column);
    let copied = |column: &str| takes_all(aside.copy) || is_mentioned(&[aside.copy], column);
    let filled = |column: &str| takes_all(aside.back) || is_mentioned(&[aside.back], column);
    let is_missing = |column: &&str| !copied(column) || !has(column) || !filled(column);
    old.columns.keys().map(String::as_str).filter(is_missing).collect()
}

/// Columns of the old table that the new one does not have, or that no copy fills.
fn missing<'o>(old: &'o TableFact, new: &TableFact, copies: &[&Statement<'_>]) -> Vec<&'o str> {
    let all = copies.iter().any(|copy| takes_all(copy));
    let is_missing = |column: &&str| match new.columns.get(*column) {
        None => true,
        Some(after) => after.generated.is_none() && !all && !is_mentioned(copies, column),
    };
    old.columns.keys().map(String::as_str).filter(is_missing).collect()
}

/// `SELECT *`, `TABLE old`.
fn takes_all(copy: &Statement<'_>) -> bool {
    let star = |pair: &[relata_schema::sql::Token<'_>]| {
        pair[1].is_mark("*") && (pair[0].is("SELECT") || pair[0].is_mark(".") || pair[0].is_mark(","))
    };
    let table = |pair: &[relata_schema::sql::Token<'_>]| {
        pair[1].is("TABLE") && !["CREATE", "TEMPORARY", "TEMP"].iter().any(|word| pair[0].is(word))
    };
    copy.tokens.windows(2).any(|pair| star(pair) || table(pair))
}

fn is_mentioned(copies: &[&Statement<'_>], column: &str) -> bool {
    let mut tokens = copies.iter().flat_map(|copy| &copy.tokens);
    tokens.any(|token| token.content().eq_ignore_ascii_case(column))
}

/// `INSERT INTO new SELECT * FROM old`, and a column stands in another place there.
fn by_place(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Write(write) = &context.statement.kind else { return };
    let words = &context.statement.tokens;
    let Some(from) = words.windows(4).find(|four| four[0].is("SELECT") && four[1].is_mark("*") && four[2].is("FROM"))
    else {
        return;
    };
    let old_name = Name { parts: vec![from[3].content()], ..Name::default() };
    let single = !words.iter().any(|token| token.is("JOIN") || token.is_mark(","));
    let (Some(new), Some(old)) = (context.facts.table(&write.table), context.facts.table(&old_name)) else { return };
    if write.verb != "INSERT" || !write.assigned.is_empty() || !single {
        return;
    }
    let place = |name: &String| old.order.iter().position(|other| other == name);
    let moved = new.order.iter().enumerate().find(|(at, name)| place(name).is_some_and(|before| before != *at));
    if let Some((_, column)) = moved {
        report
            .at(context.statement.extent, format!("{column} stands elsewhere in {old_name}: its values come into another column"))
            .help("name the columns on both sides");
    }
}
