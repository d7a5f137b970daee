//! Many rows, in and out.

use jiff::civil::Date;
use relata_schema::model::ObjectName;
use relata_sql::driver::{BulkInsert, Query, Row, RowSink, Statement, TransactionOptions};
use relata_sql::{Encode, Error, Kind, Result, Value};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Suite;
use super::suite::{Collected, Session};

/// A table with the numbers from 0 to 999.
async fn thousand(suite: &Suite<'_>) -> Session {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int PRIMARY KEY)").await;
    let rows: Vec<_> = (0..1000).map(|n| format!("({n})")).collect();
    session.run(&format!("INSERT INTO t VALUES {}", rows.join(", "))).await;
    session
}

struct FailsAt {
    seen: usize,
    at: usize,
}

impl RowSink for FailsAt {
    fn row(&mut self, _: &mut dyn Row) -> Result<()> {
        self.seen += 1;
        if self.seen == self.at { Err(Error::new(Kind::TooManyRows, "enough")) } else { Ok(()) }
    }
}

pub(super) async fn sink_error(suite: &Suite<'_>) {
    let mut session = thousand(suite).await;
    for at in [1, 2, 500, 1000] {
        let mut sink = FailsAt { seen: 0, at };
        let outcome = session.connection.query(Statement::new("SELECT a FROM t", &[]), &mut sink).await;
        let error = outcome.expect_err("the sink failed");
        assert_eq!((error.kind(), error.message()), (Kind::TooManyRows, "enough"));
        assert_eq!(sink.seen, at, "no row after the failure");
        session.is_usable().await;
    }
}

/// Takes every cell of each row, and looks at it again.
#[derive(Default)]
struct Takes {
    rows: Vec<Vec<Value>>,
}

impl RowSink for Takes {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let mut taken = Vec::new();
        for index in 0..row.len() {
            let value = row.take(index)?.to_value();
            match row.cell(index) {
                Ok(again) if again.to_value() == value => {}
                Ok(again) => assert_eq!(again.to_value().kind(), "an array", "no value of this query: {again:?}"),
                Err(error) => assert_eq!(error.kind(), Kind::Decode),
            }
            taken.push(value);
        }
        self.rows.push(taken);
        Ok(())
    }
}

pub(super) async fn cells_taken(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int PRIMARY KEY, b varchar(20), c varchar(20))").await;
    session.run("INSERT INTO t VALUES (1, 'Łódź', NULL), (2, '', 'x')").await;
    let sql = "SELECT a, b, c FROM t ORDER BY a";
    let text = |text: &str| Value::Text(text.to_string());
    for statement in [Statement::new(sql, &[]), Statement::new(sql, &[]), Statement::once(sql, &[])] {
        let mut sink = Takes::default();
        session.connection.query(statement, &mut sink).await.expect("is read");
        let expected = [vec![Value::Int(1), text("Łódź"), Value::Null], vec![Value::Int(2), text(""), text("x")]];
        assert_eq!(sink.rows, expected);
    }
}

pub(super) async fn independent_queries(suite: &Suite<'_>) {
    let mut session = thousand(suite).await;
    let sql = super::suite::placeholders(suite.dialect(), "SELECT a FROM t WHERE a < ? ORDER BY a");
    let limits: Vec<_> = [3, 0, 1000, 1].map(|limit| [Value::Int(limit)]).into();
    let mut sinks: [Collected; 4] = std::array::from_fn(|_| Collected::default());
    let mut queries = Vec::new();
    for (limit, sink) in limits.iter().zip(&mut sinks) {
        queries.push(Query { statement: Statement::new(&sql, limit), sink, only_reads: true });
    }
    session.connection.query_all(queries).await.expect("each gives its rows");
    for (limit, sink) in [3, 0, 1000, 1].into_iter().zip(&sinks) {
        assert_eq!(sink.rows, (0..limit).map(|a| vec![Value::Int(a)]).collect::<Vec<_>>());
    }
    // One is wrong, one has a sink that fails; nothing is left over for who comes next.
    let (mut first, mut second, mut third) = (Collected::default(), Collected::default(), Collected::default());
    let wrong = Query { statement: Statement::new("SELECT b FROM t", &[]), sink: &mut second, only_reads: true };
    let queries = vec![
        Query { statement: Statement::new(&sql, &limits[0]), sink: &mut first, only_reads: true },
        wrong,
        Query { statement: Statement::new(&sql, &limits[2]), sink: &mut third, only_reads: true },
    ];
    let error = session.connection.query_all(queries).await.expect_err("there is no b");
    assert_eq!(error.kind(), Kind::UndefinedColumn, "{error}");
    assert!(second.rows.is_empty() && third.rows.is_empty());
    session.is_usable().await;
    let mut failing = FailsAt { seen: 0, at: 500 };
    let queries = vec![
        Query { statement: Statement::new(&sql, &limits[2]), sink: &mut failing, only_reads: true },
        Query { statement: Statement::new(&sql, &limits[0]), sink: &mut third, only_reads: true },
    ];
    let error = session.connection.query_all(queries).await.expect_err("the sink fails");
    assert_eq!((error.kind(), failing.seen), (Kind::TooManyRows, 500));
    assert!(third.rows.is_empty());
    session.is_usable().await;
}

