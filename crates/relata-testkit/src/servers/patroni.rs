//! PostgreSQL under Patroni with etcd: who is primary is decided without us.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use relata_runtime::{Db, sql};
use relata_sql::DatabaseUrl;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{AT_LAST, Product, Runner, folder, free_port, open, place, postgres_program, process, until};

/// Nodes with a synchronous standby, and an etcd. The leader's database `postgres` holds a table `work (n bigint)`.
pub struct Patroni {
    etcd: Child,
    nodes: Vec<Member>,
    /// Held for its removal, after the servers have gone.
    folder: TempDir,
}

struct Member {
    process: Child,
    port: u16,
    rest: u16,
}

impl Patroni {
    /// Starts so many nodes.
    ///
    /// # Panics
    /// When they do not become a cluster within 60 seconds.
    pub async fn start(nodes: usize) -> Self {
        let folder = folder();
        let runner = Runner::new(folder.path(), Product::Postgres);
        runner.own();
        let (clients, peers) = (free_port(), free_port());
        let etcd = start_etcd(&runner, folder.path(), clients, peers);
        let mut patroni = Patroni { etcd, nodes: Vec::new(), folder };
        let log = patroni.folder.path().join("etcd.log");
        until(&format!("etcd answers, see {}", log.display()), AT_LAST, async || {
            TcpStream::connect(("127.0.0.1", clients)).await.is_ok()
        })
        .await;
        for number in 0..nodes {
            patroni.join(&runner, number, clients);
        }
        patroni.until_complete().await;
        let leader = patroni.alone(patroni.leader().await.unwrap_or_else(|| panic!("there is no leader"))).await;
        super::script(&leader, "CREATE TABLE work (n bigint NOT NULL)").await;
        patroni
    }

    fn join(&mut self, runner: &Runner, number: usize, etcd: u16) {
        let (port, rest) = (free_port(), free_port());
        let place = |name: &str| self.folder.path().join(format!("{name}{number}"));
        let settings = settings(number, (port, rest, etcd), &place("node"), &place("pass"));
        std::fs::write(place("patroni"), settings).unwrap_or_else(|error| panic!("a file of settings: {error}"));
        let mut command = runner.command(Path::new("patroni"));
        command.arg(place("patroni")).stdout(log(&place("log"))).stderr(log(&place("errors")));
        let process = command.spawn().unwrap_or_else(|error| panic!("patroni: {error}"));
        self.nodes.push(Member { process, port, rest });
    }

    /// Until one leads, all others follow it, and one of them is known to Patroni as the one that has every commit: before that it
    /// promotes whom it likes, and what was acknowledged may be lost.
    async fn until_complete(&self) {
        let what = format!("a leader and its followers, see {}", self.folder.path().display());
        until(&what, AT_LAST, async || {
            let Some(leader) = self.leader().await else { return false };
            let text = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
            let following = sql::<i64>(text, ()).one(&mut self.alone(leader).await).await;
            let all = following.is_ok_and(|count| count as usize + 1 == self.nodes.len());
            all && self.members(leader).await.contains("\"sync_standby\"")
        })
        .await;
    }

