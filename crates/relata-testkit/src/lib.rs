//! What tests need: databases of their own in milliseconds, and the suite that every driver passes.
//!
//! - [`TestDatabase`]: a database for one test, of any dialect, gone when the test is over; empty, or with a schema that
//!   is built once and then copied.
//! - [`rolled_back`]: runs a test inside a transaction that is always rolled back, the fastest isolation there is.
//! - [`Proxy`]: stands between a client and a server and delays, cuts, drops, throttles, garbles.
//! - [`conformance`]: the driver contract ([`relata_sql::driver`]) as named cases. [`conformance_tests!`] makes a test of
//!   each, for relata's own drivers and for anybody's.
//!
//! - [`servers`]: servers of a test's own that follow one another, to be killed and frozen; [`load`]: who writes meanwhile.
//!
//! The servers of ordinary tests are named by `RELATA_TEST_POSTGRES` and `RELATA_TEST_MYSQL` (URLs without a database, of a role that may create
//! databases); `./test` starts both and sets them. Nothing is skipped in silence: a test whose server is missing fails and
//! says so.

mod database;
mod isolation;
mod proxy;
mod server;

pub mod conformance;
#[cfg(target_os = "linux")]
pub mod load;
#[cfg(target_os = "linux")]
pub mod servers;

pub use database::TestDatabase;
pub use isolation::rolled_back;
pub use proxy::{Fault, Proxy};
pub use server::{driver, server_url, shared_driver};

/// The guide's page on testing, whose code is compiled with this crate's.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/src/testing.md")]
mod guide {}
