//! The SQLite driver of relata.
