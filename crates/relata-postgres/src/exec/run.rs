//! Preparing, starting and reading statements.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relata_sql::driver::{Answer, Cursor, Done, Query, RowSink, Statement};
use relata_sql::{Error, Kind, Result};
use tokio_postgres::types::Type;

use super::{PostgresConnection, answer, touches_session};
use crate::cache::{Again, Column, Prepared};
use crate::errors;
use crate::line::Line;
use crate::message::{self, Report};
use crate::types::{Parameter, PgRow};

/// Names of prepared statements differ in the whole process: behind a pooler, connections share servers.
static NAMES: AtomicU64 = AtomicU64::new(0);

/// Why a statement did not come to its end.
pub(super) enum Failure {
    /// The server refused it; it is ready for the next.
    Server(Box<Report>),
    /// The line failed, perhaps after the server said why.
    Line(io::Error, Option<Box<Report>>),
    /// Before it was sent, or because the sink had enough: then rows are still to come.
    Ours(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Ours(error)
    }
}

pub(super) type Attempt<T> = std::result::Result<T, Failure>;

impl PostgresConnection {
    pub(super) async fn query_rows(&mut self, statement: Statement<'_>, sink: &mut dyn RowSink) -> Result<()> {
        self.run(statement, Some(sink)).await.map(|_| ())
    }

    pub(super) async fn run(&mut self, statement: Statement<'_>, sink: Option<&mut dyn RowSink>) -> Result<Done> {
        self.settle().await?;
        let result = match (&sink, statement.cached || !statement.params.is_empty()) {
            // Neither rows nor parameters nor a wish to keep it: one round trip.
            (None, false) => Box::pin(self.once(statement.sql)).await,
            _ => match self.start(&statement).await {
                Ok(prepared) => self.finish(&prepared, sink).await,
                Err(failure) => Err(failure),
            },
        };
        let result = result.map(|rows_affected| Done { rows_affected, last_insert_id: None });
        self.ended(result, statement.sql)
    }

    async fn finish(&mut self, prepared: &Prepared, sink: Option<&mut dyn RowSink>) -> Attempt<u64> {
        match sink {
            None => self.read_out(None).await,
            Some(sink) => {
                describe(prepared, sink)?;
                self.read_out(Some((prepared, sink))).await
            }
        }
    }

    async fn once(&mut self, sql: &str) -> Attempt<u64> {
        self.refuse_session_state(sql)?;
        self.touched |= touches_session(sql);
        self.line.send(1, |out| {
            message::parse("", sql, &[], out)?;
            message::bind("", &[], [].into_iter(), out).map_err(refused)?;
            message::execute(out);
            message::sync(out);
            Ok::<_, Error>(())
        })?;
        self.read_out(None).await
    }

    /// What became of a statement.
    pub(super) fn ended<T>(&mut self, result: Attempt<T>, sql: &str) -> Result<T> {
        result.map_err(|failure| match failure {
            // The rows that are still to come are read by the next statement.
            Failure::Ours(error) if error.kind() == Kind::InvalidValue && error.details().sql.is_none() => {
                errors::about(error, sql)
            }
            Failure::Ours(error) => error,
            Failure::Server(report) => {
                let error = errors::about(errors::database(&report), sql);
                self.broken |= errors::breaks_connection(&error);
                if error.details().sqlstate.as_ref().is_some_and(|code| code.starts_with("42")) {
                    self.shapes.forget();
                }
                error
            }
            Failure::Line(error, report) => {
                self.broken = true;
                match report {
                    Some(report) => errors::about(errors::database(&report), sql),
                    None => errors::line(error),
                }
            }
        })
    }

    /// The statement prepared, and whether it was before.
    pub(super) async fn prepare(&mut self, sql: &str, cached: bool) -> Attempt<(Arc<Prepared>, bool)> {
        if let Some(prepared) = cached.then(|| self.cache.get(sql)).flatten() {
            return Ok((prepared, true));
        }
        // What is done once for each statement is not part of every statement's future.
        Ok((Box::pin(self.prepare_anew(sql, cached)).await?, false))
    }

