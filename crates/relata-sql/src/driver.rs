//! The contract between the engine and a client library.
//!
//! A **driver** opens connections; a **connection** runs rendered SQL with parameters. Neither knows pools, statement
//! trees, entities or migrations. The conformance suite in `relata-testkit` holds every driver to this page.
//!
//! # What a connection MUST do
//! - Run a statement with its parameters in one round trip once its text has been seen on this connection (cache by
//!   text; at least 100 statements; least recently used goes first).
//! - Give rows to the sink in order, decoded from its own buffer: no intermediate row, no value that nobody asked for.
//!   If the sink returns an error, stop, leave the connection usable, return that error.
//! - Report every failure as [`Error`] with the right [`crate::Kind`], SQLSTATE where there is one, and the table,
//!   column and constraint if the server names them. Never put a parameter or a password into a message.
//! - Be safe to drop at any await: a connection whose future was dropped before it finished either cleans up by itself
//!   before the next statement or answers `true` to [`Connection::is_broken`].
//! - Answer `true` to [`Connection::is_broken`] after any failure of transport or protocol, and never after an SQL error.
//!   What the pool does with it: a broken connection is closed, never handed out. A driver that lies loses its
//!   users' statements; the suite checks it by cutting the wire.
//! - Count [`Connection::in_transaction`] from what the server says (or from what SQLite's handle says), not from what
//!   was asked.
//!
//! # What a connection SHOULD do
//! - Finish at once ([`Answer::ready`]) when the work is local and short, without allocating a future.
//! - Keep the order of columns and give their names without a further round trip.

mod kept;
mod statistics;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use relata_schema::model::ObjectName;
use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};

use crate::cell::Cell;
use crate::error::{Error, Kind, Result};
use crate::url::DatabaseUrl;
use crate::value::Value;

pub use kept::{Kept, Place};
pub use statistics::StatisticsRows;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer that is there already, or will be. SQLite answers at once and allocates nothing.
pub struct Answer<'a, T>(Inner<'a, T>);

enum Inner<'a, T> {
    /// When it came, if somebody looked at the clock.
    Ready(Option<Result<T>>, Option<Instant>),
    Later(BoxFuture<'a, Result<T>>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is there.
    pub fn ready(result: Result<T>) -> Self {
        Answer(Inner::Ready(Some(result), None))
    }

    /// An answer that is there, by a clock that was read just now: nobody need read it again.
    pub fn ready_at(result: Result<T>, now: Instant) -> Self {
        Answer(Inner::Ready(Some(result), Some(now)))
    }

    /// The result if it is there, else the future that will give it: for who puts something around a connection.
    ///
    /// # Errors
    /// Never one of the database: `Err` is the future.
    pub fn settled(self) -> std::result::Result<Result<T>, BoxFuture<'a, Result<T>>> {
        self.settled_at().map(|(result, _)| result)
    }

    /// As [`Answer::settled`], with the time at which it came if the driver has said so.
    ///
    /// # Errors
    /// As [`Answer::settled`].
    #[allow(clippy::type_complexity, reason = "it is what `settled` gives, and a time")]
    pub fn settled_at(self) -> std::result::Result<(Result<T>, Option<Instant>), BoxFuture<'a, Result<T>>> {
        match self.0 {
            Inner::Ready(result, at) => Ok((result.unwrap_or_else(|| Err(Error::polled_twice())), at)),
            Inner::Later(future) => Err(future),
        }
    }

    /// An answer that will be there.
    pub fn later(future: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        Answer(Inner::Later(Box::pin(future)))
    }
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Inner::Ready(result, _) => Poll::Ready(result.take().unwrap_or_else(|| Err(Error::polled_twice()))),
            Inner::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// A statement that is ready to run.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// SQL in the connection's dialect, with its placeholders (`?1`, `$1`, `?`).
    pub sql: &'a str,
    /// One value per placeholder.
    pub params: &'a [Value],
    /// Keep it prepared. `false` for SQL that will hardly come again.
    pub cached: bool,
    /// The number of its text, which need not be compared with others of the same number; 0: it has none. Only queries and
    /// writes that were rendered have one: nothing that changes the schema, or a setting.
    pub number: u64,
}

impl<'a> Statement<'a> {
    /// A cached statement.
    pub const fn new(sql: &'a str, params: &'a [Value]) -> Self {
        Statement { sql, params, cached: true, number: 0 }
    }

    /// A statement that is run once.
    pub const fn once(sql: &'a str, params: &'a [Value]) -> Self {
        Statement { sql, params, cached: false, number: 0 }
    }
}

