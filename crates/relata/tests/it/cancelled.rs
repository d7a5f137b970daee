//! Futures that are dropped half-way, on every database: what comes after on the same pool of one connection is right, and
//! nothing of what was cut off is kept.

use std::time::Duration;

use futures_util::StreamExt;
use relata::prelude::*;
use relata::{Dialect, Executor, PoolOptions, Result, sql_unchecked, value};

use crate::model::*;
use crate::setup::open_with;

const ROWS: usize = 5_000;

async fn alone(dialect: Dialect) -> (relata_testkit::TestDatabase, Db) {
    let options = PoolOptions { max_connections: 1, ..crate::setup::patient() };
    let (database, mut db) = open_with(dialect, options).await;
    let tags = (0..ROWS).map(|number| NewTag { name: format!("{number:0>300}") });
    Tag::insert_many(tags).exec(&mut db).await.unwrap();
    (database, db)
}

/// The answers are those to these questions, and everything is as it was.
async fn all_is_well(db: &mut Db, what: &str) {
    for number in 0..5i64 {
        let asked = Tag::find().limit(1).select(value::<_, i64>(number)).one(db).await;
        assert_eq!(asked.unwrap_or_else(|error| panic!("after {what}: {error}")), number, "after {what}");
    }
    assert_eq!(Tag::find().count(db).await.unwrap(), ROWS as u64, "after {what}");
}

async fn cut_off(db: &mut Db) -> Result<()> {
    // A statement that takes long: the future is polled once and dropped, or dropped after a while.
    let numbers =
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000000) SELECT COUNT(*) FROM n";
    for patience in [0, 1, 20] {
        let running = sql_unchecked::<i64>(numbers, ());
        let mut other = db.clone();
        let _ = tokio::time::timeout(Duration::from_millis(patience), running.one(&mut other)).await;
        all_is_well(db, "a statement").await;
    }
    // A statement that writes: it has happened, or it has not; here it cannot have.
    let mut other = db.clone();
    let insert = "INSERT INTO tags (name) SELECT a.name FROM tags a JOIN tags b ON a.id > 0 JOIN tags c ON c.id < 0";
    let _ = tokio::time::timeout(Duration::from_millis(5), sql_unchecked::<i64>(insert, ()).exec(&mut other)).await;
    all_is_well(db, "a statement that writes").await;
    // A stream: after no row, after one, in the middle of a portion.
    for rows in [0, 1, 700] {
        let mut other = db.clone();
        let mut stream = std::pin::pin!(Tag::find().stream(&mut other));
        for _ in 0..rows {
            stream.next().await.expect("there are more rows")?;
        }
    }
    all_is_well(db, "streams").await;
    let mut polled = db.clone();
    {
        let mut stream = std::pin::pin!(Tag::find().stream(&mut polled));
        let _ = tokio::time::timeout(Duration::ZERO, stream.next()).await;
    }
    all_is_well(db, "a stream polled once").await;
    // A transaction: after its first statement, in the middle of another, and at its commit.
    for patience in [0, 2, 10] {
        let mut other = db.clone();
        let work = async {
            transaction!(other, |tx| {
                NewTag { name: "cut off".into() }.insert(&mut tx).await?;
                sql_unchecked::<i64>(numbers, ()).one(&mut tx).await?;
                Tag::find().all(&mut tx).await?;
                std::future::pending::<()>().await;
                Ok(())
            })
        };
        let done = tokio::time::timeout(Duration::from_millis(patience), work).await;
        assert!(done.is_err(), "it never ends by itself");
        all_is_well(db, "a transaction").await;
    }
    {
        let mut other = db.clone();
        let mut tx = other.begin(Default::default()).await?;
        NewTag { name: "dropped".into() }.insert(&mut tx).await?;
        let mut stream = std::pin::pin!(Tag::find().stream(&mut tx));
        stream.next().await.expect("there are rows")?;
    }
    all_is_well(db, "a stream in a transaction").await;
    Ok(())
}

#[tokio::test]
async fn sqlite_is_clean_or_gone() {
    let (_database, mut db) = alone(Dialect::Sqlite).await;
    cut_off(&mut db).await.unwrap();
}

#[tokio::test]
async fn postgres_is_clean_or_gone() {
    let (_database, mut db) = alone(Dialect::Postgres).await;
    cut_off(&mut db).await.unwrap();
}

#[tokio::test]
async fn mysql_is_clean_or_gone() {
    let (_database, mut db) = alone(Dialect::Mysql).await;
    cut_off(&mut db).await.unwrap();
}
