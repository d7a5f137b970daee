//! Values of ten megabytes, on each way in and back.

use relata::prelude::*;
use relata::table::Condition;
use relata::{Dialect, Kind, Result, Value};

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "larges")]
pub struct Large {
    #[id]
    pub id: Id<Large>,
    #[unique]
    pub name: String,
    pub text: Option<String>,
    pub bytes: Option<Vec<u8>>,
    pub json: Option<Json>,
}

crate::setup::everywhere!(in "large.rs": ten_megabytes);

const SIZE: usize = 10 << 20;

async fn ten_megabytes(mut db: Db) -> Result<()> {
    let db = &mut db;
    let text = |letter: &str| letter.repeat(SIZE / letter.len());
    let new = |name: &str| NewLarge { name: name.into() };
    let told = new("text").text(text("ü")).insert(db).await?;
    assert_eq!(told.text, Some(text("ü")));
    let bytes: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
    assert_eq!(new("bytes").bytes(bytes.clone()).insert(db).await?.bytes.as_deref(), Some(&bytes[..]));
    let json = serde_json::json!({ "all": text("a") });
    assert_eq!(new("json").json(json.clone()).insert(db).await?.json.as_ref(), Some(&json));
    for (filter, name) in [
        (Large.text.eq(text("ü")), "text"),
        (Large.bytes.eq(bytes.clone()), "bytes"),
        (Large.text.starts_with("üü"), "text"),
    ] {
        let found = Large::find().filter(filter).select(Large.name).all(db).await?;
        assert_eq!(found, [name]);
    }
    Large::update(told.id).set(Large.text.to(text("b"))).exec(db).await?;
    assert_eq!(Large::by_key(told.id).one(db).await?.text, Some(text("b")));
    let upserted = new("text").text(text("c")).on_conflict(Large.name).update_all(db).await?;
    assert_eq!((upserted.id, upserted.text), (told.id, Some(text("c"))));
    let many = |count: usize| (0..count).map(|at| new(&format!("many {at}")).text(text("d")));
    assert_eq!(Large::insert_many(many(4)).exec(db).await?, 4);
    Large::insert_many(many(1)).on_conflict(Large.name).updating(Large.text).exec(db).await?;
    assert_eq!(Large::find().filter(Large.text.eq(text("d"))).count(db).await?, 4);
    let table = db.table("larges").await?;
    let condition = Condition::Equal(Value::Text(text("d")));
    assert_eq!(table.select().filter("text", condition)?.count(db).await?, 4);
    let row = [("name", Value::Text("told".into())), ("bytes", Value::Bytes(bytes.clone()))];
    assert_eq!(table.insert_returning(&row, db).await?.value("bytes"), Some(&row[1].1));
    let rows = (0..3).map(|at| vec![Value::Text(format!("dynamic {at}")), Value::Bytes(bytes.clone())]);
    assert_eq!(table.insert_many(&["name", "bytes"], rows, db).await?, 3);
    if db.dialect() == Dialect::Mysql && !crate::setup::is_mysql(db).await {
        let takes: u64 = relata::sql("SELECT @@max_allowed_packet", ()).one(db).await?;
        let error = new("more").text("e".repeat(takes as usize)).insert(db).await.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
        expect_test::expect![
            "the statement with its values is longer than the server's max_allowed_packet [R0107, 08S01]"
        ]
        .assert_eq(error.to_string().split("\n  sql").next().unwrap());
        assert_eq!(Large::find().filter(Large.name.eq("more")).count(db).await?, 0);
    }
    Ok(())
}
