//! Patroni with etcd: it says where the nodes are and promotes one of them; clients go on by themselves.

use std::time::Instant;

use relata_runtime::cluster::Role;
use relata_testkit::load::Writers;
use relata_testkit::servers::{Patroni, open, until};

use super::{LONG, until_nodes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patroni_names_the_nodes_and_its_failover_is_followed() {
    if Patroni::is_missing() {
        return;
    }
    let mut servers = Patroni::start(2).await;
    let db = open(&servers.url()).await;
    let complete =
        |roles: &[Role]| roles.len() == 2 && roles.contains(&Role::Primary) && roles.contains(&Role::Replica);
    until_nodes(&db, LONG, "a primary and a replica", complete).await;
    let leader = servers.leader().await.unwrap();
    let primary = db.nodes().into_iter().find(|node| node.role == Role::Primary).unwrap();
    assert_eq!(primary.name, servers.name(leader));

    let writers = Writers::start(&db, 4);
    writers.account.more(100).await;
    servers.kill(leader);
    let killed = Instant::now();
    let mut promoted = None;
    until("another leads", LONG, async || {
        promoted = servers.leader().await.filter(|other| *other != leader);
        promoted.is_some()
    })
    .await;
    let seen = Instant::now();
    writers.account.more(100).await;
    let account = writers.stop().await;
    let (first, since) = (account.first_after(killed).unwrap(), account.first_after(seen).unwrap_or_default());
    let other = promoted.unwrap();
    let found =
        relata_runtime::sql::<i64>("SELECT n FROM work", ()).all(&mut servers.alone(other).await).await.unwrap();
    let (lost, twice) = account.compare(&found);
    eprintln!(
        "acknowledged {}, lost {}, twice {}; errors {:?}; first write {first:?} after the kill, at most {since:?} after the \
         promotion",
        account.count(),
        lost.len(),
        twice.len(),
        account.kinds()
    );
    assert!(lost.is_empty() && twice.is_empty(), "lost {lost:?}, twice {twice:?}");
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
    // Once its lease is over, Patroni names the dead node no more.
    until_nodes(&db, LONG, "one node is left", |roles| roles == [Role::Primary]).await;
    assert_eq!(db.nodes()[0].name, servers.name(other));
    assert!(db.metrics().contains("relata_discovery_up 1"), "{}", db.metrics());
}