    async fn prepare_anew(&mut self, sql: &str, cached: bool) -> Attempt<Arc<Prepared>> {
        let name = match self.server.pooled || !cached {
            true => String::new(),
            false => format!("r{}", NAMES.fetch_add(1, Ordering::Relaxed)),
        };
        let prepared = Arc::new(self.parse(name, sql).await?);
        if cached {
            self.cache.insert(sql, prepared.clone());
        }
        Ok(prepared)
    }

    async fn parse(&mut self, name: String, sql: &str) -> Attempt<Prepared> {
        self.line.send(1, |out| {
            message::parse(&name, sql, &[], out)?;
            message::describe(&name, out)?;
            message::sync(out);
            Ok::<_, Error>(())
        })?;
        let (mut parameters, mut columns) = (Some(Vec::new()), Some(Vec::new()));
        let (mut exchange, mut described) = (Exchange::default(), Vec::new());
        let received = self.line.receive(|tag, body| {
            match tag {
                b't' => parameters = message::parameters(body),
                b'T' => {
                    columns = message::columns(body);
                    described.extend_from_slice(body);
                }
                _ => exchange.note(tag, body),
            }
            exchange.flow()
        });
        let received = received.await;
        exchange.outcome(received)?;
        let (Some(parameters), Some(columns)) = (parameters, columns) else {
            return Err(errors::protocol("what it says of a statement makes no sense").into());
        };
        let oids = parameters.iter().copied().chain(columns.iter().map(|(_, oid)| *oid));
        self.learn(sql, oids).await?;
        let parameters = parameters.into_iter().map(|oid| self.type_of(oid)).collect::<Result<_>>()?;
        let column = |(name, oid)| Ok(Column { name, ty: self.type_of(oid)? });
        let columns = columns.into_iter().map(column).collect::<Result<_>>()?;
        let again = self.server.pooled.then(|| Again { sql: sql.into(), described });
        Ok(Prepared { again, ..Prepared::new(name, sql, parameters, columns) })
    }

    pub(super) fn known(&self, oid: u32) -> Option<Type> {
        Type::from_oid(oid).or_else(|| self.types.get(&oid).cloned())
    }

    pub(super) fn type_of(&self, oid: u32) -> Result<Type> {
        self.known(oid).ok_or_else(|| errors::protocol(&format!("a statement has a type {oid} that nobody knows")))
    }

    /// Has the library look up the types of a statement that are not PostgreSQL's own.
    async fn learn(&mut self, sql: &str, mut oids: impl Iterator<Item = u32>) -> Result<()> {
        if self.server.pooled {
            return self.learn_pooled(oids.collect()).await;
        }
        if oids.all(|oid| self.known(oid).is_some()) {
            return Ok(());
        }
        let statement = self.ask(async |client| client.prepare(sql).await).await?;
        let parameters = statement.params().iter().cloned();
        let columns = statement.columns().iter().map(|column| column.type_().clone());
        self.types.extend(parameters.chain(columns).map(|ty| (ty.oid(), ty)));
        drop(statement);
        // The library has its statement closed with the next thing it is asked.
        self.asking = true;
        self.drain().await
    }

