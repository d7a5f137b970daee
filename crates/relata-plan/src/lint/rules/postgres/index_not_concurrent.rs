//! An index that is built without CONCURRENTLY stops writes
//!
//! `CREATE INDEX` holds a lock that stops every write to the table until the index is there, which takes minutes on a large
//! one.
//!
//! ```sql,bad
//! CREATE INDEX orders_customer ON orders (customer_id);
//! ```
//!
//! `CONCURRENTLY` takes longer and stops nobody. It cannot run inside a transaction. For a partitioned table, build the index
//! `ON ONLY` the parent, then concurrently on each partition, and attach them.
//!
//! ```sql,good
//! CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("index-not-concurrent", Level::Hazard, POSTGRES, include_str!("index_not_concurrent.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::CreateIndex(index) = &context.statement.kind else { return };
    let fresh = context.facts.is_new(&index.table) || context.facts.is_made(&index.table);
    if index.concurrently || index.only || fresh {
        return;
    }
    let partitioned = context.facts.table(&index.table).is_some_and(|table| table.partitioned);
    let help = if partitioned {
        "CREATE INDEX … ON ONLY the parent, CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION"
    } else {
        "CREATE INDEX CONCURRENTLY, outside a transaction"
    };
    let message = format!("writes to {} wait until the index is built", index.table);
    report.at(context.statement.extent, message).help(help).by_size_of(&index.table);
}
