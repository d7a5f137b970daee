//! What goes wrong between a program and a server: each failure has its kind, its words and its end in time.

use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use relata_runtime::health::HealthStatus;
use relata_runtime::pool::PoolOptions;
use relata_runtime::{Db, Kind, Result, sql, transaction};
use relata_schema::Dialect;
use relata_sql::DatabaseUrl;
use relata_sql::driver::ConnectOptions;
use relata_testkit::{Fault, Proxy, TestDatabase, shared_driver};

/// Longer than anything takes that ends at all.
const LONG: Duration = Duration::from_secs(60);

const SERVERS: [Dialect; 2] = [Dialect::Postgres, Dialect::Mysql];

/// What must come comes, however busy the machine is: only failures that are there to stay are not waited for.
fn patient() -> PoolOptions {
    PoolOptions {
        acquire_timeout: LONG,
        reconnect_patience: Duration::from_millis(300),
        // What is idle while a machine is busy is not looked at before its time.
        ping_after: LONG,
        ping_timeout: LONG,
        frozen_after: Duration::MAX,
        connect: ConnectOptions { connect_timeout: LONG, ..ConnectOptions::default() },
        ..PoolOptions::default()
    }
}

/// For those who connect to what never answers.
fn hurried() -> PoolOptions {
    PoolOptions {
        acquire_timeout: Duration::from_secs(2),
        connect: ConnectOptions { connect_timeout: Duration::from_millis(600), ..ConnectOptions::default() },
        ..patient()
    }
}

/// A connection that does not answer at once is given up.
fn unforgiving() -> PoolOptions {
    PoolOptions { ping_timeout: Duration::from_millis(300), ..patient() }
}

async fn open(url: &DatabaseUrl, options: PoolOptions) -> Result<Db> {
    Db::connect(shared_driver(url.dialect), url.clone(), options).await
}

async fn one(db: &mut Db) -> Result<i64> {
    sql::<i64>("SELECT COUNT(*) FROM (SELECT 1 AS one) AS ones", ()).one(db).await
}

/// A database behind a proxy, with one connection in the pool.
async fn behind_a_proxy(dialect: Dialect, options: PoolOptions) -> (Db, Proxy, TestDatabase) {
    let database = TestDatabase::create(dialect).await;
    let proxy = Proxy::in_front_of(database.url()).await;
    let mut db = open(&proxy.url(database.url()), options).await.unwrap();
    // A server that is slow to begin may be taken for a silent one, where the options have no patience.
    let begun = Instant::now();
    while let Err(error) = one(&mut db).await {
        assert!(begun.elapsed() < LONG, "{error}");
    }
    (db, proxy, database)
}

fn stable(message: &str, url: &DatabaseUrl) -> String {
    message.replace(&format!(":{}", url.port()), ":PORT").replace(&url.database, "DATABASE")
}

async fn refused(url: &DatabaseUrl, options: PoolOptions, kind: Kind, expected: Expect) {
    let begun = Instant::now();
    let error = open(url, options).await.unwrap_err();
    assert!(begun.elapsed() < LONG, "{error}");
    assert_eq!(error.kind(), kind, "{error}");
    expected.assert_eq(&stable(&error.to_string(), url));
}

#[tokio::test]
async fn no_such_host() {
    let url = "postgres://ann:hush@no-such-host.invalid/shop".parse().unwrap();
    let error = open(&url, hurried()).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Unreachable | Kind::Timeout), "{error}");
    assert!(error.to_string().contains("no-such-host.invalid:5432") && !error.to_string().contains("hush"), "{error}");
    let url = "mysql://ann:hush@no-such-host.invalid/shop".parse().unwrap();
    let error = open(&url, hurried()).await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Unreachable | Kind::Timeout), "{error}");
    assert!(error.to_string().contains("no-such-host.invalid:3306") && !error.to_string().contains("hush"), "{error}");
}

