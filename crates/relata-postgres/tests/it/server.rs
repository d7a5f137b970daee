//! A database of its own for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use relata_postgres::PostgresDriver;
use relata_sql::driver::{ConnectOptions, Connection, Driver, Row, RowSink, Statement};
use relata_sql::{DatabaseUrl, Result, Value};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The server that the tests use.
pub fn url() -> DatabaseUrl {
    let text = std::env::var("RELATA_TEST_POSTGRES").expect("set RELATA_TEST_POSTGRES, or run ./test");
    text.parse().expect("RELATA_TEST_POSTGRES is a URL")
}

/// Opens a connection.
pub async fn open(url: &DatabaseUrl) -> Box<dyn Connection> {
    PostgresDriver.connect(url, &ConnectOptions::default()).await.expect("the test server answers")
}

/// A fresh, empty database, dropped by [`Database::drop`].
pub struct Database {
    pub url: DatabaseUrl,
    pub connection: Box<dyn Connection>,
}

impl Database {
    pub async fn new() -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let url = url().with_database(&format!("relata_it_{}_{number}", std::process::id()));
        PostgresDriver.drop_database(&url).await.unwrap();
        PostgresDriver.create_database(&url).await.unwrap();
        let connection = open(&url).await;
        Database { url, connection }
    }

    /// Runs a script.
    pub async fn run(&mut self, script: &str) {
        if let Err(error) = self.connection.batch(script).await {
            panic!("{error}\nin\n{}", script.chars().take(2000).collect::<String>());
        }
    }

    /// Runs statements one by one.
    pub async fn run_each(&mut self, statements: &[String]) {
        for statement in statements {
            self.run(statement).await;
        }
    }

    /// The rows of a query as values.
    pub async fn rows(&mut self, sql: &str) -> Result<Vec<Vec<Value>>> {
        rows(self.connection.as_mut(), sql, &[]).await
    }

    pub async fn drop(self) {
        self.connection.close().await.unwrap();
        PostgresDriver.drop_database(&self.url).await.unwrap();
    }
}

/// Collects rows.
#[derive(Default)]
pub struct Collect(pub Vec<Vec<Value>>);

impl RowSink for Collect {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.0.push((0..row.len()).map(|index| row.cell(index).map(|cell| cell.to_value())).collect::<Result<_>>()?);
        Ok(())
    }
}

/// The rows of a statement.
pub async fn rows(connection: &mut dyn Connection, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>> {
    let mut sink = Collect::default();
    connection.query(Statement::new(sql, params), &mut sink).await?;
    Ok(sink.0)
}
