//! Databases of a test's own, and rows as text.

use std::sync::OnceLock;

use relata_mysql::MysqlDriver;
use relata_schema::Schema;
use relata_sql::driver::{ConnectOptions, Connection, Driver, IntrospectOptions, Row, RowSink, Statement};
use relata_sql::{Cell, DatabaseUrl, Result, Value};

/// The runtime of all tests.
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// The server's URL, without a database.
pub fn server() -> DatabaseUrl {
    let url = std::env::var("RELATA_TEST_MYSQL").expect("set RELATA_TEST_MYSQL, or run ./test");
    DatabaseUrl::parse(&url).unwrap()
}

/// Whether the server is MySQL rather than MariaDB.
pub fn is_mysql() -> bool {
    static MYSQL: OnceLock<bool> = OnceLock::new();
    *MYSQL.get_or_init(|| connect(&server()).server().product == "MySQL")
}

/// Whether this is MySQL, which lacks what the test is about: said, so that nobody believes it tested.
pub fn lacks(what: &str) -> bool {
    if is_mysql() {
        eprintln!("SKIPPED on MySQL, which has no {what}");
    }
    is_mysql()
}

/// The script as this server spells it: an index that the planner overlooks has another word on MySQL.
pub fn spelled(script: &str) -> String {
    if is_mysql() { script.replace("NOT IGNORED", "VISIBLE").replace("IGNORED", "INVISIBLE") } else { script.into() }
}

/// A database that goes with the value.
pub struct Database {
    pub url: DatabaseUrl,
}

impl Database {
    pub fn create() -> Self {
        let name = format!("relata_{}", uuid::Uuid::new_v4().simple());
        let url = server().with_database(&name);
        block_on(MysqlDriver.create_database(&url)).unwrap();
        Database { url }
    }

    pub fn connect(&self) -> Box<dyn Connection> {
        connect(&self.url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = block_on(MysqlDriver.drop_database(&self.url));
    }
}

pub fn connect(url: &DatabaseUrl) -> Box<dyn Connection> {
    block_on(MysqlDriver.connect(url, &ConnectOptions::default())).unwrap()
}

/// A connection to a database made by these statements.
pub fn with(script: &str) -> (Database, Box<dyn Connection>) {
    let database = Database::create();
    let mut connection = database.connect();
    block_on(connection.batch(script)).unwrap();
    (database, connection)
}

/// Collects rows.
#[derive(Default)]
pub struct Rows {
    pub names: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

impl RowSink for Rows {
    fn columns(&mut self, columns: &[relata_sql::driver::ColumnInfo]) -> Result<()> {
        self.names = columns.iter().map(|column| format!("{} {}", column.name, column.type_name)).collect();
        Ok(())
    }

    fn wants_columns(&self) -> bool {
        true
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let cells = (0..row.len()).map(|index| row.cell(index).map(|cell: Cell<'_>| cell.to_value()));
        self.rows.push(cells.collect::<Result<_>>()?);
        Ok(())
    }
}

/// The rows of a query.
pub fn query(connection: &mut dyn Connection, sql: &str, params: &[Value]) -> Rows {
    let mut rows = Rows::default();
    block_on(connection.query(Statement::new(sql, params), &mut rows)).unwrap();
    rows
}

/// The one value of a query.
pub fn value(connection: &mut dyn Connection, sql: &str) -> Value {
    query(connection, sql, &[]).rows.remove(0).remove(0)
}

/// Runs a script as the `mariadb` shell would, without the statements that choose a database.
pub fn load(connection: &mut dyn Connection, script: &str) {
    let other_database = ["create database", "create schema", "drop database", "drop schema", "use "];
    for sql in relata_schema::script::split(relata_schema::Dialect::Mysql, script) {
        let lower = sql.to_lowercase();
        if !other_database.iter().any(|start| lower.starts_with(start)) {
            block_on(connection.batch(&sql)).unwrap_or_else(|error| panic!("{error}\n{sql}"));
        }
    }
}

/// The schema of a connection's database.
pub fn introspect(connection: &mut dyn Connection) -> Schema {
    block_on(connection.introspect(&IntrospectOptions::default())).unwrap()
}

/// A file of the data beside the repository, or `None` where there is none.
pub fn shared(path: &str) -> Option<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/");
    let text = std::fs::read_to_string(std::env::var("RELATA_SHARED").unwrap_or(root.into()) + path).ok();
    if text.is_none() {
        eprintln!("skipped: there is no shared/{path} beside the repository");
    }
    text
}
