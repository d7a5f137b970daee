//! The drivers this build has, and opening connections with them.

use std::sync::Arc;
use std::time::Duration;

use relata_runtime::Db;
use relata_runtime::pool::PoolOptions;
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

fn shared(dialect: Dialect) -> Arc<dyn Driver> {
    match dialect {
        Dialect::Sqlite => Arc::new(relata_sqlite::SqliteDriver),
        Dialect::Postgres => Arc::new(relata_postgres::PostgresDriver),
        Dialect::Mysql => Arc::new(relata_mysql::MysqlDriver),
    }
}

/// The URL as drivers take it: the node that takes writes, with its password, wherever that comes from.
///
/// # Errors
/// When the password is not where it should be, or no node takes writes.
pub async fn plain(url: &DatabaseUrl) -> Result<DatabaseUrl> {
    Db::primary_url(shared(url.dialect), url).await
}

/// A handle to a database that may be down, or may not exist: nothing is connected, nothing is created.
///
/// # Errors
/// `Kind::Configuration` when the URL's settings contradict each other.
pub fn prepare(url: &DatabaseUrl, limit: Duration) -> Result<Db> {
    let connect = ConnectOptions {
        create_if_missing: url.database == ":memory:",
        connect_timeout: limit,
        busy_timeout: limit.min(ConnectOptions::default().busy_timeout),
        ..ConnectOptions::default()
    };
    let options = PoolOptions { max_connections: 2, acquire_timeout: limit, connect, ..PoolOptions::default() };
    Db::prepare(shared(url.dialect), url.clone(), options, None)
}

/// Opens a connection to a database that exists: a missing SQLite file is an error, not an empty database.
///
/// # Errors
/// As the driver reports them.
pub async fn connect(url: &DatabaseUrl) -> Result<Box<dyn Connection>> {
    let options = ConnectOptions { create_if_missing: url.database == ":memory:", ..ConnectOptions::default() };
    driver(url.dialect).connect(&plain(url).await?, &options).await
}

/// Opens a connection for reading only.
///
/// # Errors
/// As the driver reports them.
pub async fn connect_to_read(url: &DatabaseUrl) -> Result<Box<dyn Connection>> {
    let memory = url.database == ":memory:";
    let options = ConnectOptions { create_if_missing: memory, read_only: !memory, ..ConnectOptions::default() };
    driver(url.dialect).connect(&plain(url).await?, &options).await
}
