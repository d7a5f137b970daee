//! Numbers of many digits: kept, or refused. SQLite makes floating-point numbers of them, of which it says nothing.

use relata::prelude::*;
use relata::{Dialect, Encode, Error, Kind, Result, Value};

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "parcels")]
#[unique(code)]
#[has_many(weighings: Weighing.parcel_id)]
pub struct Parcel {
    #[id]
    pub id: Id<Parcel>,
    pub code: String,
    #[decimal(28, 6)]
    pub price: Decimal,
    #[db_type(sqlite = "TEXT", postgres = "numeric(28,6)", mysql = "decimal(28,6)")]
    pub exact: Option<Decimal>,
    pub document: Option<Json>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "weighings")]
pub struct Weighing {
    #[id]
    pub id: Id<Weighing>,
    #[references(Parcel, on_delete = cascade)]
    pub parcel_id: Id<Parcel>,
    #[decimal(28, 6)]
    pub weight: Decimal,
}

const LONG: &str = "1234567890123456.5";

crate::setup::everywhere!(in "exact.rs": on_every_path, what_is_kept, json_numbers);

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn parcel(code: &str, price: &str) -> NewParcel {
    NewParcel { code: code.into(), price: decimal(price) }
}

/// SQLite refuses it, with a word on what, where and what to do; the others keep it.
fn judge<T>(dialect: Dialect, path: &str, result: Result<T>) {
    match (dialect, result) {
        (Dialect::Sqlite, Err(error)) => refused(path, &error),
        (Dialect::Sqlite, Ok(_)) => panic!("{path}: it was written"),
        (_, result) => drop(result.unwrap_or_else(|error| panic!("{path}: {error}"))),
    }
}

fn refused(path: &str, error: &Error) {
    assert_eq!(error.kind(), Kind::InvalidValue, "{path}: {error}");
    assert!(error.details().column.is_some(), "{path}: {error}");
    assert!(error.to_string().contains("keeps 15 digits"), "{path}: {error}");
}

async fn streamed(db: &mut Db) -> Result<u64> {
    let mut stream = Parcel::insert_stream(db).await?;
    stream.push(parcel("stream", LONG)).await?;
    stream.finish().await
}

