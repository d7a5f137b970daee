//! What plans say they lock, held against what the servers lock: a change of every kind, statement by statement.

use relata_plan::PlanOptions;
use relata_runtime::migrate::{self, Beside, Header, run_watched, strongest, surprises};
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

/// Both ways of every case: what was seen in other than the predicted way, and how many statements were seen. Each
/// statement runs by itself, so that no lock hides behind one that is held already.
async fn observed(dialect: Dialect, text: &str, options: &PlanOptions) -> (String, usize) {
    let database = TestDatabase::create(dialect).await;
    let beside = Beside::new(database.driver(), database.url().clone());
    let mut connection = database.connect().await;
    if dialect == Dialect::Postgres {
        connection.batch("SET synchronous_commit = off").await.unwrap();
    }
    let (mut found, mut seen) = (String::new(), 0);
    let options = &PlanOptions { mysql: connection.server().product == "MySQL", ..options.clone() };
    let copies_online = connection.server().product == "MariaDB" && connection.server().number >= 110_200;
    for case in cases(text) {
        let before = built(&mut *connection, &[&case.setup]).await;
        let after = built(&mut *connection, &[&case.setup, case.change]).await;
        let plain = |from, to| relata_plan::plan(from, to, &PlanOptions::default()).0;
        let planned = |from, to| relata_plan::plan(from, to, options).0;
        if options.online && planned(&before, &after) == plain(&before, &after) {
            continue;
        }
        built(&mut *connection, &[&case.setup]).await;
        for (way, from, to) in [("up", &before, &after), ("down", &after, &before)] {
            let plan = planned(from, to);
            assert!(!plan.is_empty(), "{}: nothing differs", case.name);
            let header = Header { transaction_off: dialect != Dialect::Sqlite, ..Header::default() };
            let ran = run_watched(&mut *connection, &header, &plan.script(), None, Some(&beside)).await;
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
    fn row(&mut self, row: &mut dyn Row) -> relata_sql::Result<()> {
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
    check_with(dialect, text, at_least, &PlanOptions::default());
}

fn check_with(dialect: Dialect, text: &str, at_least: usize, options: &PlanOptions) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (found, seen) = runtime.block_on(observed(dialect, text, options));
    assert!(found.is_empty(), "predicted locks are not those that were seen:\n{found}");
    assert!(seen >= at_least, "only {seen} statements were seen");
}

#[test]
fn postgres_locks_are_as_predicted() {
    check(Dialect::Postgres, include_str!("locks/postgres.txt"), 200);
}

#[test]
fn postgres_locks_of_online_plans_are_as_predicted() {
    let options = PlanOptions { online: true, ..PlanOptions::default() };
    check_with(Dialect::Postgres, include_str!("locks/postgres.txt"), 40, &options);
}

/// What PostgreSQL runs outside of transactions, and the locks that were seen from other sessions. Nothing can stand in the
/// way of a materialized view, so that its refresh takes long enough to be looked at.
#[test]
fn postgres_locks_outside_of_transactions_are_seen() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = TestDatabase::create(Dialect::Postgres).await;
        let mut connection = database.connect().await;
        let beside = Beside::new(database.driver(), database.url().clone());
        let setup = "CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t SELECT i, i FROM generate_series(1, 100) i; \
                     CREATE INDEX i ON t (b); CREATE TYPE mood AS ENUM ('good'); \
                     CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE c PARTITION OF p FOR VALUES FROM (1) TO (9); \
                     CREATE MATERIALIZED VIEW m AS SELECT a FROM t, (SELECT pg_sleep(0.5)) long; \
                     CREATE UNIQUE INDEX mi ON m (a)";
        connection.batch(setup).await.unwrap();
        let script = "CREATE INDEX CONCURRENTLY j ON t (b, a);\nREINDEX INDEX CONCURRENTLY i;\nREINDEX (VERBOSE) TABLE CONCURRENTLY public.t;\n\
                      DROP INDEX CONCURRENTLY j;\nVACUUM (ANALYZE) t;\nVACUUM FULL \"t\";\n\
                      ALTER TABLE p DETACH PARTITION c CONCURRENTLY;\nALTER TYPE mood ADD VALUE 'bad';\n\
                      REFRESH MATERIALIZED VIEW CONCURRENTLY m;";
        let header = Header { transaction_off: true, ..Header::default() };
        let ran = run_watched(&mut *connection, &header, script, None, Some(&beside)).await.unwrap();
        let mut told = String::new();
        for observed in &ran {
            assert!(observed.seen, "{}", observed.sql);
            let locks = strongest(std::slice::from_ref(observed));
            let locks: Vec<String> =
                locks.iter().map(|lock| format!("{} {} ({})", lock.object, lock.mode, lock.span)).collect();
            told.push_str(&format!("{}: {}\n", observed.sql, locks.join(", ")));
        }
        expect_test::expect![[r#"
            CREATE INDEX CONCURRENTLY j ON t (b, a): public.t share update exclusive (scan)
            REINDEX INDEX CONCURRENTLY i: public.t share update exclusive (scan)
            REINDEX (VERBOSE) TABLE CONCURRENTLY public.t: public.t share update exclusive (scan)
            DROP INDEX CONCURRENTLY j: public.t share update exclusive (instant)
            VACUUM (ANALYZE) t: public.t share update exclusive (scan)
            VACUUM FULL "t": public.t access exclusive (rewrite)
            ALTER TABLE p DETACH PARTITION c CONCURRENTLY: public.c access exclusive (instant), public.p share update exclusive (instant)
            ALTER TYPE mood ADD VALUE 'bad': 
            REFRESH MATERIALIZED VIEW CONCURRENTLY m: public.m exclusive (scan)
        "#]].assert_eq(&told);
    });
}

/// Predicts what it is told to.
struct Prophet(relata_schema::change::Plan);

impl migrate::Compare for Prophet {
    fn differences(&self, _: &Schema, _: &Schema) -> Vec<String> {
        Vec::new()
    }

    fn survivors(&self, _: &Schema, _: &Schema) -> Vec<migrate::Survivor> {
        Vec::new()
    }

    fn plan(&self, _: &Schema, _: &Schema) -> relata_schema::change::Plan {
        self.0.clone()
    }
}

/// A step is predicted to lock more than it does, which a step before it in the same transaction holds already.
#[test]
fn a_wrong_prediction_does_not_hide_behind_a_lock_that_is_held() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let proved = runtime.block_on(async {
        let database = TestDatabase::create(Dialect::Postgres).await;
        let mut connection = database.connect().await;
        let (setup, change) =
            ("CREATE TABLE t (a int)", "ALTER TABLE t ALTER a SET DEFAULT 1; COMMENT ON TABLE t IS 't'");
        let before = built(&mut *connection, &[setup]).await;
        let after = built(&mut *connection, &[setup, change]).await;
        let (mut plan, _) = relata_plan::plan(&before, &after, &PlanOptions::default());
        let (down, _) = relata_plan::plan(&after, &before, &PlanOptions::default());
        assert_eq!(plan.steps.len(), 2);
        built(&mut *connection, &[setup]).await;
        let folder = tempfile::tempdir().unwrap();
        let migration = folder.path().join("20260101000000_aaaaaa_t");
        std::fs::create_dir(&migration).unwrap();
        std::fs::write(migration.join("up.sql"), plan.script()).unwrap();
        std::fs::write(migration.join("down.sql"), down.script()).unwrap();
        let migrations = migrate::read_folder(folder.path(), Dialect::Postgres).unwrap();
        plan.steps[1].locks[0].mode = relata_schema::change::LockMode::AccessExclusive;
        migrate::prove(&mut *connection, &migrations[0], None, &Prophet(plan)).await.unwrap()
    });
    let [surprise] = &proved.surprises[..] else { panic!("{:?}", proved.surprises) };
    assert!(surprise.ends_with("locks public.t share update exclusive, predicted access exclusive"), "{surprise}");
}

