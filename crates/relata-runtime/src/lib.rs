//! The engine room of relata: databases and their connections, transactions, entities, relations, migration execution.
//!
//! - [`Db`] and [`transaction!`] with [`Tx`]: what statements run on ([`Executor`]).
//! - [`Entity`], [`find::Find`], [`insert`], [`change`], [`aggregate`], [`page`], [`stream`], [`raw`]: statements.
//! - [`join`], [`cte`]: queries over several tables and over queries with names.
//! - [`search`]: filters, orders and pages from outside.
//! - [`relation`], [`load`], [`nested`], [`tree`]: relations, loading and writing them; [`changeset`], [`validation`]: input from outside, and
//!   what is wrong with a row, before it is written.
//! - [`inspect`], [`explain`]: a statement's SQL, and how a database runs it.
//! - [`Repository`] and [`Table`]: the usual operations on an entity, and on a table known only at run time.
//! - [`migrate`]: migration folders, their history and their execution.
//!
//! It knows no concrete database (drivers are handed in), no macro and no planner.

pub mod aggregate;
mod breaker;
mod by_name;
pub mod change;
pub mod changeset;
pub mod cluster;
pub mod cte;
mod db;
pub mod discovery;
pub mod entity;
pub mod events;
mod exact;
pub mod executor;
pub mod explain;
pub mod find;
pub mod health;
pub mod insert;
pub mod inspect;
pub mod integrity;
pub mod join;
mod json_schema;
pub mod load;
mod metrics;
pub mod migrate;
pub mod nested;
pub mod observe;
pub mod page;
pub mod pool;
pub mod raw;
pub mod relation;
mod repeated;
pub mod repository;
pub mod retry;
mod rules;
pub mod search;
pub mod secret;
mod soft_delete;
pub mod store;
pub mod stream;
pub mod table;
mod token;
pub mod transaction;
pub mod tree;
pub mod validation;
#[doc(hidden)]
pub mod words;

pub use cluster::Reads;
pub use db::{Db, WeakDb};
pub use entity::Entity;
pub use events::Events;
pub use executor::{Attempted, Executor, Intent, Lease};
pub use explain::Explain;
pub use insert::NewRow;
pub use inspect::Inspect;
pub use page::{Cursor, Page};
pub use pool::PoolOptions;
pub use raw::{Params, sql, sql_unchecked};
pub use relata_sql::{Error, FromRow, Id, Kind, Result};
pub use repository::Repository;
pub use search::{Search, Searchable};
pub use soft_delete::SoftDeleted;
pub use store::Store;
pub use stream::Rows;
pub use table::{Record, Table};
pub use token::Token;
pub use transaction::Tx;

/// The instant for `created_at`, `updated_at` and `deleted_at`, in microseconds: what every database keeps.
pub(crate) fn now() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
