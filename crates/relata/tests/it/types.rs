//! Every type of column: the ends of its range go there and come back, and its operators find it.

use std::path::Path;

use relata::prelude::*;
use relata::time::SignedDuration;
use relata::{Dialect, Interval, Kind, Result, Value, pg, sql};

use crate::functions::every_type;
use crate::model::{EveryType, Mood};
use crate::setup::on_source;

#[path = "types/deep.rs"]
mod deep;
#[path = "types/edges.rs"]
mod edges;
#[path = "types/exact.rs"]
mod exact;
#[path = "types/lists.rs"]
mod lists;
#[path = "types/members.rs"]
mod members;
#[path = "types/postgres.rs"]
mod natives;
#[path = "types/model.rs"]
mod own;

use natives::{Light, Native, NewNative};
use own::{Calendar, Cents, Email, NewCalendar, NewOwn, Own, Percent, Settings};

/// Those that need only the tables of the model.
mod common {
    use super::*;
    crate::setup::everywhere!(ends_of_every_type, outside_of_the_type);

    async fn ends_of_every_type(mut db: Db) -> Result<()> {
        super::ends_of_every_type(&mut db).await
    }

    async fn outside_of_the_type(mut db: Db) -> Result<()> {
        super::outside_of_the_type(&mut db).await
    }
}

/// Those that have tables of their own.
mod of_ones_own {
    use super::*;
    crate::setup::everywhere!(in "types/model.rs": scalars, lengths_of_time, chrono_and_time);

    async fn scalars(mut db: Db) -> Result<()> {
        super::scalars(&mut db).await
    }

    async fn lengths_of_time(mut db: Db) -> Result<()> {
        super::lengths_of_time(&mut db).await
    }

    async fn chrono_and_time(mut db: Db) -> Result<()> {
        super::chrono_and_time(&mut db).await
    }
}

