//! One connection: statements, cursors, transactions.
//!
//! Invariants
//! - `running` is set while a statement's future has not come to its end. Whoever drops that future leaves it set; the
//!   next statement first waits for the server to finish, and outside a transaction asks it to stop if it does not.
//! - A statement is prepared once per text and kept (see `cache.rs`); a plan that went stale is prepared anew, at once
//!   if no transaction would notice.
//! - Rows go to the sink from the client's buffer, one at a time; nothing collects them.

mod bulk;
mod session;

pub(crate) use session::touches_session;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{
    Answer, BulkInsert, Connection, Cursor, Done, IntrospectOptions, Isolation, RowSink, ServerInfo, Statement,
    TransactionOptions,
};
use relata_sql::{Error, Kind, Result};
use tokio_postgres::{Client, RowStream};

use crate::cache::{Prepared, StatementCache};
use crate::connect::Endpoint;
use crate::engine::Engine;
use crate::errors;
use crate::types::{Parameter, PgRow};
use crate::wire::Status;

/// How long an abandoned statement may go on before the server is asked to stop it.
const PATIENCE: Duration = Duration::from_millis(20);

/// A connection to PostgreSQL.
pub(crate) struct PostgresConnection {
    client: Client,
    engine: Engine,
    server: ServerInfo,
    status: Arc<Status>,
    endpoint: Endpoint,
    cache: StatementCache,
    running: bool,
    broken: bool,
    touched: bool,
}

/// How far an attempt came before it failed.
enum Failure {
    Server(tokio_postgres::Error),
    Ours(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Failure::Server(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Ours(error)
    }
}

impl PostgresConnection {
    pub(crate) fn new(
        (client, engine, server): (Client, Engine, ServerInfo),
        status: Arc<Status>,
        endpoint: Endpoint,
        capacity: usize,
    ) -> Self {
        let cache = StatementCache::new(capacity);
        PostgresConnection {
            client,
            engine,
            server,
            status,
            endpoint,
            cache,
            running: false,
            broken: false,
            touched: false,
        }
    }

    /// The statement prepared, and whether it was before.
    async fn prepare(
        &mut self,
        sql: &str,
        cached: bool,
    ) -> std::result::Result<(Arc<Prepared>, bool), tokio_postgres::Error> {
        if cached && let Some(prepared) = self.cache.get(sql) {
            return Ok((prepared, true));
        }
        let prepared = Arc::new(Prepared::new(self.client.prepare(sql).await?, sql));
        if cached {
            self.cache.insert(sql, prepared.clone());
        }
        Ok((prepared, false))
    }

    /// Starts a statement.
    async fn start(&mut self, statement: &Statement<'_>) -> std::result::Result<Running, Failure> {
        self.start_with(statement, statement.params.iter().map(Parameter::One)).await
    }

