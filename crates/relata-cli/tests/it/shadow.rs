//! Shadow databases: who may not create one is told how to, and none is left behind.

use std::process::Stdio;
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::{Connection, Driver, Statement};
use relata_testkit::server_url;

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
