//! `bench-peers memory [WORD]`: a SQLite database in memory, where nothing but the library's own work is left: no file is locked, none is
//! asked for its size. relata, diesel, sqlx and rusqlite in turns in one process, the least of the rounds.

use bench_suite::{Case, Database, Error, Job, measure, rows, tables};
use diesel::connection::SimpleConnection;

use crate::{diesel_peer, raw, relata_peer, sqlx_peer};

const ROUNDS: usize = 30;

/// Runs the cases whose name contains the word.
pub async fn run() -> Result<(), Error> {
    let only = std::env::args().nth(2).unwrap_or_default();
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    println!("| case | rusqlite µs | relata µs | to rusqlite | diesel | sqlx |\n|---|---|---|---|---|---|");
    for case in Case::ALL {
        for &size in case.sizes() {
            let name = format!("{} {size}", case.word());
            if name.contains(&only) {
                compare(&name, case, size, rounds).await?;
            }
        }
    }
    Ok(())
}

async fn compare(name: &str, case: Case, size: usize, rounds: usize) -> Result<(), Error> {
    let script = tables(Database::Sqlite).into_iter().chain(rows(case, size)).collect::<Vec<_>>().join(";\n");
    let mut floor = raw::Sqlite::open("sqlite::memory:")?;
    floor.connection.execute_batch(&script)?;
    let mut diesel = diesel_peer::sqlite::open("sqlite::memory:")?;
    diesel.0.batch_execute(&script)?;
    let mut sqlx = sqlx_peer::sqlite::open("sqlite::memory:").await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(script.clone())).execute(&mut sqlx.0).await?;
    let mut relata = relata_peer::Relata::open("sqlite::memory:").await?;
    relata.0.batch(&script).await?;
    let iterations = (20_000 / size).clamp(10, 2_000);
    let job = Job { peer: String::new(), database: Database::Sqlite, url: String::new(), case, size, iterations };
    let mut least = [f64::MAX; 4];
    for _ in 0..rounds {
        let mut took = |at: usize, took: bench_suite::Took| {
            least[at] = least[at].min(took.wall.as_secs_f64() * 1e6 / iterations as f64);
        };
        took(0, measure(&mut floor, &job).await?);
        took(1, measure(&mut diesel, &job).await?);
        took(2, measure(&mut relata, &job).await?);
        took(3, measure(&mut sqlx, &job).await?);
    }
    let [floor, diesel, relata, sqlx] = least;
    println!(
        "| {name} | {floor:.2} | {relata:.2} | {:.2} | {:.2} | {:.2} |",
        relata / floor,
        diesel / relata,
        sqlx / relata
    );
    Ok(())
}
