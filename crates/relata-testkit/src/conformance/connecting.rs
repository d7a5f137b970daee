//! Opening connections, and the ways that fails.

use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::driver::ConnectOptions;
use relata_sql::url::Secret;
use relata_sql::{DatabaseUrl, Kind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::Suite;

pub(super) async fn tells_its_server(suite: &Suite<'_>) {
    let session = suite.connect().await;
    let server = session.connection.server();
    assert_eq!(session.connection.dialect(), suite.dialect());
    let (products, oldest): (&[&str], u32) = match suite.dialect() {
        Dialect::Sqlite => (&["SQLite"], 35103),
        Dialect::Postgres => (&["PostgreSQL"], 130_000),
        Dialect::Mysql => (&["MariaDB", "MySQL"], 80_000),
    };
    assert!(products.contains(&server.product.as_str()), "{server:?}");
    assert!(server.number >= oldest, "{server:?}");
    assert!(server.version.starts_with(|c: char| c.is_ascii_digit()), "{server:?}");
}

pub(super) async fn creates_and_drops_databases(suite: &Suite<'_>) {
    if suite.is(Dialect::Sqlite) {
        return drops_files(suite).await;
    }
    let url = suite.url.with_database(&format!("{} \"b`'", suite.url.database));
    suite.driver.create_database(&url).await.expect("creates");
    let again = suite.driver.create_database(&url).await.expect_err("it exists");
    assert_eq!(again.kind(), Kind::AlreadyExists, "{again}");
    let mut session = Suite::new(suite.driver, url.clone()).connect().await;
    session.run("CREATE TABLE t (id int)").await;
    suite.driver.drop_database(&url).await.expect("drops, although somebody is connected");
    let gone = suite.connect_error(&url, &ConnectOptions::default()).await;
    assert_eq!(gone.kind(), Kind::NoSuchDatabase, "{gone}");
}

async fn drops_files(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (id INTEGER)").await;
    session.connection.close().await.expect("closes");
    assert!(std::path::Path::new(&suite.url.database).exists());
    suite.driver.drop_database(&suite.url).await.expect("drops");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = format!("{}{suffix}", suite.url.database);
        assert!(!std::path::Path::new(&path).exists(), "{path} is left");
    }
}

pub(super) async fn missing_database(suite: &Suite<'_>) {
    let mut options = ConnectOptions::default();
    let url = match suite.dialect() {
        Dialect::Sqlite => {
            options.create_if_missing = false;
            DatabaseUrl::sqlite_file(format!("{}.missing", suite.url.database))
        }
        _ => suite.url.with_database("relata_no_such_database"),
    };
    let error = suite.connect_error(&url, &options).await;
    assert_eq!(error.kind(), Kind::NoSuchDatabase, "{error}");
    assert!(error.to_string().contains(&url.database), "the database is named: {error}");
    assert!(!error.hints().is_empty(), "it says what to do: {error}");
    if suite.is(Dialect::Sqlite) {
        assert!(!std::path::Path::new(&url.database).exists(), "looking does not create");
    }
}

pub(super) async fn nobody_listens(suite: &Suite<'_>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = DatabaseUrl { hosts: vec![("127.0.0.1".into(), port)], ..suite.url.clone() };
    let begun = Instant::now();
    let error = suite.connect_error(&url, &ConnectOptions::default()).await;
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert!(error.to_string().contains(&port.to_string()), "the port is named: {error}");
    assert!(begun.elapsed() < Duration::from_secs(5), "it does not wait for the deadline");
}

pub(super) async fn silent_server(suite: &Suite<'_>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let url = DatabaseUrl { hosts: vec![("127.0.0.1".into(), port)], ..suite.url.clone() };
    let options = ConnectOptions { connect_timeout: Duration::from_millis(300), ..ConnectOptions::default() };
    let begun = Instant::now();
    let error = suite.connect_error(&url, &options).await;
    assert!(matches!(error.kind(), Kind::Timeout | Kind::Unreachable), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3), "the deadline holds");
}

pub(super) async fn not_a_database_server(suite: &Suite<'_>) {
    if suite.is(Dialect::Sqlite) {
        let path = format!("{}.txt", suite.url.database);
        std::fs::write(&path, "This is a letter, long enough to have a head of its own.\n".repeat(40)).expect("writes");
        let error = suite.connect_error(&DatabaseUrl::sqlite_file(path), &ConnectOptions::default()).await;
        return assert_eq!(error.kind(), Kind::Corrupt, "{error}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let url = DatabaseUrl { hosts: vec![("127.0.0.1".into(), port)], ..suite.url.clone() };
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        }
    });
    let options = ConnectOptions { connect_timeout: Duration::from_secs(3), ..ConnectOptions::default() };
    let error = suite.connect_error(&url, &options).await;
    server.abort();
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
}

pub(super) async fn wrong_password(suite: &Suite<'_>) {
    // The PostgreSQL of `./test` trusts everyone: there only the role can be wrong.
    let mut url = suite.url.clone();
    url.password = Some(Secret::new("hush-hush"));
    if suite.is(Dialect::Postgres) {
        url.user = "relata_nobody".into();
    }
    let error = suite.connect_error(&url, &ConnectOptions::default()).await;
    assert_eq!(error.kind(), Kind::Authentication, "{error}");
    assert!(!format!("{error} {error:?}").contains("hush-hush"), "{error}");
    assert!(error.to_string().contains(&url.user), "the user is named: {error}");
}
