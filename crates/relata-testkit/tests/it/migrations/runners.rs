//! Two runners at once.

use std::time::Duration;

use relata_runtime::migrate::{self, Event, Loss, Runner, Vanishing};
use relata_schema::Dialect;
use relata_sql::Kind;

use relata_testkit::servers::PgBouncer;

use super::{Case, NOTES, block_on, on_every_database};

on_every_database! {
    two_runners_apply_once
    a_held_lock_is_named
    what_another_rollback_took_is_said
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

/// What was counted is gone when it is to be copied.
async fn what_another_rollback_took_is_said(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.connection.batch(NOTES).await.unwrap();
    let schema = migrate::schema(case.connection.as_mut()).await.unwrap();
    case.connection.batch("DROP TABLE notes").await.unwrap();
    let vanishing = Vanishing { table: dialect.name("notes"), column: None };
    let losses = [Loss { vanishing, values: 1 }];
    let directory = case.path().join(".lost");
    let error = migrate::keep(case.connection.as_mut(), &schema, &losses, &directory).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UndefinedTable);
    assert!(error.to_string().contains("somebody else may be rolling back"), "{error:?}");
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

/// A pooler that lends sessions out keeps no lock: it is found, nothing is done, and no lock stays behind. A proxy that
/// passes everything on is none.
#[test]
fn a_pooler_of_transactions_is_refused() {
    if PgBouncer::is_missing() {
        return;
    }
    block_on(async {
        let mut case = Case::new(Dialect::Postgres).await;
        case.write("20260101000000_aaaaaa_notes", NOTES, "DROP TABLE notes");
        let migrations = case.migrations();
        let pooler = PgBouncer::in_front_of(case.database.url(), 2);
        let through = pooler.url(case.database.url());
        let mut pooled = case.database.driver().connect(&through, &Default::default()).await.unwrap();
        let error = case.runner.apply(pooled.as_mut(), &migrations, None, &mut |_| {}).await.unwrap_err();
        expect_test::expect![[r#"
            a pooler stands between here and the server: it may lend each transaction another session, and then neither the migration lock nor a setting holds [R0701]
              hint: give the server's own URL for migrations (PostgreSQL itself rather than PgBouncer, often port 5432)
              hint: if the pooler keeps one session for each connection, say so in the URL: ?pooler=session
              hint: nothing was changed"#]]
        .assert_eq(&error.to_string());
        assert_eq!(
            case.count(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                               (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            .await,
            0
        );
        assert!(case.tables().await.is_empty());
        case.apply().await.unwrap();
        // Two runners through a pooler that is said to keep sessions, and does not: still nothing is done twice.
        case.write("20260102000000_bbbbbb_tags", "CREATE TABLE tags (id integer); INSERT INTO tags VALUES (1)", "");
        let migrations = case.migrations();
        let mut through = through;
        through.params.push(("pooler".into(), "session".into()));
        let runner = Runner { lock_timeout: Duration::from_secs(5), ..case.runner.clone() };
        let run = || {
            let (migrations, runner, through, database) = (&migrations, &runner, &through, &case.database);
            async move {
                let mut connection = database.driver().connect(through, &Default::default()).await.unwrap();
                runner.apply(connection.as_mut(), migrations, None, &mut |_| {}).await
            }
        };
        let _ = tokio::join!(run(), run());
        let rows = case.count("SELECT count(*) FROM information_schema.tables WHERE table_name = 'tags'").await;
        let noted =
            case.count("SELECT count(*) FROM relata_migration_log WHERE action = 'apply' AND ending = 'done'").await;
        assert!(rows <= 1 && noted == 1 + rows, "{rows} tables, noted {noted} times");
    });
}
