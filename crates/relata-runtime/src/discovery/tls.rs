//! TLS for whoever is asked where nodes are. It comes with the feature `tls` of this crate, which an application gets with
//! `postgres`: one on SQLite alone compiles none.

#[cfg(feature = "tls")]
mod client {
    use std::sync::Arc;

    use relata_sql::{Error, Kind, Result};
    use tokio::net::TcpStream;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

    fn failed(why: String) -> Error {
        Error::new(Kind::Tls, why)
    }

    /// Whose certificates are believed. The name is verified, always.
    #[derive(Debug, Clone)]
    pub(in crate::discovery) struct Trust(Arc<ClientConfig>);

    impl Trust {
        /// The authorities of a PEM file, or Mozilla's.
        pub(in crate::discovery) fn new(authorities: Option<&str>) -> Result<Self> {
            let mut roots = RootCertStore::empty();
            match authorities {
                None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
                Some(path) => {
                    let unreadable = |why: String| {
                        failed(format!("{path} cannot be read: {why}"))
                            .hint("patroni_ca= names a PEM file of authorities")
                    };
                    let found = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))?;
                    let found = found.collect::<std::result::Result<Vec<_>, _>>();
                    roots.add_parsable_certificates(found.map_err(|error| unreadable(error.to_string()))?);
                    if roots.is_empty() {
                        return Err(unreadable("it holds no certificate".to_string()));
                    }
                }
            }
            let provider = Arc::new(crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let config = config.map_err(|error| failed("no TLS version is usable".to_string()).caused_by(error))?;
            Ok(Trust(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
        }

        pub(in crate::discovery) async fn wrap(&self, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>> {
            let name = ServerName::try_from(host.to_string())
                .map_err(|error| failed(format!("{host} is no name of a server")).caused_by(error))?;
            let connector = tokio_rustls::TlsConnector::from(self.0.clone());
            connector.connect(name, stream).await.map_err(|error| tls_error(host, error))
        }
    }

    fn tls_error(host: &str, error: std::io::Error) -> Error {
        failed(format!("no TLS connection to {host}: {error}"))
            .hint("check the certificate, its name, and patroni_ca=")
            .caused_by(error)
    }
}

#[cfg(not(feature = "tls"))]
mod client {
    use tokio::net::TcpStream;

    use relata_sql::{Error, Kind, Result};

    /// Nobody is believed.
    #[derive(Debug, Clone)]
    pub(in crate::discovery) struct Trust(std::convert::Infallible);

    impl Trust {
        pub(in crate::discovery) fn new(_: Option<&str>) -> Result<Self> {
            Err(Error::new(Kind::Unsupported, "this program was built without TLS for discovery")
                .hint("switch the feature `tls` of relata-runtime on, or ask by http"))
        }

        pub(in crate::discovery) async fn wrap(&self, _: &str, _: TcpStream) -> Result<TcpStream> {
            match self.0 {}
        }
    }
}

pub(super) use client::Trust;
