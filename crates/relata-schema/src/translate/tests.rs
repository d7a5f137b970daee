//! Cases of the translation between dialects.

use super::*;
use crate::model::{Check, Column, ForeignKey, Index, IndexPart, Key, Table};
use crate::types::{ColumnType, Type};

fn column(name: &str, logical: Type, physical: &str) -> Column {
    Column { name: name.into(), ty: ColumnType::new(logical, physical).into(), ..Column::default() }
}

fn sqlite_schema() -> Schema {
    let mut schema = Schema::new(Dialect::Sqlite);
    let artist = Table {
        name: ObjectName::bare("Artist"),
        columns: vec![column("ArtistId", Type::Int(8), "INTEGER"), column("Name", Type::VarChar(120), "NVARCHAR(120)")],
        primary_key: Some(Key::over("", &["ArtistId"])),
        ..Table::default()
    };
    let mut state = column("State", Type::Text, "TEXT");
    state.default = Some("'new'".into());
    let album = Table {
        name: ObjectName::bare("Album"),
        columns: vec![column("AlbumId", Type::Int(8), "INTEGER"), column("ArtistId", Type::Int(8), "INTEGER"), state],
        primary_key: Some(Key::over("", &["AlbumId"])),
        foreign_keys: vec![ForeignKey {
            columns: vec!["ArtistId".into()],
            references: ObjectName::bare("artist"),
            ..ForeignKey::default()
        }],
        checks: vec![
            Check { expression: "State IN ('new', 'old')".into(), ..Check::default() },
            Check { expression: "State GLOB 'a*'".into(), ..Check::default() },
        ],
        indexes: vec![Index {
            name: "by_state".into(),
            parts: vec![IndexPart::column("State")],
            predicate: Some("State <> 'old'".into()),
            ..Index::default()
        }],
        ..Table::default()
    };
    schema.tables = vec![artist, album];
    schema
}

#[test]
fn what_cannot_be_carried_over_is_said() {
    let (schema, diagnostics) = translate(&sqlite_schema(), Dialect::Mysql);
    let said: Vec<_> =
        diagnostics.iter().filter(|d| d.severity == Severity::Warning).map(ToString::to_string).collect();
    expect_test::expect![[r#"
        warning[translate-lost]: CHECK (State GLOB 'a*') is not carried over: GLOB is not known everywhere
          in check Album
        warning[translate-lost]: MariaDB has no partial indexes: WHERE State <> 'old' is not carried over, nor the index
          in index Album.by_state"#]]
    .assert_eq(&said.join("\n"));
    let album = schema.table_named("Album").unwrap();
    assert_eq!(album.checks.len(), 1);
    assert!(album.indexes.is_empty());
}

#[test]
fn keys_get_names_and_referenced_columns() {
    let (schema, _) = translate(&sqlite_schema(), Dialect::Postgres);
    let album = schema.table_named("Album").unwrap();
    assert_eq!(album.primary_key.as_ref().unwrap().name, "Album_pkey");
    assert_eq!(album.foreign_keys[0].name, "Album_ArtistId_fkey");
    assert_eq!(album.foreign_keys[0].references, ObjectName::new("public", "Artist"));
    assert_eq!(album.foreign_keys[0].referenced_columns, ["ArtistId"]);
    assert!(album.columns[0].identity.is_some() && album.columns[1].identity.is_none());
    assert_eq!(album.checks[0].expression, r#""State" IN ('new', 'old')"#);
}

#[test]
fn the_same_dialect_gives_the_same_schema() {
    let schema = sqlite_schema();
    assert_eq!(translate(&schema, Dialect::Sqlite), (schema, Vec::new()));
}

#[test]
fn keys_and_numbers_of_mariadb_fit_postgresql_and_back() {
    let big = |name: &str| Column { not_null: true, ..column(name, Type::UInt(8), "bigint unsigned") };
    let mut album = Table { name: ObjectName::bare("album"), ..Table::default() };
    album.columns = vec![Column { auto_increment: true, ..big("id") }, big("year"), big("plays")];
    album.primary_key = Some(Key::over("", &["year", "id"]));
    album.indexes = ["album", "id"]
        .map(|name| Index { name: name.into(), parts: vec![IndexPart::column("id")], ..Index::default() })
        .into();
    let mut schema = Schema::new(Dialect::Mysql);
    schema.tables = vec![album];
    let (there, _) = translate(&schema, Dialect::Postgres);
    let table = there.table_named("album").unwrap();
    let types: Vec<_> = table.columns.iter().map(|column| column.ty.physical.as_str()).collect();
    assert_eq!(types, ["bigint", "bigint", "numeric(20,0)"]);
    let names: Vec<_> = table.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(names, ["album_album", "id"], "an index cannot have the name of its table");
    let mut alone = there.clone();
    alone.tables[0].indexes.clear();
    let (back, _) = translate(&alone, Dialect::Mysql);
    assert_eq!(back.tables[0].indexes[0].parts, [IndexPart::column("id")], "automatic numbers need a key");
}