pub(super) async fn cursor_portions(suite: &Suite<'_>) {
    let mut session = thousand(suite).await;
    let sql = super::suite::placeholders(suite.dialect(), "SELECT a FROM t WHERE a >= ? ORDER BY a");
    let params = [Value::Int(10)];
    let mut sink = Collected::default();
    let mut cursor = session.connection.open_cursor(Statement::new(&sql, &params)).await.expect("opens");
    let mut portions = Vec::new();
    while cursor.fetch(300, &mut sink).await.expect("fetches") {
        portions.push(sink.rows.len());
        assert!(portions.len() < 10, "it ends");
    }
    drop(cursor);
    assert!(portions.starts_with(&[300, 600, 900]), "portions of at most what was asked for: {portions:?}");
    let expected: Vec<_> = (10..1000).map(|n| vec![Value::Int(n)]).collect();
    assert_eq!(sink.rows, expected);
    session.is_usable().await;
    assert!(!session.connection.in_transaction());
}

pub(super) async fn cursor_dropped(suite: &Suite<'_>) {
    let mut session = thousand(suite).await;
    for portions in 0..3 {
        let mut sink = Collected::default();
        let statement = Statement::new("SELECT a FROM t ORDER BY a", &[]);
        let mut cursor = session.connection.open_cursor(statement).await.expect("opens");
        for _ in 0..portions {
            assert!(cursor.fetch(10, &mut sink).await.expect("fetches"));
        }
        drop(cursor);
        assert_eq!(sink.rows.len(), portions * 10);
        if session.connection.is_broken() {
            session = suite.connect().await;
        }
        session.is_usable().await;
        session.run("UPDATE t SET a = a WHERE a = 1").await;
    }
}

/// Inserts rows of two columns, `a` and `b`, into `bulk`.
async fn insert(session: &mut Session, values: &[Value]) -> Result<u64> {
    let table = ObjectName::bare("bulk");
    session.connection.bulk_insert(BulkInsert { table: &table, columns: &["a", "b"], values }).await
}

fn pairs(from: i64, to: i64) -> Vec<Value> {
    (from..to)
        .flat_map(|n| [Value::Int(n), if n % 3 == 0 { Value::Null } else { format!("row {n}").encode() }])
        .collect()
}

async fn bulk(suite: &Suite<'_>) -> Session {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE bulk (a int PRIMARY KEY, b varchar(100), c int DEFAULT 7)").await;
    session
}

pub(super) async fn bulk_insert(suite: &Suite<'_>) {
    let mut session = bulk(suite).await;
    let mut from = 0;
    for count in [0, 1, 2, 100, 999, 1000, 10_000] {
        assert_eq!(insert(&mut session, &pairs(from, from + count)).await.expect("inserts"), count.unsigned_abs());
        from += count;
        assert_eq!(session.number("SELECT count(*) FROM bulk").await, from);
        assert!(!session.connection.in_transaction());
    }
    let sums = session.rows("SELECT count(b), min(c), max(c), max(a) FROM bulk", &[]).await.rows;
    let with_text = (0..from).filter(|n| n % 3 != 0).count() as i64;
    assert_eq!(sums, [[Value::Int(with_text), Value::Int(7), Value::Int(7), Value::Int(from - 1)]]);
    let one = session.rows("SELECT b FROM bulk WHERE a = ?", &[Value::Int(5000)]).await.rows;
    assert_eq!(one, [["row 5000".encode()]]);
}

pub(super) async fn bulk_insert_is_atomic(suite: &Suite<'_>) {
    let mut session = bulk(suite).await;
    for count in [2, 100, 10_000] {
        let mut values = pairs(0, count);
        // The last row has the key of the first.
        let last = values.len() - 2;
        values[last] = Value::Int(0);
        let error = insert(&mut session, &values).await.expect_err("the key is there twice");
        assert_eq!(error.kind(), Kind::UniqueViolation, "{error}");
        assert!(!session.connection.in_transaction());
        assert_eq!(session.number("SELECT count(*) FROM bulk").await, 0, "nothing of {count} rows is left");
    }
}

