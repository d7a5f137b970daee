//! How a server on the same machine is reached: through its socket, where that is proved to lead to the same place.

use std::path::Path;
use std::process::Child;
use std::time::Duration;

use relata_runtime::{Db, sql, sql_unchecked};
use relata_schema::Dialect;
use relata_schema::model::ObjectName;
use relata_sql::driver::{BulkInsert, ConnectOptions};
use relata_sql::{DatabaseUrl, Value};
use relata_testkit::servers::{
    self, Product, Runner, install_mariadb, launch, mariadb_program, mariadb_temporary, postgres_program,
};
use relata_testkit::{Proxy, TestDatabase};

/// A server with its data in a folder of this name.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// One that root and two accounts may enter.
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

/// A server that listens in the runner's folder too, with these rules for logins there; its log is `NAME/log`.
async fn start_postgres(runner: &Runner, name: &str, rules: &str, arguments: impl Fn(u16) -> String) -> Server {
    let data = runner.folder().join(name).display().to_string();
    runner
        .run(&postgres_program("initdb"), &["-D", &data, "-U", "boss", "--no-sync", "--locale=C.UTF-8", "-A", "trust"]);
    std::fs::write(format!("{data}/pg_hba.conf"), format!("{rules}\nhost all all 127.0.0.1/32 trust\n")).unwrap();
    let (child, port) = launch(runner, &postgres_program("postgres"), "Future log output will appear", |port| {
        let settings = "-c fsync=off -c dynamic_shared_memory_type=mmap -c logging_collector=on -c log_directory=. \
                        -c log_filename=log -c unix_socket_directories=";
        let text = format!("-D {data} {} {settings}{}", arguments(port), runner.folder().display());
        text.split_whitespace().map(str::to_string).collect()
    });
    let ready = async || log_of(runner, name).contains("ready to accept");
    servers::until("the server's start", Duration::from_secs(60), ready).await;
    Server { child, port }
}

fn log_of(runner: &Runner, name: &str) -> String {
    std::fs::read_to_string(runner.folder().join(name).join("log")).unwrap_or_default()
}

/// Whether a role's connection is one of TCP.
async fn met_postgres(port: u16, role: &str, parameters: &str) -> bool {
    let url = DatabaseUrl::parse(&format!("postgres://{role}@127.0.0.1:{port}/postgres{parameters}")).unwrap();
    goes_by_tcp(&mut servers::open(&url).await).await
}

async fn goes_by_tcp(db: &mut Db) -> bool {
    sql::<bool>("SELECT inet_client_addr() IS NOT NULL", ()).one(db).await.unwrap()
}

