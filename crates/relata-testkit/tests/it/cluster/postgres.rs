//! PostgreSQL: a primary and two standbys by streaming replication.

use std::time::{Duration, Instant};

use relata_runtime::cluster::Role;
use relata_runtime::discovery::Discover;
use relata_runtime::{Db, Error, Kind, Reads, Result, Token, sql};
use relata_sql::DatabaseUrl;
use relata_sql::driver::BoxFuture;
use relata_testkit::load::Writers;
use relata_testkit::servers::{PostgresCluster, open, until};
use relata_testkit::{Fault, Proxy};

use super::{LONG, number, until_caught_up, until_nodes};

async fn together(url: &DatabaseUrl) -> Db {
    let db = open(url).await;
    until_nodes(&db, LONG, "a primary and two replicas", |roles| {
        roles == [Role::Primary, Role::Replica, Role::Replica]
    })
    .await;
    until_caught_up(&db).await;
    db
}

/// What befalls the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Kill,
    Freeze,
    Cut,
}

async fn primary_struck(synchronous: bool, blow: Blow) {
    let mut servers = PostgresCluster::start(2, synchronous).await;
    let proxy = Proxy::in_front_of(&servers.url_of(0)).await;
    let mut url = servers.url();
    url.hosts[0] = proxy.url(&url).hosts[0].clone();
    let db = together(&url).await;
    let writers = Writers::start(&db, 4);
    writers.account.more(200).await;
    match blow {
        Blow::Kill => servers.kill(0),
        Blow::Freeze => servers.freeze(0),
        Blow::Cut => proxy.set(Fault::HalfOpen),
    }
    let killed = Instant::now();
    let best = servers.promote().await;
    let promoted = Instant::now();
    writers.account.more(200).await;
    let account = writers.stop().await;
    let after = account.first_after(killed).unwrap();
    let since_promotion = account.first_after(promoted).unwrap_or_default();
    let (lost, twice) = account.compare(&servers.found(best).await);
    eprintln!(
        "{blow:?}, synchronous: {synchronous}; acknowledged {}, lost {}, twice {}; errors {:?}; first write {after:?} after it, \
         {since_promotion:?} after the promotion",
        account.count(),
        lost.len(),
        twice.len(),
        account.kinds(),
    );
    assert!(twice.is_empty(), "written twice: {twice:?}");
    assert!(!synchronous || lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
    until_nodes(&db, LONG, "another is primary", |roles| roles[best] == Role::Primary && roles[0] == Role::Down).await;
    if blow == Blow::Freeze {
        // It comes back as the primary that it was, and is not believed.
        servers.thaw(0);
        until_nodes(&db, LONG, "the old primary answers", |roles| roles[0] == Role::Primary).await;
        assert_eq!(
            number(&db, "SELECT (pg_last_wal_replay_lsn() IS NULL)::int::bigint").await,
            0,
            "the one that was promoted"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_loses_nothing_acknowledged_and_writes_nothing_twice() {
    primary_struck(true, Blow::Kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_asynchronous_replication_nothing_is_written_twice() {
    primary_struck(false, Blow::Kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_primary_is_replaced_and_not_believed_when_it_wakes() {
    primary_struck(true, Blow::Freeze).await;
}

/// As after a switchover: the old primary answers, and refuses to write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_becomes_read_only_is_left_for_another() {
    let servers = PostgresCluster::start(1, false).await;
    let db = open(&servers.url()).await;
    until_nodes(&db, LONG, "both nodes", |roles| roles == [Role::Primary, Role::Replica]).await;
    let writers = Writers::start(&db, 4);
    writers.account.more(100).await;
    let mut old = open(&servers.url_of(0)).await;
    old.batch("ALTER SYSTEM SET default_transaction_read_only = on").await.unwrap();
    old.batch("SELECT pg_reload_conf()").await.unwrap();
    until_nodes(&db, LONG, "it can only be read", |roles| roles[0] == Role::Replica).await;
    let best = servers.promote().await;
    writers.account.more(100).await;
    let account = writers.stop().await;
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
    let (_, twice) = account.compare(&servers.found(best).await);
    assert!(twice.is_empty(), "twice {twice:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_whose_cable_is_pulled_is_replaced() {
    primary_struck(true, Blow::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_to_replicas_and_see_what_a_token_stands_for() {
    let servers = PostgresCluster::start(2, false).await;
    let db = together(&servers.url()).await;
    let (mut on_replicas, mut n, begun) = (0, 0, Instant::now());
    // A replica that a busy machine keeps from answering is out of rotation for a while.
    while n < 500 || on_replicas == 0 && begun.elapsed() < Duration::from_secs(60) {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut db.clone()).await.unwrap();
        // By way of a cookie.
        let token: Token = db.token().await.unwrap().to_string().parse().unwrap();
        let mut reader = db.reading(Reads::AtLeast(token));
        let (most, replica): (i64, bool) =
            sql("SELECT MAX(n), pg_is_in_recovery() FROM work", ()).one(&mut reader).await.unwrap();
        assert_eq!(most, n, "a stale read");
        on_replicas += u32::from(replica);
        n += 1;
    }
    // How many depends on how busy the machine is: a replica that is behind is not waited for.
    assert!(on_replicas > 0, "no read went to a replica: {:#?}", db.nodes());

    let mut visit = db.session(Reads::Replica { max_lag: Duration::from_secs(10) });
    for n in n..n + 100 {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut visit).await.unwrap();
        assert_eq!(sql::<i64>("SELECT MAX(n) FROM work", ()).one(&mut visit).await.unwrap(), n);
    }
    let relaxed = db.reading(Reads::Replica { max_lag: Duration::from_secs(10) });
    let begun = Instant::now();
    while number(&relaxed, "SELECT pg_is_in_recovery()::int::bigint").await == 0 {
        assert!(begun.elapsed() < LONG, "reads that may be late go to replicas: {:#?}", db.nodes());
    }
    assert_eq!(number(&db, "SELECT pg_is_in_recovery()::int::bigint").await, 0, "others to the primary");
}

/// Also by a program that has just begun and has not seen how the lag came about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_behind_is_not_read() {
    let servers = PostgresCluster::start(2, false).await;
    let db = together(&servers.url()).await;
    let mut late = servers.alone(1).await;
    late.batch("SELECT pg_wal_replay_pause()").await.unwrap();
    for n in 0..3 {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut db.clone()).await.unwrap();
    }
    let token = db.token().await.unwrap();
    until("what it has applied is older than two seconds", LONG, async || {
        number(
            &late,
            "SELECT (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) > 2)::int::bigint",
        )
        .await
            == 1
    })
    .await;
    let begins = open(&servers.url()).await;
    let reader = begins.reading(Reads::Replica { max_lag: Duration::from_secs(2) });
    let (mut on_replicas, mut reads, begun) = (0, 0, Instant::now());
    while reads < 200 || on_replicas == 0 {
        assert!(begun.elapsed() < LONG, "no read goes to the replica that is not behind: {:#?}", begins.nodes());
        let text = "SELECT COUNT(*), pg_is_in_recovery() FROM work";
        let (count, replica): (i64, bool) = sql(text, ()).one(&mut reader.clone()).await.unwrap();
        assert_eq!(count, 3, "a read from the replica that is behind: {:#?}", begins.nodes());
        (on_replicas, reads) = (on_replicas + u32::from(replica), reads + 1);
    }
    // It may have been asked but once yet, before the primary was known.
    until("how far behind it is is known", LONG, async || {
        begins.nodes().remove(1).lag.is_some_and(|lag| lag > Duration::from_secs(2))
    })
    .await;
    late.batch("SELECT pg_wal_replay_resume()").await.unwrap();
    until("it has caught up", LONG, async || {
        let node = begins.nodes().remove(1);
        node.position.is_some_and(|position| token.is_covered_by(&position)) && node.lag == Some(Duration::ZERO)
    })
    .await;
}

/// Each time that it comes back it must answer well for longer before it is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_goes_up_and_down_is_damped() {
    let servers = PostgresCluster::start(1, false).await;
    let db = open(&servers.url()).await;
    let both = |roles: &[Role]| roles == [Role::Primary, Role::Replica];
    until_nodes(&db, LONG, "a primary and a replica", both).await;
    for _ in 0..3 {
        servers.freeze(1);
        until_nodes(&db, LONG, "it is down", |roles| roles[1] == Role::Down).await;
        servers.thaw(1);
        until_nodes(&db, LONG, "it is back", both).await;
    }
    // Seven good answers it owes by now, half a second apart.
    assert!(!db.nodes()[1].in_rotation, "{:#?}", db.nodes());
    until("it is read again", LONG, async || db.nodes()[1].in_rotation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_replica_leaves_rotation_and_comes_back() {
    let servers = PostgresCluster::start(2, false).await;
    let db = together(&servers.url()).await;
    let mut reader = db.reading(Reads::Replica { max_lag: Duration::from_secs(60) });
    let watched = db.clone();
    let reads = tokio::spawn(async move {
        let mut slowest = Duration::ZERO;
        while watched.nodes()[1].role != Role::Down {
            let begun = Instant::now();
            sql::<i64>("SELECT COUNT(*) FROM work", ()).one(&mut reader).await.unwrap();
            slowest = slowest.max(begun.elapsed());
        }
        slowest
    });
    servers.freeze(1);
    let left = until_nodes(&db, LONG, "it leaves rotation", |roles| roles[1] == Role::Down).await;
    // No read has failed. How long it takes is measured by bench/failover.
    let slowest = reads.await.unwrap();
    eprintln!("left rotation after {left:?}; the slowest read took {slowest:?}");
    servers.thaw(1);
    until_nodes(&db, LONG, "it is back", |roles| roles[1] == Role::Replica).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_primary_reads_go_on_and_writes_say_what_is_wrong() {
    let mut servers = PostgresCluster::start(2, false).await;
    let db = together(&servers.url()).await;
    servers.kill(0);
    until_nodes(&db, LONG, "the primary is down", |roles| roles[0] == Role::Down).await;
    let reader = db.reading(Reads::Replica { max_lag: Duration::from_secs(1) });
    assert_eq!(number(&reader, "SELECT COUNT(*) FROM work").await, 0);
    let mut hurried = db.within(Duration::from_secs(2));
    let error = sql::<()>("INSERT INTO work VALUES (1)", ()).exec(&mut hurried).await.unwrap_err();
    assert_eq!(error.kind(), relata_runtime::Kind::Unavailable, "{error}");
    assert!(error.to_string().contains("is down") && error.to_string().contains("is replica"), "{error}");
    until("it is cut off, and says so", LONG, async || db.nodes()[1].receives == Some(false)).await;
    assert_eq!(db.nodes()[1].trouble.as_deref(), Some("it receives nothing from its primary"));
}

/// Says what it is told to say.
#[derive(Default)]
struct Word(std::sync::Mutex<Option<Vec<(String, u16)>>>);

impl Word {
    fn is(&self, hosts: Option<&[(String, u16)]>) {
        *self.0.lock().unwrap() = hosts.map(<[_]>::to_vec);
    }
}

impl Discover for Word {
    fn name(&self) -> String {
        "word of mouth".to_string()
    }

    fn nodes(&self) -> BoxFuture<'_, Result<Vec<(String, u16)>>> {
        let said = self.0.lock().unwrap().clone();
        Box::pin(async move { said.ok_or_else(|| Error::new(Kind::Unreachable, "nobody answers")) })
    }
}

/// A primary that belongs to another database is never written to, also when no other is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_of_another_database_is_refused() {
    let (mut servers, others) = (PostgresCluster::start(1, false).await, PostgresCluster::start(0, false).await);
    // It is further ahead, and on a later timeline it would be, too.
    sql::<()>("INSERT INTO work SELECT -generate_series(1, 50000)", ()).exec(&mut others.alone(0).await).await.unwrap();
    let (url, word) = (servers.url(), std::sync::Arc::new(Word::default()));
    word.is(Some(&url.hosts));
    let driver = relata_testkit::shared_driver(url.dialect);
    let db = Db::discover(driver, url.clone(), Default::default(), word.clone()).await.unwrap();
    let both = |roles: &[Role]| roles.len() == 2 && roles.contains(&Role::Primary) && roles.contains(&Role::Replica);
    until_nodes(&db, LONG, "both nodes", both).await;
    word.is(Some(&[url.hosts.clone(), others.url().hosts].concat()));
    until_nodes(&db, LONG, "the stranger is refused", |roles| roles.len() == 3 && roles.contains(&Role::Down)).await;
    let stranger = db.nodes().into_iter().find(|node| node.role == Role::Down).unwrap();
    assert!(stranger.trouble.as_ref().unwrap().contains("another database (system identifier "), "{stranger:?}");
    assert!(db.metrics().contains("relata_strangers_total 1\n"), "{}", db.metrics());
    sql::<()>("INSERT INTO work VALUES (1)", ()).exec(&mut db.clone()).await.unwrap();
    servers.kill(0);
    word.is(Some(&[&url.hosts[1..], &others.url().hosts].concat()));
    until_nodes(&db, LONG, "no primary is left", |roles| !roles.contains(&Role::Primary)).await;
    let mut hurried = db.within(Duration::from_secs(2));
    let error = sql::<()>("INSERT INTO work VALUES (2)", ()).exec(&mut hurried).await.unwrap_err();
    assert!(error.to_string().contains("another database"), "{error}");
    servers.promote().await;
    sql::<()>("INSERT INTO work VALUES (3)", ()).exec(&mut db.clone()).await.unwrap();
    assert!(others.found(0).await.iter().all(|n| *n < 0), "the stranger was written to");
}

/// What works goes on when the source of nodes lies, names nobody, or goes away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_lies_or_goes_away_stops_nothing() {
    let servers = PostgresCluster::start(1, false).await;
    let (url, word) = (servers.url(), std::sync::Arc::new(Word::default()));
    let stranger = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = [("127.0.0.1".to_string(), stranger.local_addr().unwrap().port())];
    word.is(Some(&url.hosts));
    let driver = relata_testkit::shared_driver(url.dialect);
    let db = Db::discover(driver, url.clone(), Default::default(), word.clone()).await.unwrap();
    let both = |roles: &[Role]| roles.len() == 2 && roles.contains(&Role::Primary) && roles.contains(&Role::Replica);
    until_nodes(&db, LONG, "both nodes", both).await;
    let mut n = 0;
    let mut write = async || {
        n += 1;
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut db.clone()).await.unwrap();
    };
    // It names somebody who is no database, and nobody else: the replica goes, the primary stays.
    word.is(Some(&elsewhere));
    until_nodes(&db, LONG, "the lie is believed as far as it goes", |roles| {
        roles.len() == 2 && roles.contains(&Role::Primary) && !roles.contains(&Role::Replica)
    })
    .await;
    write().await;
    for said in [Some(&[][..]), None] {
        word.is(said);
        let begun = Instant::now();
        while !db.metrics().contains("relata_discovery_up 0\n") {
            assert!(begun.elapsed() < LONG, "nobody tells that the source fails");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        write().await;
        let health = db.health(LONG).await;
        let part = health.parts.iter().find(|part| part.name == "discovery").unwrap();
        assert!(part.reason.starts_with("word of mouth"), "{}", part.reason);
    }
    word.is(Some(&url.hosts));
    until_nodes(&db, LONG, "both are back", both).await;
    write().await;
}
