//! One connection: statements, cursors, transactions.
//!
//! Invariants
//! - What was given up is over before the next statement begins: it waits for the server to finish, and outside a
//!   transaction asks it to stop if it does not.
//! - A statement is prepared once per text and kept (see `cache.rs`); a plan that went stale is prepared anew, at once
//!   if no transaction would notice.
//! - Rows go to the sink from where they came in, one at a time; nothing collects or copies them.
//! - The client library is asked for what only it does (types of one's own, catalogues), and has nothing under way when
//!   a statement begins.

mod bulk;
mod pooled;
mod run;
mod session;

pub(crate) use session::touches_session;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{
    Answer, BulkInsert, Connection, Cursor, Done, IntrospectOptions, Isolation, Query, RowSink, ServerInfo, Statement,
    TransactionOptions,
};
use relata_sql::{Error, Kind, Result};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::cache::StatementCache;
use crate::connect::Endpoint;
use crate::engine::Engine;
use crate::errors;
use crate::line::Line;
use crate::message;

/// How long an abandoned statement may go on before the server is asked to stop it.
const PATIENCE: Duration = Duration::from_millis(20);

/// How long at most it is waited for before it is asked again.
const MOST_PATIENCE: Duration = Duration::from_secs(1);

/// A connection to PostgreSQL.
pub(crate) struct PostgresConnection {
    client: Client,
    engine: Engine,
    server: ServerInfo,
    line: Arc<Line>,
    endpoint: Endpoint,
    cache: StatementCache,
    shapes: bulk::Shapes,
    /// Types that are not PostgreSQL's own, as far as statements have met them.
    types: HashMap<u32, Type>,
    /// The library was asked something and has not answered.
    asking: bool,
    broken: bool,
    touched: bool,
}

impl PostgresConnection {
    pub(crate) fn new(
        (client, engine, server): (Client, Engine, ServerInfo),
        line: Arc<Line>,
        endpoint: Endpoint,
        capacity: usize,
    ) -> Self {
        PostgresConnection {
            client,
            engine,
            server,
            line,
            endpoint,
            cache: StatementCache::new(capacity),
            shapes: bulk::Shapes::default(),
            types: HashMap::new(),
            asking: false,
            broken: false,
            touched: false,
        }
    }

    /// Where it leads.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether nothing can be sent any more. While the library waits for an answer, what comes is the library's to read.
    fn is_over(&self) -> bool {
        self.broken || if self.asking { self.line.was_closed() } else { self.line.is_closed() }
    }

    /// Waits until nothing is under way.
    async fn settle(&mut self) -> Result<()> {
        if self.is_over() {
            self.broken = true;
            return Err(Error::new(Kind::NotSent, "the connection is closed").hint("take another connection"));
        }
        if self.asking || self.line.is_busy() || self.line.is_halfway() {
            // Seldom, so that its future is not part of every statement's.
            return Box::pin(self.settle_down()).await;
        }
        Ok(())
    }

    async fn settle_down(&mut self) -> Result<()> {
        if !self.asking && !self.line.is_busy() {
            // The library has read the half of something that the server said by itself.
            self.asking = true;
            return self.drain().await;
        }
        if self.line.in_transaction() {
            // Stopping the statement would fail the transaction: its rows are read to the end.
            return self.drain().await;
        }
        if let Ok(drained) = tokio::time::timeout(PATIENCE, self.drain()).await {
            return drained;
        }
        let mut patience = PATIENCE;
        loop {
            // The request may come before or after the statement's end; what it hits then is the empty query below. One that
            // comes before the server has read the statement is forgotten there, and sent again.
            let _ = self.endpoint.cancel(self.client.cancel_token()).await;
            patience = (patience * 4).min(MOST_PATIENCE);
            if let Ok(drained) = tokio::time::timeout(patience, self.drain()).await {
                drained?;
                break;
            }
        }
        self.asking = true;
        self.drain().await
    }

