//! TLS as the URL asks for it: `sslmode`, `sslrootcert`, `sslcert`, `sslkey`.
//!
//! `disable`: never. `prefer` (default): if the server offers it, unverified. `require`, `verify-full`: always, and the
//! certificate's chain and host name are verified. `verify-ca`: the chain, not the name.
//! `require-without-verification`: encrypted, to whoever answers. Whoever names a certificate and no mode asks for
//! `verify-full`. The roots are Mozilla's, or those in the PEM file `sslrootcert`.
//!
//! libpq verifies nothing for `require`: what is encrypted to somebody in between protects nobody, so here it verifies.

use std::sync::Arc;

use relata_sql::tls::{Files, Verify, client_config};
use relata_sql::url::DatabaseUrl;
use relata_sql::{Error, Kind, Result};
use rustls::ClientConfig;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The mode that encrypts to whoever answers: long, so that nobody writes it without meaning it.
pub(crate) const UNVERIFIED: &str = "require-without-verification";

/// Whether TLS is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Prefer,
    Require,
}

/// How to reach a server by TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    pub mode: Mode,
    config: Option<Arc<ClientConfig>>,
}

impl Tls {
    /// Never.
    pub(crate) fn disabled() -> Self {
        Tls { mode: Mode::Disable, config: None }
    }

    /// Reads the TLS settings of a URL.
    pub(crate) fn of(url: &DatabaseUrl) -> Result<Self> {
        let wants_tls = ["sslrootcert", "sslcert"].iter().any(|name| url.param(name).is_some());
        let unsaid = if wants_tls { "verify-full" } else { "prefer" };
        let (mode, verify) = match url.param("sslmode").unwrap_or(unsaid) {
            "disable" => return Ok(Tls::disabled()),
            "allow" | "prefer" => (Mode::Prefer, Verify::Nothing),
            "require" | "verify-full" => (Mode::Require, Verify::Full),
            "verify-ca" => (Mode::Require, Verify::Chain),
            UNVERIFIED => (Mode::Require, Verify::Nothing),
            other => {
                return Err(Error::new(Kind::InvalidUrl, format!("sslmode {other:?} does not exist"))
                    .hint(format!("write sslmode=disable, prefer, require, verify-ca, verify-full or {UNVERIFIED}")));
            }
        };
        let names = ["sslrootcert", "sslcert", "sslkey"];
        let files = Files { names, paths: names.map(|name| url.param(name)) };
        Ok(Tls { mode, config: Some(Arc::new(client_config(files, verify)?)) })
    }

    /// The connector, if TLS may be used.
    pub(crate) fn connector(&self) -> Option<MakeRustlsConnect> {
        self.config.as_ref().map(|config| MakeRustlsConnect::new((**config).clone()))
    }
}
