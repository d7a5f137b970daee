//! Running statements: what is counted, described, prepared and kept.

use relata_schema::Dialect;
use relata_sql::driver::{ConnectOptions, Done, Statement};
use relata_sql::{Encode, Kind, Value};

use super::Suite;
use super::suite::{Collected, Session};

pub(super) async fn counts_what_it_did(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    let key = match suite.dialect() {
        Dialect::Sqlite => "id INTEGER PRIMARY KEY",
        Dialect::Postgres => "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        Dialect::Mysql => "id bigint AUTO_INCREMENT PRIMARY KEY",
    };
    session.run(&format!("CREATE TABLE t ({key}, v int)")).await;
    let inserted = session.run("INSERT INTO t (v) VALUES (1), (1), (2)").await;
    assert_eq!(inserted.rows_affected, 3);
    let one = session.run_with("INSERT INTO t (v) VALUES (?)", &[Value::Int(7)]).await;
    let key = if suite.is(Dialect::Postgres) { None } else { Some(session.number("SELECT max(id) FROM t").await) };
    assert_eq!(one, Done { rows_affected: 1, last_insert_id: key });
    assert_eq!(session.run("UPDATE t SET v = 1 WHERE v = 1").await.rows_affected, 2, "matched, although unchanged");
    assert_eq!(session.run("UPDATE t SET v = 1 WHERE v = 99").await.rows_affected, 0);
    assert_eq!(session.run("DELETE FROM t WHERE v < 5").await.rows_affected, 3);
    session.run("SELECT v FROM t").await;
    assert_eq!(session.number("SELECT count(*) FROM t").await, 1, "rows of an executed query are discarded");
}

pub(super) async fn describes_columns(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int, b varchar(20))").await;
    for (sql, rows) in [("SELECT a, b AS \u{e4}, a AS a FROM t", 0), ("SELECT b, a FROM t", 1)] {
        if rows > 0 {
            session.run("INSERT INTO t VALUES (1, 'x')").await;
        }
        let found = session.rows(sql, &[]).await;
        assert_eq!((found.rows.len(), found.described), (rows, 1), "columns are told once");
        let names: Vec<_> = found.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, if rows > 0 { vec!["b", "a"] } else { vec!["a", "ä", "a"] });
        assert!(found.columns.iter().all(|column| !column.type_name.is_empty()), "{:?}", found.columns);
    }
    let mut silent = Collected::default();
    session.connection.query(Statement::new("SELECT a FROM t", &[]), &mut silent).await.expect("runs");
    assert_eq!((silent.described, silent.rows.len()), (0, 1), "names cost work: none if not wanted");
}

pub(super) async fn quoted_identifiers(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    for name in ["select", "Mixed Case", "a\"b", "a`b", "a'b", "größe 世界", "a.b", "a;b -- c", "[x]"] {
        let quoted = suite.dialect().quote(name);
        session.run(&format!("CREATE TABLE {quoted} ({quoted} int)")).await;
        session.run_with(&format!("INSERT INTO {quoted} ({quoted}) VALUES (?)"), &[Value::Int(5)]).await;
        let found = session.rows(&format!("SELECT {quoted} FROM {quoted}"), &[]).await;
        assert_eq!((found.columns[0].name.as_str(), &found.rows[0][0]), (name, &Value::Int(5)));
        session.run(&format!("DROP TABLE {quoted}")).await;
    }
}

pub(super) async fn wide_rows(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    let columns: Vec<_> = (0..100).map(|n| format!("c{n} int")).collect();
    session.run(&format!("CREATE TABLE t ({})", columns.join(", "))).await;
    let values: Vec<_> = (0..100).map(|n| if n % 7 == 3 { Value::Null } else { Value::Int(n) }).collect();
    session.run_with(&format!("INSERT INTO t VALUES ({})", vec!["?"; 100].join(", ")), &values).await;
    assert_eq!(session.rows("SELECT * FROM t", &[]).await.rows, [values]);
}

pub(super) async fn wrong_number_of_parameters(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int, b int)").await;
    for count in [0, 1, 3] {
        let error = session.error("INSERT INTO t VALUES (?, ?)", &vec![Value::Int(1); count]).await;
        assert_eq!(error.kind(), Kind::Parameters, "{count} parameters for two places: {error}");
        session.is_usable().await;
    }
    assert_eq!(session.number("SELECT count(*) FROM t").await, 0);
}

/// How many statements the server has prepared: kept by this session, or made in all. SQLite does not tell.
async fn prepared(session: &mut Session) -> Option<i64> {
    let sql = match session.connection.dialect() {
        Dialect::Sqlite => return None,
        Dialect::Postgres => "SELECT count(*) FROM pg_prepared_statements",
        Dialect::Mysql => "SHOW SESSION STATUS LIKE 'Com_stmt_prepare'",
    };
    let mut sink = Collected::default();
    session.connection.query(Statement::once(sql, &[]), &mut sink).await.expect("runs");
    match sink.rows[0].last() {
        Some(Value::Int(count)) => Some(*count),
        Some(Value::Text(count)) => count.parse().ok(),
        other => panic!("no count: {other:?}"),
    }
}

