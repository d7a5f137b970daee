//! What is watched of every statement, in one place: time, errors, deadline, trace.
//!
//! [`Observed`] stands around a driver's connection and is a connection itself, so nothing above or below knows of it.
//!
//! Invariants
//! - An answer that is there at once (SQLite) stays so: no future, no allocation, one reading of the clock.
//! - A statement that runs past its deadline is given up; the pool then has the server stop it and cleans the
//!   connection, or closes it.
//! - No parameter is kept or written, in no span, log or metric.

mod plan;
mod recent;
mod slow;
mod span;
mod tags;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use relata_schema::statistics::TableStatistics;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{
    BulkInsert, Cursor, Done, IntrospectOptions, Query, RowSink, ServerInfo, Statement, TransactionOptions,
};
use relata_sql::{Answer, Connection, Error, Kind, Result};
use tokio::sync::Notify;
use tracing::Instrument;

use crate::breaker::Breaker;
pub use crate::breaker::BreakerState;
use crate::metrics::{Counter, Errors, Part, PoolMetrics, Statements, Tally, Total};
pub use crate::metrics::{HistogramValue, StatementValue, fingerprint, normalized};
use crate::pool::PoolOptions;
use crate::repeated::Lookups;
pub use crate::repeated::RepeatedLookup;
use crate::transaction::doubt::Fate;
use recent::Recent;
pub(crate) use slow::SlowLog;
pub use slow::SlowStatement;
use span::{span, tell};
pub(crate) use tags::Tags;

/// What all connections of a [`crate::Db`] count together.
#[derive(Default)]
pub(crate) struct Observer {
    pub(crate) statements: Statements,
    pub(crate) errors: Errors,
    pub(crate) slow: SlowLog,
    pub(crate) lookups: Lookups,
    /// What became of commits whose answer was lost, by [`Fate`].
    pub(crate) doubts: [Counter; Fate::ALL.len()],
    /// How many statements were sent.
    sent: Arc<Total>,
}

impl Observer {
    /// How many statements were sent.
    pub(crate) fn statement_count(&self) -> u64 {
        self.sent.value()
    }
}

/// What the connections to one node count together.
pub(crate) struct Vitals {
    /// `host:port`, or the path of a file.
    pub(crate) node: String,
    /// The database's name there.
    database: String,
    dialect: Dialect,
    pub(crate) breaker: Breaker,
    pub(crate) metrics: PoolMetrics,
    /// Moving average of the time of a statement, in nanoseconds.
    latency: AtomicU64,
    /// When a statement last succeeded, in milliseconds since `made`.
    answered: AtomicU64,
    made: Instant,
    /// A statement has succeeded since somebody last asked.
    heard: AtomicBool,
    /// Somebody watches the node and raises an alarm when it is down.
    guarded: AtomicBool,
    /// The [`Alarm`] that was raised and not ended; 0: none.
    raised: AtomicU8,
    alarm: Notify,
    /// One of each connection, for the statement that waits there.
    bells: Mutex<Vec<Weak<AtomicWaker>>>,
    /// A write was refused because the node can only be read: roles have changed.
    refused_write: Notify,
}

impl Vitals {
    pub(crate) fn new(node: String, (dialect, database): (Dialect, String), breaker: Breaker) -> Arc<Self> {
        Arc::new(Vitals {
            node,
            database,
            dialect,
            breaker,
            metrics: PoolMetrics::default(),
            latency: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            made: Instant::now(),
            heard: AtomicBool::new(false),
            guarded: AtomicBool::new(false),
            raised: AtomicU8::new(0),
            alarm: Notify::new(),
            bells: Mutex::default(),
            refused_write: Notify::new(),
        })
    }

