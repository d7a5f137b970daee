//! A database server of one test's own, with a certificate of the test's choice.
//!
//! Invariants: it runs in a temporary folder, on a free port of the loopback interface, as an unprivileged user; it is
//! stopped with the value, also when the test panics, and by the kernel when the test is killed. Waiting for it means
//! reading its log, not sleeping.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use relata_sql::DatabaseUrl;
use tempfile::TempDir;

use super::certificates;

/// Which server, and as whom it runs.
#[derive(Clone, Copy)]
pub(crate) enum Product {
    Postgres,
    Mariadb,
}

/// Who may log in to PostgreSQL, and how. Without TLS: only `postgres`, who prepares the tests.
const POSTGRES_LOGINS: &str = "
host    all postgres all trust
hostssl all ann      all scram-sha-256
hostssl all careful  all scram-sha-256 clientcert=verify-ca
hostssl all certain  all cert map=certificates
";

impl Product {
    fn users(self) -> [&'static str; 2] {
        match self {
            Product::Postgres => ["postgres", "nobody"],
            Product::Mariadb => ["mysql", "nobody"],
        }
    }

    fn install(self, runner: &Runner, data: &str) {
        match self {
            Product::Postgres => {
                let initdb = postgres_program("initdb");
                runner.run(&initdb, &["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8"]);
                std::fs::write(Path::new(data).join("pg_hba.conf"), POSTGRES_LOGINS).unwrap();
                std::fs::write(Path::new(data).join("pg_ident.conf"), "certificates ann certain\n").unwrap();
            }
            Product::Mariadb => runner.run(
                Path::new("mariadb-install-db"),
                &[
                    "--no-defaults",
                    &format!("--datadir={data}"),
                    "--auth-root-authentication-method=normal",
                    "--skip-test-db",
                    "--skip-name-resolve",
                    "--innodb-flush-method=nosync",
                ],
            ),
        }
    }

    /// The server's program and arguments.
    fn server(self, folder: &str, port: u16, certificate: &str) -> (PathBuf, String) {
        match self {
            Product::Postgres => (
                postgres_program("postgres"),
                format!(
                    "-D {folder}/data -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
                     -c ssl=on -c ssl_ca_file={folder}/right.crt -c ssl_cert_file={folder}/{certificate}.crt \
                     -c ssl_key_file={folder}/{certificate}.key"
                ),
            ),
            Product::Mariadb => (
                mariadb_program(),
                format!(
                    "--no-defaults --datadir={folder}/data --port={port} --bind-address=127.0.0.1 --socket={folder}/sock \
                     --pid-file={folder}/pid --innodb-flush-method=nosync --skip-log-bin --skip-name-resolve --ssl-ca={folder}/right.crt \
                     --ssl-cert={folder}/{certificate}.crt --ssl-key={folder}/{certificate}.key"
                ),
            ),
        }
    }

    fn ready(self) -> &'static str {
        match self {
            Product::Postgres => "ready to accept connections",
            Product::Mariadb => "ready for connections",
        }
    }
}

/// MariaDB's server, which is seldom on the path of ordinary users.
pub(crate) fn mariadb_program() -> PathBuf {
    let places = ["/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd"].map(PathBuf::from);
    places.into_iter().find(|path| path.exists()).unwrap_or_else(|| "mariadbd".into())
}

/// The newest PostgreSQL of Debian's, else the one on the path.
pub(crate) fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|entry| entry.path().join("bin").join(name)).filter(|p| p.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

/// Starts programs in the folder as an unprivileged user.
pub(crate) struct Runner {
    folder: PathBuf,
    /// User and group, if this process is root, whom both servers refuse to run as.
    user: Option<(u32, u32)>,
}

impl Runner {
    pub(crate) fn new(folder: &Path, product: Product) -> Self {
        let user = (id(&["-u"]) == Some(0)).then(|| {
            let name = product.users().into_iter().find(|user| id(&["-u", user]).is_some()).unwrap();
            (id(&["-u", name]).unwrap(), id(&["-g", name]).unwrap())
        });
        Runner { folder: folder.into(), user }
    }

    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some((user, group)) = self.user {
            command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".into()]);
        }
        command.arg(program).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, program: &Path, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    }

    /// Gives the folder and what is in it to the user.
    pub(crate) fn own(&self) {
        let Some((user, group)) = self.user else { return };
        chown(&self.folder, Some(user), Some(group)).unwrap();
        for entry in std::fs::read_dir(&self.folder).unwrap() {
            chown(entry.unwrap().path(), Some(user), Some(group)).unwrap();
        }
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().unwrap();
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
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
        product.install(&runner, folder.path().join("data").to_str().unwrap());
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
    let mut log = String::new();
    // Somebody else may take the port between the moment it is found free and the server's own look.
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (program, arguments) = product.server(runner.folder.to_str().unwrap(), port, certificate);
        let mut command = runner.command(&program);
        let mut child = command.args(arguments.split_whitespace()).stderr(Stdio::piped()).spawn().unwrap();
        match wait_until_ready(&mut child, product.ready()) {
            Ok(()) => return (child, port),
            Err(said) => log = said,
        }
        stop(&mut child);
    }
    panic!("the server did not start:\n{log}");
}

/// Reads the log until it says `ready`, and on to its end in a thread, so that the server never waits for a reader.
pub(crate) fn wait_until_ready(child: &mut Child, ready: &'static str) -> Result<(), String> {
    let log = BufReader::new(child.stderr.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut said = String::new();
        for line in log.lines().map_while(Result::ok) {
            if line.contains(ready) {
                let _ = sender.send(Ok(()));
            }
            said.push_str(&line);
            said.push('\n');
        }
        let _ = sender.send(Err(said));
    });
    receiver.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| Err("it said nothing for a minute".into()))
}
