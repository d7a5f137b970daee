//! The driver contract: statements, cells, cursors, bulk inserts, transactions, cancellation.

use expect_test::expect;
use relata_schema::model::ObjectName;
use relata_sql::driver::{BulkInsert, Isolation, Row, RowSink, Statement, TransactionOptions};
use relata_sql::{Error, Kind, Result, Value};

use crate::server::{self, Rows, block_on, is_mysql, lacks, query, value, with};

const ALL_TYPES: &str = "CREATE TABLE t (
    a tinyint(1), b tinyint unsigned, c bigint unsigned, d decimal(40,2), e decimal(6,2), f float, g double,
    h char(3), i varchar(20), j text, k varbinary(4), l blob, m date, n time(6), o datetime(6), p timestamp(6) NULL,
    q year, r json, s enum('x','y'), u set('p','q'), v bit(10), w uuid, x inet6) CHARACTER SET utf8mb4";

/// The same on MySQL, which has no types for the last two.
fn all_types() -> String {
    if is_mysql() { ALL_TYPES.replace("uuid", "char(36)").replace("inet6", "varchar(39)") } else { ALL_TYPES.into() }
}

const INSERT: &str = "INSERT INTO t VALUES (1, 200, 18446744073709551615, 123456789012345678901234567890.25, 1.50, \
    0.5, 0.25, 'abc', 'ü', 'text', x'00ff', x'fe', '2024-02-29', '23:59:59.5', '2024-02-29 12:00:00.25', \
    '2024-02-29 12:00:00.25', 2024, '{\"a\":1}', 'y', 'p,q', b'1000000001', \
    '123e4567-e89b-12d3-a456-426655440000', '::1')";

/// What MySQL sends for its own types, as MariaDB sends it: JSON is a type there, and is written with spaces.
fn alike(lines: &str) -> String {
    if !is_mysql() {
        return lines.into();
    }
    let json = "r json: Json(\"{\\\"a\\\": 1}\")";
    assert!(lines.contains(json), "{lines}");
    lines.replace(json, "r text: Text(\"{\\\"a\\\":1}\")").replace("x varchar", "x char")
}

