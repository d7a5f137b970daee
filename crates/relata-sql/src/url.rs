//! Where a database is: `sqlite:PATH`, `postgres://…`, `mysql://…`. Passwords cannot be printed.

use std::net::IpAddr;

use relata_schema::Dialect;

use crate::error::{Error, Kind, Result};

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// By which way a server on this machine is reached: `transport` in the URL of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// `auto`, the default: TCP, and the server's own Unix socket where that is proved to lead to the same server.
    Auto,
    /// `tcp`: TCP and nothing else.
    Tcp,
}

/// A parsed database URL.
///
/// ```
/// use relata_sql::DatabaseUrl;
/// let url = DatabaseUrl::parse("postgres://ann:se%20cret@db:5433/shop?sslmode=require")?;
/// assert_eq!((url.host(), url.port(), url.database.as_str()), ("db", 5433, "shop"));
/// assert_eq!(url.to_string(), "postgres://ann:***@db:5433/shop?sslmode=require");
/// # Ok::<(), relata_sql::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DatabaseUrl {
    /// Which database.
    pub dialect: Dialect,
    /// User; empty: the client library's default.
    pub user: String,
    /// Password.
    pub password: Option<Secret>,
    /// Hosts with ports, in order; empty for SQLite.
    pub hosts: Vec<(String, u16)>,
    /// Database name; SQLite: the path, or `:memory:`.
    pub database: String,
    /// Query parameters in order, decoded.
    pub params: Vec<(String, String)>,
}

