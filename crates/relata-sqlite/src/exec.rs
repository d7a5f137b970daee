//! Running statements.
//!
//! Where work runs
//! - A cached statement runs on the caller's thread and answers at once, unless it took long when it ran last (see
//!   `pace`). Then a query whose rows come quickly is run in turns with others on the same thread; one of which a single
//!   step takes long, and whatever gives no rows, is run on the blocking pool (not for a database in memory, which would
//!   be gone if its caller stopped waiting).
//! - Bulk inserts of more than one statement are made in turns, too.
//! - [`Statement::once`] (DDL, migrations, raw SQL), scripts (but `COMMIT` and its like) and introspection run on the runtime's blocking pool: the
//!   handle moves there and back. If the caller stops waiting, the work is interrupted, and this connection answers `true` to
//!   [`Connection::is_broken`] and [`Connection::is_away`] until [`Connection::reset`] has waited for the handle and rolled
//!   back: a database in memory is still there. Without a tokio runtime they run where they are called.
//! - A lock held by somebody else is waited for outside of SQLite, see `patience`.
//!
//! `last_insert_id` is SQLite's `last_insert_rowid()`; after an insert into a `WITHOUT ROWID` table it is the one before.

mod away;
mod bulk;
mod copy;
mod pace;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{BulkInsert, Cursor, Done, IntrospectOptions, RowSink, ServerInfo, TransactionOptions};
use relata_sql::{Answer, Connection, Error, Kind, Result, Statement, Value};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::ffi;
use tokio::sync::oneshot;

use self::pace::{History, Long, Turn, yield_turn};
use crate::cursor::SqliteCursor;
use crate::patience::{self, Attempt};
use crate::statement::{Handle, Lent};
use crate::types::SqliteRow;
use crate::{errors, exact, introspect, suggest, types};

/// How many instructions of SQLite's machine run between two looks whether anybody still waits.
const STEPS_BETWEEN_LOOKS: i32 = 2000;

/// How many rows of a query in turns are given between two looks at the clock.
const ROWS_AT_ONCE: usize = 32;

/// One open SQLite database.
pub struct SqliteConnection {
    /// `None` while it is away.
    raw: Option<Handle>,
    /// On the blocking pool, from where it comes back by itself.
    away: Option<oneshot::Receiver<Handle>>,
    server: ServerInfo,
    patience: Duration,
    foreign_keys: bool,
    /// The file is damaged or unreadable.
    damaged: bool,
    /// A PRAGMA or script may have changed settings of the session.
    touched: bool,
    /// The transaction only reads, and SQLite has been told so.
    reading: bool,
    history: History,
    /// When the statement that comes next begins, if somebody has said so.
    begun: Option<Instant>,
    /// The database is gone with the handle: it is not sent away for what somebody may stop waiting for.
    in_memory: bool,
    /// What runs on the caller's thread must be over by then.
    limit: Arc<Limit>,
    /// SQLite looks at it.
    limited: bool,
}

impl SqliteConnection {
    pub(crate) fn new(raw: Handle, server: ServerInfo, patience: Duration, foreign_keys: bool) -> Self {
        let history = History::default();
        let in_memory = raw.path().is_none_or(str::is_empty);
        SqliteConnection {
            raw: Some(raw),
            away: None,
            server,
            patience,
            foreign_keys,
            damaged: false,
            touched: false,
            reading: false,
            history,
            begun: None,
            in_memory,
            limit: Arc::default(),
            limited: false,
        }
    }

    fn raw(&self) -> Result<&Handle> {
        self.raw.as_ref().ok_or_else(lost)
    }

