//! Reads Rust structs with relata attributes into declarations.
