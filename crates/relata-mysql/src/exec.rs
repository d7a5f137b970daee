//! Statements on an open connection.
//!
//! A statement that is to be kept goes by the binary protocol, prepared once per text; SQL without parameters that will
//! hardly come again, and what the server cannot prepare, goes by the text protocol in one round trip.
//!
//! States of a [`Session`]: idle -> busy (`enter`) -> idle (`leave`). A future dropped while busy leaves it busy, and
//! a busy or closed session is broken for good.

use mysql_async::consts::StatusFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, QueryResult, Value as Raw};
use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{
    Answer, BulkInsert, Connection, Cursor, Done, IntrospectOptions, Isolation, Kept, RowSink, ServerInfo, Statement,
    TransactionOptions,
};
use relata_sql::{Error, Kind, Result};

use crate::cursor::{MysqlCursor, Rows};
use crate::{errors, introspect, types};

/// `Prepared statement needs to be re-prepared`: what it reads was changed, or has fallen out of the server's table cache.
const MUST_BE_PREPARED_ANEW: u16 = 1615;

/// The most placeholders that one prepared statement may have.
const MOST_PLACEHOLDERS: usize = 65_535;

/// The most rows of one statement of a bulk insert: the same text comes again for each portion, and stays prepared.
const ROWS_AT_ONCE: usize = 1000;

/// By which protocol a statement was started.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    Text,
    Binary,
}

/// Why a statement stopped.
pub(crate) enum Failure {
    Client(mysql_async::Error),
    Sink(Error),
}

impl From<mysql_async::Error> for Failure {
    fn from(error: mysql_async::Error) -> Self {
        Failure::Client(error)
    }
}

/// What is known of a connection between statements.
pub(crate) struct Session {
    busy: bool,
    closed: bool,
    in_transaction: bool,
    changed: bool,
}

impl Session {
    /// A statement begins.
    pub(crate) fn enter(&mut self) -> Result<()> {
        if self.busy || self.closed {
            return Err(Error::new(Kind::NotSent, "the connection was interrupted and cannot be used any more")
                .hint("open another connection"));
        }
        self.busy = true;
        Ok(())
    }

    /// A statement has ended, well or not.
    pub(crate) fn leave(&mut self) {
        self.busy = false;
    }

    /// The error for the caller; remembers if the connection is gone.
    pub(crate) fn explain(&mut self, failure: Failure) -> Error {
        match failure {
            Failure::Sink(error) => error,
            Failure::Client(error) => {
                self.closed |= match &error {
                    mysql_async::Error::Server(error) => errors::closes_connection(error.code),
                    mysql_async::Error::Driver(mysql_async::DriverError::MixedParams) => false,
                    _ => true,
                };
                errors::running(error)
            }
        }
    }

    /// Whether SQL changes what outlives its statement: a setting, a lock, a temporary table.
    fn notice(&mut self, sql: &str) {
        let word = sql.trim_start().get(..4).unwrap_or_default();
        self.changed |= ["set ", "use ", "lock", "flus"].iter().any(|start| word.eq_ignore_ascii_case(start))
            || (word.eq_ignore_ascii_case("crea") && sql.to_ascii_lowercase().contains("temporary"));
    }
}

/// One connection to MariaDB or MySQL.
pub(crate) struct MysqlConnection {
    client: Conn,
    session: Session,
    server: ServerInfo,
    statements: Kept<mysql_async::Statement>,
    /// Statements that the server keeps and nobody needs.
    stale: Vec<mysql_async::Statement>,
    settings: String,
    max_packet: usize,
}

impl MysqlConnection {
    pub(crate) fn new(
        client: Conn,
        server: ServerInfo,
        statements: Kept<mysql_async::Statement>,
        settings: String,
        max_packet: usize,
    ) -> Self {
        let session = Session { busy: false, closed: false, in_transaction: false, changed: false };
        MysqlConnection { client, session, server, statements, stale: Vec::new(), settings, max_packet }
    }

