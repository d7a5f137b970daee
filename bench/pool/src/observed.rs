//! What it costs that every statement is timed, counted and traced: point selects with and without, in turns.
//!
//! The bar is 2 % of the time of the select. The rounds alternate and the least of each is compared, so that what else the
//! machine does falls out.

use std::time::{Duration, Instant};

use relata::PoolOptions;
use relata::prelude::*;

const ROUNDS: usize = 60;
const ROWS: i64 = 1000;

#[derive(Entity)]
#[entity(table = "observed_users")]
pub struct User {
    #[id]
    pub id: i64,
    pub name: String,
    pub hair_color: Option<String>,
}

async fn open(url: &str, observe: bool) -> Db {
    let options = PoolOptions { max_connections: 1, observe, ..PoolOptions::default() };
    Db::open_with(url, options).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn fill(db: &mut Db) {
    let create = "CREATE TABLE observed_users (id bigint NOT NULL PRIMARY KEY, name varchar(100) NOT NULL, hair_color varchar(100))";
    let made = db.batch(&format!("DROP TABLE IF EXISTS observed_users; {create}")).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    let new = (0..ROWS).map(|id| NewUser { name: format!("user {id}") }.id(id).hair_color("black"));
    User::insert_many(new).exec(db).await.unwrap_or_else(|error| panic!("{error}"));
}

async fn select(db: &mut Db, count: usize) -> Duration {
    let begun = Instant::now();
    for n in 0..count {
        let user = User::by_key(n as i64 % ROWS).one(db).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(user.id, n as i64 % ROWS);
    }
    begun.elapsed()
}

pub async fn run(urls: &[&str]) {
    println!("| database | select, not observed | observed | cost | share |\n|---|---|---|---|---|");
    for url in urls {
        let (mut with, mut without) = (open(url, true).await, open(url, false).await);
        fill(&mut with).await;
        let count = if url.starts_with("sqlite") { 4000 } else { 800 };
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Whoever is first in a round has it neither better nor worse.
            let both: [(&mut Db, &mut Vec<Duration>); 2] = [(&mut with, &mut on), (&mut without, &mut off)];
            let mut both: Vec<_> = both.into_iter().collect();
            if round % 2 == 1 {
                both.reverse();
            }
            for (db, times) in both {
                times.push(select(db, count).await / count as u32);
            }
        }
        on.sort_unstable();
        off.sort_unstable();
        let nanoseconds = |times: &[Duration]| times[0].as_nanos() as f64;
        let (on, off) = (nanoseconds(&on), nanoseconds(&off));
        let kind = url.split(':').next().unwrap_or_default();
        println!("| {kind} | {off:.0} ns | {on:.0} ns | {:.0} ns | {:.2} % |", on - off, (on / off - 1.0) * 100.0);
    }
}

pub async fn selects(url: &str, observe: bool, count: usize) {
    let mut db = open(url, observe).await;
    fill(&mut db).await;
    select(&mut db, count).await;
}
