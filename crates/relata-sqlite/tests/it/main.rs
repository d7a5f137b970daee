//! The SQLite driver and everything relata knows of SQLite, against real databases.

mod driver;
mod harness;
mod plans;
mod round_trip;