    /// What a node says of the cluster; nothing where it does not answer.
    async fn members(&self, number: usize) -> String {
        let mut answer = String::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.nodes[number].rest)).await {
            let asked = stream.write_all(b"GET /cluster HTTP/1.0\r\n\r\n").await;
            // Half an answer is read again.
            drop((asked, stream.read_to_string(&mut answer).await));
        }
        answer
    }

    /// Who takes writes, if anybody does.
    pub async fn leader(&self) -> Option<usize> {
        for (number, member) in self.nodes.iter().enumerate() {
            let url = self.url_of(number);
            let options = relata_runtime::PoolOptions { acquire_timeout: Duration::from_secs(1), ..super::options() };
            let driver = crate::server::shared_driver(url.dialect);
            let Ok(mut db) = Db::connect(driver, url, options).await else { continue };
            let recovering = sql::<bool>("SELECT pg_is_in_recovery()", ()).one(&mut db).await;
            if member.port > 0 && matches!(recovering, Ok(false)) {
                return Some(number);
            }
        }
        None
    }

    /// The database, by the REST addresses of all nodes.
    pub fn url(&self) -> DatabaseUrl {
        let mut url = place("postgres", "postgres", &[], "postgres");
        let rest: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.rest)).collect();
        url.params.push(("patroni".to_string(), rest.join(",")));
        url
    }

    fn url_of(&self, number: usize) -> DatabaseUrl {
        place("postgres", "postgres", &[self.nodes[number].port], "postgres")
    }

    /// `host:port` of a node.
    pub fn name(&self, number: usize) -> String {
        format!("127.0.0.1:{}", self.nodes[number].port)
    }

    /// A handle to one of them.
    ///
    /// # Panics
    /// When it cannot be connected to.
    pub async fn alone(&self, number: usize) -> Db {
        open(&self.url_of(number)).await
    }

    /// As if a node's machine had lost its power: Patroni and PostgreSQL at once.
    pub fn kill(&mut self, number: usize) {
        let postmaster = self.postmaster(number);
        process::kill_with(&mut self.nodes[number].process, postmaster);
    }

    /// Patroni starts PostgreSQL as a process of its own group; its number is in a file.
    fn postmaster(&self, number: usize) -> Option<u32> {
        let file = self.folder.path().join(format!("node{number}/postmaster.pid"));
        std::fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()
    }

    /// Whether what it takes is installed; what is not is said.
    pub fn is_missing() -> bool {
        let missing = [super::is_missing("patroni", "patroni"), super::is_missing("etcd", "etcd-server")];
        missing.contains(&true)
    }
}

impl Drop for Patroni {
    fn drop(&mut self) {
        for number in 0..self.nodes.len() {
            self.kill(number);
            process::release_memory(&self.folder.path().join(format!("node{number}")));
        }
        process::kill(&mut self.etcd);
    }
}

fn log(path: &Path) -> Stdio {
    std::fs::File::create(path).map_or_else(|_| Stdio::null(), Stdio::from)
}

fn start_etcd(runner: &Runner, folder: &Path, clients: u16, peers: u16) -> Child {
    let (client, peer) = (format!("http://127.0.0.1:{clients}"), format!("http://127.0.0.1:{peers}"));
    let arguments = format!(
        "--name etcd --data-dir {}/etcd --listen-client-urls {client} --advertise-client-urls {client} \
         --listen-peer-urls {peer} --initial-advertise-peer-urls {peer} --initial-cluster etcd={peer} \
         --unsafe-no-fsync --heartbeat-interval 50 --election-timeout 500",
        folder.display()
    );
    let mut command = runner.command(Path::new("etcd"));
    command.args(arguments.split_whitespace()).env("ETCD_UNSUPPORTED_ARCH", "arm64");
    command.stdout(Stdio::null()).stderr(log(&folder.join("etcd.log")));
    command.spawn().unwrap_or_else(|error| panic!("etcd: {error}"))
}

/// Patroni's settings: impatient, for a network that never loses a packet.
fn settings(number: usize, (port, rest, etcd): (u16, u16, u16), data: &Path, passwords: &Path) -> String {
    let programs = postgres_program("postgres").parent().map(PathBuf::from).unwrap_or_default();
    format!(
        "scope: relata
name: node{number}
restapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}
etcd3: {{host: '127.0.0.1:{etcd}'}}
bootstrap:
  dcs:
    ttl: 8
    loop_wait: 1
    retry_timeout: 3
    synchronous_mode: true
    master_start_timeout: 0
    postgresql:
      use_pg_rewind: false
      parameters: {{fsync: 'off', wal_level: replica, hot_standby: 'on', max_wal_senders: 8, max_replication_slots: 8}}
  initdb: [{{auth-host: trust}}, {{auth-local: trust}}, {{encoding: UTF8}}, {{locale: C.UTF-8}}, no-sync]
postgresql:
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: '{data}'
  bin_dir: '{programs}'
  pgpass: '{passwords}'
  pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust', 'local all all trust']
  parameters: {{unix_socket_directories: '', dynamic_shared_memory_type: mmap}}
  authentication: {{superuser: {{username: postgres, password: x}}, replication: {{username: postgres, password: x}}}}
",
        data = data.display(),
        programs = programs.display(),
        passwords = passwords.display(),
    )
}