#[tokio::test]
async fn a_host_that_keeps_silent_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let url: DatabaseUrl = format!("postgres://ann:hush@127.0.0.1:{port}/shop").parse().unwrap();
    refused(
        &url,
        hurried(),
        Kind::Timeout,
        expect![[r#"
            no connection to 127.0.0.1:PORT within 600 ms [R0204]
              hint: check that the host is reachable, or allow a longer connect timeout"#]],
    )
    .await;
    let url: DatabaseUrl = format!("mysql://ann:hush@127.0.0.1:{port}/shop").parse().unwrap();
    refused(
        &url,
        hurried(),
        Kind::Timeout,
        expect![[r#"
            the server at 127.0.0.1:PORT did not answer within 600ms [R0204]
              hint: check host and port: a firewall, or a server that is no MariaDB, keeps silent like this"#]],
    )
    .await;
}

/// Somebody who answers, and is no database.
async fn stranger() -> (tokio::task::JoinHandle<()>, u16) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let nonsense = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
            let _ = tokio::io::AsyncWriteExt::write_all(&mut client, nonsense).await;
        }
    });
    (answering, port)
}

#[tokio::test]
async fn every_failure_to_connect_has_its_kind_and_is_counted() {
    let (answering, stranger) = stranger().await;
    for dialect in SERVERS {
        let there = relata_testkit::server_url(dialect);
        let encrypted = if dialect == Dialect::Postgres { ("sslmode", "require") } else { ("ssl-mode", "required") };
        // PostgreSQL's test server asks nobody for a password, MariaDB's lets unknown users in.
        let user = if dialect == Dialect::Postgres { "nobody_knows" } else { "root" };
        let password = Some(relata_sql::url::Secret::new("wrong"));
        let at = |port: u16| DatabaseUrl { hosts: vec![("127.0.0.1".to_string(), port)], ..there.clone() };
        let cases = [
            (at(1), Kind::Unreachable),
            (at(stranger), Kind::Protocol),
            (DatabaseUrl { user: user.into(), password, ..there.clone() }, Kind::Authentication),
            (there.with_database("nobody_made_it"), Kind::NoSuchDatabase),
            (DatabaseUrl { params: vec![(encrypted.0.into(), encrypted.1.into())], ..there.clone() }, Kind::Tls),
        ];
        for (url, kind) in cases {
            let mut db = Db::prepare(shared_driver(dialect), url.clone(), patient(), None).unwrap();
            let outcome = one(&mut db).await;
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), kind, "{url}: {error}");
            let metrics = db.metrics();
            let place = format!("node=\"{}:{}\"", url.host(), url.port());
            let counted = |line: &str| line.starts_with("relata_connect_errors_total{") && line.contains(&place);
            let connects = metrics.lines().find(|line| counted(line)).unwrap();
            assert!(!connects.ends_with(" 0"), "{connects}");
            assert!(metrics.contains(&format!("relata_errors_total{{kind=\"{kind:?}\"")), "{kind:?}: {metrics}");
        }
    }
    answering.abort();
}

/// For a user who comes from the same machine, by whichever name the server knows that.
fn user_of_one_connection(name: &str, host: &str) -> String {
    format!("CREATE USER '{name}'@'{host}' WITH MAX_USER_CONNECTIONS 1; GRANT SELECT ON *.* TO '{name}'@'{host}'")
}

#[tokio::test]
async fn too_many_connections() {
    for dialect in SERVERS {
        let database = TestDatabase::create(dialect).await;
        let mut root = open(database.url(), patient()).await.unwrap();
        let name = database.url().database.replace("relata_test_", "u");
        let (create, drop_user) = match dialect {
            Dialect::Postgres => (
                format!(
                    "CREATE ROLE {name} LOGIN CONNECTION LIMIT 1; GRANT ALL ON DATABASE {} TO {name}",
                    database.url().database
                ),
                format!("DROP OWNED BY {name}; DROP ROLE {name}"),
            ),
            _ => (
                ["localhost", "127.0.0.1"].map(|host| user_of_one_connection(&name, host)).join(";"),
                format!("DROP USER '{name}'@'localhost', '{name}'@'127.0.0.1'"),
            ),
        };
        root.batch(&create).await.unwrap();
        let url = DatabaseUrl { user: name.clone(), ..database.url().clone() };
        let first = open(&url, patient()).await.unwrap();
        let error = open(&url, patient()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error}");
        assert!(error.is_retryable());
        drop(first);
        // The server may need a moment to notice that the first has gone.
        let begun = Instant::now();
        while let Err(error) = open(&url, patient()).await {
            assert!(begun.elapsed() < LONG, "{error}");
        }
        while root.batch(&drop_user).await.is_err() {
            assert!(begun.elapsed() < LONG, "the user cannot be dropped");
        }
    }
}