    /// Runs `attempt` here; if somebody else holds the lock, again later.
    fn answer<'a, T: Unpin + Send + 'a>(
        &'a mut self,
        attempt: impl FnMut(&mut Handle) -> Attempt<T> + Send + 'a,
    ) -> Answer<'a, T> {
        self.attempt(None, attempt)
    }

    fn attempt<'a, T: Unpin + Send + 'a>(
        &'a mut self,
        timed: Option<(&str, Long, Instant)>,
        mut attempt: impl FnMut(&mut Handle) -> Attempt<T> + Send + 'a,
    ) -> Answer<'a, T> {
        let first = match &mut self.raw {
            Some(raw) => attempt(raw),
            None => Attempt::Over(Err(lost())),
        };
        match first {
            Attempt::Over(result) => {
                self.note(result.as_ref().err());
                let Some((sql, as_what, begun)) = timed else { return Answer::ready(result) };
                let now = Instant::now();
                self.history.first(sql, as_what, (begun, now));
                Answer::ready_at(result, now)
            }
            Attempt::Busy(error) => Answer::later(async move {
                let patience = self.patience;
                let raw = self.raw.as_mut().ok_or_else(lost)?;
                let result = patience::retry(patience, error, || attempt(raw)).await;
                self.note(result.as_ref().err());
                result
            }),
        }
    }

    /// Runs a job on the blocking pool, where it may take its time.
    fn elsewhere<'a, T: Unpin + Send + 'static>(
        &'a mut self,
        job: impl FnOnce(&mut Handle, &Away) -> Result<T> + Send + 'static,
    ) -> Answer<'a, T> {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            let away = Away { patience: self.patience, over: Arc::default() };
            let result = self.raw.as_mut().ok_or_else(lost).and_then(|raw| job(raw, &away));
            self.note(result.as_ref().err());
            return Answer::ready(result);
        };
        Answer::later(async move {
            let errand = self.send_away(&runtime, job)?;
            self.come_back(errand).await
        })
    }

    /// The handle moves to the blocking pool.
    fn send_away<T: Send + 'static>(
        &mut self,
        runtime: &tokio::runtime::Handle,
        job: impl FnOnce(&mut Handle, &Away) -> Result<T> + Send + 'static,
    ) -> Result<Errand<T>> {
        let mut raw = self.raw.take().ok_or_else(lost)?;
        let waiting = Waiting::default();
        let away = Away { patience: self.patience, over: Arc::clone(&waiting.over) };
        let (home, coming) = oneshot::channel();
        let work = runtime.spawn_blocking(move || {
            let looking = away.clone();
            let stop = move || looking.is_abandoned();
            let failed = |error| errors::from_rusqlite(&error, None);
            let watched = raw.raw_mut().progress_handler(STEPS_BETWEEN_LOOKS, Some(stop)).map_err(failed);
            let result = watched.and_then(|()| job(&mut raw, &away));
            let unwatched = raw.raw_mut().progress_handler(0, None::<fn() -> bool>).map_err(failed);
            // If the connection is gone, the handle closes here, which rolls back.
            let _ = home.send(raw);
            result.and_then(|result| unwatched.map(|()| result))
        });
        self.away = Some(coming);
        Ok(Errand { work, waiting })
    }

    /// The handle comes back, with what it was sent for.
    async fn come_back<T>(&mut self, errand: Errand<T>) -> Result<T> {
        let Errand { work, waiting } = errand;
        let lost = |error| Error::new(Kind::Internal, format!("the work on SQLite was lost: {error}"));
        let result = work.await.map_err(lost).flatten();
        drop(waiting);
        self.wait_for_handle().await?;
        self.note(result.as_ref().err());
        result
    }

    /// The handle is here again, if it was away.
    async fn wait_for_handle(&mut self) -> Result<()> {
        if let Some(coming) = &mut self.away {
            let raw = coming.await;
            self.away = None;
            self.limited = false;
            self.raw = Some(raw.map_err(|_| lost())?);
        }
        Ok(())
    }

    /// Runs a statement here and notes if it took long.
    fn timed<'a, T: Unpin + Send + 'a>(
        &'a mut self,
        sql: &'a str,
        as_what: Long,
        attempt: impl FnMut(&mut Handle) -> Attempt<T> + Send + 'a,
    ) -> Answer<'a, T> {
        let begun = self.begun.take().unwrap_or_else(Instant::now);
        self.attempt(Some((sql, as_what, begun)), attempt)
    }

    /// Runs a statement without rows on the blocking pool.
    fn execute_away<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Done> {
        let (sql, params, cached) = (statement.sql.to_string(), statement.params.to_vec(), statement.cached);
        let job = move |raw: &mut Handle, away: &Away| {
            let begun = Instant::now();
            let statement = Statement { cached, ..Statement::new(&sql, &params) };
            let done = patience::retry_blocking(away.patience, || run(raw, statement, None))?;
            Ok((done, begun.elapsed()))
        };
        Answer::later(async move {
            let (done, took) = self.elsewhere(job).await?;
            if cached {
                self.history.note(statement.sql, took, Long::InSteps);
            }
            Ok(done)
        })
    }

    /// Runs a query on the caller's thread in turns with others.
    async fn query_in_turns(&mut self, statement: Statement<'_>, sink: &mut dyn RowSink) -> Result<()> {
        let raw = self.raw.as_ref().ok_or_else(lost)?;
        let mut cursor = SqliteCursor::open(raw, statement, self.patience)?;
        let (mut worked, mut longest) = (Duration::ZERO, Duration::ZERO);
        let mut more = true;
        while more {
            let mut turn = Turn::begin();
            while more && !turn.is_over() {
                more = cursor.fetch(ROWS_AT_ONCE, sink).await?;
                longest = longest.max(turn.step());
            }
            worked += turn.took();
            yield_turn().await;
        }
        drop(cursor);
        self.history.note(statement.sql, worked, Long::of_turns(worked, longest));
        Ok(())
    }

    fn note(&mut self, error: Option<&Error>) {
        if error.is_some_and(|error| matches!(error.kind(), Kind::Corrupt | Kind::Io)) {
            self.damaged = true;
        }
    }

    fn simple<'a>(&'a mut self, sql: &'static str) -> Answer<'a, ()> {
        self.answer(move |raw| run(raw, Statement::new(sql, &[]), None).map(|_| ()))
    }
}

