//! A runner that dies at a random moment within any statement of a migration of ten steps, on the way up and on the way
//! down, with what it takes away kept on the shelf: the status says the truth, and applying and rolling back finish.
//!
//! The suite kills once within each statement; `RELATA_TEST_KILL_ROUNDS=20` does it so often.

use std::time::Duration;

use relata_runtime::migrate::{self, Event, Reason, Rollback, Runner, Shelve, Taken};
use relata_schema::Dialect;

use super::killed::{nothing_left, run_child};
use super::{Case, block_on};

const FIRST: &str = "20260101000000_aaaaaa_kept";
const ID: &str = "20260102000000_bbbbbb_change";
const VERSION: &str = "20260102000000_bbbbbb";
const STEPS: usize = 10;
const CHILD: &str = "migrations::killed_anywhere::child";
const VARIABLE: &str = "RELATA_TEST_KILL_ANYWHERE";

fn runner(dialect: Dialect, reason: Reason) -> Runner {
    let taken = |table: &str, column: Option<&str>| Taken {
        table: dialect.name(table),
        column: column.map(str::to_string),
        narrowed: false,
        filled: false,
    };
    let taken = vec![taken("kept", Some("note")), taken("gone", None)];
    let mut runner = Runner::default();
    runner.shelve.insert(VERSION.into(), Shelve { taken, reason, renames: Vec::new() });
    runner
}

/// What the process runs that dies; nothing when the tests run it.
#[test]
fn child() {
    let Ok(order) = std::env::var(VARIABLE) else { return };
    let words: Vec<&str> = order.split('|').collect();
    let [url, folder, direction, reason, step, micros] = words[..] else { panic!("{order}") };
    let (step, micros): (usize, u64) = (step.parse().unwrap(), micros.parse().unwrap());
    let reason = if reason == "backup" { Reason::Backup } else { Reason::Preserve };
    let mut observer = |event: Event<'_>| {
        if matches!(event, Event::Statement { position, .. } if position == step) {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_micros(micros));
                std::process::abort();
            });
        }
    };
    block_on(async {
        let url = relata_sql::DatabaseUrl::parse(url).unwrap();
        let migrations = migrate::read_folder(std::path::Path::new(folder), url.dialect).unwrap();
        let driver = relata_testkit::driver(url.dialect);
        let mut connection = driver.connect(&url, &Default::default()).await.unwrap();
        let runner = runner(url.dialect, reason);
        if direction == "up" {
            runner.apply(connection.as_mut(), &migrations, None, &mut observer).await.unwrap();
        } else {
            runner.rollback(connection.as_mut(), &migrations, &Rollback::Steps(1), &mut observer).await.unwrap();
        }
    });
}

/// Runs the child, which dies or comes to its end before.
fn run_and_kill(case: &Case, direction: &str, reason: Reason, step: usize) {
    let within: u64 = match case.database.url().dialect {
        Dialect::Sqlite => 2_000,
        Dialect::Postgres => 6_000,
        Dialect::Mysql => 40_000,
    };
    let micros = fastrand::u64(0..within);
    let (url, path) = (case.database.url().expose(), case.path().display());
    let order = format!("{url}|{path}|{direction}|{}|{step}|{micros}", reason.word());
    let (code, said) = run_child(CHILD, VARIABLE, &order);
    assert!(matches!(code, None | Some(0)), "{direction} {step}: {said}");
}

async fn case(dialect: Dialect, off: bool) -> Case {
    let mut case = Case::new(dialect).await;
    let rows: Vec<String> = (1..=200).map(|id| format!("({id}, 'note {id}')")).collect();
    let rows = rows.join(", ");
    let first = format!(
        "CREATE TABLE kept (id integer NOT NULL PRIMARY KEY, note varchar(80));\nINSERT INTO kept VALUES {rows};\n\
         CREATE TABLE gone (id integer NOT NULL PRIMARY KEY, word varchar(80));\n\
         CREATE INDEX gone_word ON gone (word);\nINSERT INTO gone VALUES {rows};"
    );
    case.write(FIRST, &first, "DROP TABLE gone; DROP TABLE kept");
    case.apply().await.unwrap();
    let header = if off { "-- relata: transaction off\n" } else { "" };
    let up = "CREATE TABLE a (id integer NOT NULL PRIMARY KEY, n integer);\nINSERT INTO a SELECT id, id FROM kept;\n\
              ALTER TABLE kept ADD COLUMN y integer;\nUPDATE kept SET y = coalesce(y, 0) + id;\n\
              CREATE INDEX kept_y ON kept (y);\nCREATE VIEW v AS SELECT id, y FROM kept;\n\
              ALTER TABLE kept DROP COLUMN note;\nDROP TABLE gone;\nALTER TABLE a ADD COLUMN z integer;\n\
              UPDATE a SET n = n + 1000;";
    let on = if dialect == Dialect::Mysql { " ON kept" } else { "" };
    let down = format!(
        "UPDATE a SET n = n - 1000;\nALTER TABLE a DROP COLUMN z;\n\
         CREATE TABLE gone (id integer NOT NULL PRIMARY KEY, word varchar(80));\nCREATE INDEX gone_word ON gone (word);\n\
         ALTER TABLE kept ADD COLUMN note varchar(80);\nDROP VIEW v;\nDROP INDEX kept_y{on};\n\
         ALTER TABLE kept DROP COLUMN y;\nDELETE FROM a;\nDROP TABLE a;"
    );
    case.write(ID, &format!("{header}{up}"), &format!("{header}{down}"));
    case
}

