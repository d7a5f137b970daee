//! Statements, values, errors, transactions, cancellation.

use std::time::Duration;

use expect_test::{Expect, expect};
use relata_postgres::PostgresDriver;
use relata_schema::model::ObjectName;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{BulkInsert, ConnectOptions, Driver, IntrospectOptions, Statement, TransactionOptions};
use relata_sql::{DatabaseUrl, Kind, Value};

use crate::server::{Collect, Database, rows, url};

/// What a value looks like on its way back.
fn show(value: &Value) -> String {
    format!("{value:?}")
}

#[tokio::test]
async fn every_type_comes_back() {
    let mut db = Database::new().await;
    db.run("create type mood as enum ('sad', 'it''s'); create type pair as (a int, b text); create extension citext")
        .await;
    let cases = [
        ("true", "Bool(true)"),
        ("(-7)::smallint", "Int(-7)"),
        ("9223372036854775807", "Int(9223372036854775807)"),
        ("1.5::real", "Float(1.5)"),
        ("'NaN'::float8", "Float(NaN)"),
        ("12.340::numeric", "Decimal(12.340)"),
        ("0.00012::numeric", "Decimal(0.00012)"),
        ("'NaN'::numeric", "Text(\"NaN\")"),
        ("123456789012345678901234567890.5::numeric", "Text(\"123456789012345678901234567890.5\")"),
        ("'ü€'::text", "Text(\"ü€\")"),
        ("'it''s'::mood", "Text(\"it's\")"),
        ("'Ab'::citext", "Text(\"Ab\")"),
        ("'\\x00ff'::bytea", "Bytes([0, 255])"),
        ("'6d1f3b5e-0000-4000-8000-000000000001'::uuid", "Uuid(6d1f3b5e-0000-4000-8000-000000000001)"),
        ("'2024-02-29'::date", "Date(2024-02-29)"),
        ("'infinity'::date", "Text(\"infinity\")"),
        ("'20000-01-01'::date", "Text(\"20000-01-01\")"),
        ("'23:59:59.25'::time", "Time(23:59:59.25)"),
        ("'24:00'::time", "Text(\"24:00:00\")"),
        ("'12:00+02'::timetz", "Text(\"12:00:00+02\")"),
        ("'2024-02-29 12:00:00.5'::timestamp", "DateTime(2024-02-29T12:00:00.5)"),
        ("'-infinity'::timestamp", "Text(\"-infinity\")"),
        ("'2024-02-29 12:00+02'::timestamptz", "Timestamp(2024-02-29T10:00:00Z)"),
        ("'1 year 2 days 3 seconds'::interval", "Interval(Interval { months: 12, days: 2, microseconds: 3000000 })"),
        ("'{\"a\": 1}'::json", "Json(\"{\\\"a\\\": 1}\")"),
        ("'{\"a\": 1}'::jsonb", "Json(\"{\\\"a\\\": 1}\")"),
        ("array[1,null,3]", "Array([Int(1), Null, Int(3)])"),
        ("'{{a,b},{c,d}}'::text[]", "Array([Array([Text(\"a\"), Text(\"b\")]), Array([Text(\"c\"), Text(\"d\")])])"),
        ("'{}'::int[]", "Array([])"),
        ("'10.0.0.1'::inet", "Text(\"10.0.0.1\")"),
        ("'10.0.0.0/8'::cidr", "Text(\"10.0.0.0/8\")"),
        ("'08:00:2b:01:02:03'::macaddr", "Text(\"08:00:2b:01:02:03\")"),
        ("B'1011'", "Text(\"1011\")"),
        ("1234.5::money", "Text(\"$1,234.50\")"),
        ("'[1,5)'::int4range", "Text(\"[1,5)\")"),
        ("'(1.5,2.5)'::point", "Text(\"(1.5,2.5)\")"),
        ("to_tsvector('simple', 'b a b')", "Text(\"'a':2 'b':1,3\")"),
        ("row(1, 'x y')::pair", "Text(\"(1,\\\"x y\\\")\")"),
        ("null::int", "Null"),
    ];
    for (expression, expected) in cases {
        let got = db.rows(&format!("select {expression}")).await.unwrap();
        assert_eq!(show(&got[0][0]), expected, "{expression}");
        // The server's own text of what was read is a parameter of the same type.
        let sql = format!("select ({expression})::text = $1::text");
        if let Value::Text(text) = &got[0][0]
            && !["citext", "::inet"].iter().any(|ty| expression.contains(ty))
        {
            let same = rows(db.connection.as_mut(), &sql, &[Value::Text(text.clone())]).await.unwrap();
            assert_eq!(same[0][0], Value::Bool(true), "{expression}");
        }
    }
    db.drop().await;
}

