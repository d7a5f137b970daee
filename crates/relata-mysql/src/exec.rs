//! Statements on an open connection.
//!
//! A statement that is to be kept goes by the binary protocol, prepared once per text; SQL without parameters that will
//! hardly come again, and what the server cannot prepare, goes by the text protocol in one round trip.
//!
//! States of a [`Session`]: idle -> busy (`enter`) -> idle (`leave`). A future dropped while busy leaves it busy, and
//! a busy or closed session is broken for good.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{
    Answer, BulkInsert, Connection, Cursor, Done, IntrospectOptions, Isolation, Kept, RowSink, ServerInfo, Statement,
    TransactionOptions,
};
use relata_sql::{Error, Kind, Result};

use crate::client::{Answered, Client, Prepared, Trouble};
use crate::connect::Target;
use crate::cursor::{self, MysqlCursor};
use crate::{errors, introspect};

/// A longer text, of a list without end, is prepared for once.
const LONGEST_KEPT: usize = 1 << 19;

/// `Prepared statement needs to be re-prepared`: what it reads was changed, or has fallen out of the server's table cache.
const MUST_BE_PREPARED_ANEW: u16 = 1615;

/// The most placeholders that one prepared statement may have.
const MOST_PLACEHOLDERS: usize = 65_535;

/// The most rows of one statement of a bulk insert: the same text comes again for each portion, and stays prepared.
const ROWS_AT_ONCE: usize = 1000;

/// So long a session whose client is gone may take to end.
const GOING_BY_THEMSELVES: Duration = Duration::from_millis(20);

/// Between two looks at who is left.
const PAUSE: Duration = Duration::from_millis(2);

/// Why a statement stopped.
pub(crate) enum Failure {
    Client(Trouble),
    Sink(Error),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Failure::Client(trouble)
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
            Failure::Client(trouble) => {
                self.closed |= match &trouble {
                    Trouble::Server(error) => errors::closes_connection(error.code),
                    Trouble::TooLong => false,
                    _ => true,
                };
                errors::running(trouble)
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
    client: Client,
    session: Session,
    server: ServerInfo,
    statements: Kept<Arc<Prepared>>,
    /// How the server is reached again, to end what this connection does.
    target: Target,
    settings: String,
}

impl MysqlConnection {
    pub(crate) fn new(client: Client, server: ServerInfo, target: Target, settings: String, statements: usize) -> Self {
        let session = Session { busy: false, closed: false, in_transaction: false, changed: false };
        MysqlConnection { client, session, server, statements: Kept::new(statements), target, settings }
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
        self.session.in_transaction = self.client.is_in_transaction();
    }

    /// Starts a statement; its rows are still to be read.
    async fn start(&mut self, mut statement: Statement<'_>) -> Result<Answered, Failure> {
        statement.cached &= statement.sql.len() <= LONGEST_KEPT;
        if statement.params.is_empty() && !statement.cached {
            return Ok(self.client.query(statement.sql).await?);
        }
        let prepared = match self.statements.get(statement.sql).cloned() {
            Some(prepared) => prepared,
            None => match self.client.prepare(statement.sql).await {
                Ok(prepared) => self.keep(statement, prepared),
                Err(Trouble::Server(error)) if error.code == 1295 && statement.params.is_empty() => {
                    return Ok(self.client.query(statement.sql).await?);
                }
                Err(error) => return Err(error.into()),
            },
        };
        if !self.is_mysql() || prepared.takes(statement.params) {
            match self.execute(&prepared, statement).await {
                Err(Failure::Client(Trouble::Server(error))) if error.code == MUST_BE_PREPARED_ANEW => {}
                outcome => return outcome,
            }
        }
        // Nothing of it has happened. Once is enough: the server has tried three times by itself.
        if let Some(stale) = self.statements.remove(statement.sql) {
            self.client.close(&stale);
        }
        let prepared = self.client.prepare(statement.sql).await?;
        prepared.takes(statement.params);
        let prepared = self.keep(statement, prepared);
        self.execute(&prepared, statement).await
    }

    async fn execute(&mut self, prepared: &Prepared, statement: Statement<'_>) -> Result<Answered, Failure> {
        let (wanted, got) = (prepared.params, statement.params.len());
        let outcome = if wanted == got {
            let started = self.client.execute(prepared, statement.params).await;
            started.map_err(Failure::Client).and_then(|started| started.map_err(Failure::Sink))
        } else {
            let message = format!("the statement has {wanted} placeholders and got {got} values");
            Err(Failure::Sink(Error::new(Kind::Parameters, message)))
        };
        if !statement.cached {
            self.client.close(prepared);
        }
        outcome
    }

