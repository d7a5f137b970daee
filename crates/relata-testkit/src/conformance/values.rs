//! Every kind of value, as a parameter and out of a row.

use std::fmt::Debug;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use relata_schema::Dialect;
use relata_sql::{Decode, Encode, Interval, Kind, Value};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Suite;
use super::suite::{Session, TYPES};

/// Inserts each value into a column of the type and reads it back, decoded, in order.
async fn round_trip<T>(suite: &Suite<'_>, ty: &str, values: &[T])
where
    T: Encode + Decode + Clone + PartialEq + Debug + Send,
{
    let mut session = suite.connect().await;
    session.run(&format!("CREATE TABLE t (id int PRIMARY KEY, v {ty})")).await;
    for (id, value) in values.iter().enumerate() {
        session.run_with("INSERT INTO t (id, v) VALUES (?, ?)", &[id.encode_id(), value.clone().encode()]).await;
        let back: Vec<T> = session.decoded("SELECT v FROM t WHERE id = ?", &[id.encode_id()]).await;
        let shown = |value: &T| format!("{value:?}").chars().take(200).collect::<String>();
        assert!(back == [value.clone()], "{} came back as {:?}", shown(value), back.first().map(shown));
    }
    let all: Vec<T> = session.decoded("SELECT v FROM t ORDER BY id", &[]).await;
    assert!(all == values, "all of them in one result");
}

trait Numbered {
    fn encode_id(self) -> Value;
}

impl Numbered for usize {
    fn encode_id(self) -> Value {
        Value::Int(i64::try_from(self).expect("a small number"))
    }
}

fn parsed<T: std::str::FromStr>(texts: &[&str]) -> Vec<T>
where
    T::Err: Debug,
{
    texts.iter().map(|text| text.parse().expect(text)).collect()
}

/// A session with `CREATE TABLE t (v TYPE)`.
async fn table_of(suite: &Suite<'_>, ty: &str) -> Session {
    let mut session = suite.connect().await;
    session.run(&format!("CREATE TABLE t (v {ty})")).await;
    session
}

pub(super) async fn booleans(suite: &Suite<'_>) {
    round_trip(suite, suite.ty("bool"), &[true, false]).await;
}

pub(super) async fn whole_numbers(suite: &Suite<'_>) {
    round_trip(suite, suite.ty("bigint"), &[0, 1, -1, 1 << 40, i64::MAX, i64::MIN]).await;
    if suite.is(Dialect::Mysql) {
        let mut session = suite.connect().await;
        session.run("CREATE TABLE u (v bigint unsigned)").await;
        session.run_with("INSERT INTO u VALUES (?)", &[u64::MAX.encode()]).await;
        assert_eq!(session.decoded::<u64>("SELECT v FROM u", &[]).await, [u64::MAX]);
    }
}

pub(super) async fn numbers_out_of_range(suite: &Suite<'_>) {
    let mut session = table_of(suite, suite.ty("int")).await;
    let insert = "INSERT INTO t VALUES (?)";
    if !suite.is(Dialect::Sqlite) {
        let error = session.error(insert, &[Value::Int(1 << 40)]).await;
        assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
    }
    let error = session.error(insert, &[Value::UInt(u64::MAX)]).await;
    assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
    assert_eq!(session.number("SELECT count(*) FROM t").await, 0);
}

pub(super) async fn floats(suite: &Suite<'_>) {
    let values = [0.0, 0.1, -1.5, 1e300, f64::MIN_POSITIVE, f64::MAX, 1.0 / 3.0, 100.0];
    round_trip(suite, suite.ty("float"), &values).await;
    if suite.is(Dialect::Postgres) {
        let mut session = suite.connect().await;
        let special = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(Encode::encode);
        let back: Vec<f64> = session.decoded("SELECT unnest(ARRAY[?::float8, ?::float8, ?::float8])", &special).await;
        assert!(back[0] == f64::INFINITY && back[1] == f64::NEG_INFINITY && back[2].is_nan(), "{back:?}");
    }
}

pub(super) async fn decimals(suite: &Suite<'_>) {
    let mut texts = vec!["0", "0.1", "-123456.789012", "99999999.999999", "1000000", "-0.000001"];
    if !suite.is(Dialect::Sqlite) {
        // 22 digits before the point and 6 after it; SQLite keeps 15 digits of a DECIMAL.
        texts.extend(["1234567890123456789012.345678", "-9999999999999999999999.999999"]);
    }
    round_trip::<Decimal>(suite, suite.ty("decimal"), &parsed(&texts)).await;
    let mut session = suite.connect().await;
    let long = match suite.dialect() {
        Dialect::Sqlite => "TEXT",
        _ => "decimal(36, 30)",
    };
    session.run(&format!("CREATE TABLE longs (v {long})")).await;
    for (text, whole) in [("1.500000000000000000000000000000", true), ("1.500000000000000000000000000001", false)] {
        session.run("DELETE FROM longs").await;
        session.run_with("INSERT INTO longs VALUES (?)", &[Value::Text(text.to_string())]).await;
        match session.try_decoded::<Decimal>("SELECT v FROM longs", &[]).await {
            Ok(back) => assert!(whole && back == parsed::<Decimal>(&["1.5"]), "{text} is read as {back:?}"),
            Err(error) => assert!(!whole && error.kind() == Kind::Decode, "{error}"),
        }
    }
}

pub(super) async fn texts(suite: &Suite<'_>) {
    let values = [
        "",
        " ",
        "it's \"quoted\" `so` \\ and \\n so",
        "Grüße, 世界 🦀 e\u{301} \u{202e}",
        "line\nline\r\n\ttab",
        "NULL",
        "? $1 ?1 :name %s {}",
        &"1 MB ü".repeat(1 << 17),
    ];
    let values: Vec<String> = values.map(str::to_string).into();
    round_trip(suite, suite.ty("text"), &values).await;
    let (nul, mut session) = ("a\0b".to_string(), suite.connect().await);
    session.run("DROP TABLE t").await;
    session.run(&format!("CREATE TABLE t (v {})", suite.ty("text"))).await;
    match suite.is(Dialect::Postgres) {
        true => {
            let error = session.error("INSERT INTO t VALUES (?)", &[nul.encode()]).await;
            assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
            assert!(error.hints()[0].contains("no NUL character"), "{error}");
        }
        false => {
            session.run_with("INSERT INTO t VALUES (?)", &[nul.clone().encode()]).await;
            assert_eq!(session.decoded::<String>("SELECT v FROM t", &[]).await, [nul]);
        }
    }
}

pub(super) async fn bytes(suite: &Suite<'_>) {
    let all: Vec<u8> = (0..=255).collect();
    let values = [vec![], vec![0], all.clone(), b"\xff\xfe text \\x41 '".to_vec(), all.repeat(1 << 12)];
    round_trip(suite, suite.ty("bytes"), &values).await;
}

pub(super) async fn uuids(suite: &Suite<'_>) {
    let values = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
    let mut values: Vec<Uuid> = parsed(&values);
    values.push(Uuid::from_u128(0x0123_4567_89ab_7def_8012_3456_789a_bcde));
    round_trip(suite, suite.ty("uuid"), &values).await;
}

pub(super) async fn dates_and_times(suite: &Suite<'_>) {
    async fn of<T>(suite: &Suite<'_>, word: &str, texts: &[&str])
    where
        T: std::str::FromStr + Encode + Decode + Clone + PartialEq + Debug + Send,
        T::Err: Debug,
    {
        round_trip::<T>(suite, suite.ty(word), &parsed(texts)).await;
        suite.connect().await.run("DROP TABLE t").await;
    }
    of::<Date>(suite, "date", &["2024-02-29", "1970-01-01", "1000-01-01", "9999-12-31"]).await;
    of::<Time>(suite, "time", &["00:00:00", "23:59:59.999999", "12:30:00.5", "01:02:03"]).await;
    let date_times =
        ["2024-02-29T12:00:00", "1969-12-31T23:59:59.999999", "9999-12-31T23:59:59", "1000-01-01T00:00:00.5"];
    of::<DateTime>(suite, "datetime", &date_times).await;
    let mut session = table_of(suite, suite.ty("datetime")).await;
    if !suite.is(Dialect::Postgres) {
        for value in [
            parsed::<Date>(&["-000001-12-31"])[0].encode(),
            parsed::<DateTime>(&["-000044-03-15T12:00:00"])[0].encode(),
            parsed::<Timestamp>(&["-009999-01-02T12:00:00Z"])[0].encode(),
        ] {
            let error = session.error("INSERT INTO t VALUES (?)", &[value]).await;
            assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
        }
    }
    // What is finer than the column is cut off towards the past.
    for (finer, kept) in [
        ("2024-01-01T00:00:00.9999999", "2024-01-01T00:00:00.999999"),
        ("1969-12-31T23:59:59.9999995", "1969-12-31T23:59:59.999999"),
    ] {
        session.run("DELETE FROM t").await;
        session.run_with("INSERT INTO t VALUES (?)", &[parsed::<DateTime>(&[finer])[0].encode()]).await;
        let back: DateTime = session.decoded("SELECT v FROM t", &[]).await.remove(0);
        let whole = suite.is(Dialect::Sqlite);
        assert_eq!(back, parsed::<DateTime>(&[if whole { finer } else { kept }])[0]);
    }
}

pub(super) async fn instants(suite: &Suite<'_>) {
    // MariaDB's timestamp begins in 1970 and ends in 2038 (2106 since 11.5).
    let texts =
        ["2024-02-29T12:00:00Z", "2024-07-01T12:00:00.000001+02:00", "1970-01-02T00:00:00Z", "2038-01-18T00:00:00Z"];
    round_trip::<Timestamp>(suite, suite.ty("instant"), &parsed(&texts)).await;
    if suite.is(Dialect::Postgres) {
        let mut session = suite.connect().await;
        let finer = parsed::<Timestamp>(&["1969-12-31T23:59:59.9999995Z"])[0].encode();
        let back: Vec<Timestamp> = session.decoded("SELECT ?::timestamptz", &[finer]).await;
        assert_eq!(back[0].to_string(), "1969-12-31T23:59:59.999999Z", "cut off towards the past");
    }
}

pub(super) async fn intervals(suite: &Suite<'_>) {
    let values = [
        Interval::default(),
        Interval { months: 14, days: -3, microseconds: 1 },
        Interval { months: -1, days: 40, microseconds: -86_400_000_001 },
    ];
    if suite.is(Dialect::Postgres) {
        return round_trip(suite, "interval", &values).await;
    }
    refused(suite, values[1].encode()).await;
}

/// The database has no such type: the parameter is refused with what to do instead.
async fn refused(suite: &Suite<'_>, value: Value) {
    let mut session = table_of(suite, suite.ty("text")).await;
    let error = session.error("INSERT INTO t VALUES (?)", &[value]).await;
    assert_eq!(error.kind(), Kind::Unsupported, "{error}");
    assert!(!error.hints().is_empty(), "it says what to do instead: {error}");
    session.is_usable().await;
}

pub(super) async fn json(suite: &Suite<'_>) {
    let texts = [r#"{"a": [1, 2.5, null, true, "ü \" \\ "], "b": {}}"#, "[]", r#""text""#, "{}"];
    let values: Vec<serde_json::Value> = parsed(&texts);
    round_trip(suite, suite.ty("json"), &values).await;
}

pub(super) async fn arrays(suite: &Suite<'_>) {
    let numbers = Value::Array(vec![Value::Int(1), Value::Null, Value::Int(-3)]);
    if !suite.is(Dialect::Postgres) {
        return refused(suite, numbers).await;
    }
    let texts = Value::Array(vec![Value::Text("a,\"b\"\\".into()), Value::Text(String::new()), Value::Null]);
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (numbers int[], texts text[])").await;
    let params = [numbers, texts];
    session.run_with("INSERT INTO t VALUES (?, ?)", &params).await;
    session.run_with("INSERT INTO t VALUES (?, ?)", &[Value::Array(vec![]), Value::Null]).await;
    let back = session.rows("SELECT numbers, texts FROM t", &[]).await.rows;
    assert_eq!(back, [params.to_vec(), vec![Value::Array(vec![]), Value::Null]]);
}

pub(super) async fn nulls(suite: &Suite<'_>) {
    let mut session = suite.connect().await;
    for word in TYPES {
        session.run(&format!("CREATE TABLE t (v {} NULL)", suite.ty(word))).await;
        session.run_with("INSERT INTO t VALUES (?)", &[Value::Null]).await;
        let back = session.rows("SELECT v FROM t", &[]).await.rows;
        assert_eq!(back, [[Value::Null]], "{word}");
        assert_eq!(session.decoded::<Option<i64>>("SELECT v FROM t", &[]).await, [None], "{word}");
        session.run("DROP TABLE t").await;
    }
}

pub(super) async fn beyond_the_variants(suite: &Suite<'_>) {
    let digits = "1234567890123456789012345678901234567890";
    let cases: &[(&str, &str)] = match suite.dialect() {
        Dialect::Sqlite => &[("TEXT", digits), ("TIMESTAMP", "0000-00-00 00:00:00")],
        Dialect::Postgres => &[
            ("numeric", digits),
            ("numeric", "NaN"),
            ("timestamptz", "infinity"),
            ("timestamp", "-infinity"),
            ("date", "infinity"),
            ("inet", "10.0.0.0/8"),
            ("int4range", "[1,5)"),
        ],
        Dialect::Mysql => &[("decimal(50, 0)", digits), ("time", "-838:59:59"), ("set('a','b')", "a,b")],
    };
    let mut session = suite.connect().await;
    for (n, (ty, text)) in cases.iter().enumerate() {
        let value = Value::Text((*text).to_string());
        session.run(&format!("CREATE TABLE t{n} (v {ty})")).await;
        session.run_with(&format!("INSERT INTO t{n} VALUES (?)"), std::slice::from_ref(&value)).await;
        let select = format!("SELECT v FROM t{n}");
        let back = session.rows(&select, &[]).await.rows.remove(0);
        assert_eq!(back, std::slice::from_ref(&value), "{ty}");
        session.run_with(&format!("UPDATE t{n} SET v = ?"), &back).await;
        assert_eq!(session.rows(&select, &[]).await.rows, [[value]], "{ty}, given back");
    }
}

pub(super) async fn text_for_every_type(suite: &Suite<'_>) {
    let spellings = [
        ("int", "42"),
        ("bigint", "-9000000000"),
        ("float", "2.5"),
        ("decimal", "12.5"),
        ("varchar", "text"),
        ("uuid", "01234567-89ab-4def-8123-456789abcdef"),
        ("date", "2024-02-29"),
        ("time", "12:30:00"),
        ("datetime", "2024-02-29 12:30:00"),
        ("json", r#"{"a": 1}"#),
    ];
    let mut session = suite.connect().await;
    for (word, text) in spellings {
        session.run(&format!("CREATE TABLE t_{word} (v {})", suite.ty(word))).await;
        session.run_with(&format!("INSERT INTO t_{word} VALUES (?)"), &[text.encode()]).await;
        let count = format!("SELECT count(*) FROM t_{word} WHERE v IS NOT NULL");
        assert_eq!(session.number(&count).await, 1, "{word}");
    }
}
