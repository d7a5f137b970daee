//! Idempotency keys: a row of the table `relata_commits`, written inside a transaction, that is there if and only if the
//! transaction was committed.
//!
//! An application's own key (`transaction!(db, retries = 3, key = …)`) is written at the beginning: a second transaction of
//! the same key waits for the first and then does nothing (`Kind::AlreadyCommitted`). Where the server keeps no account of
//! transactions (MariaDB), a key of relata's own is written right before the commit of a transaction that is retried.
//!
//! States of a key: no row → `done` with the commit → no row when it is older than [`PoolOptions::keep_commit_keys`]. Whoever
//! asks what became of a commit claims its key as `void`: the claim waits for a transaction that is still open, and fails
//! where the key is `done`. What is `void` can never be committed any more, on Galera's other nodes either, but by running
//! the transaction again.
//!
//! Invariant: the table is made on a connection of its own before a transaction begins, never inside one.
//!
//! [`PoolOptions::keep_commit_keys`]: crate::PoolOptions::keep_commit_keys

use std::panic::Location;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::driver::Statement;
use relata_sql::{Connection, Error, Kind, Result, Row, RowSink, Value};

use super::doubt::Fate;
use crate::cluster::Texts;
use crate::db::Db;
use crate::executor::Intent;
use crate::migrate;
use crate::observe::tells_of_the_node;

/// The name of the table.
pub(crate) const COMMITS_TABLE: &str = "relata_commits";

/// MariaDB: so that whoever comes upon the table knows what it is.
const TAIL: &str = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='relata: which transactions were committed; \
     see commit_keys in its guide'";

/// A key has at most so many bytes: what an index of MariaDB takes.
const LONGEST: usize = 190;

/// Old keys are looked for so often at most, and so many are removed at once.
const CLEAN_EVERY: Duration = Duration::from_secs(600);
const AT_ONCE: u64 = 500;

const UNKNOWN: u8 = 0;
const THERE: u8 = 1;
const REFUSED: u8 = 2;

/// What a [`Db`] knows of the table.
#[derive(Default)]
pub(crate) struct CommitKeys {
    table: AtomicU8,
    cleaned: Mutex<Option<Instant>>,
}

impl CommitKeys {
    /// The table is known to be there.
    pub(crate) fn are_there(&self) -> bool {
        self.table.load(Ordering::Acquire) == THERE
    }

    /// It is gone, or was never there.
    pub(super) fn are_gone(&self) {
        self.table.store(UNKNOWN, Ordering::Release);
    }

    fn is_due(&self, keep: Duration) -> bool {
        let mut cleaned = self.cleaned.lock().unwrap_or_else(PoisonError::into_inner);
        let due = cleaned.is_none_or(|then| then.elapsed() >= CLEAN_EVERY.min(keep));
        if due {
            *cleaned = Some(Instant::now());
        }
        due
    }
}

/// Has the table made. `wanted`: by an application's key, so that a failure is told; otherwise the transaction goes on
/// without.
pub(crate) async fn prepare(db: &Db, wanted: bool) -> Result<()> {
    let keys = db.commit_keys();
    match keys.table.load(Ordering::Acquire) {
        THERE => return Ok(()),
        REFUSED if !wanted => return Ok(()),
        _ => {}
    }
    match create(db).await {
        Ok(()) => keys.table.store(THERE, Ordering::Release),
        Err(error) if wanted => {
            let hint = format!("create the table by hand if the role may not: {}", definition(db.dialect()));
            return Err(error.context("while preparing the table of idempotency keys").hint(hint));
        }
        // Those pass: the next transaction tries again.
        Err(error) if tells_of_the_node(error.kind()) || error.is_retryable() || error.kind() == Kind::Timeout => {}
        Err(error) => {
            keys.table.store(REFUSED, Ordering::Release);
            tracing::warn!(
                target: "relata::transaction",
                %error,
                "{COMMITS_TABLE} cannot be made: commits whose answer is lost stay in doubt"
            );
        }
    }
    Ok(())
}

fn definition(dialect: Dialect) -> String {
    let (key, at, tail) = match dialect {
        Dialect::Mysql => ("varchar(190)", "datetime", TAIL),
        Dialect::Postgres => ("text", "timestamptz", ""),
        Dialect::Sqlite => ("text", "text", ""),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {COMMITS_TABLE} (id {key} NOT NULL PRIMARY KEY, state varchar(8) NOT NULL, \
         at {at} NOT NULL){tail}"
    )
}

async fn create(db: &Db) -> Result<()> {
    let mut pooled = db.pooled(Intent::Write, Location::caller()).await?;
    let connection = pooled.connection();
    if migrate::has_table(connection, COMMITS_TABLE).await? {
        return Ok(());
    }
    match connection.batch(&definition(db.dialect())).await {
        // PostgreSQL: of two who create it at the same moment one may fail.
        Err(error) if !migrate::has_table(connection, COMMITS_TABLE).await? => Err(error),
        _ => {
            tracing::info!(target: "relata::transaction", "the table {COMMITS_TABLE} was made, to know what was committed");
            Ok(())
        }
    }
}

