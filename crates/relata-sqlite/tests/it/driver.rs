//! The driver contract on SQLite: statements, cursors, transactions, locks, abandoned work.

use std::time::{Duration, Instant};

use relata_schema::model::ObjectName;
use relata_sql::driver::{BulkInsert, ColumnInfo, ConnectOptions, RowSink, TransactionOptions};
use relata_sql::{Connection, DatabaseUrl, Driver, Error, Kind, Result, Row, Statement, Value};

use crate::harness::{Rows, block_on, connect, loaded, rows};

#[test]
fn values_come_back_as_they_went() {
    let mut connection = loaded("CREATE TABLE t (a, b, c, d, e, f, g)");
    let params = [
        Value::Int(i64::MIN),
        Value::Float(0.5),
        Value::Text("Ünï 'q'".into()),
        Value::Bytes(vec![0, 255]),
        Value::Null,
        Value::Bool(true),
        Value::Timestamp("2024-02-29T12:00:00.5Z".parse().unwrap()),
    ];
    let insert = Statement::new("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &params);
    let done = block_on(connection.execute(insert)).unwrap();
    assert_eq!((done.rows_affected, done.last_insert_id), (1, Some(1)));
    let mut expected = params.to_vec();
    expected[5] = Value::Int(1);
    expected[6] = Value::Text("2024-02-29 12:00:00.5".into());
    assert_eq!(rows(&mut *connection, "SELECT * FROM t"), [expected]);
    let done = block_on(connection.execute(Statement::once("CREATE TABLE u (a)", &[]))).unwrap();
    assert_eq!((done.rows_affected, done.last_insert_id), (0, None));
}

#[derive(Default)]
struct Names(Vec<ColumnInfo>);

impl RowSink for Names {
    fn wants_columns(&self) -> bool {
        true
    }

    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        self.0 = columns.to_vec();
        Ok(())
    }

    fn row(&mut self, _row: &mut dyn Row) -> Result<()> {
        Err(Error::new(Kind::TooManyRows, "enough"))
    }
}

#[test]
fn columns_are_named_even_without_rows_and_after_a_change() {
    let mut connection = loaded("CREATE TABLE t (id INTEGER, name NVARCHAR(160))");
    for expected in [2, 3] {
        let mut names = Names::default();
        block_on(connection.query(Statement::new("SELECT * FROM t", &[]), &mut names)).unwrap();
        assert_eq!(names.0.len(), expected);
        assert_eq!((names.0[1].name.as_str(), names.0[1].type_name.as_str()), ("name", "NVARCHAR(160)"));
        if expected == 2 {
            block_on(connection.batch("ALTER TABLE t ADD COLUMN more")).unwrap();
        }
    }
    block_on(connection.batch("INSERT INTO t VALUES (1, 'x', 2)")).unwrap();
    let mut names = Names::default();
    let error = block_on(connection.query(Statement::new("SELECT * FROM t", &[]), &mut names)).unwrap_err();
    assert_eq!((error.kind(), names.0.len()), (Kind::TooManyRows, 3));
    assert_eq!(rows(&mut *connection, "SELECT id FROM t"), [[Value::Int(1)]]);
}

#[test]
fn a_cursor_gives_portions_and_can_be_left() {
    let mut connection = loaded("CREATE TABLE t (a INTEGER PRIMARY KEY)");
    let sql = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < ?1) SELECT a FROM n";
    let params = [Value::Int(1000)];
    let mut cursor = block_on(connection.open_cursor(Statement::new(sql, &params))).unwrap();
    let mut seen = Rows::default();
    assert!(block_on(cursor.fetch(400, &mut seen)).unwrap());
    assert_eq!(seen.0.len(), 400);
    while block_on(cursor.fetch(400, &mut seen)).unwrap() {}
    assert_eq!(seen.0.last(), Some(&vec![Value::Int(1000)]));
    assert!(!block_on(cursor.fetch(1, &mut seen)).unwrap());
    drop(cursor);
    let mut cursor = block_on(connection.open_cursor(Statement::new(sql, &params))).unwrap();
    assert!(block_on(cursor.fetch(1, &mut seen)).unwrap());
    drop(cursor);
    block_on(connection.batch("DROP TABLE t")).unwrap();
}