pub(super) async fn prepares_once(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    let select = |n: usize| format!("SELECT {n} + 0");
    for n in 0..100 {
        assert_eq!(session.number(&select(n)).await, n as i64);
    }
    let before = prepared(&mut session).await;
    for n in (0..100).rev() {
        assert_eq!(session.number(&select(n)).await, n as i64);
    }
    let after = prepared(&mut session).await;
    // The count itself may have been prepared.
    let more = after.zip(before).map_or(0, |(after, before)| after - before);
    assert!(more <= 1, "a hundred statements that were seen before cost {more} further preparations");
}

pub(super) async fn cache_is_bounded(suite: &Suite<'_>) {
    let mut session = suite.connect_with(&ConnectOptions { statement_cache: 10, ..ConnectOptions::default() }).await;
    for n in 0..50 {
        assert_eq!(session.number(&format!("SELECT {n} + 0")).await, n);
    }
    if suite.is(Dialect::Postgres) {
        let kept = prepared(&mut session).await.expect("PostgreSQL counts");
        assert!(kept <= 11, "{kept} statements are kept");
    }
    assert_eq!(session.number("SELECT 0 + 0").await, 0, "a statement that fell out is prepared again");
}

pub(super) async fn cache_follows_the_schema(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int)").await;
    session.run("INSERT INTO t VALUES (1)").await;
    let select = "SELECT * FROM t";
    assert_eq!(session.rows(select, &[]).await.columns.len(), 1);
    session.run("ALTER TABLE t ADD COLUMN b int").await;
    let after = session.rows(select, &[]).await;
    assert_eq!((after.columns.len(), &after.rows[0]), (2, &vec![Value::Int(1), Value::Null]));
    session.run("DROP TABLE t").await;
    assert_eq!(session.error(select, &[]).await.kind(), Kind::UndefinedTable);
    session.run("CREATE TABLE t (a varchar(10))").await;
    session.run("INSERT INTO t VALUES ('x')").await;
    assert_eq!(session.rows(select, &[]).await.rows, [["x".encode()]]);
}

pub(super) async fn batches(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.batch("").await;
    session.batch("-- nothing but a comment\n").await;
    session.batch("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1); SELECT a FROM t; INSERT INTO t VALUES (2)").await;
    assert_eq!(session.number("SELECT count(*) FROM t").await, 2);
    let script = "INSERT INTO t VALUES (3); INSERT INTO missing VALUES (1); INSERT INTO t VALUES (4);";
    let error = session.connection.batch(script).await.expect_err("the second fails");
    assert_eq!(error.kind(), Kind::UndefinedTable, "{error}");
    assert_eq!(session.number("SELECT count(*) FROM t WHERE a = 4").await, 0, "it stops at the first failure");
    session.is_usable().await;
    assert!(!session.connection.in_transaction());
}

pub(super) async fn batch_with_bodies(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session
        .batch("CREATE TABLE t (a varchar(50)); /* ; */ INSERT INTO t VALUES ('a;b''; c'); -- ; '\nINSERT INTO t VALUES (';');")
        .await;
    let body = match suite.dialect() {
        Dialect::Sqlite => {
            "CREATE TRIGGER tr AFTER INSERT ON t WHEN new.a = 'x' BEGIN INSERT INTO t VALUES ('y'); INSERT INTO t VALUES ('z'); END;"
        }
        Dialect::Postgres => {
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF new.a = 'x' THEN INSERT INTO t VALUES ('y'); INSERT INTO t VALUES ('z'); END IF; RETURN new; END $$; \
             CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"
        }
        Dialect::Mysql => {
            "CREATE TABLE log (a varchar(50)); CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW BEGIN \
             IF new.a = 'x' THEN INSERT INTO log VALUES ('y'); INSERT INTO log VALUES ('z'); END IF; END"
        }
    };
    session.batch(body).await;
    session.run("INSERT INTO t VALUES ('x')").await;
    let table = if suite.is(Dialect::Mysql) { "log" } else { "t" };
    assert_eq!(session.number(&format!("SELECT count(*) FROM {table} WHERE a IN ('y', 'z')")).await, 2);
}

pub(super) async fn a_database_is_a_file(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a int)").await;
    session.run("INSERT INTO t VALUES (1)").await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("copy");
    if !suite.is(Dialect::Sqlite) {
        for refused in [session.connection.copy_to(&file).await, session.connection.restore(&file).await] {
            assert_eq!(refused.expect_err("servers keep their files").kind(), Kind::Unsupported);
        }
        assert!(!file.exists());
        return session.is_usable().await;
    }
    session.connection.copy_to(&file).await.expect("the database is copied");
    session.run("DELETE FROM t").await;
    session.connection.restore(&file).await.expect("the copy is put back");
    assert_eq!(session.number("SELECT count(*) FROM t").await, 1);
}
