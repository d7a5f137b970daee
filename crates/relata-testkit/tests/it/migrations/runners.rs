//! Two runners at once.

use std::time::Duration;

use relata_runtime::migrate::{self, Event, Runner};
use relata_schema::Dialect;
use relata_sql::Kind;

use super::{Case, NOTES, block_on, on_every_database};

on_every_database! {
    two_runners_apply_once
    a_held_lock_is_named
}

async fn two_runners_apply_once(dialect: Dialect) {
    let case = Case::new(dialect).await;
    case.write("20260101000000_aaaaaa_notes", NOTES, "DROP TABLE notes");
    case.write("20260102000000_bbbbbb_tags", "CREATE TABLE tags (id integer)", "DROP TABLE tags");
    let migrations = case.migrations();
    let run = || {
        let (migrations, runner, database) = (&migrations, &case.runner, &case.database);
        async move {
            let mut connection = database.connect().await;
            runner.apply(connection.as_mut(), migrations, None, &mut |_| {}).await.unwrap().len()
        }
    };
    let (first, second, third) = tokio::join!(run(), run(), run());
    let mut applied = [first, second, third];
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 2], "one did it all, the others waited and found nothing to do");
}

/// While one runner is in the middle of its work, another gives up and says who is in its way.
async fn a_held_lock_is_named(dialect: Dialect) {
    let case = Case::new(dialect).await;
    case.write("20260101000000_aaaaaa_notes", NOTES, "DROP TABLE notes");
    let migrations = case.migrations();
    let impatient = Runner { lock_timeout: Duration::ZERO, ..case.runner.clone() };
    let mut holder = case.database.connect().await;
    let (send, receive) = std::sync::mpsc::channel();
    let database = &case.database;
    let mut watch = |event: Event<'_>| {
        // In the middle of the first statement's announcement: the lock is held, and nothing else can go on here.
        if let Event::Begin { .. } = event {
            let (url, driver) = (database.url().clone(), database.driver());
            let (impatient, migrations, send) = (impatient.clone(), migrations.clone(), send.clone());
            let other = std::thread::spawn(move || {
                block_on(async {
                    let mut connection = driver.connect(&url, &Default::default()).await.unwrap();
                    let result = impatient.apply(connection.as_mut(), &migrations, None, &mut |_| {}).await;
                    send.send(result.unwrap_err()).unwrap();
                });
            });
            other.join().unwrap();
        }
    };
    case.runner.apply(holder.as_mut(), &migrations, None, &mut watch).await.unwrap();
    let error = receive.recv().unwrap();
    assert_eq!(error.kind(), Kind::MigrationLocked);
    let text = error.to_string();
    let expected = format!("another runner holds the migration lock of this {} database: ", dialect.title());
    assert!(text.starts_with(&expected), "{text}");
    let holder_named = match dialect {
        Dialect::Sqlite => format!("process {} of ann@test, since ", std::process::id()),
        Dialect::Postgres | Dialect::Mysql => "session ".into(),
    };
    assert!(text.contains(&holder_named), "{text}");
    let mut connection = case.database.connect().await;
    assert_eq!(migrate::read_history(connection.as_mut()).await.unwrap().len(), 1);
}