    /// The product as OpenTelemetry calls it.
    fn system(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgresql",
            Dialect::Mysql => "mariadb",
        }
    }

    /// A statement has succeeded since then.
    pub(crate) fn has_answered_since(&self, then: Instant) -> bool {
        self.made + Duration::from_millis(self.answered.load(Ordering::Relaxed)) > then
    }

    /// A statement has succeeded since this was last asked.
    pub(crate) fn was_heard(&self) -> bool {
        self.heard.swap(false, Ordering::Relaxed)
    }

    /// The node has answered. Looked at first: most find it said, and need not take the place in memory from each other.
    pub(crate) fn hear(&self) {
        if !self.heard.load(Ordering::Relaxed) {
            self.heard.store(true, Ordering::Relaxed);
        }
    }

    /// Statements end when the alarm is raised.
    pub(crate) fn guard(&self) {
        self.guarded.store(true, Ordering::Relaxed);
    }

    /// Nobody needs to wait for the node's answers.
    pub(crate) fn raise_alarm(&self, alarm: Alarm) {
        if self.raised.swap(alarm as u8, Ordering::SeqCst) == alarm as u8 {
            return;
        }
        self.alarm.notify_waiters();
        self.bells().retain(|bell| bell.upgrade().inspect(|bell| bell.wake()).is_some());
    }

    fn bells(&self) -> std::sync::MutexGuard<'_, Vec<Weak<AtomicWaker>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection whose statements are to be woken by the alarm.
    fn bell(&self) -> Arc<AtomicWaker> {
        let bell = Arc::new(AtomicWaker::new());
        let mut bells = self.bells();
        bells.retain(|bell| bell.strong_count() > 0);
        bells.push(Arc::downgrade(&bell));
        bell
    }

    /// Until the node is down.
    pub(crate) async fn until_down(&self) {
        let mut alarm = std::pin::pin!(self.alarm.notified());
        alarm.as_mut().enable();
        if !self.is_down() {
            alarm.await;
        }
    }

    /// Somebody watches the node all the time.
    pub(crate) fn is_guarded(&self) -> bool {
        self.guarded.load(Ordering::Relaxed)
    }

    /// The alarm was raised and not ended.
    pub(crate) fn is_down(&self) -> bool {
        self.raised.load(Ordering::SeqCst) != 0
    }

    /// Another took over from it, and it does not know.
    pub(crate) fn is_replaced(&self) -> bool {
        self.raised.load(Ordering::SeqCst) == Alarm::Replaced as u8
    }

    /// The node is well again.
    pub(crate) fn end_alarm(&self) {
        self.raised.store(0, Ordering::Release);
    }

    /// Until a write is refused because the node can only be read, or the node fails.
    pub(crate) async fn suspicious(&self) {
        self.refused_write.notified().await;
    }

    /// How long statements take, as an average that forgets.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_nanos(self.latency.load(Ordering::Relaxed))
    }

    fn record(&self, took: u64) {
        let before = self.latency.load(Ordering::Relaxed);
        // Lost updates do not matter for an average.
        self.latency.store(if before == 0 { took } else { before - before / 8 + took / 8 }, Ordering::Relaxed);
    }

    fn succeeded(&self, took: Duration, now: Instant) {
        self.hear();
        if self.is_guarded() {
            let since = u64::try_from(now.duration_since(self.made).as_millis()).unwrap_or(u64::MAX);
            self.answered.store(since, Ordering::Relaxed);
        }
        self.breaker.called(took, now);
    }

    /// A failure that says something about the node.
    pub(crate) fn failed(&self, error: &Error) {
        if tells_of_the_node(error.kind()) {
            self.breaker.failed(Instant::now(), error.message());
        }
        if tells_of_the_node(error.kind()) || error.kind() == Kind::ReadOnly {
            self.refused_write.notify_one();
        }
    }
}

/// Why nothing is sent to a node, and why what is under way there ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// It does not answer.
    Down = 1,
    /// Another takes writes in its place, and it still takes them, too.
    Replaced = 2,
}

/// Whether a failure is one of the node or the network, and not of the statement.
pub(crate) fn tells_of_the_node(kind: Kind) -> bool {
    matches!(kind, Kind::Unreachable | Kind::NotSent | Kind::InDoubt | Kind::Unavailable | Kind::Protocol)
}

impl Watch {
    /// What the breaker and whoever watches the node must know in any case.
    fn note(&self, error: Option<&Error>) {
        match error {
            None => {
                self.vitals.hear();
                self.vitals.breaker.succeeded();
            }
            Some(error) => {
                self.observer.errors.count(error);
                self.vitals.failed(error);
            }
        }
    }
}

