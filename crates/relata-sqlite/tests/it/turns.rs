//! A statement that took long does not keep the caller's thread again: others get their turns meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relata_schema::model::ObjectName;
use relata_sql::driver::{BulkInsert, ColumnInfo, RowSink};
use relata_sql::{Connection, Error, Kind, Result, Row, Statement, Value};

use crate::harness::{Rows, block_on, connect, loaded};

/// How often others got a turn while `work` ran.
async fn turns_during<T>(turns: &AtomicUsize, work: impl Future<Output = T>) -> (T, usize) {
    let before = turns.load(Ordering::Relaxed);
    let result = work.await;
    (result, turns.load(Ordering::Relaxed) - before)
}

/// Runs a test beside a task that counts its turns, on one thread.
fn beside_others(test: impl AsyncFnOnce(&AtomicUsize)) {
    block_on(async {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        let others = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        test(&turns).await;
        others.abort();
    });
}

/// Adds up and remembers the names.
#[derive(Default)]
struct Sum {
    names: Vec<String>,
    rows: i64,
    sum: i64,
}

impl RowSink for Sum {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        self.names = columns.iter().map(|column| column.name.clone()).collect();
        Ok(())
    }

    fn wants_columns(&self) -> bool {
        true
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        if let relata_sql::Cell::Int(value) = row.cell(0)? {
            self.sum += value;
        }
        self.rows += 1;
        Ok(())
    }
}

async fn sum(connection: &mut dyn Connection, sql: &str) -> Sum {
    let mut sum = Sum::default();
    connection.query(Statement::new(sql, &[]), &mut sum).await.unwrap();
    sum
}

const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n";
const SORTED: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n ORDER BY -i";

#[test]
fn rows_that_come_quickly_are_read_in_turns() {
    let mut connection = loaded("");
    beside_others(async |turns| {
        for run in 0..3 {
            let (sum, others) = turns_during(turns, sum(&mut *connection, MANY)).await;
            assert_eq!((sum.rows, sum.sum, sum.names), (100_000, 5_000_050_000, vec!["i".to_string()]));
            if run > 0 {
                assert!(others >= 20, "others got {others} turns in run {run}");
            }
        }
    });
}

/// A connection to a database in a file, with `script` run on it.
fn in_file(folder: &tempfile::TempDir, script: &str) -> Box<dyn Connection> {
    let url = format!("sqlite:{}", folder.path().join("turns.db").display()).parse().unwrap();
    let mut connection = connect(&url).unwrap();
    block_on(connection.batch(script)).unwrap();
    connection
}

#[test]
fn a_database_in_memory_is_never_sent_away() {
    let mut connection = loaded("CREATE TABLE t (a); INSERT INTO t VALUES (7)");
    beside_others(async |_| {
        for _ in 0..4 {
            assert_eq!(sum(&mut *connection, SORTED).await.rows, 100_000);
        }
        let mut rows = Rows::default();
        let mut waiting = connection.query(Statement::new(SORTED, &[]), &mut rows);
        std::future::poll_fn(|context| {
            let _ = std::pin::Pin::new(&mut waiting).poll(context);
            std::task::Poll::Ready(())
        })
        .await;
        drop(waiting);
        assert!(!connection.is_broken());
        assert_eq!(sum(&mut *connection, "SELECT a FROM t").await.sum, 7);
    });
}

#[test]
fn steps_that_take_long_are_made_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = in_file(&folder, "");
    beside_others(async |turns| {
        for run in 0..4 {
            let (sum, others) = turns_during(turns, sum(&mut *connection, SORTED)).await;
            assert_eq!((sum.rows, sum.sum, sum.names), (100_000, 5_000_050_000, vec!["i".to_string()]));
            // The first run shows that it is long, the second that it is long in one step.
            if run > 1 {
                assert!(others >= 20, "others got {others} turns in run {run}");
            }
        }
        // Who has seen enough says so; the connection is as good as before.
        struct Enough;
        impl RowSink for Enough {
            fn row(&mut self, _: &mut dyn Row) -> Result<()> {
                Err(Error::new(Kind::TooManyRows, "enough"))
            }
        }
        let error = connection.query(Statement::new(SORTED, &[]), &mut Enough).await.unwrap_err();
        assert_eq!(error.kind(), Kind::TooManyRows);
        assert_eq!(sum(&mut *connection, "SELECT 7").await.sum, 7);
        // Nobody waits any more: the connection is away until it is reset.
        let mut rows = Rows::default();
        let mut waiting = connection.query(Statement::new(SORTED, &[]), &mut rows);
        std::future::poll_fn(|context| {
            assert!(std::pin::Pin::new(&mut waiting).poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(waiting);
        assert!(connection.is_away() && connection.is_broken());
        connection.reset().await.unwrap();
        assert!(!connection.is_away() && !connection.is_broken());
        assert_eq!(sum(&mut *connection, "SELECT 7").await.sum, 7);
    });
}

#[test]
fn what_has_become_short_runs_at_once_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = in_file(
        &folder,
        "CREATE TABLE t (a INTEGER PRIMARY KEY);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO t SELECT i FROM n",
    );
    let update = "UPDATE t SET a = a + 100000";
    beside_others(async |turns| {
        for run in 0..2 {
            let done = turns_during(turns, connection.execute(Statement::new(update, &[]))).await;
            assert_eq!(done.0.unwrap().rows_affected, 50_000);
            assert!(run == 0 || done.1 >= 5, "others got {} turns", done.1);
        }
        sum(&mut *connection, "SELECT a FROM t").await;
        connection.execute(Statement::once("DELETE FROM t WHERE a > 200001", &[])).await.unwrap();
        // On a busy machine the disk may make it long for a while.
        let mut at_once = false;
        for _ in 0..1000 {
            let (done, others) = turns_during(turns, connection.execute(Statement::new(update, &[]))).await;
            assert_eq!(done.unwrap().rows_affected, 1);
            let (sum, more) = turns_during(turns, sum(&mut *connection, "SELECT a FROM t")).await;
            assert_eq!(sum.rows, 1);
            at_once = at_once || (others, more) == (0, 0);
            if at_once {
                break;
            }
        }
        assert!(at_once, "a short statement runs at once");
    });
}

#[test]
fn many_rows_are_inserted_in_turns() {
    let mut connection = loaded("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)");
    let table = ObjectName::new("", "t");
    let row = |a: i64| [Value::Int(a), Value::Text(format!("row {a}"))];
    let values: Vec<Value> = (1..=20_000).flat_map(row).collect();
    beside_others(async |turns| {
        let insert = BulkInsert { table: &table, columns: &["a", "b"], values: &values };
        let (inserted, others) = turns_during(turns, connection.bulk_insert(insert)).await;
        assert_eq!(inserted.unwrap(), 20_000);
        assert!(others >= 10, "others got {others} turns");
        connection.execute(Statement::once("DELETE FROM t WHERE a < 20000", &[])).await.unwrap();
        // Given up half-way it leaves nothing, and no transaction.
        let mut waiting = connection.bulk_insert(insert);
        std::future::poll_fn(|context| {
            assert!(std::pin::Pin::new(&mut waiting).poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(waiting);
        assert!(!connection.in_transaction() && !connection.is_broken());
        assert_eq!(sum(&mut *connection, "SELECT a FROM t").await.rows, 1);
        // The last row collides.
        assert_eq!(connection.bulk_insert(insert).await.unwrap_err().kind(), Kind::UniqueViolation);
        assert_eq!(sum(&mut *connection, "SELECT a FROM t").await.rows, 1);
    });
}
