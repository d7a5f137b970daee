//! TLS for clients: whose certificates are trusted, who the client is, what is verified. How a URL asks for it is each
//! driver's own.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{Error, Kind, Result};

/// What of the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// Nothing.
    Nothing,
    /// That a trusted authority has signed it.
    Chain,
    /// That, and that it is for this host.
    Full,
}

/// PEM files, by the names that URLs have for them.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// The parameters for roots, the client's certificate and its key.
    pub names: [&'static str; 3],
    /// Their values.
    pub paths: [Option<&'a str>; 3],
}

/// The settings of a client.
///
/// The roots are those in their PEM file, or Mozilla's without one, and for `system`.
///
/// # Errors
/// `Kind::Configuration` when a file cannot be read or one of certificate and key is missing; `Kind::Tls` when they do not
/// fit.
pub fn client_config(files: Files<'_>, verify: Verify) -> Result<ClientConfig> {
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
            let roots = Arc::new(files.roots()?);
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
    let ([_, certificate_name, key_name], [_, certificate, key]) = (files.names, files.paths);
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate, certificate_name)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error, key_name))?;
            verified
                .with_client_auth_cert(chain, key)
                .map_err(|error| failed("the client certificate and its key do not fit").caused_by(error))
        }
        (None, None) => Ok(verified.with_no_client_auth()),
        _ => Err(Error::new(Kind::Configuration, format!("{certificate_name} and {key_name} belong together"))
            .hint("give both or neither")),
    }
}

impl Files<'_> {
    fn roots(&self) -> Result<RootCertStore> {
        let mut store = RootCertStore::empty();
        match self.paths[0] {
            None | Some("system") => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                store.add_parsable_certificates(certificates(path, self.names[0])?);
            }
        }
        if store.is_empty() {
            return Err(failed(&format!("{} contains no certificate", self.names[0])).hint("it must be a PEM file"));
        }
        Ok(store)
    }
}

fn certificates(path: &str, name: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(path, &error, name))?;
    certificates.collect::<std::result::Result<_, _>>().map_err(|error| unreadable(path, &error, name))
}

fn failed(what: &str) -> Error {
    Error::new(Kind::Tls, what)
}

fn unreadable(path: &str, error: &dyn std::fmt::Display, name: &str) -> Error {
    Error::new(Kind::Configuration, format!("the PEM file {path} cannot be read: {error}"))
        .hint(format!("check the path in {name}"))
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