/// As whole numbers, for counting.
#[inline]
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    // A statement that runs for five hundred years is counted as shorter.
    duration.as_secs().wrapping_mul(1_000_000_000) + u64::from(duration.subsec_nanos())
}

/// What is watched of one connection.
pub(crate) struct Watch {
    observer: Arc<Observer>,
    vitals: Arc<Vitals>,
    recent: Recent,
    /// How many statements were sent.
    pub(crate) sent: Part,
    /// How long the connection was held.
    pub(crate) held: Tally,
    /// The last reading of the clock: the checkout, or the end of a statement.
    pub(crate) clock: Instant,
    /// When the last statement began, and how long it took, in nanoseconds.
    last: (Instant, u64),
    /// Nothing has run since that checkout, so its reading serves as the beginning of the first statement.
    pub(crate) fresh: bool,
    /// The caller's deadline.
    pub(crate) deadline: Option<Instant>,
    limit: Duration,
    /// Statements are timed, counted and traced.
    on: bool,
    /// A statement since the last `begin` may have changed the schema.
    pub(crate) ran_ddl: bool,
    /// What the handle says of its statements.
    pub(crate) tags: Option<Arc<Tags>>,
    /// Rung when the node goes down.
    bell: Arc<AtomicWaker>,
    /// The connection was told a deadline.
    armed: bool,
    /// The last that was heard of the connection is that a statement succeeded, rows and all.
    pub(crate) well: bool,
    /// A cursor is being opened: what becomes of its rows is seen by others.
    opens: bool,
}

impl Watch {
    pub(crate) fn new(observer: Arc<Observer>, vitals: Arc<Vitals>, options: &PoolOptions) -> Self {
        let held = Tally::new(vitals.metrics.held.clone());
        let (bell, now) = (vitals.bell(), Instant::now());
        Watch {
            sent: Part::new(observer.sent.clone()),
            observer,
            vitals,
            recent: Recent::new(),
            held,
            bell,
            clock: now,
            last: (now, 0),
            fresh: false,
            deadline: None,
            limit: options.statement_timeout,
            on: options.observe,
            ran_ddl: false,
            tags: None,
            armed: false,
            well: false,
            opens: false,
        }
    }

    /// Nanoseconds from then until now, when the connection is given back.
    pub(crate) fn held_for(&self, since: Instant, now: Instant) -> u64 {
        let (begun, took) = self.last;
        // Mostly it was held for one statement.
        if begun == since && now == self.clock { took } else { nanoseconds(now - since) }
    }

    fn begin(&mut self) -> Instant {
        self.well = false;
        let matters = self.on || self.limit != Duration::MAX || self.deadline.is_some();
        if std::mem::take(&mut self.fresh) || !matters { self.clock } else { Instant::now() }
    }

    /// Until when a statement that begins now may run.
    fn until(&self, begun: Instant) -> Option<Instant> {
        let limit = if self.limit == Duration::MAX { None } else { begun.checked_add(self.limit) };
        match (limit, self.deadline) {
            (Some(limit), Some(deadline)) => Some(limit.min(deadline)),
            (limit, deadline) => limit.or(deadline),
        }
    }

    fn end(&mut self, text: (&str, u64), begun: Instant, error: Option<&Error>) {
        self.end_at(text, (begun, None), error);
    }

    /// A statement has ended: at this time, if somebody has looked at the clock.
    fn end_at(&mut self, text: (&str, u64), (begun, ended): (Instant, Option<Instant>), error: Option<&Error>) {
        self.well = error.is_none() && !std::mem::take(&mut self.opens);
        if !self.on {
            return self.note(error);
        }
        self.clock = ended.unwrap_or_else(Instant::now);
        let took = self.clock - begun;
        let nanoseconds = nanoseconds(took);
        self.last = (begun, nanoseconds);
        let seen = self.recent.of(text, &self.observer.statements);
        seen.time.record(nanoseconds);
        self.vitals.record(nanoseconds);
        match error {
            None => self.vitals.succeeded(took, self.clock),
            Some(error) => {
                seen.known.errors.add(1);
                self.observer.errors.count(error);
                self.vitals.failed(error);
            }
        }
        if self.observer.slow.is_slow(nanoseconds) {
            let (text, number) = (seen.known.text.clone(), seen.known.fingerprint);
            let tags = self.tags.as_ref().map(|tags| tags.comment().to_string());
            self.observer.slow.add((text, number), took, &self.vitals.node, tags);
        }
    }
}