#[test]
fn mysql_locks_are_as_predicted() {
    check(Dialect::Mysql, include_str!("locks/mysql.txt"), 40);
}

/// Statements that know no `ALGORITHM`: another session reads each table or view that they name, and sees whether they wait
/// for it. A new foreign key: whether it waits for writes of the table that it points to.
#[test]
fn mysql_locks_of_whole_tables_are_seen() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = TestDatabase::create(Dialect::Mysql).await;
        let mut connection = database.connect().await;
        let beside = Beside::new(database.driver(), database.url().clone());
        let setup = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE `b c` (id int); CREATE TABLE d (id int); \
                     CREATE TABLE log (id int); CREATE VIEW v AS SELECT id FROM d; \
                     CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY, a int, KEY (a))";
        connection.batch(setup).await.unwrap();
        let script = "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW INSERT INTO log VALUES (new.id);\nDROP TRIGGER t;\n\
                      TRUNCATE TABLE log;\nRENAME TABLE a TO e, `b c` TO a;\nCREATE TABLE f (id int);\nDROP TABLE f;\n\
                      CREATE OR REPLACE VIEW v AS SELECT id + 1 AS id FROM d;\nDROP VIEW v;\n\
                      CREATE TABLE child (id int PRIMARY KEY, a int, KEY (a));\n\
                      ALTER TABLE child ADD FOREIGN KEY (a) REFERENCES `e` (id);\n\
                      ALTER TABLE other ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id);\n\
                      DROP TABLE IF EXISTS nothing, d, log;";
        let header = Header { transaction_off: true, ..Header::default() };
        let ran = run_watched(&mut *connection, &header, script, None, Some(&beside)).await.unwrap();
        let mut told = String::new();
        for observed in &ran {
            let locks: Vec<String> = observed.locks.iter().map(|lock| format!("{} {}", lock.object, lock.mode)).collect();
            let locks = if observed.seen { locks.join(", ") } else { "not looked at".into() };
            told.push_str(&format!("{}: {locks}\n", observed.sql));
        }
        expect_test::expect![[r#"
            CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW INSERT INTO log VALUES (new.id): a access exclusive
            DROP TRIGGER t: a access exclusive
            TRUNCATE TABLE log: log access exclusive
            RENAME TABLE a TO e, `b c` TO a: a access exclusive, b c access exclusive
            CREATE TABLE f (id int): not looked at
            DROP TABLE f: not looked at
            CREATE OR REPLACE VIEW v AS SELECT id + 1 AS id FROM d: v access exclusive
            DROP VIEW v: v access exclusive
            CREATE TABLE child (id int PRIMARY KEY, a int, KEY (a)): not looked at
            ALTER TABLE child ADD FOREIGN KEY (a) REFERENCES `e` (id): child share
            ALTER TABLE other ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id): p share, other share
            DROP TABLE IF EXISTS nothing, d, log: d access exclusive, log access exclusive
        "#]]
        .assert_eq(&told);
        assert_eq!(migrate::schema(&mut *connection).await.unwrap().tables.len(), 5);
    });
}

