//! Everything that can be wrong with a database that one wants to use, in one table: its kind, its words, its metric.
//!
//! Servers that are in a state which a test cannot bring about at will (starting, stopping, full) are played by one that says
//! what such a server says; what goes wrong later is said by real servers, who are told to. TLS that does not fit and
//! certificates that are over are tried on real servers in [`crate::tls`].

use std::time::Duration;

use expect_test::expect;
use relata_runtime::pool::PoolOptions;
use relata_runtime::{Db, Error, sql};
use relata_schema::Dialect;
use relata_sql::DatabaseUrl;
use relata_sql::driver::ConnectOptions;
use relata_testkit::{TestDatabase, shared_driver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The password of every URL. Nobody may read it in a message.
const SECRET: &str = "hush-0815";

fn options() -> PoolOptions {
    let connect = ConnectOptions { connect_timeout: Duration::from_millis(800), ..ConnectOptions::default() };
    PoolOptions { connect, ..PoolOptions::default() }
}

/// What a server does with whoever connects.
#[derive(Clone, Copy)]
enum Says {
    /// It refuses, with this code and text.
    Refusal(&'static str, &'static str),
    /// Bytes that no database sends.
    Bytes(&'static [u8]),
    /// Nothing, ever.
    Nothing,
    /// It hangs up.
    Goodbye,
}

/// PostgreSQL's ErrorResponse.
fn refusal_of_postgres(code: &str, text: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{text}\0\0");
    let mut out = vec![b'E'];
    out.extend((fields.len() as u32 + 4).to_be_bytes());
    out.extend(fields.as_bytes());
    out
}

/// MariaDB's ERR in the place of its greeting.
fn refusal_of_mariadb(code: &str, text: &str) -> Vec<u8> {
    let code: u16 = code.parse().unwrap();
    let mut body = vec![0xff];
    body.extend(code.to_le_bytes());
    body.extend(text.as_bytes());
    let mut out = (body.len() as u32).to_le_bytes()[..3].to_vec();
    out.push(0);
    out.extend(body);
    out
}

/// A server that says this to everybody; its URL.
async fn server(dialect: Dialect, says: Says) -> (tokio::task::JoinHandle<()>, DatabaseUrl) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut client, _)) = listener.accept().await {
            if dialect == Dialect::Postgres {
                // It is asked first.
                let _ = client.read(&mut [0; 1024]).await;
            }
            let bytes = match says {
                Says::Refusal(code, text) if dialect == Dialect::Postgres => refusal_of_postgres(code, text),
                Says::Refusal(code, text) => refusal_of_mariadb(code, text),
                Says::Bytes(bytes) => bytes.to_vec(),
                Says::Goodbye => continue,
                Says::Nothing => {
                    kept.push(client);
                    continue;
                }
            };
            let _ = client.write_all(&bytes).await;
            let _ = client.shutdown().await;
        }
    });
    (serving, url(dialect, port, if dialect == Dialect::Postgres { "?sslmode=disable" } else { "" }))
}

fn url(dialect: Dialect, port: u16, parameters: &str) -> DatabaseUrl {
    let scheme = if dialect == Dialect::Postgres { "postgres" } else { "mysql" };
    format!("{scheme}://ann:{SECRET}@127.0.0.1:{port}/shop{parameters}").parse().unwrap()
}

/// A line: kind, whether it is run again by itself, words. Its kind was counted, and the secret is nowhere.
fn line(what: &str, db: &Db, error: &Error) -> String {
    let metrics = db.metrics();
    let kind = format!("{:?}", error.kind());
    assert!(
        metrics.contains(&format!("relata_errors_total{{kind=\"{kind}\"")),
        "{what}: {error} is not counted: {metrics}"
    );
    for text in [error.to_string(), format!("{error:#?}"), metrics, format!("{db:?}")] {
        assert!(!text.contains(SECRET), "{what}: {text}");
    }
    let again = if error.is_retryable() { ", retryable" } else { "" };
    let port = format!(":{}", db.url().port());
    format!("{what}: {kind}{again}\n    {}\n", error.to_string().replace(&port, ":PORT").replace('\n', "\n    "))
}

async fn connecting(what: &str, url: DatabaseUrl) -> String {
    let db = Db::prepare(shared_driver(url.dialect), url, options(), None).unwrap();
    let error = sql::<i64>("SELECT 1", ()).one(&mut db.clone()).await.unwrap_err();
    let metrics = db.metrics();
    let counted = metrics.lines().find(|line| line.starts_with("relata_connect_errors_total{")).unwrap();
    assert!(!counted.ends_with(" 0"), "{what}: {counted}");
    line(what, &db, &error)
}

