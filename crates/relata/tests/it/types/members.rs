//! Members of objects and elements of arrays as rows: names and values of every kind, on each database the same.

use std::collections::BTreeMap;

use relata::prelude::*;
use relata::{Dialect, Result, exists, from, json_elements, json_members};

#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "papers")]
pub struct Paper {
    #[id]
    pub id: Id<Paper>,
    pub document: Option<Json>,
}

crate::setup::everywhere!(in "members.rs": names_and_values, nothing_there, written_with_escapes, within_queries);

fn paper(document: Json) -> impl NewRow<Entity = Paper> {
    NewPaper {}.document(document)
}

type Members = Vec<(String, Option<String>)>;

async fn members(db: &mut Db, paper: Id<Paper>) -> Result<Members> {
    let query = Paper::find().join_lateral(|(paper,)| json_members(paper.document));
    let query = query.filter(|(row, _)| row.id.eq(paper)).select(|(_, member)| (member.0, member.1));
    let mut found = query.all(db).await?;
    found.sort();
    Ok(found)
}

/// What is within is JSON again, with blanks where the database likes them.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn without_blanks(members: Members) -> Members {
    let value = |text: String| match text.starts_with(['[', '{']) {
        true => text.replace(' ', ""),
        false => text,
    };
    members.into_iter().map(|(name, text)| (name, text.map(value))).collect()
}

/// Texts of the characters that JSON and its paths give a meaning, in all orders of up to three.
fn names() -> Vec<String> {
    const SIGNS: [&str; 21] = [
        "a", "A", "\"", "\\", ".", "*", "$", "[", "]", "{", "}", " ", "'", "é", "🚀", "\n", "\t", "/", "%", "\u{1}",
        "1",
    ];
    let pairs = SIGNS.iter().flat_map(|first| SIGNS.iter().map(move |second| format!("{first}{second}")));
    let triples = SIGNS.iter().map(|sign| format!("{sign}\"{sign}\\"));
    [String::new()].into_iter().chain(SIGNS.iter().map(|sign| sign.to_string())).chain(pairs).chain(triples).collect()
}

async fn names_and_values(mut db: Db) -> Result<()> {
    let values = serde_json::json!([null, true, false, 1, -7, 1.5, "", "x", "null", "\"q\"", "l\nm\\", "é🚀", [1, "a"], {"z": {}}]);
    let values = values.as_array().unwrap();
    for (at, names) in names().chunks(12).enumerate() {
        let member = |(place, name): (usize, &String)| (name.clone(), values[(at + place) % values.len()].clone());
        let object: BTreeMap<String, Json> = names.iter().enumerate().map(member).collect();
        let row = paper(serde_json::to_value(&object).unwrap()).insert(&mut db).await?;
        let expected: Members = object.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        assert_eq!(without_blanks(members(&mut db, row.id).await?), expected);
    }
    let row = paper(Json::Array(values.clone())).insert(&mut db).await?;
    let elements = Paper::find().join_lateral(|(paper,)| json_elements(paper.document));
    let elements = elements.filter(|(paper, _)| paper.id.eq(row.id)).order(|(_, element)| element.1.asc());
    let found = elements.select(|(_, element)| (element.1, element.0)).all(&mut db).await?;
    let found = found.into_iter().map(|(place, text)| (place.to_string(), text)).collect();
    let expected = values.iter().enumerate().map(|(place, value)| ((place + 1).to_string(), text(value)));
    assert_eq!(without_blanks(found), expected.collect::<Members>());
    Ok(())
}

async fn nothing_there(mut db: Db) -> Result<()> {
    for document in [serde_json::json!({}), serde_json::json!(["a"]), serde_json::json!("a"), Json::Null] {
        let row = paper(document).insert(&mut db).await?;
        assert_eq!(members(&mut db, row.id).await?, []);
    }
    let row = NewPaper {}.insert(&mut db).await?;
    assert_eq!(members(&mut db, row.id).await?, []);
    let all = Paper::find().left_join_lateral(|(paper,)| json_members(paper.document));
    let all = all.select(|(paper, member)| (paper.id, member.0, member.1)).all(&mut db).await?;
    assert!(all.len() == 5 && all.iter().all(|(_, name, value)| name.is_none() && value.is_none()), "{all:?}");
    Ok(())
}

/// Another program may write `é` otherwise, and a name twice.
async fn written_with_escapes(mut db: Db) -> Result<()> {
    let backslash = if db.dialect() == Dialect::Mysql { r"\\" } else { r"\" };
    let json = r#"{"\u00e9":1,"\ud83d\ude80\"":"\u00e9","a\/b":[1]}"#.replace('\\', backslash);
    db.batch(&format!("INSERT INTO papers (document) VALUES ('{json}')")).await?;
    db.batch(r#"INSERT INTO papers (document) VALUES ('{"a":1,"a":2}')"#).await?;
    let rows = Paper::find().order(Paper.id.asc()).all(&mut db).await?;
    let expected = [("a/b", "[1]"), ("é", "1"), ("🚀\"", "é")].map(|(name, text)| (name.into(), Some(text.into())));
    assert_eq!(members(&mut db, rows[0].id).await?, expected);
    let twice = members(&mut db, rows[1].id).await?;
    let values: Vec<&str> = twice.iter().filter_map(|(_, text)| text.as_deref()).collect();
    let mariadb = relata::sql::<String>("SELECT version()", ());
    let expected: &[&str] = match db.dialect() {
        Dialect::Sqlite => &["1", "2"],
        Dialect::Postgres => &["2"],
        Dialect::Mysql if mariadb.one(&mut db).await?.contains("MariaDB") => &["1"],
        Dialect::Mysql => &["2"],
    };
    assert_eq!(values, expected);
    Ok(())
}

async fn within_queries(mut db: Db) -> Result<()> {
    let low = paper(serde_json::json!({"size": 3, "colour": "red"})).insert(&mut db).await?;
    paper(serde_json::json!({"size": 8})).insert(&mut db).await?;
    let red = exists(
        from(json_members(Paper.document.outer::<()>()))
            .filter(|(member,)| member.0.eq("colour").and(member.1.eq("red"))),
    );
    let found = Paper::find().filter(red).select(Paper.id).all(&mut db).await?;
    assert_eq!(found, [low.id]);
    let object = serde_json::json!({"a": 1, "b": null});
    let both = from(json_members(object.clone()))
        .join_lateral(move |(_,)| json_members(object.clone()))
        .filter(|(one, other)| one.0.lt(other.0))
        .select(|(one, other)| (one.0, one.1, other.0, other.1));
    assert_eq!(both.one(&mut db).await?, ("a".into(), Some("1".into()), "b".into(), None));
    let names = Paper::find().join_lateral(|(paper,)| json_members(paper.document));
    let names = names.group_by(|(_, member)| member.0).order(|(_, member)| member.0.asc());
    let names = names.select(|(row, member)| (member.0, row.id.count())).all(&mut db).await?;
    assert_eq!(names, [("colour".to_string(), 1), ("size".to_string(), 2)]);
    Ok(())
}
