//! MySQL itself: a primary and a replica by GTID.

use std::time::{Duration, Instant};

use relata_runtime::cluster::Role;
use relata_runtime::health::HealthStatus;
use relata_runtime::{Db, Kind, Reads, Token, sql};
use relata_testkit::load::Writers;
use relata_testkit::servers::{MysqlPair, open, until};

use super::{LONG, number, until_caught_up, until_nodes};

async fn together(servers: &MysqlPair) -> Db {
    let db = open(&servers.url()).await;
    let begun = |roles: &[Role]| roles == [Role::Primary, Role::Replica];
    until_nodes(&db, LONG, "a primary and a replica", begun).await;
    until_caught_up(&db).await;
    db
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_to_the_replica_and_see_what_a_token_stands_for() {
    let Some(servers) = MysqlPair::start().await else { return };
    let db = together(&servers).await;
    let (mut on_replicas, mut n, begun) = (0, 0, Instant::now());
    while n < 300 || on_replicas == 0 && begun.elapsed() < LONG {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut db.clone()).await.unwrap();
        let text = db.token().await.unwrap().to_string();
        assert!(text.starts_with("executed:"), "{text}");
        let mut reader = db.reading(Reads::AtLeast(text.parse::<Token>().unwrap()));
        let (most, server): (i64, i64) =
            sql("SELECT MAX(n), @@server_id FROM work", ()).one(&mut reader).await.unwrap();
        assert_eq!(most, n, "a stale read");
        on_replicas += u32::from(server == 2);
        n += 1;
    }
    assert!(on_replicas > 0, "no read went to the replica: {:#?}", db.nodes());
    let mut visit = db.session(Reads::Replica { max_lag: Duration::from_secs(10) });
    for n in n..n + 50 {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut visit).await.unwrap();
        assert_eq!(sql::<i64>("SELECT MAX(n) FROM work", ()).one(&mut visit).await.unwrap(), n);
    }
    until("the replica receives", LONG, async || db.nodes()[1].receives == Some(true)).await;
    let mut replica = servers.alone(1, "shop").await;
    replica.batch("STOP REPLICA IO_THREAD").await.unwrap();
    until("it is cut off, and says so", LONG, async || db.nodes()[1].receives == Some(false)).await;
    let health = db.health(LONG).await;
    let part = health.parts.iter().find(|part| part.reason.contains("receives nothing from its primary"));
    assert_eq!(part.unwrap().status, HealthStatus::Degraded, "{health:#?}");
}

/// What follows is a replica, also where nobody has set `read_only`; and one that can only be read says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_known_by_what_it_follows() {
    let Some(servers) = MysqlPair::start().await else { return };
    let db = together(&servers).await;
    let mut replica = servers.alone(1, "shop").await;
    let error = sql::<()>("INSERT INTO work VALUES (1)", ()).exec(&mut replica).await.unwrap_err();
    assert_eq!(error.kind(), Kind::ReadOnly, "{error}");
    replica.batch("SET GLOBAL super_read_only = 0; SET GLOBAL read_only = 0").await.unwrap();
    sql::<()>("INSERT INTO work VALUES (2)", ()).exec(&mut db.clone()).await.unwrap();
    until_caught_up(&db).await;
    assert_eq!(db.nodes()[1].role, Role::Replica);
    assert_eq!(number(&db, "SELECT @@server_id").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_is_replaced_and_nothing_is_written_twice() {
    let Some(mut servers) = MysqlPair::start().await else { return };
    let db = together(&servers).await;
    let writers = Writers::start(&db, 4);
    writers.account.more(100).await;
    servers.kill_primary();
    servers.promote().await;
    let promoted = Instant::now();
    writers.account.more(100).await;
    let account = writers.stop().await;
    let since = account.first_after(promoted).unwrap_or_default();
    let (lost, twice) = account.compare(&servers.found(1).await);
    eprintln!(
        "acknowledged {}, lost {} (replication is asynchronous), twice {}; first write {since:?} after the promotion",
        account.count(),
        lost.len(),
        twice.len()
    );
    assert!(twice.is_empty(), "written twice: {twice:?}");
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_primary_is_replaced_and_not_believed_when_it_wakes() {
    let Some(servers) = MysqlPair::start().await else { return };
    let db = together(&servers).await;
    let writers = Writers::start(&db, 4);
    writers.account.more(100).await;
    servers.freeze(0);
    until_nodes(&db, LONG, "it leaves rotation", |roles| roles[0] == Role::Down).await;
    servers.promote().await;
    servers.thaw(0);
    writers.account.more(100).await;
    let account = writers.stop().await;
    let (_, twice) = account.compare(&servers.found(1).await);
    assert!(twice.is_empty(), "written twice: {twice:?}");
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
    let begun = Instant::now();
    while db.nodes()[0].role != Role::Primary || db.nodes()[0].in_rotation {
        assert!(begun.elapsed() < LONG, "the old primary is not known for what it is: {:#?}", db.nodes());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(number(&db, "SELECT @@server_id").await, 2, "the one that was promoted");
}