    /// Reads what is still to come.
    async fn drain(&mut self) -> Result<()> {
        if let Err(error) = self.line.drain().await {
            self.broken = true;
            return Err(errors::line(error).with_kind(Kind::NotSent));
        }
        while self.asking {
            match self.engine.serve(self.client.check_connection()).await {
                Ok(()) => self.asking = false,
                // That was meant for what is over.
                Err(error) if error.as_db_error().is_some() => {}
                Err(error) => {
                    self.broken = true;
                    return Err(errors::library(error).with_kind(Kind::NotSent));
                }
            }
        }
        Ok(())
    }

    /// Asks the library; afterwards it has nothing under way.
    async fn ask<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client) -> std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        self.asking = true;
        let result = self.engine.serve(work(&self.client)).await;
        let result = result.map_err(errors::library);
        match &result {
            Err(error) if errors::breaks_connection(error) => self.broken = true,
            // An answer that was not read to its end, or a statement that is being closed.
            _ => self.drain().await?,
        }
        result
    }

    /// Runs a script in the simple protocol.
    pub(crate) async fn script(&mut self, script: &str) -> Result<()> {
        self.settle().await?;
        self.refuse_session_state(script)?;
        self.touched |= touches_session(script);
        self.line.send(1, |out| message::query(script, out))?;
        let result = self.read_script(false).await.map(|_| ());
        self.ended(result, "")
    }
}

/// An answer; if nobody waits for it any more, what is due on the line is read all the same. A macro and no function: the
/// work is a future of some size, which is made where it stays.
macro_rules! answer {
    ($line:expr, $work:expr) => {{
        let watch = $crate::line::Watch::new(&$line);
        relata_sql::Answer::later(async move {
            let result = $work.await;
            watch.came();
            result
        })
    }};
}
use answer;

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
        answer!(self.line, self.run(statement, None))
    }

    fn query<'a>(&'a mut self, statement: Statement<'a>, sink: &'a mut dyn RowSink) -> Answer<'a, ()> {
        answer!(self.line, self.query_rows(statement, sink))
    }

    fn pipelines(&self) -> bool {
        true
    }

    fn query_all<'a>(&'a mut self, queries: Vec<Query<'a>>) -> Answer<'a, ()> {
        answer!(self.line, self.run_all(queries))
    }

    fn open_cursor<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Box<dyn Cursor + 'a>> {
        answer!(self.line, self.cursor(statement))
    }

    fn batch<'a>(&'a mut self, script: &'a str) -> Answer<'a, ()> {
        answer!(self.line, self.script(script))
    }

    fn bulk_insert<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64> {
        answer!(self.line, self.insert_rows(insert))
    }

    fn array_types<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, Option<Arc<[String]>>> {
        self.types_for_arrays(insert)
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
        answer!(self.line, self.script(&sql))
    }

    fn in_transaction(&self) -> bool {
        self.line.in_transaction()
    }

    fn introspect<'a>(&'a mut self, options: &'a IntrospectOptions) -> Answer<'a, Schema> {
        answer!(self.line, async move {
            self.settle().await?;
            let (server, own_transaction) = (self.server.clone(), !self.line.in_transaction());
            let read = async |client: &Client| crate::introspect::read(client, &server, own_transaction, options).await;
            let result = self.ask(read).await;
            if result.is_err() && own_transaction && !self.broken {
                self.script("ROLLBACK").await?;
            }
            result.map_err(|error| error.context("while reading the catalogue"))
        })
    }

    fn statistics(&mut self) -> Answer<'_, Vec<TableStatistics>> {
        Answer::later(crate::stats::read(self))
    }

    fn is_broken(&self) -> bool {
        self.is_over()
    }

    fn is_busy(&self) -> bool {
        self.asking || self.line.is_busy()
    }

    fn is_touched(&self) -> bool {
        self.touched
    }

    fn reset(&mut self) -> Answer<'_, ()> {
        answer!(self.line, self.as_new())
    }

    fn ping(&mut self) -> Answer<'_, ()> {
        answer!(self.line, async move {
            self.settle().await?;
            self.line.send::<Error>(1, |out| {
                message::sync(out);
                Ok(())
            })?;
            let result = self.read_out(None).await.map(|_| ());
            self.ended(result, "")
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
