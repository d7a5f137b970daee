//! Wires that are cut, and futures that are dropped.
//!
//! A future is dropped at its n-th await, for every n, until it finishes: whatever the driver was doing, what is left is
//! a clean connection or one that says it is broken.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::driver::{Statement, TransactionOptions};
use relata_sql::{Kind, Result, Value};

use super::Suite;
use super::suite::{Collected, Session, placeholders};

/// More awaits than any of these futures has; it is an error not to finish in so many.
const MANY: usize = 5000;

/// Polls a future until it is ready, but not more than `polls` times; then it is dropped.
async fn poll_at_most<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

pub(super) async fn killed_connection(suite: &Suite<'_>) {
    let [mut victim, mut killer] = [suite.connect().await, suite.connect().await];
    match suite.dialect() {
        Dialect::Postgres => {
            let id = victim.number("SELECT pg_backend_pid()").await;
            killer.rows("SELECT pg_terminate_backend(?::int)", &[Value::Int(id)]).await;
        }
        _ => {
            let id = victim.number("SELECT connection_id()").await;
            killer.batch(&format!("KILL {id}")).await;
        }
    }
    let error = victim.error("CREATE TABLE t (a int)", &[]).await;
    assert!(matches!(error.kind(), Kind::NotSent | Kind::InDoubt | Kind::Unavailable), "{error}");
    assert!(victim.connection.is_broken(), "after {error}");
    assert!(victim.connection.ping().await.is_err());
    killer.is_usable().await;
}

pub(super) async fn sql_errors_do_not_break(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int NOT NULL)").await;
    for sql in
        ["SELEC", "SELECT * FROM missing", "INSERT INTO t VALUES (NULL)", "CREATE TABLE t (a int)", "ROLLBACK TO x"]
    {
        session.error(sql, &[]).await;
        session.is_usable().await;
        assert!(session.connection.batch(sql).await.is_err(), "{sql}");
        session.is_usable().await;
    }
}

/// The same session if it is clean, else a new one.
async fn clean(suite: &Suite<'_>, mut session: Session) -> Session {
    if session.connection.is_broken() {
        session = suite.connect().await;
    }
    session.is_usable().await;
    session
}

pub(super) async fn dropped_query(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int)").await;
    let rows: Vec<_> = (0..2000).map(|n| format!("({n})")).collect();
    session.run(&format!("INSERT INTO t VALUES {}", rows.join(", "))).await;
    let sql = placeholders(suite.dialect(), "SELECT a, a, a FROM t WHERE a >= ?");
    for polls in 0..MANY {
        let params = [Value::Int(0)];
        let mut sink = Collected::default();
        let outcome = poll_at_most(polls, session.connection.query(Statement::new(&sql, &params), &mut sink)).await;
        if let Some(outcome) = outcome {
            outcome.expect("a query that is not disturbed succeeds");
            return assert_eq!(sink.rows.len(), 2000);
        }
        session = clean(suite, session).await;
    }
    panic!("the query never ended");
}

pub(super) async fn dropped_write(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int)").await;
    let sql = placeholders(suite.dialect(), "INSERT INTO t VALUES (?)");
    for polls in 0..MANY {
        let params = [Value::Int(polls as i64)];
        let finished = poll_at_most(polls, session.connection.execute(Statement::new(&sql, &params))).await;
        session = clean(suite, session).await;
        assert!(!session.connection.in_transaction());
        let count = format!("SELECT count(*) FROM t WHERE a = {polls}");
        let count = session.number(&count).await;
        match finished {
            Some(done) => {
                done.expect("a write that is not disturbed succeeds");
                return assert_eq!(count, 1);
            }
            None => assert!(count <= 1, "it happened {count} times"),
        }
    }
    panic!("the write never ended");
}

pub(super) async fn dropped_begin(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int)").await;
    for polls in 0..MANY {
        let finished = poll_at_most(polls, session.connection.begin(TransactionOptions::default())).await;
        let done = finished.map(|outcome: Result<()>| outcome.expect("a begin that is not disturbed succeeds"));
        if session.connection.is_broken() {
            session = suite.connect().await;
        }
        session.connection.reset().await.expect("resets");
        assert!(!session.connection.in_transaction());
        session.run("INSERT INTO t VALUES (1)").await;
        let mut other = suite.connect().await;
        assert_eq!(other.number("SELECT count(*) FROM t").await, polls as i64 + 1, "no transaction was left open");
        if done.is_some() {
            return;
        }
    }
    panic!("the begin never ended");
}

pub(super) async fn dropped_long_statement(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    let sql = if suite.is(Dialect::Postgres) { "SELECT pg_sleep(60)" } else { "SELECT sleep(60)" };
    let begun = Instant::now();
    let outcome = tokio::time::timeout(Duration::from_millis(200), session.try_rows(sql, &[])).await;
    assert!(outcome.is_err(), "it was given up");
    clean(suite, session).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waits for the end of the statement");
}

pub(super) async fn ping_and_close(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.connection.ping().await.expect("alive");
    session.run("CREATE TABLE t (a int)").await;
    session.connection.close().await.expect("closes");
    assert_eq!(suite.connect().await.number("SELECT count(*) FROM t").await, 0, "what was done is there");
}