/// What a statement did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows inserted, updated (matched, on MariaDB too) or deleted.
    pub rows_affected: u64,
    /// The key that SQLite or MariaDB made, where the statement made one.
    pub last_insert_id: Option<i64>,
}

/// A column of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type as the database names it; empty if it has none (SQLite expression).
    pub type_name: String,
}

/// One row in the driver's buffer.
pub trait Row {
    /// How many cells.
    fn len(&self) -> usize;

    /// No cells.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cell at a position.
    ///
    /// # Errors
    /// `Kind::Decode` when the bytes are not what the protocol promises (text that is no UTF-8, …).
    fn cell(&self, index: usize) -> Result<Cell<'_>>;

    /// The cell at a position, which is not read again: a driver that owns its text may give it away as
    /// [`Cell::OwnedText`]. Reading it again is `Kind::Decode` then, never another value.
    ///
    /// # Errors
    /// Those of [`Row::cell`].
    #[inline]
    fn take(&mut self, index: usize) -> Result<Cell<'_>> {
        self.cell(index)
    }
}

/// A row whose cells are read several times: nothing is taken from it.
pub struct Lent<'r>(pub &'r dyn Row);

impl Row for Lent<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>> {
        self.0.cell(index)
    }
}

/// Where rows go.
pub trait RowSink: Send {
    /// The columns, once, before the first row, also when there is none.
    ///
    /// # Errors
    /// Stops the statement.
    fn columns(&mut self, _columns: &[ColumnInfo]) -> Result<()> {
        Ok(())
    }

    /// Whether [`RowSink::columns`] shall be called: names cost a driver work.
    fn wants_columns(&self) -> bool {
        false
    }

    /// One row.
    ///
    /// # Errors
    /// Stops the statement.
    fn row(&mut self, row: &mut dyn Row) -> Result<()>;
}

/// A query and where its rows go.
pub struct Query<'a> {
    /// What to run.
    pub statement: Statement<'a>,
    /// Who gets the rows.
    pub sink: &'a mut dyn RowSink,
    /// It writes nothing that would be missed if it were undone with another that fails.
    pub only_reads: bool,
}

/// Rows of a running query, fetched in portions, so that a million rows need the memory of one portion.
pub trait Cursor: Send {
    /// Gives up to `limit` further rows to the sink; `false` once there are no more.
    fn fetch<'a>(&'a mut self, limit: usize, sink: &'a mut dyn RowSink) -> Answer<'a, bool>;
}

/// Rows to insert at once.
#[derive(Debug, Clone, Copy)]
pub struct BulkInsert<'a> {
    /// Into which table.
    pub table: &'a ObjectName,
    /// Which columns.
    pub columns: &'a [&'a str],
    /// `rows * columns.len()` values, row by row.
    pub values: &'a [Value],
}

impl BulkInsert<'_> {
    /// How many rows.
    pub fn rows(&self) -> usize {
        if self.columns.is_empty() { 0 } else { self.values.len() / self.columns.len() }
    }

    /// How many rows, if the values fill them.
    ///
    /// # Errors
    /// `Kind::Parameters` when the last row is not whole.
    pub fn whole_rows(&self) -> Result<usize> {
        let (values, width) = (self.values.len(), self.columns.len());
        if self.rows() * width == values {
            return Ok(self.rows());
        }
        Err(Error::new(Kind::Parameters, format!("{values} values do not fill rows of {width} columns")))
    }
}

/// How strictly transactions are kept apart. `Default` is the server's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Isolation {
    /// As the server is configured.
    #[default]
    Default,
    /// `READ COMMITTED` (SQLite: serializable).
    ReadCommitted,
    /// `REPEATABLE READ` (SQLite: serializable).
    RepeatableRead,
    /// `SERIALIZABLE`.
    Serializable,
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TransactionOptions {
    /// Isolation.
    pub isolation: Isolation,
    /// It only reads: a statement that writes is `Kind::ReadOnly`. SQLite: `BEGIN DEFERRED` and `query_only`; else `BEGIN IMMEDIATE`,
    /// so that a writer never fails half-way.
    pub read_only: bool,
    /// Should the answer to the commit be lost, it shall be found out what became of it. The connection ignores it; the
    /// engine pays a round trip before the commit (PostgreSQL).
    pub certain: bool,
    /// It will note an idempotency key. The connection ignores it; the engine sees to it that there is a table for it.
    pub keyed: bool,
}