#[test]
fn bulk_inserts_are_atomic() {
    let mut connection = loaded("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)");
    let table = ObjectName::bare("t");
    let mut values: Vec<_> = (0..500).flat_map(|n| [Value::Int(n), Value::Text(format!("row {n}"))]).collect();
    let insert = |values: &[Value], connection: &mut dyn Connection| {
        block_on(connection.bulk_insert(BulkInsert { table: &table, columns: &["a", "b"], values }))
    };
    assert_eq!(insert(&values, &mut *connection).unwrap(), 500);
    block_on(connection.batch("DELETE FROM t WHERE a < 250")).unwrap();
    let error = insert(&values, &mut *connection).unwrap_err();
    assert_eq!((error.kind(), error.details().column.as_deref()), (Kind::UniqueViolation, Some("a")));
    assert_eq!(rows(&mut *connection, "SELECT count(*) FROM t"), [[Value::Int(250)]]);
    block_on(connection.begin(TransactionOptions::default())).unwrap();
    values.truncate(2);
    assert_eq!(insert(&values, &mut *connection).unwrap(), 1);
    assert!(insert(&values, &mut *connection).is_err());
    assert!(connection.in_transaction());
    block_on(connection.execute(Statement::new("COMMIT", &[]))).unwrap();
    assert_eq!(rows(&mut *connection, "SELECT count(*) FROM t"), [[Value::Int(251)]]);
}

#[test]
fn a_waiting_writer_lets_the_other_finish_on_one_thread() {
    let directory = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite_file(directory.path().join("a.db").display().to_string());
    let (mut one, mut two) = (connect(&url).unwrap(), connect(&url).unwrap());
    block_on(one.batch("CREATE TABLE t (a)")).unwrap();
    block_on(async {
        one.begin(TransactionOptions::default()).await.unwrap();
        let waiting = two.begin(TransactionOptions::default());
        one.execute(Statement::new("INSERT INTO t VALUES (1)", &[])).await.unwrap();
        one.execute(Statement::new("COMMIT", &[])).await.unwrap();
        waiting.await.unwrap();
        assert!(two.in_transaction());
        two.reset().await.unwrap();
        assert!(!two.in_transaction());
    });
}

#[test]
fn a_lock_that_is_not_given_ends_in_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::sqlite_file(directory.path().join("a.db").display().to_string());
    let mut one = connect(&url).unwrap();
    block_on(one.batch("CREATE TABLE t (a); BEGIN IMMEDIATE")).unwrap();
    let options = ConnectOptions { busy_timeout: Duration::from_millis(30), ..ConnectOptions::default() };
    let mut two = block_on(relata_sqlite::DRIVER.connect(&url, &options)).unwrap();
    let start = Instant::now();
    let error = block_on(two.execute(Statement::new("INSERT INTO t VALUES (1)", &[]))).unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert!(error.is_retryable() && !two.is_broken());
    expect_test::expect![[r#"
        after waiting 30 ms: the database is locked: another connection is writing [R0203, SQLITE_BUSY]
          hint: wait for the other writer, keep its transactions short, or allow a longer busy timeout"#]]
    .assert_eq(&error.to_string());
}

#[test]
fn abandoned_work_is_stopped_and_its_connection_comes_back() {
    let mut connection = loaded("CREATE TABLE t (a); INSERT INTO t VALUES (7)");
    let endless = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT max(a) FROM n";
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut work = connection.execute(Statement::once(endless, &[]));
        std::future::poll_fn(|context| {
            assert!(std::pin::Pin::new(&mut work).poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    });
    assert!(connection.is_away() && connection.is_broken());
    let error = block_on(connection.ping()).unwrap_err();
    assert_eq!(error.kind(), Kind::Cancelled);
    // The runtime waits for its blocking pool: this ends only because the statement was interrupted.
    drop(runtime);
    block_on(connection.reset()).unwrap();
    assert!(!connection.is_away() && !connection.is_broken());
    assert_eq!(rows(&mut *connection, "SELECT a FROM t"), [[Value::Int(7)]], "a database in memory is still there");
}

#[test]
fn not_a_number_is_refused_and_infinity_kept() {
    let mut connection = loaded("CREATE TABLE t (a REAL)");
    let mut insert =
        |value: f64| block_on(connection.execute(Statement::new("INSERT INTO t VALUES (?1)", &[Value::Float(value)])));
    assert_eq!(insert(f64::NAN).unwrap_err().kind(), Kind::InvalidValue);
    insert(f64::INFINITY).unwrap();
    assert_eq!(rows(&mut *connection, "SELECT a FROM t"), [[Value::Float(f64::INFINITY)]]);
}
