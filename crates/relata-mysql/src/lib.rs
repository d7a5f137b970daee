//! The driver for MariaDB 10.6 and newer and for MySQL 8, on `mysql_async`.
//!
//! - [`connect`]: URL parameters, TLS, the session that every connection gets.
//! - [`local`]: the socket of a server on the same machine.
//! - [`exec`]: statements, cursors, bulk inserts, transactions.
//! - [`types`]: cells out of the client's values, values into its parameters.
//! - [`introspect`]: the schema of a database in a bounded number of catalogue queries.
//! - [`errors`]: what the server's error numbers mean.
//!
//! Invariants
//! - A session speaks utf8mb4, lives in UTC and is strict; `ANSI_QUOTES` is off.
//! - A connection whose future was dropped half-way answers `true` to `is_broken`.
//! - No pool of the client library is used: one connection is one socket.
//!
//! It deliberately does not use compression.

mod connect;
mod cursor;
mod errors;
mod exec;
mod introspect;
mod local;
mod stats;
mod tls;
mod types;

pub use connect::MysqlDriver;
