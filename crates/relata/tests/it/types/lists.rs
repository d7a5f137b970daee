//! Lists of values that are arrays themselves, and many rows of a type whose arrays are not parted by commas: both have another
//! way on PostgreSQL than the usual one.

use relata::prelude::*;
use relata::table::Condition;
use relata::{Dialect, Result, Value};

use super::natives::{Light, Native};
use crate::setup::on_source;

#[derive(Entity, Debug, Clone)]
#[entity(table = "areas")]
struct Area {
    #[id]
    id: Id<Area>,
    #[db_type("box")]
    area: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "larges")]
struct Large {
    #[id]
    id: Id<Large>,
    #[db_type("oid")]
    content: i64,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "sparse")]
struct Sparse {
    #[id]
    id: Id<Sparse>,
    numbers: Vec<Option<i64>>,
    lights: Option<Vec<Option<Light>>>,
    whole: Vec<i64>,
}

#[tokio::test]
async fn elements_that_are_null() {
    on_source(Dialect::Postgres, &format!("{}\n{SPARSE}", include_str!("postgres.rs")), holes).await;
}

/// As above, for the reader: what stands beside it needs no tables.
const SPARSE: &str = "#[derive(Entity)] #[entity(table = \"sparse\")] struct Sparse { #[id] id: Id<Sparse>, \
    numbers: Vec<Option<i64>>, lights: Option<Vec<Option<Light>>>, whole: Vec<i64> }";

