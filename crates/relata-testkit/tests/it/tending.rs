//! What a pool does with connections that nobody uses, and with a server that keeps silent.

use std::time::{Duration, Instant};

use relata_runtime::pool::PoolOptions;
use relata_runtime::{Db, Kind, Result, sql};
use relata_schema::Dialect;
use relata_sql::driver::ConnectOptions;
use relata_testkit::{Fault, Proxy, TestDatabase, shared_driver};

/// Longer than anything takes that ends at all.
const LONG: Duration = Duration::from_secs(60);

const SERVERS: [Dialect; 2] = [Dialect::Postgres, Dialect::Mysql];

/// Nothing happens by itself.
fn still() -> PoolOptions {
    PoolOptions {
        max_connections: 2,
        acquire_timeout: LONG,
        ping_after: Duration::MAX,
        ping_timeout: LONG,
        idle_timeout: Duration::MAX,
        keepalive: Duration::MAX,
        max_lifetime: Duration::MAX,
        frozen_after: Duration::MAX,
        connect: ConnectOptions { connect_timeout: LONG, ..ConnectOptions::default() },
        ..PoolOptions::default()
    }
}

async fn one(db: &mut Db) -> Result<i64> {
    sql::<i64>("SELECT COUNT(*) FROM (SELECT 1 AS one) AS ones", ()).one(db).await
}

/// A database behind a proxy, with one connection that is idle.
async fn idle(dialect: Dialect, options: PoolOptions) -> (Db, Proxy, TestDatabase) {
    let database = TestDatabase::create(dialect).await;
    let proxy = Proxy::in_front_of(database.url()).await;
    let mut db = Db::connect(shared_driver(dialect), proxy.url(database.url()), options).await.unwrap();
    assert_eq!(one(&mut db).await.unwrap(), 1);
    (db, proxy, database)
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LONG, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn closed_for(db: &Db, reason: &str) -> u64 {
    let wanted = format!("reason=\"{reason}\"}} ");
    let metrics = db.metrics();
    let counts = metrics.lines().filter(|line| line.starts_with("relata_pool_closed_total"));
    counts.filter_map(|line| line.split_once(&wanted)).map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn keepalive_finds_dead_connections_before_anybody_gets_one() {
    for dialect in SERVERS {
        let options = PoolOptions { keepalive: Duration::from_millis(50), ..still() };
        let (mut db, proxy, _database) = idle(dialect, options).await;
        proxy.cut();
        until("it is pinged, and closed", || closed_for(&db, "broken") == 1).await;
        assert_eq!(one(&mut db).await.unwrap(), 1, "{dialect:?}");
    }
}

#[tokio::test]
async fn what_has_rested_is_tested_before_it_is_lent() {
    for dialect in SERVERS {
        let (mut db, proxy, _database) = idle(dialect, PoolOptions { ping_after: Duration::ZERO, ..still() }).await;
        proxy.cut();
        assert_eq!(one(&mut db).await.unwrap(), 1, "{dialect:?}: replaced before anybody noticed");
        assert_eq!(closed_for(&db, "broken"), 1);
    }
}

#[tokio::test]
async fn what_has_rested_for_too_long_is_closed() {
    for dialect in SERVERS {
        let options = PoolOptions { idle_timeout: Duration::from_millis(50), ..still() };
        let (mut db, _proxy, _database) = idle(dialect, options).await;
        until("it is closed", || closed_for(&db, "idle") == 1 && db.pool_status()[0].idle == 0).await;
        assert_eq!(one(&mut db).await.unwrap(), 1);
    }
}

/// Who waits for a connection to a silent server is told, and who comes later, too; until it speaks again.
#[tokio::test]
async fn a_silent_server_is_told_to_those_who_wait_for_a_connection() {
    for dialect in SERVERS {
        let short = Duration::from_millis(300);
        let options = PoolOptions { ping_after: Duration::ZERO, frozen_after: short, ping_timeout: short, ..still() };
        let (mut db, proxy, _database) = idle(dialect, options).await;
        proxy.set(Fault::HalfOpen);
        for _ in 0..3 {
            let error = tokio::time::timeout(LONG, one(&mut db)).await.unwrap().unwrap_err();
            assert_eq!(error.kind(), Kind::NotSent, "{error}");
            assert!(error.to_string().contains("keeps silent"), "{error}");
        }
        proxy.set(Fault::None);
        let mended = Instant::now();
        // At once again and again: who asks does not keep the pool from looking.
        while let Err(error) = one(&mut db).await {
            assert!(mended.elapsed() < LONG, "it is not mended: {error}");
        }
    }
}