    fn keep(&mut self, statement: Statement<'_>, prepared: Prepared) -> Arc<Prepared> {
        let prepared = Arc::new(prepared);
        if statement.cached
            && let Some(pushed_out) = self.statements.insert(statement.sql, prepared.clone())
        {
            self.client.close(&pushed_out);
        }
        prepared
    }

    async fn run(&mut self, statement: Statement<'_>) -> Result<Done, Failure> {
        let result = self.start(statement).await?;
        self.client.discard().await?;
        let last_insert_id = i64::try_from(result.last_id).ok().filter(|id| *id != 0);
        Ok(Done { rows_affected: result.affected, last_insert_id })
    }

    async fn give_rows(&mut self, statement: Statement<'_>, sink: &mut dyn RowSink) -> Result<(), Failure> {
        let result = self.start(statement).await?;
        cursor::drain(&mut self.client, &result, sink).await
    }

    async fn run_script(&mut self, script: &str) -> Result<(), Failure> {
        match self.client.run(script).await {
            // A script that ends in a comment, or holds nothing else.
            Err(Trouble::Server(error)) if error.code == 1065 => Ok(()),
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
        let outcome = first_rows(&mut self.client, script).await;
        self.settle(outcome).await
    }

    /// Ends the sessions that use a database, so that dropping it need not wait for them.
    ///
    /// Those that are about to end by themselves are left alone: MariaDB takes the thread of a session that has ended for a
    /// new one, and a `KILL` that comes just then may hit that.
    pub(crate) async fn kill_sessions_of(&mut self, database: &str) -> Result<()> {
        let mut left = self.sessions_of(database).await?;
        let until = Instant::now() + GOING_BY_THEMSELVES;
        while !left.is_empty() && Instant::now() < until {
            tokio::time::sleep(PAUSE).await;
            let there = self.sessions_of(database).await?;
            left.retain(|id| there.contains(id));
        }
        for id in left {
            match self.run_batch(&format!("KILL {id}")).await {
                // It has gone by itself.
                Err(error) if error.details().sqlstate.as_deref() != Some("HY000") => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The numbers of the other sessions that use a database.
    async fn sessions_of(&mut self, database: &str) -> Result<Vec<i64>> {
        let mut ids = Numbers(Vec::new());
        let database = [relata_sql::Value::Text(database.to_string())];
        let sql = "SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()";
        self.run_query(Statement::once(sql, &database), &mut ids).await?;
        Ok(ids.0)
    }

    async fn insert_many(&mut self, insert: BulkInsert<'_>) -> Result<u64> {
        if insert.whole_rows()? == 0 {
            return Ok(0);
        }
        let chunks = chunks(&insert, self.client.max_packet);
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
        let statement =
            Statement { cached: rows.len() == ROWS_AT_ONCE || rows.len() <= 100, ..Statement::new(sql, params) };
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

/// The first row of each result of a script, as text.
async fn first_rows(client: &mut Client, script: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
    let mut answers = Vec::new();
    client.query(script).await?;
    loop {
        answers.push(client.texts().await?.into_iter().next().unwrap_or_default());
        if client.next_result().await?.is_none() {
            break;
        }
    }
    Ok(answers)
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
            let result = match self.start(statement).await {
                Ok(result) => result,
                Err(failure) => {
                    let settled = self.settle(Err(failure)).await;
                    return settled.map_err(|error| with_sql(error, statement));
                }
            };
            self.session.leave();
            let cursor: Box<dyn Cursor + 'a> = Box::new(MysqlCursor::new(&mut self.client, &mut self.session, result));
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
        self.session.busy || self.session.closed || self.client.is_closed()
    }

    fn is_busy(&self) -> bool {
        self.session.busy
    }

    fn abandon(self: Box<Self>) -> Answer<'static, ()> {
        Answer::later(async move {
            let mut other = self.target.reach().await.map_err(errors::running)?;
            // The connection stays open until then: see `kill_sessions_of`.
            other.run(&format!("KILL {}", self.client.agreed().session)).await.map_err(errors::running)?;
            drop(self);
            other.quit().await.map_err(errors::running)
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
                self.session.enter()?;
                let outcome = self.client.reset().await;
                self.settle(outcome.map_err(Failure::Client)).await?;
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
        Answer::later(async move { self.client.quit().await.map_err(errors::running) })
    }
}
