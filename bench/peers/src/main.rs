//! A worker with relata, the raw drivers, diesel, diesel_async, sqlx and sea-orm; `memory` compares those without a thread of
//! their own on a SQLite database in memory.

mod diesel_async_peer;
mod diesel_peer;
mod diesel_schema;
mod memory;
mod raw;
mod relata_peer;
mod sea_orm_peer;
mod sqlx_peer;

use bench_suite::{Database, Error, Job, Took, measure, serve};

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match std::env::args().nth(1).as_deref() {
        Some("memory") => runtime.block_on(memory::run()),
        _ => serve(|job| runtime.block_on(run(job))),
    }
}

async fn run(job: &Job) -> Result<Took, Error> {
    let url = job.url.as_str();
    match (job.peer.as_str(), job.database) {
        ("setup", _) => raw::setup(job).await,
        ("raw", Database::Sqlite) => measure(&mut raw::Sqlite::open(url)?, job).await,
        ("raw", Database::Postgres) => measure(&mut raw::Postgres::open(url).await?, job).await,
        ("raw", Database::Mysql) => measure(&mut raw::Mysql::open(url).await?, job).await,
        ("relata", _) => measure(&mut relata_peer::Relata::open(url).await?, job).await,
        // Where the others stay that do not move to the socket of a server on the same machine.
        ("relata_tcp", Database::Postgres | Database::Mysql) => {
            measure(&mut relata_peer::Relata::open(&format!("{url}?transport=tcp")).await?, job).await
        }
        ("diesel", Database::Sqlite) => measure(&mut diesel_peer::sqlite::open(url)?, job).await,
        ("diesel", Database::Postgres) => measure(&mut diesel_peer::postgres::open(url)?, job).await,
        ("diesel", Database::Mysql) => measure(&mut diesel_peer::mysql::open(url)?, job).await,
        ("diesel_async", Database::Sqlite) => measure(&mut diesel_async_peer::sqlite::open(url).await?, job).await,
        ("diesel_async", Database::Postgres) => measure(&mut diesel_async_peer::postgres::open(url).await?, job).await,
        ("diesel_async", Database::Mysql) => measure(&mut diesel_async_peer::mysql::open(url).await?, job).await,
        ("sqlx", Database::Sqlite) => measure(&mut sqlx_peer::sqlite::open(url).await?, job).await,
        ("sqlx", Database::Postgres) => measure(&mut sqlx_peer::postgres::open(url).await?, job).await,
        ("sqlx", Database::Mysql) => measure(&mut sqlx_peer::mysql::open(url).await?, job).await,
        ("sea_orm", _) => measure(&mut sea_orm_peer::SeaOrm::open(url).await?, job).await,
        (other, _) => Err(format!("{other} is not for this database").into()),
    }
}
