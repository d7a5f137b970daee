//! `kill -9` in the middle of a migration: the next run says what happened and finishes; nothing is lost, nothing twice.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::driver::{Connection, Row, RowSink, Statement};
use relata_sql::{Decode, Result};
use relata_testkit::TestDatabase;

use crate::command::Project;

const ID: &str = "20260101000000_aaaaaa_big";

struct Number(i64);

impl RowSink for Number {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.0 = i64::decode(row.cell(0)?).unwrap();
        Ok(())
    }
}

async fn number(connection: &mut dyn Connection, sql: &str) -> i64 {
    let mut number = Number(-1);
    connection.query(Statement::once(sql, &[]), &mut number).await.unwrap();
    number.0
}

/// A project with data that must survive and a migration that takes long in the middle.
fn project(slow: &str) -> Project {
    let project = Project::new();
    project.write(
        "migrations/20250101000000_aaaaaa_kept/up.sql",
        "CREATE TABLE kept (id integer); INSERT INTO kept VALUES (1), (2);",
    );
    let up = format!(
        "CREATE TABLE a (x integer);\nINSERT INTO a VALUES (1);\n{slow};\nCREATE TABLE b (x integer);\nINSERT INTO b VALUES (1);"
    );
    project.write(&format!("migrations/{ID}/up.sql"), &up);
    project
}

/// Runs `migrate apply`, kills it once `reached` says so, and gives what the next run says.
async fn kill_when(project: &Project, url: &str, mut reached: impl AsyncFnMut() -> bool) -> String {
    let first = ["migrate", "apply", "--url", url];
    project.ok(&[&first[..], &["--to", "2025"]].concat());
    let mut child: Child = project.command(&first).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !reached().await {
        assert!(child.try_wait().unwrap().is_none(), "the migration ended before it could be killed");
        assert!(Instant::now() < deadline, "the slow statement never began");
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    project.ok(&first).stderr
}

async fn finished(connection: &mut dyn Connection, project: &Project, url: &str) {
    assert_eq!(number(connection, "SELECT sum(id) FROM kept").await, 3, "data from before is there");
    assert_eq!(number(connection, "SELECT count(*) FROM a").await, 1, "no row came twice");
    assert_eq!(number(connection, "SELECT count(*) FROM b").await, 1);
    let status = project.ok(&["migrate", "status", "--no-drift", "--json", "--url", url]);
    assert!(status.stdout.contains("\"clean\": true"), "{}", status.stdout);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn sqlite() {
    block_on(async {
        let project = project(
            "CREATE TABLE big (n integer, t text);\nINSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 \
             FROM c WHERE n < 1000000) SELECT n, hex(randomblob(20)) FROM c",
        );
        let url = format!("sqlite:{}", project.path("app.db").display());
        // Once a megabyte has been spilt, the long insert is running inside its transaction.
        let journal = project.path("app.db-wal");
        let spilt = async || std::fs::metadata(&journal).is_ok_and(|file| file.len() > 1 << 20);
        let said = kill_when(&project, &url, spilt).await;
        assert!(said.contains(&format!("applied {ID}")), "{said}");
        assert!(!project.path("app.db-relata-lock").exists(), "the dead runner's lock is gone");
        let url_of_file = relata_sql::DatabaseUrl::parse(&url).unwrap();
        let connection =
            relata_sql::Driver::connect(&relata_sqlite::SqliteDriver, &url_of_file, &Default::default()).await;
        let mut connection = connection.unwrap();
        assert_eq!(number(connection.as_mut(), "SELECT count(*) FROM big").await, 1_000_000);
        finished(connection.as_mut(), &project, &url).await;
    });
}

#[test]
fn postgres() {
    block_on(async {
        let database = TestDatabase::create(Dialect::Postgres).await;
        let mut connection = database.connect().await;
        let project = project("CREATE TABLE slow AS SELECT 1 AS x FROM pg_sleep(4)");
        let url = database.url().expose();
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                        AND query LIKE 'CREATE TABLE slow%' AND state = 'active'";
        let mut watcher = database.connect().await;
        let said = kill_when(&project, &url, async || number(watcher.as_mut(), sleeping).await > 0).await;
        assert!(said.contains(&format!("applied {ID}")), "{said}");
        assert_eq!(number(connection.as_mut(), "SELECT count(*) FROM slow").await, 1);
        finished(connection.as_mut(), &project, &url).await;
    });
}

async fn mysql_killed_during(slow: &str) {
    let database = TestDatabase::create(Dialect::Mysql).await;
    let mut connection = database.connect().await;
    let project = project(slow);
    let url = database.url().expose();
    let sleeping = "SELECT count(*) FROM information_schema.processlist WHERE db = database() \
                    AND id <> connection_id() AND info LIKE '%sleep(4)%'";
    let mut watcher = database.connect().await;
    let said = kill_when(&project, &url, async || number(watcher.as_mut(), sleeping).await > 0).await;
    assert!(said.contains(&format!("resuming {ID}: 3 of 6 statements were done by a run that was cut off")), "{said}");
    assert_eq!(number(connection.as_mut(), "SELECT count(*) FROM slow").await, 1);
    finished(connection.as_mut(), &project, &url).await;
}

#[test]
fn mysql_during_a_definition() {
    let filler = "CREATE TABLE filler (x integer)";
    block_on(mysql_killed_during(&format!("{filler};\nCREATE TABLE slow AS SELECT sleep(4) AS x")).into_future());
}

#[test]
fn mysql_during_data() {
    let create = "CREATE TABLE slow (x integer)";
    block_on(mysql_killed_during(&format!("{create};\nINSERT INTO slow SELECT sleep(4)")));
}

/// Ctrl-C lets the statement that runs finish and begins no other; nothing is left behind.
fn stopped_by_ctrl_c(dialect: Dialect, slow: &str, sleeping: &str) {
    block_on(async {
        let database = TestDatabase::create(dialect).await;
        let (mut connection, mut watcher) = (database.connect().await, database.connect().await);
        let project = project(slow);
        let url = database.url().expose();
        let apply = ["migrate", "apply", "--url", &url];
        project.ok(&[&apply[..], &["--to", "2025"]].concat());
        let child = project.command(&apply).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while number(watcher.as_mut(), sleeping).await == 0 {
            assert!(Instant::now() < deadline, "the slow statement never began");
            tokio::task::yield_now().await;
        }
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("stopping after the statement that runs"), "{said}");
        assert!(said.contains("stopped as asked, before this statement"), "{said}");
        assert!(project.ok(&apply).stderr.contains(&format!("applied {ID}")));
        finished(connection.as_mut(), &project, &url).await;
    });
}

#[test]
fn postgres_stops_when_asked() {
    let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND query LIKE 'CREATE TABLE slow%' AND state = 'active'";
    stopped_by_ctrl_c(Dialect::Postgres, "CREATE TABLE slow AS SELECT 1 AS x FROM pg_sleep(2)", sleeping);
}

#[test]
fn mysql_stops_when_asked() {
    let sleeping = "SELECT count(*) FROM information_schema.processlist WHERE db = database() \
                    AND id <> connection_id() AND info LIKE '%sleep(2)%'";
    stopped_by_ctrl_c(Dialect::Mysql, "CREATE TABLE slow AS SELECT sleep(2) AS x", sleeping);
}