async fn ends_of_every_type(db: &mut Db) -> Result<()> {
    for highest in [true, false] {
        let pick = |high: &'static str, low: &'static str| if highest { high } else { low };
        // MariaDB's TIMESTAMP ends in 2038.
        let mut new = every_type(match db.dialect() {
            Dialect::Mysql => pick("2038-01-19T03:14:07.999999Z", "1970-01-01T00:00:01Z"),
            _ => pick("9999-12-30T21:59:59.999999Z", "1000-01-02T00:00:00Z"),
        });
        new.small = if highest { i16::MAX } else { i16::MIN };
        new.medium = if highest { i32::MAX } else { i32::MIN };
        new.large = if highest { i64::MAX } else { i64::MIN };
        new.single = if highest { f32::MAX } else { f32::MIN };
        new.double = if highest { f64::MAX } else { f64::MIN_POSITIVE };
        new.exact = pick("99999999.9999", "-99999999.9999").parse().unwrap();
        new.text = if highest { "\u{10FFFF}'\"\\%_\n\u{1F980}".repeat(500) } else { String::new() };
        new.bytes = if highest { (0..=255).collect() } else { Vec::new() };
        new.uuid = if highest { Uuid::max() } else { Uuid::nil() };
        new.date = pick("9999-12-31", "1000-01-01").parse().unwrap();
        new.time = pick("23:59:59.999999", "00:00:00").parse().unwrap();
        new.datetime = pick("9999-12-31T23:59:59.999999", "1000-01-01T00:00:00").parse().unwrap();
        new.json = pick(r#"{"a": [1, {"b": "\u0041 ü \" \\"}], "n": null, "f": 1.5}"#, "[]").parse().unwrap();
        let given = new.clone();
        let row = new.insert(db).await?;
        assert_eq!((row.small, row.medium, row.large), (given.small, given.medium, given.large));
        assert_eq!((row.single, row.double, row.exact), (given.single, given.double, given.exact));
        assert_eq!((&row.text, &row.bytes, row.uuid), (&given.text, &given.bytes, given.uuid));
        assert_eq!(
            (row.date, row.time, row.datetime, row.instant),
            (given.date, given.time, given.datetime, given.instant)
        );
        assert_eq!(row.json, given.json);
        // What comes back is found by what it is.
        for filter in [
            EveryType.small.eq(row.small),
            EveryType.medium.eq(row.medium),
            EveryType.large.eq(row.large),
            EveryType.double.ge(row.double),
            EveryType.exact.eq(row.exact),
            EveryType.text.eq(&row.text),
            EveryType.bytes.eq(row.bytes.clone()),
            EveryType.uuid.eq(row.uuid),
            EveryType.date.eq(row.date),
            EveryType.time.eq(row.time),
            EveryType.datetime.eq(row.datetime),
            EveryType.instant.eq(row.instant),
            EveryType.large.is_in([row.large, 17]),
            EveryType.exact.between(row.exact, row.exact),
            EveryType.mood.eq(Mood::Happy),
        ] {
            let text = format!("{filter:?}");
            let found = EveryType::find().filter(EveryType.id.eq(row.id)).filter(filter).all(db).await?;
            assert_eq!(found, std::slice::from_ref(&row), "{text}");
        }
    }
    Ok(())
}

/// Numbers, texts and dates that the column does not hold are refused, by the database or before it, and never bent.
async fn outside_of_the_type(db: &mut Db) -> Result<()> {
    let kept = every_type("2024-02-29T00:00:00Z").insert(db).await?;
    let strict = db.dialect() != Dialect::Sqlite;
    let refused = |result: Result<EveryType>, what: &str| match result {
        Ok(row) => panic!("{what} is kept as {row:?}"),
        Err(error) => assert!(matches!(error.kind(), Kind::InvalidValue | Kind::CheckViolation), "{what}: {error}"),
    };
    if strict {
        let mut new = every_type("2024-02-29T00:00:00Z");
        new.exact = "123456789.5".parse().unwrap();
        refused(new.insert(db).await, "a decimal of nine digits before the point");
        for (column, value) in
            [("small", Value::Int(40_000)), ("medium", Value::Int(1 << 40)), ("date", Value::Text("2024-02-30".into()))]
        {
            let update = format!("UPDATE every_type SET {column} = ?");
            let error = relata::sql_unchecked::<i64>(update, (value,)).exec(db).await.unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidValue, "{column}: {error}");
        }
    }
    let error = sql::<i64>("UPDATE every_type SET large = ?", (Value::UInt(u64::MAX),)).exec(db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
    let same = EveryType::find().one(db).await?;
    assert_eq!(same, kept);
    // What does not fit the field of the struct is an error of reading, with the column's name.
    sql::<i64>("UPDATE every_type SET large = 300", ()).exec(db).await?;
    let error = sql::<u8>("SELECT large FROM every_type", ()).one(db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Decode);
    assert!(error.to_string().contains("from 0 to 255"), "{error}");
    Ok(())
}

async fn scalars(db: &mut Db) -> Result<()> {
    let settings = |dark: bool| Settings { dark, tags: vec!["a'b".into(), "ü".into()] };
    let new = |email: &str, percent: i16| NewOwn {
        email: Email(email.into()),
        share: Percent::try_from(percent).unwrap(),
        cents: Cents(percent.into()),
        settings: settings(percent > 50),
        length: SignedDuration::from_secs(1),
    };
    let ann = new("ann@example.com", 100).other(Email("a@b.c".into())).insert(db).await?;
    assert_eq!(
        (&ann.email, &ann.other, ann.share),
        (&Email("ann@example.com".into()), &Some(Email("a@b.c".into())), Percent::try_from(100).unwrap())
    );
    assert_eq!(ann.settings, settings(true));
    new("bob@example.com", 0).insert(db).await?;
    for (filter, count) in [
        (Own.email.eq(Email("bob@example.com".into())), 1),
        (Own.email.contains("example"), 2),
        (Own.other.is_none(), 1),
        (Own.share.gt(Percent::try_from(99).unwrap()), 1),
        (Own.cents.ge(Cents(0)), 2),
        (Own.settings.key("dark").boolean().holds(), 1),
        (Own.settings.key("tags").index(1).text().eq("ü"), 2),
        (Own.email.is_in([Email("ann@example.com".into())]), 1),
        (relata::fragment::<Own, bool>("{} = {}", (Own.email, Email("ann@example.com".into()))).holds(), 1),
    ] {
        let text = format!("{filter:?}");
        assert_eq!(Own::find().filter(filter).count(db).await?, count, "{text}");
    }
    let total: Option<i64> = Own::find().select(Own.cents.sum()).one(db).await?;
    assert_eq!(total, Some(100));
    Own::update_many()
        .filter(Own.id.eq(ann.id))
        .set(Own.other.to_none())
        .set(Own.settings.to(settings(false)))
        .exec(db)
        .await?;
    let ann = Own::by_key(ann.id).one(db).await?;
    assert_eq!((ann.other, ann.settings.dark), (None, false));
    // A value that the type refuses is an error of reading.
    sql::<i64>("UPDATE owns SET share = 101", ()).exec(db).await?;
    let error = Own::find().all(db).await.unwrap_err();
    assert!(error.to_string().contains("a number from 0 to 100"), "{error}");
    sql::<i64>("UPDATE owns SET share = 1", ()).exec(db).await?;
    let wrong = if db.dialect() == Dialect::Postgres {
        r#"UPDATE owns SET settings = '{"dark": 5}'::jsonb"#
    } else {
        r#"UPDATE owns SET settings = '{"dark": 5}'"#
    };
    relata::sql_unchecked::<i64>(wrong, ()).exec(db).await?;
    let error = Own::find().all(db).await.unwrap_err();
    assert!(error.to_string().contains("JSON that fits"), "{error}");
    Ok(())
}

async fn lengths_of_time(db: &mut Db) -> Result<()> {
    // TIME goes to 838 hours; intervals and microseconds go much further.
    let far = if db.dialect() == Dialect::Mysql { 838 * 3600 + 59 * 60 + 59 } else { 9_000_000_000 };
    let lengths = [
        SignedDuration::ZERO,
        SignedDuration::from_micros(1),
        SignedDuration::from_micros(-1),
        SignedDuration::from_hours(25),
        SignedDuration::from_secs(far),
        SignedDuration::from_secs(-far),
    ];
    for (number, length) in lengths.into_iter().enumerate() {
        let row = NewOwn {
            email: Email(number.to_string()),
            share: Percent::try_from(1).unwrap(),
            cents: Cents(0),
            settings: Settings { dark: true, tags: Vec::new() },
            length,
        };
        let row = row.pause(length).insert(db).await?;
        assert_eq!((row.length, row.pause), (length, Some(length)));
        assert_eq!(Own::find().filter(Own.length.eq(length)).count(db).await?, 1, "{length}");
    }
    let long = Own::find().filter(Own.length.gt(SignedDuration::from_hours(24))).count(db).await?;
    assert_eq!(long, 2);
    let ordered = Own::find().order(Own.length.asc()).all(db).await?;
    assert_eq!((ordered[0].length, ordered[1].length), (lengths[5], lengths[2]));
    if db.dialect() == Dialect::Mysql {
        let error = Own::update_many()
            .all_rows()
            .set(Own.length.to(SignedDuration::from_hours(839)))
            .exec(db)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
    }
    Ok(())
}

async fn chrono_and_time(db: &mut Db) -> Result<()> {
    for (day, instant) in [
        ("2024-02-29", "2024-02-29T12:30:00.25Z"),
        ("9999-12-31", "1970-01-01T00:00:01Z"),
        ("1000-01-01", "2038-01-01T00:00:00.000001Z"),
    ] {
        let day: chrono::NaiveDate = day.parse().unwrap();
        let hour = chrono::NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap();
        let at: chrono::DateTime<chrono::Utc> = instant.parse().unwrap();
        let time_day = time::Date::from_ordinal_date(2023, 365).unwrap();
        let time_hour = time::Time::from_hms_micro(0, 0, 1, 5).unwrap();
        let time_at = time::OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        let new = NewCalendar {
            day,
            hour,
            local: day.and_time(hour),
            at,
            time_day,
            time_hour,
            time_local: time::PrimitiveDateTime::new(time_day, time_hour),
            time_at,
        };
        let row = new.later(at).insert(db).await?;
        assert_eq!((row.day, row.hour, row.local, row.at, row.later), (day, hour, day.and_time(hour), at, Some(at)));
        assert_eq!((row.time_day, row.time_hour, row.time_at), (time_day, time_hour, time_at));
        assert_eq!(row.time_local, time::PrimitiveDateTime::new(time_day, time_hour));
        for filter in [
            Calendar.day.eq(day),
            Calendar.hour.eq(hour),
            Calendar.at.eq(at),
            Calendar.at.between(at, at),
            Calendar.later.eq(at),
            Calendar.time_at.eq(time_at),
            Calendar.time_day.year().eq(2023),
            Calendar.at.plus(1, relata::Unit::Day).gt(at),
            Calendar.local.cast::<chrono::NaiveDate>().eq(day),
        ] {
            let text = format!("{filter:?}");
            assert_eq!(Calendar::find().filter(Calendar.id.eq(row.id)).filter(filter).count(db).await?, 1, "{text}");
        }
    }
    Ok(())
}

/// What databases keep among dates though it is none says what it is, and is read as text.
#[tokio::test]
async fn dates_that_are_none() {
    for (dialect, kept, read, says) in [
        (Dialect::Mysql, "0000-00-00", "0000-00-00", "it is a zero date of MariaDB, which is no date: write NULL"),
        (Dialect::Postgres, "-infinity", "-infinity", "it is infinite, which no date is: write NULL or a date there"),
    ] {
        let (_database, mut db) = crate::setup::open(dialect).await;
        every_type("2024-02-29T00:00:00Z").insert(&mut db).await.unwrap();
        db.batch(&format!("UPDATE every_type SET date = '{kept}'")).await.unwrap();
        let error = EveryType::find().one(&mut db).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Decode);
        let text = error.to_string();
        assert!(text.contains(says) && text.contains("`.select(EveryType.date.cast::<String>())`"), "{text}");
        let date = EveryType::find().select(EveryType.date.cast::<String>()).one(&mut db).await.unwrap();
        assert_eq!(date, read);
    }
}

