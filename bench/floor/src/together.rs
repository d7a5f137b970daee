//! A hundred queries in flight together beside one after the other; a million rows of whole numbers streamed.

use std::time::{Duration, Instant};

use bench_suite::{Case, Database, Error, Job};
use relata::Find;
use relata::prelude::*;

use crate::allocations;
use crate::relata_peer::User;

const ROWS: i64 = 1_000_000;

/// A row of whole numbers.
#[derive(Entity)]
pub struct Number {
    #[id]
    pub id: i64,
    pub square: i64,
    pub half: i64,
}

/// Runs both.
pub async fn run(database: Database, url: &str, rounds: usize) -> Result<(), Error> {
    let job = Job { peer: String::new(), database, url: url.into(), case: Case::Point, size: 1, iterations: 1 };
    crate::raw::setup(&job).await?;
    let db = &mut Db::open(url).await?;
    let (mut single, mut all) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds.max(2) * 20 {
        let begun = Instant::now();
        for key in 1..=100 {
            User::by_key(key).one(db).await?;
        }
        single = single.min(begun.elapsed());
        let begun = Instant::now();
        let found = Find::all_of((1..=100).map(User::by_key), db).await?;
        all = all.min(begun.elapsed());
        assert!(found.iter().all(|users| users.len() == 1), "every key has its row");
    }
    let times = single.as_secs_f64() / all.as_secs_f64();
    println!("{}: 100 by key one after the other {single:?}, together {all:?}, {times:.1} times", database.word());
    stream(database, db).await
}

async fn stream(database: Database, db: &mut Db) -> Result<(), Error> {
    let table = "CREATE TABLE numbers (id BIGINT PRIMARY KEY, square BIGINT NOT NULL, half BIGINT NOT NULL)";
    let series = match database {
        Database::Postgres => "SELECT i, i * i, i / 2 FROM generate_series(1::bigint, 1000000) i",
        Database::Mysql => "SELECT seq, seq * seq, seq DIV 2 FROM seq_1_to_1000000",
        Database::Sqlite => {
            "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 1000000) SELECT i, i * i, i / 2 FROM s"
        }
    };
    db.batch(&format!("DROP TABLE IF EXISTS numbers; {table}; INSERT INTO numbers {series}")).await?;
    let (before, held, begun) = (allocations::count(), allocations::start_peak(), Instant::now());
    let mut rows = Number::find().stream(db);
    let (mut count, mut sum) = (0, 0);
    while let Some(row) = rows.next().await? {
        count += 1;
        sum += row.square - row.half;
    }
    drop(rows);
    assert_eq!(count, ROWS, "every row came");
    let per_row = (allocations::count() - before) as f64 / ROWS as f64;
    let peak = (allocations::peak() - held) / 1024;
    println!(
        "{}: {ROWS} rows streamed in {:?}, {per_row:.4} allocations a row, at most {peak} KiB more than before ({sum})",
        database.word(),
        begun.elapsed()
    );
    let before = allocations::count();
    let all = Number::find().filter(Number.id.le(100_000)).all(db).await?;
    let per_row = (allocations::count() - before) as f64 / all.len() as f64;
    println!("{}: {} rows collected, {per_row:.4} allocations a row", database.word(), all.len());
    db.batch("DROP TABLE numbers").await?;
    Ok(())
}
