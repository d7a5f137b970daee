//! What the cases share: opening connections, writing SQL for each dialect, collecting rows.

use std::marker::PhantomData;

use relata_schema::Dialect;
use relata_sql::driver::{ColumnInfo, ConnectOptions, Connection, Done, Driver, Row, RowSink, Statement};
use relata_sql::{DatabaseUrl, Decode, Error, Kind, Result, Value};

/// A driver under test and an empty database for it.
pub struct Suite<'a> {
    /// The driver.
    pub driver: &'a dyn Driver,
    /// The empty database.
    pub url: DatabaseUrl,
}

impl<'a> Suite<'a> {
    /// A driver and an empty database for it. SQLite: a file, so that two connections see the same.
    pub fn new(driver: &'a dyn Driver, url: DatabaseUrl) -> Self {
        Suite { driver, url }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.driver.dialect()
    }

    pub(super) fn is(&self, dialect: Dialect) -> bool {
        self.dialect() == dialect
    }

    pub(super) async fn connect(&self) -> Session {
        self.connect_with(&ConnectOptions::default()).await
    }

    pub(super) async fn connect_with(&self, options: &ConnectOptions) -> Session {
        match self.driver.connect(&self.url, options).await {
            Ok(connection) => Session { connection },
            Err(error) => panic!("cannot connect: {error}"),
        }
    }

    pub(super) async fn connect_error(&self, url: &DatabaseUrl, options: &ConnectOptions) -> Error {
        match self.driver.connect(url, options).await {
            Ok(_) => panic!("connecting to {url} should fail"),
            Err(error) => error,
        }
    }

    /// The type of a column, by a portable word.
    pub(super) fn ty(&self, word: &str) -> &'static str {
        let [sqlite, postgres, mysql] = match word {
            "bool" => ["BOOLEAN", "boolean", "boolean"],
            "int" => ["INTEGER", "integer", "int"],
            "bigint" => ["BIGINT", "bigint", "bigint"],
            "float" => ["DOUBLE", "double precision", "double"],
            "decimal" => ["DECIMAL(15, 6)", "numeric(28, 6)", "decimal(28, 6)"],
            "text" => ["TEXT", "text", "longtext CHARACTER SET utf8mb4"],
            "varchar" => ["VARCHAR(100)", "varchar(100)", "varchar(100) CHARACTER SET utf8mb4"],
            "bytes" => ["BLOB", "bytea", "longblob"],
            // MySQL has no such type.
            "uuid" => ["UUID", "uuid", "/*M! uuid *//*!80000 char(36) */"],
            "date" => ["DATE", "date", "date"],
            "time" => ["TIME", "time", "time(6)"],
            "datetime" => ["DATETIME", "timestamp", "datetime(6)"],
            "instant" => ["TIMESTAMP", "timestamptz", "timestamp(6)"],
            "json" => ["JSON", "jsonb", "json"],
            other => panic!("no type for {other}"),
        };
        match self.dialect() {
            Dialect::Sqlite => sqlite,
            Dialect::Postgres => postgres,
            Dialect::Mysql => mysql,
        }
    }
}

/// The portable words of [`Suite::ty`].
pub(super) const TYPES: &[&str] = &[
    "bool", "int", "bigint", "float", "decimal", "text", "varchar", "bytes", "uuid", "date", "time", "datetime",
    "instant", "json",
];

/// A connection whose SQL is written with `?` for every dialect, and whose failures fail the test.
pub(super) struct Session {
    pub(super) connection: Box<dyn Connection>,
}

impl Session {
    fn write(&self, sql: &str) -> String {
        placeholders(self.connection.dialect(), sql)
    }

    pub(super) async fn run(&mut self, sql: &str) -> Done {
        self.run_with(sql, &[]).await
    }

