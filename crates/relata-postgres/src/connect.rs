//! From a URL to a connection; creating and dropping databases.
//!
//! The hosts of a URL are tried in order. `sslmode` and its friends are explained in `tls.rs`. Further URL parameters:
//! `channel_binding` (`disable`, `prefer`, `require`: the password's proof is tied to the TLS connection), `options` (as
//! libpq), `application_name`, `pooler` (`auto`, `transaction`, `session`: see `exec/pooled.rs`), `transport` (`auto`, `tcp`:
//! see `local.rs`). A host that starts with `/` is the folder of a Unix socket.
//!
//! Other parameters are refused: a mistyped `sslmode` must not turn encryption off in silence.

use std::io;
use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::{Answer, BoxFuture, ConnectOptions, Connection, Driver, ServerInfo};
use relata_sql::socket::Socket;
use relata_sql::url::DatabaseUrl;
use relata_sql::{Error, Kind, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::config::{ChannelBinding, Config, SslMode, SslNegotiation};
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect, TlsStream};
use tokio_postgres::{CancelToken, Client};

use crate::engine::Engine;
use crate::errors;
use crate::exec::PostgresConnection;
use crate::line::{Line, Shared};
use crate::local;
use crate::tls::{Mode, Tls};
use crate::wire::{Open, Tunnel, Wire};

/// Opens connections to PostgreSQL 13 and newer.
///
/// ```no_run
/// use relata_postgres::PostgresDriver;
/// use relata_sql::driver::{ConnectOptions, Driver};
/// # async fn run() -> relata_sql::Result<()> {
/// let url = "postgres://ann@db.example.com/shop?sslmode=verify-full".parse()?;
/// let connection = PostgresDriver.connect(&url, &ConnectOptions::default()).await?;
/// println!("{}", connection.server().version);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct PostgresDriver;

impl Driver for PostgresDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn connect<'a>(&'a self, url: &'a DatabaseUrl, options: &'a ConnectOptions) -> Answer<'a, Box<dyn Connection>> {
        Answer::later(async move {
            let connection = open(url, options).await?;
            Ok(Box::new(connection) as Box<dyn Connection>)
        })
    }

    fn create_database<'a>(&'a self, url: &'a DatabaseUrl) -> Answer<'a, ()> {
        let name = Dialect::Postgres.quote(&url.database);
        let sql = format!("CREATE DATABASE {name} TEMPLATE template0");
        Answer::later(async move { maintenance(url, sql).await })
    }

    fn drop_database<'a>(&'a self, url: &'a DatabaseUrl) -> Answer<'a, ()> {
        let name = Dialect::Postgres.quote(&url.database);
        Answer::later(async move { maintenance(url, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await })
    }
}

/// Runs one statement on a database that every server has.
async fn maintenance(url: &DatabaseUrl, sql: String) -> Result<()> {
    let options = ConnectOptions::default();
    let connection = match open(&url.with_database("postgres"), &options).await {
        Err(error) if error.kind() == Kind::NoSuchDatabase => open(&url.with_database("template1"), &options).await,
        result => result,
    };
    let mut connection = connection?;
    connection.batch(&sql).await?;
    Box::new(connection).close().await
}

/// Where a server is, and how to reach it again for a cancel request.
#[derive(Clone)]
pub(crate) struct Endpoint {
    host: String,
    port: u16,
    tls: Tls,
    /// Whether the connection there is encrypted; a cancel request is exactly when the connection is.
    encrypted: bool,
}

impl Endpoint {
    /// The same server's socket in this folder.
    pub(crate) fn socket_in(&self, folder: &str) -> Self {
        Endpoint { host: folder.to_string(), port: self.port, tls: Tls::disabled(), encrypted: false }
    }

    /// Host and port, and whether encryption is asked for.
    pub(crate) fn asked(&self) -> (&str, u16, bool) {
        (&self.host, self.port, self.tls.mode == Mode::Require)
    }

