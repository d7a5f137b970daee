//! The drivers this build has, and opening connections with them.

use relata_schema::Dialect;
use relata_sql::driver::ConnectOptions;
use relata_sql::{Connection, DatabaseUrl, Driver, Result};

/// The driver of a dialect.
pub fn driver(dialect: Dialect) -> &'static dyn Driver {
    match dialect {
        Dialect::Sqlite => &relata_sqlite::SqliteDriver,
        Dialect::Postgres => &relata_postgres::PostgresDriver,
        Dialect::Mysql => &relata_mysql::MysqlDriver,
    }
}

/// Opens a connection to a database that exists: a missing SQLite file is an error, not an empty database.
///
/// # Errors
/// As the driver reports them.
pub async fn connect(url: &DatabaseUrl) -> Result<Box<dyn Connection>> {
    let options = ConnectOptions { create_if_missing: url.database == ":memory:", ..ConnectOptions::default() };
    driver(url.dialect).connect(url, &options).await
}

/// Opens a connection for reading only.
///
/// # Errors
/// As the driver reports them.
pub async fn connect_to_read(url: &DatabaseUrl) -> Result<Box<dyn Connection>> {
    let memory = url.database == ":memory:";
    let options = ConnectOptions { create_if_missing: memory, read_only: !memory, ..ConnectOptions::default() };
    driver(url.dialect).connect(url, &options).await
}