async fn all_of(dialect: Dialect, cases: &[(&str, Says)]) -> String {
    let mut out = connecting("nobody listens", url(dialect, 1, "")).await;
    for (what, says) in cases {
        let (serving, url) = server(dialect, *says).await;
        out += &connecting(what, url).await;
        serving.abort();
    }
    out
}

const NONSENSE: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn what_is_wrong_when_connecting_to_postgres() {
    let cases = [
        ("it keeps silent", Says::Nothing),
        ("it hangs up", Says::Goodbye),
        ("no database", Says::Bytes(NONSENSE)),
        ("wrong password", Says::Refusal("28P01", "password authentication failed for user \"ann\"")),
        ("unknown user", Says::Refusal("28000", "role \"ann\" does not exist")),
        ("wrong database", Says::Refusal("3D000", "database \"shop\" does not exist")),
        ("too many connections", Says::Refusal("53300", "sorry, too many clients already")),
        ("starting", Says::Refusal("57P03", "the database system is starting up")),
        ("in recovery", Says::Refusal("57P03", "the database system is in recovery mode")),
        ("shutting down", Says::Refusal("57P03", "the database system is shutting down")),
        ("out of disk", Says::Refusal("53100", "could not write init file: No space left on device")),
        ("out of memory", Says::Refusal("53200", "out of memory")),
    ];
    let mut out = all_of(Dialect::Postgres, &cases).await;
    let (serving, there) = server(Dialect::Postgres, Says::Bytes(b"N")).await;
    out += &connecting("TLS is wanted and not there", url(Dialect::Postgres, there.port(), "?sslmode=require")).await;
    serving.abort();
    expect![[r#"
        nobody listens: Unreachable, retryable
            no PostgreSQL server at 127.0.0.1:PORT: nothing listens there [R0301]
              hint: start the server, or correct host and port in the URL
        it keeps silent: Timeout
            no connection to 127.0.0.1:PORT within 800 ms [R0204]
              hint: check that the host is reachable, or allow a longer connect timeout
        it hangs up: Protocol
            what answers at 127.0.0.1:PORT is no PostgreSQL server [R0308]
              hint: check host and port in the URL; PostgreSQL usually listens on 5432
        no database: Protocol
            what answers at 127.0.0.1:PORT is no PostgreSQL server [R0308]
              hint: check host and port in the URL; PostgreSQL usually listens on 5432
        wrong password: Authentication
            password authentication failed for user "ann" [R0303, 28P01]
              hint: check user "ann" and the password in the URL for 127.0.0.1:PORT
        unknown user: Authentication
            role "ann" does not exist [R0303, 28000]
              hint: check user "ann" and the password in the URL for 127.0.0.1:PORT
        wrong database: NoSuchDatabase
            database "shop" does not exist [R0304, 3D000]
              hint: create it on 127.0.0.1:PORT with CREATE DATABASE, or correct the name in the URL
        too many connections: Unavailable, retryable
            while connecting to database "shop" on 127.0.0.1:PORT: sorry, too many clients already [R0305, 53300]
              hint: its places for connections are taken: lower `max_connections` of the programs, close what is idle, or raise it there
        starting: Unavailable, retryable
            while connecting to database "shop" on 127.0.0.1:PORT: the database system is starting up [R0305, 57P03]
              hint: wait until it has started, or name the other nodes in the URL too
        in recovery: Unavailable, retryable
            while connecting to database "shop" on 127.0.0.1:PORT: the database system is in recovery mode [R0305, 57P03]
              hint: wait until it has started, or name the other nodes in the URL too
        shutting down: Unavailable, retryable
            while connecting to database "shop" on 127.0.0.1:PORT: the database system is shutting down [R0305, 57P03]
              hint: wait until it has started, or name the other nodes in the URL too
        out of disk: DiskFull
            while connecting to database "shop" on 127.0.0.1:PORT: could not write init file: No space left on device [R0503, 53100]
              hint: free space on the server's disk
        out of memory: ResourceExhausted
            while connecting to database "shop" on 127.0.0.1:PORT: out of memory [R0506, 53200]
              hint: give the server more memory, or ask it for less at once
        TLS is wanted and not there: Tls
            no TLS connection to 127.0.0.1:PORT: the server does not offer TLS [R0306]
              hint: the server has to be set up for it (`ssl = on`); sslmode=prefer goes on without where it is not
    "#]].assert_eq(&out);
}

#[tokio::test]
async fn what_is_wrong_when_connecting_to_mariadb() {
    let cases = [
        ("it keeps silent", Says::Nothing),
        ("it hangs up", Says::Goodbye),
        ("no database", Says::Bytes(NONSENSE)),
        ("wrong password", Says::Refusal("1045", "Access denied for user 'ann'@'localhost' (using password: YES)")),
        ("wrong database", Says::Refusal("1049", "Unknown database 'shop'")),
        ("too many connections", Says::Refusal("1040", "Too many connections")),
        ("too many of the user", Says::Refusal("1203", "User ann already has more than 'max_user_connections' active")),
        ("shutting down", Says::Refusal("1053", "Server shutdown in progress")),
        ("host is blocked", Says::Refusal("1129", "Host '127.0.0.1' is blocked because of many connection errors")),
        ("out of disk", Says::Refusal("1021", "Disk full (/tmp); waiting for someone to free some space")),
        ("out of memory", Says::Refusal("1037", "Out of memory; restart server and try again (needed 65536 bytes)")),
    ];
    expect![[r#"
        nobody listens: Unreachable, retryable
            the server at 127.0.0.1:PORT refused the connection [R0301]
              hint: is the server running, and is the port right?
        it keeps silent: Timeout
            the server at 127.0.0.1:PORT did not answer within 800ms [R0204]
              hint: check host and port: a firewall, or a server that is no MariaDB, keeps silent like this
        it hangs up: Protocol
            the server at 127.0.0.1:PORT closed the connection before it said what it is [R0308]
              hint: check the port: MariaDB listens on 3306 unless told otherwise
        no database: Protocol
            the server at 127.0.0.1:PORT does not speak like MariaDB or MySQL: its first packet is too long for a greeting [R0308]
              hint: check the port: MariaDB listens on 3306 unless told otherwise
        wrong password: Authentication
            the server at 127.0.0.1:PORT refused the login of "ann" [R0303, HY000]
              hint: check user and password in the URL, and from which hosts the user may log in
        wrong database: NoSuchDatabase
            the server at 127.0.0.1:PORT has no database "shop" [R0304, HY000]
              hint: create it: CREATE DATABASE `shop`
        too many connections: Unavailable, retryable
            connecting to the server at 127.0.0.1:PORT: Too many connections [R0305, HY000]
              hint: its places for connections are taken: lower `max_connections` of the programs, close what is idle, or raise it there
        too many of the user: Unavailable, retryable
            connecting to the server at 127.0.0.1:PORT: User ann already has more than 'max_user_connections' active [R0305, HY000]
              hint: its places for connections are taken: lower `max_connections` of the programs, close what is idle, or raise it there
        shutting down: Unavailable, retryable
            connecting to the server at 127.0.0.1:PORT: Server shutdown in progress [R0305, HY000]
              hint: connect again: it comes back, or another node takes over (name all of them in the URL)
        host is blocked: PermissionDenied
            connecting to the server at 127.0.0.1:PORT: Host '127.0.0.1' is blocked because of many connection errors [R0501, HY000]
              hint: `mariadb-admin flush-hosts` unblocks it; see what breaks connections off
        out of disk: DiskFull
            connecting to the server at 127.0.0.1:PORT: Disk full (/tmp); waiting for someone to free some space [R0503, HY000]
              hint: free space on the server's disk
        out of memory: ResourceExhausted
            connecting to the server at 127.0.0.1:PORT: Out of memory; restart server and try again (needed 65536 bytes) [R0506, HY000]
              hint: give the server more memory, or ask it for less at once
    "#]].assert_eq(&all_of(Dialect::Mysql, &cases).await);
}

/// What real servers say later, as they are told to.
async fn later(dialect: Dialect, cases: &[(&str, &str)]) -> String {
    let database = TestDatabase::create(dialect).await;
    let mut db = Db::connect(shared_driver(dialect), database.url().clone(), PoolOptions::default()).await.unwrap();
    let mut out = String::new();
    for (what, script) in cases {
        let error = db.batch(script).await.unwrap_err();
        out += &line(what, &db, &error);
    }
    out
}

#[tokio::test]
async fn what_goes_wrong_later() {
    let raise =
        |code: &str, text: &str| format!("DO $$ BEGIN RAISE EXCEPTION '{text}' USING ERRCODE = '{code}'; END $$");
    let postgres = [
        ("out of disk", raise("53100", "could not extend file: No space left on device")),
        ("in recovery", raise("25006", "cannot execute INSERT in a read-only transaction")),
        ("shutting down", raise("57P01", "terminating connection due to administrator command")),
        ("out of locks", raise("53200", "out of shared memory")),
    ];
    let postgres: Vec<_> = postgres.iter().map(|(what, script)| (*what, script.as_str())).collect();
    expect![[r#"
        out of disk: DiskFull
            could not extend file: No space left on device [R0503, 53100]
              hint: free space on the server's disk
        in recovery: ReadOnly
            cannot execute INSERT in a read-only transaction [R0502, 25006]
        shutting down: Unavailable, retryable
            terminating connection due to administrator command [R0305, 57P01]
              hint: connect again: it comes back, or another node takes over (name all of them in the URL)
        out of locks: ResourceExhausted
            out of shared memory [R0506, 53200]
              hint: give the server more memory, or ask it for less at once
    "#]]
    .assert_eq(&later(Dialect::Postgres, &postgres).await);
    let mariadb = [
        ("out of disk", "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1021, MESSAGE_TEXT = 'Disk full'"),
        ("a full table", "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'"),
        (
            "no room to sort",
            "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1030, MESSAGE_TEXT = 'Got error 59 from storage engine InnoDB'",
        ),
        ("read-only", "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = 'running with --read-only'"),
        (
            "shutting down",
            "SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO = 1053, MESSAGE_TEXT = 'Server shutdown in progress'",
        ),
        ("out of locks", "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1206, MESSAGE_TEXT = 'more locks than the table'"),
    ];
    expect![[r#"
        out of disk: DiskFull
            Disk full [R0503, HY000]
              hint: free space on the server's disk
        a full table: DiskFull
            The table is full [R0503, HY000]
              hint: free space on the server's disk
        no room to sort: DiskFull
            Got error 59 from storage engine InnoDB [R0503, HY000]
              hint: free space on the server's disk
        read-only: ReadOnly
            running with --read-only [R0502, HY000]
        shutting down: Unavailable, retryable
            Server shutdown in progress [R0305, 08S01]
              hint: connect again: it comes back, or another node takes over (name all of them in the URL)
        out of locks: ResourceExhausted
            more locks than the table [R0506, HY000]
              hint: give the server more memory, or ask it for less at once
    "#]]
    .assert_eq(&later(Dialect::Mysql, &mariadb).await);
    let sqlite = [
        ("out of disk", "CREATE TABLE t (x); PRAGMA max_page_count = 3; CREATE TABLE u (x); CREATE TABLE v (x)"),
        ("no such function", "SELECT nonsense()"),
    ];
    expect![[r#"
        out of disk: DiskFull
            the disk is full, or the database has reached its largest size [R0503, SQLITE_FULL]
              sql: CREATE TABLE v (x)
              hint: free space on the disk of the database file (and of the temporary directory), then try again
        no such function: UndefinedObject
            no such function: nonsense [R0404, SQLITE_ERROR]
              hint: look at line 1, column 8 of the SQL
    "#]]
    .assert_eq(&later(Dialect::Sqlite, &sqlite).await);
}

#[tokio::test]
async fn files_and_settings_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text.db"), "this is no database, and long enough to be seen as none".repeat(20))
        .unwrap();
    let place = folder.path().display().to_string();
    let mut out = String::new();
    for (what, url, options) in [
        ("no such folder", format!("sqlite:{place}/none/a.db"), PoolOptions::default()),
        ("no database", format!("sqlite:{place}/text.db"), PoolOptions::default()),
        ("a pool of zero", "sqlite::memory:".to_string(), PoolOptions { max_connections: 0, ..PoolOptions::default() }),
        (
            "a minimum above",
            "sqlite::memory:".to_string(),
            PoolOptions { min_connections: 99, ..PoolOptions::default() },
        ),
    ] {
        let url: DatabaseUrl = url.parse().unwrap();
        let error = Db::connect(shared_driver(url.dialect), url, options).await.unwrap_err();
        out += &format!(
            "{what}: {:?}\n    {}\n",
            error.kind(),
            error.to_string().replace(&place, "FOLDER").replace('\n', "\n    ")
        );
    }
    expect![[r#"
        no such folder: NoSuchDatabase
            FOLDER/none/a.db cannot be created: there is no directory FOLDER/none [R0304]
              hint: create it: mkdir -p FOLDER/none
        no database: Corrupt
            opening FOLDER/text.db: the file is not an SQLite database, or it is encrypted [R0504, SQLITE_NOTADB]
              hint: check the path; a database file begins with the words "SQLite format 3"
        a pool of zero: Configuration
            max_connections is 0: such a pool can serve nobody [R0602]
              hint: a pool wants at least one connection; 10 is the default
        a minimum above: Configuration
            min_connections is 99, more than max_connections, which is 10 [R0602]
              hint: lower the minimum, or raise the maximum
    "#]]
    .assert_eq(&out);
}
