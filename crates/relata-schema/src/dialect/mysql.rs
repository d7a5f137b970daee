//! MariaDB and MySQL: facts, types, DDL.

mod declared;
pub mod print;
mod reserved;
pub mod types;

pub use declared::for_mysql;
pub use reserved::RESERVED;

use crate::model::Schema;

/// Which of the two servers a text is for, where they spell a thing differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Server {
    /// MariaDB.
    #[default]
    MariaDb,
    /// MySQL.
    MySql,
}

impl Server {
    /// The server that a schema was read from.
    pub fn of(schema: &Schema) -> Self {
        if schema.mysql { Server::MySql } else { Server::MariaDb }
    }
}
