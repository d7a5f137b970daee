//! `kill -9` of the runner at every statement: directly before it is sent, and directly after it was done and before that
//! could be noted. Afterwards the status says the truth, and both ways out work: applying finishes, rolling back undoes.
//!
//! The runner is a process of its own (this test binary once more), which kills itself from the observer.

use std::process::{Command, Stdio};

use relata_runtime::migrate::{self, Event, Rollback, Runner};
use relata_schema::Dialect;

use super::{Case, block_on};

const FIRST: &str = "20260101000000_aaaaaa_kept";
const ID: &str = "20260102000000_bbbbbb_change";
const STATEMENTS: usize = 6;
const STATEMENTS_DOWN: usize = 4;
const CHILD: &str = "migrations::killed::child";
const VARIABLE: &str = "RELATA_TEST_KILL";

/// Where the runner dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    Before(usize),
    After(usize),
}

fn points(statements: usize) -> impl Iterator<Item = Point> {
    (1..=statements).flat_map(|position| [Point::Before(position), Point::After(position)])
}

/// What the killed process runs; nothing when the tests run it.
#[test]
fn child() {
    let Ok(order) = std::env::var(VARIABLE) else { return };
    let words: Vec<&str> = order.split('|').collect();
    let [url, folder, direction, when, position] = words[..] else { panic!("{order}") };
    let position: usize = position.parse().unwrap();
    let point = if when == "before" { Point::Before(position) } else { Point::After(position) };
    let mut observer = |event: Event<'_>| {
        let now = match event {
            Event::Statement { position, .. } => Point::Before(position),
            Event::Ran { position, .. } => Point::After(position),
            _ => return,
        };
        if now == point {
            Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
            loop {
                std::thread::park();
            }
        }
    };
    block_on(async {
        let url = relata_sql::DatabaseUrl::parse(url).unwrap();
        let migrations = migrate::read_folder(std::path::Path::new(folder), url.dialect).unwrap();
        let driver = relata_testkit::driver(url.dialect);
        let mut connection = driver.connect(&url, &Default::default()).await.unwrap();
        let runner = Runner::default();
        if direction == "up" {
            runner.apply(connection.as_mut(), &migrations, None, &mut observer).await.unwrap();
        } else {
            let target = Rollback::To(FIRST[..14].into());
            runner.rollback(connection.as_mut(), &migrations, &target, &mut observer).await.unwrap();
        }
    });
}

/// Runs the child until it dies at `point`.
fn kill_at(case: &Case, direction: &str, point: Point) {
    let (when, position) = match point {
        Point::Before(position) => ("before", position),
        Point::After(position) => ("after", position),
    };
    let order = format!("{}|{}|{direction}|{when}|{position}", case.database.url().expose(), case.path().display());
    let (code, said) = run_child(CHILD, VARIABLE, &order);
    assert_eq!(code, None, "{direction} {point:?} was never reached: {said}");
}

/// Runs one test of this binary as a process of its own; gives the code it ends with, if it was not killed, and what it said.
pub(super) fn run_child(test: &str, variable: &str, order: &str) -> (Option<i32>, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(variable, order)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

async fn case(dialect: Dialect, off: bool) -> Case {
    let mut case = Case::new(dialect).await;
    let kept = "CREATE TABLE kept (id integer NOT NULL PRIMARY KEY); INSERT INTO kept VALUES (1), (2);";
    case.write(FIRST, kept, "DROP TABLE kept");
    let header = if off { "-- relata: transaction off\n" } else { "" };
    let up = "CREATE TABLE a (id integer NOT NULL PRIMARY KEY);\nINSERT INTO a VALUES (1), (2);\n\
              ALTER TABLE kept ADD COLUMN y integer;\nCREATE INDEX kept_y ON kept (y);\nUPDATE kept SET y = id + 1;\n\
              CREATE TABLE b (x integer);";
    let on = if dialect == Dialect::Mysql { " ON kept" } else { "" };
    let down = format!("DROP TABLE b;\nDROP INDEX kept_y{on};\nALTER TABLE kept DROP COLUMN y;\nDROP TABLE a;");
    let migrations = (case.migrations(), case.runner.clone());
    migrations.1.apply(case.connection.as_mut(), &migrations.0, None, &mut |_| {}).await.unwrap();
    case.write(ID, &format!("{header}{up}"), &format!("{header}{down}"));
    case
}

fn one_by_one(dialect: Dialect, off: bool) -> bool {
    off || dialect == Dialect::Mysql
}

async fn is_applied(case: &mut Case, at: &str) {
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} applied")], "{at}");
    assert_eq!(case.tables().await, ["a", "b", "kept"], "{at}");
    assert_eq!(case.count("SELECT count(*) FROM a").await, 2, "{at}: no row came twice");
    assert_eq!(case.count("SELECT count(*) FROM kept WHERE y = id + 1").await, 2, "{at}");
    nothing_left(case, at).await;
}

