//! PostgreSQL: a primary and standbys by streaming replication.

use std::path::Path;
use std::process::Child;

use relata_runtime::{Db, sql};
use relata_sql::DatabaseUrl;
use tempfile::TempDir;

use super::{Product, Runner, folder, launch, open, place, postgres_program, process, script};

/// The primary is the first. It holds a table `work (n bigint)`.
pub struct PostgresCluster {
    nodes: Vec<(Child, u16)>,
    runner: Runner,
    /// Held for its removal, after the servers have gone.
    folder: TempDir,
}

impl PostgresCluster {
    /// A primary, whose commits wait for one standby if `synchronous`, and standbys.
    ///
    /// # Panics
    /// When a server does not start.
    pub async fn start(standbys: usize, synchronous: bool) -> Self {
        let folder = folder();
        let runner = Runner::new(folder.path(), Product::Postgres);
        runner.own();
        let data = folder.path().join("node0").display().to_string();
        let initdb = ["-D", &data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8"];
        runner.run(&postgres_program("initdb"), &initdb);
        let mut servers = PostgresCluster { nodes: Vec::new(), runner, folder };
        servers.launch(0);
        for number in 1..=standbys {
            servers.follow(number);
        }
        let primary = servers.alone(0).await;
        script(&primary, "CREATE TABLE work (n bigint NOT NULL)").await;
        if synchronous {
            script(&primary, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'").await;
            script(&primary, "ALTER SYSTEM SET synchronous_commit = 'on'").await;
            script(&primary, "SELECT pg_reload_conf()").await;
        }
        servers
    }

    /// A standby more.
    fn follow(&mut self, number: usize) {
        let data = self.folder.path().join(format!("node{number}")).display().to_string();
        let port = self.nodes[0].1.to_string();
        let copy = format!("-h 127.0.0.1 -p {port} -U postgres -D {data} -R -X stream -c fast -N");
        self.runner.run(Path::new("pg_basebackup"), &copy.split(' ').collect::<Vec<_>>());
        self.launch(number);
    }

    fn launch(&mut self, number: usize) {
        let data = self.folder.path().join(format!("node{number}")).display().to_string();
        // A standby accepts connections once it is consistent.
        let launched = launch(&self.runner, &postgres_program("postgres"), "ready to accept", |port| {
            // Shared memory in the folder: what a killed server leaves elsewhere stays there.
            let settings = "listen_addresses=127.0.0.1 unix_socket_directories= fsync=off max_wal_senders=8 hot_standby=on \
                            wal_receiver_status_interval=1 dynamic_shared_memory_type=mmap";
            let settings = settings.split_whitespace().flat_map(|setting| ["-c".to_string(), setting.to_string()]);
            let place = ["-D".to_string(), data.clone(), "-p".to_string(), port.to_string()];
            place.into_iter().chain(settings).collect()
        });
        self.nodes.push(launched);
    }

    /// All of them as one database.
    pub fn url(&self) -> DatabaseUrl {
        let ports: Vec<_> = self.nodes.iter().map(|(_, port)| *port).collect();
        place("postgres", "postgres", &ports, "postgres")
    }

    /// One of them.
    pub fn url_of(&self, number: usize) -> DatabaseUrl {
        place("postgres", "postgres", &[self.nodes[number].1], "postgres")
    }

    /// A handle to one of them.
    ///
    /// # Panics
    /// When it cannot be connected to.
    pub async fn alone(&self, number: usize) -> Db {
        open(&self.url_of(number)).await
    }

    /// Promotes the standby that has received most, and has the others follow it.
    ///
    /// # Panics
    /// When it refuses.
    pub async fn promote(&self) -> usize {
        let mut received = Vec::new();
        for number in 1..self.nodes.len() {
            let text = "SELECT (pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::bigint";
            let position = sql::<i64>(text, ()).one(&mut self.alone(number).await).await;
            received.push((position.unwrap_or_else(|error| panic!("{error}")), number));
        }
        received.sort_unstable();
        let (_, best) = received.pop().unwrap_or_else(|| panic!("there is no standby"));
        let standby = self.alone(best).await;
        script(&standby, "SELECT pg_promote(true, 30)").await;
        // The base backup has brought the primary's setting along, and nobody is there to wait for.
        script(&standby, "ALTER SYSTEM SET synchronous_standby_names = ''").await;
        script(&standby, "SELECT pg_reload_conf()").await;
        for (_, other) in received {
            let follower = self.alone(other).await;
            let place = format!("host=127.0.0.1 port={} user=postgres", self.nodes[best].1);
            script(&follower, &format!("ALTER SYSTEM SET primary_conninfo = '{place}'")).await;
            script(&follower, "SELECT pg_reload_conf()").await;
        }
        best
    }

    /// As if its machine had lost its power.
    pub fn kill(&mut self, number: usize) {
        process::kill(&mut self.nodes[number].0);
    }

    /// As if its machine stood still.
    pub fn freeze(&self, number: usize) {
        process::freeze(&self.nodes[number].0);
    }

    /// It goes on.
    pub fn thaw(&self, number: usize) {
        process::thaw(&self.nodes[number].0);
    }

    /// What a node holds in `work`.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn found(&self, number: usize) -> Vec<i64> {
        let found = sql::<i64>("SELECT n FROM work", ()).all(&mut self.alone(number).await).await;
        found.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        for (number, (child, _)) in self.nodes.iter_mut().enumerate() {
            process::kill(child);
            process::release_memory(&self.folder.path().join(format!("node{number}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the system keeps memory that this process made.
    fn is_kept(creator: u32) -> bool {
        let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
        segments.lines().any(|line| line.split_whitespace().nth(4) == Some(&creator.to_string()))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_killed_server_leaves_no_memory_behind() {
        if super::super::is_missing("pg_basebackup", "postgresql-client") {
            return;
        }
        let servers = PostgresCluster::start(0, false).await;
        let server = servers.nodes[0].0.id();
        let mapped = std::fs::read_to_string(format!("/proc/{server}/maps")).unwrap();
        assert!(is_kept(server) && !mapped.contains("/dev/shm/"), "{mapped}");
        drop(servers);
        assert!(!is_kept(server));
    }
}
