//! Shadow databases: who may not create one is told how to, and none is left behind.

use std::process::Stdio;
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::{Connection, Driver, Statement};
use relata_testkit::server_url;
use relata_testkit::servers::PostgresCluster;

use crate::command::Project;

async fn connect() -> Box<dyn Connection> {
    let url = server_url(Dialect::Postgres).with_database("postgres");
    relata_postgres::PostgresDriver.connect(&url, &Default::default()).await.unwrap()
}

async fn run(connection: &mut dyn Connection, sql: &str) {
    connection.execute(Statement::once(sql, &[])).await.unwrap();
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_role_that_may_not_create_databases_is_told_what_to_do() {
    block_on(async {
        let role = format!("relata_test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = connect().await;
        run(connection.as_mut(), &format!("CREATE ROLE {role} LOGIN")).await;
        let mut url = server_url(Dialect::Postgres).with_database("postgres");
        url.user.clone_from(&role);
        let project = Project::new();
        project.write("a.sql", "CREATE TABLE t (x int)");
        let shadow = url.expose();
        let run_of_command = project.run(&["schema", "inspect", "a.sql", "--dialect", "postgres", "--shadow", &shadow]);
        run(connection.as_mut(), &format!("DROP ROLE {role}")).await;
        assert_eq!(run_of_command.code, 1);
        let host = format!("{}:{}", url.host(), url.port());
        let text = run_of_command.stderr.replace(&role, "ann").replace(&host, "HOST");
        expect_test::expect![[r#"
            error: while reading a.sql: while creating a temporary shadow database on HOST: permission denied to create database [R0501, 42501]
              help: grant the privilege to this role, or connect as another
              help: allow it: ALTER ROLE "ann" CREATEDB; or name another server with --shadow postgres://USER@HOST
        "#]].assert_eq(&text);
    });
}

/// The database in which a statement runs that contains `marker`.
async fn database_running(connection: &mut dyn Connection, marker: &str) -> Option<String> {
    let sql = format!("SELECT datname FROM pg_stat_activity WHERE query LIKE '%{marker}%' AND pid <> pg_backend_pid()");
    let mut records = relata_runtime::table::Records::default();
    connection.query(Statement::once(&sql, &[]), &mut records).await.unwrap();
    let records = records.into_records();
    records.first().and_then(|record| match record.values().first() {
        Some(relata_sql::Value::Text(name)) => Some(name.clone()),
        _ => None,
    })
}

async fn exists(connection: &mut dyn Connection, database: &str) -> bool {
    let sql = format!("SELECT datname FROM pg_database WHERE datname = '{database}'");
    let mut records = relata_runtime::table::Records::default();
    connection.query(Statement::once(&sql, &[]), &mut records).await.unwrap();
    !records.into_records().is_empty()
}

#[cfg(unix)]
#[test]
fn interrupted_it_leaves_no_database_behind() {
    block_on(async {
        let marker = format!("marker_{}", uuid::Uuid::new_v4().simple());
        let project = Project::new();
        project.write("slow.sql", &format!("CREATE TABLE t (x int);\nSELECT pg_sleep(600) AS {marker};\n"));
        let shadow = server_url(Dialect::Postgres).expose();
        let arguments = ["schema", "inspect", "slow.sql", "--dialect", "postgres", "--shadow", &shadow];
        let mut child = project.command(&arguments).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();

        let mut connection = connect().await;
        let started = Instant::now();
        let database = loop {
            if let Some(database) = database_running(connection.as_mut(), &marker).await {
                break database;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "the shadow database never came");
            tokio::task::yield_now().await;
        };
        assert!(database.starts_with("relata_shadow_"), "{database}");
        let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(!exists(connection.as_mut(), &database).await, "{database} is still there");
    });
}

/// What was replayed for a proof stays as a template, named by its digest: it is copied the next time, another history
/// makes another one, the oldest go, and processes that make the same one at once do not get into each other's way.
#[test]
fn templates_are_found_by_digest_and_go_when_there_are_many() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(PostgresCluster::start(0, false));
    let mut connection = runtime.block_on(async {
        relata_postgres::PostgresDriver.connect(&server.url_of(0), &Default::default()).await.unwrap()
    });
    let mut sql = |sql: &str| runtime.block_on(connection.batch(sql)).unwrap();
    sql("CREATE DATABASE app");
    let url = server.url_of(0).with_database("app").expose();
    let project = Project::new();
    let write = |id: &str, up: &str, down: &str| {
        project.write(&format!("migrations/{id}/up.sql"), up);
        project.write(&format!("migrations/{id}/down.sql"), down);
    };
    let first = "20260101000000_aaaaaa_first";
    write(first, "CREATE TABLE one (x integer);", "DROP TABLE one;");
    project.ok(&["migrate", "apply", "--url", &url]);
    write("20260102000000_bbbbbb_second", "CREATE TABLE two (x integer);", "DROP TABLE two;");
    let prove = ["migrate", "prove", "--no-data", "--url", &url];
    let templates = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(async {
            let mut connection = connect_to(&server.url_of(0)).await;
            let mut records = relata_runtime::table::Records::default();
            let sql = "SELECT datname::text FROM pg_database WHERE datname LIKE 'relata\\_%' ORDER BY 1";
            connection.query(Statement::once(sql, &[]), &mut records).await.unwrap();
            let records = records.into_records();
            let name = |value: &relata_sql::Value| match value {
                relata_sql::Value::Text(name) => name.clone(),
                other => panic!("{other:?}"),
            };
            records.iter().map(|record| name(&record.values()[0])).collect::<Vec<_>>()
        })
    };
    // Two at once, with none there yet.
    let children: Vec<_> =
        (0..2).map(|_| project.command(&prove).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()).collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let made = templates(&runtime);
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(made[0].starts_with("relata_template_proof_"), "{made:?}");
    // It is what the next proof begins with: what is put into it is seen there.
    let mut inside = runtime.block_on(connect_to(&server.url_of(0).with_database(&made[0])));
    runtime.block_on(inside.batch("CREATE TABLE mark (x integer)")).unwrap();
    runtime.block_on(inside.close()).unwrap();
    assert!(project.ok(&prove).stderr.contains(" in 2 tables"), "the template is copied");
    // Another history has another one.
    write(first, "CREATE TABLE one (x integer, y integer);", "DROP TABLE one;");
    project.ok(&["migrate", "repair", "--url", &url]);
    assert!(project.ok(&prove).stderr.contains(" in 1 table"), "the template of another history is not");
    assert_eq!(templates(&runtime).len(), 2);
    // The oldest go.
    for number in 0..8 {
        sql(&format!("CREATE DATABASE relata_template_proof_old{number}"));
        sql(&format!("COMMENT ON DATABASE relata_template_proof_old{number} IS 'used 2020-01-0{number}T00:00:00Z'"));
    }
    write(first, "CREATE TABLE one (x integer, z integer);", "DROP TABLE one;");
    project.ok(&["migrate", "repair", "--url", &url]);
    project.ok(&prove);
    let left = templates(&runtime);
    assert_eq!(left.len(), 8, "{left:?}");
    assert!(!left.contains(&"relata_template_proof_old0".to_string()) && left.contains(&made[0]), "{left:?}");
}

/// Roles that may create databases have templates of their own; one that somebody is connected to is not waited for, and
/// one that may create none is told what to do.
#[test]
fn templates_of_others_and_in_use_are_in_nobodys_way() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(PostgresCluster::start(0, false));
    let mut connection = runtime.block_on(connect_to(&server.url_of(0)));
    let roles = "CREATE ROLE ann LOGIN CREATEDB; CREATE ROLE bob LOGIN CREATEDB; CREATE ROLE carl LOGIN";
    runtime.block_on(connection.batch(roles)).unwrap();
    runtime.block_on(connection.batch("CREATE DATABASE app OWNER ann")).unwrap();
    let as_role = |role: &str, database: &str| {
        let mut url = server.url_of(0).with_database(database);
        url.user = role.to_string();
        url
    };
    let project = Project::new();
    project.write("migrations/20260101000000_aaaaaa_first/up.sql", "CREATE TABLE one (x integer);");
    let (target, mut owners) = (as_role("ann", "app").expose(), Vec::new());
    project.ok(&["migrate", "apply", "--url", &target]);
    project.write("migrations/20260102000000_bbbbbb_second/up.sql", "CREATE TABLE two (x integer);");
    let prove = |role: &str| {
        let shadow = as_role(role, "postgres").expose();
        project.run(&["migrate", "prove", "--no-data", "--url", &target, "--shadow", &shadow])
    };
    let templates = "SELECT d.datname::text, pg_get_userbyid(d.datdba)::text FROM pg_database d \
                     WHERE d.datname LIKE 'relata\\_%' ORDER BY 2";
    for role in ["ann", "bob", "ann", "bob"] {
        let run = prove(role);
        assert_eq!(run.code, 0, "{role}: {}", run.stderr);
        let mut records = relata_runtime::table::Records::default();
        runtime.block_on(connection.query(Statement::once(templates, &[]), &mut records)).unwrap();
        let text = |value: &relata_sql::Value| match value {
            relata_sql::Value::Text(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        let found = records.into_records();
        owners = found.iter().map(|record| (text(&record.values()[0]), text(&record.values()[1]))).collect();
    }
    let names: Vec<&str> = owners.iter().map(|(_, owner)| owner.as_str()).collect();
    assert_eq!(names, ["ann", "bob"], "each made one, and used it again");
    // What somebody looks into cannot be copied: then it is built as if there were none.
    let mut inside = runtime.block_on(connect_to(&server.url_of(0).with_database(&owners[0].0)));
    runtime.block_on(inside.batch("CREATE TABLE mark (x integer)")).unwrap();
    let run = prove("ann");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains(" in 1 table,"), "not the template: {}", run.stderr);
    runtime.block_on(inside.close()).unwrap();
    let run = prove("carl");
    assert_eq!(run.code, 1);
    let at = run.stderr.find("permission denied").unwrap_or_else(|| panic!("{}", run.stderr));
    expect_test::expect![[r#"
        permission denied to create database [R0501, 42501]
          help: grant the privilege to this role, or connect as another
          help: allow it: ALTER ROLE "carl" CREATEDB; or name another server with --shadow postgres://USER@HOST
    "#]]
    .assert_eq(&run.stderr[at..]);
}

async fn connect_to(url: &relata_sql::DatabaseUrl) -> Box<dyn Connection> {
    relata_postgres::PostgresDriver.connect(url, &Default::default()).await.unwrap()
}
