//! MariaDB: a primary and a replica by GTID, semi-synchronous if wanted.

use std::path::Path;
use std::process::Child;

use relata_runtime::{Db, sql};
use relata_sql::DatabaseUrl;
use tempfile::TempDir;

use super::{AT_LAST, Product, Runner, folder, launch, mariadb_program, open, place, process, script, until};

/// The primary is the first. Its database `shop` holds a table `work (n bigint)`.
pub struct MariadbPair {
    nodes: Vec<(Child, u16)>,
    runner: Runner,
    /// Held for its removal, after the servers have gone.
    folder: TempDir,
}

/// Makes an empty data folder.
///
/// # Panics
/// When the server's own program for it fails.
pub fn install(runner: &Runner, data: &str) {
    let temporary = temporary(data);
    let path = Path::new(&temporary);
    runner.make_folder(path);
    let install = [
        "--no-defaults",
        &format!("--datadir={data}"),
        &format!("--tmpdir={temporary}"),
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        "--skip-name-resolve",
        "--innodb-flush-method=nosync",
    ];
    runner.run(Path::new("mariadb-install-db"), &install);
}

/// The temporary folder of the server with this data folder, made by [`install`]. A server that starts clears away the
/// temporary tables that it finds in its own, whosever they are: no two may share one, and none may use the system's.
pub fn temporary(data: &str) -> String {
    format!("{data}.tmp")
}

/// What every server of tests is told.
pub(super) fn arguments(folder: &Path, number: usize, port: u16) -> Vec<String> {
    let folder = folder.display();
    let data = format!("{folder}/node{number}");
    let text = format!(
        "--no-defaults --datadir={data} --tmpdir={} --bind-address=127.0.0.1 --skip-name-resolve --port={port} \
         --socket={folder}/sock{number} --pid-file={folder}/pid{number} --server-id={} --log-bin=log --log-slave-updates \
         --innodb-flush-method=nosync --slave-net-timeout=5 --innodb-buffer-pool-size=16M --innodb-log-file-size=16M",
        temporary(&data),
        number + 1
    );
    text.split_whitespace().map(str::to_string).collect()
}

impl MariadbPair {
    /// Starts both. `synchronous`: a commit is not visible, and not acknowledged, before the replica has received it
    /// (semi-synchronous, AFTER_SYNC).
    ///
    /// # Panics
    /// When a server does not start.
    pub async fn start(synchronous: bool) -> Self {
        let folder = folder();
        let runner = Runner::new(folder.path(), Product::Mariadb);
        runner.own();
        let mut servers = MariadbPair { nodes: Vec::new(), runner, folder };
        servers.launch(0);
        servers.launch(1);
        script(&servers.alone(0, "mysql").await, "CREATE DATABASE shop; CREATE TABLE shop.work (n BIGINT NOT NULL)")
            .await;
        let follow = format!(
            "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, MASTER_USER = 'root', \
             MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1; START SLAVE; SET GLOBAL read_only = 1",
            servers.nodes[0].1
        );
        let (primary, replica) = (servers.alone(0, "mysql").await, servers.alone(1, "mysql").await);
        if synchronous {
            script(&replica, "SET GLOBAL rpl_semi_sync_slave_enabled = 1").await;
        }
        script(&replica, &follow).await;
        if synchronous {
            // It never goes on without the replica.
            let wait = "SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC; \
                        SET GLOBAL rpl_semi_sync_master_timeout = 86400000; SET GLOBAL rpl_semi_sync_master_enabled = 1";
            script(&primary, wait).await;
        }
        servers
    }

    fn launch(&mut self, number: usize) {
        let folder = self.folder.path();
        install(&self.runner, &folder.join(format!("node{number}")).display().to_string());
        let arguments = |port| arguments(folder, number, port);
        self.nodes.push(launch(&self.runner, &mariadb_program(), "ready for connections", arguments));
    }

    /// As if the machine of one of them stood still.
    pub fn freeze(&self, number: usize) {
        process::freeze(&self.nodes[number].0);
    }

    /// It goes on.
    pub fn thaw(&self, number: usize) {
        process::thaw(&self.nodes[number].0);
    }

    /// Both as one database.
    pub fn url(&self) -> DatabaseUrl {
        place("mysql", "root", &[self.nodes[0].1, self.nodes[1].1], "shop")
    }

    /// A handle to one of them.
    ///
    /// # Panics
    /// When it cannot be connected to.
    pub async fn alone(&self, number: usize, database: &str) -> Db {
        open(&self.url_of(number, database)).await
    }

    /// One of them.
    pub fn url_of(&self, number: usize, database: &str) -> DatabaseUrl {
        place("mysql", "root", &[self.nodes[number].1], database)
    }

    /// As if the machine of the primary had lost its power.
    pub fn kill_primary(&mut self) {
        process::kill(&mut self.nodes[0].0);
    }

    /// Has the replica take over, once it has applied what it has received.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn promote(&self) {
        let replica = self.alone(1, "shop").await;
        script(&replica, "STOP SLAVE IO_THREAD").await;
        // What it has received and not applied would be thrown away with the rest of its replication.
        let applied =
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Slave has read all relay log%'";
        let waiting = async || sql::<i64>(applied, ()).one(&mut replica.clone()).await.is_ok_and(|threads| threads > 0);
        until("what was received is applied", AT_LAST, waiting).await;
        script(&replica, "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0").await;
    }

    /// What a node holds in `work`.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn found(&self, number: usize) -> Vec<i64> {
        let found = sql::<i64>("SELECT n FROM work", ()).all(&mut self.alone(number, "shop").await).await;
        found.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for MariadbPair {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(|(child, _)| process::kill(child));
    }
}
