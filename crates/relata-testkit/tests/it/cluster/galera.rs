//! Galera: the nodes name one another, one of them is the primary until it fails.

use std::time::Instant;

use relata_runtime::cluster::Role;
use relata_runtime::{Reads, Token, sql};
use relata_testkit::load::Writers;
use relata_testkit::servers::{Galera, open};

use super::{LONG, until_nodes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn galera_names_its_nodes_and_one_takes_over() {
    if Galera::is_missing() {
        return;
    }
    let mut servers = Galera::start().await;
    let db = open(&servers.url()).await;
    let complete = |roles: &[Role]| roles == [Role::Primary, Role::Replica];
    until_nodes(&db, LONG, "both nodes", complete).await;
    assert_eq!(db.nodes()[1].name, servers.name(1), "known by the first one's word only");

    for n in 0..100 {
        sql::<()>("INSERT INTO work VALUES (?)", (-n - 1,)).exec(&mut db.clone()).await.unwrap();
        let token: Token = db.token().await.unwrap().to_string().parse().unwrap();
        let mut reader = db.reading(Reads::AtLeast(token));
        assert_eq!(sql::<i64>("SELECT MIN(n) FROM work", ()).one(&mut reader).await.unwrap(), -n - 1, "a stale read");
    }

    let writers = Writers::start(&db, 4);
    writers.account.more(50).await;
    servers.kill(0);
    let killed = Instant::now();
    writers.account.more(50).await;
    let account = writers.stop().await;
    let mut left = servers.alone(1, "shop").await;
    let found = sql::<i64>("SELECT n FROM work WHERE n >= 0", ()).all(&mut left).await.unwrap();
    let (lost, twice) = account.compare(&found);
    eprintln!(
        "acknowledged {}, lost {}, twice {}; errors {:?}; first write {:?} after the kill",
        account.count(),
        lost.len(),
        twice.len(),
        account.kinds(),
        account.first_after(killed)
    );
    assert!(lost.is_empty() && twice.is_empty(), "lost {lost:?}, twice {twice:?}");
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
    until_nodes(&db, LONG, "the other is primary", |roles| roles.last() == Some(&Role::Primary)).await;
}