/// What to read from the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntrospectOptions {
    /// Only these namespaces; empty: all but the system's.
    pub namespaces: Vec<String>,
    /// Leave out tables of these names (relata's own history, for one).
    pub ignore_tables: Vec<String>,
    /// Only what belongs to the rows of these tables is asked for: columns, keys, checks, indexes, triggers, and the tables
    /// that they refer to or are parts of. A driver MAY leave out everything else, comments and grants too, or give it all.
    /// Empty: the whole schema.
    pub tables: Vec<ObjectName>,
}

/// What a server is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerInfo {
    /// Product as people say it: `PostgreSQL`, `MariaDB`, `MySQL`, `SQLite`.
    pub product: String,
    /// Version as the server says it.
    pub version: String,
    /// Version as `major * 10000 + minor * 100 + patch`: 150018 is PostgreSQL 15.18, 101119 MariaDB 10.11.19.
    pub number: u32,
    /// A pooler stands between (PgBouncer in transaction mode): outside of a transaction each statement may run in another
    /// session, so nothing that outlives a transaction can be kept there.
    pub pooled: bool,
}

/// How to open a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Deadline for the whole of connecting.
    pub connect_timeout: Duration,
    /// SQLite: how long to wait for a lock; the others: `lock_timeout` if set by the caller.
    pub busy_timeout: Duration,
    /// SQLite: create the file if it is missing.
    pub create_if_missing: bool,
    /// SQLite: open for reading only.
    pub read_only: bool,
    /// How the connection names itself to the server.
    pub application_name: String,
    /// How many prepared statements a connection keeps.
    pub statement_cache: usize,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        ConnectOptions {
            connect_timeout: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(5),
            create_if_missing: true,
            read_only: false,
            application_name: "relata".into(),
            statement_cache: 256,
        }
    }
}

/// Opens connections to one kind of database.
pub trait Driver: Send + Sync + 'static {
    /// Its dialect.
    fn dialect(&self) -> Dialect;

    /// Opens a connection.
    ///
    /// # Errors
    /// `Unreachable`, `Authentication`, `NoSuchDatabase`, `Timeout`, …, each with host and database, never a password.
    fn connect<'a>(&'a self, url: &'a DatabaseUrl, options: &'a ConnectOptions) -> Answer<'a, Box<dyn Connection>>;

    /// Creates the (empty) database that `url` names, by way of the server it names. SQLite: nothing to do.
    ///
    /// # Errors
    /// `PermissionDenied` when the role may not, `AlreadyExists`.
    fn create_database<'a>(&'a self, url: &'a DatabaseUrl) -> Answer<'a, ()>;

    /// Drops the database that `url` names, with everything in it, closing its connections. SQLite: deletes the file.
    fn drop_database<'a>(&'a self, url: &'a DatabaseUrl) -> Answer<'a, ()>;
}

/// One connection. The module's head is the contract.
pub trait Connection: Send {
    /// The dialect of its SQL.
    fn dialect(&self) -> Dialect;

    /// What the server is, read when connecting.
    fn server(&self) -> &ServerInfo;

    /// Runs a statement for what it does; rows, if any, are discarded.
    fn execute<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Done>;

