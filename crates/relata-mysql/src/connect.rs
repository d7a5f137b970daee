//! How a connection is made: where to, with which TLS, with which session settings; and databases made and dropped.
//!
//! URL parameters
//! - `ssl-mode`: `disabled`, `preferred`, `required`, `verify_ca`, `verify_identity`, explained in `tls.rs`. The default is
//!   `preferred`, and `disabled` on a loopback address.
//! - `ssl-ca`, `ssl-cert`, `ssl-key`: PEM files: roots to trust, the client's certificate and its key.
//! - `socket`: a Unix socket instead of host and port.
//! - `transport`: `auto` or `tcp`, explained in `local.rs`.
//!
//! Other parameters are refused: a mistyped `ssl-mode` must not turn encryption off in silence.

use relata_schema::Dialect;
use relata_sql::driver::{Answer, ConnectOptions, Connection, Driver, ServerInfo};
use relata_sql::socket::Socket;
use relata_sql::url::DatabaseUrl;
use relata_sql::{Error, Kind, Result};
use tokio::net::TcpStream;

use crate::client::{Client, Trouble};
use crate::exec::MysqlConnection;
use crate::login::{self, Login};
use crate::tls::SslMode;
use crate::wire::Wire;
use crate::{errors, local};

/// Opens connections to MariaDB and MySQL.
#[derive(Debug, Clone, Copy, Default)]
pub struct MysqlDriver;

impl Driver for MysqlDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn connect<'a>(&'a self, url: &'a DatabaseUrl, options: &'a ConnectOptions) -> Answer<'a, Box<dyn Connection>> {
        Answer::later(async move {
            let connection: Box<dyn Connection> = Box::new(open(url, options).await?);
            Ok(connection)
        })
    }

    fn create_database<'a>(&'a self, url: &'a DatabaseUrl) -> Answer<'a, ()> {
        Answer::later(async move {
            let mut connection = open_server(url).await?;
            let sql = format!("CREATE DATABASE {}", Dialect::Mysql.quote(&url.database));
            connection.batch(&sql).await?;
            Box::new(connection).close().await
        })
    }

    fn drop_database<'a>(&'a self, url: &'a DatabaseUrl) -> Answer<'a, ()> {
        Answer::later(async move {
            let mut connection = open_server(url).await?;
            connection.kill_sessions_of(&url.database).await?;
            let sql = format!("DROP DATABASE {}", Dialect::Mysql.quote(&url.database));
            connection.batch(&sql).await?;
            Box::new(connection).close().await
        })
    }
}

async fn open_server(url: &DatabaseUrl) -> Result<MysqlConnection> {
    if url.database.is_empty() {
        return Err(Error::new(Kind::InvalidUrl, format!("{url} names no database"))
            .hint("write mysql://user:password@host:3306/database"));
    }
    open(&url.with_database(""), &ConnectOptions::default()).await
}

/// Opens a connection to the first host that answers, within the deadline.
async fn open(url: &DatabaseUrl, options: &ConnectOptions) -> Result<MysqlConnection> {
    let mut last = None;
    let deadline = tokio::time::Instant::now() + options.connect_timeout;
    for (host, port) in &url.hosts {
        let place = Place { host, port: *port, url };
        match tokio::time::timeout_at(deadline, open_host(&place, options)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) if error.kind() == Kind::Unreachable => last = Some(error),
            Ok(Err(error)) => return Err(error),
            Err(_) => last = Some(place.timed_out(options)),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Kind::InvalidUrl, format!("{url} names no host"))))
}

/// Where a connection goes, for messages.
pub(crate) struct Place<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) url: &'a DatabaseUrl,
}

impl Place<'_> {
    fn timed_out(&self, options: &ConnectOptions) -> Error {
        let message = format!("{self} did not answer within {:?}", options.connect_timeout);
        Error::new(Kind::Timeout, message)
            .hint("check host and port: a firewall, or a server that is no MariaDB, keeps silent like this")
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.url.param("socket") {
            Some(socket) => write!(f, "the server at {socket}"),
            None => write!(f, "the server at {}:{}", self.host, self.port),
        }
    }
}

/// Where a server is, and who asks there.
#[derive(Clone)]
pub(crate) struct Target {
    way: Way,
    login: Login,
}

#[derive(Clone)]
enum Way {
    Tcp(String, u16),
    Socket(String),
}