    pub(crate) fn place(&self) -> String {
        if self.host.starts_with('/') {
            format!("{}/.s.PGSQL.{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Asks the server to stop what the connection behind `token` is doing.
    pub(crate) fn cancel(&self, token: CancelToken) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.send_cancel(token))
    }

    async fn send_cancel(&self, token: CancelToken) -> Result<()> {
        let place = self.place();
        let failed = |error| errors::connecting(error, &place, "", "", self.encrypted);
        let mut stream = self.wire().await.map_err(|error| errors::unreachable(error, &place))?;
        match self.tls.connector() {
            Some(mut maker) if self.encrypted => {
                negotiate(&mut stream, Mode::Require, &place).await?;
                let connector = connector::<Wire>(&mut maker, &self.host, &place)?;
                // The client library keeps the stream, so the server's good-bye cannot be awaited here.
                token.cancel_query_raw(stream, connector).await.map_err(failed)
            }
            _ => {
                token.cancel_query_raw(Open(&mut stream), NoTls).await.map_err(failed)?;
                // The server closes the connection once the signal is out: a later statement cannot be hit by it.
                while stream.read(&mut [0; 64]).await.is_ok_and(|bytes| bytes > 0) {}
                Ok(())
            }
        }
    }

    async fn wire(&self) -> io::Result<Wire> {
        if self.host.starts_with('/') {
            return Ok(Wire::Unix(Socket::connect(self.place()).await?));
        }
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Wire::Tcp(stream))
    }
}

async fn open(url: &DatabaseUrl, options: &ConnectOptions) -> Result<PostgresConnection> {
    let limit = options.connect_timeout;
    tokio::time::timeout(limit, try_hosts(url, options)).await.unwrap_or_else(|_| Err(too_slow(url, limit)))
}

fn too_slow(url: &DatabaseUrl, limit: Duration) -> Error {
    let place = format!("{}:{}", url.host(), url.port());
    Error::new(Kind::Timeout, format!("no connection to {place} within {} ms", limit.as_millis()))
        .hint("check that the host is reachable, or allow a longer connect timeout")
}

async fn try_hosts(url: &DatabaseUrl, options: &ConnectOptions) -> Result<PostgresConnection> {
    check_parameters(url)?;
    let tls = Tls::of(url)?;
    let mut last = None;
    for (host, port) in &url.hosts {
        let endpoint = Endpoint { host: host.clone(), port: *port, tls: tls.clone(), encrypted: false };
        match connect(url, options, endpoint).await {
            Ok(connection) => return Ok(connection),
            Err(error) if url.hosts.len() > 1 && matches!(error.kind(), Kind::Unreachable | Kind::Unavailable) => {
                last = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Kind::InvalidUrl, "the URL names no host")))
}

async fn connect(url: &DatabaseUrl, options: &ConnectOptions, endpoint: Endpoint) -> Result<PostgresConnection> {
    let connection = reach(url, options, endpoint).await?;
    local::nearer(connection, url, options).await
}

/// A connection to what listens at this place.
pub(crate) async fn reach(
    url: &DatabaseUrl,
    options: &ConnectOptions,
    mut endpoint: Endpoint,
) -> Result<PostgresConnection> {
    let place = endpoint.place();
    let mut config = config(url, options);
    config.channel_binding(channel_binding(url)?);
    let pooler = pooler(url)?;
    let line = Line::new();
    let mut wire = endpoint.wire().await.map_err(|error| errors::unreachable(error, &place))?;
    endpoint.encrypted = negotiate(&mut wire, endpoint.tls.mode, &place).await?;
    let failed = |error| errors::connecting(error, &place, &user(url), database(url), endpoint.encrypted);
    let parts = match endpoint.tls.connector() {
        Some(mut maker) if endpoint.encrypted => {
            // The server has agreed to TLS already: the handshake begins at once.
            config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
            let connector = connector::<Wire>(&mut maker, &endpoint.host, &place)?;
            let tunnel = Tunnel { connector, line: line.clone() };
            start(config.connect_raw(wire, tunnel).await.map_err(failed)?)
        }
        _ => {
            config.ssl_mode(SslMode::Disable);
            line.connect(wire);
            start(config.connect_raw(Shared(line.clone()), NoTls).await.map_err(failed)?)
        }
    };
    let mut connection = PostgresConnection::new(parts, line, endpoint, options.statement_cache);
    connection.meet_pooler(pooler).await?;
    Ok(connection)
}

/// What the URL says of a pooler between here and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooler {
    /// It is found out.
    Auto,
    /// Each transaction may run in another session.
    Transaction,
    /// There is none, or it gives a session for as long as the connection lasts.
    Session,
}

fn pooler(url: &DatabaseUrl) -> Result<Pooler> {
    match url.param("pooler").unwrap_or("auto") {
        "auto" => Ok(Pooler::Auto),
        "transaction" => Ok(Pooler::Transaction),
        "session" => Ok(Pooler::Session),
        other => Err(Error::new(Kind::InvalidUrl, format!("pooler {other:?} does not exist"))
            .hint("write pooler=auto, transaction or session")),
    }
}