#[test]
fn every_type_reads_alike_by_both_protocols() {
    let (_database, mut connection) = with(&format!("{}; {INSERT}", all_types()));
    let binary = query(&mut *connection, "SELECT * FROM t", &[]);
    let mut text = Rows::default();
    block_on(connection.query(Statement::once("SELECT * FROM t", &[]), &mut text)).unwrap();
    assert_eq!(binary.rows, text.rows);
    let lines: Vec<_> =
        binary.names.iter().zip(&binary.rows[0]).map(|(name, value)| format!("{name}: {value:?}")).collect();
    expect![[r#"
        a tinyint: Int(1)
        b tinyint unsigned: Int(200)
        c bigint unsigned: UInt(18446744073709551615)
        d decimal: Text("123456789012345678901234567890.25")
        e decimal: Decimal(1.50)
        f float: Float(0.5)
        g double: Float(0.25)
        h char: Text("abc")
        i varchar: Text("ü")
        j text: Text("text")
        k varbinary: Bytes([0, 255])
        l blob: Bytes([254])
        m date: Date(2024-02-29)
        n time: Time(23:59:59.5)
        o datetime: DateTime(2024-02-29T12:00:00.25)
        p timestamp: Timestamp(2024-02-29T12:00:00.25Z)
        q year: Int(2024)
        r text: Text("{\"a\":1}")
        s enum: Text("y")
        u set: Text("p,q")
        v bit: Int(513)
        w char: Text("123e4567-e89b-12d3-a456-426655440000")
        x char: Text("::1")"#]]
    .assert_eq(&alike(&lines.join("\n")));
}

#[test]
fn values_that_no_variant_holds_are_text_and_go_back() {
    let (_database, mut connection) = with("CREATE TABLE t (d date, n time, o datetime(3), p timestamp NULL)");
    let values = ["0000-00-00", "-838:59:59", "0000-00-00 00:00:00", "0000-00-00 00:00:00"];
    let values: Vec<Value> = values.iter().map(|text| Value::Text((*text).into())).collect();
    block_on(connection.execute(Statement::new("INSERT INTO t VALUES (?, ?, ?, ?)", &values))).unwrap();
    assert_eq!(query(&mut *connection, "SELECT * FROM t", &[]).rows, [values]);
}

#[test]
fn parameters_come_back_as_they_went() {
    let (_database, mut connection) = with(&all_types());
    let values = vec![
        Value::Int(1),
        Value::Int(200),
        Value::UInt(u64::MAX),
        Value::Text("123456789012345678901234567890.25".into()),
        Value::Decimal("1.50".parse().unwrap()),
        Value::Float(0.5),
        Value::Float(0.25),
        Value::Text("abc".into()),
        Value::Text("ü\\'\"\u{1F600}".into()),
        Value::Text("x".repeat(60_000)),
        Value::Bytes(vec![0, 255]),
        Value::Bytes(vec![0xfe, 0, 39]),
        Value::Date("2024-02-29".parse().unwrap()),
        Value::Time("23:59:59.5".parse().unwrap()),
        Value::DateTime("2024-02-29T12:00:00.25".parse().unwrap()),
        Value::Timestamp("2024-02-29T12:00:00.25Z".parse().unwrap()),
        Value::Int(2024),
        Value::Text("{\"a\":1}".into()),
        Value::Text("y".into()),
        Value::Text("p,q".into()),
        Value::Int(513),
        Value::Text("123e4567-e89b-12d3-a456-426655440000".into()),
        Value::Text("::1".into()),
    ];
    let sql = format!("INSERT INTO t VALUES ({})", vec!["?"; values.len()].join(","));
    let done = block_on(connection.execute(Statement::new(&sql, &values))).unwrap();
    assert_eq!((done.rows_affected, done.last_insert_id), (1, None));
    let mut back = query(&mut *connection, "SELECT * FROM t", &[]).rows;
    if is_mysql() {
        assert_eq!(back[0][17], Value::Json("{\"a\": 1}".into()));
        back[0][17] = values[17].clone();
    }
    assert_eq!(back, [values]);
}

#[test]
fn updates_count_matched_rows_and_inserts_give_their_key() {
    let (_database, mut connection) = with("CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, v int)");
    let insert = block_on(
        connection.execute(Statement::new("INSERT INTO t (v) VALUES (?), (?)", &[Value::Int(1), Value::Int(1)])),
    );
    let insert = insert.unwrap();
    assert_eq!((insert.rows_affected, insert.last_insert_id), (2, Some(1)));
    let update = block_on(connection.execute(Statement::new("UPDATE t SET v = ?", &[Value::Int(1)]))).unwrap();
    assert_eq!((update.rows_affected, update.last_insert_id), (2, None));
}

/// A thousand rows on either server.
const THOUSAND: &str =
    "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) SELECT n FROM c";

/// Stops after the first row.
struct Refuse;

impl RowSink for Refuse {
    fn row(&mut self, _row: &mut dyn Row) -> Result<()> {
        Err(Error::new(Kind::Decode, "enough"))
    }
}

#[test]
fn a_sink_that_refuses_leaves_the_connection_usable() {
    let (_database, mut connection) = with("SELECT 1");
    for cached in [true, false] {
        let statement = Statement { cached, ..Statement::new(THOUSAND, &[]) };
        assert_eq!(block_on(connection.query(statement, &mut Refuse)).unwrap_err().message(), "enough");
        assert!(!connection.is_broken());
    }
    assert_eq!(value(&mut *connection, "SELECT 1"), Value::Int(1));
}

#[test]
fn a_cursor_gives_portions_and_may_be_dropped_early() {
    let (_database, mut connection) = with("SELECT 1");
    for cached in [true, false] {
        let sql = format!("{THOUSAND} LIMIT 10");
        let statement = Statement { cached, ..Statement::new(&sql, &[]) };
        let mut rows = Rows::default();
        {
            let mut cursor = block_on(connection.open_cursor(statement)).unwrap();
            assert!(block_on(cursor.fetch(4, &mut rows)).unwrap());
            assert_eq!((rows.rows.len(), rows.names.len()), (4, 1));
            while block_on(cursor.fetch(4, &mut rows)).unwrap() {}
            assert_eq!(rows.rows.len(), 10);
            assert!(!block_on(cursor.fetch(4, &mut rows)).unwrap());
        }
        {
            let mut cursor = block_on(connection.open_cursor(statement)).unwrap();
            assert!(block_on(cursor.fetch(1, &mut rows)).unwrap());
        }
        assert!(!connection.is_broken());
        assert_eq!(value(&mut *connection, "SELECT 1"), Value::Int(1));
    }
}

#[test]
fn bulk_inserts_of_any_size_are_atomic() {
    let (_database, mut connection) = with("CREATE TABLE t (id int PRIMARY KEY, v varchar(10))");
    let table = ObjectName::bare("t");
    let columns = ["id", "v"];
    for rows in [0, 1, 40_000] {
        let mut values: Vec<Value> = (0..rows).flat_map(|id| [Value::Int(id), Value::Text("x".into())]).collect();
        let insert = BulkInsert { table: &table, columns: &columns, values: &values };
        assert_eq!(block_on(connection.bulk_insert(insert)).unwrap(), rows as u64);
        assert_eq!(value(&mut *connection, "SELECT count(*) FROM t"), Value::Int(rows));
        block_on(connection.batch("DELETE FROM t")).unwrap();
        if rows > 1 {
            let last = values.len() - 2;
            values[last] = Value::Int(0);
            let insert = BulkInsert { table: &table, columns: &columns, values: &values };
            let error = block_on(connection.bulk_insert(insert)).unwrap_err();
            assert_eq!(error.kind(), Kind::UniqueViolation);
            assert!(!connection.in_transaction());
            assert_eq!(value(&mut *connection, "SELECT count(*) FROM t"), Value::Int(0));
        }
    }
}

#[test]
fn transactions_are_counted_from_what_the_server_says() {
    let (_database, mut connection) = with("CREATE TABLE t (id int PRIMARY KEY)");
    let options =
        TransactionOptions { isolation: Isolation::Serializable, read_only: false, ..TransactionOptions::default() };
    block_on(connection.begin(options)).unwrap();
    assert!(connection.in_transaction());
    block_on(connection.batch("INSERT INTO t VALUES (1)")).unwrap();
    let error = block_on(connection.batch("INSERT INTO t VALUES (1)")).unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    assert!(connection.in_transaction(), "a duplicate key does not end a transaction");
    block_on(connection.batch("CREATE TABLE u (id int)")).unwrap();
    assert!(!connection.in_transaction(), "DDL commits");
    block_on(connection.begin(TransactionOptions { read_only: true, ..options })).unwrap();
    let error = block_on(connection.batch("DELETE FROM t")).unwrap_err();
    assert_eq!(error.kind(), Kind::ReadOnly);
    block_on(connection.reset()).unwrap();
    assert!(!connection.in_transaction());
}

#[test]
fn reset_undoes_settings_and_keeps_the_session_strict() {
    let (_database, mut connection) = with("SET time_zone = '+05:00', sql_mode = 'ANSI_QUOTES'");
    block_on(connection.reset()).unwrap();
    assert_eq!(value(&mut *connection, "SELECT @@time_zone"), Value::Text("+00:00".into()));
    let mode = value(&mut *connection, "SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%' AND @@sql_mode NOT LIKE '%ANSI%'");
    assert_eq!(mode, Value::Int(1));
}

#[test]
fn a_future_dropped_half_way_breaks_the_connection() {
    let (_database, mut connection) = with("SELECT 1");
    block_on(async {
        let slow = connection.execute(Statement::new("SELECT SLEEP(10)", &[]));
        let _ = tokio::time::timeout(std::time::Duration::from_millis(50), slow).await;
    });
    assert!(connection.is_broken());
    let error = block_on(connection.batch("SELECT 1")).unwrap_err();
    assert_eq!(error.kind(), Kind::NotSent);
}

#[test]
fn a_killed_connection_says_so() {
    let (database, mut connection) = with("SELECT 1");
    let Value::Int(id) = value(&mut *connection, "SELECT CONNECTION_ID()") else { panic!("no number") };
    let mut other = database.connect();
    block_on(other.batch(&format!("KILL {id}"))).unwrap();
    let error = block_on(connection.execute(Statement::new("SELECT 1 + 1", &[]))).unwrap_err();
    // Whether the server's good-bye is here before the statement leaves is a matter of luck.
    assert!(matches!(error.kind(), Kind::NotSent | Kind::InDoubt), "{error}");
    assert!(connection.is_broken());
}

#[test]
fn the_statement_cache_closes_what_it_forgets() {
    let database = server::Database::create();
    let options = relata_sql::driver::ConnectOptions { statement_cache: 3, ..Default::default() };
    let driver = relata_mysql::MysqlDriver;
    let mut connection = block_on(relata_sql::Driver::connect(&driver, &database.url, &options)).unwrap();
    for number in 0..20 {
        assert_eq!(value(&mut *connection, &format!("SELECT {number}")), Value::Int(number));
    }
    let closed = "SHOW SESSION STATUS LIKE 'Com_stmt_close'";
    let mut rows = Rows::default();
    block_on(connection.query(Statement::once(closed, &[]), &mut rows)).unwrap();
    assert_eq!(rows.rows[0][1], Value::Text("17".into()));

    // What is not kept goes, also when it fails.
    block_on(connection.batch("CREATE TABLE f (a int PRIMARY KEY)")).unwrap();
    for failed in [false, true, true] {
        let done = block_on(connection.execute(Statement::once("INSERT INTO f VALUES (?)", &[Value::Int(1)])));
        assert_eq!(done.is_err(), failed);
    }
    let mut rows = Rows::default();
    block_on(connection.query(Statement::once(closed, &[]), &mut rows)).unwrap();
    assert_eq!(rows.rows[0][1], Value::Text("20".into()));
}

#[test]
fn scripts_may_hold_bodies_and_comments() {
    let (_database, mut connection) = with(
        "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END; -- a comment
         CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC RETURN a + 1; -- at the end",
    );
    assert_eq!(value(&mut *connection, "SELECT f(1)"), Value::Int(2));
    let rows = query(&mut *connection, "CALL p()", &[]);
    assert_eq!(rows.rows, [[Value::Int(1)]]);
    block_on(connection.batch("")).unwrap();
    assert!(!connection.is_broken());
}

#[test]
fn the_server_is_known() {
    let connection = server::connect(&server::server());
    let info = connection.server();
    assert!(["MariaDB", "MySQL"].contains(&info.product.as_str()), "{info:?}");
    assert!(info.number >= 80_000, "{info:?}");
}

/// A server whose table cache is too small says so of statements that were well prepared.
#[test]
fn a_statement_that_must_be_prepared_anew_is_once() {
    let raise = "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1615, MESSAGE_TEXT = 'needs to be re-prepared'";
    let function = |name: &str, when: &str| {
        format!(
            "CREATE FUNCTION {name}() RETURNS int NO SQL BEGIN SET @calls = @calls + 1; \
             IF {when} THEN {raise}; END IF; RETURN @calls; END;"
        )
    };
    let (_database, mut connection) = with(
        &("CREATE TABLE calls (n int); ".to_string()
            + &function("second_fails", "@calls = 2")
            + &function("only_first_works", "@calls > 1")),
    );
    let connection = &mut *connection;
    let mut call = |sql: &str| block_on(connection.execute(Statement::new(sql, &[]))).map(|_| ());
    call("SET @calls = 0").unwrap();
    for _ in 0..3 {
        call("INSERT INTO calls VALUES (second_fails())").unwrap();
    }
    let error = call("INSERT INTO calls VALUES (only_first_works())").unwrap_err();
    assert_eq!(error.details().number, Some(1615), "{error}");
    assert_eq!(value(connection, "SELECT @calls"), Value::Int(6), "each was tried once more, and not for ever");
    block_on(connection.batch("SET @calls = 0; INSERT INTO calls VALUES (only_first_works())")).unwrap();
}

#[test]
fn a_statement_whose_columns_have_changed_gives_them_as_they_are() {
    let (database, mut connection) = with("CREATE TABLE f (a int, b date); INSERT INTO f VALUES (7, '2026-01-02')");
    let all = "SELECT * FROM f";
    let date = Value::Date("2026-01-02".parse().unwrap());
    for _ in 0..3 {
        assert_eq!(query(&mut *connection, all, &[]).rows, [[Value::Int(7), date.clone()]]);
    }
    // By another session, which this one does not hear of.
    let mut other = database.connect();
    block_on(
        other.batch("ALTER TABLE f MODIFY a varchar(9), DROP b, ADD c double DEFAULT 1.5, ADD d bigint DEFAULT 9"),
    )
    .unwrap();
    for _ in 0..3 {
        let rows = query(&mut *connection, all, &[]);
        assert_eq!(rows.rows, [[Value::Text("7".into()), Value::Float(1.5), Value::Int(9)]]);
        assert_eq!(rows.names, ["a varchar", "c double", "d bigint"]);
    }
    block_on(other.batch("ALTER TABLE f MODIFY d int unsigned, RENAME COLUMN c TO e")).unwrap();
    for _ in 0..3 {
        let rows = query(&mut *connection, all, &[]);
        assert_eq!(rows.rows, [[Value::Text("7".into()), Value::Float(1.5), Value::Int(9)]]);
        assert_eq!(rows.names, ["a varchar", "e double", "d int unsigned"]);
    }
}

#[test]
fn mariadb_does_not_describe_known_columns_again() {
    if lacks("agreement to leave descriptions out") {
        return;
    }
    let (_database, mut connection) = with("SELECT 1");
    let mut sent = |statement: Option<Statement<'_>>| {
        if let Some(statement) = statement {
            block_on(connection.query(statement, &mut Rows::default())).unwrap();
        }
        match &query(&mut *connection, "SHOW SESSION STATUS LIKE 'Bytes_sent'", &[]).rows[0][1] {
            Value::Text(bytes) => bytes.parse::<i64>().unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let sql = "SELECT 1 AS a_name_that_is_rather_long_and_would_be_told_twice_with_each_row, 2 AS b";
    sent(Some(Statement::new(sql, &[])));
    let before = [sent(None), sent(None)];
    let known = sent(Some(Statement::new(sql, &[]))) - before[1] - (before[1] - before[0]);
    let before = [sent(None), sent(None)];
    let described = sent(Some(Statement::once(sql, &[]))) - before[1] - (before[1] - before[0]);
    assert!(described - known >= 100, "{known} bytes rather than {described}");
}