#[tokio::test]
async fn postgres_the_servers_socket_is_taken_where_it_leads_to_the_same_place() {
    let folder = tempfile::tempdir().unwrap();
    let runner = Runner::new(folder.path(), Product::Postgres);
    runner.own();
    let me = whoami::username().unwrap();
    let rules = "local all refused reject\nlocal all by_password scram-sha-256\nlocal sameuser here trust\n\
                 local all by_name peer map=names\nlocal all trusted,boss trust\nlocal all +team trust\nlocal all all peer";
    let server =
        start_postgres(&runner, "server", rules, |port| format!("-p {port} -c listen_addresses=127.0.0.1")).await;
    let boss = format!("postgres://boss@127.0.0.1:{}/postgres", server.port);
    let mut boss = servers::open(&DatabaseUrl::parse(&format!("{boss}?transport=tcp")).unwrap()).await;
    for role in ["refused", "by_password", "here", "by_name", "trusted"] {
        run(&mut boss, &format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'secret'")).await;
    }
    run(
        &mut boss,
        "CREATE ROLE plain LOGIN PASSWORD 'secret'; CREATE ROLE team; CREATE ROLE member LOGIN IN ROLE team",
    )
    .await;
    run(&mut boss, &format!("CREATE ROLE \"{me}-2\" LOGIN SUPERUSER")).await;
    run(&mut boss, "CREATE DATABASE here").await;

    assert!(!met_postgres(server.port, "trusted", "").await);
    assert!(met_postgres(server.port, "trusted", "?transport=tcp").await, "the URL says so");
    assert!(!met_postgres(server.port, "by_password:secret", "").await);
    let url = DatabaseUrl::parse(&format!("postgres://trusted@127.0.0.1:{}/postgres", server.port)).unwrap();
    let proxy = Proxy::in_front_of(&url).await;
    assert!(goes_by_tcp(&mut servers::open(&proxy.url(&url)).await).await, "whoever goes by a proxy means it");
    let own = DatabaseUrl::parse(&format!("postgres://here@localhost:{}/here", server.port)).unwrap();
    assert!(!goes_by_tcp(&mut servers::open(&own).await).await);

    // Nobody tries to enter where a refusal is to be expected, or where nothing is known.
    for role in ["refused", "by_password", "by_name", "here", "plain:secret", "member", &format!("{me}-2")] {
        assert!(met_postgres(server.port, role, "").await, "{role}");
    }
    let log = log_of(&runner, "server");
    assert!(!log.contains("FATAL") && !log.contains("ERROR"), "{log}");

    // A role that may know where the socket is, and has the name of the system's user.
    run(&mut boss, &format!("CREATE ROLE \"{me}\" LOGIN IN ROLE pg_read_all_settings")).await;
    assert!(!met_postgres(server.port, &me, "").await);

    // Another server now listens where the first one says it does.
    let socket = folder.path().join(format!(".s.PGSQL.{}", server.port));
    std::fs::remove_file(&socket).unwrap();
    std::fs::remove_file(folder.path().join(format!(".s.PGSQL.{}.lock", server.port))).unwrap();
    let port = server.port;
    let other =
        start_postgres(&runner, "other", "local all all trust", |_| format!("-p {port} -c listen_addresses=")).await;
    let lured = format!(
        "postgres://boss@{}:{port}/postgres",
        socket.parent().unwrap().display().to_string().replace('/', "%2F")
    );
    let mut lured = servers::open(&DatabaseUrl::parse(&lured).unwrap()).await;
    run(&mut lured, "CREATE ROLE trusted LOGIN SUPERUSER").await;
    drop(lured);
    assert!(met_postgres(server.port, "trusted", "").await);
    drop(other);
    assert!(met_postgres(server.port, "trusted", "").await, "a socket that nobody answers");
}

/// By TCP more fits into what is on its way than through a socket.
#[tokio::test]
async fn postgres_rows_in_bulk_come_whole_by_either_way() {
    let database = TestDatabase::create(Dialect::Postgres).await;
    for transport in ["tcp", "auto"] {
        let mut url = database.url().clone();
        url.params.push(("transport".into(), transport.into()));
        let driver = relata_testkit::shared_driver(url.dialect);
        let mut connection = driver.connect(&url, &ConnectOptions::default()).await.unwrap();
        connection.batch("DROP TABLE IF EXISTS bulk; CREATE TABLE bulk (a bigint, b text)").await.unwrap();
        let values: Vec<Value> = (0..40_000).flat_map(|n| [Value::Int(n), Value::Text("x".repeat(1000))]).collect();
        let table = ObjectName::bare("bulk");
        let bulk = BulkInsert { table: &table, columns: &["a", "b"], values: &values };
        assert_eq!(connection.bulk_insert(bulk).await.unwrap(), 40_000, "{transport}");
    }
}

#[tokio::test]
async fn postgres_a_transport_that_does_not_exist_is_refused() {
    let url = DatabaseUrl::parse("postgres://root@127.0.0.1:1/x?transport=pigeon").unwrap();
    let error = Db::connect(relata_testkit::shared_driver(url.dialect), url, servers::options()).await.unwrap_err();
    expect_test::expect![[r#"
        "pigeon" is no transport [R0601]
          hint: write transport=auto or tcp; the folder of a Unix socket is written as host (postgres://ann@%2Ffolder/shop)"#]].assert_eq(&error.to_string());
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
