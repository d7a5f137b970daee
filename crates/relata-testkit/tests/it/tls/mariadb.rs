//! MariaDB.

use expect_test::expect;
use relata_schema::Dialect;
use relata_sql::driver::ConnectOptions;
use relata_testkit::driver;

use super::private_server::{PrivateServer, Product};
use super::{PASSWORD, attempts, block_on};

/// Whether the connection is encrypted, as the server sees it.
const ENCRYPTION: &str = "SELECT if(variable_value = '', 'not encrypted', variable_value)
    FROM information_schema.session_status WHERE variable_name = 'SSL_VERSION'";

async fn start() -> PrivateServer {
    let server = PrivateServer::start(Product::Mariadb);
    let url = server.url("root", "127.0.0.1", "ssl-mode=disabled");
    let mut connection = driver(Dialect::Mysql).connect(&url, &ConnectOptions::default()).await.unwrap();
    for (user, requirement) in [("ann", "SSL"), ("careful", "X509"), ("certain", "SUBJECT '/CN=ann'")] {
        let sql = format!("GRANT ALL ON mysql.* TO {user} IDENTIFIED BY '{PASSWORD}' REQUIRE {requirement}");
        connection.batch(&sql).await.unwrap();
    }
    connection.close().await.unwrap();
    server
}

