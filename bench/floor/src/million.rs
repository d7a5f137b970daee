//! A table with a million rows, and what an application asks of it every day: each answer's time, the median and the
//! longest of many.

use std::time::{Duration, Instant};

use bench_suite::{Database, Error};
use relata::prelude::*;

const ROUNDS: u32 = 101;

/// Who owns items: ten thousand.
#[derive(Entity)]
pub struct Owner {
    #[id]
    pub id: i64,
    pub name: String,
}

/// One of a million.
#[derive(Entity)]
pub struct Item {
    #[id]
    pub id: i64,
    #[references(Owner)]
    pub owner_id: i64,
    #[unique]
    pub code: String,
    pub price: i64,
}

/// Makes the tables if they are not there, and asks.
pub async fn run(database: Database, url: &str) -> Result<(), Error> {
    let db = &mut Db::open(url).await?;
    fill(database, db).await?;
    println!("| {} | median ms | longest ms |\n|---|---|---|", database.word());
    let show = |what: &str, mut times: Vec<Duration>| {
        times.sort_unstable();
        let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "| {what} | {:.2} | {:.2} |",
            milliseconds(times[times.len() / 2]),
            milliseconds(times[times.len() - 1])
        );
    };
    let keys = || (0..ROUNDS).map(|round| i64::from(round) * 9_901 + 1);

    let mut times = Vec::new();
    for key in keys() {
        let begun = Instant::now();
        Item::by_key(key).one(db).await?;
        times.push(begun.elapsed());
    }
    show("by key", times);

    let mut times = Vec::new();
    let mut cursor = None;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let page = Item::find().order(Item.price.desc()).after(cursor).limit(50).page(db).await?;
        times.push(begun.elapsed());
        assert_eq!(page.items.len(), 50, "a page is full");
        cursor = page.next;
    }
    show("a page of 50 by cursor", times);

    let mut times = Vec::new();
    for key in keys() {
        let begun = Instant::now();
        let owned = Item::find().filter(Item.owner_id.eq(key % 10_000 + 1)).order(Item.price.asc()).limit(50);
        let items = owned.with(Item.owner).all(db).await?;
        times.push(begun.elapsed());
        assert_eq!(items.len(), 50, "a list is full");
    }
    show("a list of 50, filtered, each with its owner", times);

    let mut times = Vec::new();
    for key in keys() {
        let begun = Instant::now();
        let count = Item::find().filter(Item.price.between(key, key + 9_999)).count(db).await?;
        times.push(begun.elapsed());
        assert!(count > 5_000, "it counts many");
    }
    show("a count of ten thousand, filtered", times);

    let mut times = Vec::new();
    for key in keys() {
        let begun = Instant::now();
        let new = NewItem { owner_id: 1, code: format!("item {key}"), price: key * 7 % 1_000_003 }.id(key);
        new.on_conflict(Item.code).update(Item.price, db).await?;
        times.push(begun.elapsed());
    }
    show("an upsert", times);
    Ok(())
}

async fn fill(database: Database, db: &mut Db) -> Result<(), Error> {
    if Item::find().count(db).await.is_ok_and(|count| count == 1_000_000) {
        return Ok(());
    }
    let numbers = |last: u32| match database {
        Database::Postgres => format!("FROM generate_series(1::bigint, {last}) AS s (i)"),
        Database::Mysql => format!("FROM (SELECT seq AS i FROM seq_1_to_{last}) s"),
        Database::Sqlite => format!(
            "FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n) s"
        ),
    };
    let text = |prefix: &str| match database {
        Database::Mysql => format!("CONCAT('{prefix} ', i)"),
        _ => format!("'{prefix} ' || i"),
    };
    let analyze = match database {
        Database::Mysql => "ANALYZE TABLE items, owners",
        _ => "ANALYZE",
    };
    db.batch(&format!(
        "DROP TABLE IF EXISTS items; DROP TABLE IF EXISTS owners;
         CREATE TABLE owners (id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL);
         CREATE TABLE items (id BIGINT PRIMARY KEY, owner_id BIGINT NOT NULL, code VARCHAR(40) NOT NULL UNIQUE,
             price BIGINT NOT NULL, FOREIGN KEY (owner_id) REFERENCES owners (id));
         INSERT INTO owners SELECT i, {} {};
         INSERT INTO items SELECT i, i * 7919 % 10000 + 1, {}, i * 7 % 1000003 {};
         CREATE INDEX item_price ON items (price, id);
         CREATE INDEX item_owner_price ON items (owner_id, price);
         {analyze}",
        text("owner"),
        numbers(10_000),
        text("item"),
        numbers(1_000_000),
    ))
    .await?;
    Ok(())
}
