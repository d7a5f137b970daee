//! Patroni asked by https: its certificate is verified.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relata_runtime::Db;
use relata_runtime::pool::PoolOptions;
use relata_schema::Dialect;
use relata_testkit::shared_driver;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

use super::{block_on, certificates};

const LONG: Duration = Duration::from_secs(60);

/// What Patroni would say, to whoever asks for it by https.
async fn speak(listener: TcpListener, folder: &std::path::Path, certificate: &str) {
    let file = |end: &str| folder.join(format!("{certificate}.{end}"));
    let chain = CertificateDer::pem_file_iter(file("crt")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(file("key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // Whoever does not believe the certificate hangs up.
            let Ok(mut client) = acceptor.accept(client).await else { continue };
            let mut question = [0; 1024];
            let length = client.read(&mut question).await.unwrap_or_default();
            assert!(question[..length].starts_with(b"GET /cluster HTTP/1.0\r\n"));
            let members = r#"{"members": [{"host": "127.0.0.1", "port": 1, "role": "leader"}]}"#;
            let _ = client.write_all(format!("HTTP/1.0 200 OK\r\n\r\n{members}").as_bytes()).await;
            let _ = client.shutdown().await;
        }
    });
}

/// What came of asking: the nodes, or what health says of the source.
async fn asked(certificate: &str, authorities: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    speak(listener, folder.path(), certificate).await;
    let authorities = folder.path().join(authorities);
    let url = format!("postgres://app@/shop?patroni=https://localhost:{port}&patroni_ca={}", authorities.display());
    let url = url.parse().unwrap();
    let db = Db::prepare(shared_driver(Dialect::Postgres), url, PoolOptions::default(), None).unwrap();
    let begun = Instant::now();
    loop {
        if let Some(node) = db.nodes().first() {
            return node.name.clone();
        }
        let health = db.health(Duration::from_millis(20)).await;
        if let Some(part) = health.parts.into_iter().find(|part| part.name == "discovery") {
            return part.reason.replace(&format!(":{port}"), ":PORT");
        }
        assert!(begun.elapsed() < LONG, "nothing comes of it");
    }
}

#[test]
fn patroni_is_asked_by_https_and_verified() {
    block_on(async {
        assert_eq!(asked("good", "right.crt").await, "127.0.0.1:1");
        for (certificate, authorities, why) in
            [("good", "wrong.crt", "UnknownIssuer"), ("expired", "right.crt", "certificate expired")]
        {
            let told = asked(certificate, authorities).await;
            assert!(told.starts_with("Patroni at https://localhost:PORT: no TLS connection to localhost"), "{told}");
            assert!(told.contains(why), "{told}");
        }
    });
}
