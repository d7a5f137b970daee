//! Where the nodes of a database are, when its URL does not name them all: asked of Patroni, DNS or the nodes themselves.
//!
//! A URL says `discover=patroni`, `discover=dns` or `discover=galera`; a program may hand in a source of its own
//! ([`Discover`]). The source is asked again and again, and at once when something is wrong; nodes that it names are added,
//! and nodes that two answers in a row leave out go.
//!
//! Invariants
//! - A source says only where nodes are. What each of them is, it says itself: nobody is taken for the primary by hearsay.
//! - A source that fails or names nobody changes nothing; it is told by [`crate::Db::health`].
//!
//! It deliberately knows no registry of services (Consul, a cloud's API): their answers come from a source of one's own.

mod dns;
mod http;
mod patroni;
mod srv;
mod tls;

use std::sync::Arc;

use relata_schema::Dialect;
use relata_sql::driver::BoxFuture;
use relata_sql::{DatabaseUrl, Error, Kind, Result};

pub use dns::Dns;
pub use patroni::Patroni;
pub use srv::Srv;

/// Knows where the nodes of a database are.
pub trait Discover: Send + Sync + 'static {
    /// What it is, for messages: `Patroni at db1:8008`.
    fn name(&self) -> String;

    /// Host and port of every node of now. It is asked under a deadline of two seconds.
    ///
    /// # Errors
    /// Whatever prevents it; the nodes of before stay.
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<(String, u16)>>>;
}

/// How nodes are found.
#[derive(Clone, Default)]
pub(crate) enum Source {
    /// The URL names them all.
    #[default]
    Given,
    /// Somebody is asked.
    Asked(Arc<dyn Discover>),
    /// The nodes know one another: Galera.
    Told,
}

impl Source {
    /// Takes the settings of discovery out of a URL: drivers do not know them.
    ///
    /// # Errors
    /// `Kind::InvalidUrl` for a source that does not exist, or does not fit the database.
    pub(crate) fn take(url: &mut DatabaseUrl) -> Result<Self> {
        let (mut wanted, mut addresses, mut authorities, mut nameservers) = (None, None, None, None);
        url.params.retain(|(name, value)| match name.as_str() {
            "discover" => {
                wanted = Some(value.clone());
                false
            }
            "patroni" => {
                addresses = Some(value.clone());
                false
            }
            "patroni_ca" => {
                authorities = Some(value.clone());
                false
            }
            "nameserver" => {
                nameservers = Some(value.clone());
                false
            }
            _ => true,
        });
        let wanted = wanted.or_else(|| addresses.as_ref().map(|_| "patroni".to_string()));
        match (wanted.as_deref(), url.dialect) {
            (None, _) => Ok(Source::Given),
            (Some(_), Dialect::Sqlite) => Err(invalid("a file has no nodes to discover".to_string())),
            (Some("patroni"), Dialect::Postgres) => patroni(url, addresses.as_deref(), authorities.as_deref()),
            (Some("srv"), dialect) => {
                let names = std::mem::take(&mut url.hosts).into_iter().map(|(name, _)| name).collect();
                Ok(Source::Asked(Arc::new(Srv::of(names, dialect, nameservers.as_deref())?)))
            }
            (Some("dns"), _) => Ok(Source::Asked(Arc::new(Dns::new(std::mem::take(&mut url.hosts))))),
            (Some("galera"), Dialect::Mysql) => Ok(Source::Told),
            (Some(other), dialect) => Err(invalid(format!("discover={other} does not exist for {}", dialect.title()))),
        }
    }

    /// Nodes may come and go.
    pub(crate) fn is_dynamic(&self) -> bool {
        !matches!(self, Source::Given)
    }
}

/// With addresses of its own the URL's hosts are nobody: which database listens there is Patroni's to say.
fn patroni(url: &mut DatabaseUrl, addresses: Option<&str>, authorities: Option<&str>) -> Result<Source> {
    let asked = match addresses {
        Some(list) => {
            url.hosts.clear();
            patroni::addresses(list)?
        }
        None => {
            let address = |host: &String| http::Address { secure: false, host: host.clone(), port: patroni::PORT };
            url.hosts.iter().map(|(host, _)| address(host)).collect()
        }
    };
    Ok(Source::Asked(Arc::new(Patroni::of(asked, authorities)?)))
}

fn invalid(why: String) -> Error {
    Error::new(Kind::InvalidUrl, why).hint(
        "postgres:// knows discover=patroni (with patroni=HOST:8008,…), dns and srv; mysql:// discover=galera, dns and srv",
    )
}

/// Whether a URL's settings of discovery make sense.
///
/// # Errors
/// `Kind::InvalidUrl` with what is wrong.
pub fn check(url: &DatabaseUrl) -> Result<()> {
    Source::take(&mut url.clone()).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> std::result::Result<(String, String), String> {
        let mut url = DatabaseUrl::parse(text).unwrap();
        let source = Source::take(&mut url).map_err(|error| error.message().to_string())?;
        let name = match source {
            Source::Given => "given".to_string(),
            Source::Told => "told".to_string(),
            Source::Asked(source) => source.name(),
        };
        Ok((name, url.to_string()))
    }

    #[test]
    fn a_url_names_its_source() {
        for (text, name, left) in [
            ("postgres://app@a,b/shop", "given", "postgres://app@a:5432,b:5432/shop"),
            (
                "postgres://app@a,b/shop?discover=patroni",
                "Patroni at a:8008, b:8008",
                "postgres://app@a:5432,b:5432/shop",
            ),
            (
                "postgres://app@/shop?patroni=http://a:8009/,b&sslmode=disable",
                "Patroni at a:8009, b:8008",
                "postgres://app@/shop?sslmode=disable",
            ),
            ("mysql://app@db/shop?discover=dns", "DNS of db", "mysql://app@/shop"),
            ("mysql://app@db.internal/shop?discover=srv", "SRV of _mysql._tcp.db.internal", "mysql://app@/shop"),
            (
                "postgres://app@_shop._tcp.db/shop?discover=srv&nameserver=127.0.0.1:53",
                "SRV of _shop._tcp.db",
                "postgres://app@/shop",
            ),
            ("mysql://app@a,b/shop?discover=galera", "told", "mysql://app@a:3306,b:3306/shop"),
        ] {
            assert_eq!(taken(text).unwrap(), (name.to_string(), left.to_string()), "{text}");
        }
        for (text, why) in [
            ("mysql://db/shop?discover=patroni", "discover=patroni does not exist for MariaDB"),
            ("postgres://db/shop?discover=galera", "discover=galera does not exist for PostgreSQL"),
            ("postgres://db/shop?discover=consul", "discover=consul does not exist for PostgreSQL"),
            ("sqlite:shop.db?discover=dns", "a file has no nodes to discover"),
            (
                "postgres://db/shop?patroni=a&patroni_ca=x",
                "patroni_ca is of no use: no address of patroni= begins with https://",
            ),
            ("postgres://db/shop?discover=srv&nameserver=nobody", "this is no address of a name server: \"nobody\""),
            ("postgres://db/shop?patroni=a:port", "this is no address of Patroni: \"a:port\""),
        ] {
            assert_eq!(taken(text).unwrap_err(), why, "{text}");
        }
    }
}