#[tokio::test]
async fn natives_of_postgres() {
    let source =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/types/postgres.rs")).unwrap();
    on_source(Dialect::Postgres, &source, natives).await;
}

fn native() -> NewNative {
    NewNative {
        flags: vec![true, false],
        shorts: vec![i16::MIN, i16::MAX],
        ints: vec![i32::MIN, 0, i32::MAX],
        doubles: vec![f64::MIN_POSITIVE, f64::MAX],
        texts: vec![String::new(), "it's".into(), "{\"a\",b\\}".into(), "NULL".into(), "ü\n".into()],
        decimals: vec!["-1.50".parse().unwrap(), "79228162514264337593543950335".parse().unwrap()],
        uuids: vec![Uuid::nil(), Uuid::max()],
        days: vec!["2024-02-29".parse().unwrap()],
        instants: vec!["2024-02-29T12:00:00.000001Z".parse().unwrap()],
        documents: vec![serde_json::json!({"a": [1, null]}), serde_json::json!("x")],
        lights: vec![Light::Red, Light::Green, Light::Red],
        span: Interval { months: -13, days: 40, microseconds: 5_000_001 },
        address: "10.1.2.3/8".into(),
        network: "10.1.0.0/16".into(),
        card: "08:00:2b:01:02:03".into(),
        whole: "[1,5)".into(),
        exact: "(1.5,)".into(),
        stay: "[2024-01-01,2024-02-01)".into(),
        during: "[\"2024-01-01 00:00:00+00\",\"2024-01-02 00:00:00+00\")".into(),
        words: "'bee':2A 'fat':1".into(),
        wanted: "'fat' & ( 'bee':*A | !( 'cat' <-> 'rat' ) )".into(),
        bits: "1010".into(),
        clock: "12:30:00+02".into(),
        number: "123456789012345678901234567890.123456789".into(),
    }
}

