//! The PostgreSQL driver of relata: `tokio-postgres` behind relata's driver contract.
//!
//! - [`connect`]: URL to connection; TLS; creating and dropping databases.
//! - [`local`]: the socket of a server on this machine.
//! - [`exec`]: statements, cursors, bulk inserts, transactions.
//! - [`line`]: the line that the driver's statements and the client library share; [`message`]: the protocol of statements.
//! - [`types`]: values into parameters, the row buffer into cells.
//! - [`introspect`]: the catalogue into a [`relata_schema::Schema`].
//! - [`errors`]: SQLSTATEs and transport failures into [`relata_sql::Error`].
//!
//! It knows no pool, no statement tree and no entity. No type of `tokio-postgres` is part of its public face.

mod cache;
mod connect;
mod engine;
mod errors;
mod exec;
mod frame;
mod introspect;
mod line;
mod local;
mod message;
mod stats;
mod tls;
mod types;
mod wire;

pub use connect::PostgresDriver;