    /// Runs queries that do not depend on each other: all leave before the first answer is read. Those that only read share a
    /// transaction, so that the server ends one and sends its answers when they fill a page.
    pub(super) async fn run_all(&mut self, queries: Vec<Query<'_>>) -> Result<()> {
        self.settle().await?;
        let mut all = Vec::with_capacity(queries.len());
        for query in queries {
            let statement = query.statement;
            let result = self.prepare(statement.sql, statement.cached).await;
            let (prepared, old) = self.ended(result, statement.sql)?;
            if prepared.name.is_empty() {
                // The server keeps one nameless statement at a time.
                self.run(statement, Some(query.sink)).await?;
                continue;
            }
            check_parameters(statement.sql, statement.params.len(), prepared.parameters.len())?;
            self.note_session(&prepared, statement.sql)?;
            all.push(Sent { prepared, old, query, goes_on: false });
        }
        for at in 0..all.len() {
            let goes_on = all[at].query.only_reads && all.get(at + 1).is_some_and(|next| next.query.only_reads);
            all[at].goes_on = goes_on;
            let Sent { prepared, query: Query { statement, .. }, .. } = &all[at];
            let sent = self.send_bound(prepared, statement.params.iter().map(Parameter::One), goes_on);
            self.ended(sent, statement.sql)?;
        }
        let (mut again, mut failed, mut is_passed_over) = (Vec::new(), None, false);
        for Sent { prepared, old, query: Query { statement, sink, .. }, goes_on } in all {
            if is_passed_over {
                is_passed_over = goes_on;
                again.push((statement, sink));
                continue;
            }
            let mut rows: Option<(&Prepared, &mut dyn RowSink)> = None;
            if failed.is_none() {
                describe(&prepared, sink)?;
                rows = Some((&prepared, &mut *sink));
            }
            match (read(&self.line, rows, Until { goes_on, ..Until::END }).await, &failed) {
                (Ok(_), _) => {}
                (Err(Failure::Server(report)), None) => {
                    is_passed_over = goes_on;
                    if is_stale(&report, old) && !self.line.in_transaction() {
                        self.cache.remove(statement.sql);
                        again.push((statement, sink));
                    } else {
                        failed = self.ended::<()>(Err(Failure::Server(report)), statement.sql).err();
                    }
                }
                (Err(failure), None) => return self.ended(Err(failure), statement.sql),
                // A consequence.
                (Err(_), Some(_)) => is_passed_over = goes_on,
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        for (statement, sink) in again {
            self.run(statement, Some(sink)).await?;
        }
        Ok(())
    }

    /// Starts a statement.
    pub(super) async fn start(&mut self, statement: &Statement<'_>) -> Attempt<Arc<Prepared>> {
        self.start_with(statement, statement.params.iter().map(Parameter::One)).await
    }

    /// Starts a statement with other parameters than its values.
    pub(super) async fn start_with<'v>(
        &mut self,
        statement: &Statement<'_>,
        parameters: impl ExactSizeIterator<Item = Parameter<'v>> + Clone,
    ) -> Attempt<Arc<Prepared>> {
        let (prepared, old) = self.prepare(statement.sql, statement.cached).await?;
        check_parameters(statement.sql, parameters.len(), prepared.parameters.len())?;
        self.note_session(&prepared, statement.sql)?;
        let mut both = parameters.clone().zip(&prepared.parameters);
        if old && both.any(|(value, ty)| value.loses(ty)) && self.has_other_types(statement.sql, &prepared).await? {
            self.cache.remove(statement.sql);
            return Box::pin(self.start_anew(statement, parameters)).await;
        }
        match self.bind(&prepared, parameters.clone()).await {
            Ok(None) => return Ok(prepared),
            Ok(Some(described)) => return self.described_anew(statement.sql, &prepared, described),
            Err(Failure::Server(report)) if is_stale(&report, old) => {
                self.cache.remove(statement.sql);
                if self.line.in_transaction() {
                    return Err(Failure::Server(report));
                }
            }
            Err(Failure::Ours(_)) if old => self.cache.remove(statement.sql),
            Err(failure) => return Err(failure),
        }
        Box::pin(self.start_anew(statement, parameters)).await
    }

    /// The types of its parameters are others by now, so that values would be kept otherwise than they are, without a word.
    #[cold]
    async fn has_other_types(&mut self, sql: &str, before: &Prepared) -> Attempt<bool> {
        let now = Box::pin(self.parse(String::new(), sql)).await?;
        let same = |(before, now): (&Type, &Type)| before.oid() == now.oid();
        let parameters = before.parameters.iter().zip(&now.parameters);
        Ok(before.parameters.len() != now.parameters.len() || !parameters.into_iter().all(same))
    }

    /// Notes that a statement may leave something in the session, or refuses it where that would get lost.
    fn note_session(&mut self, prepared: &Prepared, sql: &str) -> Result<()> {
        if prepared.touches_session {
            self.refuse_session_state(sql)?;
            self.touched = true;
        }
        Ok(())
    }

    /// Starts a statement that was not what it had been.
    async fn start_anew<'v>(
        &mut self,
        statement: &Statement<'_>,
        parameters: impl ExactSizeIterator<Item = Parameter<'v>>,
    ) -> Attempt<Arc<Prepared>> {
        self.client.clear_type_cache();
        self.types.clear();
        let (prepared, _) = self.prepare(statement.sql, statement.cached).await?;
        check_parameters(statement.sql, parameters.len(), prepared.parameters.len())?;
        match self.bind(&prepared, parameters).await? {
            None => Ok(prepared),
            Some(described) => self.described_anew(statement.sql, &prepared, described),
        }
    }

