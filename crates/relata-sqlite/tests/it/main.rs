//! The SQLite driver and everything relata knows of SQLite, against real databases.

#![allow(clippy::unwrap_used)]

mod copies;
mod driver;
mod errors;
mod harness;
mod laws;
mod plans;
mod round_trip;
mod turns;
