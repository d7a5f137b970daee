//! A table that is dropped
//!
//! Its rows are lost, and the application that still runs fails when it looks for it. MariaDB's `CREATE OR REPLACE TABLE` drops a
//! table too.
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
    let names = match &context.statement.kind {
        StatementKind::Drop(drop) if matches!(drop.object, "TABLE" | "FOREIGN TABLE") && !drop.temporary => {
            drop.names.as_slice()
        }
        StatementKind::CreateTable(table) if table.or_replace && !table.temporary => std::slice::from_ref(&table.name),
        _ => return,
    };
    for name in names {
        let temporary = matches!(name.namespace(), Some("pg_temp" | "temp"));
        let meant = temporary || context.is_acknowledged(name.last()) || context.facts.is_new(name);
        if !meant && !is_rebuilt(context, name) {
            report
                .at(name.extent, format!("the rows of {name} are lost, and the running application fails without it"))
                .help("stop using it first; then acknowledge the loss: -- relata: loses table …");
        }
    }
}
