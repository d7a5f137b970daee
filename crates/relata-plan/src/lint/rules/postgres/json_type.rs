//! A column of type json
//!
//! `json` keeps the text as it came, has no equality (`DISTINCT`, `UNION` and `GROUP BY` fail) and no indexes of its own. In a
//! table that is in use it is a hazard: a `SELECT DISTINCT *` of the running application fails from then on.
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
    let in_use = context.alters_existing().is_some();
    for ty in given_types(context).into_iter().filter(|ty| ty.name == "json") {
        let (message, level) = match in_use {
            true => ("json cannot be compared: SELECT DISTINCT of the running application fails", Level::Hazard),
            false => ("json cannot be compared or indexed", Level::Style),
        };
        report.at(ty.extent, message).help("jsonb").level(level);
    }
}
