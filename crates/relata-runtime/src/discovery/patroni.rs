//! Patroni's REST: `GET /cluster` of any member tells of all.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::select_ok;
use relata_sql::driver::BoxFuture;
use relata_sql::{Error, Kind, Result};
use serde_json::Value;

use super::http::{self, Address};
use super::tls::Trust;
use super::{Discover, invalid};

/// Where Patroni listens unless it is told otherwise.
pub(super) const PORT: u16 = 8008;

/// Asks Patroni. What it says of its own addresses is remembered, so that it is found again when all members of the
/// beginning have been replaced.
#[derive(Debug)]
pub struct Patroni {
    given: Vec<Address>,
    learnt: Mutex<Vec<Address>>,
    trust: Option<Arc<Trust>>,
}

impl Patroni {
    /// By the REST addresses of one or more members.
    pub fn new(addresses: Vec<(String, u16)>) -> Self {
        let given = addresses.into_iter().map(|(host, port)| Address { secure: false, host, port }).collect();
        Patroni { given, learnt: Mutex::default(), trust: None }
    }

    /// By addresses as a URL names them, `https://` among them: those are verified by the authorities of a PEM file, else by
    /// Mozilla's.
    pub(super) fn of(given: Vec<Address>, authorities: Option<&str>) -> Result<Self> {
        let secure = given.iter().any(|address| address.secure);
        if authorities.is_some() && !secure {
            return Err(invalid("patroni_ca is of no use: no address of patroni= begins with https://".to_string()));
        }
        let trust = if secure { Some(Arc::new(Trust::new(authorities)?)) } else { None };
        Ok(Patroni { given, learnt: Mutex::default(), trust })
    }

    fn learnt(&self) -> std::sync::MutexGuard<'_, Vec<Address>> {
        self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self) -> Result<Vec<(String, u16)>> {
        let mut addresses = self.given.clone();
        addresses.extend(self.learnt().iter().filter(|address| !self.given.contains(address)).cloned());
        if addresses.is_empty() {
            return Err(Error::new(Kind::Configuration, "no address of Patroni is known"));
        }
        // Whoever answers first: one that hangs costs nothing.
        let questions = addresses.into_iter().map(|address| Box::pin(self.of_member(address)));
        let (found, _) = select_ok(questions).await?;
        // By https only where somebody is trusted.
        let usable = |address: &Address| !address.secure || self.trust.is_some();
        *self.learnt() = found.iter().filter_map(|member| member.rest.clone()).filter(usable).collect();
        Ok(found.into_iter().map(|member| member.node).collect())
    }

    async fn of_member(&self, address: Address) -> Result<Vec<Member>> {
        let text = http::get(&address, self.trust.as_deref(), "/cluster").await?;
        members(&text).ok_or_else(|| {
            Error::new(Kind::Protocol, format!("{address}/cluster does not answer as Patroni would"))
                .hint("patroni= names the REST addresses of Patroni, port 8008 unless it was changed")
        })
    }
}

impl Discover for Patroni {
    fn name(&self) -> String {
        let addresses: Vec<_> = self.given.iter().map(Address::to_string).collect();
        format!("Patroni at {}", addresses.join(", "))
    }

    fn nodes(&self) -> BoxFuture<'_, Result<Vec<(String, u16)>>> {
        Box::pin(self.ask())
    }
}

/// `HOST`, `HOST:PORT`, `http://HOST:PORT` or `https://HOST:PORT`, with commas between.
pub(super) fn addresses(list: &str) -> Result<Vec<Address>> {
    list.split(',').map(|text| address(text.trim())).collect()
}

fn address(text: &str) -> Result<Address> {
    let refused = |why: String| Error::new(Kind::InvalidUrl, why).hint("write patroni=HOST:8008,HOST:8008");
    let secure = text.starts_with("https://");
    let place = text.strip_prefix(if secure { "https://" } else { "http://" }).unwrap_or(text);
    let place = place.split('/').next().unwrap_or_default();
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(PORT), str::parse);
    match port {
        Ok(port) if !host.is_empty() => Ok(Address { secure, host: host.to_string(), port }),
        _ => Err(refused(format!("this is no address of Patroni: {text:?}"))),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Member {
    node: (String, u16),
    rest: Option<Address>,
}

/// The members of `{"members": [{"host", "port", "api_url", …}]}`. One without address has not started yet.
fn members(text: &str) -> Option<Vec<Member>> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let member = |member: &Value| {
        let host = member["host"].as_str()?;
        let port = u16::try_from(member["port"].as_u64()?).ok()?;
        let rest = member["api_url"].as_str().and_then(|url| address(url).ok());
        Some(Member { node: (host.to_string(), port), rest })
    };
    Some(answer["members"].as_array()?.iter().filter_map(member).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_an_answer() {
        let text = r#"{"members": [
            {"name": "a", "role": "leader", "state": "running", "api_url": "http://10.0.0.1:8008/patroni",
             "host": "10.0.0.1", "port": 5432, "timeline": 2},
            {"name": "b", "role": "replica", "state": "starting", "api_url": "https://10.0.0.2:8008/patroni",
             "host": "10.0.0.2", "port": 5433, "lag": "unknown"},
            {"name": "c", "role": "replica", "state": "stopped"}], "scope": "shop"}"#;
        let node = |host: &str, port| (host.to_string(), port);
        let rest = |secure, host: &str| Address { secure, host: host.to_string(), port: 8008 };
        let found = members(text).unwrap();
        assert_eq!(
            found,
            [
                Member { node: node("10.0.0.1", 5432), rest: Some(rest(false, "10.0.0.1")) },
                Member { node: node("10.0.0.2", 5433), rest: Some(rest(true, "10.0.0.2")) },
            ]
        );
        assert_eq!(members("{}"), None);
        assert_eq!(members("<html>"), None);
    }
}
