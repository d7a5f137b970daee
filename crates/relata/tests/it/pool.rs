//! Connections: how many, how long, and what is said when there is none.

use std::time::Duration;

use relata::prelude::*;
use relata::{Kind, PoolOptions, Result};

async fn in_a_file(options: PoolOptions) -> (Db, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let mut db = Db::open_with(&url, options).await.unwrap();
    db.batch("CREATE TABLE numbers (n INTEGER NOT NULL)").await.unwrap();
    (db, folder)
}

#[tokio::test]
async fn a_write_beside_the_own_transaction_is_told_what_to_do() -> Result<()> {
    let options = PoolOptions { acquire_timeout: Duration::from_millis(50), ..PoolOptions::default() };
    let (mut db, _folder) = in_a_file(options).await;
    let mut beside = db.clone();
    transaction!(db, |tx| {
        sql::<()>("INSERT INTO numbers VALUES (?)", (1,)).exec(&mut tx).await?;
        let error = sql::<()>("INSERT INTO numbers VALUES (?)", (2,)).exec(&mut beside).await.unwrap_err();
        assert_eq!(error.kind(), Kind::PoolTimeout);
        assert!(error.to_string().contains("run every statement on its `tx`"), "{error}");
        // Readers see what was committed before, and wait for nobody.
        assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut beside).await?, 0);
        Ok(())
    })?;
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut beside).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_database_in_memory_outlives_idleness() -> Result<()> {
    let zero = Duration::ZERO;
    let options = PoolOptions { idle_timeout: zero, ping_after: zero, ..PoolOptions::default() };
    let mut db = Db::open_with("sqlite::memory:", options).await?;
    db.batch("CREATE TABLE numbers (n INTEGER NOT NULL)").await?;
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn old_connections_are_replaced() -> Result<()> {
    let zero = Duration::ZERO;
    let options = PoolOptions { idle_timeout: zero, ping_after: zero, max_connections: 2, ..PoolOptions::default() };
    let (mut db, _folder) = in_a_file(options).await;
    for n in 0..5 {
        sql::<()>("INSERT INTO numbers VALUES (?)", (n,)).exec(&mut db).await?;
    }
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?, 5);
    Ok(())
}

#[tokio::test]
async fn a_wrong_address_is_told_at_once() {
    let error = Db::open("postgres://nobody@127.0.0.1:1/none").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert_eq!(Db::open("shop.db").await.unwrap_err().kind(), Kind::InvalidUrl);
}