/// Whether the migration is as a whole where `applied` says.
async fn is_whole(case: &mut Case, applied: bool, at: &str) {
    let state = if applied { "applied" } else { "pending" };
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} {state}")], "{at}");
    assert_eq!(case.tables().await, if applied { ["a", "kept"] } else { ["gone", "kept"] }, "{at}");
    let counts: &[(&str, i64)] = if applied {
        &[
            ("SELECT count(*) FROM kept WHERE y = id", 200),
            ("SELECT count(*) FROM v", 200),
            ("SELECT count(*) FROM a WHERE n = id + 1000 AND z IS NULL", 200),
        ]
    } else {
        &[
            ("SELECT count(*) FROM kept WHERE note LIKE 'note %' AND length(note) > 5", 200),
            ("SELECT count(DISTINCT note) FROM kept", 200),
            ("SELECT count(DISTINCT word) FROM gone WHERE word LIKE 'note %'", 200),
        ]
    };
    for (sql, expected) in counts {
        assert_eq!(case.count(sql).await, *expected, "{at}: {sql}");
    }
    nothing_left(case, at).await;
}

/// What the status says after the death, if it is the truth.
async fn state(case: &mut Case, at: &str) -> String {
    let state = case.states().await[1].rsplit_once(&format!("{ID} ")).unwrap().1.to_string();
    match state.as_str() {
        "applied" => is_whole(case, true, at).await,
        // What was announced and not begun is told apart by the schema alone.
        "pending" => is_whole(case, false, at).await,
        "half applied" | "half undone" => {}
        other => panic!("{at}: {other}"),
    }
    state
}

async fn finish(case: &mut Case, reason: Reason, up: bool, at: &str) {
    let migrations = case.migrations();
    let runner = runner(case.database.url().dialect, reason);
    let connection = case.connection.as_mut();
    let done = match up {
        true => runner.apply(connection, &migrations, None, &mut |_| {}).await,
        false => runner.rollback(connection, &migrations, &Rollback::Steps(1), &mut |_| {}).await,
    };
    done.unwrap_or_else(|error| panic!("{at}: {error}"));
    is_whole(case, up, at).await;
}

async fn round(case: &mut Case, direction: &str, reason: Reason, step: usize, round: usize) {
    let at = format!("{} {direction} step {step} round {round} {}", case.database.url().dialect, reason.word());
    let applied_before = direction == "down";
    if applied_before {
        finish(case, reason, true, &at).await;
    }
    run_and_kill(case, direction, reason, step);
    match state(case, &at).await.as_str() {
        "half applied" if round.is_multiple_of(2) => finish(case, reason, true, &at).await,
        "pending" if !applied_before => finish(case, reason, true, &at).await,
        _ => {}
    }
    if case.states().await[1] != format!("{ID} pending") {
        finish(case, reason, false, &at).await;
    }
}

fn dies_anywhere(dialect: Dialect, off: bool, direction: &str) {
    let rounds = std::env::var("RELATA_TEST_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
    block_on(async {
        let mut case = case(dialect, off).await;
        for number in 0..rounds {
            for step in 1..=STEPS {
                let reason = if (number + step).is_multiple_of(3) { Reason::Backup } else { Reason::Preserve };
                // A backup of SQLite is the whole file, which a rollback does not put back.
                let reason = if dialect == Dialect::Sqlite { Reason::Preserve } else { reason };
                round(&mut case, direction, reason, step, number + step).await;
            }
        }
    });
}

macro_rules! killed {
    ($($database:ident $dialect:ident $off:literal;)*) => {
        $(mod $database {
            use relata_schema::Dialect::$dialect;

            #[test]
            fn applying() {
                super::dies_anywhere($dialect, $off, "up");
            }

            #[test]
            fn rolling_back() {
                super::dies_anywhere($dialect, $off, "down");
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
