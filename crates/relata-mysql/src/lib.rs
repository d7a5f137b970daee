//! The driver for MariaDB 10.6 and newer and for MySQL 8.
//!
//! - [`connect`]: URL parameters, TLS, the session that every connection gets.
//! - [`local`]: the socket of a server on the same machine.
//! - [`login`]: greeting, encryption, the proof of who asks; [`wire`] and [`line`]: what carries packets; [`packets`]: what they
//!   say; [`client`]: commands and answers.
//! - [`exec`]: statements, cursors, bulk inserts, transactions.
//! - [`types`]: cells out of rows, values into parameters.
//! - [`introspect`]: the schema of a database in a bounded number of catalogue queries.
//! - [`errors`]: what the server's error numbers mean.
//!
//! Invariants
//! - A session speaks utf8mb4, lives in UTC and is strict; `ANSI_QUOTES` is off.
//! - A connection whose future was dropped half-way answers `true` to `is_broken`.
//!
//! It deliberately does not use compression.

mod client;
mod connect;
mod cursor;
mod errors;
mod exec;
mod introspect;
mod line;
mod local;
mod login;
mod packets;
mod stats;
mod tls;
mod types;
mod wire;

pub use connect::MysqlDriver;
