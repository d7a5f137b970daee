//! Every address that a name has is a node: a headless service, a name with several records.
//!
//! The addresses are connected to as such, so a certificate that is verified by name must name them.

use std::collections::BTreeSet;

use relata_sql::driver::BoxFuture;
use relata_sql::{Error, Kind, Result};

use super::Discover;

/// Looks names up.
#[derive(Debug, Clone)]
pub struct Dns {
    names: Vec<(String, u16)>,
}

impl Dns {
    /// Of these names, with the port of the nodes behind each.
    pub fn new(names: Vec<(String, u16)>) -> Self {
        Dns { names }
    }

    async fn look_up(&self) -> Result<Vec<(String, u16)>> {
        let mut found = BTreeSet::new();
        let mut failed = None;
        for (name, port) in &self.names {
            match tokio::net::lookup_host((name.as_str(), *port)).await {
                Ok(addresses) => found.extend(addresses.map(|address| (address.ip().to_string(), address.port()))),
                Err(error) => failed = Some((name, error)),
            }
        }
        match failed {
            Some((name, error)) if found.is_empty() => {
                let message = format!("the name {name} has no address: {error}");
                Err(Error::new(Kind::Unreachable, message).caused_by(error))
            }
            _ => Ok(found.into_iter().collect()),
        }
    }
}

impl Discover for Dns {
    fn name(&self) -> String {
        let names: Vec<_> = self.names.iter().map(|(name, _)| name.as_str()).collect();
        format!("DNS of {}", names.join(", "))
    }

    fn nodes(&self) -> BoxFuture<'_, Result<Vec<(String, u16)>>> {
        Box::pin(self.look_up())
    }
}
