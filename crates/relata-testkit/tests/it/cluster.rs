//! Several servers that follow one another, killed, frozen and promoted under load.

mod galera;
mod mariadb;
mod mysql;
mod patroni;
mod postgres;

use std::time::{Duration, Instant};

use relata_runtime::cluster::{NodeStatus, Role};
use relata_runtime::{Db, sql};

/// Longer than anything takes that happens at all, on a busy machine too.
const LONG: Duration = Duration::from_secs(90);

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
        assert!(begun.elapsed() < LONG, "never caught up: {:#?}", db.nodes());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn number(db: &Db, text: &'static str) -> i64 {
    sql::<i64>(text, ()).one(&mut db.clone()).await.unwrap()
}
