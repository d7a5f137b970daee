//! TLS as the URL asks for it: `sslmode`, `sslrootcert`, `sslcert`, `sslkey`.
//!
//! `disable`: never. `prefer` (default): if the server offers it, unverified. `require`, `verify-full`: always, and the
//! certificate's chain and host name are verified. `verify-ca`: the chain, not the name.
//! `require-without-verification`: encrypted, to whoever answers. Whoever names a certificate and no mode asks for
//! `verify-full`. The roots are Mozilla's, or those in the PEM file `sslrootcert`.
//!
//! libpq verifies nothing for `require`: what is encrypted to somebody in between protects nobody, so here it verifies.

use std::sync::Arc;

use relata_sql::url::DatabaseUrl;
use relata_sql::{Error, Kind, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verify {
    Nothing,
    Chain,
    Full,
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
        Ok(Tls { mode, config: Some(Arc::new(client_config(url, verify)?)) })
    }

    /// The connector, if TLS may be used.
    pub(crate) fn connector(&self) -> Option<MakeRustlsConnect> {
        self.config.as_ref().map(|config| MakeRustlsConnect::new((**config).clone()))
    }
}

fn client_config(url: &DatabaseUrl, verify: Verify) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed("no TLS version is usable").caused_by(error))?;
    let verified = match verify {
        Verify::Nothing => builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier {
            chain: None,
            host: false,
            provider,
        })),
        Verify::Chain | Verify::Full => {
            let roots = Arc::new(roots(url)?);
            let chain = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
                .build()
                .map_err(|error| failed("no usable root certificates").caused_by(error))?;
            let host = verify == Verify::Full;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier {
                chain: Some(chain),
                host,
                provider,
            }))
        }
    };
    match (url.param("sslcert"), url.param("sslkey")) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
            verified
                .with_client_auth_cert(chain, key)
                .map_err(|error| failed("the client certificate and its key do not fit").caused_by(error))
        }
        (None, None) => Ok(verified.with_no_client_auth()),
        _ => Err(Error::new(Kind::Configuration, "sslcert and sslkey belong together").hint("give both or neither")),
    }
}

fn roots(url: &DatabaseUrl) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match url.param("sslrootcert") {
        None | Some("system") => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            store.add_parsable_certificates(certificates(path)?);
        }
    }
    if store.is_empty() {
        return Err(failed("sslrootcert contains no certificate").hint("it must be a PEM file"));
    }
    Ok(store)
}

fn certificates(path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error))?;
    certificates.collect::<std::result::Result<_, _>>().map_err(|error| unreadable(path, &error))
}

fn failed(what: &str) -> Error {
    Error::new(Kind::Tls, what)
}

fn unreadable(path: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Configuration, format!("the PEM file {path} cannot be read: {error}"))
        .hint("check the path in sslrootcert, sslcert or sslkey")
}

/// Verifies the chain if there is one to verify against, and the host name if asked.
#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    host: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.host => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