    /// Ends what `work` began: learns the transaction's state and explains a failure.
    async fn settle<T>(&mut self, outcome: Result<T, Failure>) -> Result<T> {
        match outcome {
            Ok(value) => {
                self.read_status();
                self.session.leave();
                Ok(value)
            }
            Err(failure) => {
                let error = self.session.explain(failure);
                // An error carries no status: ask, for a deadlock rolls back and a duplicate key does not.
                if self.session.in_transaction && !self.session.closed {
                    match self.client.ping().await {
                        Ok(()) => self.read_status(),
                        Err(_) => self.session.closed = true,
                    }
                }
                self.session.leave();
                Err(error)
            }
        }
    }

    fn read_status(&mut self) {
        if let Some(packet) = self.client.last_ok_packet() {
            self.session.in_transaction = packet.status_flags().contains(StatusFlags::SERVER_STATUS_IN_TRANS);
        }
    }

    async fn close_stale(&mut self) -> mysql_async::Result<()> {
        while let Some(statement) = self.stale.pop() {
            self.client.close(statement).await?;
        }
        Ok(())
    }

    /// Starts a statement; its rows are still to be read from [`MysqlConnection::rows`].
    async fn start(&mut self, statement: Statement<'_>) -> Result<Protocol, Failure> {
        self.close_stale().await?;
        if statement.params.is_empty() && !statement.cached {
            self.client.query_iter(statement.sql).await?;
            return Ok(Protocol::Text);
        }
        let prepared = match self.statements.get(statement.sql).cloned() {
            Some(prepared) => prepared,
            None => match self.client.prep(statement.sql).await {
                Ok(prepared) => self.keep(statement, prepared),
                Err(mysql_async::Error::Server(error)) if error.code == 1295 && statement.params.is_empty() => {
                    self.client.query_iter(statement.sql).await?;
                    return Ok(Protocol::Text);
                }
                Err(error) => return Err(error.into()),
            },
        };
        let params = bind(&prepared, statement.params)?;
        match self.client.exec_iter(prepared, params).await {
            Err(mysql_async::Error::Server(error)) if error.code == MUST_BE_PREPARED_ANEW => {}
            other => return Ok(other.map(|_| Protocol::Binary)?),
        }
        // Nothing of it has happened. Once is enough: the server has tried three times by itself.
        self.stale.extend(self.statements.remove(statement.sql));
        let prepared = self.client.prep(statement.sql).await?;
        let prepared = self.keep(statement, prepared);
        let params = bind(&prepared, statement.params)?;
        self.client.exec_iter(prepared, params).await?;
        Ok(Protocol::Binary)
    }

