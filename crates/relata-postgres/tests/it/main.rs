//! The PostgreSQL slice against a real server: driver, catalogue, printer and planner.

mod driver;
mod server;
