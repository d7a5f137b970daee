//! TLS as the URL asks for it: `ssl-mode`, `ssl-ca`, `ssl-cert`, `ssl-key`, by the names that MySQL's own client has for them.
//!
//! `disabled`: never. `preferred`: if the server offers it, unverified. `required`, `verify_identity`: always, and the
//! certificate's chain and host name are verified. `verify_ca`: the chain, not the name.
//! `required_without_verification`: encrypted, to whoever answers. Whoever names a certificate and no mode asks for
//! `verify_identity`; else it is `preferred`, and `disabled` on a loopback address and a socket.
//!
//! MySQL's client verifies nothing for `required`: what is encrypted to somebody in between protects nobody, so here it
//! verifies.
//!
//! The roots are Mozilla's, or those in the PEM file `ssl-ca`. A Unix socket is never encrypted: a mode that insists is
//! refused there.

use std::sync::Arc;

use relata_sql::tls::{Files, Verify, client_config};
use relata_sql::url::is_loopback;
use relata_sql::{Error, Kind, Result};
use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
use rustls::Error::{AlertReceived, InvalidCertificate};
use rustls::pki_types::ServerName;

use crate::client::Trouble;
use crate::connect::{Place, parameter};
use crate::login::Encryption;

/// The mode that encrypts to whoever answers: long, so that nobody writes it without meaning it.
const UNVERIFIED: &str = "required_without_verification";

/// How much TLS is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    Disabled,
    Preferred,
    Unverified,
    VerifyCa,
    VerifyIdentity,
}

impl SslMode {
    pub(crate) fn of(place: &Place<'_>) -> Result<Self> {
        let socket = place.url.param("socket").is_some();
        let Some(word) = parameter(place.url, "ssl-mode") else {
            if ["ssl-ca", "ssl-cert"].iter().any(|name| parameter(place.url, name).is_some()) && !socket {
                return Ok(SslMode::VerifyIdentity);
            }
            return Ok(if is_loopback(place.host) || socket { SslMode::Disabled } else { SslMode::Preferred });
        };
        let mode = match word.to_ascii_lowercase().replace('-', "_").as_str() {
            "disabled" | "disable" => return Ok(SslMode::Disabled),
            "preferred" | "prefer" => return Ok(SslMode::Preferred),
            "verify_ca" => SslMode::VerifyCa,
            "required" | "require" | "verify_identity" | "verify_full" => SslMode::VerifyIdentity,
            UNVERIFIED | "require_without_verification" => SslMode::Unverified,
            other => {
                return Err(Error::new(Kind::InvalidUrl, format!("{other:?} is no ssl-mode"))
                    .hint(format!("write disabled, preferred, required, verify_ca, verify_identity or {UNVERIFIED}")));
            }
        };
        if socket {
            return Err(Error::new(Kind::Configuration, format!("ssl-mode={word} cannot be had over a Unix socket"))
                .hint("leave ssl-mode out: what goes through a socket does not leave the machine"));
        }
        Ok(mode)
    }

    /// What the login needs for it.
    pub(crate) fn encryption(self, place: &Place<'_>) -> Result<Option<Encryption>> {
        let verify = match self {
            SslMode::Disabled => return Ok(None),
            SslMode::Preferred | SslMode::Unverified => Verify::Nothing,
            SslMode::VerifyCa => Verify::Chain,
            SslMode::VerifyIdentity => Verify::Full,
        };
        let names = ["ssl-ca", "ssl-cert", "ssl-key"];
        let files = Files { names, paths: names.map(|name| parameter(place.url, name)) };
        let config = Arc::new(client_config(files, verify)?);
        let name = ServerName::try_from(place.host.to_string()).map_err(|_| {
            Error::new(Kind::Tls, format!("no certificate can be for the host {:?}", place.host))
                .hint("connect by a name or an address")
        })?;
        Ok(Some(Encryption { config, name, required: self != SslMode::Preferred }))
    }
}

fn in_handshake(trouble: &Trouble) -> Option<&rustls::Error> {
    match trouble {
        Trouble::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// The error of a handshake, if it was that which failed.
pub(crate) fn failed(trouble: &Trouble, place: &Place<'_>) -> Option<Error> {
    if let Some(reason) = in_handshake(trouble) {
        return Some(handshake(reason, place));
    }
    let Trouble::Io(error) = trouble else { return None };
    let broken = matches!(error.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe);
    (broken && parameter(place.url, "ssl-cert").is_some()).then(|| broken_off(place))
}

fn handshake(reason: &rustls::Error, place: &Place<'_>) -> Error {
    let (why, hint) = match reason {
        InvalidCertificate(Expired | ExpiredContext { .. }) => {
            ("the server's certificate has expired".to_string(), "renew it on the server")
        }
        InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => (
            reason.to_string(),
            "connect by a name that the certificate has; ssl-mode=verify_ca accepts any name that the authority has signed",
        ),
        AlertReceived(_) => return broken_off(place),
        InvalidCertificate(_) => return unknown(&reason.to_string(), place),
        _ => (reason.to_string(), "check ssl-cert and ssl-key, and which versions of TLS the server speaks"),
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
        .hint("the server has to be set up for it (`ssl_cert`, `ssl_key`); ssl-mode=preferred goes on without where it is not")
}

/// A certificate that nobody known vouches for.
fn unknown(why: &str, place: &Place<'_>) -> Error {
    Error::new(Kind::Tls, format!("no encrypted connection to {place}: {why}"))
        .hint("give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed")
        .hint(format!("ssl-mode={UNVERIFIED} encrypts to whoever answers, which may be somebody in between"))
}
