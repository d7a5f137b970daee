//! What plans say they lock, held against what the servers lock: a change of every kind, statement by statement.

use relata_plan::PlanOptions;
use relata_runtime::migrate::{self, Header, run_watched, surprises};
use relata_schema::{Dialect, Schema};
use relata_sql::Value;
use relata_sql::driver::{Connection, Row, RowSink, Statement};
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
    let options = PlanOptions { mysql: connection.server().product == "MySQL", ..PlanOptions::default() };
    let copies_online = connection.server().product == "MariaDB" && connection.server().number >= 110_200;
    for case in cases(text) {
        let before = built(&mut *connection, &[&case.setup]).await;
        let after = built(&mut *connection, &[&case.setup, case.change]).await;
        built(&mut *connection, &[&case.setup]).await;
        for (way, from, to) in [("up", &before, &after), ("down", &after, &before)] {
            let (plan, _) = relata_plan::plan(from, to, &options);
            assert!(!plan.is_empty(), "{}: nothing differs", case.name);
            let alone = dialect == Dialect::Mysql || plan.steps.iter().any(|step| !step.transactional);
            let header = Header { transaction_off: alone, ..Header::default() };
            let ran = run_watched(&mut *connection, &header, &plan.script(), None).await;
            let ran = ran.unwrap_or_else(|error| panic!("{} {way}: {error}\n{}", case.name, plan.script()));
            seen += ran.iter().filter(|statement| statement.seen).count();
            for line in surprises(&plan, &ran) {
                // What is predicted for all versions: MariaDB 11.2 and newer copy tables while others write to them.
                if copies_online && line.ends_with("share update exclusive, predicted share") {
                    continue;
                }
                found.push_str(&format!("{} ({way}): {line}\n", case.name));
            }
        }
    }
    (found, seen)
}

struct Answer(Option<bool>);

impl RowSink for Answer {
    fn row(&mut self, row: &dyn Row) -> relata_sql::Result<()> {
        self.0 = Some(row.cell(0)?.to_value() == Value::Bool(true));
        Ok(())
    }
}

async fn is_done(connection: &mut dyn Connection, probe: &str) -> bool {
    let mut answer = Answer(None);
    let asked = connection.query(Statement::once(probe, &[]), &mut answer).await;
    asked.unwrap_or_else(|error| panic!("{probe}: {error}"));
    answer.0.unwrap()
}

/// Every step of every case, alone: its question is false before it and true after it.
async fn probed() -> (String, usize) {
    let database = TestDatabase::create(Dialect::Postgres).await;
    let mut connection = database.connect().await;
    let (mut wrong, mut asked) = (String::new(), 0);
    for case in cases(include_str!("locks/postgres.txt")) {
        let before = built(&mut *connection, &[&case.setup]).await;
        let after = built(&mut *connection, &[&case.setup, case.change]).await;
        built(&mut *connection, &[&case.setup]).await;
        for (from, to) in [(&before, &after), (&after, &before)] {
            for step in relata_plan::plan(from, to, &PlanOptions::default()).0.steps {
                let probe = &step.done_probe;
                let early = !probe.is_empty() && is_done(&mut *connection, probe).await;
                connection.batch(&step.sql).await.unwrap_or_else(|error| panic!("{}: {error}", step.sql));
                let done = probe.is_empty() || is_done(&mut *connection, probe).await;
                asked += usize::from(!probe.is_empty());
                if early || !done {
                    wrong.push_str(&format!(
                        "{}: {} ({early} before, {done} after): {probe}\n",
                        case.name, step.summary
                    ));
                }
            }
        }
    }
    (wrong, asked)
}

#[test]
fn postgres_steps_say_whether_they_were_done() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (wrong, asked) = runtime.block_on(probed());
    assert!(wrong.is_empty(), "{wrong}");
    assert!(asked >= 100, "only {asked} steps were asked");
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
