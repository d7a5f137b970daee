//! One runner at a time.
//!
//! - PostgreSQL: a session advisory lock. It lives with the connection: a killed runner gives it back, and while its
//!   last statement still runs on the server, it keeps it.
//!
//!   A transaction pooler (PgBouncer) lends sessions out: the lock would be taken in one and given back in another, stay
//!   behind, and keep nobody out. The driver finds it out, and it is refused ([`refuse_pooler`]), unless the URL says that
//!   it keeps a session for each connection. In any case each transaction takes a lock of its own first, and looks whether
//!   its migration was applied meanwhile ([`guard`]).
//! - MariaDB: `GET_LOCK`, named by the database, with the same life.
//! - SQLite: a lock of the operating system on `FILE-relata-lock` beside the database. It dies with its process, so a
//!   dead holder is never waited for. A database in memory needs none.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use relata_schema::{Dialect, digest};
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result, Value};

use super::folder::io;
use super::{Event, Observer, Runner, rows};

/// The advisory lock's key: "relata" and "migr" as bytes.
const POSTGRES_KEY: i64 = 0x7265_6c61_6d69_6772;
/// How often a taken lock is asked for again.
const INTERVAL: Duration = Duration::from_millis(200);

/// PostgreSQL: keeps other runners out for the length of this transaction, whatever a pooler makes of the session's lock.
pub(super) async fn guard(connection: &mut dyn Connection) -> Result<()> {
    if connection.dialect() == Dialect::Postgres {
        rows::one(connection, &format!("SELECT pg_advisory_xact_lock({POSTGRES_KEY} + 1)"), &[]).await?;
    }
    Ok(())
}

/// The lock, held until released (or until the connection or the process ends).
pub(super) enum Lock {
    /// Nobody else can reach the database.
    Private,
    /// Held by the session on the server.
    Session,
    /// Held by this process on a file.
    File { path: PathBuf, file: File },
}

