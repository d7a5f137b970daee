//! Which driver speaks a dialect, and where its test server is.

use std::sync::Arc;

use relata_mysql::MysqlDriver;
use relata_postgres::PostgresDriver;
use relata_schema::Dialect;
use relata_sql::DatabaseUrl;
use relata_sql::driver::Driver;
use relata_sqlite::SqliteDriver;

/// relata's own driver for a dialect.
pub fn driver(dialect: Dialect) -> &'static dyn Driver {
    match dialect {
        Dialect::Sqlite => &SqliteDriver,
        Dialect::Postgres => &PostgresDriver,
        Dialect::Mysql => &MysqlDriver,
    }
}

/// relata's own driver for a dialect, to share.
pub fn shared_driver(dialect: Dialect) -> Arc<dyn Driver> {
    match dialect {
        Dialect::Sqlite => Arc::new(SqliteDriver),
        Dialect::Postgres => Arc::new(PostgresDriver),
        Dialect::Mysql => Arc::new(MysqlDriver),
    }
}

/// The test server of a dialect. SQLite has none: a URL of a database in memory.
///
/// # Panics
/// When the environment does not name the server.
pub fn server_url(dialect: Dialect) -> DatabaseUrl {
    let variable = match dialect {
        Dialect::Sqlite => return DatabaseUrl::sqlite_memory(),
        Dialect::Postgres => "RELATA_TEST_POSTGRES",
        Dialect::Mysql => "RELATA_TEST_MYSQL",
    };
    let Ok(text) = std::env::var(variable) else { panic!("set {variable}, or run ./test") };
    match DatabaseUrl::parse(&text) {
        Ok(url) if url.dialect == dialect => url,
        Ok(url) => panic!("{variable} names a database of {}", url.dialect.title()),
        Err(error) => panic!("{variable}: {error}"),
    }
}