impl<T> Attempt<T> {
    /// Without another attempt.
    fn into_result(self) -> Result<T> {
        match self {
            Attempt::Over(result) => result,
            Attempt::Busy(error) => Err(error),
        }
    }

    /// The next attempt, if this one went well.
    fn and<U>(self, next: impl FnOnce() -> Attempt<U>) -> Attempt<U> {
        match self {
            Attempt::Over(Ok(_)) => next(),
            Attempt::Over(Err(error)) => Attempt::Over(Err(error)),
            Attempt::Busy(error) => Attempt::Busy(error),
        }
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Attempt<U> {
        match self {
            Attempt::Over(result) => Attempt::Over(result.map(change)),
            Attempt::Busy(error) => Attempt::Busy(error),
        }
    }
}

/// What a job on the blocking pool goes by.
#[derive(Clone)]
struct Away {
    /// How long it waits for others' locks.
    patience: Duration,
    /// Nobody waits for it any more.
    over: Arc<AtomicBool>,
}

impl Away {
    fn is_abandoned(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// What the handle was sent away for.
struct Errand<T> {
    work: tokio::task::JoinHandle<Result<T>>,
    waiting: Waiting,
}

/// Tells the job on the blocking pool, when dropped, that nobody waits for it any more.
#[derive(Default)]
struct Waiting {
    over: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Until when statements may run, for SQLite to look at while they do.
#[derive(Default)]
struct Limit {
    until: Mutex<Option<Instant>>,
}

impl Limit {
    fn set(&self, until: Option<Instant>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_over(&self) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() >= until)
    }
}

fn lost() -> Error {
    Error::new(Kind::Cancelled, "this connection was given up while it worked")
        .hint("take a new connection, or begin a new transaction")
}

impl Connection for SqliteConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn server(&self) -> &ServerInfo {
        &self.server
    }

    fn execute<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Done> {
        self.touched |= statement.number == 0 && is_pragma(statement.sql);
        if statement.cached && (self.in_memory || self.history.of(statement.sql).is_none()) {
            let sql = statement.sql;
            return self.timed(sql, Long::InSteps, move |raw| run(raw, statement, None));
        }
        self.execute_away(statement)
    }

    fn query<'a>(&'a mut self, statement: Statement<'a>, sink: &'a mut dyn RowSink) -> Answer<'a, ()> {
        self.touched |= statement.number == 0 && is_pragma(statement.sql);
        let Some(long) = self.history.of(statement.sql) else {
            return self.timed(statement.sql, Long::InRows, move |raw| run(raw, statement, Some(sink)).map(|_| ()));
        };
        match (long, tokio::runtime::Handle::try_current()) {
            (Long::InSteps, Ok(runtime)) if !self.in_memory => Answer::later(self.query_away(runtime, statement, sink)),
            _ => Answer::later(self.query_in_turns(statement, sink)),
        }
    }

