//! An integer that may be too small
//!
//! A 32-bit number ends at 2 147 483 647, a 16-bit one at 32 767. When a key reaches it, inserts fail, and the way to `bigint`
//! rewrites the table.
//!
//! ```sql,bad
//! CREATE TABLE orders (id integer PRIMARY KEY);
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("small-integer", Level::Style, POSTGRES, include_str!("small_integer.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for ty in given_types(context) {
        let ends = match ty.name.as_str() {
            "integer" | "serial" => "2 147 483 647",
            "smallint" | "smallserial" => "32 767",
            _ => continue,
        };
        report.at(ty.extent, format!("{} ends at {ends}", ty.name)).help("bigint");
    }
}
