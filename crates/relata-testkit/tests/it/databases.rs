//! Databases of one's own: alone, with a schema, gone afterwards.

use relata_schema::model::{Column, Key, Table};
use relata_schema::types::Type;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{ConnectOptions, Connection, Row, RowSink, Statement};
use relata_sql::{Decode, Kind, Result};
use relata_testkit::{TestDatabase, rolled_back};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

struct Count(i64);

impl RowSink for Count {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.0 = i64::decode(row.cell(0)?).unwrap();
        Ok(())
    }
}

async fn count(connection: &mut dyn Connection) -> i64 {
    let mut count = Count(-1);
    connection.query(Statement::new("SELECT count(*) FROM notes", &[]), &mut count).await.unwrap();
    count.0
}

fn notes(dialect: Dialect) -> Schema {
    let mut schema = Schema::new(dialect);
    let id = Column { ty: dialect.physical(&Type::Int(4)).unwrap().into(), ..Column::default() };
    let mut table = Table { name: dialect.name("notes"), ..Table::default() };
    table.columns.push(Column { name: "id".into(), not_null: true, ..id });
    table.primary_key = Some(Key::over("", &["id"]));
    schema.tables.push(table);
    schema
}

async fn a_schema_in_each(dialect: Dialect) {
    let schema = notes(dialect);
    let [one, two] = [TestDatabase::with_schema(&schema).await, TestDatabase::with_schema(&schema).await];
    let (mut first, mut second) = (one.connect().await, two.connect().await);
    first.execute(Statement::new("INSERT INTO notes VALUES (1)", &[])).await.unwrap();
    assert_eq!((count(&mut *first).await, count(&mut *second).await), (1, 0), "nothing is shared");
    let inside = rolled_back(&mut *first, async |connection: &mut dyn Connection| {
        connection.execute(Statement::new("INSERT INTO notes VALUES (2)", &[])).await.unwrap();
        count(connection).await
    });
    assert_eq!(inside.await.unwrap(), 2);
    assert_eq!(count(&mut *first).await, 1, "rolled back");
}

#[test]
fn sqlite_schema_in_each() {
    block_on(a_schema_in_each(Dialect::Sqlite));
}

#[test]
fn postgres_schema_in_each() {
    block_on(a_schema_in_each(Dialect::Postgres));
}

#[test]
fn mysql_schema_in_each() {
    block_on(a_schema_in_each(Dialect::Mysql));
}

#[test]
fn a_database_is_gone_with_its_value_also_after_a_panic() {
    for dialect in [Dialect::Postgres, Dialect::Mysql] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let test = std::thread::spawn(move || {
            block_on(async {
                let database = TestDatabase::create(dialect).await;
                sender.send(database.url().clone()).unwrap();
                let _connection = database.connect().await;
                std::panic::resume_unwind(Box::new("a test that fails"));
            });
        });
        assert!(test.join().is_err());
        let url = receiver.recv().unwrap();
        let outcome =
            block_on(async { relata_testkit::driver(dialect).connect(&url, &ConnectOptions::default()).await });
        assert_eq!(outcome.err().map(|error| error.kind()), Some(Kind::NoSuchDatabase));
    }
    let path = block_on(async {
        let database = TestDatabase::create(Dialect::Sqlite).await;
        database.connect().await.batch("CREATE TABLE t (a int)").await.unwrap();
        database.url().database.clone()
    });
    assert!(!std::path::Path::new(&path).parent().unwrap().exists());
}