/// A key of relata's own.
pub(super) fn own() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// Notes a key in the transaction that is open on the connection.
///
/// # Errors
/// `Kind::AlreadyCommitted`; `Kind::InvalidValue` for an empty key or one that is too long.
pub(super) async fn note(connection: &mut dyn Connection, key: &str) -> Result<()> {
    if key.is_empty() || key.len() > LONGEST {
        let message = format!("an idempotency key has 1 to {LONGEST} bytes, this one has {}", key.len());
        return Err(Error::new(Kind::InvalidValue, message).hint("a digest of what you have is short enough"));
    }
    if insert(connection, key, "done").await? || revive(connection, key).await? {
        return Ok(());
    }
    let message = format!("a transaction with the idempotency key {key:?} was committed before");
    Err(Error::new(Kind::AlreadyCommitted, message)
        .hint("what it does has happened: look for its result, do not do it again"))
}

/// `false`: the key is there.
async fn insert(connection: &mut dyn Connection, key: &str, state: &'static str) -> Result<bool> {
    let dialect = connection.dialect();
    let (verb, now, tail) = match dialect {
        Dialect::Mysql => ("INSERT IGNORE", "UTC_TIMESTAMP()", ""),
        Dialect::Postgres => ("INSERT", "now()", " ON CONFLICT (id) DO NOTHING"),
        Dialect::Sqlite => ("INSERT OR IGNORE", "datetime('now')", ""),
    };
    let id = parameter(dialect);
    let sql = format!("{verb} INTO {COMMITS_TABLE} (id, state, at) VALUES ({id}, '{state}', {now}){tail}");
    Ok(connection.execute(Statement::new(&sql, &[Value::Text(key.into())])).await?.rows_affected > 0)
}

/// What was found not to have been committed may be done again.
async fn revive(connection: &mut dyn Connection, key: &str) -> Result<bool> {
    // Looked at first: of two who both change a row that both have locked for reading, MariaDB fails one.
    if state(connection, key).await?.as_deref() == Some("done") {
        return Ok(false);
    }
    let id = parameter(connection.dialect());
    let sql = format!("UPDATE {COMMITS_TABLE} SET state = 'done' WHERE id = {id} AND state = 'void'");
    Ok(connection.execute(Statement::new(&sql, &[Value::Text(key.into())])).await?.rows_affected > 0)
}

async fn state(connection: &mut dyn Connection, key: &str) -> Result<Option<String>> {
    let mut texts = Texts::default();
    let sql = format!("SELECT state FROM {COMMITS_TABLE} WHERE id = {}", parameter(connection.dialect()));
    connection.query(Statement::new(&sql, &[Value::Text(key.into())]), &mut texts).await?;
    Ok(texts.0.into_iter().next())
}

fn parameter(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Postgres { "$1" } else { "?" }
}

/// What became of the transaction of a key; `None`: it is not decided yet.
pub(super) async fn ask(connection: &mut dyn Connection, key: &str) -> Result<Option<Fate>> {
    let patience = match connection.dialect() {
        Dialect::Mysql => "SET SESSION innodb_lock_wait_timeout = 1",
        Dialect::Postgres => "SET lock_timeout = '1s'",
        // A file has no answers that are lost.
        Dialect::Sqlite => return Ok(Some(Fate::Unknown)),
    };
    connection.batch(patience).await?;
    match insert(connection, key, "void").await {
        Ok(true) => return Ok(Some(Fate::NotCommitted)),
        Ok(false) => {}
        // It was dropped, or never came to this node.
        Err(error) if error.kind() == Kind::UndefinedTable => return Ok(Some(Fate::Unknown)),
        Err(error) => return Err(error),
    }
    Ok(match state(connection, key).await?.as_deref() {
        Some("done") => Some(Fate::Committed),
        Some(_) => Some(Fate::NotCommitted),
        None => None,
    })
}

/// Removes old keys in the background, now and then.
pub(super) fn clean(db: &Db) {
    let keep = db.options().keep_commit_keys;
    if keep == Duration::MAX || !db.commit_keys().is_due(keep) {
        return;
    }
    let db = db.plain();
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move {
            if let Err(error) = remove_old(&db, keep).await {
                tracing::debug!(target: "relata::transaction", %error, "old idempotency keys were not removed");
            }
        });
    }
}

/// By their keys: a condition on the time would lock what is being written, too.
async fn remove_old(db: &Db, keep: Duration) -> Result<()> {
    let seconds = keep.as_secs();
    let then = match db.dialect() {
        Dialect::Mysql => format!("UTC_TIMESTAMP() - INTERVAL {seconds} SECOND"),
        Dialect::Postgres => format!("now() - interval '{seconds} seconds'"),
        Dialect::Sqlite => format!("datetime('now', '-{seconds} seconds')"),
    };
    let old = format!("SELECT id FROM {COMMITS_TABLE} WHERE at < {then} LIMIT {AT_ONCE}");
    loop {
        let mut pooled = db.pooled(Intent::Write, Location::caller()).await?;
        let connection = pooled.connection();
        let mut keys = Keys(Vec::new());
        connection.query(Statement::once(&old, &[]), &mut keys).await?;
        if keys.0.is_empty() {
            return Ok(());
        }
        let places: Vec<_> = (1..=keys.0.len()).map(|number| migrate::placeholder(db.dialect(), number)).collect();
        let delete = format!("DELETE FROM {COMMITS_TABLE} WHERE id IN ({})", places.join(", "));
        connection.execute(Statement::once(&delete, &keys.0)).await?;
    }
}

/// The first cell of every row.
struct Keys(Vec<Value>);

impl RowSink for Keys {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.0.push(row.cell(0)?.to_value());
        Ok(())
    }
}