/// A rule on an array.
fn no_blanks(texts: &[String]) -> Result<(), &'static str> {
    if texts.iter().any(|text| text.trim().is_empty()) { Err("must have no blanks") } else { Ok(()) }
}

/// The application and the constraint agree on arrays.
async fn rules_of_arrays(db: &mut Db) -> Result<()> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_string()).collect::<Vec<String>>();
    let table = relata::Table::find("natives", db).await?;
    let id = Native::find().one(db).await?.id;
    for (few, expected) in [
        (texts(&[]), &["few length"][..]),
        (texts(&["a"]), &[]),
        (texts(&["a", "b"]), &[]),
        (texts(&["a", "b", "c"]), &["few length"]),
        (texts(&[" "]), &["few custom"]),
    ] {
        let checked = Native::update(id).set(Native.few.to(few.clone())).exec(db).await;
        let said: Vec<String> =
            checked.err().iter().flat_map(relata::Error::problems).map(|p| format!("few {}", p.rule)).collect();
        assert_eq!(said, expected, "{few:?}");
        let value = relata::Value::Array(few.iter().cloned().map(relata::Value::Text).collect());
        let there = table.update(&[relata::Value::Int(id.get())], &[("few", value)], db).await;
        let length = expected.first() == Some(&"few length");
        assert_eq!(there.is_err(), length, "{few:?}: the rule of one's own is the application's alone");
    }
    Ok(())
}

