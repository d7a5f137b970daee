//! The drivers this build has, and opening connections with them.

use relata_schema::Dialect;
use relata_sql::driver::{Answer, ConnectOptions};
use relata_sql::{Connection, DatabaseUrl, Driver, Error, Result};

/// A dialect whose driver is not in this build.
struct Absent(Dialect);

impl Absent {
    fn error(&self) -> Error {
        Error::unsupported(format!("this build has no driver for {}", self.0.title()), "use a newer one")
    }
}

impl Driver for Absent {
    fn dialect(&self) -> Dialect {
        self.0
    }

    fn connect<'a>(&'a self, _: &'a DatabaseUrl, _: &'a ConnectOptions) -> Answer<'a, Box<dyn Connection>> {
        Answer::ready(Err(self.error()))
    }

    fn create_database<'a>(&'a self, _: &'a DatabaseUrl) -> Answer<'a, ()> {
        Answer::ready(Err(self.error()))
    }

    fn drop_database<'a>(&'a self, _: &'a DatabaseUrl) -> Answer<'a, ()> {
        Answer::ready(Err(self.error()))
    }
}

/// The driver of a dialect.
pub fn driver(dialect: Dialect) -> &'static dyn Driver {
    match dialect {
        Dialect::Sqlite => &Absent(Dialect::Sqlite),
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