    fn is_prompt(&self, sql: &str) -> bool {
        self.history.of(sql).is_none()
    }

    fn open_cursor<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Box<dyn Cursor + 'a>> {
        let opened = match &self.raw {
            Some(raw) => SqliteCursor::open(raw, statement, self.patience),
            None => Err(lost()),
        };
        Answer::ready(opened.map(|cursor| Box::new(cursor) as Box<dyn Cursor + 'a>))
    }

    fn batch<'a>(&'a mut self, script: &'a str) -> Answer<'a, ()> {
        if is_transaction_control(script) {
            let reading = self.reading;
            return self.answer(move |raw| {
                let done = run(raw, Statement::new(script, &[]), None).map(|_| ());
                if reading && raw.is_autocommit() { writes_again(raw).and(|| done) } else { done }
            });
        }
        self.touched = true;
        let script = script.to_string();
        self.elsewhere(move |raw, away| run_script(raw, &script, away.patience))
    }

    fn bulk_insert<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64> {
        self.insert_bulk(insert)
    }

    fn refuse_changed<'a>(&'a mut self, values: BulkInsert<'a>) -> Answer<'a, ()> {
        Answer::ready(self.raw().and_then(|raw| exact::refuse_changed(raw, values)))
    }

    fn begin<'a>(&'a mut self, options: TransactionOptions) -> Answer<'a, ()> {
        let simple = |raw: &Handle, sql| run(raw, Statement::new(sql, &[]), None).map(|_| ());
        let was_reading = std::mem::replace(&mut self.reading, options.read_only);
        match (options.read_only, was_reading) {
            (true, _) => {
                self.answer(move |raw| simple(raw, "BEGIN DEFERRED").and(|| simple(raw, "PRAGMA query_only = ON")))
            }
            (false, true) => self.answer(move |raw| writes_again(raw).and(|| simple(raw, "BEGIN IMMEDIATE"))),
            (false, false) => self.simple("BEGIN IMMEDIATE"),
        }
    }

    fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.limit.set(deadline);
        if let (Some(raw), true) = (&mut self.raw, deadline.is_some() && !self.limited) {
            let limit = self.limit.clone();
            self.limited = raw.raw_mut().progress_handler(STEPS_BETWEEN_LOOKS, Some(move || limit.is_over())).is_ok();
        }
    }

    fn begins(&mut self, now: Instant) {
        self.begun = Some(now);
    }

    fn in_transaction(&self) -> bool {
        self.raw.as_ref().is_some_and(|raw| !raw.is_autocommit())
    }

    fn introspect<'a>(&'a mut self, options: &'a IntrospectOptions) -> Answer<'a, Schema> {
        let options = options.clone();
        self.elsewhere(move |raw, away| {
            patience::retry_blocking(away.patience, || Attempt::of_result(introspect::read(raw, &options)))
        })
    }

    fn statistics(&mut self) -> Answer<'_, Vec<TableStatistics>> {
        Answer::later(crate::stats::read(self))
    }

    fn is_broken(&self) -> bool {
        self.damaged || self.raw.is_none()
    }

    fn is_away(&self) -> bool {
        self.away.is_some()
    }

    fn restore<'a>(&'a mut self, file: &'a std::path::Path) -> Answer<'a, ()> {
        let file = file.to_path_buf();
        self.elsewhere(move |raw, _| {
            let restored = raw.raw_mut().restore(rusqlite::MAIN_DB, &file, None::<fn(rusqlite::backup::Progress)>);
            restored.map_err(|error| errors::from_rusqlite(&error, None))
        })
    }

    fn copy_to<'a>(&'a mut self, file: &'a std::path::Path) -> Answer<'a, ()> {
        let file = file.to_path_buf();
        self.elsewhere(move |raw, away| copy::to_file(raw, &file, away))
    }

    fn reset(&mut self) -> Answer<'_, ()> {
        if self.away.is_none() {
            return Answer::ready(self.reset_now());
        }
        Answer::later(async move {
            self.wait_for_handle().await?;
            self.reset_now()
        })
    }

    fn ping(&mut self) -> Answer<'_, ()> {
        self.simple("SELECT 1")
    }

    fn close(self: Box<Self>) -> Answer<'static, ()> {
        Answer::ready(match self.raw {
            Some(raw) => raw.close().map_err(|error| errors::from_rusqlite(&error, None)),
            None => Ok(()),
        })
    }
}