    pub(super) async fn run_with(&mut self, sql: &str, params: &[Value]) -> Done {
        self.try_run(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub(super) async fn try_run(&mut self, sql: &str, params: &[Value]) -> Result<Done> {
        let sql = self.write(sql);
        self.connection.execute(Statement::new(&sql, params)).await
    }

    pub(super) async fn batch(&mut self, script: &str) {
        self.connection.batch(script).await.unwrap_or_else(|error| panic!("{script}: {error}"));
    }

    /// The error that a statement must give.
    pub(super) async fn error(&mut self, sql: &str, params: &[Value]) -> Error {
        match self.try_run(sql, params).await {
            Ok(done) => panic!("{sql} should fail, but did {done:?}"),
            Err(error) => error,
        }
    }

    pub(super) async fn rows(&mut self, sql: &str, params: &[Value]) -> Collected {
        self.try_rows(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub(super) async fn try_rows(&mut self, sql: &str, params: &[Value]) -> Result<Collected> {
        let sql = self.write(sql);
        let mut sink = Collected { wants_columns: true, ..Collected::default() };
        self.connection.query(Statement::new(&sql, params), &mut sink).await?;
        Ok(sink)
    }

    /// The first column of every row, decoded.
    pub(super) async fn decoded<T: Decode + Send>(&mut self, sql: &str, params: &[Value]) -> Vec<T> {
        self.try_decoded(sql, params).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub(super) async fn try_decoded<T: Decode + Send>(&mut self, sql: &str, params: &[Value]) -> Result<Vec<T>> {
        let sql = self.write(sql);
        let mut sink = Decoded { values: Vec::new(), of: PhantomData };
        self.connection.query(Statement::new(&sql, params), &mut sink).await?;
        Ok(sink.values)
    }

    /// The one number that a query gives.
    pub(super) async fn number(&mut self, sql: &str) -> i64 {
        let values: Vec<i64> = self.decoded(sql, &[]).await;
        assert_eq!(values.len(), 1, "{sql} should give one row");
        values[0]
    }

    /// Fails unless the connection answers as it should: the right row for a new question, nothing left of the last.
    pub(super) async fn is_usable(&mut self) {
        assert!(!self.connection.is_broken(), "the connection should not be broken");
        assert_eq!(self.number("SELECT 41 + 1").await, 42);
    }
}

/// SQL with `?` for its parameters, in the spelling of a dialect. The SQL must not hold a `?` for another purpose.
pub(super) fn placeholders(dialect: Dialect, sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 8);
    let mut count = 0;
    for part in sql.split_inclusive('?') {
        let Some(text) = part.strip_suffix('?') else {
            out.push_str(part);
            continue;
        };
        count += 1;
        out.push_str(text);
        match dialect {
            Dialect::Sqlite => out.push_str(&format!("?{count}")),
            Dialect::Postgres => out.push_str(&format!("${count}")),
            Dialect::Mysql => out.push('?'),
        }
    }
    out
}

/// Everything a query gave.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) wants_columns: bool,
    pub(super) described: usize,
    pub(super) columns: Vec<ColumnInfo>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl RowSink for Collected {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        assert!(self.rows.is_empty(), "columns come before rows");
        self.described += 1;
        self.columns = columns.to_vec();
        Ok(())
    }

    fn wants_columns(&self) -> bool {
        self.wants_columns
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let cells = (0..row.len()).map(|index| Ok(row.cell(index)?.to_value()));
        self.rows.push(cells.collect::<Result<_>>()?);
        Ok(())
    }
}

struct Decoded<T> {
    values: Vec<T>,
    of: PhantomData<T>,
}

impl<T: Decode + Send> RowSink for Decoded<T> {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let cell = row.cell(0)?;
        let found: String = format!("{cell:?}").chars().take(60).collect();
        let value = T::decode(cell)
            .map_err(|mismatch| Error::new(Kind::Decode, format!("expected {}, found {found}", mismatch.expected)))?;
        self.values.push(value);
        Ok(())
    }
}