    /// Runs a statement and gives its rows to the sink.
    fn query<'a>(&'a mut self, statement: Statement<'a>, sink: &'a mut dyn RowSink) -> Answer<'a, ()>;

    /// A query of this text will mostly be answered at once ([`Answer::settled`]). If it is not, what [`Connection::query`] gave
    /// can be dropped, and nothing was done.
    fn is_prompt(&self, _sql: &str) -> bool {
        false
    }

    /// [`Connection::query_all`] sends all of them before it awaits the first answer.
    fn pipelines(&self) -> bool {
        false
    }

    /// Runs queries that do not depend on each other; each gives its rows to its own sink, in their order. Where the
    /// protocol allows it, all leave before the first answer is awaited, and those that only read may share a transaction. The
    /// error is that of the first that fails; what comes after it may have run, and gives no rows.
    fn query_all<'a>(&'a mut self, queries: Vec<Query<'a>>) -> Answer<'a, ()> {
        Answer::later(async move {
            for query in queries {
                self.query(query.statement, query.sink).await?;
            }
            Ok(())
        })
    }

    /// Runs a query whose rows are fetched in portions.
    fn open_cursor<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Box<dyn Cursor + 'a>>;

    /// Runs a script of several statements without parameters and discards rows. It stops at the first failure.
    /// The script is in the server's language (no `DELIMITER`, no shell commands).
    fn batch<'a>(&'a mut self, script: &'a str) -> Answer<'a, ()>;

    /// Inserts many rows in the fastest way this database has for so many, atomically.
    fn bulk_insert<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64>;

    /// The types of columns as they stand in a cast, for inserts that send one array for each column instead of a parameter for
    /// each value; `None`: the database has no such way, or not for these columns. Mostly known: it is asked before each such insert, and asked
    /// anew where these values would be changed by the types that are known.
    fn array_types<'a>(&'a mut self, _insert: BulkInsert<'a>) -> Answer<'a, Option<Arc<[String]>>> {
        Answer::ready(Ok(None))
    }

    /// Refuses values that columns would keep otherwise than they are, without a word. Asked before values are written of which
    /// [`crate::exact::long`] says so, except for [`Connection::bulk_insert`], which looks by itself.
    fn refuse_changed<'a>(&'a mut self, _values: BulkInsert<'a>) -> Answer<'a, ()> {
        Answer::ready(Ok(()))
    }

    /// Begins a transaction.
    fn begin<'a>(&'a mut self, options: TransactionOptions) -> Answer<'a, ()>;

    /// The statements to come must be over by then. Whoever asks gives up waiting by itself; a driver that runs statements on
    /// the caller's thread, where nobody could give up, MUST stop them, with `Kind::Timeout`.
    fn set_deadline(&mut self, _deadline: Option<Instant>) {}

    /// The statement that comes next begins now, by a clock that was read just before. A driver that takes the time of its
    /// statements need not read the clock again, and says when they ended ([`Answer::ready_at`]).
    fn begins(&mut self, _now: Instant) {}

    /// A transaction is open (also a failed one).
    fn in_transaction(&self) -> bool;

    /// Reads the schema of the database, in a bounded number of statements, in one consistent view where possible.
    fn introspect<'a>(&'a mut self, options: &'a IntrospectOptions) -> Answer<'a, Schema>;

    /// The sizes of every table, of its own and what the server has gathered: MUST NOT read the tables where the server
    /// keeps estimates (PostgreSQL, MariaDB); what was never gathered is `None` and not zero.
    fn statistics(&mut self) -> Answer<'_, Vec<TableStatistics>>;

    /// It cannot be used any more.
    fn is_broken(&self) -> bool;

    /// A statement was given up and is not over: the next one, or [`Connection::reset`], must end it first. What the pool
    /// does with it: such a connection is reset under a deadline before anyone else gets it, or closed.
    fn is_busy(&self) -> bool {
        false
    }

    /// It is broken only for as long as a statement that was given up has not ended somewhere else: [`Connection::reset`] waits for
    /// that, and makes it whole.
    fn is_away(&self) -> bool {
        false
    }

    /// Closes it although a statement may be running, and asks the server to stop that statement.
    fn abandon(self: Box<Self>) -> Answer<'static, ()>
    where
        Self: 'static,
    {
        Answer::ready(Ok(()))
    }

    /// A statement has changed what outlives it in the session: a setting, a temporary table, a lock, a channel that is
    /// listened to. What the pool does with it: [`Connection::reset`], before anyone else gets the connection.
    fn is_touched(&self) -> bool {
        false
    }

    /// SQLite: puts the whole content of another database file in the place of this database's, in one step that other
    /// connections see whole or not at all. Servers have no such thing: `Unsupported`.
    fn restore<'a>(&'a mut self, _file: &'a std::path::Path) -> Answer<'a, ()> {
        let what = format!("{} does not take a database over from a file", self.dialect().title());
        Answer::ready(Err(Error::unsupported(what, "load a dump with the server's own tools")))
    }

    /// SQLite: copies the whole database into a new file, page by page, as it is at one moment: also while others write.
    /// Servers have no such thing: `Unsupported`.
    fn copy_to<'a>(&'a mut self, _file: &'a std::path::Path) -> Answer<'a, ()> {
        let what = format!("{} does not copy a database into a file", self.dialect().title());
        Answer::ready(Err(Error::unsupported(what, "take a dump with the server's own tools")))
    }

    /// Makes it as new for the next borrower: rolls back what is open, resets session settings if any were made.
    fn reset(&mut self) -> Answer<'_, ()>;

    /// Is it alive? One round trip.
    fn ping(&mut self) -> Answer<'_, ()>;

    /// Closes it in an orderly way.
    fn close(self: Box<Self>) -> Answer<'static, ()>;
}
