//! A system catalogue that is written by hand
//!
//! PostgreSQL checks nothing there: a row that is wrong makes a table unreadable, and what depends on it is not told. What is
//! cached in other sessions stays as it was.
//!
//! ```sql,bad
//! UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 'orders'::regclass AND attname = 'total';
//! ```
//!
//! ```sql,good
//! ALTER TABLE orders ADD CONSTRAINT total_there CHECK (total IS NOT NULL) NOT VALID;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("catalogue-write", Level::Hazard, POSTGRES, include_str!("catalogue_write.rs"), check);

const CATALOGUES: &[&str] = &[
    "pg_aggregate", "pg_am", "pg_amop", "pg_amproc", "pg_attrdef", "pg_attribute", "pg_auth_members", "pg_authid", "pg_cast",
    "pg_class", "pg_collation", "pg_constraint", "pg_database", "pg_default_acl", "pg_depend", "pg_enum", "pg_extension",
    "pg_index", "pg_inherits", "pg_namespace", "pg_opclass", "pg_operator", "pg_partitioned_table", "pg_policy", "pg_proc",
    "pg_publication", "pg_rewrite", "pg_sequence", "pg_shdepend", "pg_subscription", "pg_trigger", "pg_type",
];

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Write(write) = &context.statement.kind else { return };
    let schema = matches!(write.table.namespace(), Some("pg_catalog") | None);
    if schema && CATALOGUES.contains(&write.table.last()) {
        report
            .at(context.statement.extent, format!("{} is changed behind the server's back", write.table))
            .help("the ALTER that stands for it");
    }
}