async fn natives(mut db: Db) -> Result<()> {
    let row = native().longs(vec![i64::MIN, i64::MAX]).place("(1.5,-2)".to_string()).insert(&mut db).await?;
    let again = Native::find().one(&mut db).await?;
    assert_eq!(row, again);
    rules_of_arrays(&mut db).await?;
    let given = native();
    assert_eq!((&row.texts, &row.decimals, &row.documents), (&given.texts, &given.decimals, &given.documents));
    assert_eq!((&row.lights, row.span, &row.longs), (&given.lights, given.span, &Some(vec![i64::MIN, i64::MAX])));
    let texts = [
        &row.address,
        &row.network,
        &row.card,
        &row.whole,
        &row.exact,
        &row.stay,
        &row.during,
        &row.words,
        &row.wanted,
    ];
    let expected = [
        &given.address,
        &given.network,
        &given.card,
        &given.whole,
        &given.exact,
        &given.stay,
        &given.during,
        &given.words,
        &given.wanted,
    ];
    assert_eq!(texts, expected);
    assert_eq!(
        (&*row.bits, &*row.clock, &*row.number, row.place.as_deref()),
        ("1010", "12:30:00+02", &*given.number, Some("(1.5,-2)"))
    );
    let none = native().insert(&mut db).await?;
    assert_eq!((none.longs, none.place), (None, None));
    let instant: Timestamp = "2024-01-01T12:00:00Z".parse().unwrap();
    for (filter, count) in [
        (Native.ints.has(0), 2),
        (Native.ints.has(1), 0),
        (Native.longs.has(i64::MAX), 1),
        (Native.texts.has_all(vec!["it's".to_string(), "NULL".to_string()]), 2),
        (Native.texts.has_any(vec!["no".to_string(), "NULL".to_string()]), 2),
        (Native.shorts.within(vec![i16::MIN, i16::MAX, 0]), 2),
        (Native.lights.has(Light::Green), 2),
        (Native.texts.elements().eq(5), 2),
        (Native.ints.append(7).elements().eq(4), 2),
        (Native.ints.eq(vec![i32::MIN, 0, i32::MAX]), 2),
        (Native.address.eq("10.1.2.3/8"), 2),
        (pg::inet_within(Native.address, "10.0.0.0/7"), 2),
        (pg::inet_contains(Native.network, "10.1.200.1"), 2),
        (pg::range_contains(Native.whole, fragment_of_int(4)), 2),
        (pg::range_contains(Native.during, instant), 2),
        (pg::range_overlaps(Native.during, "[2024-01-01 12:00+00,2024-02-01 00:00+00)"), 2),
        (pg::range_contains(Native.stay, "[2024-01-02,2024-01-03)"), 2),
        (pg::range_contained_by(Native.whole, "(,)"), 2),
        (pg::range_overlaps(Native.whole, "empty"), 0),
        (pg::range_end(Native.during).gt(instant), 2),
        (Native.whole.eq("[1,5)"), 2),
        (Native.span.gt(Interval { months: -14, days: 0, microseconds: 0 }), 2),
        (Native.bits.eq("1010"), 2),
        (Native.number.eq("123456789012345678901234567890.123456789"), 2),
        (relata::fragment::<Native, bool>("{} @@ {}", (Native.words, Native.wanted)).holds(), 2),
    ] {
        let text = format!("{filter:?}");
        assert_eq!(Native::find().filter(filter).count(&mut db).await?, count, "{text}");
    }
    let update = Native::update_many().filter(Native.id.eq(row.id));
    let update = update
        .set(Native.texts.to(Native.texts.append("new").remove("NULL")))
        .set(Native.ints.to(Native.ints.append_all(vec![9]).prepend(8)));
    update.exec(&mut db).await?;
    let row = Native::by_key(row.id).one(&mut db).await?;
    assert_eq!((row.texts.last().map(String::as_str), row.texts.len()), (Some("new"), 5));
    assert_eq!(row.ints, [8, i32::MIN, 0, i32::MAX, 9]);
    // A query for every form of text-search query.
    for query in [
        "'a'",
        "!'a'",
        "'a' & 'b' & 'c'",
        "'a' | 'b' & 'c'",
        "( 'a' | 'b' ) & 'c'",
        "'a' <-> 'b' <3> 'c'",
        "'a' <-> ( 'b' <-> 'c' )",
        "!( 'a' & !'b' )",
        "'it''s':*BD",
    ] {
        let sql = "SELECT ?::text::tsquery, ?::text::tsquery::text";
        let (read, text): (String, String) =
            relata::sql_unchecked::<(String, String)>(sql, (query, query)).one(&mut db).await?;
        assert_eq!(read, text);
    }
    Ok(())
}

fn fragment_of_int(number: i64) -> relata::Expression<Native, i64> {
    relata::fragment("CAST({} AS int)", (number,))
}
