//! The driver against a real server, named by `RELATA_TEST_MYSQL`.

#![allow(clippy::unwrap_used)]

mod driver;
mod failures;
mod laws;
mod migrate;
mod round_trip;
mod server;
