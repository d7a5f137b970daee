//! Another character set or collation
//!
//! Every text is converted: what the new set lacks becomes `?`, texts may grow past a column's or an index's limit, and texts
//! that were different may become equal, which a unique index refuses. Joins with columns of the old collation lose their index.
//!
//! ```sql,bad
//! ALTER TABLE orders CONVERT TO CHARACTER SET latin1;
//! ```
//!
//! ```sql,good
//! CREATE TABLE notes (id bigint PRIMARY KEY, title varchar(80)) DEFAULT CHARSET=utf8mb4;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("charset-conversion", Level::Hazard, MYSQL, include_str!("charset_conversion.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_existing() else { return };
    for action in actions {
        let what = match &action.action {
            Action::ConvertCharset(charset) => format!("every text of {} becomes {charset}", alter.name),
            Action::Redefine { from, column } if column.charset.is_some() || column.collation.is_some() => {
                let old = context.facts.column(&alter.name, from.last());
                if old.is_some_and(|old| old.charset == column.charset && column.collation.is_none()) {
                    continue;
                }
                format!("every text in {from} of {} is converted", alter.name)
            }
            _ => continue,
        };
        report
            .at(action.extent, what)
            .help("look for texts that the new set lacks, for lengths, and for values that become equal")
            .by_size_of(&alter.name);
    }
}
