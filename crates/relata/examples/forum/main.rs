//! A forum on relata: ten entities, two services, changesets from JSON, hooks that keep an audit trail, soft deletion, comments
//! on one of several things, trees and pages.
//!
//! ```text
//! cargo run --example forum
//! ```
//!
//! It runs on SQLite in memory; `tests/it/forum.rs` runs the same on every database.

mod entities;
mod services;
mod story;

use relata::Db;

#[tokio::main]
async fn main() -> relata::Result<()> {
    let mut db = Db::open("sqlite::memory:").await?;
    // What `relata migrate apply` would do: these tables are those that the entities declare.
    db.batch(include_str!("tables.sql")).await?;
    print!("{}", story::tell(db).await?);
    Ok(())
}
