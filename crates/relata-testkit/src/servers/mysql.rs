//! MySQL itself: a primary and a replica by GTID.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use relata_runtime::{Db, sql};
use relata_sql::DatabaseUrl;
use tempfile::TempDir;

use super::{AT_LAST, Product, Runner, folder, launch, open, place, process, script, until};

/// The primary is the first. Its database `shop` holds a table `work (n bigint)`.
pub struct MysqlPair {
    nodes: Vec<(Child, u16)>,
    program: PathBuf,
    runner: Runner,
    /// Held for its removal, after the servers have gone.
    folder: TempDir,
}

/// MySQL's own server on the path; MariaDB has a program of that name, too.
fn program() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|folder| folder.join("mysqld")).filter(|path| path.exists());
    found.into_iter().find(|path| {
        let said = Command::new(path).args(["--no-defaults", "--version"]).output();
        said.is_ok_and(|said| {
            let version = String::from_utf8_lossy(&said.stdout);
            said.status.success() && version.contains("Ver") && !version.contains("MariaDB")
        })
    })
}

impl MysqlPair {
    /// Starts both; `None`, and a word on stderr, where MySQL is not installed.
    ///
    /// # Panics
    /// When a server does not start.
    pub async fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: MySQL's mysqld is not on the path, so this test has tested nothing");
            return None;
        };
        let folder = folder();
        let runner = Runner::new(folder.path(), Product::Mariadb);
        runner.own();
        let mut servers = MysqlPair { nodes: Vec::new(), program, runner, folder };
        servers.install();
        servers.launch(0);
        servers.launch(1);
        script(&servers.alone(0, "mysql").await, "CREATE DATABASE shop; CREATE TABLE shop.work (n BIGINT NOT NULL)")
            .await;
        let follow = format!(
            "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {}, SOURCE_USER = 'root', \
             SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 1, GET_SOURCE_PUBLIC_KEY = 1; START REPLICA; \
             SET GLOBAL super_read_only = 1",
            servers.nodes[0].1
        );
        script(&servers.alone(1, "mysql").await, &follow).await;
        Some(servers)
    }

    fn data(&self, number: usize) -> String {
        self.folder.path().join(format!("node{number}")).display().to_string()
    }

    /// Makes the data of one, and copies it for the other, who then gives itself a name of its own.
    fn install(&self) {
        let (first, second) = (self.data(0), self.data(1));
        let data = format!("--datadir={first}");
        let small = ["--innodb-buffer-pool-size=16M", "--innodb-flush-method=nosync"];
        self.runner.run(&self.program, &["--no-defaults", "--initialize-insecure", &data, small[0], small[1]]);
        self.runner.run(Path::new("cp"), &["-r", &first, &second]);
        self.runner.run(Path::new("rm"), &[&format!("{second}/auto.cnf")]);
    }

    fn launch(&mut self, number: usize) {
        let (folder, data) = (self.folder.path().display(), self.data(number));
        let arguments = |port: u16| {
            let text = format!(
                "--no-defaults --datadir={data} --bind-address=127.0.0.1 --port={port} --socket={folder}/sock{number} \
                 --pid-file={folder}/pid{number} --server-id={} --log-bin=log --gtid-mode=ON \
                 --enforce-gtid-consistency=ON --mysqlx=OFF --innodb-buffer-pool-size=16M \
                 --innodb-flush-method=nosync --replica-net-timeout=5 --secure-file-priv=NULL",
                number + 1
            );
            text.split_whitespace().map(str::to_string).collect()
        };
        self.nodes.push(launch(&self.runner, &self.program, "ready for connections", arguments));
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
        open(&place("mysql", "root", &[self.nodes[number].1], database)).await
    }

    /// As if the machine of the primary had lost its power.
    pub fn kill_primary(&mut self) {
        process::kill(&mut self.nodes[0].0);
    }

    /// As if the machine of one of them stood still.
    pub fn freeze(&self, number: usize) {
        process::freeze(&self.nodes[number].0);
    }

    /// It goes on.
    pub fn thaw(&self, number: usize) {
        process::thaw(&self.nodes[number].0);
    }

    /// Has the replica take over, once it has applied what it has received.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn promote(&self) {
        let replica = self.alone(1, "shop").await;
        script(&replica, "STOP REPLICA IO_THREAD").await;
        let applied = "SELECT GTID_SUBSET(RECEIVED_TRANSACTION_SET, @@GLOBAL.gtid_executed) \
                       FROM performance_schema.replication_connection_status WHERE CHANNEL_NAME = ''";
        let all = async || sql::<i64>(applied, ()).one(&mut replica.clone()).await.is_ok_and(|all| all == 1);
        until("what was received is applied", AT_LAST, all).await;
        script(&replica, "STOP REPLICA; RESET REPLICA ALL; SET GLOBAL super_read_only = 0; SET GLOBAL read_only = 0")
            .await;
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

impl Drop for MysqlPair {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(|(child, _)| process::kill(child));
    }
}
