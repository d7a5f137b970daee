//! What databases know of the size of their tables.

use relata_schema::Dialect;
use relata_schema::statistics::TableStatistics;
use relata_sql::driver::Connection;
use relata_testkit::TestDatabase;

async fn statistics(connection: &mut dyn Connection, table: &str) -> TableStatistics {
    let tables = connection.statistics().await.unwrap();
    tables.into_iter().find(|found| found.name.name == table).unwrap()
}

async fn sizes(dialect: Dialect) {
    let database = TestDatabase::create(dialect).await;
    let mut connection = database.connect().await;
    connection.batch("CREATE TABLE notes (id integer NOT NULL PRIMARY KEY, body varchar(200))").await.unwrap();
    connection.batch("CREATE INDEX notes_body ON notes (body)").await.unwrap();
    assert_eq!(statistics(connection.as_mut(), "notes").await.rows, Some(0), "{dialect}: an empty table is empty");
    let rows: Vec<String> = (0..2000).map(|row| format!("({row}, 'some text that takes place {row}')")).collect();
    connection.batch(&format!("INSERT INTO notes VALUES {}", rows.join(", "))).await.unwrap();
    let never = statistics(connection.as_mut(), "notes").await;
    assert!(never.bytes > 0, "{dialect}: {never:?}");
    assert!(never.rows != Some(0) || dialect == Dialect::Mysql, "{dialect}: unknown is not none: {never:?}");
    connection.batch(if dialect == Dialect::Mysql { "ANALYZE TABLE notes" } else { "ANALYZE" }).await.unwrap();
    let gathered = statistics(connection.as_mut(), "notes").await;
    let found = gathered.rows.unwrap();
    assert!((1500..2500).contains(&found), "{dialect}: {gathered:?}");
    assert!(gathered.bytes >= 16_384 && gathered.index_bytes > 0, "{dialect}: {gathered:?}");
    assert_eq!(gathered.exact, dialect == Dialect::Sqlite);
}

#[test]
fn tables_have_sizes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        runtime.block_on(sizes(dialect));
    }
}
