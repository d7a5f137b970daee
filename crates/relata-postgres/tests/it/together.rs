//! Queries that are sent together.

use std::time::Duration;

use relata_sql::driver::{Query, Statement};
use relata_sql::{Kind, Value};

use crate::server::{Collect, Database};

/// As single statements do: the next borrower must find the session as it was.
#[tokio::test]
async fn queries_sent_together_note_what_they_leave_in_the_session() {
    let mut db = Database::new().await;
    let before = db.rows("show search_path").await.unwrap();
    let (mut first, mut second) = (Collect::default(), Collect::default());
    let set = "select set_config('search_path', 'pg_catalog', false)";
    let queries = vec![
        Query { statement: Statement::new("select 1", &[]), sink: &mut first, only_reads: true },
        Query { statement: Statement::new(set, &[]), sink: &mut second, only_reads: true },
    ];
    db.connection.query_all(queries).await.unwrap();
    assert!(db.connection.is_touched());
    db.connection.reset().await.unwrap();
    assert_eq!(db.rows("show search_path").await.unwrap(), before);
    db.drop().await;
}

/// Whichever share a transaction and whichever of them fail: the rows of those before come, what was written before stays, and
/// what comes next is answered.
#[tokio::test]
async fn queries_sent_together_stop_at_the_first_that_fails() {
    const SQL: &str =
        "with written as (insert into t select 1 where $1 = 2 returning a) select 10 / $1 from (select 1) x";
    let mut db = Database::new().await;
    db.run("create table t (a int)").await;
    for (reads, failing) in (0..16_u8).flat_map(|reads| (0..16_u8).map(move |failing| (reads, failing))) {
        let has = |set: u8, at: usize| set >> at & 1 == 1;
        // Divides by 0, or writes a row, or does neither.
        let divisor = |at: usize| Value::Int(if has(failing, at) { 0 } else { 2 - i64::from(has(reads, at)) });
        let params: [_; 4] = std::array::from_fn(|at| [divisor(at)]);
        let mut sinks: [Collect; 4] = std::array::from_fn(|_| Collect::default());
        let of_each = params.iter().zip(&mut sinks).enumerate();
        let queries = of_each.map(|(at, (params, sink))| {
            let statement = Statement::new(SQL, params);
            Query { statement, sink, only_reads: has(reads, at) }
        });
        let result = db.connection.query_all(queries.collect()).await;
        let first = (0..4).find(|&at| has(failing, at));
        assert_eq!(result.err().map(|error| error.kind()), first.map(|_| Kind::InvalidValue), "{reads} {failing}");
        for (at, sink) in sinks.iter().enumerate() {
            assert_eq!(sink.0.len(), usize::from(at < first.unwrap_or(4)), "{at} of {reads} {failing}");
        }
        let written = (0..4).filter(|&at| !has(reads, at) && !has(failing, at)).count();
        assert_eq!(db.rows("delete from t returning a").await.unwrap().len(), written, "{reads} {failing}");
    }
    db.drop().await;
}

#[tokio::test]
async fn of_queries_sent_together_those_with_a_stale_plan_are_prepared_anew() {
    let mut db = Database::new().await;
    let tables = ["t0", "t1", "t2", "t3"];
    for (reads, stale) in (0..16_u8).flat_map(|reads| (0..16_u8).map(move |stale| (reads, stale))) {
        let has = |set: u8, at: usize| set >> at & 1 == 1;
        let sql = tables.map(|table| format!("select * from {table}"));
        for round in [0, stale] {
            for (at, table) in tables.iter().enumerate() {
                if round == 0 {
                    db.run(&format!("drop table if exists {table}; create table {table} as select {at} a")).await;
                } else if has(stale, at) {
                    db.run(&format!("alter table {table} add b int default 7")).await;
                }
            }
            let mut sinks: [Collect; 4] = std::array::from_fn(|_| Collect::default());
            let of_each = sql.iter().zip(&mut sinks).enumerate();
            let queries = of_each.map(|(at, (sql, sink))| {
                let statement = Statement::new(sql, &[]);
                Query { statement, sink, only_reads: has(reads, at) }
            });
            db.connection.query_all(queries.collect()).await.unwrap();
            for (at, sink) in sinks.iter().enumerate() {
                let mut row = vec![Value::Int(at as i64)];
                row.extend(has(round, at).then_some(Value::Int(7)));
                assert_eq!(sink.0, [row], "{at} of {reads} {stale}");
            }
        }
    }
    db.drop().await;
}

/// Nobody gets the rows of those that were given up.
#[tokio::test]
async fn queries_sent_together_that_are_given_up_leave_a_connection_that_answers() {
    let mut db = Database::new().await;
    for turn in 0..60 {
        let mut sinks: [Collect; 20] = std::array::from_fn(|_| Collect::default());
        let queries = sinks.iter_mut().enumerate().map(|(at, sink)| {
            let statement = Statement::new("select i, repeat('x', 100) from generate_series(1, 300) i", &[]);
            Query { statement, sink, only_reads: at % 7 != turn % 7 }
        });
        let limit = Duration::from_micros(turn as u64 * 100);
        let _ = tokio::time::timeout(limit, db.connection.query_all(queries.collect())).await;
        let rows = tokio::time::timeout(Duration::from_secs(60), db.rows("select 7")).await;
        assert_eq!(rows.unwrap().unwrap(), [[Value::Int(7)]], "turn {turn}");
    }
    db.drop().await;
}
