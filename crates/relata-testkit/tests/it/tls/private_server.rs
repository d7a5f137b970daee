//! A database server of one test's own, with a certificate of the test's choice.
//!
//! Invariants: it runs in a temporary folder, on a free port of the loopback interface, as an unprivileged user; it is
//! stopped with the value, also when the test panics, and by the kernel when the test is killed. Waiting for it means
//! reading its log, not sleeping.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use relata_sql::DatabaseUrl;
pub(super) use relata_testkit::servers::Product;
use relata_testkit::servers::{Runner, install_mariadb, mariadb_program, mariadb_temporary, postgres_program};
use tempfile::TempDir;

use super::certificates;

/// Who may log in to PostgreSQL, and how. Without TLS: only `postgres`, who prepares the tests.
const POSTGRES_LOGINS: &str = "
host    all postgres all trust
hostssl all ann      all scram-sha-256
hostssl all careful  all scram-sha-256 clientcert=verify-ca
hostssl all certain  all cert map=certificates
";

fn install(product: Product, runner: &Runner, data: &str) {
    match product {
        Product::Postgres => {
            let initdb = postgres_program("initdb");
            runner.run(&initdb, &["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8"]);
            std::fs::write(Path::new(data).join("pg_hba.conf"), POSTGRES_LOGINS).unwrap();
            std::fs::write(Path::new(data).join("pg_ident.conf"), "certificates ann certain\n").unwrap();
        }
        Product::Mariadb => install_mariadb(runner, data),
    }
}

/// The server's program and arguments.
fn server(product: Product, folder: &str, port: u16, certificate: &str) -> (PathBuf, String) {
    match product {
        Product::Postgres => (
            postgres_program("postgres"),
            format!(
                "-D {folder}/data -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c dynamic_shared_memory_type=mmap \
                     -c ssl=on -c ssl_ca_file={folder}/right.crt -c ssl_cert_file={folder}/{certificate}.crt \
                     -c ssl_key_file={folder}/{certificate}.key"
            ),
        ),
        Product::Mariadb => (
            mariadb_program(),
            format!(
                "--no-defaults --datadir={folder}/data --tmpdir={} --port={port} --bind-address=127.0.0.1 --socket={folder}/sock \
                     --pid-file={folder}/pid --innodb-flush-method=nosync --skip-log-bin --skip-name-resolve --ssl-ca={folder}/right.crt \
                     --ssl-cert={folder}/{certificate}.crt --ssl-key={folder}/{certificate}.key",
                mariadb_temporary(&format!("{folder}/data"))
            ),
        ),
    }
}

fn ready(product: Product) -> &'static str {
    match product {
        Product::Postgres => "ready to accept connections",
        Product::Mariadb => "ready for connections",
    }
}

/// A running server.
pub(super) struct PrivateServer {
    product: Product,
    child: Child,
    pub(super) port: u16,
    runner: Runner,
    folder: TempDir,
}

impl PrivateServer {
    /// Makes certificates and an empty server, and starts it with the certificate `good`.
    pub(super) fn start(product: Product) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates::make(folder.path());
        let runner = Runner::new(folder.path(), product);
        runner.own();
        install(product, &runner, folder.path().join("data").to_str().unwrap());
        let (child, port) = launch(product, &runner, "good");
        PrivateServer { product, child, port, runner, folder }
    }

    /// Stops the server and starts it with another certificate, and on another port.
    pub(super) fn restart_with(&mut self, certificate: &str) {
        stop(&mut self.child);
        (self.child, self.port) = launch(self.product, &self.runner, certificate);
    }

    /// The URL for a login (`user` or `user:password`) at `host`; `FOLDER/` in the parameters is the certificates' place.
    pub(super) fn url(&self, login: &str, host: &str, parameters: &str) -> DatabaseUrl {
        let (scheme, database) = match self.product {
            Product::Postgres => ("postgres", "postgres"),
            Product::Mariadb => ("mysql", "mysql"),
        };
        let parameters = parameters.replace("FOLDER", self.folder.path().to_str().unwrap());
        format!("{scheme}://{login}@{host}:{}/{database}?{parameters}", self.port).parse().unwrap()
    }

    /// A message without what differs from run to run.
    pub(super) fn stable(&self, message: &str) -> String {
        let folder = self.folder.path().to_str().unwrap();
        message.replace(folder, "FOLDER").replace(&format!(":{}", self.port), ":PORT")
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// PostgreSQL's word for "at once, with all children", and MariaDB's for "now".
fn stop(child: &mut Child) {
    let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
    let _ = child.wait();
}

fn launch(product: Product, runner: &Runner, certificate: &str) -> (Child, u16) {
    let folder = runner.folder().to_str().unwrap();
    let (program, _) = server(product, folder, 0, certificate);
    relata_testkit::servers::launch(runner, &program, ready(product), |port| {
        let (_, arguments) = server(product, folder, port, certificate);
        arguments.split_whitespace().map(str::to_string).collect()
    })
}
