//! Values of another kind than the column they stand beside, and values that only one database has.

use relata::prelude::*;
use relata::table::Condition;
use relata::{Dialect, Kind, Result, Searchable, Value};
use relata_testkit::TestDatabase;

crate::setup::everywhere!(values_of_another_kind, keys_of_another_kind);

/// It is not there, or the question is refused.
#[track_caller]
fn nothing(what: &str, result: Result<u64>) {
    match result {
        Ok(count) => assert_eq!(count, 0, "{what}"),
        Err(error) => assert_eq!(error.kind(), Kind::InvalidValue, "{what}: {error}"),
    }
}

async fn values_of_another_kind(mut db: Db) -> Result<()> {
    let db = &mut db;
    let dialect = db.dialect();
    let bytes = if dialect == Dialect::Postgres { "bytea" } else { "blob" };
    db.batch(&format!(
        "CREATE TABLE kinds (id bigint NOT NULL PRIMARY KEY, n bigint, t varchar(20), f double precision, b {bytes}, day date);
         INSERT INTO kinds VALUES (1, 5, 'abc', 1.5, '1', '2024-02-29'), (2, 0, '0', 0, '2', '2024-02-29'),
             (3, -1, '1abc', 1, 'x', '2024-02-29'), (4, NULL, NULL, NULL, NULL, NULL)"
    ))
    .await?;
    let table = db.table("kinds").await?;
    let (text, null) = (|text: &str| Value::Text(text.into()), || Value::Null);
    for (column, condition, wanted) in [
        ("n", Condition::Equal(text("5")), 1),
        ("n", Condition::Equal(Value::Decimal("5".parse().unwrap())), 1),
        ("n", Condition::Between(text("-1"), text("0")), 2),
        ("t", Condition::Equal(Value::Int(0)), 1),
        ("t", Condition::NotEqual(Value::Int(0)), 2),
        ("t", Condition::In(vec![Value::Int(0), Value::Int(7)]), 1),
        ("t", Condition::NotIn(vec![Value::Int(0)]), 2),
        ("f", Condition::Equal(text("1.5")), 1),
        // NULL is a value of a list as it is one of `Equal`.
        ("n", Condition::In(vec![null(), Value::Int(5)]), 2),
        ("n", Condition::In(vec![null()]), 1),
        ("n", Condition::NotIn(vec![null(), Value::Int(5)]), 2),
        ("n", Condition::NotIn(vec![null()]), 3),
        ("n", Condition::NotIn(vec![Value::Int(5)]), 2),
    ] {
        let what = format!("{column} {condition:?}");
        assert_eq!(table.select().filter(column, condition)?.count(db).await?, wanted, "{what}");
    }
    for (column, condition) in [
        ("n", Condition::Equal(text("abc"))),
        ("n", Condition::In(vec![text("0x")])),
        ("b", Condition::Equal(Value::Int(0))),
        ("day", Condition::Equal(Value::Int(0))),
        ("t", Condition::Equal(Value::Bool(false))),
    ] {
        let what = format!("{column} {condition:?}");
        let found = match table.select().filter(column, condition) {
            Ok(query) => query.count(db).await,
            Err(error) => Err(error),
        };
        if !(dialect == Dialect::Sqlite && column == "t") {
            nothing(&what, found);
        }
    }
    // A number that no floating-point number is.
    let odd = table.update(&[Value::Int(1)], &[("f", Value::Int((1 << 53) + 1))], db).await.unwrap_err();
    assert_eq!(odd.kind(), Kind::InvalidValue, "{odd}");
    if dialect == Dialect::Sqlite {
        return Ok(());
    }
    let date_time = Value::DateTime("2024-02-29T12:00:00".parse().unwrap());
    for (column, value) in [
        ("n", Value::Float(1.5)),
        ("n", Value::Decimal("2.5".parse().unwrap())),
        ("n", text("7.5")),
        ("n", text("7x")),
        ("n", date_time.clone()),
        ("day", date_time),
    ] {
        let what = format!("{column} = {value:?}");
        let row = [("id", Value::Int(9)), (column, value.clone())];
        let inserted = table.insert_many(&["id", column], [row.clone().map(|(_, value)| value).to_vec()], db).await;
        for result in [table.insert(&row, db).await, table.upsert(&row, &["id"], db).await, inserted.map(drop)] {
            assert_eq!(result.expect_err(&what).kind(), Kind::InvalidValue, "{what}");
        }
        let update = table.select().all_rows().update(&[(column, value)], db).await;
        assert_eq!(update.expect_err(&what).kind(), Kind::InvalidValue, "{what}");
    }
    let day = Value::Date("2024-02-29".parse().unwrap());
    table.update(&[Value::Int(1)], &[("t", day)], db).await?;
    let kept = table.by_key(&[Value::Int(1)], db).await?.unwrap();
    assert_eq!(kept.value("t"), Some(&text("2024-02-29")));
    Ok(())
}

