//! The PostgreSQL slice against a real server: driver, catalogue, printer and planner.

#![allow(clippy::unwrap_used)]

mod driver;
mod generated;
mod pairs;
mod plan;
mod round_trip;
mod server;
mod together;
