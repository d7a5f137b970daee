//! A table whose engine knows no transactions
//!
//! MyISAM, Aria, MEMORY and CSV lose rows in a crash, lock the whole table for a write, and ignore foreign keys.
//!
//! ```sql,bad
//! CREATE TABLE notes (id bigint PRIMARY KEY) ENGINE=MyISAM;
//! ```
//!
//! ```sql,good
//! CREATE TABLE notes (id bigint PRIMARY KEY) ENGINE=InnoDB;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("engine-without-transactions", Level::Style, MYSQL, include_str!("engine_without_transactions.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::CreateTable(table) = &context.statement.kind else { return };
    let engine = table.options.windows(2).find(|pair| pair[0] == "ENGINE").map(|pair| pair[1].as_str());
    if let Some(engine @ ("MYISAM" | "ARIA" | "MEMORY" | "CSV")) = engine
        && !table.temporary
    {
        report.at(table.name.extent, format!("{engine} knows no transactions and no foreign keys")).help("ENGINE=InnoDB");
    }
}
