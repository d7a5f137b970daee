//! A change of storage that copies the table
//!
//! Another tablespace, access method, or `LOGGED` and `UNLOGGED`: every row is copied while nobody else can read or write the
//! table.
//!
//! ```sql,bad
//! ALTER TABLE orders SET TABLESPACE fast;
//! ```
//!
//! ```sql,good
//! CREATE TABLE archive (id bigint PRIMARY KEY) TABLESPACE fast;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("table-rewrite", Level::Hazard, POSTGRES, include_str!("table_rewrite.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_existing() else { return };
    for action in actions {
        let what = match action.action {
            Action::SetTablespace => "moving it to another tablespace",
            Action::SetLogged(true) => "SET LOGGED",
            Action::SetLogged(false) => "SET UNLOGGED",
            Action::SetAccessMethod => "another access method",
            _ => continue,
        };
        let message = format!("{what} copies all of {} while nobody else can use it", alter.name);
        report.at(action.extent, message).help("pg_repack, or a new table that is filled in batches").by_size_of(&alter.name);
    }
}