    /// Starts a statement with other parameters than its values.
    async fn start_with<'v>(
        &mut self,
        statement: &Statement<'_>,
        parameters: impl ExactSizeIterator<Item = Parameter<'v>> + Clone,
    ) -> std::result::Result<Running, Failure> {
        for last in [false, true] {
            let (prepared, old) = self.prepare(statement.sql, statement.cached).await?;
            check_parameters(statement.sql, parameters.len(), prepared.statement.params().len())?;
            self.touched |= prepared.touches_session;
            match self.client.query_raw(&prepared.statement, parameters.clone()).await {
                Ok(rows) => return Ok(Running { rows: Box::pin(rows), prepared }),
                Err(error) if errors::is_stale(&error) || old && errors::may_be_stale(&error) => {
                    self.cache.remove(statement.sql);
                    let failed = error.as_db_error().is_some() && self.status.in_transaction();
                    if last || failed {
                        return Err(error.into());
                    }
                    self.client.clear_type_cache();
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::new(Kind::Internal, "a statement was neither run nor refused").into())
    }

    async fn once(&mut self, sql: &str) -> std::result::Result<Done, Failure> {
        self.touched |= touches_session(sql);
        let rows_affected = self.client.execute_typed(sql, &[]).await?;
        Ok(Done { rows_affected, last_insert_id: None })
    }

    async fn run(&mut self, statement: Statement<'_>, sink: Option<&mut dyn RowSink>) -> Result<Done> {
        self.settle().await?;
        self.running = true;
        let result = match (&sink, statement.cached || !statement.params.is_empty()) {
            // Neither rows nor parameters nor a wish to keep it: one round trip.
            (None, false) => self.once(statement.sql).await,
            _ => match self.start(&statement).await {
                Ok(mut running) => running.finish(sink).await,
                Err(failure) => Err(failure),
            },
        };
        self.ended(result, statement.sql).await
    }

    /// What became of a statement.
    async fn ended(&mut self, result: std::result::Result<Done, Failure>, sql: &str) -> Result<Done> {
        match result {
            Ok(done) => {
                self.running = false;
                Ok(done)
            }
            // The sink stopped it: the rows that are still to come are read by the next statement.
            Err(Failure::Ours(error)) => Err(error),
            Err(Failure::Server(error)) => Err(self.failed(error, sql).await),
        }
    }

    /// Maps a failure, and learns from the server what became of the transaction.
    async fn failed(&mut self, error: tokio_postgres::Error, sql: &str) -> Error {
        let error = errors::statement(error, sql, true);
        let gone = errors::breaks_connection(&error)
            || self.status.in_transaction() && self.client.check_connection().await.is_err();
        self.broken |= gone;
        self.running = false;
        error
    }

    /// Waits until nothing is under way.
    async fn settle(&mut self) -> Result<()> {
        if self.broken || self.client.is_closed() {
            self.broken = true;
            return Err(Error::new(Kind::Unreachable, "the connection is closed").hint("take another connection"));
        }
        if !self.running {
            return Ok(());
        }
        if self.status.in_transaction() {
            // Stopping the statement would fail the transaction: its rows are read to the end.
            let drained = self.client.check_connection().await;
            return self.settled(drained);
        }
        if let Ok(drained) = tokio::time::timeout(PATIENCE, self.client.check_connection()).await {
            return self.settled(drained);
        }
        // The request may come before or after the statement's end; what it hits then is the empty query below.
        let _ = self.endpoint.cancel(self.client.cancel_token()).await;
        let mut drained = self.client.check_connection().await;
        if drained.as_ref().is_err_and(|error| error.as_db_error().is_some()) {
            drained = self.client.check_connection().await;
        }
        self.settled(drained)
    }

    fn settled(&mut self, drained: std::result::Result<(), tokio_postgres::Error>) -> Result<()> {
        match drained {
            Err(error) if error.as_db_error().is_none() => {
                self.broken = true;
                Err(errors::statement(error, "", false))
            }
            _ => {
                self.running = false;
                Ok(())
            }
        }
    }

    /// Runs a script in the simple protocol.
    pub(crate) async fn script(&mut self, script: &str) -> Result<()> {
        self.settle().await?;
        self.touched |= touches_session(script);
        self.running = true;
        match self.client.batch_execute(script).await {
            Ok(()) => {
                self.running = false;
                Ok(())
            }
            Err(error) => Err(self.failed(error, "").await),
        }
    }
}

/// Rows under way.
struct Running {
    rows: Pin<Box<RowStream>>,
    prepared: Arc<Prepared>,
}

impl Running {
    /// Reads to the end.
    async fn finish(&mut self, sink: Option<&mut dyn RowSink>) -> std::result::Result<Done, Failure> {
        match sink {
            None => while self.rows.try_next().await?.is_some() {},
            Some(sink) => {
                self.describe(sink)?;
                self.give(sink, usize::MAX).await?;
            }
        }
        Ok(Done { rows_affected: self.rows.rows_affected().unwrap_or(0), last_insert_id: None })
    }

    fn describe(&self, sink: &mut dyn RowSink) -> Result<()> {
        if sink.wants_columns() {
            sink.columns(&self.prepared.columns())?;
        }
        Ok(())
    }

    /// Gives at most `limit` rows; `false`: there are no more.
    async fn give(&mut self, sink: &mut dyn RowSink, limit: usize) -> std::result::Result<bool, Failure> {
        for _ in 0..limit {
            match self.rows.try_next().await? {
                Some(row) => sink.row(&PgRow::new(&row, &self.prepared.decoders))?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

fn check_parameters(sql: &str, given: usize, expected: usize) -> Result<()> {
    if given == expected {
        return Ok(());
    }
    let message = format!("the statement has {expected} placeholders and was given {given} values");
    Err(Error::new(Kind::Parameters, message).sql(sql).hint("give one value for each of $1, $2, …"))
}

/// Rows fetched in portions. The client stops reading from the wire while nobody fetches.
struct PostgresCursor<'c> {
    connection: &'c mut PostgresConnection,
    running: Running,
    sql: String,
    described: bool,
    done: bool,
}

impl PostgresCursor<'_> {
    async fn next(&mut self, limit: usize, sink: &mut dyn RowSink) -> Result<bool> {
        if !self.described {
            self.described = true;
            self.running.describe(sink)?;
        }
        if self.done {
            return Ok(false);
        }
        match self.running.give(sink, limit).await {
            Ok(more) => {
                self.done = !more;
                self.connection.running = more;
                Ok(more)
            }
            Err(Failure::Ours(error)) => Err(error),
            Err(Failure::Server(error)) => {
                self.done = true;
                Err(self.connection.failed(error, &self.sql).await)
            }
        }
    }
}

impl Cursor for PostgresCursor<'_> {
    fn fetch<'a>(&'a mut self, limit: usize, sink: &'a mut dyn RowSink) -> Answer<'a, bool> {
        let engine = self.connection.engine.clone();
        engine.answer(self.next(limit, sink))
    }
}

impl PostgresConnection {
    async fn cursor(&mut self, statement: Statement<'_>) -> Result<Box<dyn Cursor + '_>> {
        self.settle().await?;
        self.running = true;
        match self.start(&statement).await {
            Ok(running) => {
                let sql = statement.sql.to_string();
                Ok(Box::new(PostgresCursor { connection: self, running, sql, described: false, done: false }))
            }
            Err(Failure::Ours(error)) => {
                self.running = false;
                Err(error)
            }
            Err(Failure::Server(error)) => Err(self.failed(error, statement.sql).await),
        }
    }
}

impl Drop for PostgresConnection {
    /// The wire says good-bye by itself once the client is gone.
    fn drop(&mut self) {
        self.engine.detach();
    }
}

impl Connection for PostgresConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn server(&self) -> &ServerInfo {
        &self.server
    }

    fn execute<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Done> {
        let engine = self.engine.clone();
        engine.answer(self.run(statement, None))
    }

    fn query<'a>(&'a mut self, statement: Statement<'a>, sink: &'a mut dyn RowSink) -> Answer<'a, ()> {
        let engine = self.engine.clone();
        engine.answer(async move { self.run(statement, Some(sink)).await.map(|_| ()) })
    }

    fn open_cursor<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Box<dyn Cursor + 'a>> {
        let engine = self.engine.clone();
        engine.answer(self.cursor(statement))
    }

