//! JSON of many levels: what cannot be read back is refused before it is sent, everywhere with the same words.

use relata::prelude::*;
use relata::{Dialect, Encode, Error, Kind, Result, Scalar, Value, transaction, written};
use serde::{Deserialize, Serialize};

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "sheets")]
#[unique(code)]
#[has_many(remarks: Remark.sheet_id)]
pub struct Sheet {
    #[id]
    pub id: Id<Sheet>,
    pub code: String,
    pub document: Option<Json>,
}

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "remarks")]
pub struct Remark {
    #[id]
    pub id: Id<Remark>,
    #[references(Sheet, on_delete = cascade)]
    pub sheet_id: Id<Sheet>,
    pub document: Json,
}

/// Kept as JSON.
#[derive(Scalar, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[scalar(json)]
pub struct Outline(pub Vec<Outline>);

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "outlines")]
pub struct Chapter {
    #[id]
    pub id: Id<Chapter>,
    pub outline: Outline,
}

crate::setup::everywhere!(in "deep.rs": on_every_path, at_the_border, written_by_others);

fn nested(levels: usize) -> Json {
    (0..levels).fold(Json::Null, |inner, _| Json::Array(vec![inner]))
}

fn deep() -> Json {
    nested(200)
}

fn sheet(code: &str, document: Json) -> impl NewRow<Entity = Sheet> + use<> {
    NewSheet { code: code.into() }.document(document)
}

/// Refused before it is sent, with column and levels.
#[track_caller]
fn refused<T>(result: Result<T>) -> Error {
    let Err(error) = result else { panic!("it was written") };
    assert_eq!((error.kind(), error.details().column.as_deref()), (Kind::InvalidValue, Some("document")), "{error}");
    assert!(error.to_string().contains(".document was given JSON of 200 levels"), "{error}");
    assert!(error.details().sql.is_none(), "{error}");
    error
}

async fn streamed(db: &mut Db) -> Result<u64> {
    let mut stream = Sheet::insert_stream(db).await?;
    stream.push(sheet("stream", deep())).await?;
    stream.finish().await
}

