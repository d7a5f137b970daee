//! TLS as the URL asks for it: `ssl-mode`, `ssl-ca`, `ssl-cert`, `ssl-key`, with the meaning MySQL's own client gives them.
//!
//! The roots are Mozilla's, or those in the PEM file `ssl-ca`. A Unix socket is never encrypted: a mode that insists is
//! refused there.

use std::path::PathBuf;

use mysql_async::{ClientIdentity, IoError, SslOpts};
use relata_sql::url::DatabaseUrl;
use relata_sql::{Error, Kind, Result};
use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
use rustls::Error::{AlertReceived, InvalidCertificate};
use rustls::crypto::CryptoProvider;

use crate::connect::{Place, parameter};

/// How much TLS is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

impl SslMode {
    pub(crate) fn of(place: &Place<'_>) -> Result<Self> {
        let socket = place.url.param("socket").is_some();
        let Some(word) = parameter(place.url, "ssl-mode") else {
            let local = place.host == "localhost" || place.host.starts_with("127.") || place.host == "::1";
            return Ok(if local || socket { SslMode::Disabled } else { SslMode::Preferred });
        };
        let mode = match word.to_ascii_lowercase().replace('-', "_").as_str() {
            "disabled" | "disable" => return Ok(SslMode::Disabled),
            "preferred" | "prefer" => return Ok(SslMode::Preferred),
            "required" | "require" => SslMode::Required,
            "verify_ca" => SslMode::VerifyCa,
            "verify_identity" | "verify_full" => SslMode::VerifyIdentity,
            other => {
                return Err(Error::new(Kind::InvalidUrl, format!("{other:?} is no ssl-mode"))
                    .hint("write disabled, preferred, required, verify_ca or verify_identity"));
            }
        };
        if socket {
            return Err(Error::new(Kind::Configuration, format!("ssl-mode={word} cannot be had over a Unix socket"))
                .hint("leave ssl-mode out: what goes through a socket does not leave the machine"));
        }
        Ok(mode)
    }

    /// The client's settings. `name`: the host name to find in the certificate, if not the URL's.
    pub(crate) fn options(self, url: &DatabaseUrl, name: Option<&str>) -> Result<Option<SslOpts>> {
        if self == SslMode::Disabled {
            return Ok(None);
        }
        // The client takes the process's provider, and panics if other crates have brought a second one and none is chosen.
        if CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let mut options = SslOpts::default();
        if let Some(roots) = file(url, "ssl-ca")? {
            options = options.with_root_certs(vec![roots.into()]).with_disable_built_in_roots(true);
        }
        match (file(url, "ssl-cert")?, file(url, "ssl-key")?) {
            (Some(certificate), Some(key)) => {
                options = options.with_client_identity(Some(ClientIdentity::new(certificate.into(), key.into())));
            }
            (None, None) => {}
            _ => {
                return Err(Error::new(Kind::Configuration, "ssl-cert and ssl-key belong together")
                    .hint("give both or neither"));
            }
        }
        if let Some(name) = name {
            options = options.with_danger_tls_hostname_override(Some(name.to_string()));
        }
        Ok(Some(match self {
            SslMode::VerifyIdentity | SslMode::VerifyCa => options,
            _ => options.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true),
        }))
    }
}

fn file(url: &DatabaseUrl, name: &str) -> Result<Option<PathBuf>> {
    let Some(path) = parameter(url, name) else { return Ok(None) };
    match std::fs::File::open(path) {
        Ok(_) => Ok(Some(path.into())),
        Err(error) => Err(Error::new(Kind::Configuration, format!("the PEM file {path} cannot be read: {error}"))
            .hint(format!("check the path in {name}"))),
    }
}

/// A name of the server's certificate, where the certificate was refused for its names alone.
///
/// `verify_ca` does not care which name a trusted certificate has, and the client library cannot verify without one: the
/// certificate's own is given to a second attempt, which verifies everything again. A certificate without a DNS name has
/// no such way out.
pub(crate) fn name_to_accept(error: &mysql_async::Error) -> Option<String> {
    let InvalidCertificate(NotValidForNameContext { presented, .. }) = in_handshake(error)? else { return None };
    let names = presented.iter().filter_map(|name| name.strip_prefix("DnsName(\"")?.strip_suffix("\")"));
    names.map(|name| name.replace('*', "any")).next()
}

fn in_handshake(error: &mysql_async::Error) -> Option<&rustls::Error> {
    match error {
        mysql_async::Error::Io(IoError::Io(error)) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// The error of a handshake, if it was that which failed.
pub(crate) fn failed(error: &mysql_async::Error, place: &Place<'_>) -> Option<Error> {
    if let Some(reason) = in_handshake(error) {
        return Some(handshake(reason, place));
    }
    let mysql_async::Error::Io(IoError::Io(error)) = error else { return None };
    let broken = matches!(error.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe);
    (broken && parameter(place.url, "ssl-cert").is_some()).then(|| broken_off(place))
}

fn handshake(reason: &rustls::Error, place: &Place<'_>) -> Error {
    let (why, hint) = match reason {
        InvalidCertificate(Expired | ExpiredContext { .. }) => {
            ("the server's certificate has expired".to_string(), "renew it on the server")
        }
        InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            (reason.to_string(), "connect by a name that the certificate has, or with ssl-mode=verify_ca")
        }
        AlertReceived(_) => return broken_off(place),
        _ => return unusable(&reason.to_string(), place),
    };
    Error::new(Kind::Tls, format!("no encrypted connection to {place}: {why}")).hint(hint)
}

/// A certificate that the server refuses comes back as an alert, or as a broken wire if that is faster.
fn broken_off(place: &Place<'_>) -> Error {
    Error::new(Kind::Tls, format!("{place} broke the encrypted connection off"))
        .hint("its log says why; check that it knows the authority of the certificate in ssl-cert, if there is one")
}

/// TLS could not be agreed on.
pub(crate) fn unusable(why: &str, place: &Place<'_>) -> Error {
    Error::new(Kind::Tls, format!("no encrypted connection to {place}: {why}"))
        .hint("give the server's authority with ssl-ca=FILE, or choose another ssl-mode in the URL")
}
