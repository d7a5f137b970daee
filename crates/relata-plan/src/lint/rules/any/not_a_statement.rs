//! Text that is no statement
//!
//! It begins with no word that begins a statement: a marker of a merge, a template that was not filled in, a word mistyped. The
//! migration fails there.
//!
//! ```sql,bad
//! <<<<<<< HEAD
//! SELECT 1;
//! ```
//!
//! ```sql,good
//! SELECT 1;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("not-a-statement", Level::Hazard, EVERYWHERE, include_str!("not_a_statement.rs"), check);

const VERBS: &[&str] = &[
    "ABORT", "ALTER", "ANALYZE", "ANALYSE", "ATTACH", "BACKUP", "BEGIN", "BINLOG", "CACHE", "CALL", "CHANGE", "CHECK",
    "CHECKPOINT", "CHECKSUM", "CLOSE", "CLUSTER", "COMMENT", "COMMIT", "COPY", "CREATE", "DEALLOCATE", "DECLARE",
    "DELETE", "DESC", "DESCRIBE", "DETACH", "DISCARD", "DO", "DROP", "END", "EXECUTE", "EXPLAIN", "FETCH", "FLUSH", "FROM",
    "GET", "GRANT", "HANDLER", "HELP", "IMPORT", "INSERT", "INSTALL", "KILL", "LISTEN", "LOAD", "LOCK", "MERGE", "MOVE",
    "NOTIFY", "OPTIMIZE", "PRAGMA", "PREPARE", "PURGE", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "RENAME", "REPAIR",
    "REPLACE", "RESET", "RESIGNAL", "REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET", "SHOW", "SHUTDOWN",
    "SIGNAL", "START", "STOP", "TABLE", "TRUNCATE", "UNINSTALL", "UNLISTEN", "UNLOCK", "UPDATE", "USE", "VACUUM",
    "VALUES", "WITH", "XA",
];

fn check(context: &Context<'_>, report: &mut Report) {
    let Some(first) = context.statement.tokens.first().filter(|_| !context.statement.nested) else { return };
    let known = VERBS.iter().any(|verb| first.is(verb)) || first.is_mark("(");
    if !known {
        let word = first.text.to_ascii_uppercase();
        let near = VERBS.iter().find(|verb| verb.len() > 3 && crate::lint::misspelt::is_near(&word, verb));
        report.at(first.extent(), format!("no statement begins with {}", first.text)).help(match near {
            Some(verb) => format!("is it {verb}?"),
            None => "look for a marker of a merge, a template, or a missing quote before it".to_string(),
        });
    }
}