/// A connection that is watched.
pub(crate) struct Observed {
    connection: Box<dyn Connection>,
    pub(crate) watch: Watch,
}

impl Observed {
    pub(crate) fn new(connection: Box<dyn Connection>, watch: Watch) -> Self {
        Observed { connection, watch }
    }

    /// Tells the connection until when the next statement may run, if that is other than before.
    fn arm(&mut self) {
        let watch = &mut self.watch;
        if watch.limit == Duration::MAX && watch.deadline.is_none() && !watch.armed {
            return;
        }
        let until = watch.until(Instant::now());
        watch.armed = until.is_some();
        self.connection.set_deadline(until);
    }

    /// Statements carry a comment, or the plan of a slow one is wanted.
    fn is_marked(&self) -> bool {
        self.watch.tags.is_some() || self.watch.observer.slow.wants_plans()
    }

    async fn run_marked(&mut self, statement: Statement<'_>, sink: Option<&mut dyn RowSink>) -> Result<Done> {
        let tags = self.watch.tags.clone();
        let text = tags.as_ref().map(|tags| tags.append(statement.sql));
        let sent = match (&tags, &text) {
            // A text that is another one each time is not worth keeping.
            (Some(tags), Some(text)) => {
                Statement { sql: text, cached: statement.cached && !tags.vary(), number: 0, ..statement }
            }
            _ => statement,
        };
        let begun = Instant::now();
        let (watch, connection) = (&mut self.watch, &mut self.connection);
        let result = match sink {
            Some(sink) => {
                let answer = watched(watch, (statement.sql, 0), |_| connection.query(sent, sink));
                answer.await.map(|()| Done::default())
            }
            None => watched(watch, (statement.sql, 0), |_| connection.execute(sent)).await,
        };
        if result.is_ok() && self.watch.observer.slow.is_slow(nanoseconds(begun.elapsed())) {
            self.keep_plan(statement).await;
        }
        result
    }

    /// The connection itself, for closing.
    pub(crate) fn into_inner(self) -> Box<dyn Connection> {
        self.connection
    }

    /// The connection itself, for what the pool does with it.
    pub(crate) fn unwatched(&mut self) -> &mut dyn Connection {
        self.watch.well = false;
        &mut *self.connection
    }
}

fn too_late(sql: &str) -> Error {
    Error::new(Kind::Timeout, "the deadline was over before the statement was sent").sql(normalized(sql))
}

fn ran_out(begun: Instant, sql: &str) -> Error {
    let message = format!("the statement was given up after {:?} and the server asked to stop it", begun.elapsed());
    Error::new(Kind::Timeout, message)
        .sql(normalized(sql))
        .hint("what it writes may have happened: look before you send it again")
        .hint("give it more time (`statement_timeout`, `Db::within`), or make it faster: EXPLAIN says what it does")
}

/// A statement that was cancelled when its time was over.
fn of_deadline(error: Error, until: Option<Instant>, begun: Instant, sql: &str) -> Error {
    let over = error.kind() == Kind::Cancelled && until.is_some_and(|until| Instant::now() >= until);
    if over { ran_out(begun, sql) } else { error }
}

/// Watches an answer to a text, which may have a number ([`Statement::number`]); who gives it is told when it began.
fn watched<'a, T: Send + Unpin + 'a>(
    watch: &'a mut Watch,
    (sql, number): (&'a str, u64),
    run: impl FnOnce(Instant) -> Answer<'a, T>,
) -> Answer<'a, T> {
    let begun = watch.begin();
    let until = watch.until(begun);
    if until.is_some_and(|until| until <= begun) {
        return Answer::ready(Err(too_late(sql)));
    }
    watch.ran_ddl |= number == 0 && changes_schema(sql);
    let span = if watch.on { span(watch, sql) } else { None };
    let answer = match &span {
        None => run(begun),
        Some(span) => span.in_scope(|| run(begun)),
    };
    match answer.settled_at() {
        Ok((result, ended)) => {
            let result = result.map_err(|error| of_deadline(error, until, begun, sql));
            watch.end_at((sql, number), (begun, ended), result.as_ref().err());
            tell(span.as_ref(), result.as_ref().err());
            Answer::ready(result)
        }
        Err(future) if until.is_none() && span.is_none() => Answer::later(async move {
            let result = guarded(watch, future).await;
            watch.end((sql, number), begun, result.as_ref().err());
            result
        }),
        Err(future) => watched_closely(watch, (sql, number), (begun, until), span, future),
    }
}