/// Takes the lock; waits up to `runner.lock_timeout` and tells the observer whom for.
pub(super) async fn acquire(
    connection: &mut dyn Connection,
    runner: &Runner,
    observer: &mut Observer<'_>,
) -> Result<Lock> {
    refuse_pooler(connection)?;
    let begun = Instant::now();
    let mut told = false;
    loop {
        if let Some(lock) = try_acquire(connection, runner).await? {
            return Ok(lock);
        }
        let holder = holder(connection).await?;
        if begun.elapsed() >= runner.lock_timeout {
            return Err(locked(&holder, runner.lock_timeout, connection.dialect()));
        }
        if !told {
            observer(Event::Waiting { holder: &holder.text, timeout: runner.lock_timeout });
            told = true;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Refuses to work where something between here and the server lends sessions out.
fn refuse_pooler(connection: &dyn Connection) -> Result<()> {
    if !connection.server().pooled {
        return Ok(());
    }
    let message = "a pooler stands between here and the server: it may lend each transaction another session, and then \
                   neither the migration lock nor a setting holds";
    Err(Error::new(Kind::Migration, message)
        .hint("give the server's own URL for migrations (PostgreSQL itself rather than PgBouncer, often port 5432)")
        .hint("if the pooler keeps one session for each connection, say so in the URL: ?pooler=session")
        .hint("nothing was changed"))
}

async fn try_acquire(connection: &mut dyn Connection, runner: &Runner) -> Result<Option<Lock>> {
    let sql = match connection.dialect() {
        Dialect::Sqlite => return try_file(connection, runner).await,
        Dialect::Postgres => format!("SELECT pg_try_advisory_lock({POSTGRES_KEY})"),
        Dialect::Mysql => format!("SELECT GET_LOCK('{}', 0)", mysql_name(connection).await?),
    };
    let taken = rows::is_true(rows::one(connection, &sql, &[]).await?.as_ref());
    Ok(taken.then_some(Lock::Session))
}

impl Lock {
    /// Gives the lock back.
    pub(super) async fn release(self, connection: &mut dyn Connection) -> Result<()> {
        match self {
            Lock::Private => Ok(()),
            Lock::Session if connection.is_broken() => Ok(()),
            Lock::Session => {
                let sql = match connection.dialect() {
                    Dialect::Mysql => format!("SELECT RELEASE_LOCK('{}')", mysql_name(connection).await?),
                    Dialect::Sqlite | Dialect::Postgres => format!("SELECT pg_advisory_unlock({POSTGRES_KEY})"),
                };
                rows::one(connection, &sql, &[]).await.map(drop)
            }
            Lock::File { path, file } => {
                // Removed while it is held: whoever opened it before finds another file (or none) at its path.
                let removed = std::fs::remove_file(&path).map_err(|error| io(&path, error));
                drop(file);
                removed
            }
        }
    }
}

/// The lock is the server's, not the database's: its name carries the database, as a digest because names end at 64.
async fn mysql_name(connection: &mut dyn Connection) -> Result<String> {
    let database = rows::one(connection, "SELECT database()", &[]).await?;
    let Some(Value::Text(database)) = database else {
        return Err(Error::new(Kind::Migration, "the URL names no database").hint("add it: mysql://host/DATABASE"));
    };
    Ok(format!("relata_migrations_{}", &digest::hex(&database)[..32]))
}

/// The file of a SQLite database; `None` in memory.
pub(super) async fn sqlite_file(connection: &mut dyn Connection) -> Result<Option<String>> {
    let databases = rows::all(connection, "PRAGMA database_list", &[]).await?;
    let main = databases.iter().find(|row| row.get(1) == Some(&Value::Text("main".into())));
    match main.and_then(|row| row.get(2)) {
        Some(Value::Text(file)) if !file.is_empty() => Ok(Some(file.clone())),
        _ => Ok(None),
    }
}

fn lock_path(database: &str) -> PathBuf {
    PathBuf::from(format!("{database}-relata-lock"))
}

async fn try_file(connection: &mut dyn Connection, runner: &Runner) -> Result<Option<Lock>> {
    let Some(database) = sqlite_file(connection).await? else {
        return Ok(Some(Lock::Private));
    };
    let path = lock_path(&database);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = open.map_err(|error| io(&path, error).context("while taking the migration lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(io(&path, error).context("while taking the migration lock")),
    }
    let token = format!("process {} of {}, since {}", std::process::id(), runner.who, super::now());
    sign(&mut file, &token).map_err(|error| io(&path, error))?;
    // The holder before may have removed the file between opening and locking: then ours is at no path.
    let ours = std::fs::read_to_string(&path).is_ok_and(|text| text == token);
    Ok(ours.then_some(Lock::File { path, file }))
}

fn sign(file: &mut File, token: &str) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(token.as_bytes())?;
    file.sync_data()
}

/// Who holds the lock, and how to end it.
#[derive(Default)]
struct Holder {
    text: String,
    end: String,
}

async fn holder(connection: &mut dyn Connection) -> Result<Holder> {
    match connection.dialect() {
        Dialect::Sqlite => {
            let path = sqlite_file(connection).await?.map(|database| lock_path(&database)).unwrap_or_default();
            Ok(Holder { text: file_holder(&path), end: String::new() })
        }
        Dialect::Postgres => {
            let sql = format!(
                "SELECT pid::bigint, format('session %s of %s (%s) since %s', pid, usename, \
                 coalesce(nullif(application_name, ''), 'unnamed'), to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS')) \
                 FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
                 AND (classid::bigint << 32) | objid::bigint = {POSTGRES_KEY})"
            );
            let found = rows::all(connection, &sql, &[]).await?;
            Ok(from_row(found.first().map(Vec::as_slice), |pid| format!("SELECT pg_terminate_backend({pid})")))
        }
        Dialect::Mysql => {
            let name = mysql_name(connection).await?;
            let sql = format!(
                "SELECT id, concat('session ', id, ' of ', user, ', for ', time, ' s at: ', \
                 coalesce(left(info, 80), command)) FROM information_schema.processlist WHERE id = IS_USED_LOCK('{name}')"
            );
            let found = rows::all(connection, &sql, &[]).await?;
            Ok(from_row(found.first().map(Vec::as_slice), |id| format!("KILL {id}")))
        }
    }
}

fn from_row(row: Option<&[Value]>, end: impl Fn(i64) -> String) -> Holder {
    let found = row.and_then(|row| Some((rows::cell::<i64>(row, 0).ok()?, rows::cell::<String>(row, 1).ok()?)));
    match found {
        Some((id, text)) => Holder { text, end: end(id) },
        None => Holder { text: "a session that ended just now".into(), end: String::new() },
    }
}

fn file_holder(path: &Path) -> String {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    if read.is_err() || text.is_empty() { "a process that ended just now".into() } else { text }
}

fn locked(holder: &Holder, waited: Duration, dialect: Dialect) -> Error {
    let message = format!(
        "another runner holds the migration lock of this {} database: {} (waited {} s)",
        dialect.title(),
        holder.text,
        waited.as_secs()
    );
    let error = Error::new(Kind::MigrationLocked, message)
        .hint("wait until it is done and run again, or wait longer with --lock-timeout SECONDS");
    if holder.end.is_empty() { error } else { error.hint(format!("if it hangs, end it: {}", holder.end)) }
}
