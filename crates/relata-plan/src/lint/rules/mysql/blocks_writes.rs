//! A change that is made in place and still stops writes
//!
//! A full text or spatial index holds a shared lock while it is built; `LOCK=SHARED` and `LOCK=EXCLUSIVE` ask for one;
//! `OPTIMIZE TABLE` and `LOCK TABLES` take one.
//!
//! ```sql,bad
//! ALTER TABLE orders ADD FULLTEXT INDEX orders_note (note);
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders ADD INDEX orders_customer (customer_id), ALGORITHM=INPLACE, LOCK=NONE;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("blocks-writes", Level::Hazard, MYSQL, include_str!("blocks_writes.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let word = |word: &str| context.statement.tokens.iter().any(|token| token.is(word));
    let special = word("FULLTEXT") || word("SPATIAL");
    let (table, what) = match &context.statement.kind {
        StatementKind::CreateIndex(index) => match index.lock.as_deref() {
            Some(lock @ ("SHARED" | "EXCLUSIVE")) => (&index.table, format!("LOCK={lock}")),
            _ if special => (&index.table, "a full text or spatial index".into()),
            _ if index.algorithm.as_deref() == Some("COPY") => (&index.table, "ALGORITHM=COPY".into()),
            _ => return,
        },
        StatementKind::Optimize { tables } => match tables.first() {
            Some(table) => (table, "OPTIMIZE TABLE".into()),
            None => return,
        },
        StatementKind::Lock { tables, .. } => match tables.first() {
            Some(table) => (table, "LOCK TABLES".into()),
            None => return,
        },
        StatementKind::Alter(alter) if alter.object == "TABLE" => {
            let lock = alter.actions.iter().find_map(|action| match &action.action {
                Action::Lock(lock) if matches!(lock.as_str(), "SHARED" | "EXCLUSIVE") => Some(format!("LOCK={lock}")),
                Action::AddConstraint(index) if index.kind == ConstraintKind::Index && special => {
                    Some("a full text or spatial index".to_string())
                }
                _ => None,
            });
            match lock {
                Some(lock) => (&alter.name, lock),
                None => return,
            }
        }
        _ => return,
    };
    if !context.facts.is_new(table) {
        report
            .at(context.statement.extent, format!("{what}: nobody can write {table} until it has ended"))
            .help("do it while nobody works, or by pt-online-schema-change or gh-ost")
            .by_size_of(table);
    }
}
