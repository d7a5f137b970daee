//! Values at the edges of their types: each comes back as it was, or is refused with a word on why.

use std::fmt::Write as _;

use expect_test::expect_file;
use relata::prelude::*;
use relata::{Dialect, Encode, Interval, Kind, Result, Value};

crate::setup::everywhere!(edges);

/// Writes each value into a column of this type, alone, and says what became of it.
async fn tried<T>(db: &mut Db, story: &mut String, ty: &str, values: Vec<T>)
where
    T: Encode + relata_sql::FromRow + Clone + PartialEq + std::fmt::Debug + Send + Sync + Unpin + 'static,
{
    for value in values {
        let mut shown: String = format!("{value:?}").chars().take(70).collect();
        if let Some(end) = shown.find('\n') {
            shown.truncate(end);
        }
        let outcome = match round(db, ty, &value).await {
            Ok(back) if back == value => "kept".to_string(),
            Ok(back) => format!("CHANGED to {:?}", back).chars().take(100).collect(),
            Err(error) => refusal(&error),
        };
        writeln!(story, "{ty:20} {shown:30} {outcome}").expect("a text takes all");
    }
}

async fn round<T>(db: &mut Db, ty: &str, value: &T) -> Result<T>
where
    T: Encode + relata_sql::FromRow + Clone + Send + Sync + Unpin + 'static,
{
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let name = format!("edge_{}", NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    db.batch(&format!("CREATE TABLE {name} (v {ty})")).await?;
    db.table(&name).await?.insert(&[("v", value.clone().encode())], db).await?;
    relata::sql_unchecked::<T>(format!("SELECT v FROM {name}"), ()).one(db).await
}

/// It says that the value is the reason.
fn refusal(error: &relata::Error) -> String {
    let expected = [Kind::InvalidValue, Kind::CheckViolation, Kind::Decode];
    assert!(expected.contains(&error.kind()), "{error}");
    format!("refused, {:?}", error.kind())
}

/// MySQL and MariaDB are not of one mind on what they refuse.
fn judge(dialect: Dialect, story: &str) {
    match dialect {
        Dialect::Sqlite => expect_file!["edges/sqlite.txt"].assert_eq(story),
        Dialect::Postgres => expect_file!["edges/postgres.txt"].assert_eq(story),
        Dialect::Mysql => {
            // Blanks beyond the length are cut off, as is said in the guide; times are texts in the server's spelling.
            let known = |line: &str| line.starts_with("varchar(2)") || line.starts_with("time(6)");
            let changed: Vec<&str> = story.lines().filter(|line| line.contains("CHANGED") && !known(line)).collect();
            assert!(changed.is_empty(), "{changed:#?}");
        }
    }
}

async fn edges(mut db: Db) -> Result<()> {
    let db = &mut db;
    let mut story = String::new();
    let s = &mut story;
    let dialect = db.dialect();
    let pick = |[sqlite, postgres, mysql]: [&'static str; 3]| match dialect {
        Dialect::Sqlite => sqlite,
        Dialect::Postgres => postgres,
        Dialect::Mysql => mysql,
    };
    tried(
        db,
        s,
        pick(["REAL", "double precision", "double"]),
        vec![f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324],
    )
    .await;
    let nan = round(db, pick(["REAL", "double precision", "double"]), &f64::NAN).await;
    writeln!(s, "NaN: {}", nan.map_or_else(|error| refusal(&error), |nan| nan.to_string())).unwrap();
    tried(db, s, pick(["FLOAT", "real", "float"]), vec![f32::MAX, f32::MIN_POSITIVE, f32::INFINITY, 0.1]).await;
    tried(db, s, pick(["BIGINT", "numeric", "bigint unsigned"]), vec![u64::MAX, 1 << 63, 0]).await;
    tried(
        db,
        s,
        pick(["TEXT", "text", "text CHARACTER SET utf8mb4"]),
        text(&["\u{1F9D1}\u{200D}\u{1F680}\u{10FFFF}", "a\0b", "\u{FEFF}x", " x ", "\r\n\t"]),
    )
    .await;
    tried(
        db,
        s,
        pick(["VARCHAR(2)", "varchar(2)", "varchar(2) CHARACTER SET utf8mb4"]),
        text(&["\u{1F9D1}\u{1F680}", "abc", "ab "]),
    )
    .await;
    tried(db, s, pick(["TEXT", "text", "text CHARACTER SET utf8mb3"]), text(&["\u{1F680}"])).await;
    tried(db, s, pick(["BLOB", "bytea", "blob"]), vec![vec![0u8, 1, 0, 255, 0], vec![], vec![0]]).await;
    let dates = ["-009999-01-01", "-000001-12-31", "0000-01-01", "0001-01-01", "9999-12-31"];
    tried(db, s, pick(["DATE", "date", "date"]), dates.iter().map(|d| d.parse::<Date>().unwrap()).collect()).await;
    let instants = [
        "-004712-01-01T00:00:00Z",
        "-000043-03-15T12:00:00Z",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "9999-12-30T21:59:59.999999Z",
    ];
    tried(
        db,
        s,
        pick(["TIMESTAMP", "timestamptz", "timestamp(6)"]),
        instants.iter().map(|d| d.parse::<Timestamp>().unwrap()).collect(),
    )
    .await;
    tried(db, s, pick(["TIME", "time", "time(6)"]), text(&["24:00:00", "23:59:60", "23:59:59.9999999"])).await;
    let json = [
        r#"{"a":1,"a":2}"#,
        "12345678901234567890",
        "123456789012345678901234567890",
        "1e400",
        "-0",
        "-0.0",
        "0.1",
        "1.0",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "null",
        "[[[[]]]]",
        "{\"b\":1,\"a\":2}",
        "{\"\":1}",
    ];
    for json in json {
        let Ok(value) = json.parse::<Json>() else {
            writeln!(s, "json {json} is refused by the program").unwrap();
            continue;
        };
        tried(db, s, pick(["JSON", "jsonb", "json"]), vec![value.clone()]).await;
        if dialect == Dialect::Postgres {
            tried(db, s, "json", vec![value]).await;
        }
    }
    for depth in [100, 127, 128, 300] {
        let deep = (0..depth).fold(Json::Null, |inner, _| Json::Array(vec![inner]));
        let outcome = round(db, pick(["JSON", "jsonb", "json"]), &deep).await;
        writeln!(
            s,
            "json of depth {depth}: {}",
            outcome
                .map_or_else(|error| refusal(&error), |back| if back == deep { "kept" } else { "CHANGED" }.to_string())
        )
        .unwrap();
    }
    tried(
        db,
        s,
        pick(["DECIMAL(28,0)", "numeric(28,0)", "decimal(28,0)"]),
        vec![
            "79228162514264337593543950335".parse::<Decimal>().unwrap(),
            "7922816251426433759354395033".parse().unwrap(),
        ],
    )
    .await;
    match dialect {
        Dialect::Mysql => of_mysql(db, s).await,
        Dialect::Postgres => of_postgres(db, s).await?,
        Dialect::Sqlite => {}
    }
    judge(dialect, &story);
    Ok(())
}

fn text(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_string()).collect()
}