async fn holes(mut db: Db) -> Result<()> {
    let db = &mut db;
    let lights = vec![Some(Light::Red), None];
    let new = |number: i64| NewSparse { numbers: vec![Some(number), None], whole: vec![number] };
    let row = new(1).lights(lights.clone()).insert(db).await?;
    assert_eq!((&row.numbers, &row.lights), (&vec![Some(1), None], &Some(lights.clone())));
    assert_eq!(Sparse::insert_many([new(2), new(3)]).exec(db).await?, 2);
    assert_eq!(Sparse::insert_many((4..2004).map(new)).exec(db).await?, 2000);
    let listed = vec![vec![Some(1), None], vec![Some(7), None], vec![]];
    for (filter, count) in [
        (Sparse.numbers.eq(vec![Some(2), None]), 1),
        (Sparse.numbers.is_in(listed), 2),
        (Sparse.numbers.has(5), 1),
        (Sparse.numbers.has_any(vec![Some(5), Some(6), None]), 2),
        (Sparse.lights.eq(lights), 1),
        (Sparse.lights.has(Light::Red), 1),
        (Sparse.whole.has(3), 1),
    ] {
        let text = format!("{filter:?}");
        assert_eq!(Sparse::find().filter(filter).count(db).await?, count, "{text}");
    }
    let mut again = Sparse { numbers: vec![None], lights: Some(vec![None, None]), ..row };
    again.save(db).await?;
    assert_eq!(Sparse::by_key(again.id).one(db).await?, again);
    again.numbers.clear();
    Sparse::update(again.id).set(Sparse.numbers.to(Vec::new())).exec(db).await?;
    assert_eq!(Sparse::by_key(again.id).one(db).await?, again);
    // What reads no NULL says what does.
    db.batch("UPDATE sparse SET whole = '{1,NULL}'").await?;
    let error = Sparse::find().first(db).await.unwrap_err();
    expect_test::expect![[r#"
        while reading row 1: sparse.whole holds an array, but an array of a whole number from -9223372036854775808 to 9223372036854775807 without NULLs was expected [R0408]
          entity: Sparse
          field: whole
          table: sparse
          column: whole
          sql: SELECT "id", "numbers", "lights", "whole" FROM "sparse" LIMIT 1
          hint: make the field `whole` a `Vec<Option<…>>`, whose elements may be NULL"#]].assert_eq(&error.to_string());
    let error = relata::sql::<Vec<i64>>("SELECT whole FROM sparse", ()).first(db).await.unwrap_err();
    expect_test::expect![[r#"
        while reading row 1: column 1 of the result holds an array, but an array of a whole number from -9223372036854775808 to 9223372036854775807 without NULLs was expected [R0408]
          sql: SELECT whole FROM sparse
          hint: read it into a `Vec<Option<…>>`, whose elements may be NULL"#]].assert_eq(&error.to_string());
    // A bound of its own goes: what is read begins at 1.
    db.batch("UPDATE sparse SET whole = '[5:6]={1,2}'").await?;
    let row = Sparse::find().order(Sparse.id.asc()).first(db).await?.unwrap();
    assert_eq!(row.whole, [1, 2]);
    Ok(())
}

#[tokio::test]
async fn numbers_of_the_server() {
    on_source(Dialect::Postgres, include_str!("postgres.rs"), oids).await;
}

#[tokio::test]
async fn lists_of_arrays() {
    on_source(Dialect::Postgres, include_str!("postgres.rs"), arrays).await;
}

#[tokio::test]
async fn many_boxes() {
    on_source(Dialect::Postgres, include_str!("postgres.rs"), boxes).await;
}

async fn arrays(mut db: Db) -> Result<()> {
    for longs in [Some(vec![1, 2]), Some(vec![]), None] {
        super::native().longs(longs).insert(&mut db).await?;
    }
    let lists: [Vec<Vec<i64>>; 4] =
        [vec![vec![1, 2]], vec![vec![], vec![1, 2]], vec![vec![2, 1], vec![1, 2], vec![7]], vec![]];
    for (list, found) in lists.into_iter().zip([1, 2, 1, 0]) {
        assert_eq!(Native::find().filter(Native.longs.is_in(list.clone())).count(&mut db).await?, found, "{list:?}");
        let others = Native::find().filter(Native.longs.not_in(list.clone())).count(&mut db).await?;
        assert_eq!(others, if list.is_empty() { 3 } else { 2 - found }, "{list:?}");
    }
    // A length of time is an order, too, and its cursor goes through text.
    let spans = || Native::find().order(Native.span.desc()).limit(2);
    let next = spans().page(&mut db).await?.next.map(|next| next.to_string().parse::<Cursor>());
    assert_eq!(spans().after(next.transpose()?).page(&mut db).await?.len(), 1);
    let lights = [vec![Light::Red, Light::Green, Light::Red], vec![Light::Green]];
    assert_eq!(Native::find().filter(Native.lights.is_in(lights)).count(&mut db).await?, 3);
    assert_eq!(Native::find().filter(Native.texts.is_in([vec!["a".to_string()]])).count(&mut db).await?, 0);

    let table = db.table("natives").await?;
    for column in table.columns() {
        table.select().filter(&column.name, Condition::Contains("1".into()))?.count(&mut db).await?;
    }
    let addresses = table.select().filter("address", Condition::StartsWith("10.1".into()))?;
    assert_eq!(addresses.count(&mut db).await?, 3);
    let list = vec![Value::Array(vec![]), Value::Array(vec![Value::Int(1), Value::Int(2)])];
    assert_eq!(table.select().filter("longs", Condition::In(list.clone()))?.count(&mut db).await?, 2);
    assert_eq!(table.select().filter("longs", Condition::NotIn(list[..1].to_vec()))?.count(&mut db).await?, 1);
    Ok(())
}

async fn boxes(mut db: Db) -> Result<()> {
    db.batch("CREATE TABLE areas (id bigserial PRIMARY KEY, area box NOT NULL)").await?;
    let areas = |count: i64| (0..count).map(|number| NewArea { area: format!("({number},2),(0,0)") });
    assert_eq!(Area::insert_many(areas(3)).exec(&mut db).await?, 3);
    let made = Area::insert_many(areas(3)).returning(&mut db).await?;
    assert_eq!(made[2].area, "(2,2),(0,0)");
    assert_eq!(Area::insert_many(areas(2000)).exec(&mut db).await?, 2000);
    let table = db.table("areas").await?;
    let rows = ["(5,5),(0,0)", "(6,6),(0,0)"].map(|area| vec![Value::Text(area.into())]);
    assert_eq!(table.insert_many(&["area"], rows, &mut db).await?, 2);
    let last = Area::find().order(Area.id.desc()).first(&mut db).await?.map(|area| area.area);
    assert_eq!((Area::find().count(&mut db).await?, last.as_deref()), (2008, Some("(6,6),(0,0)")));
    Ok(())
}

async fn oids(mut db: Db) -> Result<()> {
    db.batch("CREATE TABLE larges (id bigserial PRIMARY KEY, content oid NOT NULL)").await?;
    let ends = [0, i64::from(u32::MAX)];
    for content in ends {
        assert_eq!(NewLarge { content }.insert(&mut db).await?.content, content);
    }
    assert_eq!(Large::insert_many(ends.map(|content| NewLarge { content })).exec(&mut db).await?, 2);
    let many = (0..2000).map(|number| NewLarge { content: 4_000_000_000 + number });
    assert_eq!(Large::insert_many(many).exec(&mut db).await?, 2000);
    assert_eq!(Large::find().filter(Large.content.is_in(ends)).count(&mut db).await?, 4);
    let mut last = Large::find().order(Large.content.desc()).order(Large.id.asc()).first(&mut db).await?.unwrap();
    assert_eq!(last.content, i64::from(u32::MAX));
    last.content = 7;
    last.save(&mut db).await?;
    assert_eq!(Large::find().filter(Large.content.eq(7)).count(&mut db).await?, 1);
    Ok(())
}
