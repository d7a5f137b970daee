//! A password that is changed while the program runs: nobody is told.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use relata_runtime::pool::PoolOptions;
use relata_runtime::secret::TokenProvider;
use relata_runtime::{Db, Kind, Result, sql};
use relata_sql::DatabaseUrl;
use relata_sql::driver::{BoxFuture, ConnectOptions};
use relata_sql::url::Secret;
use relata_testkit::shared_driver;

use super::block_on;
use super::private_server::{PrivateServer, Product};

const LONG: Duration = Duration::from_secs(60);

/// A server with a user `ann`, and a handle that may change her password.
async fn start(product: Product) -> (PrivateServer, Db) {
    let server = PrivateServer::start(product);
    let (login, create) = match product {
        Product::Postgres => ("postgres", "CREATE ROLE ann LOGIN PASSWORD 'first'"),
        Product::Mariadb => ("root", "CREATE USER ann@'127.0.0.1' IDENTIFIED BY 'first'"),
    };
    let url = server.url(login, "127.0.0.1", "");
    let mut root = Db::connect(shared_driver(url.dialect), url, PoolOptions::default()).await.unwrap();
    root.batch(create).await.unwrap();
    (server, root)
}

async fn change(root: &mut Db, product: Product, password: &str) {
    let sql = match product {
        Product::Postgres => format!("ALTER ROLE ann PASSWORD '{password}'"),
        Product::Mariadb => format!("SET PASSWORD FOR ann@'127.0.0.1' = PASSWORD('{password}')"),
    };
    root.batch(&sql).await.unwrap();
}

/// Nobody sees it half-written.
fn write(file: &Path, password: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, format!("{password}\n")).unwrap();
    std::fs::rename(new, file).unwrap();
}

/// Connections live for a second, so that new ones are opened all the time; logging in takes as long as it takes.
fn short_lived() -> PoolOptions {
    PoolOptions {
        max_connections: 4,
        max_lifetime: Duration::from_secs(1),
        acquire_timeout: LONG,
        connect: ConnectOptions { connect_timeout: LONG, ..ConnectOptions::default() },
        ..PoolOptions::default()
    }
}

/// Tasks that ask again and again.
struct Load {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<String>>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn on(db: &Db) -> Self {
        let mut load = Load { stop: Arc::default(), asked: Arc::default(), failed: Arc::default(), tasks: Vec::new() };
        for _ in 0..8 {
            let (mut db, stop, asked, failed) =
                (db.clone(), load.stop.clone(), load.asked.clone(), load.failed.clone());
            load.tasks.push(tokio::spawn(async move {
                while !stop.load(Ordering::Acquire) {
                    if let Err(error) = sql::<i64>("SELECT 1", ()).one(&mut db).await {
                        failed.lock().unwrap().push(error.to_string());
                    }
                    asked.fetch_add(1, Ordering::AcqRel);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }));
        }
        load
    }

    /// Until so many new connections were opened.
    async fn until_connected(&self, db: &Db, more: u64) {
        let (before, begun) = (connects(db), Instant::now());
        while connects(db) < before + more {
            assert!(begun.elapsed() < LONG, "{:?}", self.failed.lock().unwrap());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Release);
        for task in self.tasks {
            task.await.unwrap();
        }
        assert!(self.asked.load(Ordering::Acquire) > 0);
        assert_eq!(*self.failed.lock().unwrap(), [""; 0]);
    }
}

fn connects(db: &Db) -> u64 {
    let metrics = db.metrics();
    let count = metrics.lines().find_map(|line| line.strip_prefix("relata_connect_seconds_count"));
    count.and_then(|line| line.rsplit_once(' ')).map_or(0, |(_, count)| count.parse().unwrap())
}

async fn rotated_in_its_file(product: Product) {
    let (server, mut root) = start(product).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    write(&file, "first");
    let url = server.url("ann", "127.0.0.1", &format!("password_file={}", file.display()));
    let url = DatabaseUrl { database: database(product), ..url };
    let db = Db::connect(shared_driver(url.dialect), url, short_lived()).await.unwrap();
    let load = Load::on(&db);
    for password in ["second", "third", "fourth"] {
        load.until_connected(&db, 4).await;
        // The server first and the file a moment later: whoever connects in between is refused, and tries again.
        change(&mut root, product, password).await;
        let refused = refusals(&db);
        let begun = Instant::now();
        while refusals(&db) == refused {
            assert!(begun.elapsed() < LONG, "nobody was refused");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        write(&file, password);
        load.until_connected(&db, 4).await;
    }
    load.end().await;
}

fn database(product: Product) -> String {
    match product {
        Product::Postgres => "postgres".into(),
        Product::Mariadb => String::new(),
    }
}

/// How often a login was refused.
fn refusals(db: &Db) -> u64 {
    let metrics = db.metrics();
    let count = metrics.lines().find_map(|line| line.strip_prefix("relata_errors_total{kind=\"Authentication\""));
    count.and_then(|line| line.rsplit_once(' ')).map_or(0, |(_, count)| count.parse().unwrap())
}

#[test]
fn a_password_that_is_rotated_under_load_on_postgres() {
    block_on(rotated_in_its_file(Product::Postgres));
}

#[test]
fn a_password_that_is_rotated_under_load_on_mariadb() {
    block_on(rotated_in_its_file(Product::Mariadb));
}

/// Gives the token of now, for a very short time or a long one.
struct Tokens {
    now: Mutex<String>,
    kept: Duration,
    asked: AtomicUsize,
}

impl TokenProvider for Tokens {
    fn token<'a>(&'a self, _: &'a DatabaseUrl) -> BoxFuture<'a, Result<(Secret, Duration)>> {
        self.asked.fetch_add(1, Ordering::AcqRel);
        let token = Secret::new(self.now.lock().unwrap().as_str());
        Box::pin(async move { Ok((token, self.kept)) })
    }
}

/// One that is kept is asked for anew when its time is over, or when the server refuses it.
async fn tokens_expire(product: Product) {
    let (server, mut root) = start(product).await;
    let url = DatabaseUrl { database: database(product), ..server.url("ann", "127.0.0.1", "") };
    for (kept, password) in [(Duration::from_millis(1), "second"), (Duration::from_secs(3600), "third")] {
        let before = if password == "second" { "first" } else { "second" };
        let tokens = Arc::new(Tokens { now: Mutex::new(before.into()), kept, asked: AtomicUsize::new(0) });
        let db = Db::connect_with(shared_driver(url.dialect), url.clone(), short_lived(), Some(tokens.clone())).await;
        let db = db.unwrap();
        let load = Load::on(&db);
        load.until_connected(&db, 8).await;
        let asked = tokens.asked.load(Ordering::Acquire);
        assert!(if kept < LONG { asked > 1 } else { asked == 1 }, "asked {asked} times");
        *tokens.now.lock().unwrap() = password.into();
        change(&mut root, product, password).await;
        load.until_connected(&db, 8).await;
        load.end().await;
    }
    // A token that stays wrong is told, without the token.
    let tokens = Arc::new(Tokens { now: Mutex::new("sesame".into()), kept: LONG, asked: AtomicUsize::new(0) });
    let error = Db::connect_with(shared_driver(url.dialect), url, short_lived(), Some(tokens)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Authentication, "{error}");
    assert!(!error.to_string().contains("sesame"), "{error}");
}

#[test]
fn tokens_that_expire_under_load_on_postgres() {
    block_on(tokens_expire(Product::Postgres));
}

#[test]
fn tokens_that_expire_under_load_on_mariadb() {
    block_on(tokens_expire(Product::Mariadb));
}