impl SqliteConnection {
    fn reset_now(&mut self) -> Result<()> {
        let raw = self.raw()?;
        let failed = |error| errors::from_rusqlite(&error, None);
        if !raw.is_autocommit() {
            raw.execute_batch("ROLLBACK").map_err(failed)?;
        }
        if self.reading {
            writes_again(raw).into_result()?;
        }
        if self.touched {
            let keys = if self.foreign_keys { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" };
            raw.execute_batch(keys).map_err(failed)?;
            let rest = ["defer_foreign_keys", "writable_schema", "query_only", "legacy_alter_table"];
            for setting in rest {
                raw.execute_batch(&format!("PRAGMA {setting} = OFF")).map_err(failed)?;
            }
            self.touched = false;
        }
        self.reading = false;
        Ok(())
    }
}

/// After a transaction that only read.
fn writes_again(raw: &Handle) -> Attempt<()> {
    run(raw, Statement::new("PRAGMA query_only = OFF", &[]), None).map(|_| ())
}

fn is_pragma(sql: &str) -> bool {
    // As relata writes it, most of the time.
    if sql.starts_with("SELECT ") || sql.starts_with("INSERT ") {
        return false;
    }
    sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("pragma"))
}

/// One statement that begins or ends a transaction or savepoint: too short to be worth another thread.
fn is_transaction_control(script: &str) -> bool {
    let first = script.split_whitespace().next().unwrap_or("");
    let known = ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];
    known.iter().any(|word| first.eq_ignore_ascii_case(word)) && !script.contains(';')
}

/// Prepares, binds and steps a statement to its end.
fn run(raw: &Handle, statement: Statement<'_>, sink: Option<&mut (dyn RowSink + '_)>) -> Attempt<Done> {
    match raw.statement(statement) {
        Ok(mut prepared) => step_all(raw, &mut prepared, statement, sink),
        Err(error) => not_prepared(raw, &error, statement.sql),
    }
}

#[cold]
fn not_prepared(raw: &Handle, error: &rusqlite::Error, sql: &str) -> Attempt<Done> {
    match failure(error, Some(sql), false) {
        Attempt::Over(Err(error)) => Attempt::Over(Err(suggest::hint(raw, error, sql))),
        other => other,
    }
}

fn step_all<'h>(
    raw: &'h Handle,
    prepared: &mut Lent<'h>,
    statement: Statement<'h>,
    sink: Option<&mut (dyn RowSink + '_)>,
) -> Attempt<Done> {
    if let Err(error) = bind_all(prepared, statement.params) {
        return Attempt::Over(Err(error));
    }
    let before = raw.changed_in_all();
    let stepped = match sink {
        None => discard_rows(prepared, statement.sql),
        Some(sink) => give_rows(prepared, statement.sql, sink),
    };
    stepped.map(|()| done(raw, before, statement.sql))
}

