//! PostgreSQL.

use std::time::{Duration, Instant};

use expect_test::expect;
use relata_schema::Dialect;
use relata_sql::driver::{ConnectOptions, Statement};
use relata_testkit::driver;

use super::private_server::{PrivateServer, Product};
use super::{PASSWORD, attempts, block_on, text};

/// Whether the connection is encrypted, as the server sees it.
const ENCRYPTION: &str = "SELECT coalesce(version, 'not encrypted') || coalesce(' ' || client_dn, '')
    FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

async fn start() -> PrivateServer {
    let server = PrivateServer::start(Product::Postgres);
    let url = server.url("postgres", "127.0.0.1", "sslmode=disable");
    let mut connection = driver(Dialect::Postgres).connect(&url, &ConnectOptions::default()).await.unwrap();
    for role in ["ann", "careful", "certain"] {
        connection.batch(&format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).await.unwrap();
    }
    connection.close().await.unwrap();
    server
}

#[test]
fn the_server_is_verified_as_sslmode_says() {
    block_on(async {
        let mut server = start().await;
        let cases = [
            "postgres localhost sslmode=disable",
            "postgres localhost sslmode=prefer",
            "postgres localhost -",
            "postgres localhost sslmode=require",
            "postgres localhost sslmode=require&sslrootcert=FOLDER/right.crt",
            "postgres localhost sslmode=require&sslrootcert=FOLDER/wrong.crt",
            "postgres 127.0.0.1 sslmode=require&sslrootcert=FOLDER/right.crt",
            "postgres localhost sslmode=require-without-verification",
            "postgres localhost sslrootcert=FOLDER/right.crt",
            "postgres localhost sslrootcert=FOLDER/wrong.crt",
            "postgres localhost sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key",
            "postgres 127.0.0.1 sslmode=verify-ca&sslrootcert=FOLDER/right.crt",
            "postgres localhost sslmode=verify-ca&sslrootcert=FOLDER/wrong.crt",
            "postgres localhost sslmode=verify-ca",
            "postgres localhost sslmode=verify-full&sslrootcert=FOLDER/right.crt",
            "postgres localhost sslmode=verify-full&sslrootcert=FOLDER/wrong.crt",
            "postgres 127.0.0.1 sslmode=verify-full&sslrootcert=FOLDER/right.crt",
            "postgres localhost sslmode=verify-full&sslrootcert=FOLDER/right.key",
            "postgres localhost sslmode=verify-full&sslrootcert=FOLDER/none.crt",
        ];
        expect![[r#"
            postgres localhost sslmode=disable
                not encrypted
            postgres localhost sslmode=prefer
                TLSv1.3
            postgres localhost -
                TLSv1.3
            postgres localhost sslmode=require
                Tls: no TLS connection to localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed
                  hint: sslmode=require-without-verification encrypts to whoever answers, which may be somebody in between
            postgres localhost sslmode=require&sslrootcert=FOLDER/right.crt
                TLSv1.3
            postgres localhost sslmode=require&sslrootcert=FOLDER/wrong.crt
                Tls: no TLS connection to localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed
                  hint: sslmode=require-without-verification encrypts to whoever answers, which may be somebody in between
            postgres 127.0.0.1 sslmode=require&sslrootcert=FOLDER/right.crt
                Tls: no TLS connection to 127.0.0.1:PORT: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("localhost") [R0306]
                  hint: connect by a name that the certificate has; sslmode=verify-ca accepts any name that the authority has signed
            postgres localhost sslmode=require-without-verification
                TLSv1.3
            postgres localhost sslrootcert=FOLDER/right.crt
                TLSv1.3
            postgres localhost sslrootcert=FOLDER/wrong.crt
                Tls: no TLS connection to localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed
                  hint: sslmode=require-without-verification encrypts to whoever answers, which may be somebody in between
            postgres localhost sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key
                Tls: no TLS connection to localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed
                  hint: sslmode=require-without-verification encrypts to whoever answers, which may be somebody in between
            postgres 127.0.0.1 sslmode=verify-ca&sslrootcert=FOLDER/right.crt
                TLSv1.3
            postgres localhost sslmode=verify-ca&sslrootcert=FOLDER/wrong.crt
                Tls: no TLS connection to localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed
                  hint: sslmode=require-without-verification encrypts to whoever answers, which may be somebody in between
            postgres localhost sslmode=verify-ca
                Tls: no TLS connection to localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed
                  hint: sslmode=require-without-verification encrypts to whoever answers, which may be somebody in between
            postgres localhost sslmode=verify-full&sslrootcert=FOLDER/right.crt
                TLSv1.3
            postgres localhost sslmode=verify-full&sslrootcert=FOLDER/wrong.crt
                Tls: no TLS connection to localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed
                  hint: sslmode=require-without-verification encrypts to whoever answers, which may be somebody in between
            postgres 127.0.0.1 sslmode=verify-full&sslrootcert=FOLDER/right.crt
                Tls: no TLS connection to 127.0.0.1:PORT: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("localhost") [R0306]
                  hint: connect by a name that the certificate has; sslmode=verify-ca accepts any name that the authority has signed
            postgres localhost sslmode=verify-full&sslrootcert=FOLDER/right.key
                Tls: sslrootcert contains no certificate [R0306]
                  hint: it must be a PEM file
            postgres localhost sslmode=verify-full&sslrootcert=FOLDER/none.crt
                Configuration: the PEM file FOLDER/none.crt cannot be read: I/O error: No such file or directory (os error 2) [R0602]
                  hint: check the path in sslrootcert
        "#]].assert_eq(&attempts(&server, ENCRYPTION, &cases).await);

        server.restart_with("expired");
        let cases = [
            "postgres localhost sslmode=require-without-verification",
            "postgres localhost sslmode=require&sslrootcert=FOLDER/right.crt",
            "postgres localhost sslmode=verify-ca&sslrootcert=FOLDER/right.crt",
            "postgres localhost sslmode=verify-full&sslrootcert=FOLDER/right.crt",
        ];
        expect![[r#"
            postgres localhost sslmode=require-without-verification
                TLSv1.3
            postgres localhost sslmode=require&sslrootcert=FOLDER/right.crt
                Tls: no TLS connection to localhost:PORT: the server's certificate has expired [R0306]
                  hint: renew it on the server
            postgres localhost sslmode=verify-ca&sslrootcert=FOLDER/right.crt
                Tls: no TLS connection to localhost:PORT: the server's certificate has expired [R0306]
                  hint: renew it on the server
            postgres localhost sslmode=verify-full&sslrootcert=FOLDER/right.crt
                Tls: no TLS connection to localhost:PORT: the server's certificate has expired [R0306]
                  hint: renew it on the server
        "#]]
        .assert_eq(&attempts(&server, ENCRYPTION, &cases).await);
    });
}

#[test]
fn logins_by_password_and_by_certificate_and_their_cancellation() {
    block_on(async {
        let server = start().await;
        let cases = [
            "ann:PASSWORD localhost sslmode=verify-full&sslrootcert=FOLDER/right.crt",
            "ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt",
            "ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=require",
            "ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=disable",
            "ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=always",
            "postgres localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=require",
            "ann:PASSWORD localhost sslmode=disable&channel_binding=require",
            "ann:PASSWORD localhost sslmode=disable",
            "ann:not-PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt",
            "ann localhost sslmode=require&sslrootcert=FOLDER/right.crt",
            "careful:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt",
            "careful:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key",
            "careful:not-PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key",
            "careful:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/stranger.crt&sslkey=FOLDER/stranger.key",
            "certain localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key",
            "ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/stranger.key",
            "ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt",
            "ann:PASSWORD localhost ssl-mode=require",
        ];
        expect![[r#"
            ann:PASSWORD localhost sslmode=verify-full&sslrootcert=FOLDER/right.crt
                TLSv1.3
            ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt
                TLSv1.3
            ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=require
                TLSv1.3
            ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=disable
                TLSv1.3
            ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=always
                InvalidUrl: channel_binding "always" does not exist [R0601]
                  hint: write channel_binding=disable, prefer or require
            postgres localhost sslmode=require&sslrootcert=FOLDER/right.crt&channel_binding=require
                Authentication: the server at localhost:PORT did not accept the login: server did not use channel binding [R0303]
                  hint: check user "postgres" and the password in the URL
            ann:PASSWORD localhost sslmode=disable&channel_binding=require
                Authentication: no pg_hba.conf entry for host "127.0.0.1", user "ann", database "postgres", no encryption [R0303, 28000]
                  hint: pg_hba.conf on the server may ask for encryption (sslmode=require) or a client certificate (sslcert, sslkey)
            ann:PASSWORD localhost sslmode=disable
                Authentication: no pg_hba.conf entry for host "127.0.0.1", user "ann", database "postgres", no encryption [R0303, 28000]
                  hint: pg_hba.conf on the server may ask for encryption (sslmode=require) or a client certificate (sslcert, sslkey)
            ann:not-PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt
                Authentication: password authentication failed for user "ann" [R0303, 28P01]
                  hint: check user "ann" and the password in the URL for localhost:PORT
            ann localhost sslmode=require&sslrootcert=FOLDER/right.crt
                Authentication: the server at localhost:PORT did not accept the login: password missing [R0303]
                  hint: check user "ann" and the password in the URL
            careful:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt
                Authentication: connection requires a valid client certificate [R0303, 28000]
                  hint: pg_hba.conf on the server may ask for encryption (sslmode=require) or a client certificate (sslcert, sslkey)
            careful:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key
                TLSv1.3 /CN=ann
            careful:not-PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key
                Authentication: password authentication failed for user "careful" [R0303, 28P01]
                  hint: check user "careful" and the password in the URL for localhost:PORT
            careful:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/stranger.crt&sslkey=FOLDER/stranger.key
                Tls: the server at localhost:PORT broke the TLS connection off [R0306]
                  hint: its log says why; check that it knows the authority of the certificate in sslcert, if there is one
            certain localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/ann.key
                TLSv1.3 /CN=ann
            ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt&sslkey=FOLDER/stranger.key
                Tls: the client certificate and its key do not fit [R0306]
            ann:PASSWORD localhost sslmode=require&sslrootcert=FOLDER/right.crt&sslcert=FOLDER/ann.crt
                Configuration: sslcert and sslkey belong together [R0602]
                  hint: give both or neither
            ann:PASSWORD localhost ssl-mode=require
                InvalidUrl: "ssl-mode" is no parameter of a postgres:// URL [R0601]
                  hint: known are: sslmode, sslrootcert, sslcert, sslkey, channel_binding, application_name, options, pooler, transport
        "#]].assert_eq(&attempts(&server, ENCRYPTION, &cases).await);
        for mode in ["prefer", "require-without-verification", "verify-full&sslrootcert=FOLDER/right.crt"] {
            cancels(&server, mode).await;
        }
    });
}

async fn cancels(server: &PrivateServer, mode: &str) {
    let url = server.url(&format!("ann:{PASSWORD}"), "localhost", &format!("sslmode={mode}"));
    let mut connection = driver(Dialect::Postgres).connect(&url, &ConnectOptions::default()).await.unwrap();
    let before = Instant::now();
    let slow = connection.execute(Statement::new("SELECT pg_sleep(30)", &[]));
    assert!(tokio::time::timeout(Duration::from_millis(50), slow).await.is_err());
    assert_eq!(text(&mut *connection, "SELECT 'next'").await.unwrap(), "next");
    assert!(before.elapsed() < Duration::from_secs(15), "{mode}: the server was not asked to stop");
}