/// What nobody can read any more, or not yet, is made all the same.
#[test]
fn mysql_views_take_the_names_of_tables_and_of_views_that_are_broken() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = TestDatabase::create(Dialect::Mysql).await;
        let mut connection = database.connect().await;
        let beside = Beside::new(database.driver(), database.url().clone());
        let setup = "CREATE TABLE a (id int); CREATE TABLE t (x int, y int); CREATE VIEW v AS SELECT x FROM t; \
                     CREATE VIEW w AS SELECT x FROM v";
        connection.batch(setup).await.unwrap();
        let script = "DROP TABLE a;\nCREATE VIEW a AS SELECT 1 AS id;\nALTER TABLE t DROP COLUMN x;\n\
                      CREATE OR REPLACE VIEW v AS SELECT y FROM t;\nCREATE OR REPLACE VIEW w AS SELECT y FROM v;";
        let header = Header { transaction_off: true, ..Header::default() };
        let ran = run_watched(&mut *connection, &header, script, None, Some(&beside)).await.unwrap();
        let seen: Vec<bool> = ran.iter().map(|observed| observed.seen).collect();
        assert_eq!(seen, [true, false, true, false, false]);
        assert_eq!(migrate::schema(&mut *connection).await.unwrap().views.len(), 3);
    });
}

#[test]
fn sqlite_rebuilds_are_as_predicted() {
    check(Dialect::Sqlite, include_str!("locks/sqlite.txt"), 30);
}