    /// The rows of the statement that was started.
    fn rows(&mut self, protocol: Protocol) -> Rows<'_> {
        match protocol {
            Protocol::Text => Rows::Text(QueryResult::new(&mut self.client)),
            Protocol::Binary => Rows::Binary(QueryResult::new(&mut self.client)),
        }
    }

    fn keep(&mut self, statement: Statement<'_>, prepared: mysql_async::Statement) -> mysql_async::Statement {
        if statement.cached {
            self.stale.extend(self.statements.insert(statement.sql, prepared.clone()));
        } else {
            self.stale.push(prepared.clone());
        }
        prepared
    }

    async fn run(&mut self, statement: Statement<'_>) -> Result<Done, Failure> {
        let protocol = self.start(statement).await?;
        let rows = self.rows(protocol);
        let (rows_affected, last) = match &rows {
            Rows::Text(result) => (result.affected_rows(), result.last_insert_id()),
            Rows::Binary(result) => (result.affected_rows(), result.last_insert_id()),
        };
        rows.discard().await?;
        let last_insert_id = last.filter(|id| *id != 0).and_then(|id| i64::try_from(id).ok());
        Ok(Done { rows_affected, last_insert_id })
    }

    async fn give_rows(&mut self, statement: Statement<'_>, sink: &mut dyn RowSink) -> Result<(), Failure> {
        let protocol = self.start(statement).await?;
        self.rows(protocol).drain_into(sink).await
    }

    async fn run_script(&mut self, script: &str) -> Result<(), Failure> {
        self.close_stale().await?;
        match self.client.query_drop(script).await {
            // A script that ends in a comment, or holds nothing else.
            Err(mysql_async::Error::Server(error)) if error.code == 1065 => Ok(()),
            other => Ok(other?),
        }
    }

    pub(crate) async fn run_batch(&mut self, script: &str) -> Result<()> {
        self.session.notice(script);
        self.session.changed |= script.contains(';') || script.to_ascii_lowercase().contains("get_lock");
        self.session.enter()?;
        let outcome = self.run_script(script).await;
        self.settle(outcome).await
    }

    pub(crate) async fn run_query(&mut self, statement: Statement<'_>, sink: &mut dyn RowSink) -> Result<()> {
        self.session.notice(statement.sql);
        self.session.enter()?;
        let outcome = self.give_rows(statement, sink).await;
        self.settle(outcome).await.map_err(|error| with_sql(error, statement))
    }

    /// Whether the server is MySQL rather than MariaDB.
    pub(crate) fn is_mysql(&self) -> bool {
        self.server.product == "MySQL"
    }

    /// The first row of each result of a script, as text.
    pub(crate) async fn run_many(&mut self, script: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.session.enter()?;
        let outcome = first_rows(&mut self.client, script).await.map_err(Failure::Client);
        self.settle(outcome).await
    }

    /// Ends the sessions that use a database, so that dropping it need not wait for them.
    pub(crate) async fn kill_sessions_of(&mut self, database: &str) -> Result<()> {
        let mut ids = Numbers(Vec::new());
        let database = [relata_sql::Value::Text(database.to_string())];
        let sql = "SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()";
        self.run_query(Statement::once(sql, &database), &mut ids).await?;
        for id in ids.0 {
            match self.run_batch(&format!("KILL {id}")).await {
                // It has gone by itself.
                Err(error) if error.details().sqlstate.as_deref() != Some("HY000") => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    async fn insert_many(&mut self, insert: BulkInsert<'_>) -> Result<u64> {
        if insert.whole_rows()? == 0 {
            return Ok(0);
        }
        let chunks = chunks(&insert, self.max_packet);
        if let [only] = chunks.as_slice() {
            return self.insert_chunk(&insert, &insert_sql(&insert, only.len()), only.clone()).await;
        }
        let (begin, commit, undo) = if self.session.in_transaction {
            ("SAVEPOINT relata_bulk", "RELEASE SAVEPOINT relata_bulk", "ROLLBACK TO SAVEPOINT relata_bulk")
        } else {
            ("START TRANSACTION", "COMMIT", "ROLLBACK")
        };
        self.run_batch(begin).await?;
        let (mut rows, mut sql, mut written) = (0, String::new(), 0);
        for chunk in chunks {
            if written != chunk.len() {
                written = chunk.len();
                sql = insert_sql(&insert, written);
            }
            match self.insert_chunk(&insert, &sql, chunk).await {
                Ok(count) => rows += count,
                Err(error) => {
                    if self.session.in_transaction && !self.is_broken() {
                        self.run_batch(undo).await?;
                    }
                    return Err(error);
                }
            }
        }
        self.run_batch(commit).await?;
        Ok(rows)
    }

    async fn insert_chunk(&mut self, insert: &BulkInsert<'_>, sql: &str, rows: std::ops::Range<usize>) -> Result<u64> {
        let width = insert.columns.len();
        let params = &insert.values[rows.start * width..rows.end * width];
        // Full portions come again and again; the last one has another length each time.
        let statement = Statement { sql, params, cached: rows.len() == ROWS_AT_ONCE || rows.len() <= 100 };
        self.session.enter()?;
        let outcome = self.run(statement).await;
        Ok(self.settle(outcome).await?.rows_affected)
    }
}

/// Collects the first column as whole numbers.
struct Numbers(Vec<i64>);

impl RowSink for Numbers {
    fn row(&mut self, row: &mut dyn relata_sql::driver::Row) -> Result<()> {
        if let relata_sql::Cell::Int(number) = row.cell(0)? {
            self.0.push(number);
        }
        Ok(())
    }
}

async fn first_rows(client: &mut Conn, script: &str) -> mysql_async::Result<Vec<Vec<Option<String>>>> {
    let mut result = client.query_iter(script).await?;
    let mut answers = Vec::new();
    while !result.is_empty() {
        let rows: Vec<mysql_async::Row> = result.collect().await?;
        let first = rows.into_iter().next().map(mysql_async::Row::unwrap).unwrap_or_default();
        let text = |value| match value {
            Raw::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => None,
        };
        answers.push(first.into_iter().map(text).collect());
    }
    result.drop_result().await?;
    Ok(answers)
}

fn bind(statement: &mysql_async::Statement, params: &[relata_sql::Value]) -> Result<Params, Failure> {
    let wanted = usize::from(statement.num_params());
    if wanted != params.len() {
        let message = format!("the statement has {wanted} placeholders and got {} values", params.len());
        return Err(Failure::Sink(Error::new(Kind::Parameters, message)));
    }
    if params.is_empty() {
        return Ok(Params::Empty);
    }
    let values: Vec<Raw> = params.iter().map(types::parameter).collect::<Result<_>>().map_err(Failure::Sink)?;
    Ok(Params::Positional(values))
}

/// Adds the SQL to errors about the SQL, if it is a rendered shape and so without values.
fn with_sql(error: Error, statement: Statement<'_>) -> Error {
    let about_sql = matches!(
        error.kind(),
        Kind::Syntax | Kind::UndefinedTable | Kind::UndefinedColumn | Kind::UndefinedObject | Kind::TypeMismatch
    );
    if about_sql && statement.cached { error.sql(statement.sql) } else { error }
}

fn insert_sql(insert: &BulkInsert<'_>, rows: usize) -> String {
    let quote = |name: &str| Dialect::Mysql.quote(name);
    let columns: Vec<String> = insert.columns.iter().map(|name| quote(name)).collect();
    let mut sql = format!("INSERT INTO {} ({}) VALUES ", quote(&insert.table.name), columns.join(","));
    let row = format!("({})", vec!["?"; columns.len()].join(","));
    sql.reserve(rows * (row.len() + 1));
    for index in 0..rows {
        sql.push_str(if index == 0 { "" } else { "," });
        sql.push_str(&row);
    }
    sql
}

/// Ranges of rows that fit one statement: by placeholders and by bytes.
fn chunks(insert: &BulkInsert<'_>, max_packet: usize) -> Vec<std::ops::Range<usize>> {
    let width = insert.columns.len();
    let most_rows = (MOST_PLACEHOLDERS / width).clamp(1, ROWS_AT_ONCE);
    let most_bytes = max_packet.min(1 << 24) * 3 / 4;
    let mut chunks = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, row) in insert.values.chunks_exact(width).enumerate() {
        let size: usize = row.iter().map(size).sum();
        if index > start && (index - start == most_rows || bytes + size > most_bytes) {
            chunks.push(start..index);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    chunks.push(start..insert.rows());
    chunks
}

/// What a value takes on the wire, with its placeholder; an upper bound.
fn size(value: &relata_sql::Value) -> usize {
    use relata_sql::Value;
    let bytes = match value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 32,
    };
    bytes + 16
}

impl Connection for MysqlConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn server(&self) -> &ServerInfo {
        &self.server
    }

    fn execute<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Done> {
        Answer::later(async move {
            self.session.notice(statement.sql);
            self.session.enter()?;
            let outcome = self.run(statement).await;
            self.settle(outcome).await.map_err(|error| with_sql(error, statement))
        })
    }

    fn query<'a>(&'a mut self, statement: Statement<'a>, sink: &'a mut dyn RowSink) -> Answer<'a, ()> {
        Answer::later(self.run_query(statement, sink))
    }

    fn open_cursor<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Box<dyn Cursor + 'a>> {
        Answer::later(async move {
            self.session.notice(statement.sql);
            self.session.enter()?;
            let rows = match self.start(statement).await {
                Ok(Protocol::Text) => Rows::Text(QueryResult::new(&mut self.client)),
                Ok(Protocol::Binary) => Rows::Binary(QueryResult::new(&mut self.client)),
                Err(failure) => {
                    let settled = self.settle(Err(failure)).await;
                    return settled.map_err(|error| with_sql(error, statement));
                }
            };
            self.session.leave();
            let cursor: Box<dyn Cursor + 'a> = Box::new(MysqlCursor::new(&mut self.session, rows));
            Ok(cursor)
        })
    }

    fn batch<'a>(&'a mut self, script: &'a str) -> Answer<'a, ()> {
        Answer::later(self.run_batch(script))
    }

    fn bulk_insert<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64> {
        Answer::later(self.insert_many(insert))
    }

    fn begin<'a>(&'a mut self, options: TransactionOptions) -> Answer<'a, ()> {
        Answer::later(async move {
            let isolation = match options.isolation {
                Isolation::Default => "",
                Isolation::ReadCommitted => "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ",
                Isolation::RepeatableRead => "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; ",
                Isolation::Serializable => "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; ",
            };
            let mode = if options.read_only { " READ ONLY" } else { "" };
            let sql = format!("{isolation}START TRANSACTION{mode}");
            self.session.enter()?;
            let outcome = self.run_script(&sql).await;
            self.settle(outcome).await
        })
    }

    fn in_transaction(&self) -> bool {
        self.session.in_transaction
    }

    fn introspect<'a>(&'a mut self, options: &'a IntrospectOptions) -> Answer<'a, Schema> {
        Answer::later(introspect::introspect(self, options))
    }

    fn statistics(&mut self) -> Answer<'_, Vec<TableStatistics>> {
        Answer::later(crate::stats::read(self))
    }

    fn is_broken(&self) -> bool {
        self.session.busy || self.session.closed || self.client.is_disconnected()
    }

    fn is_busy(&self) -> bool {
        self.session.busy
    }

    fn abandon(self: Box<Self>) -> Answer<'static, ()> {
        Answer::later(async move {
            let (id, options) = (self.client.id(), self.client.opts().clone());
            drop(self);
            let mut other = Conn::new(options).await.map_err(errors::running)?;
            other.query_drop(format!("KILL {id}")).await.map_err(errors::running)?;
            other.disconnect().await.map_err(errors::running)
        })
    }

    fn is_touched(&self) -> bool {
        self.session.changed
    }

    fn reset(&mut self) -> Answer<'_, ()> {
        Answer::later(async move {
            if self.session.in_transaction {
                self.run_batch("ROLLBACK").await?;
            }
            if self.session.changed {
                self.statements.clear();
                self.stale.clear();
                self.session.enter()?;
                let outcome = self.client.reset().await;
                self.settle(outcome.map(drop).map_err(Failure::Client)).await?;
                let settings = self.settings.clone();
                self.run_batch(&settings).await?;
                self.session.changed = false;
            }
            Ok(())
        })
    }

    fn ping(&mut self) -> Answer<'_, ()> {
        Answer::later(async move {
            self.session.enter()?;
            let outcome = self.client.ping().await;
            self.settle(outcome.map_err(Failure::Client)).await
        })
    }

    fn close(self: Box<Self>) -> Answer<'static, ()> {
        Answer::later(async move { self.client.disconnect().await.map_err(errors::running) })
    }
}
