//! Servers of a test's own: started in a temporary folder, on free ports of the loopback interface, as an unprivileged user.
//!
//! Invariants
//! - A server ends with its value, also when the test panics, and by the kernel when the process is killed.
//! - Waiting for one means reading its log or asking it, never sleeping for a time.
//! - What is not installed is said by [`is_missing`], loudly; nothing is installed here.

mod galera;
mod mariadb;
mod mysql;
mod patroni;
mod pgbouncer;
mod postgres;
pub mod process;

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::ops::Range;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use relata_runtime::{Db, PoolOptions};
use relata_sql::DatabaseUrl;
use relata_sql::driver::ConnectOptions;
use tempfile::TempDir;

use crate::server::shared_driver;

pub use galera::Galera;
pub use mariadb::{MariadbPair, install as install_mariadb, temporary as mariadb_temporary};
pub use mysql::MysqlPair;
pub use patroni::Patroni;
pub use pgbouncer::PgBouncer;
pub use postgres::PostgresCluster;

/// Which server, and as whom it runs.
#[derive(Debug, Clone, Copy)]
pub enum Product {
    /// PostgreSQL, and what stands around it.
    Postgres,
    /// MariaDB.
    Mariadb,
}

impl Product {
    fn users(self) -> [&'static str; 2] {
        match self {
            Product::Postgres => ["postgres", "nobody"],
            Product::Mariadb => ["mysql", "nobody"],
        }
    }
}

/// Whether a program of the system is not there, which is said on stderr: a test that needs it is then skipped, and the
/// reader knows.
pub fn is_missing(program: &str, package: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&paths).collect();
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/usr/lib/galera"].map(PathBuf::from));
    let missing = !folders.iter().any(|folder| folder.join(program).exists());
    if missing {
        eprintln!("SKIPPED: {program} is not installed (Debian's package {package}), so this test has tested nothing");
    }
    missing
}

/// A port of the loopback interface that nobody listens on just now, and that this process was not given before.
///
/// It lies below the ports that the system lends to outgoing connections: one of those could be taken by anybody's
/// connection before the server comes to listen on it.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    const PORTS: Range<u16> = 10_000..32_000;
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    // Processes begin in different places.
    let start = || AtomicU16::new((RandomState::new().hash_one(std::process::id()) % PORTS.len() as u64) as u16);
    let next = NEXT.get_or_init(start);
    let mut candidates =
        (0..PORTS.len()).map(|_| PORTS.start + next.fetch_add(1, Ordering::Relaxed) % PORTS.len() as u16);
    let free = candidates.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.unwrap_or_else(|| panic!("no port between {} and {} is free", PORTS.start, PORTS.end))
}

/// MariaDB's server, which is seldom on the path of ordinary users.
pub fn mariadb_program() -> PathBuf {
    let places = ["/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd"].map(PathBuf::from);
    places.into_iter().find(|path| path.exists()).unwrap_or_else(|| "mariadbd".into())
}

/// The newest PostgreSQL of Debian's, else the one on the path.
pub fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions.map(|entry| entry.path().join("bin").join(name)).filter(|p| p.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

/// Starts programs in the folder as an unprivileged user.
pub struct Runner {
    folder: PathBuf,
    /// User and group, if this process is root, whom both servers refuse to run as.
    user: Option<(u32, u32)>,
}

impl Runner {
    /// For programs in this folder.
    ///
    /// # Panics
    /// When this process is root and there is no other user to be.
    pub fn new(folder: &Path, product: Product) -> Self {
        let user = (id(&["-u"]) == Some(0)).then(|| {
            let ids = product.users().into_iter().find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)));
            ids.unwrap_or_else(|| panic!("there is no unprivileged user to run a server as"))
        });
        Runner { folder: folder.into(), user }
    }

    /// Where it runs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A program that ends with this process.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if let Some((user, group)) = self.user {
            command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".into()]);
        }
        command.arg(program).current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    ///
    /// # Panics
    /// When it fails, with what it says.
    pub fn run(&self, program: &Path, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(output.status.success(), "{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
    }

    /// Gives the folder and what is in it to the user.
    ///
    /// # Panics
    /// When the file system refuses.
    pub fn own(&self) {
        let Some((user, group)) = self.user else { return };
        let give = |path: &Path| {
            chown(path, Some(user), Some(group)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        };
        give(&self.folder);
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.for_each(|entry| give(&entry.path()));
    }

    /// Makes a folder that belongs to the user.
    fn make_folder(&self, path: &Path) {
        let owner = self.user.map_or((None, None), |(user, group)| (Some(user), Some(group)));
        let made = std::fs::create_dir(path).and_then(|()| chown(path, owner.0, owner.1));
        made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Reads the log until it says `ready`, and on to its end in a thread, so that the server never waits for a reader.
///
/// # Errors
/// What it said instead.
pub fn wait_until_ready(child: &mut Child, ready: &'static str) -> Result<(), String> {
    let log = BufReader::new(child.stderr.take().ok_or("its log is read already")?);
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
    receiver.recv_timeout(AT_LAST).unwrap_or_else(|_| Err("it said nothing for five minutes".into()))
}

/// Starts a server on a free port: `arguments` for a port, until its log says `ready`.
///
/// # Panics
/// When it does not start, with what it says.
pub fn launch(
    runner: &Runner,
    program: &Path,
    ready: &'static str,
    arguments: impl Fn(u16) -> Vec<String>,
) -> (Child, u16) {
    let mut said = String::new();
    // Somebody else may take the port between the moment it is found free and the server's own look.
    for _ in 0..5 {
        let port = free_port();
        let mut command = runner.command(program);
        let child = command.args(arguments(port)).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        match wait_until_ready(&mut child, ready) {
            Ok(()) => return (child, port),
            Err(log) => said = log,
        }
        process::kill(&mut child);
    }
    panic!("{} does not start:\n{said}", program.display());
}

/// For how long a server may take to start or to catch up, on the busiest machine: what takes longer never ends.
const AT_LAST: Duration = Duration::from_secs(300);

/// Waits until something holds; says what it was if it never does.
///
/// # Panics
/// After `limit`.
pub async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < limit, "{what}: in vain for {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One database at these ports of the loopback interface, whoever listens there.
pub(crate) fn place(scheme: &str, login: &str, ports: &[u16], database: &str) -> DatabaseUrl {
    let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let text = format!("{scheme}://{login}@{}/{database}", hosts.join(","));
    DatabaseUrl::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A handle to a server, with the settings that suit tests of failures.
///
/// # Panics
/// When it cannot be connected to.
pub async fn open(url: &DatabaseUrl) -> Db {
    let opened = Db::connect(shared_driver(url.dialect), url.clone(), options()).await;
    opened.unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// Settings that suit tests of failures.
pub fn options() -> PoolOptions {
    PoolOptions {
        acquire_timeout: Duration::from_secs(20),
        ping_timeout: Duration::from_millis(500),
        connect: ConnectOptions { connect_timeout: Duration::from_secs(2), ..ConnectOptions::default() },
        ..PoolOptions::default()
    }
}

/// Runs a script that must succeed.
async fn script(db: &Db, text: &str) {
    db.clone().batch(text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// A temporary folder, open to the server's user.
fn folder() -> TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("a temporary folder: {error}"))
}