#[tokio::test]
async fn values_go_in_as_the_type_of_their_place() {
    let mut db = Database::new().await;
    db.run("create type mood as enum ('sad', 'ok'); create domain pos as int check (value > 0)").await;
    let cases: &[(&str, Value)] = &[
        ("smallint", Value::Int(5)),
        ("numeric", Value::Int(5)),
        ("numeric", Value::Decimal("-0.0001230".parse().unwrap())),
        ("numeric", Value::Decimal("79228162514264337593543950335".parse().unwrap())),
        ("text", Value::Text("x".into())),
        ("integer", Value::Text("42".into())),
        ("mood", Value::Text("ok".into())),
        ("inet", Value::Text("10.0.0.1".into())),
        ("pos", Value::Int(3)),
        ("interval", Value::Text("1 day".into())),
        ("date", Value::Text("infinity".into())),
        ("timestamptz", Value::Timestamp("2024-01-01T00:00:00.000001Z".parse().unwrap())),
        ("date", Value::Date("0001-01-01".parse().unwrap())),
        ("timestamp", Value::DateTime("1969-12-31T23:59:59.5".parse().unwrap())),
        ("time", Value::Time("01:02:03.004".parse().unwrap())),
        ("jsonb", Value::Json("[1]".into())),
        ("int[]", Value::Array(vec![Value::Int(1), Value::Null])),
        ("numeric[]", Value::Array(vec![Value::Array(vec![Value::Int(1)])])),
        ("bytea", Value::Bytes(vec![0, 1])),
        ("float8", Value::Float(f64::MIN_POSITIVE)),
        ("text", Value::Null),
    ];
    for (ty, value) in cases {
        let sql = format!("select $1::{ty}");
        let back = rows(db.connection.as_mut(), &sql, std::slice::from_ref(value)).await.unwrap();
        let again = rows(db.connection.as_mut(), &sql, &[back[0][0].clone()]).await.unwrap();
        assert_eq!(show(&again[0][0]), show(&back[0][0]), "{ty}");
        if !matches!(value, Value::Text(_)) && *ty != "numeric" && *ty != "numeric[]" {
            assert_eq!(&back[0][0], value, "{ty}");
        }
    }
    db.drop().await;
}

async fn fails(db: &mut Database, sql: &str, params: &[Value], expected: Expect) {
    let error = rows(db.connection.as_mut(), sql, params).await.unwrap_err();
    expected.assert_eq(&error.to_string());
    assert!(!db.connection.is_broken());
    assert_eq!(db.rows("select 1").await.unwrap(), [[Value::Int(1)]], "the connection stays usable");
}

