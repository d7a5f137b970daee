//! Keys that the database makes, also where it does not give back the row (MySQL).

use relata::prelude::*;
use relata::{Kind, NewRow, Result, Value, value};

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

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "tickets")]
pub struct Ticket {
    #[id(always)]
    pub id: Id<Ticket>,
    pub seat: i32,
    #[generated("seat * 2", stored)]
    pub double: Option<i32>,
}

crate::setup::everywhere!(in "keys.rs": random_keys, keys_by_default, keys_made_always);

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

/// A number that the database always makes is taken where it is given, on each path.
async fn keys_made_always(mut db: Db) -> Result<()> {
    let db = &mut db;
    let made = NewTicket { seat: 1 }.insert(db).await?;
    assert_eq!((made.id.get(), made.double), (1, Some(2)));
    let ticket = |id: i64| NewTicket { seat: 4 }.id(Id::new(id));
    assert_eq!(ticket(50).insert(db).await?.id.get(), 50);
    assert_eq!(ticket(50).into_draft().with(Ticket.seat, 5).on_conflict(Ticket.id).update_all(db).await?.seat, 5);
    assert_eq!(Ticket::insert_many([ticket(60), ticket(61)]).exec(db).await?, 2);
    assert_eq!(Ticket::insert_many((1000..3000).map(ticket)).exec(db).await?, 2000);
    Ticket::insert_from(
        (Ticket.id, Ticket.seat),
        Ticket::find().filter(Ticket.id.eq(60)).select((value(Id::new(70)), Ticket.seat)),
    )
    .exec(db)
    .await?;
    let mut changed = Ticket::by_key(70).one(db).await?;
    changed.seat = 8;
    changed.save(db).await?;
    assert_eq!(Ticket::by_key(70).one(db).await?.double, Some(16));
    let tickets = db.table("tickets").await?;
    let row = |id: i64| [("id", Value::Int(id)), ("seat", Value::Int(1))];
    tickets.insert(&row(80), db).await?;
    tickets.upsert(&row(80), &["id"], db).await?;
    assert_eq!(tickets.insert_returning(&row(81), db).await?.value("id"), Some(&Value::Int(81)));
    for many in [1, 2, 2000] {
        let rows = (0..many).map(|id| vec![Value::Int(10_000 * many + id), Value::Int(1)]);
        assert_eq!(tickets.insert_many(&["id", "seat"], rows, db).await?, many as u64);
    }
    // What is computed is never given.
    let error = NewTicket { seat: 1 }.into_draft().with(Ticket.double, Some(1)).insert(db).await.unwrap_err();
    assert_eq!(
        error.to_string().lines().next().unwrap(),
        "`double` of `Ticket` is computed by the database and cannot be set [R0407]"
    );
    Ok(())
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "labels")]
struct Label {
    #[id]
    code: String,
    text: Option<String>,
}

/// SQLite lets NULL into a key of texts: it is named, found, read and repaired.
#[tokio::test]
async fn keys_that_are_null() {
    let mut db = Db::open("sqlite::memory:").await.unwrap();
    let db = &mut db;
    db.batch(
        "CREATE TABLE labels (code TEXT PRIMARY KEY, text TEXT); INSERT INTO labels VALUES ('a', 'A'), (NULL, 'B')",
    )
    .await
    .unwrap();
    let error = Label::find().all(db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Decode);
    expect_test::expect![[r#"
        while reading row 2: labels.code holds NULL, but text was expected [R0408]
          entity: Label
          field: code
          table: labels
          column: code
          sql: SELECT "code", "text" FROM "labels"
          hint: it is part of the primary key, where SQLite lets NULL in unless the column is INTEGER or NOT NULL: find such rows by `.filter(Label.code.optional().is_none())` and give them a key, or read them by `.select(Label.code.optional())`"#]].assert_eq(&error.to_string());
    let codes: Vec<Option<String>> =
        Label::find().order(Label.text.asc()).select(Label.code.optional()).all(db).await.unwrap();
    assert_eq!(codes, [Some("a".to_string()), None]);
    assert_eq!(Label::find().filter(Label.code.optional().is_some()).all(db).await.unwrap().len(), 1);
    let labels = db.table("labels").await.unwrap();
    assert_eq!(
        labels.select().order("text", true).unwrap().all(db).await.unwrap()[0].value("code"),
        Some(&Value::Null)
    );
    let nameless = Label.code.optional().is_none();
    assert_eq!(Label::update_many().filter(nameless).set(Label.code.to("b")).exec(db).await.unwrap(), 1);
    assert_eq!(Label::by_key("b").one(db).await.unwrap().text.as_deref(), Some("B"));
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
