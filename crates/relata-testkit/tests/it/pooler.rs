//! PgBouncer in transaction mode: two sessions of the server for many connections of ours.

use expect_test::expect;
use relata_runtime::pool::PoolOptions;
use relata_runtime::{Db, Kind, Result, Token, sql, transaction};
use relata_schema::Dialect;
use relata_sql::Value;
use relata_sql::driver::{BulkInsert, IntrospectOptions};
use relata_testkit::servers::PgBouncer;
use relata_testkit::{TestDatabase, driver, shared_driver};

/// A database, and a handle to it by way of a pooler. `None`: there is no pooler here.
async fn behind_a_pooler() -> Option<(Db, PgBouncer, TestDatabase)> {
    if PgBouncer::is_missing() {
        return None;
    }
    let database = TestDatabase::create(Dialect::Postgres).await;
    let pooler = PgBouncer::in_front_of(database.url(), 2);
    let url = pooler.url(database.url());
    let db = Db::connect(shared_driver(url.dialect), url, PoolOptions::default()).await.unwrap();
    Some((db, pooler, database))
}

async fn count(db: &Db) -> i64 {
    sql::<i64>("SELECT COUNT(*) FROM notes", ()).one(&mut db.clone()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_work_whichever_session_they_get() {
    let Some((db, _pooler, _database)) = behind_a_pooler().await else { return };
    let types =
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE notes (n bigint, text text, mood mood, moods mood[])";
    db.clone().batch(types).await.unwrap();
    let write = async |mut db: Db, task: i64| -> Result<()> {
        for n in 0..40 {
            let insert = "INSERT INTO notes VALUES (?, ?, CAST(? AS mood), ARRAY[CAST(? AS mood)])";
            sql::<()>(insert, (task * 1000 + n, "hello", "glad", "sad")).exec(&mut db).await?;
            let row: (i64, String, String) =
                sql("SELECT n, text, mood FROM notes WHERE n = ?", (task * 1000 + n,)).one(&mut db).await?;
            assert_eq!(row, (task * 1000 + n, "hello".to_string(), "glad".to_string()));
            let changed: u64 = transaction!(db, retries = 3, |tx| {
                sql::<()>("UPDATE notes SET text = ? WHERE n = ?", ("bye", task * 1000 + n)).exec(&mut tx).await
            })?;
            assert_eq!(changed, 1);
        }
        Ok(())
    };
    let tasks: Vec<_> = (0..8).map(|task| write(db.clone(), task)).collect();
    for result in futures_util::future::join_all(tasks).await {
        result.unwrap();
    }
    assert_eq!(count(&db).await, 320);
    let _: Token = db.token().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_changed_is_read_as_what_it_is() {
    let Some((mut db, _pooler, database)) = behind_a_pooler().await else { return };
    db.batch("CREATE TABLE notes (n int); INSERT INTO notes VALUES (7)").await.unwrap();
    let read = async |db: &Db| sql::<i64>("SELECT n FROM notes", ()).one(&mut db.clone()).await;
    assert_eq!(read(&db).await.unwrap(), 7);
    let mut beside =
        Db::connect(shared_driver(Dialect::Postgres), database.url().clone(), PoolOptions::default()).await.unwrap();
    beside.batch("ALTER TABLE notes ALTER n TYPE bigint; UPDATE notes SET n = 5000000000").await.unwrap();
    assert_eq!(read(&db).await.unwrap(), 5_000_000_000);
    beside
        .batch("ALTER TABLE notes ADD m int; ALTER TABLE notes DROP n; ALTER TABLE notes RENAME m TO n")
        .await
        .unwrap();
    beside.batch("UPDATE notes SET n = 3").await.unwrap();
    assert_eq!(read(&db).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_rows_and_the_catalogue() {
    let Some((db, pooler, database)) = behind_a_pooler().await else { return };
    db.clone().batch("CREATE TABLE notes (n bigint, text text)").await.unwrap();
    let url = pooler.url(database.url());
    let mut connection = driver(url.dialect).connect(&url, &Default::default()).await.unwrap();
    assert!(connection.server().pooled);
    for rows in [1, 10, 2000] {
        let values: Vec<_> = (0..rows).flat_map(|n| [Value::Int(n), Value::Text(format!("note {n}"))]).collect();
        let table = relata_schema::model::ObjectName::new("public", "notes");
        let insert = BulkInsert { table: &table, columns: &["n", "text"], values: &values };
        assert_eq!(connection.bulk_insert(insert).await.unwrap(), rows as u64);
    }
    assert_eq!(count(&db).await, 2011);
    for _ in 0..3 {
        let schema = connection.introspect(&IntrospectOptions::default()).await.unwrap();
        assert_eq!(schema.tables.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_session_would_keep_is_refused() {
    let Some((db, _pooler, database)) = behind_a_pooler().await else { return };
    for refused in [
        "SET statement_timeout = 1000",
        "LISTEN jobs",
        "SELECT pg_advisory_lock(1)",
        "CREATE TEMP TABLE t (n int)",
        "PREPARE p AS SELECT 1",
    ] {
        let error = db.clone().batch(refused).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported, "{refused}: {error}");
        let error = sql::<()>(refused, ()).exec(&mut db.clone()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported, "{refused}: {error}");
    }
    let error = db.clone().batch("SET statement_timeout = 1000").await.unwrap_err();
    expect![[r#"
        a setting would be kept in a session, and a pooler gives each transaction another one [R0407]
          sql: SET statement_timeout = 1000
          hint: write SET LOCAL inside a transaction
          hint: or connect to the server itself; a pooler that keeps sessions apart is told by pooler=session in the URL"#]]
    .assert_eq(&error.to_string());
    let mut db = db.clone();
    let kept: Result<i64> = transaction!(db, |tx| {
        sql::<()>("SET LOCAL lock_timeout = 1000", ()).exec(&mut tx).await?;
        sql::<()>("CREATE TEMP TABLE t (n int) ON COMMIT DROP", ()).exec(&mut tx).await?;
        sql::<()>("INSERT INTO t VALUES (1)", ()).exec(&mut tx).await?;
        sql("SELECT COUNT(*) FROM t WHERE pg_try_advisory_xact_lock(?)", (7,)).one(&mut tx).await
    });
    assert_eq!(kept.unwrap(), 1);
    // The server itself keeps them.
    let mut beside =
        Db::connect(shared_driver(Dialect::Postgres), database.url().clone(), PoolOptions::default()).await.unwrap();
    beside.batch("SET statement_timeout = 1000").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_stops_the_statement_behind_the_pooler() {
    let Some((db, _pooler, database)) = behind_a_pooler().await else { return };
    let mut hurried = db.within(std::time::Duration::from_millis(300));
    let error = sql::<String>("SELECT pg_sleep(30)::text", ()).one(&mut hurried).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    let beside =
        Db::connect(shared_driver(Dialect::Postgres), database.url().clone(), PoolOptions::default()).await.unwrap();
    relata_testkit::servers::until("it is stopped", std::time::Duration::from_secs(60), async || {
        let sleeping = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND state = 'active' \
                        AND datname = current_database()";
        sql::<i64>(sleeping, ()).one(&mut beside.clone()).await.unwrap() == 0
    })
    .await;
    assert_eq!(sql::<i64>("SELECT 1::bigint", ()).one(&mut db.clone()).await.unwrap(), 1);
}
