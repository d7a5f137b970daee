//! What plans say they lock, held against what the servers lock: a change of every kind, statement by statement.

use relata_plan::PlanOptions;
use relata_runtime::migrate::{self, Header, run_watched, surprises};
use relata_schema::{Dialect, Schema};
use relata_sql::driver::Connection;
use relata_testkit::TestDatabase;

/// A kind of change: what is there, and what is done to it. The plan is relata's own.
struct Case<'t> {
    name: &'t str,
    setup: String,
    change: &'t str,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut blocks = text.split("--- ").skip(1).map(|block| block.split_once('\n').unwrap());
    let (_, base) = blocks.next().unwrap();
    blocks
        .map(|(name, body)| {
            let (setup, change) = body.split_once("=>\n").unwrap_or(("", body));
            Case { name, setup: format!("{base}{setup}"), change }
        })
        .collect()
}

async fn reset(connection: &mut dyn Connection) {
    let dialect = connection.dialect();
    if dialect == Dialect::Postgres {
        connection.batch("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
        return;
    }
    let schema = migrate::schema(connection).await.unwrap();
    let off = if dialect == Dialect::Mysql { "SET foreign_key_checks = 0" } else { "PRAGMA foreign_keys = OFF" };
    connection.batch(off).await.unwrap();
    for table in &schema.tables {
        connection.batch(&format!("DROP TABLE {}", dialect.qualified(&table.name))).await.unwrap();
    }
    connection.batch(&off.replace("= 0", "= 1").replace("OFF", "ON")).await.unwrap();
}

async fn built(connection: &mut dyn Connection, scripts: &[&str]) -> Schema {
    reset(connection).await;
    for script in scripts {
        connection.batch(script).await.unwrap_or_else(|error| panic!("{script}: {error}"));
    }
    migrate::schema(connection).await.unwrap()
}

/// Both ways of every case: what was seen in other than the predicted way, and how many statements were seen.
async fn observed(dialect: Dialect, text: &str) -> (String, usize) {
    let database = TestDatabase::create(dialect).await;
    let mut connection = database.connect().await;
    let (mut found, mut seen) = (String::new(), 0);
    for case in cases(text) {
        let before = built(&mut *connection, &[&case.setup]).await;
        let after = built(&mut *connection, &[&case.setup, case.change]).await;
        built(&mut *connection, &[&case.setup]).await;
        for (way, from, to) in [("up", &before, &after), ("down", &after, &before)] {
            let (plan, _) = relata_plan::plan(from, to, &PlanOptions::default());
            assert!(!plan.is_empty(), "{}: nothing differs", case.name);
            let alone = dialect == Dialect::Mysql || plan.steps.iter().any(|step| !step.transactional);
            let header = Header { transaction_off: alone, ..Header::default() };
            let ran = run_watched(&mut *connection, &header, &plan.script()).await;
            let ran = ran.unwrap_or_else(|error| panic!("{} {way}: {error}\n{}", case.name, plan.script()));
            seen += ran.iter().filter(|statement| statement.seen).count();
            for line in surprises(&plan, &ran) {
                found.push_str(&format!("{} ({way}): {line}\n", case.name));
            }
        }
    }
    (found, seen)
}

fn check(dialect: Dialect, text: &str, at_least: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (found, seen) = runtime.block_on(observed(dialect, text));
    assert!(found.is_empty(), "predicted locks are not those that were seen:\n{found}");
    assert!(seen >= at_least, "only {seen} statements were seen");
}

#[test]
fn postgres_locks_are_as_predicted() {
    check(Dialect::Postgres, include_str!("locks/postgres.txt"), 200);
}

#[test]
fn mysql_locks_are_as_predicted() {
    check(Dialect::Mysql, include_str!("locks/mysql.txt"), 40);
}

#[test]
fn sqlite_rebuilds_are_as_predicted() {
    check(Dialect::Sqlite, include_str!("locks/sqlite.txt"), 30);
}