async fn on_every_path(mut db: Db) -> Result<()> {
    let dialect = db.dialect();
    let kept = parcel("kept", "1.5").insert(&mut db).await?;
    judge(dialect, "insert", parcel("a", LONG).insert(&mut db).await);
    judge(dialect, "insert many", Parcel::insert_many([parcel("b", "1"), parcel("c", LONG)]).exec(&mut db).await);
    let many = (0..1500).map(|n| parcel(&format!("bulk {n}"), if n == 1400 { LONG } else { "1" }));
    judge(dialect, "bulk", Parcel::insert_many(many).exec(&mut db).await);
    judge(dialect, "upsert", parcel("kept", LONG).on_conflict(Parcel.code).update_all(&mut db).await);
    let set = || Parcel.price.to(decimal(LONG));
    let upsert = parcel("kept", "2").on_conflict(Parcel.code).set(set()).save(&mut db).await;
    judge(dialect, "set of an upsert", upsert);
    judge(dialect, "update", Parcel::update(kept.id).set(set()).exec(&mut db).await);
    judge(dialect, "update many", Parcel::update_many().all_rows().set(set()).exec(&mut db).await);
    let mut row = Parcel::by_key(kept.id).one(&mut db).await?;
    row.price = decimal(LONG);
    judge(dialect, "save", row.save(&mut db).await);
    judge(dialect, "stream", streamed(&mut db).await);
    let nested = parcel("nested", "1")
        .create(Parcel.weighings, |parcel| [NewWeighing { parcel_id: parcel.id, weight: decimal(LONG) }]);
    judge(dialect, "nested", nested.insert(&mut db).await);

    let parcels = db.table("parcels").await?;
    let long = || ("price", Value::Decimal(decimal(LONG)));
    let row = [("code", Value::Text("named".into())), long()];
    judge(dialect, "insert by name", parcels.insert(&row, &mut db).await);
    judge(dialect, "update by name", parcels.update(&[kept.id.encode()], &[long()], &mut db).await);
    judge(dialect, "upsert by name", parcels.upsert(&row, &["code"], &mut db).await);
    let many = parcels.insert_many(&["code", "price"], [vec!["many".encode(), long().1]], &mut db).await;
    judge(dialect, "insert many by name", many);
    if db.dialect() == Dialect::Sqlite {
        let text = [("code", "text".encode()), ("price", LONG.encode())];
        refused("text", &parcels.insert(&text, &mut db).await.unwrap_err());
        let all = Parcel::find().select((Parcel.code, Parcel.price)).all(&mut db).await?;
        assert_eq!(all, [("kept".to_string(), decimal("1.5"))]);
        let error = parcel("a", LONG).insert(&mut db).await.unwrap_err();
        expect_test::expect![[r#"
            parcels.price is declared DECIMAL(28,6), where SQLite keeps 15 digits of a number; it was given a decimal of 17 [R0107]
              entity: Parcel
              field: price
              table: parcels
              column: price
              hint: round it to 15 digits; or declare the column TEXT, `#[db_type(sqlite = "TEXT")]`, which keeps every digit"#]].assert_eq(&error.to_string());
    }
    Ok(())
}

async fn what_is_kept(mut db: Db) -> Result<()> {
    for (at, price) in ["123456789012.345", "-0.000001", "123456789012345.000000", "900719925474099"].iter().enumerate()
    {
        let row = parcel(&format!("price {at}"), price).insert(&mut db).await?;
        assert_eq!(Parcel::by_key(row.id).one(&mut db).await?.price, decimal(price));
    }
    let whole = "1234567890123456789012";
    for (at, text) in [LONG, whole, "-1234567890123456.123456", "9999999999999999999999.999999"].iter().enumerate() {
        let row = parcel(&format!("exact {at}"), "1").exact(decimal(text)).insert(&mut db).await?;
        assert_eq!(Parcel::by_key(row.id).one(&mut db).await?.exact, Some(decimal(text)));
        Parcel::update(row.id).set(Parcel.exact.to(decimal(text) - Decimal::ONE)).exec(&mut db).await?;
    }
    // A whole number of 64 bits is kept in any column but one of floating-point numbers.
    let row = parcel("whole", "1234567890123456789").insert(&mut db).await?;
    assert_eq!(Parcel::by_key(row.id).one(&mut db).await?.price, decimal("1234567890123456789"));
    // A text of digits alone is no number in a column of texts.
    let row = parcel("00123456789012345678901234567890", "1").insert(&mut db).await?;
    assert_eq!(Parcel::by_key(row.id).one(&mut db).await?.code, "00123456789012345678901234567890");
    Ok(())
}

async fn json_numbers(mut db: Db) -> Result<()> {
    for number in [0.1 + 0.2, 1e300, 5e-324, f64::MAX, -1.5] {
        let json = serde_json::json!(number);
        let row = parcel(&format!("{number:e}"), "1").document(json.clone()).insert(&mut db).await?;
        assert_eq!(Parcel::by_key(row.id).one(&mut db).await?.document, Some(json));
    }
    // As many digits as a floating-point number can have.
    let mut bits: u64 = 0x9e37_79b9_7f4a_7c15;
    let numbers = std::iter::repeat_with(|| {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from_bits(bits)
    });
    let given: Vec<Json> =
        numbers.filter(|number| number.is_finite()).take(500).map(|n| serde_json::json!(n)).collect();
    let row = |(at, json): (usize, &Json)| parcel(&format!("number {at}"), "1").document(json.clone());
    Parcel::insert_many(given.iter().enumerate().map(row)).exec(&mut db).await?;
    let kept = Parcel::find().filter(Parcel.code.starts_with("number ")).order(Parcel.id.asc()).all(&mut db).await?;
    // A whole number may come back as one, `1e17` as `100000000000000000`.
    let numbers = |documents: Vec<Json>| documents.iter().filter_map(Json::as_f64).collect::<Vec<_>>();
    let kept = numbers(kept.into_iter().filter_map(|row| row.document).collect());
    let wrong: Vec<_> = kept.iter().zip(numbers(given)).filter(|(kept, given)| *kept != given).collect();
    assert!(wrong.is_empty() && kept.len() == 500, "{wrong:?}");
    for json in [serde_json::json!(i64::MIN), serde_json::json!([u64::MAX]), serde_json::json!("18446744073709551615")]
    {
        let row = parcel(&json.to_string(), "1").document(json.clone()).insert(&mut db).await?;
        assert_eq!(Parcel::by_key(row.id).one(&mut db).await?.document, Some(json));
    }
    let dialect = db.dialect();
    judge(dialect, "a bare number", parcel("u64", "1").document(serde_json::json!(u64::MAX)).insert(&mut db).await);
    Ok(())
}