/// Watches an answer that has a deadline, a node that may go down, or a span that somebody listens to.
fn watched_closely<'a, T: Send + 'a>(
    watch: &'a mut Watch,
    (sql, number): (&'a str, u64),
    (begun, until): (Instant, Option<Instant>),
    span: Option<tracing::Span>,
    future: relata_sql::driver::BoxFuture<'a, Result<T>>,
) -> Answer<'a, T> {
    Answer::later(async move {
        let future = guarded(watch, future.instrument(span.clone().unwrap_or_else(tracing::Span::none)));
        let result = match until {
            None => future.await,
            Some(until) => {
                let limited = tokio::time::timeout_at(until.into(), future);
                let result = limited.await.unwrap_or_else(|_| Err(ran_out(begun, sql)));
                result.map_err(|error| of_deadline(error, Some(until), begun, sql))
            }
        };
        watch.end((sql, number), begun, result.as_ref().err());
        tell(span.as_ref(), result.as_ref().err());
        result
    })
}

/// Whether a statement may change the schema: any that is none of the usual ones.
fn changes_schema(sql: &str) -> bool {
    // As relata writes it, most of the time.
    if sql.starts_with("SELECT ") || sql.starts_with("INSERT ") {
        return false;
    }
    let head = sql.trim_start().as_bytes();
    let begins = |word: &str| head.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    let usual: &[&str] = match head.first().map(u8::to_ascii_uppercase) {
        Some(b'S') => &["SELECT", "SAVEPOINT"],
        Some(b'I') => &["INSERT"],
        Some(b'U') => &["UPDATE"],
        Some(b'D') => &["DELETE"],
        Some(b'W') => &["WITH"],
        Some(b'B') => &["BEGIN"],
        Some(b'C') => &["COMMIT"],
        Some(b'R') => &["ROLLBACK", "RELEASE"],
        Some(b'(') => &["("],
        _ => &[],
    };
    !usual.iter().any(|word| begins(word))
}

/// Ends with the node: when whoever watches it says that it is down.
fn guarded<F>(watch: &Watch, future: F) -> Guarded<'_, F> {
    Guarded { watch, future, begun: false }
}

/// Costs a look at a flag, and where it has to wait, leaving word in the connection's own place.
struct Guarded<'w, F> {
    watch: &'w Watch,
    future: F,
    begun: bool,
}

impl<T, F: Future<Output = Result<T>> + Unpin> Future for Guarded<'_, F> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        let vitals = &self.watch.vitals;
        if !self.begun && vitals.is_down() {
            let why = if vitals.is_replaced() { "is the primary no more" } else { "is down" };
            let message = format!("{} {why}: the statement was not sent", vitals.node);
            return Poll::Ready(Err(Error::new(Kind::NotSent, message)));
        }
        self.begun = true;
        if let Poll::Ready(result) = Pin::new(&mut self.future).poll(context) {
            return Poll::Ready(result);
        }
        // From here on no alarm is missed: one that was raised before is seen in the flag.
        self.watch.bell.register(context.waker());
        if !vitals.is_down() {
            return Poll::Pending;
        }
        let why = if vitals.is_replaced() { "was replaced as primary" } else { "went down" };
        let message = format!("{} {why} while the statement was running; it may or may not have happened", vitals.node);
        Poll::Ready(Err(Error::new(Kind::InDoubt, message).hint("look before you send it again")))
    }
}

impl Connection for Observed {
    fn dialect(&self) -> Dialect {
        self.connection.dialect()
    }

    fn server(&self) -> &ServerInfo {
        self.connection.server()
    }

