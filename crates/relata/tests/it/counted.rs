//! Numbers that the database counts, in a key of several fields and beside one.

use relata::prelude::*;
use relata::{Kind, Result};
use relata_schema::Dialect;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "items")]
#[primary_key(id, owner)]
pub struct Item {
    #[default(next)]
    pub id: u32,
    pub owner: i32,
    pub name: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "runs")]
pub struct Run {
    #[id(manual)]
    pub pid: Id<Run>,
    #[default(next)]
    #[unique]
    pub number: i64,
}

async fn numbers_are_counted_where_they_are_declared(mut db: Db) -> Result<()> {
    let item = |name: &str| NewItem { owner: 7, name: name.into() };
    let first = item("a").insert(&mut db).await?;
    let second = item("b").insert(&mut db).await?;
    assert_eq!((first.owner, second.name.as_str(), second.id), (7, "b", first.id + 1));
    let given = item("c").id(40).insert(&mut db).await?;
    assert_eq!(given.id, 40);
    assert_eq!(Item::find().order(Item.name.asc()).all(&mut db).await?, [first, second, given]);

    let run = |pid| NewRun { pid: Id::new(pid) };
    let first = run(10).insert(&mut db).await?;
    let second = run(5).insert(&mut db).await?;
    assert_eq!(second.number, first.number + 1);
    let again = run(6).number(second.number).insert(&mut db).await;
    assert_eq!(again.unwrap_err().kind(), Kind::UniqueViolation);
    Run::insert_many([run(1), run(2)]).exec(&mut db).await?;
    assert_eq!(Run::find().count(&mut db).await?, 4);
    Ok(())
}

#[tokio::test]
async fn postgres() {
    let source = include_str!("counted.rs");
    crate::setup::on_source(Dialect::Postgres, source, numbers_are_counted_where_they_are_declared).await;
}

#[tokio::test]
async fn mysql() {
    let source = include_str!("counted.rs");
    crate::setup::on_source(Dialect::Mysql, source, numbers_are_counted_where_they_are_declared).await;
}
