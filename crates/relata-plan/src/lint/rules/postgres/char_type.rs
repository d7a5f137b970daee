//! A column of type char(n)
//!
//! `char(n)` pads every value with blanks up to its length, compares without them, and loses them when it is cast: values that
//! come back are not those that went in. It is no faster than `text`.
//!
//! ```sql,bad
//! CREATE TABLE countries (id bigint PRIMARY KEY, code char(2));
//! ```
//!
//! ```sql,good
//! CREATE TABLE countries (id bigint PRIMARY KEY, code text CHECK (length(code) = 2));
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("char-type", Level::Hazard, POSTGRES, include_str!("char_type.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for ty in given_types(context).into_iter().filter(|ty| ty.name == "char") {
        report
            .at(ty.extent, "char(n) pads values with blanks")
            .help("text, with a CHECK on its length if that is meant");
    }
}