    fn execute<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Done> {
        self.arm();
        if self.is_marked() {
            return Answer::later(self.run_marked(statement, None));
        }
        watched(&mut self.watch, (statement.sql, statement.number), |begun| {
            self.connection.begins(begun);
            self.connection.execute(statement)
        })
    }

    fn query<'a>(&'a mut self, statement: Statement<'a>, sink: &'a mut dyn RowSink) -> Answer<'a, ()> {
        self.arm();
        if self.is_marked() {
            return Answer::later(async move { self.run_marked(statement, Some(sink)).await.map(|_| ()) });
        }
        watched(&mut self.watch, (statement.sql, statement.number), |begun| {
            self.connection.begins(begun);
            self.connection.query(statement, sink)
        })
    }

    fn is_prompt(&self, sql: &str) -> bool {
        !self.is_marked() && self.connection.is_prompt(sql)
    }

    fn pipelines(&self) -> bool {
        self.connection.pipelines()
    }

    fn query_all<'a>(&'a mut self, queries: Vec<Query<'a>>) -> Answer<'a, ()> {
        if self.is_marked() {
            return Answer::later(async move {
                for Query { statement, sink, .. } in queries {
                    self.run_marked(statement, Some(sink)).await?;
                }
                Ok(())
            });
        }
        let sql = queries.first().map_or("", |query| query.statement.sql);
        watched(&mut self.watch, (sql, 0), |_| self.connection.query_all(queries))
    }

    /// Only the opening is watched: how long the rows take is the reader's doing as much as the database's.
    fn open_cursor<'a>(&'a mut self, statement: Statement<'a>) -> Answer<'a, Box<dyn Cursor + 'a>> {
        self.watch.opens = true;
        watched(&mut self.watch, (statement.sql, statement.number), |_| self.connection.open_cursor(statement))
    }

    fn batch<'a>(&'a mut self, script: &'a str) -> Answer<'a, ()> {
        self.arm();
        watched(&mut self.watch, (script, 0), |_| self.connection.batch(script))
    }

    fn bulk_insert<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64> {
        watched(&mut self.watch, ("(bulk insert)", 0), |_| self.connection.bulk_insert(insert))
    }

    fn array_types<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, Option<Arc<[String]>>> {
        match self.connection.array_types(insert).settled() {
            Ok(known) => Answer::ready(known),
            // Asking the server is a statement like others.
            Err(asking) => watched(&mut self.watch, ("(types of columns)", 0), |_| Answer::later(asking)),
        }
    }

    fn refuse_changed<'a>(&'a mut self, values: BulkInsert<'a>) -> Answer<'a, ()> {
        self.connection.refuse_changed(values)
    }

    fn begin<'a>(&'a mut self, options: TransactionOptions) -> Answer<'a, ()> {
        self.watch.ran_ddl = false;
        watched(&mut self.watch, ("BEGIN", 0), |_| self.connection.begin(options))
    }

    fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.connection.set_deadline(deadline);
    }

    fn in_transaction(&self) -> bool {
        self.connection.in_transaction()
    }

    fn introspect<'a>(&'a mut self, options: &'a IntrospectOptions) -> Answer<'a, Schema> {
        watched(&mut self.watch, ("(introspect)", 0), |_| self.connection.introspect(options))
    }

    fn statistics(&mut self) -> Answer<'_, Vec<TableStatistics>> {
        watched(&mut self.watch, ("(statistics)", 0), |_| self.connection.statistics())
    }

    fn is_broken(&self) -> bool {
        self.connection.is_broken()
    }

    fn is_busy(&self) -> bool {
        self.connection.is_busy()
    }

    fn is_away(&self) -> bool {
        self.connection.is_away()
    }

    fn is_touched(&self) -> bool {
        self.connection.is_touched()
    }

    fn abandon(self: Box<Self>) -> Answer<'static, ()> {
        self.connection.abandon()
    }

    fn reset(&mut self) -> Answer<'_, ()> {
        self.watch.well = false;
        self.connection.reset()
    }

    fn ping(&mut self) -> Answer<'_, ()> {
        self.watch.well = false;
        self.connection.ping()
    }

    fn close(self: Box<Self>) -> Answer<'static, ()> {
        self.connection.close()
    }
}
