//! PostgreSQL: a primary and two standbys by streaming replication.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use relata_runtime::cluster::Role;
use relata_runtime::{Db, Reads, Token, sql};
use relata_schema::Dialect;
use tempfile::TempDir;

use super::load::Writers;
use super::{alone, free_port, number, open, process, until_caught_up, until_nodes};
use crate::tls::private_server::{Product, Runner, postgres_program, wait_until_ready};

/// The primary is the first.
struct Servers {
    nodes: Vec<(Child, u16)>,
    /// Held for its removal, after the servers have gone.
    folder: TempDir,
    runner: Runner,
}

impl Servers {
    /// A primary whose commits wait for one standby, if `synchronous`, and two standbys.
    async fn start(synchronous: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runner = Runner::new(folder.path(), Product::Postgres);
        runner.own();
        let place = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        let data = place("node0");
        let initdb = ["-D", &data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8"];
        runner.run(&postgres_program("initdb"), &initdb);
        let mut servers = Servers { nodes: Vec::new(), folder, runner };
        servers.launch(0);
        let port = servers.nodes[0].1.to_string();
        for number in [1, 2] {
            let data = servers.folder.path().join(format!("node{number}")).to_str().unwrap().to_string();
            let copy = [
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "postgres",
                "-D",
                &data,
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
                "-N",
            ];
            servers.runner.run(Path::new("pg_basebackup"), &copy);
            servers.launch(number);
        }
        let mut primary = servers.alone(0).await;
        primary.batch("CREATE TABLE work (n bigint NOT NULL)").await.unwrap();
        if synchronous {
            primary.batch("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'").await.unwrap();
            primary.batch("ALTER SYSTEM SET synchronous_commit = 'on'").await.unwrap();
            primary.batch("SELECT pg_reload_conf()").await.unwrap();
        }
        servers
    }

    fn launch(&mut self, number: usize) {
        let folder = self.folder.path().to_str().unwrap().to_string();
        for _ in 0..5 {
            let port = free_port();
            let mut command = self.runner.command(&postgres_program("postgres"));
            command.args(["-D", &format!("{folder}/node{number}"), "-p", &port.to_string()]);
            let fixed = [
                "listen_addresses=127.0.0.1",
                "unix_socket_directories=",
                "fsync=off",
                "max_wal_senders=8",
                "hot_standby=on",
                "wal_receiver_status_interval=1",
            ];
            for setting in fixed {
                command.args(["-c", setting]);
            }
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            // A standby accepts connections once it is consistent.
            if wait_until_ready(&mut child, "ready to accept").is_ok() {
                self.nodes.push((child, port));
                return;
            }
            process::kill(&mut child);
        }
        panic!("a server does not start");
    }

    fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|(_, port)| *port).collect()
    }

    async fn alone(&self, number: usize) -> Db {
        alone(Dialect::Postgres, "postgres", self.nodes[number].1, "postgres").await
    }

    async fn together(&self) -> Db {
        let db = open(Dialect::Postgres, "postgres", &self.ports(), "postgres").await;
        until_nodes(&db, Duration::from_secs(20), "a primary and two replicas", |roles| {
            roles == [Role::Primary, Role::Replica, Role::Replica]
        })
        .await;
        until_caught_up(&db).await;
        db
    }

    /// Promotes the standby that has received most, and has the other follow it.
    async fn promote(&self) -> usize {
        let mut received = Vec::new();
        for number in [1, 2] {
            let text = "SELECT (pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::bigint";
            received.push((super::number(&self.alone(number).await, text).await, number));
        }
        received.sort_unstable();
        let (other, best) = (received[0].1, received[1].1);
        let mut standby = self.alone(best).await;
        standby.batch("SELECT pg_promote(true, 30)").await.unwrap();
        // The base backup has brought the primary's setting along, and nobody is there to wait for.
        standby.batch("ALTER SYSTEM SET synchronous_standby_names = ''").await.unwrap();
        standby.batch("SELECT pg_reload_conf()").await.unwrap();
        let mut follower = self.alone(other).await;
        let follow =
            format!("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port={} user=postgres'", self.nodes[best].1);
        follower.batch(&follow).await.unwrap();
        follower.batch("SELECT pg_reload_conf()").await.unwrap();
        best
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(|(child, _)| process::kill(child));
    }
}

async fn found(servers: &Servers, node: usize) -> Vec<i64> {
    sql::<i64>("SELECT n FROM work", ()).all(&mut servers.alone(node).await).await.unwrap()
}

