//! Transactions, alone and against each other.

use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::{ConnectOptions, Isolation, TransactionOptions};
use relata_sql::{Kind, Result};

use super::Suite;
use super::suite::Session;

async fn begin(session: &mut Session, options: TransactionOptions) {
    session.connection.begin(options).await.expect("begins");
    assert!(session.connection.in_transaction());
}

/// A table `t (a int PRIMARY KEY, b int)` with two rows.
async fn pair(suite: &Suite<'_>) -> Session {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int PRIMARY KEY, b int)").await;
    session.run("INSERT INTO t VALUES (1, 0), (2, 0)").await;
    session
}

pub(super) async fn begin_commit_rollback(suite: &Suite<'_>) {
    let mut session = pair(suite).await;
    assert!(!session.connection.in_transaction());
    begin(&mut session, TransactionOptions::default()).await;
    session.run("UPDATE t SET b = 1").await;
    session.run("ROLLBACK").await;
    assert!(!session.connection.in_transaction());
    assert_eq!(session.number("SELECT sum(b) FROM t").await, 0);
    begin(&mut session, TransactionOptions::default()).await;
    session.run("UPDATE t SET b = 1").await;
    session.run("COMMIT").await;
    assert!(!session.connection.in_transaction());
    assert_eq!(session.number("SELECT sum(b) FROM t").await, 2);
    // Said by SQL, not by the method: what counts is what the server says.
    session.batch("BEGIN").await;
    assert!(session.connection.in_transaction());
    session.batch("COMMIT").await;
    assert!(!session.connection.in_transaction());
}

pub(super) async fn read_only(suite: &Suite<'_>) {
    let mut session = pair(suite).await;
    begin(&mut session, TransactionOptions { read_only: true, ..TransactionOptions::default() }).await;
    assert_eq!(session.number("SELECT count(*) FROM t").await, 2);
    let error = session.error("UPDATE t SET b = 1", &[]).await;
    assert_eq!(error.kind(), Kind::ReadOnly, "{error}");
    session.run("ROLLBACK").await;
    begin(&mut session, TransactionOptions { read_only: true, ..TransactionOptions::default() }).await;
    session.batch("COMMIT").await;
    session.run("UPDATE t SET b = 2").await;
    begin(&mut session, TransactionOptions::default()).await;
    session.run("UPDATE t SET b = 1").await;
    session.run("COMMIT").await;
}

pub(super) async fn isolation_levels(suite: &Suite<'_>) {
    let mut session = pair(suite).await;
    for (isolation, name) in [
        (Isolation::ReadCommitted, "READ COMMITTED"),
        (Isolation::RepeatableRead, "REPEATABLE READ"),
        (Isolation::Serializable, "SERIALIZABLE"),
        (Isolation::Default, ""),
    ] {
        begin(&mut session, TransactionOptions { isolation, read_only: false, ..TransactionOptions::default() }).await;
        if suite.is(Dialect::Postgres) && !name.is_empty() {
            let found = session.decoded::<String>("SELECT current_setting('transaction_isolation')", &[]).await;
            assert_eq!(found, [name.to_lowercase()]);
        }
        session.run("UPDATE t SET b = b + 1").await;
        session.run("COMMIT").await;
    }
    assert_eq!(session.number("SELECT sum(b) FROM t").await, 8);
}

pub(super) async fn isolated_from_others(suite: &Suite<'_>) {
    let mut writer = pair(suite).await;
    let mut reader = suite.connect().await;
    begin(&mut writer, TransactionOptions::default()).await;
    writer.run("UPDATE t SET b = 1").await;
    assert_eq!(reader.number("SELECT sum(b) FROM t").await, 0, "and the reader does not wait");
    writer.run("COMMIT").await;
    assert_eq!(reader.number("SELECT sum(b) FROM t").await, 2);
}

pub(super) async fn failed_statement(suite: &Suite<'_>) {
    let mut session = pair(suite).await;
    begin(&mut session, TransactionOptions::default()).await;
    session.run("UPDATE t SET b = 1").await;
    let error = session.error("INSERT INTO t VALUES (1, 1)", &[]).await;
    assert_eq!(error.kind(), Kind::UniqueViolation, "{error}");
    assert!(session.connection.in_transaction(), "also a failed one is open");
    if suite.is(Dialect::Postgres) {
        let error = session.error("SELECT 1", &[]).await;
        assert_eq!(error.kind(), Kind::TransactionFailed, "{error}");
    }
    assert!(!session.connection.is_broken());
    session.run("ROLLBACK").await;
    assert!(!session.connection.in_transaction());
    assert_eq!(session.number("SELECT sum(b) FROM t").await, 0);
}

pub(super) async fn savepoints(suite: &Suite<'_>) {
    let mut session = pair(suite).await;
    begin(&mut session, TransactionOptions::default()).await;
    session.run("UPDATE t SET b = 1 WHERE a = 1").await;
    session.run("SAVEPOINT one").await;
    session.run("UPDATE t SET b = 10 WHERE a = 2").await;
    session.error("INSERT INTO t VALUES (1, 1)", &[]).await;
    session.run("ROLLBACK TO SAVEPOINT one").await;
    session.run("RELEASE SAVEPOINT one").await;
    assert!(session.connection.in_transaction());
    session.run("COMMIT").await;
    assert_eq!(session.number("SELECT sum(b) FROM t").await, 1);
}

