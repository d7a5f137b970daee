//! A column of type json
//!
//! `json` keeps the text as it came, has no equality (`DISTINCT` and `UNION` fail) and no indexes of its own.
//!
//! ```sql,bad
//! CREATE TABLE events (id bigint PRIMARY KEY, payload json);
//! ```
//!
//! ```sql,good
//! CREATE TABLE events (id bigint PRIMARY KEY, payload jsonb);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("json-type", Level::Style, POSTGRES, include_str!("json_type.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for ty in given_types(context).into_iter().filter(|ty| ty.name == "json") {
        report.at(ty.extent, "json cannot be compared or indexed").help("jsonb");
    }
}
