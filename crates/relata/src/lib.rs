//! The database layer for Rust.
