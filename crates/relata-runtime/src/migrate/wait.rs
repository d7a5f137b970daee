//! Locks that somebody else holds. A statement waits for one only so long, because whatever comes after it queues behind
//! it; then it gives up, everybody else gets through, and it is tried again a little later.
//!
//! - PostgreSQL: `lock_timeout`. Not for `CONCURRENTLY`, which takes no lock that others queue behind and would begin from
//!   the start.
//! - MariaDB: `lock_wait_timeout` and `innodb_lock_wait_timeout`, in whole seconds.
//! - SQLite: `busy_timeout`.
//!
//! A timeout that the session has set for itself is left alone.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result, Value};

use super::{Event, Observer, Runner, rows};

/// MariaDB's own limits, in seconds: a session that has others has set them.
const MYSQL_DEFAULTS: [&str; 2] = ["86400", "50"];

/// What a session's limits were.
pub(super) struct Limits(Vec<String>);

/// Sets how long a statement waits for a lock.
pub(super) async fn limit(connection: &mut dyn Connection, timeout: Option<Duration>) -> Result<Limits> {
    let Some(timeout) = timeout else { return Ok(Limits(Vec::new())) };
    let milliseconds = timeout.as_millis().max(1);
    let seconds = timeout.as_secs().max(1);
    let mut back = Vec::new();
    match connection.dialect() {
        Dialect::Sqlite => {
            let before = rows::one(connection, "PRAGMA busy_timeout", &[]).await?;
            if let Some(Value::Int(before)) = before {
                connection.batch(&format!("PRAGMA busy_timeout = {milliseconds}")).await?;
                back.push(format!("PRAGMA busy_timeout = {before}"));
            }
        }
        Dialect::Postgres => {
            let before = rows::one(connection, "SELECT current_setting('lock_timeout')", &[]).await?;
            if before == Some(Value::Text("0".into())) {
                connection.batch(&format!("SET lock_timeout = {milliseconds}")).await?;
                back.push("SET lock_timeout = 0".into());
            }
        }
        Dialect::Mysql => {
            for (name, default) in ["lock_wait_timeout", "innodb_lock_wait_timeout"].into_iter().zip(MYSQL_DEFAULTS) {
                let before = rows::one(connection, &format!("SELECT cast(@@{name} AS char)"), &[]).await?;
                if before == Some(Value::Text(default.into())) {
                    connection.batch(&format!("SET SESSION {name} = {seconds}")).await?;
                    back.push(format!("SET SESSION {name} = {default}"));
                }
            }
        }
    }
    Ok(Limits(back))
}

impl Limits {
    /// Sets back what they were.
    pub(super) async fn restore(self, connection: &mut dyn Connection) -> Result<()> {
        if connection.is_broken() {
            return Ok(());
        }
        for sql in self.0 {
            connection.batch(&sql).await?;
        }
        Ok(())
    }
}

/// Counts the attempts at something that a lock is in the way of.
pub(super) struct Attempts {
    done: u32,
}

impl Attempts {
    pub(super) const fn new() -> Self {
        Attempts { done: 0 }
    }

    /// After a failure: waits and says that it shall be tried again, or gives the failure back.
    pub(super) async fn again(&mut self, runner: &Runner, observer: &mut Observer<'_>, error: Error) -> Result<()> {
        self.done += 1;
        if !matches!(error.kind(), Kind::LockTimeout | Kind::Deadlock | Kind::Serialization) {
            return Err(error);
        }
        if self.done >= runner.lock_attempts || runner.stop.is_asked() {
            let tried = format!("given up after {} attempts: somebody else holds a lock that this needs", self.done);
            return Err(error.hint(tried).hint(
                "end what holds it, or run again when there is less traffic; longer or more often: --lock-wait SECONDS, \
                 --lock-attempts N",
            ));
        }
        let pause = pause(self.done);
        observer(Event::Retrying { attempt: self.done, attempts: runner.lock_attempts, pause, error: &error });
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Longer with each attempt, up to five seconds, and never the same for two runners.
fn pause(attempt: u32) -> Duration {
    let most = 100_u64 << attempt.min(6);
    let random = RandomState::new().hash_one(attempt) % 1000;
    Duration::from_millis((most / 2 + most * random / 1000).min(5000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_differ() {
        for attempt in 1..40 {
            let found = pause(attempt);
            assert!(found >= Duration::from_millis(100) && found <= Duration::from_secs(5), "{attempt}: {found:?}");
        }
        assert!((0..20).map(|_| pause(3)).collect::<std::collections::BTreeSet<_>>().len() > 1);
    }
}
