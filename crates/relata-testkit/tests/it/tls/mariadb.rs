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
fn logins_by_password_and_by_certificate() {
    block_on(async {
        let server = start().await;
        let cases = [
            "ann:PASSWORD localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt",
            "ann:PASSWORD localhost ssl-mode=required",
            "ann:PASSWORD localhost ssl-mode=disabled",
            "ann:not-PASSWORD localhost ssl-mode=required",
            "ann localhost ssl-mode=required",
            "careful:PASSWORD localhost ssl-mode=required",
            "careful:PASSWORD localhost ssl-mode=required&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key",
            "careful:not-PASSWORD localhost ssl-mode=required&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key",
            "certain:PASSWORD localhost ssl-mode=required&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key",
        ];
        expect![[r#"
            ann:PASSWORD localhost ssl-mode=verify_identity&ssl-ca=FOLDER/right.crt
                TLSv1.3
            ann:PASSWORD localhost ssl-mode=required
                TLSv1.3
            ann:PASSWORD localhost ssl-mode=disabled
                Authentication: the server at localhost:PORT refused the login of "ann" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            ann:not-PASSWORD localhost ssl-mode=required
                Authentication: the server at localhost:PORT refused the login of "ann" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            ann localhost ssl-mode=required
                Authentication: the server at localhost:PORT refused the login of "ann" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            careful:PASSWORD localhost ssl-mode=required
                Authentication: the server at localhost:PORT refused the login of "careful" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            careful:PASSWORD localhost ssl-mode=required&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key
                TLSv1.3
            careful:not-PASSWORD localhost ssl-mode=required&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key
                Authentication: the server at localhost:PORT refused the login of "careful" [R0303, 28000]
                  hint: check user and password in the URL, and from which hosts the user may log in
            certain:PASSWORD localhost ssl-mode=required&ssl-cert=FOLDER/ann.crt&ssl-key=FOLDER/ann.key
                TLSv1.3
        "#]]
        .assert_eq(&attempts(&server, ENCRYPTION, &cases).await);
    });
}