    /// Sends a statement with its parameters and waits until the server has taken them. Behind a pooler the server says
    /// each time what the result is: `Some` if that is something else than before.
    async fn bind<'v>(
        &mut self,
        prepared: &Prepared,
        parameters: impl ExactSizeIterator<Item = Parameter<'v>>,
    ) -> Attempt<Option<Vec<u8>>> {
        self.send_bound(prepared, parameters, false)?;
        let (mut exchange, mut other) = (Exchange::default(), None);
        let received = self.line.receive(|tag, body| {
            if let (b'T' | b'n', Some(again)) = (tag, &prepared.again) {
                other = (again.described != body).then(|| body.to_vec());
            }
            exchange.note(tag, body);
            if tag == b'2' { ControlFlow::Break(()) } else { exchange.flow() }
        });
        let received = received.await;
        exchange.outcome(received).map(|_| other)
    }

    fn send_bound<'v>(
        &mut self,
        prepared: &Prepared,
        parameters: impl ExactSizeIterator<Item = Parameter<'v>>,
        goes_on: bool,
    ) -> Attempt<()> {
        let gone = self.cache.gone();
        self.line.send(usize::from(!goes_on), |out| {
            if let Some(again) = &prepared.again {
                // The parameters are written for the types that were told then.
                message::parse("", &again.sql, &prepared.parameters, out)?;
                message::describe("", out)?;
            }
            message::bind(&prepared.name, &prepared.parameters, parameters, out).map_err(refused)?;
            message::execute(out);
            gone.drain(..).try_for_each(|name| message::close(&name, out))?;
            if !goes_on {
                message::sync(out);
            }
            Ok::<_, Error>(())
        })?;
        Ok(())
    }

    /// Reads a statement to its end; gives how many rows it was about.
    pub(super) async fn read_out(&mut self, rows: Option<(&Prepared, &mut dyn RowSink)>) -> Attempt<u64> {
        let exchange = read(&self.line, rows, Until::END).await?;
        if exchange.asks_for_rows { Box::pin(self.refuse_copy()).await } else { Ok(exchange.affected) }
    }

    /// A statement turned out to be a `COPY` from the client.
    async fn refuse_copy(&mut self) -> Attempt<u64> {
        // The server has taken no notice of the end of the statement, as it waits for rows.
        self.line.send(0, |out| {
            message::copy_fail(out);
            message::sync(out);
            Ok::<_, Error>(())
        })?;
        // The server's own complaint is about the same.
        match read(&self.line, None, Until::END).await {
            Ok(_) | Err(Failure::Server(_)) => Err(no_copy().into()),
            Err(failure) => Err(failure),
        }
    }

    /// Reads a script, or a `COPY` whose rows are there, to its end.
    pub(super) async fn read_script(&mut self, rows_are_there: bool) -> Attempt<u64> {
        let exchange = read(&self.line, None, Until::END).await?;
        if !exchange.asks_for_rows {
            return Ok(exchange.affected);
        }
        if rows_are_there {
            return read(&self.line, None, Until::END).await.map(|exchange| exchange.affected);
        }
        self.line.send(0, |out| {
            message::copy_fail(out);
            Ok::<_, Error>(())
        })?;
        // The server's own complaint is about the same.
        match read(&self.line, None, Until::END).await {
            Ok(_) | Err(Failure::Server(_)) => Err(no_copy().into()),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn cursor(&mut self, statement: Statement<'_>) -> Result<Box<dyn Cursor + '_>> {
        self.settle().await?;
        let started = self.start(&statement).await;
        let prepared = self.ended(started, statement.sql)?;
        let sql = statement.sql.to_string();
        Ok(Box::new(PostgresCursor { connection: self, prepared, sql, described: false, done: false }))
    }
}

/// It must be prepared anew. `old`: it was prepared before.
fn is_stale(report: &Report, old: bool) -> bool {
    errors::is_stale(report) || old && errors::may_be_stale(&report.code)
}

fn refused(refused: errors::Refused) -> Error {
    Error::new(Kind::InvalidValue, refused.0)
}

fn describe(prepared: &Prepared, sink: &mut dyn RowSink) -> Result<()> {
    if sink.wants_columns() {
        sink.columns(&prepared.infos())?;
    }
    Ok(())
}

/// What the server has said about one statement.
#[derive(Default)]
struct Exchange {
    affected: u64,
    report: Option<Box<Report>>,
    refused: Option<Error>,
    ready: bool,
    /// It is a `COPY` from the client.
    asks_for_rows: bool,
    rows: usize,
}

impl Exchange {
    #[inline]
    fn note(&mut self, tag: u8, body: &[u8]) {
        match tag {
            b'C' => self.affected = message::affected(body),
            b'E' => {
                self.report.get_or_insert_with(|| Box::new(Report::read(body)));
            }
            b'Z' => self.ready = true,
            _ => {}
        }
    }

    /// A statement is over when the server is ready for the next.
    fn flow(&self) -> ControlFlow<()> {
        if self.ready { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn outcome(self, received: io::Result<()>) -> Attempt<Exchange> {
        match (received, self.report, self.refused) {
            (Err(error), report, _) => Err(Failure::Line(error, report)),
            (Ok(()), Some(report), _) => Err(Failure::Server(report)),
            (Ok(()), None, Some(error)) => Err(Failure::Ours(error)),
            (Ok(()), None, None) => Ok(Exchange { report: None, refused: None, ..self }),
        }
    }
}

/// A statement of several that were sent together.
struct Sent<'q> {
    prepared: Arc<Prepared>,
    /// It was prepared before.
    old: bool,
    query: Query<'q>,
    /// The next shares its transaction.
    goes_on: bool,
}

/// How far to read.
struct Until {
    rows: usize,
    /// The server is not ready when this statement is over, as it was sent the next with it. After an error it is.
    goes_on: bool,
}

impl Until {
    const END: Until = Until { rows: usize::MAX, goes_on: false };
}

async fn read(line: &Line, mut rows: Option<(&Prepared, &mut dyn RowSink)>, until: Until) -> Attempt<Exchange> {
    let mut exchange = Exchange::default();
    let received = line.receive(|tag, body| {
        match (tag, &mut rows) {
            (b'D', Some((prepared, sink))) => {
                if let Err(error) = sink.row(&mut PgRow::new(body, prepared)) {
                    exchange.refused = Some(error);
                    return ControlFlow::Break(());
                }
                exchange.rows += 1;
                if exchange.rows == until.rows {
                    return ControlFlow::Break(());
                }
            }
            (b'D', None) => {}
            (b'G', _) => {
                exchange.asks_for_rows = true;
                return ControlFlow::Break(());
            }
            (b'H', _) => exchange.refused = Some(no_copy()),
            (b'C' | b'I', _) if until.goes_on => return ControlFlow::Break(()),
            _ => exchange.note(tag, body),
        }
        exchange.flow()
    });
    let received = received.await;
    exchange.outcome(received)
}

fn no_copy() -> Error {
    Error::unsupported("a COPY to or from the client is no statement", "use a cursor, or `insert_many`")
}

fn check_parameters(sql: &str, given: usize, expected: usize) -> Result<()> {
    if given == expected {
        return Ok(());
    }
    let message = format!("the statement has {expected} placeholders and was given {given} values");
    Err(Error::new(Kind::Parameters, message).sql(sql).hint("give one value for each of $1, $2, …"))
}

/// Rows fetched in portions. Nothing is read from the wire while nobody fetches.
struct PostgresCursor<'c> {
    connection: &'c mut PostgresConnection,
    prepared: Arc<Prepared>,
    sql: String,
    described: bool,
    done: bool,
}

impl PostgresCursor<'_> {
    async fn next(&mut self, limit: usize, sink: &mut dyn RowSink) -> Result<bool> {
        if !self.described {
            self.described = true;
            describe(&self.prepared, sink)?;
        }
        if self.done || limit == 0 {
            return Ok(!self.done);
        }
        let result =
            read(&self.connection.line, Some((&self.prepared, sink)), Until { rows: limit, ..Until::END }).await;
        self.done = !matches!(&result, Err(Failure::Ours(_)) | Ok(Exchange { ready: false, .. }));
        self.connection.ended(result, &self.sql).map(|exchange| !exchange.ready)
    }
}

impl Cursor for PostgresCursor<'_> {
    fn fetch<'a>(&'a mut self, limit: usize, sink: &'a mut dyn RowSink) -> Answer<'a, bool> {
        answer!(self.connection.line, self.next(limit, sink))
    }
}