async fn is_undone(case: &mut Case, at: &str) {
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} pending")], "{at}");
    assert_eq!(case.tables().await, ["kept"], "{at}");
    assert_eq!(case.count("SELECT count(*) FROM kept").await, 2, "{at}");
    let schema = migrate::schema(case.connection.as_mut()).await.unwrap();
    assert_eq!(schema.tables[0].columns.len(), 1, "{at}");
    nothing_left(case, at).await;
}

/// No step is journalled any more, and the trail agrees with the history.
pub(super) async fn nothing_left(case: &mut Case, at: &str) {
    assert_eq!(case.count("SELECT count(*) FROM relata_migration_steps").await, 0, "{at}");
    let history = migrate::read_history(case.connection.as_mut()).await.unwrap();
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    assert_eq!(migrate::verify_trail(&trail, &history), [], "{at}");
}

async fn back(case: &mut Case) {
    let target = Rollback::To(FIRST[..14].into());
    case.rollback(target).await.unwrap();
}

/// Killed on the way up: the status says so, and applying again finishes.
async fn applying_goes_on(dialect: Dialect, off: bool) {
    let mut case = case(dialect, off).await;
    for point in points(STATEMENTS) {
        let at = format!("{dialect} off {off} {point:?}");
        kill_at(&case, "up", point);
        let state = if one_by_one(dialect, off) { "half applied" } else { "pending" };
        assert_eq!(case.states().await[1], format!("{ID} {state}"), "{at}");
        case.apply().await.unwrap_or_else(|error| panic!("{at}: {error}"));
        is_applied(&mut case, &at).await;
        back(&mut case).await;
        is_undone(&mut case, &at).await;
    }
}

/// Killed on the way up, and undone instead of finished; the undoing killed too, at every statement.
async fn what_was_cut_off_is_undone(dialect: Dialect, off: bool) {
    let mut case = case(dialect, off).await;
    for point in points(STATEMENTS) {
        kill_at(&case, "up", point);
        back(&mut case).await;
        is_undone(&mut case, &format!("{dialect} off {off} {point:?}")).await;
    }
    let all = [Point::After(2), Point::Before(4), Point::After(STATEMENTS)];
    for (up, down) in all.into_iter().flat_map(|up| points(STATEMENTS_DOWN).map(move |down| (up, down))) {
        // A statement that finds nothing to undo is not run: only those after the cut are reached.
        let reached = match (up, down) {
            (Point::After(2) | Point::Before(4), Point::After(position)) => position == STATEMENTS_DOWN,
            _ => true,
        };
        if !one_by_one(dialect, off) || !reached {
            continue;
        }
        let at = format!("{dialect} off {off} {up:?} undone {down:?}");
        kill_at(&case, "up", up);
        kill_at(&case, "down", down);
        assert_eq!(case.states().await[1], format!("{ID} half undone"), "{at}");
        let error = case.apply().await.unwrap_err();
        assert!(error.to_string().contains("finish it with relata migrate rollback"), "{at}: {error}");
        back(&mut case).await;
        is_undone(&mut case, &at).await;
    }
}

/// Killed on the way down.
async fn rolling_back_goes_on(dialect: Dialect, off: bool) {
    let mut case = case(dialect, off).await;
    for point in points(STATEMENTS_DOWN) {
        let at = format!("{dialect} off {off} {point:?} down");
        case.apply().await.unwrap();
        kill_at(&case, "down", point);
        let state = if one_by_one(dialect, off) { "half undone" } else { "applied" };
        assert_eq!(case.states().await[1], format!("{ID} {state}"), "{at}");
        back(&mut case).await;
        is_undone(&mut case, &at).await;
    }
}

macro_rules! killed {
    ($($database:ident $dialect:ident $off:literal;)*) => {
        $(mod $database {
            use relata_schema::Dialect::$dialect;

            #[test]
            fn applying_goes_on() {
                super::block_on(super::applying_goes_on($dialect, $off));
            }

            #[test]
            fn what_was_cut_off_is_undone() {
                super::block_on(super::what_was_cut_off_is_undone($dialect, $off));
            }

            #[test]
            fn rolling_back_goes_on() {
                super::block_on(super::rolling_back_goes_on($dialect, $off));
            }
        })*
    };
}

killed! {
    sqlite Sqlite false;
    sqlite_one_by_one Sqlite true;
    postgres Postgres false;
    postgres_one_by_one Postgres true;
    mysql Mysql false;
}