pub(crate) fn bind_all<'h>(prepared: &mut Lent<'h>, params: &'h [Value]) -> Result<()> {
    let expected = prepared.parameters();
    if expected != params.len() {
        let message = format!("the statement has {expected} placeholders, {} parameters were given", params.len());
        return Err(Error::new(Kind::Parameters, message).hint("give one value for each ?N"));
    }
    params.iter().enumerate().try_for_each(|(index, value)| types::bind(prepared, index + 1, value))
}

fn done(raw: &Handle, before: i64, sql: &str) -> Done {
    if raw.changed_in_all() == before {
        return Done::default();
    }
    let inserts = matches!(sql.trim_start().as_bytes().first(), Some(b'i' | b'I' | b'r' | b'R' | b'w' | b'W'));
    Done { rows_affected: raw.changes(), last_insert_id: inserts.then(|| raw.last_insert_rowid()) }
}

fn discard_rows(prepared: &mut Lent<'_>, sql: &str) -> Attempt<()> {
    let mut seen = false;
    loop {
        match prepared.step() {
            Ok(true) => seen = true,
            Ok(false) => return Attempt::Over(Ok(())),
            Err(error) => return failure(&error, Some(sql), seen),
        }
    }
}

fn give_rows(prepared: &mut Lent<'_>, sql: &str, sink: &mut dyn RowSink) -> Attempt<()> {
    let names = sink.wants_columns();
    let mut columns = None;
    loop {
        match prepared.step() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return failure(&error, Some(sql), columns.is_some()),
        }
        let columns = match columns {
            Some(columns) => columns,
            None => {
                // After the first step, as SQLite may have prepared the statement anew for a changed schema.
                if let Err(error) = if names { sink.columns(&prepared.column_infos()) } else { Ok(()) } {
                    return Attempt::Over(Err(error));
                }
                *columns.insert(prepared.columns())
            }
        };
        if let Err(error) = sink.row(&mut SqliteRow { statement: prepared, columns }) {
            return Attempt::Over(Err(error));
        }
    }
    let unseen = names && columns.is_none();
    Attempt::Over(if unseen { sink.columns(&prepared.column_infos()) } else { Ok(()) })
}

/// A failed step: worth another attempt if only the lock was missing and no row was given.
pub(crate) fn failure<T>(error: &rusqlite::Error, sql: Option<&str>, rows_given: bool) -> Attempt<T> {
    let code = error.sqlite_error().map_or(0, |error| error.extended_code);
    let busy = code & 0xff == ffi::SQLITE_BUSY && code != ffi::SQLITE_BUSY_SNAPSHOT;
    let error = errors::from_rusqlite(error, sql);
    if busy && !rows_given { Attempt::Busy(error) } else { Attempt::Over(Err(error)) }
}

/// Runs the statements of a script one after the other. A script may hold `"text"` as SQLite's shell allows it.
fn run_script(raw: &rusqlite::Connection, script: &str, patience: Duration) -> Result<()> {
    let lenient = |on| {
        let set = raw.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DQS_DML, on);
        set.map(|_| ()).map_err(|error| errors::from_rusqlite(&error, None))
    };
    lenient(true)?;
    let result = run_statements(raw, script, patience);
    lenient(false)?;
    result
}

fn run_statements(raw: &rusqlite::Connection, script: &str, patience: Duration) -> Result<()> {
    let mut statements = rusqlite::Batch::new(raw, script);
    while let Some(mut prepared) = statements.next().map_err(|error| errors::in_script(&error, script))? {
        patience::retry_blocking(patience, || step_to_end(&mut prepared)).map_err(|error| {
            match prepared.expanded_sql() {
                Some(sql) => errors::with_sql(error, Some(&sql)),
                None => error,
            }
        })?;
    }
    Ok(())
}

/// Runs a statement of a script.
fn step_to_end(prepared: &mut rusqlite::Statement<'_>) -> Attempt<()> {
    let mut rows = prepared.raw_query();
    let mut seen = false;
    loop {
        match rows.next() {
            Ok(Some(_)) => seen = true,
            Ok(None) => return Attempt::Over(Ok(())),
            Err(error) => return failure(&error, None, seen),
        }
    }
}
