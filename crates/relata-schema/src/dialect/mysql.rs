//! MariaDB and MySQL: facts, types, DDL.

pub mod print;
mod reserved;
pub mod types;

pub use reserved::RESERVED;