impl DatabaseUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// `Kind::InvalidUrl`; the message says what is accepted and never repeats a password.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').ok_or_else(|| invalid("it has no scheme"))?;
        let dialect = match scheme {
            "sqlite" | "file" => return Ok(sqlite(rest)),
            "postgres" | "postgresql" => Dialect::Postgres,
            "mysql" | "mariadb" => Dialect::Mysql,
            other => return Err(invalid(&format!("{other:?} is no scheme relata knows"))),
        };
        let rest = rest.strip_prefix("//").ok_or_else(|| invalid("after the scheme comes //"))?;
        let (rest, params) = split_params(rest);
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(Secret(decode(password)))),
            None => (login, None),
        };
        let port = if dialect == Dialect::Postgres { 5432 } else { 3306 };
        Ok(DatabaseUrl {
            dialect,
            user: decode(user),
            password,
            hosts: hosts.split(',').map(|host| parse_host(host, port)).collect::<Result<_>>()?,
            database: decode(database),
            params,
        })
    }

    /// A SQLite database in memory, private to its connection.
    pub fn sqlite_memory() -> Self {
        sqlite(":memory:")
    }

    /// A SQLite database in a file.
    pub fn sqlite_file(path: impl Into<String>) -> Self {
        DatabaseUrl { database: path.into(), ..sqlite("") }
    }

    /// The first host; empty for SQLite.
    pub fn host(&self) -> &str {
        self.hosts.first().map_or("", |(host, _)| host)
    }

    /// The port of the first host; 0 for SQLite.
    pub fn port(&self) -> u16 {
        self.hosts.first().map_or(0, |(_, port)| *port)
    }

    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        DatabaseUrl { database: database.to_string(), ..self.clone() }
    }

    /// The value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What its `transport` asks for.
    ///
    /// # Errors
    /// `Kind::InvalidUrl`: there is no such transport.
    pub fn transport(&self) -> Result<Transport> {
        match self.param("transport").unwrap_or("auto") {
            "auto" => Ok(Transport::Auto),
            "tcp" => Ok(Transport::Tcp),
            other => {
                let socket = match self.dialect {
                    Dialect::Postgres => {
                        "the folder of a Unix socket is written as host (postgres://ann@%2Ffolder/shop)"
                    }
                    _ => "the path of a Unix socket is given by socket=",
                };
                Err(Error::new(Kind::InvalidUrl, format!("{other:?} is no transport"))
                    .hint(format!("write transport=auto or tcp; {socket}")))
            }
        }
    }

    /// The URL with its password, for handing to another process through its environment. Do not log it.
    pub fn expose(&self) -> String {
        self.write(|password| encode(password.expose()))
    }

    fn write(&self, password: impl Fn(&Secret) -> String) -> String {
        let mut out = match self.dialect {
            Dialect::Sqlite => return format!("sqlite:{}{}", self.database, self.query()),
            Dialect::Postgres => "postgres://".to_string(),
            Dialect::Mysql => "mysql://".to_string(),
        };
        if !self.user.is_empty() || self.password.is_some() {
            out.push_str(&encode(&self.user));
            if let Some(secret) = &self.password {
                out.push(':');
                out.push_str(&password(secret));
            }
            out.push('@');
        }
        for (index, (host, port)) in self.hosts.iter().enumerate() {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            out.push_str(if index > 0 { "," } else { "" });
            out.push_str(&format!("{host}:{port}"));
        }
        out.push('/');
        out.push_str(&encode(&self.database));
        out + &self.query()
    }

    fn query(&self) -> String {
        let pairs = self.params.iter().map(|(key, value)| {
            let hidden = key.contains("password") || key.contains("secret");
            let value = if hidden { "***".to_string() } else { encode(value) };
            format!("{}={value}", encode(key))
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

impl std::fmt::Display for DatabaseUrl {
    /// The URL with `***` for the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.write(|_| "***".to_string()))
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// Whether a host is this machine itself by its name or address: `localhost`, `127.0.0.0/8`, `::1`.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn sqlite(rest: &str) -> DatabaseUrl {
    let (path, params) = split_params(rest);
    let path = path.strip_prefix("//").unwrap_or(path);
    let database = if path.is_empty() { ":memory:".to_string() } else { decode(path) };
    DatabaseUrl { dialect: Dialect::Sqlite, user: String::new(), password: None, hosts: Vec::new(), database, params }
}

fn parse_host(text: &str, port: u16) -> Result<(String, u16)> {
    let (host, explicit) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match explicit {
        None | Some("") => port,
        Some(text) => text.parse().map_err(|_| invalid("its port is no number from 0 to 65535"))?,
    };
    let host = if host.is_empty() { "localhost".to_string() } else { decode(host) };
    Ok((host, port))
}

fn split_params(text: &str) -> (&str, Vec<(String, String)>) {
    let Some((rest, query)) = text.split_once('?') else {
        return (text, Vec::new());
    };
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(key), decode(value))
    };
    (rest, query.split('&').filter(|part| !part.is_empty()).map(pair).collect())
}

fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if byte == b'%' => {
                out.push(decoded);
                rest = &tail[2..];
            }
            _ => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn invalid(why: &str) -> Error {
    Error::new(Kind::InvalidUrl, format!("this is no database URL: {why}")).hint(
        "write sqlite:PATH, postgres://user:password@host:5432/database or mysql://user:password@host:3306/database",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_read_and_print() {
        for (text, printed) in [
            ("sqlite:shop.db", "sqlite:shop.db"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("sqlite:", "sqlite::memory:"),
            ("sqlite:///var/shop.db?mode=ro", "sqlite:/var/shop.db?mode=ro"),
            ("mariadb://root@[::1]/a%2Fb", "mysql://root@[::1]:3306/a/b"),
            ("postgresql://u:p@a,b:1/d", "postgres://u:***@a:5432,b:1/d"),
            ("postgres:///d", "postgres://localhost:5432/d"),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn bad_urls_say_why_and_hide_passwords() {
        for (text, why) in [
            ("shop.db", "it has no scheme"),
            ("oracle://x", "\"oracle\" is no scheme relata knows"),
            ("postgres:x", "after the scheme comes //"),
            ("postgres://u:hush@h:port/d", "its port is no number from 0 to 65535"),
        ] {
            let error = DatabaseUrl::parse(text).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidUrl);
            assert!(error.to_string().contains(why), "{error}");
            assert!(!format!("{error:?}").contains("hush"));
        }
    }
}
