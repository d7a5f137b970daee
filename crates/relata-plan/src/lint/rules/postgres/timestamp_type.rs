//! A timestamp without time zone
//!
//! `timestamp` keeps what the clock on the wall showed, not when it was: the same value means another moment for a session in
//! another zone.
//!
//! ```sql,bad
//! CREATE TABLE orders (id bigint PRIMARY KEY, placed timestamp);
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id bigint PRIMARY KEY, placed timestamptz);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("timestamp-type", Level::Style, POSTGRES, include_str!("timestamp_type.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for ty in given_types(context).into_iter().filter(|ty| matches!(ty.name.as_str(), "timestamp" | "timetz")) {
        let (message, instead) = match ty.name.as_str() {
            "timestamp" => ("timestamp does not say which moment it is", "timestamptz"),
            _ => ("a time of day with a zone has no meaning without a date", "timestamptz, or time"),
        };
        report.at(ty.extent, message).help(instead);
    }
}
