//! MariaDB: a primary and a replica by GTID.

use std::time::{Duration, Instant};

use relata_runtime::cluster::Role;
use relata_runtime::{Db, Reads, Token, sql};
use relata_testkit::load::Writers;
use relata_testkit::servers::{MariadbPair, open};

use super::{LONG, until_caught_up, until_nodes};

async fn together(servers: &MariadbPair) -> Db {
    let db = open(&servers.url()).await;
    let begun = |roles: &[Role]| roles == [Role::Primary, Role::Replica];
    until_nodes(&db, LONG, "a primary and a replica", begun).await;
    until_caught_up(&db).await;
    db
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_to_the_replica_and_see_what_a_token_stands_for() {
    let servers = MariadbPair::start(false).await;
    let db = together(&servers).await;
    let mut on_replicas = 0;
    for n in 0..300 {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut db.clone()).await.unwrap();
        let token: Token = db.token().await.unwrap().to_string().parse().unwrap();
        let mut reader = db.reading(Reads::AtLeast(token));
        let (most, server): (i64, i64) =
            sql("SELECT MAX(n), @@server_id FROM work", ()).one(&mut reader).await.unwrap();
        assert_eq!(most, n, "a stale read");
        on_replicas += u32::from(server == 2);
    }
    assert!(on_replicas > 0, "no read went to the replica");
    let mut visit = db.session(Reads::Replica { max_lag: Duration::from_secs(10) });
    for n in 300..350 {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut visit).await.unwrap();
        assert_eq!(sql::<i64>("SELECT MAX(n) FROM work", ()).one(&mut visit).await.unwrap(), n);
    }
}

/// By its plugin DISKS the server tells how much room there is; without, how large the database is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_tells_the_room_on_the_disk() {
    let servers = MariadbPair::start(false).await;
    let mut db = servers.alone(0, "shop").await;
    let disk = async |db: &Db| {
        let health = db.health(LONG).await;
        health.parts.iter().find(|part| part.name == "disk").unwrap().reason.clone()
    };
    let without = disk(&db).await;
    assert!(without.contains("the server does not tell how much is free"), "{without}");
    if let Err(error) = db.batch("INSTALL SONAME 'disks'").await {
        eprintln!("SKIPPED: MariaDB's plugin DISKS is not there, so half of this test has tested nothing: {error}");
        return;
    }
    let with = disk(&db).await;
    assert!(with.contains(" are free on the disk"), "{with}");
}

/// With semi-synchronous replication nothing that was acknowledged may be missing.
async fn primary_killed(synchronous: bool) {
    let mut servers = MariadbPair::start(synchronous).await;
    let db = together(&servers).await;
    let writers = Writers::start(&db, 4);
    writers.account.more(100).await;
    servers.kill_primary();
    servers.promote().await;
    let promoted = Instant::now();
    writers.account.more(100).await;
    let account = writers.stop().await;
    let since_promotion = account.first_after(promoted).unwrap();
    let found = servers.found(1).await;
    let (lost, twice) = account.compare(&found);
    eprintln!(
        "acknowledged {}, lost {}, twice {}; errors {:?}; first write {since_promotion:?} after the promotion",
        account.count(),
        lost.len(),
        twice.len(),
        account.kinds()
    );
    assert!(!synchronous || lost.is_empty(), "lost: {lost:?}");
    assert!(twice.is_empty(), "written twice: {twice:?}");
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_loses_nothing_acknowledged_and_writes_nothing_twice() {
    primary_killed(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_asynchronous_replication_nothing_is_written_twice() {
    primary_killed(false).await;
}
