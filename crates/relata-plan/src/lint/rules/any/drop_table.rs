//! A table that is dropped
//!
//! Its rows are lost, and the application that still runs fails when it looks for it.
//!
//! ```sql,bad
//! DROP TABLE orders;
//! ```
//!
//! Deploy an application that does not use it, rename it, wait, and then drop it. A migration that names the loss in its header
//! (`-- relata: loses table orders`) has said that it means it.
//!
//! ```sql,good
//! CREATE TABLE scratch (id bigint PRIMARY KEY);
//! DROP TABLE scratch;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-table", Level::Hazard, EVERYWHERE, include_str!("drop_table.rs"), check);

use crate::lint::rebuild::is_rebuilt;

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    if !matches!(drop.object, "TABLE" | "FOREIGN TABLE") || drop.temporary {
        return;
    }
    for name in &drop.names {
        let temporary = matches!(name.namespace(), Some("pg_temp" | "temp"));
        let meant = temporary || context.is_acknowledged(name.last()) || context.facts.is_new(name);
        if !meant && !is_rebuilt(context, name) {
            report
                .at(name.extent, format!("the rows of {name} are lost, and the running application fails without it"))
                .help("stop using it first; then acknowledge the loss: -- relata: loses table …");
        }
    }
}
