//! What a runner's session is doing, seen from another connection: who holds the lock that it waits for, and how far a
//! long statement is.
//!
//! - PostgreSQL: `pg_blocking_pids`, and the `pg_stat_progress_*` views.
//! - MariaDB: `innodb_lock_waits`; for table locks, which it does not tell, the database's sessions with open transactions; the
//!   progress of `ALTER TABLE` from the process list.
//! - SQLite: processes that hold a lock on the file, as far as the operating system tells (Linux); no progress.

use std::path::Path;

use relata_schema::Dialect;
use relata_sql::driver::Connection;
use relata_sql::{Kind, Result};

use super::{lock, rows};

/// Who is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Who, since when, with what: `session 4711 of bob (psql), idle in transaction for 12 s: UPDATE posts …`.
    pub who: String,
    /// How to end it; empty where no SQL does.
    pub end: String,
}

/// How far a long statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// What it is doing: `building index: scanning table`.
    pub what: String,
    /// How much of it is done.
    pub done: u64,
    /// Of how much; 0 where that is not known.
    pub total: u64,
}

/// What was seen at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// Who holds what the session waits for.
    pub blockers: Vec<Blocker>,
    /// How far its statement is.
    pub phase: Option<Phase>,
}

/// The number by which the server knows the session of a connection; 0 on SQLite.
///
/// # Errors
/// What the database reports.
pub async fn session(connection: &mut dyn Connection) -> Result<i64> {
    let sql = match connection.dialect() {
        Dialect::Sqlite => return Ok(0),
        Dialect::Postgres => "SELECT pg_backend_pid()::bigint",
        Dialect::Mysql => "SELECT cast(connection_id() AS signed)",
    };
    let found = rows::all(connection, sql, &[]).await?;
    found.first().map_or(Ok(0), |row| rows::cell(row, 0))
}

/// Looks once, from another connection to the same database.
///
/// # Errors
/// What the database reports.
pub async fn look(watcher: &mut dyn Connection, session: i64) -> Result<Sight> {
    match watcher.dialect() {
        Dialect::Sqlite => {
            let file = lock::sqlite_file(watcher).await?;
            let blockers = file.map(|file| holders(Path::new(&file))).unwrap_or_default();
            Ok(Sight { blockers, phase: None })
        }
        Dialect::Postgres => postgres(watcher, session).await,
        Dialect::Mysql => mysql(watcher, session).await,
    }
}

async fn postgres(watcher: &mut dyn Connection, session: i64) -> Result<Sight> {
    let sql = format!(
        "SELECT pid::bigint, format('session %s of %s (%s), %s for %s s: %s', pid, usename, \
         coalesce(nullif(application_name, ''), 'unnamed'), state, \
         greatest(0, extract(epoch FROM clock_timestamp() - coalesce(xact_start, backend_start))::bigint), \
         left(regexp_replace(query, '\\s+', ' ', 'g'), 60)) \
         FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids({session}))"
    );
    let blockers = rows::all(watcher, &sql, &[]).await?;
    let end = |pid: i64| format!("SELECT pg_terminate_backend({pid})");
    let blockers = blockers.iter().map(|row| blocker(row, end)).collect::<Result<_>>()?;
    let mut views = vec![
        "SELECT 'building index: ' || phase, greatest(blocks_done, tuples_done), greatest(blocks_total, tuples_total) \
         FROM pg_stat_progress_create_index",
        "SELECT lower(command) || ': ' || phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_cluster",
        "SELECT 'vacuum: ' || phase, heap_blks_scanned, heap_blks_total FROM pg_stat_progress_vacuum",
    ];
    if watcher.server().number >= 140_000 {
        views.push("SELECT 'copying', bytes_processed, bytes_total FROM pg_stat_progress_copy");
    }
    for view in views {
        let found = rows::all(watcher, &format!("{view} WHERE pid = {session}"), &[]).await?;
        if let Some(row) = found.first() {
            return Ok(Sight { blockers, phase: Some(phase(row)?) });
        }
    }
    Ok(Sight { blockers, phase: None })
}