async fn on_every_path(mut db: Db) -> Result<()> {
    let db = &mut db;
    let kept = sheet("kept", nested(3)).insert(db).await?;
    refused(written("added", Sheet::insert_many([sheet("w", deep())]), Sheet.code));
    refused(written(
        "changed",
        Sheet::update_many().filter(Sheet.code.eq("kept")).set(Sheet.document.to(deep())),
        Sheet.code,
    ));
    let error = refused(sheet("a", deep()).insert(db).await);
    expect_test::expect![[r#"
        sheets.document was given JSON of 200 levels, of which at most 127 can be read back [R0107]
          entity: Sheet
          field: document
          table: sheets
          column: document
          hint: nest it less deep; or keep it as text, in a field of type String"#]]
    .assert_eq(&error.to_string());
    refused(Sheet::insert_many([sheet("b", nested(1)), sheet("c", deep())]).exec(db).await);
    let many = (0..1500).map(|n| sheet(&format!("bulk {n}"), nested(if n == 1400 { 200 } else { 1 })));
    refused(Sheet::insert_many(many).exec(db).await);
    refused(streamed(db).await);
    refused(sheet("kept", deep()).on_conflict(Sheet.code).update_all(db).await);
    let set = || Sheet.document.to(deep());
    refused(sheet("kept", nested(1)).on_conflict(Sheet.code).set(set()).save(db).await);
    refused(Sheet::update(kept.id).set(set()).exec(db).await);
    refused(Sheet::update_many().all_rows().set(set()).exec(db).await);
    refused(
        Sheet::update(kept.id).set(Sheet.document.to(Sheet.document.key("a").key("b").put(nested(198)))).exec(db).await,
    );
    let mut row = Sheet::by_key(kept.id).one(db).await?;
    row.document = Some(deep());
    refused(row.save(db).await);
    refused(relata::Repository::<Sheet, _>::new(&mut *db).insert(sheet("r", deep())).await);
    let remarked = sheet("nested", nested(1))
        .create(Sheet.remarks, |sheet| [nested(1), deep()].map(|document| NewRemark { sheet_id: sheet.id, document }));
    refused(remarked.insert(db).await);
    let changeset = Sheet::changeset((Sheet.code,)).json(&serde_json::json!({"code": "x"}));
    refused(changeset.set(Sheet.document, deep()).insert(db).await);
    let changeset = Sheet::changeset((Sheet.code, Sheet.document));
    let error = changeset.json(&serde_json::json!({"code": "x", "document": deep()})).insert(db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Validation);
    assert!(error.to_string().contains("document must be JSON of at most 127 levels"), "{error}");
    let result: Result<()> = transaction!(db, |tx| {
        refused(sheet("tx", deep()).insert(&mut tx).await);
        sheet("tx", nested(127)).insert(&mut tx).await.map(drop).or_else(|error| match error.kind() {
            // MariaDB and MySQL have limits of their own.
            Kind::InvalidValue | Kind::CheckViolation => Ok(()),
            _ => Err(error),
        })
    });
    result?;

    let sheets = db.table("sheets").await?;
    let long = || ("document", deep().encode());
    let row = [("code", Value::Text("named".into())), long()];
    refused(sheets.insert(&row, db).await);
    refused(sheets.update(&[kept.id.encode()], &[long()], db).await);
    refused(sheets.upsert(&row, &["code"], db).await);
    refused(sheets.insert_many(&["code", "document"], [vec!["many".encode(), long().1]], db).await);
    let error = relata::sql::<()>("UPDATE sheets SET document = ? WHERE code = ?", (deep(), "kept"))
        .exec(db)
        .await
        .unwrap_err();
    expect_test::expect![[r#"
        parameter 1 was given JSON of 200 levels, of which at most 127 can be read back [R0107]
          hint: nest it less deep; or keep it as text, in a field of type String"#]]
    .assert_eq(&error.to_string());

    let outline = (0..199).fold(Outline(Vec::new()), |inner, _| Outline(vec![inner]));
    let error = NewChapter { outline }.insert(db).await.unwrap_err();
    assert!(error.to_string().starts_with("outlines.outline was given JSON of 200 levels"), "{error}");

    let all = Sheet::find().filter(Sheet.code.ne("tx")).all(db).await?;
    assert_eq!(
        all.iter().map(|sheet| (&*sheet.code, sheet.document.clone())).collect::<Vec<_>>(),
        [("kept", Some(nested(3)))]
    );
    Ok(())
}

/// The last level that is read.
async fn at_the_border(mut db: Db) -> Result<()> {
    let last = match db.dialect() {
        Dialect::Mysql => 30,
        _ => 127,
    };
    let row = sheet("last", nested(last)).insert(&mut db).await?;
    assert_eq!(Sheet::by_key(row.id).one(&mut db).await?.document, Some(nested(last)));
    let outline = (1..last).fold(Outline(Vec::new()), |inner, _| Outline(vec![inner]));
    let row = NewChapter { outline: outline.clone() }.insert(&mut db).await?;
    assert_eq!(Chapter::by_key(row.id).one(&mut db).await?.outline, outline);
    assert_eq!(sheet("128", nested(128)).insert(&mut db).await.unwrap_err().kind(), Kind::InvalidValue);
    // What is compared is not kept.
    let none = Sheet::find().filter(Sheet.document.eq(nested(128))).count(&mut db).await;
    assert!(none.is_ok() || db.dialect() == Dialect::Mysql, "{none:?}");
    Ok(())
}

async fn written_by_others(mut db: Db) -> Result<()> {
    let deep = deep();
    let there = format!("INSERT INTO sheets (code, document) VALUES ('theirs', '{deep}')");
    let written = db.batch(&there).await;
    if db.dialect() == Dialect::Mysql {
        assert!(written.is_err(), "the server has a limit of its own");
        return Ok(());
    }
    written?;
    let error = Sheet::find().one(&mut db).await.unwrap_err();
    expect_test::expect![[r#"
        while reading row 1: sheets.document holds JSON of 200 levels, but JSON of at most 127 levels was expected [R0408]
          entity: Sheet
          field: document
          table: sheets
          column: document
          sql: SELECT "id", "code", "document" FROM "sheets" LIMIT 2
          hint: something else wrote it: read it as text by `.select(Sheet.document.cast::<String>())`"#]].assert_eq(&error.to_string());
    let error = Sheet::find().select((Sheet.code, Sheet.document)).one(&mut db).await.unwrap_err();
    expect_test::expect![[r#"
        while reading row 1: column 2 of the result holds JSON of 200 levels, but JSON of at most 127 levels was expected [R0408]
          entity: Sheet
          field: document
          table: sheets
          column: document
          sql: SELECT "code", "document" FROM "sheets" LIMIT 2
          hint: something else wrote it: read it as text, `.cast::<String>()` or CAST in the SQL"#]].assert_eq(&error.to_string());
    let text = Sheet::find().select(Sheet.document.cast::<String>()).one(&mut db).await?;
    assert_eq!(text.map(|text| text.replace(' ', "")), Some(deep.to_string()));
    db.batch(&format!("INSERT INTO outlines (outline) VALUES ('{deep}')")).await?;
    let error = Chapter::find().one(&mut db).await.unwrap_err();
    assert!(
        error.to_string().contains("outlines.outline holds JSON of 200 levels, but JSON of at most 127"),
        "{error}"
    );
    Ok(())
}
