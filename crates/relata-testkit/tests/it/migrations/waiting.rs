//! Locks that others hold, runners that are asked to stop, and what scripts set for their session.

use std::time::Duration;

use relata_runtime::migrate::{self, Event, watch};
use relata_schema::Dialect;
use relata_sql::Kind;

use super::{Case, NOTES, block_on, on_every_database};

const ID: &str = "20260102000000_bbbbbb_column";

on_every_database! {
    a_lock_is_waited_for_and_tried_again
    a_lock_that_stays_is_given_up
    a_runner_stops_when_it_is_asked
    settings_end_with_their_script
}

/// A database with rows, and a migration that needs a lock on them.
async fn case(dialect: Dialect) -> Case {
    let mut case = Case::new(dialect).await;
    case.write("20260101000000_aaaaaa_notes", NOTES, "DROP TABLE notes");
    case.apply().await.unwrap();
    case.write(ID, "ALTER TABLE notes ADD COLUMN x integer", "ALTER TABLE notes DROP COLUMN x");
    case.runner.statement_lock_timeout = Some(Duration::from_millis(if dialect == Dialect::Mysql { 1000 } else { 50 }));
    case
}

const HOLD: &str = "UPDATE notes SET body = 'held' WHERE id = 1";

async fn a_lock_is_waited_for_and_tried_again(dialect: Dialect) {
    let mut case = case(dialect).await;
    let mut other = case.database.connect().await;
    other.begin(Default::default()).await.unwrap();
    other.batch(HOLD).await.unwrap();
    let migrations = case.migrations();
    let mut watcher = case.database.connect().await;
    let session = watch::session(case.connection.as_mut()).await.unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut retried = 0;
    let mut observer = |event: Event<'_>| {
        if let Event::Retrying { error, .. } = event {
            assert_eq!(error.kind(), Kind::LockTimeout, "{error}");
            retried += 1;
            // The others get through now. They may be gone already.
            let _ = sender.send(());
        }
    };
    let mut seen = Vec::new();
    let holder = async {
        let (mut again, mut looked) = (false, dialect == Dialect::Sqlite);
        // It waits only for moments: whoever looks too late looks again at the next attempt.
        while !(again && looked) {
            again |= receiver.try_recv().is_ok();
            if !looked {
                seen = watch::look(watcher.as_mut(), session).await.unwrap().blockers;
                looked = !seen.is_empty();
            }
            tokio::task::yield_now().await;
        }
        other.batch("ROLLBACK").await.unwrap();
    };
    case.runner.lock_attempts = 100;
    let work = case.runner.apply(case.connection.as_mut(), &migrations, None, &mut observer);
    let (result, ()) = tokio::join!(work, holder);
    assert_eq!(result.unwrap().len(), 1);
    assert!(retried > 0);
    if dialect != Dialect::Sqlite {
        assert!(!seen.is_empty(), "who is in the way is seen");
        assert!(seen[0].who.contains("session "), "{seen:?}");
        assert!(!seen[0].end.is_empty());
    }
}

async fn a_lock_that_stays_is_given_up(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.runner.lock_attempts = 2;
    let mut other = case.database.connect().await;
    other.begin(Default::default()).await.unwrap();
    other.batch(HOLD).await.unwrap();
    let error = case.apply().await.unwrap_err();
    assert_eq!(error.kind(), Kind::LockTimeout, "{error}");
    assert!(error.to_string().contains("given up after 2 attempts"), "{error}");
    other.batch("ROLLBACK").await.unwrap();
    let state = if dialect == Dialect::Mysql { "half applied" } else { "pending" };
    assert_eq!(case.states().await[1], format!("{ID} {state}"));
    case.apply().await.unwrap();
    assert_eq!(case.states().await[1], format!("{ID} applied"));
}

async fn a_runner_stops_when_it_is_asked(dialect: Dialect) {
    let mut case = case(dialect).await;
    let id = "20260103000000_cccccc_more";
    case.write(id, "CREATE TABLE a (x integer); CREATE TABLE b (x integer)", "DROP TABLE b; DROP TABLE a");
    let (migrations, stop) = (case.migrations(), case.runner.stop.clone());
    let mut observer = |event: Event<'_>| {
        if let Event::Ran { sql: "CREATE TABLE a (x integer)", .. } = event {
            stop.ask();
        }
    };
    let error = case.runner.apply(case.connection.as_mut(), &migrations, None, &mut observer).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled, "{error}");
    let tables: &[&str] = if dialect == Dialect::Mysql { &["a", "notes"] } else { &["notes"] };
    assert_eq!(case.tables().await, tables);
    case.runner.stop = Default::default();
    case.apply().await.unwrap();
    assert_eq!(case.tables().await, ["a", "b", "notes"]);
}

async fn settings_end_with_their_script(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    let (set, create, asked) = match dialect {
        Dialect::Sqlite => ("PRAGMA recursive_triggers = ON;", "CREATE TABLE", "PRAGMA recursive_triggers"),
        Dialect::Postgres => (
            "SELECT pg_catalog.set_config('search_path', '', false); SET statement_timeout = 12345;",
            "CREATE TABLE public.",
            "SELECT (current_setting('search_path') = '' OR current_setting('statement_timeout') <> '0')::int",
        ),
        Dialect::Mysql => ("SET FOREIGN_KEY_CHECKS = 0;", "CREATE TABLE", "SELECT 1 - @@foreign_key_checks"),
    };
    for (position, header) in ["", "-- relata: transaction off\n"].into_iter().enumerate() {
        let up = format!("{header}{set}\n{create} a{position} (x integer);\n{create} b{position} (x integer);")
            .replace(". ", ".");
        case.write(&format!("2026010{position}000000_aaaaaa_x"), &up, "");
        case.apply().await.unwrap();
        assert_eq!(case.count(asked).await, 0, "{dialect} {header}");
    }
    assert_eq!(case.tables().await, ["a0", "a1", "b0", "b1"]);
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    assert!(!trail.is_empty());
}
