//! The driver against a real server, named by `RELATA_TEST_MYSQL`.

mod driver;
mod failures;
mod round_trip;
mod server;