    fn batch<'a>(&'a mut self, script: &'a str) -> Answer<'a, ()> {
        let engine = self.engine.clone();
        engine.answer(self.script(script))
    }

    fn bulk_insert<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64> {
        let engine = self.engine.clone();
        engine.answer(self.insert_rows(insert))
    }

    fn begin<'a>(&'a mut self, options: TransactionOptions) -> Answer<'a, ()> {
        let isolation = match options.isolation {
            Isolation::Default => "",
            Isolation::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
            Isolation::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
            Isolation::Serializable => " ISOLATION LEVEL SERIALIZABLE",
        };
        let access = if options.read_only { " READ ONLY" } else { "" };
        let sql = format!("BEGIN{isolation}{access}");
        let engine = self.engine.clone();
        engine.answer(async move { self.script(&sql).await })
    }

    fn in_transaction(&self) -> bool {
        self.status.in_transaction()
    }

    fn introspect<'a>(&'a mut self, options: &'a IntrospectOptions) -> Answer<'a, Schema> {
        let engine = self.engine.clone();
        engine.answer(async move {
            self.settle().await?;
            self.running = true;
            let own_transaction = !self.status.in_transaction();
            let result = crate::introspect::read(&self.client, self.server.number, own_transaction, options).await;
            match result {
                Ok(schema) => {
                    self.running = false;
                    Ok(schema)
                }
                Err(error) => {
                    let error = self.failed(error, "").await;
                    if own_transaction && !self.broken {
                        self.script("ROLLBACK").await?;
                    }
                    Err(error.context("while reading the catalogue"))
                }
            }
        })
    }

    fn statistics(&mut self) -> Answer<'_, Vec<TableStatistics>> {
        Answer::later(crate::stats::read(self))
    }

    fn is_broken(&self) -> bool {
        self.engine.look();
        self.broken || self.client.is_closed()
    }

    fn is_busy(&self) -> bool {
        self.running
    }

    fn reset(&mut self) -> Answer<'_, ()> {
        let engine = self.engine.clone();
        engine.answer(self.as_new())
    }

    fn ping(&mut self) -> Answer<'_, ()> {
        let engine = self.engine.clone();
        engine.answer(async move {
            self.settle().await?;
            match self.client.check_connection().await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.failed(error, "").await),
            }
        })
    }

    fn abandon(self: Box<Self>) -> Answer<'static, ()> {
        Answer::later(async move {
            let asked = self.endpoint.cancel(self.client.cancel_token()).await;
            drop(self);
            asked
        })
    }

    fn close(self: Box<Self>) -> Answer<'static, ()> {
        // The wire sends Terminate and ends once the client is gone.
        drop(self);
        Answer::ready(Ok(()))
    }
}
