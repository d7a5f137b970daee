//! SQLite: facts, types, DDL.

pub mod print;
pub mod types;

/// Words that must be quoted, sorted.
pub const RESERVED: &[&str] =
    &["all", "and", "as", "check", "create", "from", "group", "order", "select", "table", "user", "where"];
