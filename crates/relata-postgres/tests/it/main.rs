//! The PostgreSQL slice against a real server: driver, catalogue, printer and planner.

#![allow(clippy::unwrap_used)]

mod driver;
mod round_trip;
mod server;