async fn mysql(watcher: &mut dyn Connection, session: i64) -> Result<Sight> {
    let told = "concat('session ', p.id, ' of ', p.user, ', ', lower(p.command), ' for ', p.time, ' s: ', \
                coalesce(left(regexp_replace(p.info, '[[:space:]]+', ' '), 60), 'nothing at the moment'))";
    let of_mysql = watcher.server().product == "MySQL";
    let (waits, waiting, blocking) = match of_mysql {
        true => {
            ("performance_schema.data_lock_waits", "requesting_engine_transaction_id", "blocking_engine_transaction_id")
        }
        false => ("information_schema.innodb_lock_waits", "requesting_trx_id", "blocking_trx_id"),
    };
    let rows_locked = format!(
        "SELECT p.id, {told} FROM {waits} w JOIN information_schema.innodb_trx us ON us.trx_id = w.{waiting} \
         JOIN information_schema.innodb_trx them ON them.trx_id = w.{blocking} \
         JOIN information_schema.processlist p ON p.id = them.trx_mysql_thread_id WHERE us.trx_mysql_thread_id = {session}"
    );
    let table_locked = format!(
        "SELECT p.id, concat('perhaps ', {told}) FROM information_schema.innodb_trx them \
         JOIN information_schema.processlist p ON p.id = them.trx_mysql_thread_id WHERE p.id <> {session} AND p.db = database() \
         AND EXISTS (SELECT 1 FROM information_schema.processlist us WHERE us.id = {session} \
         AND us.state LIKE 'Waiting for table%')"
    );
    let mut found = match rows::all(watcher, &rows_locked, &[]).await {
        Err(error) if of_mysql && error.kind() == Kind::PermissionDenied => Vec::new(),
        other => other?,
    };
    if found.is_empty() {
        found = rows::all(watcher, &table_locked, &[]).await?;
    }
    let blockers = found.iter().map(|row| blocker(row, |id| format!("KILL {id}"))).collect::<Result<_>>()?;
    if of_mysql {
        // Its process list tells of no stages.
        return Ok(Sight { blockers, phase: None });
    }
    let sql = format!(
        "SELECT concat(lower(state), ' (stage ', stage, ' of ', max_stage, ')'), cast(progress * 10 AS signed), 1000 \
         FROM information_schema.processlist WHERE id = {session} AND max_stage > 0"
    );
    let phases = rows::all(watcher, &sql, &[]).await?;
    Ok(Sight { blockers, phase: phases.first().map(|row| phase(row)).transpose()? })
}

fn blocker(row: &[relata_sql::Value], end: impl Fn(i64) -> String) -> Result<Blocker> {
    Ok(Blocker { who: rows::cell(row, 1)?, end: end(rows::cell(row, 0)?) })
}

fn phase(row: &[relata_sql::Value]) -> Result<Phase> {
    let number = |index| rows::cell::<i64>(row, index).map(|value| u64::try_from(value).unwrap_or(0));
    Ok(Phase { what: rows::cell(row, 0)?, done: number(1)?, total: number(2)? })
}

/// The other processes that hold a lock on a SQLite database: on the file, or on the index of its write-ahead log.
fn holders(database: &Path) -> Vec<Blocker> {
    let beside = |end: &str| format!("{}{end}", database.display());
    let inodes: Vec<u64> = ["", "-shm", "-wal"].iter().filter_map(|end| inode(Path::new(&beside(end)))).collect();
    let Ok(locks) = std::fs::read_to_string("/proc/locks") else { return Vec::new() };
    let mut processes: Vec<u32> = locks.lines().filter_map(|line| held(line, &inodes)).collect();
    processes.retain(|process| *process != std::process::id());
    processes.sort_unstable();
    processes.dedup();
    let named = |process: u32| {
        let command = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let first = command.split(|byte| *byte == 0).next().unwrap_or_default();
        let program = String::from_utf8_lossy(first).into_owned();
        Blocker { who: format!("process {process} ({program})"), end: String::new() }
    };
    processes.into_iter().map(named).collect()
}

/// `1: POSIX  ADVISORY  WRITE 4711 08:01:131 0 EOF`: the process, if the lock is for writing and on one of these files.
fn held(line: &str, inodes: &[u64]) -> Option<u32> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, _, _, "WRITE", process, file, ..] = words[..] else { return None };
    let inode: u64 = file.rsplit(':').next()?.parse().ok()?;
    if inodes.contains(&inode) { process.parse().ok() } else { None }
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| file.ino())
}

#[cfg(not(unix))]
fn inode(_path: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_the_operating_system_are_read() {
        assert_eq!(held("1: POSIX  ADVISORY  WRITE 4711 08:01:131 0 EOF", &[131]), Some(4711));
        assert_eq!(held("1: POSIX  ADVISORY  READ 4711 08:01:131 0 EOF", &[131]), None);
        assert_eq!(held("1: POSIX  ADVISORY  WRITE 4711 08:01:132 0 EOF", &[131]), None);
        assert_eq!(held("1: -> POSIX  ADVISORY  WRITE 4711 08:01:131 0 EOF", &[131]), None);
        assert_eq!(held("", &[131]), None);
    }
}