#[tokio::test]
async fn a_cut_wire_is_in_doubt_once_and_then_mended() {
    for dialect in SERVERS {
        let (mut db, proxy, _database) = behind_a_proxy(dialect, patient()).await;
        db.batch("CREATE TABLE notes (n int)").await.unwrap();
        proxy.set(Fault::CutAnswerTo("INSERT INTO notes"));
        let error = sql::<()>("INSERT INTO notes VALUES (1)", ()).exec(&mut db).await.unwrap_err();
        assert_eq!(error.kind(), Kind::InDoubt, "{error}");
        assert!(!error.is_retryable(), "{error}");
        assert_eq!(one(&mut db).await.unwrap(), 1, "the next one gets a new connection");
    }
}

#[tokio::test]
async fn connections_cut_while_idle_are_noticed_or_replaced() {
    for dialect in SERVERS {
        let (mut db, proxy, _database) = behind_a_proxy(dialect, patient()).await;
        proxy.cut();
        // The first may be the one that notices; nobody after it.
        let _ = one(&mut db).await;
        for _ in 0..3 {
            assert_eq!(one(&mut db).await.unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn a_frozen_server_costs_deadlines_and_never_the_pool() {
    for dialect in SERVERS {
        let (db, proxy, _database) = behind_a_proxy(dialect, PoolOptions { max_connections: 2, ..unforgiving() }).await;
        proxy.set(Fault::HalfOpen);
        let begun = Instant::now();
        for _ in 0..3 {
            let error = one(&mut db.within(Duration::from_millis(400))).await.unwrap_err();
            assert!(
                matches!(
                    error.kind(),
                    Kind::Timeout | Kind::PoolTimeout | Kind::Overloaded | Kind::NotSent | Kind::Unreachable
                ),
                "{error}"
            );
        }
        assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
        proxy.set(Fault::None);
        let mended = Instant::now();
        while let Err(error) = one(&mut db.within(LONG)).await {
            assert!(mended.elapsed() < LONG, "it is not mended: {error}");
        }
        // Both places of the pool can be used again.
        let (mut first, mut second) = (db.clone(), db.clone());
        let (first, second) = tokio::join!(one(&mut first), one(&mut second));
        assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
    }
}

#[tokio::test]
async fn health_keeps_its_deadline_with_a_frozen_server() {
    for dialect in SERVERS {
        let (db, proxy, _database) = behind_a_proxy(dialect, unforgiving()).await;
        let well = db.health(LONG).await;
        let disk = well.parts.iter().find(|part| part.name == "disk").unwrap();
        assert!(disk.reason.contains("the database has") || disk.reason.contains("are free"), "{}", disk.reason);
        proxy.set(Fault::HalfOpen);
        let begun = Instant::now();
        let health = db.health(Duration::from_millis(500)).await;
        assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
        let connection = health.parts.iter().find(|part| part.name == "connection").unwrap();
        assert_eq!(connection.status, HealthStatus::Unreachable, "{}", connection.reason);
        assert!(connection.advice.is_some());
    }
}

/// Sleeps on the server.
fn nap(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Postgres { "SELECT 1 FROM pg_sleep(1.5)" } else { "SELECT SLEEP(1.5) + 1" }
}

#[tokio::test]
async fn a_frozen_server_is_noticed_by_those_who_wait_without_a_deadline() {
    for dialect in SERVERS {
        let limit = Duration::from_millis(700);
        let options = PoolOptions { frozen_after: limit, ping_timeout: limit, ..unforgiving() };
        let (mut db, proxy, _database) = behind_a_proxy(dialect, options).await;
        proxy.set(Fault::HalfOpen);
        let error = tokio::time::timeout(LONG, one(&mut db)).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::InDoubt, "{error}");
        assert!(error.to_string().contains("went down while the statement was running"), "{error}");
        proxy.set(Fault::None);
        let mended = Instant::now();
        while let Err(error) = one(&mut db).await {
            assert!(mended.elapsed() < LONG, "it is not mended: {error}");
        }
    }
}

#[tokio::test]
async fn a_long_statement_of_a_server_that_answers_goes_on() {
    for dialect in SERVERS {
        let options = PoolOptions { frozen_after: Duration::from_millis(100), ..patient() };
        let (mut db, proxy, _database) = behind_a_proxy(dialect, options).await;
        let before = proxy.accepted();
        assert_eq!(sql::<i64>(nap(dialect), ()).one(&mut db).await.unwrap(), 1);
        assert!(proxy.accepted() > before, "nobody asked whether it lives");
    }
}

#[tokio::test]
async fn an_outage_opens_the_breaker_which_refuses_at_once_and_closes_again() {
    for dialect in SERVERS {
        let options = PoolOptions { breaker_failures: 3, breaker_pause: Duration::from_millis(200), ..patient() };
        let (mut db, proxy, _database) = behind_a_proxy(dialect, options).await;
        proxy.set(Fault::Refuse);
        let begun = Instant::now();
        let mut last;
        loop {
            last = one(&mut db).await.unwrap_err();
            assert!(begun.elapsed() < LONG, "never refused: {last}");
            if last.kind() == Kind::Overloaded {
                break;
            }
        }
        assert!(last.to_string().contains("has been failing for"), "{last}");
        assert!(db.metrics().contains("state=\"open\"} 1"), "{}", db.metrics());
        assert!(one(&mut db).await.is_err());
        proxy.set(Fault::None);
        let mended = Instant::now();
        while one(&mut db).await.is_err() {
            assert!(mended.elapsed() < LONG, "it stays open");
        }
        assert!(db.metrics().contains("state=\"closed\"} 1"));
    }
}

#[tokio::test]
async fn garbage_is_a_broken_protocol_and_breaks_only_its_connection() {
    for dialect in SERVERS {
        let (mut db, proxy, _database) = behind_a_proxy(dialect, patient()).await;
        proxy.set(Fault::Garble);
        let error = one(&mut db.within(Duration::from_secs(2))).await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Protocol | Kind::InDoubt | Kind::Timeout), "{error}");
        proxy.set(Fault::None);
        assert_eq!(one(&mut db).await.unwrap(), 1);
        assert_eq!(one(&mut db).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn slow_wires_are_only_slow() {
    for dialect in SERVERS {
        let (mut db, proxy, _database) = behind_a_proxy(dialect, patient()).await;
        for fault in [Fault::Delay(Duration::from_millis(20)), Fault::Throttle(20_000)] {
            proxy.set(fault);
            let begun = Instant::now();
            assert_eq!(one(&mut db).await.unwrap(), 1);
            assert!(begun.elapsed() >= Duration::from_millis(1));
        }
    }
}

#[tokio::test]
async fn dropped_answers_end_with_the_deadline() {
    for dialect in SERVERS {
        let (db, proxy, _database) = behind_a_proxy(dialect, patient()).await;
        proxy.set(Fault::DropAnswers);
        let error = one(&mut db.within(Duration::from_millis(200))).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        proxy.set(Fault::None);
        let mut db = db.clone();
        assert_eq!(one(&mut db).await.unwrap(), 1);
    }
}

/// Inserts one row in a transaction whose commit suffers `fault`; how it ended, and how many rows there are then.
async fn commit_under(dialect: Dialect, fault: Fault, retries: u32, options: PoolOptions) -> (Result<u64>, i64) {
    // The only connection is the one in doubt: who finds out needs none of the pool's.
    let options = PoolOptions { max_connections: 1, ..options };
    let (mut db, proxy, _database) = behind_a_proxy(dialect, options).await;
    db.batch("CREATE TABLE notes (n int)").await.unwrap();
    let mut attempts = 0;
    let outcome = transaction!(db, retries = retries, |tx| {
        attempts += 1;
        if attempts == 1 {
            proxy.set(fault.clone());
        }
        sql::<()>("INSERT INTO notes VALUES (1)", ()).exec(&mut tx).await
    });
    (outcome, sql::<i64>("SELECT COUNT(*) FROM notes", ()).one(&mut db).await.unwrap())
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_resolved_where_it_is_retried() {
    let lost = Fault::CutAnswerTo("COMMIT");
    for dialect in SERVERS {
        let (outcome, rows) = commit_under(dialect, lost.clone(), 3, patient()).await;
        assert_eq!((outcome.unwrap(), rows), (1, 1), "{dialect:?}: it was found to have happened");
        let (outcome, rows) = commit_under(dialect, lost.clone(), 0, patient()).await;
        assert_eq!((outcome.unwrap_err().kind(), rows), (Kind::InDoubt, 1), "nobody asked to find out");
    }
    let without = PoolOptions { commit_keys: false, ..patient() };
    let (outcome, rows) = commit_under(Dialect::Mysql, lost, 3, without).await;
    assert_eq!((outcome.unwrap_err().kind(), rows), (Kind::InDoubt, 1), "never twice");
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_made_once() {
    for dialect in SERVERS {
        let (outcome, rows) = commit_under(dialect, Fault::CutRequest("COMMIT"), 3, patient()).await;
        assert_eq!((outcome.unwrap(), rows), (1, 1), "{dialect:?}");
    }
    let without = PoolOptions { commit_keys: false, ..patient() };
    let (outcome, rows) = commit_under(Dialect::Mysql, Fault::CutRequest("COMMIT"), 3, without).await;
    assert_eq!((outcome.unwrap_err().kind(), rows), (Kind::InDoubt, 0));
}

#[tokio::test]
async fn an_idempotency_key_resolves_a_commit_and_allows_no_second() {
    for dialect in SERVERS {
        for fault in [Fault::CutAnswerTo("COMMIT"), Fault::CutRequest("COMMIT")] {
            let options = PoolOptions { max_connections: 1, tenant_connections: 1, ..patient() };
            let (db, proxy, _database) = behind_a_proxy(dialect, options).await;
            let mut db = db.tenant("one");
            db.batch("CREATE TABLE notes (n int)").await.unwrap();
            let mut attempts = 0;
            let outcome = transaction!(db, retries = 3, key = "order 41", |tx| {
                attempts += 1;
                if attempts == 1 {
                    proxy.set(fault.clone());
                }
                sql::<()>("INSERT INTO notes VALUES (1)", ()).exec(&mut tx).await
            });
            assert_eq!(outcome.unwrap(), 1, "{dialect:?}, {fault:?}");
            let again = transaction!(db, key = "order 41", |tx| {
                sql::<()>("INSERT INTO notes VALUES (2)", ()).exec(&mut tx).await
            });
            let error = again.unwrap_err();
            assert_eq!(error.kind(), Kind::AlreadyCommitted, "{error}");
            assert_eq!(
                sql::<i64>("SELECT COUNT(*) FROM notes", ()).one(&mut db).await.unwrap(),
                1,
                "{dialect:?}, {fault:?}"
            );
            let metrics = db.metrics();
            let outcome = if matches!(fault, Fault::CutRequest(_)) { "not committed" } else { "committed" };
            let line = format!("relata_commits_in_doubt_total{{outcome=\"{outcome}\"}} 1");
            assert!(metrics.contains(&line), "{metrics}");
        }
    }
}

/// A commit that hangs in the wire is not taken for undone as long as its transaction is open.
#[tokio::test]
async fn a_deadline_ends_the_search_for_a_lost_commit() {
    for dialect in SERVERS {
        let (db, proxy, _database) = behind_a_proxy(dialect, patient()).await;
        db.clone().batch("CREATE TABLE notes (n int)").await.unwrap();
        transaction!(db.clone(), retries = 1, |tx| { sql::<i64>("SELECT COUNT(*) FROM notes", ()).one(&mut tx).await })
            .unwrap();
        let mut late = db.within(Duration::from_secs(5));
        let begun = Instant::now();
        let outcome = transaction!(late, retries = 3, |tx| {
            let done = sql::<()>("INSERT INTO notes VALUES (1)", ()).exec(&mut tx).await?;
            proxy.set(Fault::HalfOpen);
            Ok(done)
        });
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), Kind::Timeout | Kind::InDoubt), "{error}");
        assert!(!error.is_retryable(), "{error}");
        assert!(begun.elapsed() < LONG, "it outlives its deadline: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_statement_cut_inside_a_transaction_leaves_nothing_in_doubt() {
    for dialect in SERVERS {
        let (outcome, rows) = commit_under(dialect, Fault::CutAnswerTo("INSERT INTO notes"), 3, patient()).await;
        assert_eq!((outcome.unwrap(), rows), (1, 1));
        let (outcome, rows) = commit_under(dialect, Fault::CutAnswerTo("INSERT INTO notes"), 0, patient()).await;
        assert_eq!((outcome.unwrap_err().kind(), rows), (Kind::NotSent, 0));
    }
}