pub(super) async fn bulk_insert_in_a_transaction(suite: &Suite<'_>) {
    let mut session = bulk(suite).await;
    for count in [3, 10_000] {
        session.connection.begin(TransactionOptions::default()).await.expect("begins");
        insert(&mut session, &pairs(0, count)).await.expect("inserts");
        assert!(session.connection.in_transaction(), "the caller's transaction goes on");
        session.run("ROLLBACK").await;
        assert_eq!(session.number("SELECT count(*) FROM bulk").await, 0);
    }
}

pub(super) async fn bulk_insert_of_every_kind(suite: &Suite<'_>) {
    let words = ["bool", "bigint", "float", "decimal", "text", "bytes", "uuid", "date", "json"];
    let row = [
        true.encode(),
        i64::MIN.encode(),
        0.1.encode(),
        Decimal::new(-1_234_567, 3).encode(),
        "tab\t newline\n \\N quote' \" ü 🦀".encode(),
        vec![0_u8, 255, b'\\', b'\'', b'\n'].encode(),
        Uuid::from_u128(42).encode(),
        Date::constant(2024, 2, 29).encode(),
        serde_json::json!({"a": "\\ \" \n"}).encode(),
    ];
    let mut session = suite.connect().await;
    let columns: Vec<_> = words.iter().map(|word| format!("c_{word}")).collect();
    let typed: Vec<_> = words.iter().map(|word| format!("c_{word} {}", suite.ty(word))).collect();
    session.run(&format!("CREATE TABLE kinds ({})", typed.join(", "))).await;
    session.run_with(&format!("INSERT INTO kinds VALUES ({})", ["?"; 9].join(", ")), &row).await;
    let select = "SELECT * FROM kinds";
    let expected = session.rows(select, &[]).await.rows.remove(0);

    let names: Vec<_> = columns.iter().map(String::as_str).collect();
    let table = suite.dialect().name("kinds");
    for count in [1, 50, 5000] {
        session.run("DELETE FROM kinds").await;
        let mut values: Vec<Value> = std::iter::repeat_n(row.clone(), count).flatten().collect();
        values.extend(std::iter::repeat_n(Value::Null, words.len()));
        let bulk = BulkInsert { table: &table, columns: &names, values: &values };
        assert_eq!(session.connection.bulk_insert(bulk).await.expect("inserts"), count as u64 + 1);
        let rows = session.rows(select, &[]).await.rows;
        let nulls = rows.iter().filter(|row| row.iter().all(|value| *value == Value::Null)).count();
        let same = rows.iter().filter(|row| **row == expected).count();
        assert_eq!((nulls, same), (1, count), "as by a plain insert, on {}", suite.dialect().title());
    }
    let wrong = [Value::Int(1), Value::Int(2), Value::Int(3)];
    let bulk = BulkInsert { table: &table, columns: &names[..2], values: &wrong };
    let error = session.connection.bulk_insert(bulk).await.expect_err("three values for two columns");
    assert_eq!(error.kind(), Kind::Parameters, "{error}");
    session.is_usable().await;
}

pub(super) async fn bulk_insert_beyond_buffers(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE bulk (a int PRIMARY KEY, b text)").await;
    let count = 30_000;
    let mut values: Vec<Value> = (0..count).flat_map(|n| [Value::Int(n), format!("{n:0>1000}").encode()]).collect();
    assert_eq!(insert(&mut session, &values).await.expect("inserts"), count.unsigned_abs());
    let sums = session.rows("SELECT count(*), sum(length(b)) = count(*) * 1000, max(b) FROM bulk", &[]).await.rows;
    assert_eq!(sums[0][0], Value::Int(count));
    assert_ne!(sums[0][1], Value::Bool(false));
    assert_ne!(sums[0][1], Value::Int(0));
    assert_eq!(sums[0][2], format!("{:0>1000}", count - 1).encode());

    // Refused near the beginning, while most of it is on its way, and at the end.
    session.run("DELETE FROM bulk").await;
    for wrong in [2, 40_000, values.len() - 2] {
        let right = std::mem::replace(&mut values[wrong], Value::Int(0));
        let error = insert(&mut session, &values).await.expect_err("the key is there twice");
        assert_eq!(error.kind(), Kind::UniqueViolation, "{error}");
        assert_eq!(session.number("SELECT count(*) FROM bulk").await, 0);
        values[wrong] = right;
    }
}
