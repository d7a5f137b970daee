//! The SQLite driver of relata, over `rusqlite` with SQLite compiled in.
//!
//! Short work runs on the caller's thread: a point select costs less than handing it to another thread would. What may
//! be long (a script, a statement that is not cached, reading the catalogue) goes to the runtime's blocking pool, one
//! job per connection at most; waiting for another writer's lock never blocks the caller's thread. See [`exec`].
//!
//! - [`connect`]: opening files, and what is set on every connection.
//! - [`exec`]: running statements, cursors, bulk inserts, transactions.
//! - `statement`: prepared statements, and the handle that keeps them.
//! - [`types`]: values to parameters, SQLite values to cells.
//! - `exact`: values that a column would change.
//! - [`introspect`]: the catalogue into a [`relata_schema::Schema`].
//! - [`errors`]: SQLite's result codes into [`relata_sql::Error`].
//!
//! It deliberately knows no pool, no statement tree and no plan.

pub mod connect;
mod cursor;
pub mod errors;
mod exact;
pub mod exec;
pub mod introspect;
mod patience;
mod statement;
mod stats;
mod suggest;
pub mod types;

pub use connect::SqliteDriver;
pub use exec::SqliteConnection;

/// The driver.
pub static DRIVER: SqliteDriver = SqliteDriver;

/// The driver, for a table of drivers.
pub fn driver() -> &'static dyn relata_sql::Driver {
    &DRIVER
}
