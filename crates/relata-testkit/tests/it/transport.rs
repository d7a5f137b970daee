//! How a server on the same machine is reached: through its socket, where that is proved to lead to the same place.

use std::path::Path;
use std::process::Child;

use relata_runtime::{Db, sql, sql_unchecked};
use relata_sql::DatabaseUrl;
use relata_testkit::Proxy;
use relata_testkit::servers::{self, Product, Runner, install_mariadb, launch, mariadb_program, mariadb_temporary};

/// A server with its data in a folder of this name and its socket there, which root and two accounts may enter.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(runner: &Runner, name: &str, socket: &str, more: &str) -> Self {
        let data = runner.folder().join(name).display().to_string();
        install_mariadb(runner, &data);
        let arguments = |port: u16| {
            let text = format!(
                "--no-defaults --datadir={data} --tmpdir={} --bind-address=127.0.0.1 --skip-name-resolve --port={port} \
                 --socket={socket} --pid-file={data}.pid --innodb-flush-method=nosync {more}",
                mariadb_temporary(&data)
            );
            text.split_whitespace().map(str::to_string).collect()
        };
        let (child, port) = launch(runner, &mariadb_program(), "ready for connections", arguments);
        Server { child, port }
    }

    fn url(&self, account: &str, parameters: &str) -> DatabaseUrl {
        DatabaseUrl::parse(&format!("mysql://{account}:secret@127.0.0.1:{}/mysql{parameters}", self.port)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        servers::process::kill(&mut self.child);
    }
}

/// Whether the connection is one of TCP, its account, and the data folder of its server.
async fn met(url: &DatabaseUrl) -> (bool, String, String) {
    let mut db = servers::open(url).await;
    let mut facts = async |what: &str| {
        let text = format!("SELECT {what} FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()");
        sql_unchecked::<String>(text, ()).one(&mut db).await.unwrap()
    };
    (facts("HOST").await.contains(':'), facts("CURRENT_USER()").await, facts("@@datadir").await)
}

async fn run(db: &mut Db, script: &str) {
    db.batch(script).await.unwrap();
}

#[tokio::test]
async fn mysql_the_servers_socket_is_taken_where_it_leads_to_the_same_place() {
    let folder = tempfile::tempdir().unwrap();
    let runner = Runner::new(folder.path(), Product::Mariadb);
    runner.own();
    let socket = folder.path().join("sock").display().to_string();
    let server = Server::start(&runner, "server", &socket, "");
    let root = DatabaseUrl::parse(&format!("mysql://root@127.0.0.1:{}/mysql?transport=tcp", server.port)).unwrap();
    let mut root = servers::open(&root).await;
    run(
        &mut root,
        "CREATE USER everywhere@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON *.* TO everywhere@'%';
         CREATE USER two@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON *.* TO two@'%';
         CREATE USER two@localhost IDENTIFIED BY 'secret'; GRANT SELECT ON *.* TO two@localhost;
         CREATE USER numbered@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT SELECT ON *.* TO numbered@'127.0.0.1'",
    )
    .await;

    let (tcp, account, data) = met(&server.url("everywhere", "")).await;
    assert_eq!((tcp, &*account), (false, "everywhere@%"));
    assert!(met(&server.url("everywhere", "?transport=tcp")).await.0, "the URL says so");
    let proxy = Proxy::in_front_of(&server.url("everywhere", "")).await;
    assert!(met(&proxy.url(&server.url("everywhere", ""))).await.0, "whoever goes by a proxy means it");

    // Through the socket each would be another account, or none.
    assert_eq!(met(&server.url("two", "")).await, (true, "two@%".into(), data.clone()));
    assert_eq!(met(&server.url("numbered", "")).await, (true, "numbered@127.0.0.1".into(), data.clone()));

    // No lock of the search stays behind on a connection that was kept.
    let mut kept = servers::open(&server.url("two", "")).await;
    let taken: i64 = sql("SELECT RELEASE_ALL_LOCKS()", ()).one(&mut kept).await.unwrap();
    assert_eq!(taken, 0);

    // Another server now listens where the first one says it does.
    std::fs::remove_file(Path::new(&socket)).unwrap();
    let other = Server::start(&runner, "other", &socket, "--skip-networking");
    let mut lured =
        servers::open(&DatabaseUrl::parse(&format!("mysql://root@localhost/mysql?socket={socket}")).unwrap()).await;
    run(&mut lured, "CREATE USER everywhere@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON *.* TO everywhere@'%'").await;
    assert_eq!(met(&server.url("everywhere", "")).await, (true, "everywhere@%".into(), data));
    drop(other);
    assert!(met(&server.url("everywhere", "")).await.0, "a socket that nobody answers");
}

#[tokio::test]
async fn mysql_a_transport_that_does_not_exist_is_refused() {
    let url = DatabaseUrl::parse("mysql://root@127.0.0.1:1/x?transport=pigeon").unwrap();
    let error = Db::connect(relata_testkit::shared_driver(url.dialect), url, servers::options()).await.unwrap_err();
    expect_test::expect![[r#"
        "pigeon" is no transport [R0601]
          hint: write transport=auto or tcp; the path of a Unix socket is given by socket="#]]
    .assert_eq(&error.to_string());
}
