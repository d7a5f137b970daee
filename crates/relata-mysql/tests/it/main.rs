//! The driver against a real server, named by `RELATA_TEST_MYSQL`.

#![allow(clippy::unwrap_used)]

mod driver;
mod failures;
mod laws;
mod logins;
mod long;
mod migrate;
mod round_trip;
mod server;