#[tokio::test]
async fn errors_say_what_where_and_what_next() {
    let mut db = Database::new().await;
    db.run(
        "create table users (id int primary key, email text not null constraint users_email_check check (email <> ''));
         insert into users values (1, 'a')",
    )
    .await;
    fails(
        &mut db,
        "select titel from users",
        &[],
        expect![[r#"
            column "titel" does not exist [R0403, 42703]
              column: titel
              sql: select titel from users"#]],
    )
    .await;
    fails(
        &mut db,
        "insert into users values (1, 'b')",
        &[],
        expect![[r#"
            duplicate key value violates unique constraint "users_pkey" [R0101, 23505]
              table: users
              column: id
              constraint: users_pkey
              sql: insert into users values (1, 'b')"#]],
    )
    .await;
    fails(
        &mut db,
        "insert into users values ($1, $2)",
        &[Value::Int(2), Value::Null],
        expect![[r#"
        null value in column "email" of relation "users" violates not-null constraint [R0103, 23502]
          table: users
          column: email
          sql: insert into users values ($1, $2)"#]],
    )
    .await;
    fails(
        &mut db,
        "insert into users values ($1, $2)",
        &[Value::Int(1 << 40), Value::Null],
        expect![[r#"
        a whole number does not fit the parameter's type integer, which holds -2147483648 to 2147483647 [R0107]
          sql: insert into users values ($1, $2)"#]],
    )
    .await;
    fails(
        &mut db,
        "select * from users where id = $1",
        &[],
        expect![[r#"
        the statement has 1 placeholders and was given 0 values [R0409]
          sql: select * from users where id = $1
          hint: give one value for each of $1, $2, …"#]],
    )
    .await;
    fails(
        &mut db,
        "selec 1",
        &[],
        expect![[r#"
        syntax error at or near "selec" [R0401, 42601]
          sql: selec 1"#]],
    )
    .await;
    fails(
        &mut db,
        "select * from nowhere",
        &[],
        expect![[r#"
            relation "nowhere" does not exist [R0402, 42P01]
              table: nowhere
              sql: select * from nowhere"#]],
    )
    .await;
    db.drop().await;
}

async fn refused(url: &str, expected: Expect) {
    let url: DatabaseUrl = url.parse().unwrap();
    let options = ConnectOptions { connect_timeout: Duration::from_millis(300), ..ConnectOptions::default() };
    let Err(error) = PostgresDriver.connect(&url, &options).await else { panic!("connected") };
    let text = error.to_string().replace(&format!(":{}", url.port()), ":PORT");
    assert!(!format!("{error:?}").contains("hush"));
    expected.assert_eq(&text);
}

#[tokio::test]
async fn what_cannot_be_reached_is_explained() {
    let server = url();
    let (host, port) = (server.host(), server.port());
    refused(
        &format!("postgres://postgres:hush@{host}:{port}/no_such_db"),
        expect![[r#"
        database "no_such_db" does not exist [R0304, 3D000]
          hint: create it on 127.0.0.1:PORT with CREATE DATABASE, or correct the name in the URL"#]],
    )
    .await;
    refused(
        &format!("postgres://postgres@{host}:1/x"),
        expect![[r#"
        no PostgreSQL server at 127.0.0.1:PORT: nothing listens there [R0301]
          hint: start the server, or correct host and port in the URL"#]],
    )
    .await;
    refused(
        &format!("postgres://postgres@{host}:{port}/x?sslmode=require"),
        expect![[r#"
            no TLS connection to 127.0.0.1:PORT: the server does not offer TLS [R0306]
              hint: the server has to be set up for it (`ssl = on`); sslmode=prefer goes on without where it is not"#]],
    )
    .await;
    refused(
        &format!("postgres://postgres@{host}:{port}/x?sslmode=maybe"),
        expect![[r#"
            sslmode "maybe" does not exist [R0601]
              hint: write sslmode=disable, prefer, require, verify-ca, verify-full or require-without-verification"#]],
    )
    .await;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(listener.accept().await.unwrap());
        }
    });
    refused(
        &format!("postgres://postgres@127.0.0.1:{port}/x"),
        expect![[r#"
        no connection to 127.0.0.1:PORT within 300 ms [R0204]
          hint: check that the host is reachable, or allow a longer connect timeout"#]],
    )
    .await;
    silent.abort();

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.writable().await.unwrap();
            stream.try_write(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        }
    });
    refused(
        &format!("postgres://postgres@127.0.0.1:{port}/x"),
        expect![[r#"
        what answers at 127.0.0.1:PORT is no PostgreSQL server [R0308]
          hint: check host and port in the URL; PostgreSQL usually listens on 5432"#]],
    )
    .await;
    web.abort();
}

#[tokio::test]
async fn the_server_says_what_the_transaction_is() {
    let mut db = Database::new().await;
    db.run("create table t (a int primary key deferrable initially deferred)").await;
    db.connection.begin(TransactionOptions::default()).await.unwrap();
    assert!(db.connection.in_transaction());
    db.rows("select 1/0").await.unwrap_err();
    assert!(db.connection.in_transaction());
    assert_eq!(db.rows("select 1").await.unwrap_err().kind(), Kind::TransactionFailed);
    db.connection.reset().await.unwrap();
    assert!(!db.connection.in_transaction());
    db.run("begin; insert into t values (1), (1)").await;
    assert!(db.connection.in_transaction());
    let error = db.connection.batch("commit").await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    assert!(!db.connection.in_transaction(), "a commit that fails ends the transaction");
    db.drop().await;
}

#[tokio::test]
async fn a_dropped_statement_is_cleaned_up() {
    let mut db = Database::new().await;
    let before = std::time::Instant::now();
    let slow = db.connection.execute(Statement::new("select pg_sleep(600)", &[]));
    assert!(tokio::time::timeout(Duration::from_millis(50), slow).await.is_err());
    assert_eq!(db.rows("select 1").await.unwrap(), [[Value::Int(1)]]);
    assert!(before.elapsed() < Duration::from_secs(300), "the server was asked to stop");

    db.connection.begin(TransactionOptions::default()).await.unwrap();
    let slow = db.connection.execute(Statement::new("select pg_sleep(2)", &[]));
    assert!(tokio::time::timeout(Duration::from_millis(50), slow).await.is_err());
    assert_eq!(db.rows("select 1").await.unwrap(), [[Value::Int(1)]], "the transaction goes on");
    db.connection.reset().await.unwrap();
    assert!(!db.connection.in_transaction());
    db.drop().await;
}

#[tokio::test]
async fn a_stale_plan_is_prepared_anew() {
    let mut db = Database::new().await;
    db.run("create table t (a int); insert into t values (1)").await;
    assert_eq!(db.rows("select * from t").await.unwrap().len(), 1);
    db.run("alter table t alter a type text, add b int default 2").await;
    assert_eq!(db.rows("select * from t").await.unwrap(), [[Value::Text("1".into()), Value::Int(2)]]);
    db.run("deallocate all").await;
    assert_eq!(db.rows("select * from t").await.unwrap().len(), 1);
    db.drop().await;
}

#[tokio::test]
async fn a_cursor_gives_portions() {
    let mut db = Database::new().await;
    let mut sink = Collect::default();
    {
        let statement = Statement::new("select * from generate_series(1, 100000)", &[]);
        let mut cursor = db.connection.open_cursor(statement).await.unwrap();
        assert!(cursor.fetch(10, &mut sink).await.unwrap());
        assert!(cursor.fetch(10, &mut sink).await.unwrap());
    }
    assert_eq!(sink.0.len(), 20);
    let statement = Statement::new("select * from generate_series(1, 5)", &[]);
    let mut cursor = db.connection.open_cursor(statement).await.unwrap();
    assert!(!cursor.fetch(10, &mut sink).await.unwrap());
    assert_eq!(sink.0.len(), 25);
    drop(cursor);
    db.drop().await;
}

#[tokio::test]
async fn many_rows_at_once() {
    let mut db = Database::new().await;
    db.run(
        "create type mood as enum ('sad', 'ok');
         create table t (id int primary key, name text, price numeric(10,2), mood mood, tags text[], seen timestamptz)",
    )
    .await;
    let table = Dialect::Postgres.name("t");
    let columns = ["id", "name", "price", "mood", "seen"];
    let row = |id: i64, price: Value| {
        let seen = Value::Timestamp("2024-01-01T00:00:00Z".parse().unwrap());
        [Value::Int(id), Value::Text(format!("n\t\\{id}")), price, Value::Text("ok".into()), seen]
    };
    let mut expected = 0;
    let mut next = 0;
    // One row, unnest, binary COPY, and text COPY (a price given as text has no binary form).
    for (count, price) in [
        (1, Value::Int(3)),
        (50, Value::Decimal("1.25".parse().unwrap())),
        (1500, Value::Decimal("1.25".parse().unwrap())),
        (1500, Value::Text("7.50".into())),
    ] {
        let values: Vec<Value> = (0..count).flat_map(|index| row(next + index, price.clone())).collect();
        next += count;
        let insert = BulkInsert { table: &table, columns: &columns, values: &values };
        assert_eq!(db.connection.bulk_insert(insert).await.unwrap(), count as u64);
        expected += count;
        let count = db.rows("select count(*) from t where name = 'n' || chr(9) || chr(92) || id").await.unwrap();
        assert_eq!(count, [[Value::Int(expected)]]);
    }
    // A row that is refused takes all others with it.
    let values: Vec<Value> = (0..1500).flat_map(|index| row(next + index % 1400, Value::Null)).collect();
    let insert = BulkInsert { table: &table, columns: &columns, values: &values };
    assert_eq!(db.connection.bulk_insert(insert).await.unwrap_err().kind(), Kind::UniqueViolation);
    assert_eq!(db.rows("select count(*) from t").await.unwrap(), [[Value::Int(expected)]]);
    let tags = Value::Array(vec![Value::Text("a b".into()), Value::Null]);
    let values = [Value::Int(-1), tags.clone(), Value::Int(-2), Value::Null];
    let insert = BulkInsert { table: &table, columns: &["id", "tags"], values: &values };
    db.connection.bulk_insert(insert).await.unwrap();
    assert_eq!(db.rows("select tags from t where id = -1").await.unwrap(), [[tags]]);
    db.drop().await;
}

#[tokio::test]
async fn many_rows_of_types_of_ones_own() {
    let mut db = Database::new().await;
    db.run(
        "create domain word as text check (value <> 'no'); create domain words as text[]; create type pair as (a int, b text);
         create table t (id int primary key, word word, pair pair, data jsonb, day date, price numeric,
                         place serial);
         create table u (id int primary key, words words)",
    )
    .await;
    let table = Dialect::Postgres.name("t");
    let columns = ["id", "word", "pair", "data", "day", "price"];
    let text = |text: &str| Value::Text(text.into());
    let row = |id: i64| match id % 3 {
        0 => {
            [Value::Int(id), text(""), text("(1,x)"), Value::Json("{\"a\": [1]}".into()), text("infinity"), text("NaN")]
        }
        1 => [Value::Int(id), Value::Null, Value::Null, Value::Null, Value::Null, Value::Null],
        _ => {
            let day = Value::Date("2024-02-29".parse().unwrap());
            [Value::Int(id), text("yes"), text("(2,)"), Value::Json("null".into()), day, Value::Int(7)]
        }
    };
    let mut from = 0;
    for count in [2, 30, 1000] {
        let values: Vec<Value> = (from..from + count).flat_map(row).collect();
        let insert = BulkInsert { table: &table, columns: &columns, values: &values };
        assert_eq!(db.connection.bulk_insert(insert).await.unwrap(), count as u64);
        from += count;
        let wrong = "select count(*) from t where case id % 3
             when 0 then word = '' and pair = (1, 'x')::pair and data = '{\"a\": [1]}' and day = 'infinity' and price = 'NaN'
             when 1 then num_nulls(word, pair, data, day, price) = 5
             else word = 'yes' and pair = (2, '')::pair is not true and data = 'null' and day = '2024-02-29' and price = 7
             end is not true";
        assert_eq!(db.rows(wrong).await.unwrap(), [[Value::Int(0)]], "{count} rows");
        let in_order =
            "select count(*) from (select id, lag(id) over (order by place) before from t) x where id < before";
        assert_eq!(db.rows(in_order).await.unwrap(), [[Value::Int(0)]], "{count} rows");
        let values: Vec<Value> = (from..from + count).flat_map(|id| [Value::Int(id), text("no")]).collect();
        let insert = BulkInsert { table: &table, columns: &columns[..2], values: &values };
        assert_eq!(db.connection.bulk_insert(insert).await.unwrap_err().kind(), Kind::CheckViolation);
    }
    let words = Value::Array(vec![text("a b"), Value::Null]);
    let values = [Value::Int(1), words.clone(), Value::Int(2), Value::Array(Vec::new())];
    let insert = BulkInsert { table: &Dialect::Postgres.name("u"), columns: &["id", "words"], values: &values };
    assert_eq!(db.connection.bulk_insert(insert).await.unwrap(), 2);
    assert_eq!(db.rows("select words from u order by id").await.unwrap(), [[words], [Value::Array(Vec::new())]]);
    db.drop().await;
}

#[tokio::test]
async fn columns_that_change_between_two_inserts_of_many_rows_are_asked_anew() {
    let mut db = Database::new().await;
    db.run("create table t (id int, word varchar(20))").await;
    let table = Dialect::Postgres.name("t");
    let rows =
        |count: i64| -> Vec<Value> { (0..count).flat_map(|id| [Value::Int(id), Value::Text("7".into())]).collect() };
    let changes = [
        "",
        "alter table t alter word type int using word::int",
        "drop table t; create table t (word bigint, id numeric)",
    ];
    for change in changes {
        db.run(change).await;
        for count in [3, 1500, 3] {
            let values = rows(count);
            let insert = BulkInsert { table: &table, columns: &["id", "word"], values: &values };
            assert_eq!(db.connection.bulk_insert(insert).await.unwrap(), count as u64, "{count} after {change:?}");
        }
    }
    assert_eq!(db.rows("select count(*) from t where word = 7").await.unwrap(), [[Value::Int(1506)]]);
    // What is gone is told, and is there again.
    db.run("drop table t").await;
    let values = rows(2);
    let insert = BulkInsert { table: &table, columns: &["id", "word"], values: &values };
    assert_eq!(db.connection.bulk_insert(insert).await.unwrap_err().kind(), Kind::UndefinedTable);
    db.run("create table t (id int, word text)").await;
    assert_eq!(db.connection.bulk_insert(insert).await.unwrap(), 2);
    db.drop().await;
}

#[tokio::test]
async fn a_cut_wire_is_noticed() {
    let mut db = Database::new().await;
    let mut other = crate::server::open(&db.url).await;
    let pid = rows(other.as_mut(), "select pg_backend_pid()", &[]).await.unwrap()[0][0].clone();
    rows(db.connection.as_mut(), "select pg_terminate_backend($1)", &[pid]).await.unwrap();
    rows(other.as_mut(), "select 1", &[]).await.unwrap_err();
    assert!(other.is_broken());
    assert_eq!(rows(other.as_mut(), "select 1", &[]).await.unwrap_err().kind(), Kind::NotSent);
    db.drop().await;
}

#[tokio::test]
async fn a_session_is_as_new_after_reset() {
    let mut db = Database::new().await;
    let before = db.rows("show search_path").await.unwrap();
    db.run("set search_path to pg_catalog; create temp table gone (a int); select pg_advisory_lock(7)").await;
    db.connection.reset().await.unwrap();
    assert_eq!(db.rows("show search_path").await.unwrap(), before);
    db.rows("select * from gone").await.unwrap_err();
    assert!(
        db.rows("select 1 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
            .await
            .unwrap()
            .is_empty()
    );
    db.drop().await;
}

/// What the library was asked and nobody waits for any more is answered to the library, whoever looks meanwhile whether the
/// connection is still good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_a_connection_takes_no_answer_away() {
    let mut db = Database::new().await;
    let options = IntrospectOptions::default();
    for turn in 0..30 {
        let reading = db.connection.introspect(&options);
        let given_up = tokio::time::timeout(Duration::from_micros(turn * 50), reading).await;
        for _ in 0..turn {
            assert!(!db.connection.is_broken());
            tokio::task::yield_now().await;
        }
        drop(given_up);
        let rows = tokio::time::timeout(Duration::from_secs(60), db.rows("select 1")).await;
        assert_eq!(rows.expect("the connection answers").unwrap(), [[Value::Int(1)]]);
    }
    db.drop().await;
}

/// Some tables are read as they are in the whole, with those that they refer to or are parts of.
#[tokio::test]
async fn some_tables_are_read_as_in_the_whole() {
    let mut db = Database::new().await;
    db.run(
        "create schema \"S 1\"; create type \"S 1\".mood as enum ('sad'); create table \"S 1\".a (id int primary key); \
         create table b (id int generated always as identity primary key, a int references \"S 1\".a (id), m \"S 1\".mood, \
         d int generated always as (2 * a) stored, unique (a), check (a > 0)); create table c (b int references b (id)); \
         create index b_m on b (m) where a > 3; create table p (x int) partition by list (x); \
         create table p1 partition of p for values in (1); create table lone (x int); create view v as select * from b; \
         create function f() returns trigger language plpgsql as 'begin return new; end'; \
         create trigger t before insert on b for each row execute function f()",
    )
    .await;
    let whole = db.connection.introspect(&IntrospectOptions::default()).await.unwrap();
    let names =
        |schema: &Schema| schema.tables.iter().map(|table| table.name.to_string()).collect::<Vec<_>>().join(" ");
    let cases = [("public", "b", "\"S 1\".a public.b"), ("public", "p1", "public.p public.p1"), ("public", "none", "")];
    for (namespace, name, expected) in cases {
        let tables = vec![ObjectName::new(namespace, name)];
        let some = db.connection.introspect(&IntrospectOptions { tables, ..Default::default() }).await.unwrap();
        assert_eq!(names(&some).replace('"', ""), expected.replace('"', ""));
        let (Some(there), Some(table)) =
            (whole.tables.iter().find(|table| table.name.name == name), some.tables.last())
        else {
            continue;
        };
        assert_eq!(table.primary_key, there.primary_key);
        assert_eq!((&table.uniques, &table.checks), (&there.uniques, &there.checks));
        assert_eq!((&table.foreign_keys, &table.indexes), (&there.foreign_keys, &there.indexes));
        assert_eq!((&table.partition_of, &table.partitioning), (&there.partition_of, &there.partitioning));
        assert_eq!(table.triggers.len(), there.triggers.len());
        for (column, there) in table.columns.iter().zip(&there.columns) {
            assert_eq!((&column.name, &column.ty.physical), (&there.name, &there.ty.physical));
            assert_eq!((&column.default, &column.generated), (&there.default, &there.generated));
            assert_eq!((column.not_null, column.identity.is_some()), (there.not_null, there.identity.is_some()));
        }
    }
}

/// Values that a connection sends by statements that it has prepared for a column's former type are kept as those of a connection
/// that has never known it, or refused.
#[tokio::test]
async fn statements_prepared_for_other_types_of_columns_change_no_value() {
    let mut db = Database::new().await;
    let zone = format!("alter database {} set time zone 'America/New_York'", db.url.database);
    db.run(&zone).await;
    db.connection = crate::server::open(&db.url).await;
    no_value_is_changed(&mut db).await;
    // Behind a pooler no server keeps the statement, and the driver does.
    let pooled = format!("{}?pooler=transaction", db.url.expose()).parse().unwrap();
    db.connection = crate::server::open(&pooled).await;
    assert!(db.connection.server().pooled);
    no_value_is_changed(&mut db).await;
    db.drop().await;
}

async fn no_value_is_changed(db: &mut Database) {
    let moment = |text: &str| Value::Timestamp(text.parse().unwrap());
    let civil = |text: &str| Value::DateTime(text.parse().unwrap());
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    let text = |text: &str| Value::Text(text.into());
    let uuid = || Value::Uuid("6d1f3b5e-0000-4000-8000-000000000001".parse().unwrap());
    let cases: Vec<(&str, &str, Value, Value)> = vec![
        ("double precision", "numeric", decimal("1.5"), decimal("1234567890123456.5")),
        ("real", "double precision", Value::Float(1.5), Value::Float(0.1)),
        ("real", "numeric", decimal("1.5"), decimal("1234567.25")),
        ("double precision", "bigint", Value::Float(2.0), Value::Float(3.0)),
        ("bigint", "double precision", Value::Int(2), Value::Int(7)),
        ("integer", "bigint", Value::Int(1), Value::Int(1 << 40)),
        ("integer", "numeric", Value::Int(1), decimal("1.5")),
        ("integer", "text", text("1"), text("007")),
        ("integer", "text", text("1"), text("seven")),
        ("integer", "text", Value::Int(1), Value::Int(2)),
        ("numeric", "text", text("1.50"), text("+1.50")),
        ("boolean", "text", text("true"), text("yes")),
        ("text", "integer using v::integer", text("1"), Value::Int(7)),
        ("text", "uuid using v::uuid", text("6d1f3b5e-0000-4000-8000-000000000002"), uuid()),
        ("uuid", "text", uuid(), text("6D1F3B5E-0000-4000-8000-000000000001")),
        ("uuid", "text", uuid(), text("none")),
        ("text", "jsonb using to_jsonb(v)", text("a"), Value::Json("{\"a\":1}".into())),
        ("jsonb", "text", Value::Json("{}".into()), text("{\"b\":1, \"a\":2}")),
        ("text", "bytea using v::bytea", text("a"), Value::Bytes(vec![0, 255])),
        ("char(9)", "text", text("a"), text("a ")),
        ("timestamp", "timestamptz", civil("2024-01-01T00:00:00"), moment("2024-07-01T12:00:00Z")),
        ("timestamp", "timestamptz", moment("2024-01-01T00:00:00Z"), moment("2024-07-01T12:00:00Z")),
        ("timestamptz", "timestamp", moment("2024-01-01T00:00:00Z"), civil("2024-03-10T02:30:00")),
        ("date", "timestamp", Value::Date("2024-01-01".parse().unwrap()), civil("2024-07-01T12:00:00")),
        ("date", "timestamptz", Value::Date("2024-01-01".parse().unwrap()), moment("2024-07-01T12:00:00Z")),
        ("bigint", "timestamptz using to_timestamp(v)", Value::Int(1), moment("2024-07-01T12:00:00Z")),
        ("money", "numeric using v::numeric", decimal("1.5"), decimal("1.234")),
        ("real[]", "double precision[]", Value::Array(vec![Value::Float(1.5)]), Value::Array(vec![Value::Float(0.1)])),
    ];
    let mut wrong = String::new();
    for (before, after, first, then) in &cases {
        for path in ["insert", "update", "some", "many"] {
            db.run("drop table if exists t, f").await;
            db.run(&format!("create table t (v {before}); create table f (v {before})")).await;
            // The first may be refused, too: its type was not that of the column.
            let _ = written(db.connection.as_mut(), "t", path, first).await;
            db.run("delete from t").await;
            for table in ["t", "f"] {
                db.run(&format!("alter table {table} alter v type {after}")).await;
            }
            let mut fresh = crate::server::open(&db.url).await;
            let expected = written(fresh.as_mut(), "f", path, then).await;
            let found = written(db.connection.as_mut(), "t", path, then).await;
            if let Ok(found) = &found
                && expected.as_ref().ok() != Some(found)
            {
                wrong += &format!("{before} to {after}, {path}: {found}, not {expected:?}\n");
            }
            if let (Err(error), Ok(expected)) = (&found, &expected) {
                wrong += &format!("{before} to {after}, {path}: refused, not {expected}: {error}\n");
            }
            let read = db.rows("select v from t").await.unwrap();
            let now = rows(fresh.as_mut(), "select v from t", &[]).await.unwrap();
            assert_eq!(read, now, "{before} to {after}");
            fresh.close().await.unwrap();
        }
    }
    assert_eq!(wrong, "");
}

/// Writes a value and gives what is then kept, as text.
async fn written(
    connection: &mut dyn relata_sql::Connection,
    table: &str,
    path: &str,
    value: &Value,
) -> relata_sql::Result<String> {
    let one = std::slice::from_ref(value);
    match path {
        "insert" => {
            let sql = format!("insert into {table} values ($1)");
            connection.execute(Statement::new(&sql, one)).await?;
        }
        "update" => {
            connection.batch(&format!("insert into {table} default values")).await?;
            let sql = format!("update {table} set v = $1");
            connection.execute(Statement::new(&sql, one)).await?;
        }
        _ => {
            let values = vec![value.clone(); if path == "some" { 3 } else { 1200 }];
            let table = Dialect::Postgres.name(table);
            connection.bulk_insert(BulkInsert { table: &table, columns: &["v"], values: &values }).await?;
        }
    }
    let kept = rows(connection, &format!("select distinct v::text from {table}"), &[]).await?;
    Ok(format!("{kept:?}"))
}
