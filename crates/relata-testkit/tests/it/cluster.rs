//! Several servers that follow one another, killed, frozen and promoted under load.

mod load;
mod mariadb;
mod postgres;
mod process;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relata_runtime::cluster::{NodeStatus, Role};
use relata_runtime::pool::PoolOptions;
use relata_runtime::{Db, sql};
use relata_schema::Dialect;
use relata_sql::DatabaseUrl;
use relata_sql::driver::ConnectOptions;

use crate::failures::Borrowed;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn options() -> PoolOptions {
    PoolOptions {
        acquire_timeout: Duration::from_secs(20),
        ping_timeout: Duration::from_millis(500),
        connect: ConnectOptions { connect_timeout: Duration::from_secs(2), ..ConnectOptions::default() },
        ..PoolOptions::default()
    }
}

/// All these servers as one database.
async fn open(dialect: Dialect, login: &str, ports: &[u16], database: &str) -> Db {
    let scheme = if dialect == Dialect::Postgres { "postgres" } else { "mysql" };
    let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let url: DatabaseUrl = format!("{scheme}://{login}@{}/{database}", hosts.join(",")).parse().unwrap();
    Db::connect(Arc::new(Borrowed(relata_testkit::driver(dialect))), url, options()).await.unwrap()
}

/// One server by itself.
async fn alone(dialect: Dialect, login: &str, port: u16, database: &str) -> Db {
    open(dialect, login, &[port], database).await
}

/// Waits until the nodes are what they should be; says what they are if they never become so.
async fn until_nodes(db: &Db, limit: Duration, what: &str, mut test: impl FnMut(&[Role]) -> bool) -> Duration {
    let begun = Instant::now();
    loop {
        let roles: Vec<_> = db.nodes().iter().map(|node| node.role).collect();
        if test(&roles) {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < limit, "{what}: in vain for {limit:?}: {:#?}", db.nodes());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until every replica has what the primary has now.
async fn until_caught_up(db: &Db) {
    let (token, begun) = (db.token().await.unwrap(), Instant::now());
    let there = |node: &NodeStatus| node.position.as_ref().is_some_and(|position| token.is_covered_by(position));
    while !db.nodes().iter().all(there) {
        assert!(begun.elapsed() < Duration::from_secs(20), "never caught up: {:#?}", db.nodes());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn number(db: &Db, text: &'static str) -> i64 {
    sql::<i64>(text, ()).one(&mut db.clone()).await.unwrap()
}
