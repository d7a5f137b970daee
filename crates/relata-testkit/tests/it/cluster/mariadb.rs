//! MariaDB: a primary and a replica by GTID.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use relata_runtime::cluster::Role;
use relata_runtime::{Db, Reads, Token, sql};
use relata_schema::Dialect;
use tempfile::TempDir;

use super::load::Writers;
use super::{alone, free_port, open, process, until_caught_up, until_nodes};
use crate::tls::private_server::{Product, Runner, mariadb_program, wait_until_ready};

/// The primary is the first.
struct Servers {
    nodes: Vec<(Child, u16)>,
    folder: TempDir,
    runner: Runner,
}

impl Servers {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runner = Runner::new(folder.path(), Product::Mariadb);
        runner.own();
        let mut servers = Servers { nodes: Vec::new(), folder, runner };
        for number in [0, 1] {
            servers.launch(number);
        }
        let mut primary = servers.alone(0, "mysql").await;
        primary.batch("CREATE DATABASE shop; CREATE TABLE shop.work (n BIGINT NOT NULL)").await.unwrap();
        let mut replica = servers.alone(1, "mysql").await;
        let follow = format!(
            "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, MASTER_USER = 'root', \
             MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1; START SLAVE; SET GLOBAL read_only = 1",
            servers.nodes[0].1
        );
        replica.batch(&follow).await.unwrap();
        servers
    }

    fn launch(&mut self, number: usize) {
        let folder = self.folder.path().to_str().unwrap().to_string();
        let data = format!("--datadir={folder}/node{number}");
        let install = [
            "--no-defaults",
            &data,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-flush-method=nosync",
        ];
        self.runner.run(Path::new("mariadb-install-db"), &install);
        for _ in 0..5 {
            let port = free_port();
            let mut command = self.runner.command(&mariadb_program());
            command.args(["--no-defaults", &data, "--bind-address=127.0.0.1", "--skip-name-resolve"]);
            command.arg(format!("--port={port}")).arg(format!("--socket={folder}/sock{number}"));
            command.arg(format!("--pid-file={folder}/pid{number}")).arg(format!("--server-id={}", number + 1));
            command.args([
                "--log-bin=log",
                "--log-slave-updates",
                "--innodb-flush-method=nosync",
                "--slave-net-timeout=5",
            ]);
            command.args(["--innodb-buffer-pool-size=16M", "--innodb-log-file-size=16M"]);
            let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
            if wait_until_ready(&mut child, "ready for connections").is_ok() {
                self.nodes.push((child, port));
                return;
            }
            process::kill(&mut child);
        }
        panic!("a server does not start");
    }

    async fn alone(&self, number: usize, database: &str) -> Db {
        alone(Dialect::Mysql, "root", self.nodes[number].1, database).await
    }

    async fn together(&self) -> Db {
        let ports: Vec<_> = self.nodes.iter().map(|(_, port)| *port).collect();
        let db = open(Dialect::Mysql, "root", &ports, "shop").await;
        let begun = |roles: &[Role]| roles == [Role::Primary, Role::Replica];
        until_nodes(&db, Duration::from_secs(20), "a primary and a replica", begun).await;
        until_caught_up(&db).await;
        db
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(|(child, _)| process::kill(child));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_to_the_replica_and_see_what_a_token_stands_for() {
    let servers = Servers::start().await;
    let db = servers.together().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_is_replaced_and_nothing_is_written_twice() {
    let mut servers = Servers::start().await;
    let db = servers.together().await;
    let writers = Writers::start(&db, 4);
    writers.account.more(100).await;
    process::kill(&mut servers.nodes[0].0);
    let mut replica = servers.alone(1, "shop").await;
    // What the replica has received it applies before it takes over.
    replica.batch("STOP SLAVE IO_THREAD").await.unwrap();
    let applied = "SELECT MASTER_GTID_WAIT(@@global.gtid_slave_pos, 10)";
    sql::<i64>(applied, ()).one(&mut replica).await.unwrap();
    replica.batch("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0").await.unwrap();
    let promoted = Instant::now();
    writers.account.more(100).await;
    let account = writers.stop().await;
    let since_promotion = account.first_after(promoted).unwrap();
    let found = sql::<i64>("SELECT n FROM work", ()).all(&mut replica).await.unwrap();
    let (lost, twice) = account.compare(&found);
    eprintln!(
        "acknowledged {}, lost {} (asynchronous), twice {}; errors {:?}; first write {since_promotion:?} after the promotion",
        account.count(),
        lost.len(),
        twice.len(),
        account.kinds()
    );
    assert!(twice.is_empty(), "written twice: {twice:?}");
    // A commit whose answer was lost cannot be resolved on MariaDB: that, and nothing else, the application is told.
    let kinds = account.kinds();
    assert!(kinds.iter().all(|kind| *kind == relata_runtime::Kind::InDoubt) && kinds.len() <= 4, "{kinds:?}");
    assert!(since_promotion < Duration::from_secs(5), "{since_promotion:?}");
}
