//! What a borrower left behind in the session, and how it is cleaned up.

use relata_sql::Result;

use super::PostgresConnection;

/// Marks of statements that outlive their transaction in the session: settings, listeners, temporary tables, locks.
const MARKS: &[&str] = &["set_config", "advisory", "temp ", "temporary", "pg_temp", " listen ", "declare ", "prepare "];

/// All that a session keeps, but for the statements that this driver has prepared.
const FORGET: &str = "CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; \
    DO $$ DECLARE prepared text; BEGIN \
    FOR prepared IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql LOOP \
    EXECUTE pg_catalog.format('DEALLOCATE %I', prepared); END LOOP; END $$";

/// Whether a statement may change what outlives it in the session.
pub(crate) fn touches_session(sql: &str) -> bool {
    let start = sql.trim_start();
    let first = start.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let plain = ["select", "insert", "update", "delete", "with", "begin", "commit", "rollback", "savepoint"];
    let is_plain = plain.iter().any(|word| first.eq_ignore_ascii_case(word));
    let sessions = ["set", "reset", "listen", "prepare", "declare", "load", "discard"];
    if sessions.iter().any(|word| first.eq_ignore_ascii_case(word)) {
        return true;
    }
    if is_plain && !contains(start, "set_config") && !contains(start, "advisory") {
        return false;
    }
    MARKS.iter().any(|mark| contains(start, mark)) || contains(start, "set ") && !is_plain
}

impl PostgresConnection {
    /// As new for the next borrower.
    pub(super) async fn as_new(&mut self) -> Result<()> {
        self.settle().await?;
        if self.line.in_transaction() {
            self.script("ROLLBACK").await?;
        }
        if self.touched {
            self.script(FORGET).await?;
            self.touched = false;
        }
        Ok(())
    }
}

/// Whether `text` contains `word` in any case. `word` is lower-case ASCII.
fn contains(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}