/// Asks for TLS in PostgreSQL's way. `true`: the server waits for the handshake.
async fn negotiate(wire: &mut Wire, mode: Mode, place: &str) -> Result<bool> {
    if mode == Mode::Disable {
        return Ok(false);
    }
    let broken = |error: io::Error| errors::no_postgres(place).caused_by(error);
    wire.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.map_err(broken)?;
    let mut answer = [0];
    wire.read_exact(&mut answer).await.map_err(broken)?;
    match answer[0] {
        b'S' => Ok(true),
        b'N' if mode == Mode::Prefer => Ok(false),
        b'N' => Err(errors::tls(place, "the server does not offer TLS")),
        _ => Err(errors::no_postgres(place)),
    }
}

fn connector<S>(
    maker: &mut tokio_postgres_rustls::MakeRustlsConnect,
    host: &str,
    place: &str,
) -> Result<<tokio_postgres_rustls::MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect>
where
    tokio_postgres_rustls::MakeRustlsConnect: MakeTlsConnect<S>,
    <tokio_postgres_rustls::MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect: TlsConnect<S>,
{
    let name = if host.starts_with('/') { "localhost" } else { host };
    maker.make_tls_connect(name).map_err(|error| {
        let error: Box<dyn std::error::Error + Send + Sync> = error.into();
        errors::tls(place, &error.to_string())
    })
}

/// Who asks, who does the work on the wire, and what the server said of itself.
fn start<S, T>((client, connection): (Client, tokio_postgres::Connection<S, T>)) -> (Client, Engine, ServerInfo)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsStream + Unpin + Send + 'static,
{
    let version = connection.parameter("server_version").unwrap_or_default().to_string();
    let server = ServerInfo { product: "PostgreSQL".into(), number: version_number(&version), version, pooled: false };
    // It ends when the client is dropped or the wire breaks; the error reaches whoever waits for an answer.
    let engine = Engine::new(async move {
        let _ = connection.await;
    });
    (client, engine, server)
}

pub(crate) fn user(url: &DatabaseUrl) -> String {
    if url.user.is_empty() { "postgres".into() } else { url.user.clone() }
}

fn database(url: &DatabaseUrl) -> &str {
    if url.database.is_empty() { "postgres" } else { &url.database }
}

fn check_parameters(url: &DatabaseUrl) -> Result<()> {
    const KNOWN: [&str; 9] = [
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "channel_binding",
        "application_name",
        "options",
        "pooler",
        "transport",
    ];
    match url.params.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        None => url.transport().map(drop),
        Some((name, _)) => Err(Error::new(Kind::InvalidUrl, format!("{name:?} is no parameter of a postgres:// URL"))
            .hint(format!("known are: {}", KNOWN.join(", ")))),
    }
}

fn channel_binding(url: &DatabaseUrl) -> Result<ChannelBinding> {
    match url.param("channel_binding").unwrap_or("prefer") {
        "disable" => Ok(ChannelBinding::Disable),
        "prefer" => Ok(ChannelBinding::Prefer),
        "require" => Ok(ChannelBinding::Require),
        other => Err(Error::new(Kind::InvalidUrl, format!("channel_binding {other:?} does not exist"))
            .hint("write channel_binding=disable, prefer or require")),
    }
}

fn config(url: &DatabaseUrl, options: &ConnectOptions) -> Config {
    let mut config = Config::new();
    config.user(user(url)).dbname(database(url));
    config.application_name(url.param("application_name").unwrap_or(&options.application_name));
    if let Some(password) = &url.password {
        config.password(password.expose());
    }
    let mut settings = url.param("options").unwrap_or_default().to_string();
    if options.busy_timeout != ConnectOptions::default().busy_timeout {
        settings.push_str(&format!(" -c lock_timeout={}", options.busy_timeout.as_millis()));
    }
    if options.read_only {
        settings.push_str(" -c default_transaction_read_only=on");
    }
    if !settings.trim().is_empty() {
        config.options(settings.trim());
    }
    config
}

/// `15.18 (Debian …)` is 150018 in PostgreSQL's own counting.
fn version_number(version: &str) -> u32 {
    let digits = version.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    let mut parts = digits.split('.').map(|part| part.parse().unwrap_or(0));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    major * 10_000 + minor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, number) in
            [("15.18 (Debian 15.18-0+deb12u1)", 150_018), ("16beta1", 160_000), ("13.0", 130_000), ("", 0)]
        {
            assert_eq!(version_number(text), number);
        }
    }
}
