//! A column of type varchar(n)
//!
//! A limit that turns out too small is raised by a change of type, which takes an exclusive lock; a check is replaced without
//! one.
//!
//! ```sql,bad
//! CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(80));
//! ```
//!
//! ```sql,good
//! CREATE TABLE customers (id bigint PRIMARY KEY, name text CHECK (length(name) <= 80));
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("varchar-type", Level::Style, POSTGRES, include_str!("varchar_type.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let limited = |ty: &&TypeName| ty.name == "varchar" && !ty.arguments.is_empty();
    for ty in given_types(context).into_iter().filter(limited) {
        report
            .at(ty.extent, "a limit in the type can only be changed under an exclusive lock")
            .help("text, with a CHECK on its length");
    }
}
