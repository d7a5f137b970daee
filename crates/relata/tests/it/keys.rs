//! Keys that the database makes, also where it does not give back the row (MySQL).

use relata::prelude::*;
use relata::{Kind, Result};

use crate::setup::is_mysql;

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "badges")]
#[unique(code)]
pub struct Badge {
    #[id]
    #[default(uuid)]
    pub id: Id<Badge, Uuid>,
    pub code: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "slots")]
#[primary_key(day, number)]
pub struct Slot {
    pub day: i32,
    #[default(7)]
    pub number: i32,
    pub text: String,
}

crate::setup::everywhere!(in "keys.rs": random_keys, keys_by_default);

async fn random_keys(mut db: Db) -> Result<()> {
    let badge = |code: &str| NewBadge { code: code.into() };
    let (one, two) = (badge("one").insert(&mut db).await?, badge("two").insert(&mut db).await?);
    assert!(one.id != two.id && one.code == "one", "{one:?} {two:?}");
    assert_eq!(Badge::by_key(two.id).one(&mut db).await?, two);
    let given = badge("given").id(Id::new(Uuid::from_u128(7))).insert(&mut db).await?;
    assert_eq!(given.id.get(), Uuid::from_u128(7));
    // What is there keeps its key.
    let saved = badge("one").on_conflict(Badge.code).update_all(&mut db).await?;
    assert_eq!(saved.id, one.id);
    let saved = badge("three").on_conflict(Badge.code).update_all(&mut db).await?;
    assert_eq!(Badge::by_key(saved.id).one(&mut db).await?.code, "three");
    Badge::insert_many([badge("four"), badge("five")]).exec(&mut db).await?;
    assert_eq!(Badge::find().count(&mut db).await?, 6);
    Ok(())
}

/// MySQL refuses before it inserts what it could not find again.
async fn keys_by_default(mut db: Db) -> Result<()> {
    let slot = NewSlot { day: 1, text: "a".into() };
    let result = slot.insert(&mut db).await;
    if is_mysql(&mut db).await {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        expect_test::expect![[r#"
            MySQL does not give back the inserted Slot, and its key is not known [R0407]
              hint: give the key, or use `insert_many`, which gives nothing back"#]]
        .assert_eq(&error.to_string());
        assert_eq!(Slot::find().count(&mut db).await?, 0);
    } else {
        assert_eq!(result?.number, 7);
    }
    let slot = NewSlot { day: 2, text: "b".into() }.number(3).insert(&mut db).await?;
    assert_eq!((slot.day, slot.number), (2, 3));
    Ok(())
}