pub(super) async fn reset(suite: &Suite<'_>) {
    let mut session = pair(suite).await;
    begin(
        &mut session,
        TransactionOptions { isolation: Isolation::Serializable, read_only: false, ..TransactionOptions::default() },
    )
    .await;
    session.run("UPDATE t SET b = 1").await;
    session.connection.reset().await.expect("resets");
    assert!(!session.connection.in_transaction());
    assert_eq!(session.number("SELECT sum(b) FROM t").await, 0, "what was open is rolled back");
    session.connection.reset().await.expect("nothing to do is no error");
    session.is_usable().await;
    let mut other = suite.connect().await;
    other.run("UPDATE t SET b = 1").await;
}

pub(super) async fn conflicting_writers(suite: &Suite<'_>) {
    if !suite.is(Dialect::Postgres) {
        // SQLite has one writer at a time, MariaDB locks instead of comparing: there the second waits, see `lock_timeout`.
        return second_writer_waits(suite).await;
    }
    let [mut one, mut two] = [pair(suite).await, suite.connect().await];
    let options =
        TransactionOptions { isolation: Isolation::RepeatableRead, read_only: false, ..TransactionOptions::default() };
    begin(&mut one, options).await;
    begin(&mut two, options).await;
    assert_eq!(two.number("SELECT sum(b) FROM t").await, 0);
    one.run("UPDATE t SET b = b + 1 WHERE a = 1").await;
    one.run("COMMIT").await;
    let error = two.error("UPDATE t SET b = b + 1 WHERE a = 1", &[]).await;
    assert_eq!(error.kind(), Kind::Serialization, "{error}");
    assert!(error.is_retryable());
}

async fn second_writer_waits(suite: &Suite<'_>) {
    let [mut one, mut two] = [pair(suite).await, suite.connect().await];
    begin(&mut one, TransactionOptions::default()).await;
    one.run("UPDATE t SET b = b + 1 WHERE a = 1").await;
    let (_, second) = tokio::join!(
        async {
            one.number("SELECT sum(b) FROM t").await;
            one.run("COMMIT").await;
        },
        two.run("UPDATE t SET b = b + 1 WHERE a = 1"),
    );
    assert_eq!(second.rows_affected, 1);
    assert_eq!(two.number("SELECT sum(b) FROM t").await, 2);
}

pub(super) async fn deadlock(suite: &Suite<'_>) {
    let [mut one, mut two] = [pair(suite).await, suite.connect().await];
    begin(&mut one, TransactionOptions::default()).await;
    begin(&mut two, TransactionOptions::default()).await;
    one.run("UPDATE t SET b = b + 1 WHERE a = 1").await;
    two.run("UPDATE t SET b = b + 1 WHERE a = 2").await;
    async fn finish(session: &mut Session, row: u8) -> Result<()> {
        let outcome = session.try_run(&format!("UPDATE t SET b = b + 1 WHERE a = {row}"), &[]).await;
        session.run(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
        outcome.map(drop)
    }
    let (first, second) = tokio::join!(finish(&mut one, 2), finish(&mut two, 1));
    let error = match (first, second) {
        (Err(error), Ok(())) | (Ok(()), Err(error)) => error,
        other => panic!("one should be the victim: {other:?}"),
    };
    assert_eq!(error.kind(), Kind::Deadlock, "{error}");
    assert!(error.is_retryable());
    assert_eq!(one.number("SELECT sum(b) FROM t").await, 2, "the other has done both");
    assert!(!one.connection.in_transaction() && !two.connection.in_transaction());
}

pub(super) async fn lock_timeout(suite: &Suite<'_>) {
    let mut one = pair(suite).await;
    let options = ConnectOptions { busy_timeout: Duration::from_millis(50), ..ConnectOptions::default() };
    let mut two = suite.connect_with(&options).await;
    begin(&mut one, TransactionOptions::default()).await;
    one.run("UPDATE t SET b = 1 WHERE a = 1").await;
    let error = match suite.dialect() {
        Dialect::Sqlite => two.connection.begin(TransactionOptions::default()).await.expect_err("locked"),
        Dialect::Postgres => {
            two.run("SET lock_timeout = '50ms'").await;
            two.error("UPDATE t SET b = 2 WHERE a = 1", &[]).await
        }
        Dialect::Mysql => {
            two.run("SET innodb_lock_wait_timeout = 1").await;
            two.error("UPDATE t SET b = 2 WHERE a = 1", &[]).await
        }
    };
    assert_eq!(error.kind(), Kind::LockTimeout, "{error}");
    assert!(error.is_retryable());
    one.run("COMMIT").await;
    two.is_usable().await;
    two.run("UPDATE t SET b = 2 WHERE a = 1").await;
}