impl Target {
    fn of(place: &Place<'_>, options: &ConnectOptions, mode: SslMode) -> Result<Self> {
        let url = place.url;
        check_parameters(url)?;
        let user = if url.user.is_empty() { std::env::var("USER").unwrap_or_default() } else { url.user.clone() };
        let login = Login {
            user,
            password: url.password.as_ref().map(|secret| secret.expose().to_string()),
            database: Some(url.database.clone()).filter(|name| !name.is_empty()),
            program: options.application_name.clone(),
            encryption: mode.encryption(place)?,
        };
        let way = match url.param("socket") {
            Some(socket) => Way::Socket(socket.into()),
            None => Way::Tcp(place.host.into(), place.port),
        };
        Ok(Target { way, login })
    }

    /// The same login by the socket of a server on this machine.
    pub(crate) fn by_socket(&self, socket: &str) -> Self {
        Target { way: Way::Socket(socket.into()), login: self.login.clone() }
    }

    /// A connection there.
    pub(crate) async fn reach(&self) -> Result<Client, Trouble> {
        let wire = match &self.way {
            Way::Socket(socket) => Wire::Unix(Socket::connect(socket).await?),
            Way::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                Wire::Tcp(stream)
            }
        };
        login::enter(wire, &self.login).await
    }
}

async fn open_host(place: &Place<'_>, options: &ConnectOptions) -> Result<MysqlConnection> {
    let mode = SslMode::of(place)?;
    let target = Target::of(place, options, mode)?;
    let client = target.reach().await.map_err(|error| errors::connecting(error, place))?;
    let (mut client, target) = local::nearer(client, target, place, mode).await?;
    let session = session_sql(options);
    let server = greet(&mut client, &session).await.map_err(|error| errors::connecting(error, place))?;
    let settings = match place.url.database.as_str() {
        "" => session,
        database => format!("USE {}; {session}", Dialect::Mysql.quote(database)),
    };
    Ok(MysqlConnection::new(client, server, target, settings, options.statement_cache))
}

fn check_parameters(url: &DatabaseUrl) -> Result<()> {
    const KNOWN: [&str; 6] = ["ssl-mode", "ssl-ca", "ssl-cert", "ssl-key", "socket", "transport"];
    match url.params.iter().find(|(name, _)| !KNOWN.contains(&spelling(name).as_str())) {
        None => url.transport().map(drop),
        Some((name, _)) => Err(Error::new(Kind::InvalidUrl, format!("{name:?} is no parameter of a mysql:// URL"))
            .hint(format!("known are: {}", KNOWN.join(", ")))),
    }
}

/// `sslmode` and `ssl_mode` are `ssl-mode`.
fn spelling(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace('_', "-");
    if name == "sslmode" { "ssl-mode".into() } else { name }
}

pub(crate) fn parameter<'a>(url: &'a DatabaseUrl, name: &str) -> Option<&'a str> {
    url.params.iter().find(|(key, _)| spelling(key) == name).map(|(_, value)| value.as_str())
}

/// The statement that gives a session its settings. Zero dates stay legal: schemas with such defaults must load. Recursive queries
/// go on to their end, as elsewhere: MariaDB would stop after 1000 steps and give what it has, without an error.
fn session_sql(options: &ConnectOptions) -> String {
    let mut sql = "SET NAMES utf8mb4, time_zone = '+00:00', \
                   sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION' \
                   /*M! , max_recursive_iterations = 4294967295 */ \
                   /*!80003 , cte_max_recursion_depth = 4294967295 */"
        .to_string();
    if options.busy_timeout != ConnectOptions::default().busy_timeout {
        let seconds = options.busy_timeout.as_secs().max(1);
        sql.push_str(&format!(", innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"));
    }
    sql
}

/// Sets the session up and asks who the server is, in one round trip.
async fn greet(client: &mut Client, session: &str) -> Result<ServerInfo, Trouble> {
    client.query(&format!("{session}; SELECT @@version, @@version_comment, @@max_allowed_packet")).await?;
    client.next_result().await?;
    let mut facts = client.texts().await?.into_iter().flatten();
    client.discard().await?;
    let mut fact = || facts.next().flatten().unwrap_or_default();
    let server = server_info(&fact(), &fact(), client.agreed().version);
    client.max_packet = fact().parse().unwrap_or(usize::MAX);
    Ok(server)
}

fn server_info(version: &str, comment: &str, (major, minor, patch): (u16, u16, u16)) -> ServerInfo {
    let mariadb = version.contains("MariaDB") || comment.contains("MariaDB") || comment.contains("mariadb");
    let number = u32::from(major) * 10_000 + u32::from(minor) * 100 + u32::from(patch);
    ServerInfo {
        product: if mariadb { "MariaDB" } else { "MySQL" }.into(),
        version: version.into(),
        number,
        pooled: false,
    }
}