/// A number is no text: as one, MariaDB would take every key for it that begins with no digit.
async fn keys_of_another_kind(mut db: Db) -> Result<()> {
    let db = &mut db;
    db.batch("CREATE TABLE codes (code varchar(20) NOT NULL PRIMARY KEY, n int); INSERT INTO codes VALUES ('a', 1), ('b', 2), ('7', 3)").await?;
    let codes = db.table("codes").await?;
    assert!(!codes.update(&[Value::Int(0)], &[("n", Value::Int(9))], db).await?);
    assert!(!codes.delete(&[Value::Int(0)], db).await?);
    assert!(codes.delete(&[Value::Int(7)], db).await?);
    assert_eq!(codes.select().count(db).await?, 2);
    Ok(())
}

#[tokio::test]
async fn refusals_say_what_was_given() {
    let (_database, mut db) = crate::setup::open(Dialect::Mysql).await;
    db.batch("CREATE TABLE kinds (id bigint PRIMARY KEY, n bigint, mood enum('a', 'b'))").await.unwrap();
    let kinds = db.table("kinds").await.unwrap();
    let error = kinds.select().filter("n", Condition::Equal(Value::Text("abc".into()))).unwrap_err();
    expect_test::expect![[r#"
        kinds.n holds whole numbers; it was compared with a text that is no number [R0107]
          table: kinds
          column: n
          hint: give it a value of its own kind: the database would take another, without a word"#]]
    .assert_eq(&error.to_string());
    let error = kinds.insert(&[("n", Value::Float(1.5))], &mut db).await.unwrap_err();
    expect_test::expect![[r#"
        kinds.n holds whole numbers; it was given a number with a fraction [R0107]
          table: kinds
          column: n
          hint: give it a value of its own kind: the database would take another, without a word"#]]
    .assert_eq(&error.to_string());
    let error = kinds.insert(&[("mood", Value::Int(1))], &mut db).await.unwrap_err();
    expect_test::expect![[r#"
        kinds.mood holds texts; it was given a number, which is a place among its values [R0107]
          table: kinds
          column: mood
          hint: give it a value of its own kind: the database would take another, without a word"#]]
    .assert_eq(&error.to_string());
}

/// PostgreSQL has no operators for them.
#[tokio::test]
async fn domains_over_enums() {
    let database = TestDatabase::create(Dialect::Postgres).await;
    let mut db = Db::open(&database.url().expose()).await.unwrap();
    let db = &mut db;
    db.batch(
        "CREATE TYPE mood AS ENUM ('sad', 'happy', 'angry'); CREATE DOMAIN felt AS mood; CREATE DOMAIN deep AS felt;
         CREATE TABLE days (id int PRIMARY KEY, mood felt NOT NULL, other deep);
         INSERT INTO days VALUES (1, 'happy', 'sad'), (2, 'sad', NULL), (3, 'angry', 'angry')",
    )
    .await
    .unwrap();
    let days = db.table("days").await.unwrap();
    let mood = |text: &str| Value::Text(text.into());
    for (column, condition, wanted) in [
        ("mood", Condition::Equal(mood("happy")), 1),
        ("mood", Condition::NotEqual(mood("happy")), 2),
        ("mood", Condition::Less(mood("angry")), 2),
        ("mood", Condition::In(vec![mood("happy"), mood("sad")]), 2),
        ("mood", Condition::NotIn(vec![mood("happy")]), 2),
        ("mood", Condition::Between(mood("sad"), mood("happy")), 2),
        ("mood", Condition::Contains("a".into()), 3),
        ("other", Condition::In(vec![mood("sad"), Value::Null]), 2),
    ] {
        let what = format!("{column} {condition:?}");
        assert_eq!(days.select().filter(column, condition).unwrap().count(db).await.unwrap(), wanted, "{what}");
    }
    let (mut seen, mut after) = (Vec::new(), None::<Cursor>);
    loop {
        let page = days.select().order("mood", false).unwrap().limit(1).after(after).page(db).await.unwrap();
        seen.extend(page.iter().map(|row| row.value("mood").cloned().unwrap()));
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(seen, [mood("sad"), mood("happy"), mood("angry")]);
    assert!(days.update(&[Value::Int(1)], &[("mood", mood("sad"))], db).await.unwrap());
    let error = relata::sql::<i64>("SELECT id FROM days WHERE mood = ?", ("sad",)).all(db).await.unwrap_err();
    expect_test::expect![[r#"
        operator does not exist: felt = unknown [R0404, 42883]
          sql: SELECT id FROM days WHERE mood = $1
          hint: No operator matches the given name and argument types. You might need to add explicit type casts
          hint: a type without this operator (json, point, a domain over an enum) is compared as a text, `.cast::<String>()`; or give the column another type"#]].assert_eq(&error.to_string());
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "hosts")]
struct Host {
    #[id]
    id: Id<Host>,
    #[db_type("inet")]
    address: String,
    #[db_type(postgres = "citext")]
    name: String,
}

/// What is a text in Rust alone is not searched as one.
#[test]
fn operators_that_a_column_has() {
    let hosts = Searchable::<Host>::new().allow("address", Host.address).allow("name", Host.name);
    assert!(hosts.from_query("filter[name][contains]=a&filter[address]=10.0.0.1").is_ok());
    let error = hosts.from_query("filter[address][contains]=10").err().unwrap();
    expect_test::expect![[r#"
        the search cannot be done: address has no operator contains (allowed: eq, ne, lt, lte, gt, gte, in, not_in, between, null) [R0106]
          field: address"#]].assert_eq(&error.to_string());
    let json = serde_json::json!({"filter": {"address": {"starts_with": "10."}}});
    let error = hosts.from_json(&json).err().unwrap();
    assert_eq!(error.kind(), Kind::Validation, "{error}");
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "odd")]
struct Odd {
    #[id(manual)]
    id: i64,
    day: Option<Date>,
    at: Option<DateTime>,
    long: Option<relata::time::SignedDuration>,
    year: Option<i16>,
    bits: Option<u64>,
    large: Option<u64>,
}

/// What MariaDB and MySQL keep among dates though it is none, times beyond a day, years, bits and large numbers.
#[tokio::test]
async fn values_of_mariadb() {
    let (_database, mut db) = crate::setup::open(Dialect::Mysql).await;
    let db = &mut db;
    db.batch(
        "CREATE TABLE odd (id bigint PRIMARY KEY, day date, at datetime(6), `long` time(6), year year, bits bit(20),
             large bigint unsigned);
         SET SESSION sql_mode = ''; INSERT INTO odd (id, day, at) VALUES (1, '0000-00-00', NULL), (2, NULL, '0000-00-00 00:00:00'),
             (3, '2024-00-15', NULL), (4, NULL, '2024-02-00 10:00:00');
         SET SESSION sql_mode = DEFAULT",
    )
    .await
    .unwrap();
    let mut said = String::new();
    for id in 1..=4 {
        let error = Odd::by_key(id).one(db).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Decode);
        said += &format!("{}\n", error.hints().join("; "));
    }
    expect_test::expect![[r#"
        it is a zero date of MariaDB, which is no date: write NULL or a date there, or read it as text by `.select(Odd.day.cast::<String>())`
        it is a zero date of MariaDB, which is no date: write NULL or a date there, or read it as text by `.select(Odd.at.cast::<String>())`
        its month or day is 0, which no date has: write NULL or a date there, or read it as text by `.select(Odd.day.cast::<String>())`
        its month or day is 0, which no date has: write NULL or a date there, or read it as text by `.select(Odd.at.cast::<String>())`
    "#]].assert_eq(&said);
    let days: Vec<Option<String>> =
        Odd::find().order(Odd.id.asc()).select(Odd.day.cast::<String>()).all(db).await.unwrap();
    assert_eq!(days[0].as_deref(), Some("0000-00-00"));
    let table = db.table("odd").await.unwrap();
    let row = table.by_key(&[Value::Int(1)], db).await.unwrap().unwrap();
    assert_eq!(row.value("day"), Some(&Value::Text("0000-00-00".into())));
    // It comes back as it was read.
    table.update(&[Value::Int(1)], &[("day", Value::Null)], db).await.unwrap();
    let whole = Odd {
        id: 5,
        day: None,
        at: None,
        long: Some(relata::time::SignedDuration::from_micros(-3_020_398_000_001)),
        year: Some(2155),
        bits: Some((1 << 20) - 1),
        large: Some(u64::MAX),
    };
    let new = NewOdd { id: 5 }.long(whole.long).year(whole.year).bits(whole.bits).large(whole.large);
    assert_eq!(new.insert(db).await.unwrap(), whole);
    for filter in [
        Odd.long.eq(whole.long.unwrap()),
        Odd.long.lt(relata::time::SignedDuration::from_hours(-800)),
        Odd.year.eq(2155),
        Odd.bits.eq((1 << 20) - 1),
        Odd.large.eq(u64::MAX),
        Odd.large.is_in([u64::MAX, 1]),
        Odd.large.between(u64::MAX - 1, u64::MAX),
    ] {
        let text = format!("{filter:?}");
        assert_eq!(Odd::find().filter(filter).all(db).await.unwrap(), std::slice::from_ref(&whole), "{text}");
    }
    let row = table.by_key(&[Value::Int(5)], db).await.unwrap().unwrap();
    let wanted =
        [Value::Text("-838:59:58.000001".into()), Value::Int(2155), Value::Int((1 << 20) - 1), Value::UInt(u64::MAX)];
    assert_eq!(row.values()[3..], wanted);
    for (column, value) in ["long", "year", "bits", "large"].into_iter().zip(wanted) {
        let found = table.select().filter(column, Condition::In(vec![value.clone()])).unwrap();
        assert_eq!(found.count(db).await.unwrap(), 1, "{column}");
        table.update(&[Value::Int(5)], &[(column, value)], db).await.unwrap();
    }
    assert_eq!(Odd::by_key(5).one(db).await.unwrap(), whole);
}
