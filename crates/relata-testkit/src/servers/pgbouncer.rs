//! PgBouncer in front of a server: sessions shared by transaction.

use std::process::Child;

use relata_sql::DatabaseUrl;
use tempfile::TempDir;

use super::{Product, Runner, folder, launch, process};

/// A pooler in transaction mode.
pub struct PgBouncer {
    process: Child,
    port: u16,
    /// Held for its removal, after the pooler has gone.
    _folder: TempDir,
}

impl PgBouncer {
    /// In front of the server of a URL, with so many sessions there for each database.
    ///
    /// # Panics
    /// When it does not start.
    pub fn in_front_of(url: &DatabaseUrl, sessions: u32) -> Self {
        let folder = folder();
        let runner = Runner::new(folder.path(), Product::Postgres);
        runner.own();
        let file = folder.path().join("pgbouncer.ini");
        let program = "pgbouncer";
        let (process, port) = launch(&runner, program.as_ref(), "process up", |port| {
            let settings = format!(
                "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
                 unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {sessions}\n\
                 max_client_conn = 200\nserver_round_robin = 1\n",
                url.host(),
                url.port()
            );
            // `any` takes the user from here, whoever asks.
            let settings = settings.replace("* = host", &format!("* = user={} host", url.user));
            std::fs::write(&file, settings).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            vec![file.display().to_string()]
        });
        PgBouncer { process, port, _folder: folder }
    }

    /// The URL by way of the pooler.
    pub fn url(&self, url: &DatabaseUrl) -> DatabaseUrl {
        DatabaseUrl { hosts: vec![("127.0.0.1".to_string(), self.port)], ..url.clone() }
    }

    /// Whether it is installed; if not, that is said.
    pub fn is_missing() -> bool {
        super::is_missing("pgbouncer", "pgbouncer")
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        process::kill(&mut self.process);
    }
}