#[test]
fn the_server_is_verified_as_ssl_mode_says() {
    block_on(async {
        let mut server = start().await;
        let cases = [
            "root 127.0.0.1 ssl-mode=disabled",
            "root 127.0.0.1 -",
            "root 127.0.0.1 ssl-mode=preferred",
            "root 127.0.0.1 ssl-mode=required",
            "root localhost ssl-mode=required&ssl-ca=FOLDER/right.crt",
            "root localhost ssl-mode=required&ssl-ca=FOLDER/wrong.crt",
            "root 127.0.0.1 ssl-mode=required&ssl-ca=FOLDER/right.crt",
            "root localhost ssl-mode=required_without_verification",
            "root localhost sslmode=require-without-verification",
            "root localhost ssl-ca=FOLDER/right.crt",
            "root localhost ssl-ca=FOLDER/wrong.crt",
            "root localhost ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key",
            "root localhost ssl-mode=verify_ca&ssl-ca=FOLDER/right.crt",
            "root 127.0.0.1 ssl-mode=verify_ca&ssl-ca=FOLDER/right.crt",
            "root localhost ssl-mode=verify_ca&ssl-ca=FOLDER/wrong.crt",
            "root 127.0.0.1 ssl-mode=verify_ca&ssl-ca=FOLDER/wrong.crt",
            "root localhost ssl-mode=verify_ca",
            "root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt",
            "root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/wrong.crt",
            "root 127.0.0.1 ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt",
            "root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.key",
            "root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/none.crt",
            "root localhost socket=FOLDER/sock",
            "root localhost ssl-mode=required&socket=FOLDER/sock",
        ];
        expect![[r#"
            root 127.0.0.1 ssl-mode=disabled
                not encrypted
            root 127.0.0.1 -
                not encrypted
            root 127.0.0.1 ssl-mode=preferred
                TLSv1.3
            root 127.0.0.1 ssl-mode=required
                Tls: no encrypted connection to the server at 127.0.0.1:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root localhost ssl-mode=required&ssl-ca=FOLDER/right.crt
                TLSv1.3
            root localhost ssl-mode=required&ssl-ca=FOLDER/wrong.crt
                Tls: no encrypted connection to the server at localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root 127.0.0.1 ssl-mode=required&ssl-ca=FOLDER/right.crt
                Tls: no encrypted connection to the server at 127.0.0.1:PORT: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("localhost") [R0306]
                  hint: connect by a name that the certificate has; ssl-mode=verify_ca accepts any name that the authority has signed
            root localhost ssl-mode=required_without_verification
                TLSv1.3
            root localhost sslmode=require-without-verification
                TLSv1.3
            root localhost ssl-ca=FOLDER/right.crt
                TLSv1.3
            root localhost ssl-ca=FOLDER/wrong.crt
                Tls: no encrypted connection to the server at localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root localhost ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key
                Tls: no encrypted connection to the server at localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root localhost ssl-mode=verify_ca&ssl-ca=FOLDER/right.crt
                TLSv1.3
            root 127.0.0.1 ssl-mode=verify_ca&ssl-ca=FOLDER/right.crt
                TLSv1.3
            root localhost ssl-mode=verify_ca&ssl-ca=FOLDER/wrong.crt
                Tls: no encrypted connection to the server at localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root 127.0.0.1 ssl-mode=verify_ca&ssl-ca=FOLDER/wrong.crt
                Tls: no encrypted connection to the server at 127.0.0.1:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root localhost ssl-mode=verify_ca
                Tls: no encrypted connection to the server at localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt
                TLSv1.3
            root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/wrong.crt
                Tls: no encrypted connection to the server at localhost:PORT: invalid peer certificate: UnknownIssuer [R0306]
                  hint: give the certificate of the server's authority: ssl-ca=FILE (PEM); without, Mozilla's are believed
                  hint: ssl-mode=required_without_verification encrypts to whoever answers, which may be somebody in between
            root 127.0.0.1 ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt
                Tls: no encrypted connection to the server at 127.0.0.1:PORT: invalid peer certificate: certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("localhost") [R0306]
                  hint: connect by a name that the certificate has; ssl-mode=verify_ca accepts any name that the authority has signed
            root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.key
                Tls: ssl-ca contains no certificate [R0306]
                  hint: it must be a PEM file
            root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/none.crt
                Configuration: the PEM file FOLDER/none.crt cannot be read: I/O error: No such file or directory (os error 2) [R0602]
                  hint: check the path in ssl-ca
            root localhost socket=FOLDER/sock
                not encrypted
            root localhost ssl-mode=required&socket=FOLDER/sock
                Configuration: ssl-mode=required cannot be had over a Unix socket [R0602]
                  hint: leave ssl-mode out: what goes through a socket does not leave the machine
        "#]].assert_eq(&attempts(&server, ENCRYPTION, &cases).await);

        server.restart_with("expired");
        let cases = [
            "root localhost ssl-mode=required_without_verification",
            "root localhost ssl-mode=required&ssl-ca=FOLDER/right.crt",
            "root localhost ssl-mode=verify_ca&ssl-ca=FOLDER/right.crt",
            "root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt",
        ];
        expect![[r#"
            root localhost ssl-mode=required_without_verification
                TLSv1.3
            root localhost ssl-mode=required&ssl-ca=FOLDER/right.crt
                Tls: no encrypted connection to the server at localhost:PORT: the server's certificate has expired [R0306]
                  hint: renew it on the server
            root localhost ssl-mode=verify_ca&ssl-ca=FOLDER/right.crt
                Tls: no encrypted connection to the server at localhost:PORT: the server's certificate has expired [R0306]
                  hint: renew it on the server
            root localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt
                Tls: no encrypted connection to the server at localhost:PORT: the server's certificate has expired [R0306]
                  hint: renew it on the server
        "#]].assert_eq(&attempts(&server, ENCRYPTION, &cases).await);
    });
}

#[test]
fn logins_by_password_and_by_certificate() {
    block_on(async {
        let server = start().await;
        let cases = [
            "ann:PASSWORD localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt",
            "ann:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt",
            "ann:PASSWORD localhost ssl-mode=disabled",
            "ann:not-PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt",
            "ann localhost ssl-mode=required&ssl-ca=FOLDER/right.crt",
            "careful:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt",
            "careful:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key",
            "careful:not-PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key",
            "careful:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/stranger.crt&ssl-key=FOLDER/stranger.key",
            "certain:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key",
            "ann:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/stranger.key",
            "ann:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt",
        ];
        expect![[r#"
            ann:PASSWORD localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt
                TLSv1.3
            ann:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt
                TLSv1.3
            ann:PASSWORD localhost ssl-mode=disabled
                Authentication: the server at localhost:PORT refused the login of "ann" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            ann:not-PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt
                Authentication: the server at localhost:PORT refused the login of "ann" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            ann localhost ssl-mode=required&ssl-ca=FOLDER/right.crt
                Authentication: the server at localhost:PORT refused the login of "ann" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            careful:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt
                Authentication: the server at localhost:PORT refused the login of "careful" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            careful:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key
                TLSv1.3
            careful:not-PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key
                Authentication: the server at localhost:PORT refused the login of "careful" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            careful:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/stranger.crt&ssl-key=FOLDER/stranger.key
                Tls: the server at localhost:PORT broke the encrypted connection off [R0306]
                  hint: its log says why; check that it knows the authority of the certificate in ssl-cert, if there is one
            certain:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key
                TLSv1.3
            ann:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/stranger.key
                Tls: the client certificate and its key do not fit [R0306]
            ann:PASSWORD localhost ssl-mode=required&ssl-ca=FOLDER/right.crt&ssl-cert=FOLDER/ann.crt
                Configuration: ssl-cert and ssl-key belong together [R0602]
                  hint: give both or neither
        "#]].assert_eq(&attempts(&server, ENCRYPTION, &cases).await);
    });
}
