//! What the tests share: opening databases and waiting for answers.

use relata_sql::driver::{ConnectOptions, IntrospectOptions, RowSink};
use relata_sql::{Connection, DatabaseUrl, Driver, Result, Row, Statement, Value};

/// A runtime without timers, as a caller may have.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A connection to a database in memory.
pub fn memory() -> Box<dyn Connection> {
    connect(&DatabaseUrl::sqlite_memory()).unwrap()
}

/// A connection.
pub fn connect(url: &DatabaseUrl) -> Result<Box<dyn Connection>> {
    block_on(relata_sqlite::DRIVER.connect(url, &ConnectOptions::default()))
}

/// A connection with `script` run on it.
pub fn loaded(script: &str) -> Box<dyn Connection> {
    let mut connection = memory();
    block_on(connection.batch(script)).unwrap();
    connection
}

/// The schema of a connection.
pub fn schema(connection: &mut dyn Connection) -> relata_schema::Schema {
    block_on(connection.introspect(&IntrospectOptions::default())).unwrap()
}

/// Every row as values.
#[derive(Default)]
pub struct Rows(pub Vec<Vec<Value>>);

impl RowSink for Rows {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let cells = (0..row.len()).map(|index| row.cell(index).map(|cell| cell.to_value()));
        self.0.push(cells.collect::<Result<_>>()?);
        Ok(())
    }
}

/// The rows of a query.
pub fn rows(connection: &mut dyn Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut rows = Rows::default();
    block_on(connection.query(Statement::new(sql, &[]), &mut rows)).unwrap();
    rows.0
}
