//! MariaDB with Galera: nodes that all take writes.

use std::path::Path;
use std::process::Child;

use relata_runtime::{Db, sql};
use relata_sql::DatabaseUrl;
use tempfile::TempDir;

use super::{
    AT_LAST, Product, Runner, folder, free_port, launch, mariadb, mariadb_program, open, place, process, script, until,
};

/// Where Debian's package `galera-4` puts the provider.
const PROVIDER: &str = "/usr/lib/galera/libgalera_smm.so";

/// Two nodes; the first began. Their database `shop` holds a table `work (n bigint)`.
pub struct Galera {
    nodes: Vec<(Child, u16)>,
    /// The port of each for the others.
    group: Vec<u16>,
    runner: Runner,
    /// Held for its removal, after the servers have gone.
    folder: TempDir,
}

impl Galera {
    /// Starts both.
    ///
    /// # Panics
    /// When a server does not start.
    pub async fn start() -> Self {
        let folder = folder();
        let runner = Runner::new(folder.path(), Product::Mariadb);
        runner.own();
        let mut galera = Galera { nodes: Vec::new(), group: vec![free_port(), free_port()], runner, folder };
        galera.launch(0);
        let first = galera.alone(0, "mysql").await;
        script(&first, "CREATE DATABASE shop; CREATE TABLE shop.work (n BIGINT PRIMARY KEY)").await;
        galera.launch(1);
        until("both are synced", AT_LAST, async || {
            let text = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'WSREP_CLUSTER_SIZE'";
            sql::<String>(text, ()).one(&mut first.clone()).await.is_ok_and(|size| size == "2")
        })
        .await;
        galera
    }

    fn launch(&mut self, number: usize) {
        let folder = self.folder.path();
        mariadb::install(&self.runner, &folder.join(format!("node{number}")).display().to_string());
        let own = self.group[number];
        let other = if number == 0 { String::new() } else { format!("127.0.0.1:{}", self.group[0]) };
        let arguments = |port| {
            let mut arguments = mariadb::arguments(folder, number, port);
            let options = format!(
                "--wsrep-on=ON --wsrep-provider={PROVIDER} --binlog-format=ROW --innodb-autoinc-lock-mode=2 \
                 --wsrep-cluster-address=gcomm://{other} --wsrep-cluster-name=relata --wsrep-node-address=127.0.0.1:{own} \
                 --wsrep-node-incoming-address=127.0.0.1:{port} --wsrep-sst-method=rsync \
                 --wsrep-sst-receive-address=127.0.0.1:{} --innodb-flush-log-at-trx-commit=0",
                free_port()
            );
            arguments.extend(options.split_whitespace().map(str::to_string));
            // A port for incremental transfers beside it, and no patience with nodes that were killed.
            arguments.push(format!(
                "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{own};ist.recv_addr=127.0.0.1:{};\
                 evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;evs.suspect_timeout=PT1S;\
                 evs.inactive_timeout=PT2S;evs.install_timeout=PT2S;gcache.size=8M;pc.ignore_quorum=true",
                free_port()
            ));
            arguments
        };
        let ready = "Synchronized with group, ready for connections";
        self.nodes.push(launch(&self.runner, &mariadb_program(), ready, arguments));
    }

    /// The database, by the address of one node: the nodes name the others.
    pub fn url(&self) -> DatabaseUrl {
        let mut url = place("mysql", "root", &[self.nodes[0].1], "shop");
        url.params.push(("discover".to_string(), "galera".to_string()));
        url
    }

    /// `host:port` of a node.
    pub fn name(&self, number: usize) -> String {
        format!("127.0.0.1:{}", self.nodes[number].1)
    }

    /// A handle to one of them.
    ///
    /// # Panics
    /// When it cannot be connected to.
    pub async fn alone(&self, number: usize, database: &str) -> Db {
        open(&place("mysql", "root", &[self.nodes[number].1], database)).await
    }

    /// As if a node's machine had lost its power.
    pub fn kill(&mut self, number: usize) {
        process::kill(&mut self.nodes[number].0);
    }

    /// Whether what it takes is installed; what is not is said.
    pub fn is_missing() -> bool {
        let provider = !Path::new(PROVIDER).exists();
        if provider {
            eprintln!(
                "SKIPPED: {PROVIDER} is not installed (Debian's package galera-4), so this test has tested nothing"
            );
        }
        // A node that joins is sent the data by this script, which calls rsync.
        provider || super::is_missing("wsrep_sst_rsync", "mariadb-server") || super::is_missing("rsync", "rsync")
    }
}

impl Drop for Galera {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(|(child, _)| process::kill(child));
    }
}