async fn of_mysql(db: &mut Db, s: &mut String) {
    tried(
        db,
        s,
        "decimal(65,30)",
        text(&[
            "12345678901234567890123456789012345.123456789012345678901234567891",
            "0.000000000000000000000000000001",
        ]),
    )
    .await;
    tried(db, s, "decimal(65,30)", vec!["0.0000000000000000000000000001".parse::<Decimal>().unwrap()]).await;
    tried(db, s, "time(6)", text(&["838:59:59.000000", "-838:59:59.000000", "839:00:00"])).await;
    tried(db, s, "year", vec![1901i32, 2155, 0, 1900]).await;
    tried(db, s, "bit(64)", vec![vec![255u8; 8]]).await;
}

async fn of_postgres(db: &mut Db, s: &mut String) -> Result<()> {
    let interval = |months, days, microseconds| Interval { months, days, microseconds };
    tried(
        db,
        s,
        "interval",
        vec![
            interval(i32::MAX, 0, 0),
            interval(i32::MIN, i32::MIN, i64::MIN),
            interval(1, -1, 1),
            interval(0, 0, i64::MAX),
        ],
    )
    .await;
    tried(db, s, "inet", text(&["::1", "::ffff:1.2.3.4", "fe80::/10", "0.0.0.0/0", "256.1.1.1"])).await;
    tried(db, s, "cidr", text(&["10.0.0.0/8", "10.1.0.0/8", "::/0"])).await;
    tried(db, s, "macaddr", text(&["08:00:2b:01:02:03", "08-00-2b-01-02-03"])).await;
    tried(db, s, "macaddr8", text(&["08:00:2b:01:02:03:04:05"])).await;
    tried(db, s, "int4range", text(&["empty", "(,)", "[1,)", "(,5)", "[1,5]", "[5,1]"])).await;
    tried(db, s, "numrange", text(&["[1.50,2.5]", "(,1e-20)"])).await;
    tried(db, s, "tstzrange", text(&["[-infinity,infinity]", "empty"])).await;
    tried(db, s, "int4multirange", text(&["{}", "{[1,3),[5,7)}"])).await;
    tried(db, s, "numeric", text(&["NaN", "Infinity", "1e200", "0.00000000000000000000000000000000000001"])).await;
    tried(db, s, "time", text(&["24:00:00"])).await;
    tried(db, s, "timetz", text(&["24:00:00-15:59"])).await;
    tried(db, s, "money", text(&["$92,233,720,368,547,758.07"])).await;
    tried(db, s, "char(3)", text(&["a", "abc"])).await;
    tried(db, s, "bit varying", text(&["", "101"])).await;
    tried(db, s, "xml", text(&["<a/>", "<a>"])).await;
    tried(db, s, "boolean[]", vec![vec![true, false]]).await;
    tried(db, s, "real[]", vec![vec![f32::INFINITY, 0.1]]).await;
    tried(db, s, "bytea[]", vec![vec![vec![0u8, 255], vec![]]]).await;
    tried(db, s, "time[]", vec![vec!["23:59:59.999999".parse::<Time>().unwrap()]]).await;
    tried(db, s, "timestamp[]", vec![vec!["2024-02-29T00:00:00".parse::<DateTime>().unwrap()]]).await;
    tried(db, s, "interval[]", vec![vec![interval(1, 2, 3)]]).await;
    tried(db, s, "varchar(3)[]", vec![text(&["a", "NULL", "", "\"", "abc"]), text(&["abcd"])]).await;
    tried(db, s, "inet[]", vec![text(&["10.0.0.1"])]).await;
    tried(db, s, "int4range[]", vec![text(&["[1,5)"])]).await;
    let nested = Value::Array(vec![
        Value::Array(vec![Value::Int(1), Value::Int(2)]),
        Value::Array(vec![Value::Int(3), Value::Int(4)]),
    ]);
    db.batch("CREATE TABLE edge (v int[])").await?;
    let table = db.table("edge").await?;
    let outcome = table.insert(&[("v", nested.clone())], db).await;
    writeln!(s, "nested: {:?}", outcome.map_err(|error| refusal(&error))).unwrap();
    let back = table.select().all(db).await;
    writeln!(s, "nested: {:?}", back.map_err(|error| refusal(&error))).unwrap();
    db.batch("DELETE FROM edge; INSERT INTO edge VALUES ('{{1,2},{3,4}}'), ('[0:1]={1,2}'), (ARRAY[1,NULL])").await?;
    for row in ["'{{1,2},{3,4}}'", "'[0:1]={1,2}'", "ARRAY[1,NULL]::int[]"] {
        let back = relata::sql_unchecked::<Vec<i32>>(format!("SELECT {row}::int[]"), ()).one(db).await;
        writeln!(s, "{row}: {:?}", back.map_err(|error| refusal(&error))).unwrap();
    }
    Ok(())
}