async fn primary_killed(synchronous: bool) {
    let mut servers = Servers::start(synchronous).await;
    let db = servers.together().await;
    let writers = Writers::start(&db, 4);
    writers.account.more(200).await;
    process::kill(&mut servers.nodes[0].0);
    let killed = Instant::now();
    let best = servers.promote().await;
    let promoted = Instant::now();
    writers.account.more(200).await;
    let account = writers.stop().await;
    let after = account.first_after(killed).unwrap();
    let since_promotion = account.first_after(promoted).unwrap_or_default();
    let (lost, twice) = account.compare(&found(&servers, best).await);
    eprintln!(
        "synchronous: {synchronous}; acknowledged {}, lost {}, twice {}; errors {:?}; first write {after:?} after the kill, \
         {since_promotion:?} after the promotion",
        account.count(),
        lost.len(),
        twice.len(),
        account.kinds(),
    );
    assert!(twice.is_empty(), "written twice: {twice:?}");
    assert!(!synchronous || lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(account.kinds().is_empty(), "the application saw {:?}", account.kinds());
    assert!(since_promotion < Duration::from_secs(5), "{since_promotion:?} after the promotion");
    assert_eq!(db.nodes()[best].role, Role::Primary);
    assert_eq!(db.nodes()[0].role, Role::Down);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_loses_nothing_acknowledged_and_writes_nothing_twice() {
    primary_killed(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_asynchronous_replication_nothing_is_written_twice() {
    primary_killed(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_to_replicas_and_see_what_a_token_stands_for() {
    let servers = Servers::start(false).await;
    let db = servers.together().await;
    let mut on_replicas = 0;
    for n in 0..500 {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut db.clone()).await.unwrap();
        // By way of a cookie.
        let token: Token = db.token().await.unwrap().to_string().parse().unwrap();
        let mut reader = db.reading(Reads::AtLeast(token));
        let (most, replica): (i64, bool) =
            sql("SELECT MAX(n), pg_is_in_recovery() FROM work", ()).one(&mut reader).await.unwrap();
        assert_eq!(most, n, "a stale read");
        on_replicas += u32::from(replica);
    }
    // How many depends on how busy the machine is: a replica that is behind is not waited for.
    assert!(on_replicas > 0, "no read went to a replica");

    let mut visit = db.session(Reads::Replica { max_lag: Duration::from_secs(10) });
    for n in 500..600 {
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut visit).await.unwrap();
        assert_eq!(sql::<i64>("SELECT MAX(n) FROM work", ()).one(&mut visit).await.unwrap(), n);
    }
    let relaxed = db.reading(Reads::Replica { max_lag: Duration::from_secs(10) });
    let mut replicas = 0;
    for _ in 0..50 {
        replicas += number(&relaxed, "SELECT pg_is_in_recovery()::int::bigint").await;
    }
    assert_eq!(replicas, 50, "reads that may be late go to replicas");
    assert_eq!(number(&db, "SELECT pg_is_in_recovery()::int::bigint").await, 0, "others to the primary");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_replica_leaves_rotation_and_comes_back() {
    let servers = Servers::start(false).await;
    let db = servers.together().await;
    let mut reader = db.reading(Reads::Replica { max_lag: Duration::from_secs(60) });
    let reads = tokio::spawn(async move {
        let mut slowest = Duration::ZERO;
        for _ in 0..200 {
            let begun = Instant::now();
            sql::<i64>("SELECT COUNT(*) FROM work", ()).one(&mut reader).await.unwrap();
            slowest = slowest.max(begun.elapsed());
        }
        slowest
    });
    process::freeze(&servers.nodes[1].0);
    let left = until_nodes(&db, Duration::from_secs(10), "it leaves rotation", |roles| roles[1] == Role::Down).await;
    let slowest = reads.await.unwrap();
    eprintln!("left rotation after {left:?}; the slowest read took {slowest:?}");
    assert!(left < Duration::from_secs(3), "{left:?}");
    assert!(slowest < Duration::from_secs(15), "no read fails, and none waits for the frozen node: {slowest:?}");
    process::thaw(&servers.nodes[1].0);
    until_nodes(&db, Duration::from_secs(20), "it is back", |roles| roles[1] == Role::Replica).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_primary_reads_go_on_and_writes_say_what_is_wrong() {
    let mut servers = Servers::start(false).await;
    let db = servers.together().await;
    process::kill(&mut servers.nodes[0].0);
    until_nodes(&db, Duration::from_secs(10), "the primary is down", |roles| roles[0] == Role::Down).await;
    let reader = db.reading(Reads::Replica { max_lag: Duration::from_secs(1) });
    assert_eq!(number(&reader, "SELECT COUNT(*) FROM work").await, 0);
    let mut hurried = db.within(Duration::from_millis(300));
    let error = sql::<()>("INSERT INTO work VALUES (1)", ()).exec(&mut hurried).await.unwrap_err();
    assert_eq!(error.kind(), relata_runtime::Kind::Unavailable, "{error}");
    assert!(error.to_string().contains("is down") && error.to_string().contains("is replica"), "{error}");
}
