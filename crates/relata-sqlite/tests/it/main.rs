//! The SQLite driver and everything relata knows of SQLite, against real databases.

#![allow(clippy::unwrap_used)]

mod driver;
mod harness;
mod plans;
mod round_trip;
