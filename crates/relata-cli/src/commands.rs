//! One file per command; each holds its options and what it does.

pub mod cluster;
pub mod completions;
pub mod data;
pub mod demo;
pub mod diff;
pub mod explain;
pub mod health;
pub mod init;
pub mod inspect;
pub mod lock;
pub mod man;
pub mod migrate;
pub mod query;
pub mod schema;
