//! The generic differ on small schemas.

#![allow(clippy::unwrap_used)]

use expect_test::{Expect, expect};
use relata_plan::diff::diff;
use relata_schema::change::{Alteration, Change, Rename, TableChange};
use relata_schema::model::{
    Check, Column, ForeignKey, Index, IndexPart, Key, ObjectKey, ObjectKind, ObjectName, Table,
};
use relata_schema::types::{ColumnType, Type};
use relata_schema::{Dialect, Schema};

fn column(name: &str, physical: &str) -> Column {
    Column { name: name.into(), ty: ColumnType::new(Type::Text, physical).into(), ..Column::default() }
}

fn table(name: &str, columns: &[(&str, &str)]) -> Table {
    let columns = columns.iter().map(|(name, physical)| column(name, physical)).collect();
    Table { name: ObjectName::new("public", name), columns, ..Table::default() }
}

fn index(name: &str, columns: &[&str]) -> Index {
    Index {
        name: name.into(),
        parts: columns.iter().map(|column| IndexPart::column(*column)).collect(),
        ..Index::default()
    }
}

fn schema(tables: Vec<Table>) -> Schema {
    let mut schema = Schema { tables, ..Schema::new(Dialect::Postgres) };
    schema.canonicalize();
    schema
}

fn check(from: &Schema, to: &Schema, renames: &[Rename], expected: Expect) {
    assert_eq!(diff(from, from, &[]), []);
    assert_eq!(diff(to, to, &[]), []);
    let lines: Vec<String> = diff(from, to, renames).iter().flat_map(describe).collect();
    expected.assert_eq(&lines.join("\n"));
}

fn describe(change: &Change) -> Vec<String> {
    match change {
        Change::CreateTable(table) => vec![format!("create table {}", table.name)],
        Change::DropTable(table) => vec![format!("drop table {}", table.name)],
        Change::AlterTable { to, changes, .. } => {
            changes.iter().map(|change| format!("{}: {}", to.name, describe_in_table(change))).collect()
        }
        other => vec![format!("{other:?}")],
    }
}

fn describe_in_table(change: &TableChange) -> String {
    fn words<T>(kind: &str, alteration: &Alteration<T>, name: impl Fn(&T) -> String) -> String {
        match alteration {
            Alteration::Create(item) => format!("create {kind} {}", name(item)),
            Alteration::Drop(item) => format!("drop {kind} {}", name(item)),
            Alteration::Alter { from, to } => format!("alter {kind} {} -> {}", name(from), name(to)),
        }
    }
    match change {
        TableChange::Rename { from, to } => format!("rename {from} -> {to}"),
        TableChange::Column(a) => words("column", a, |c| format!("{} {}", c.name, c.ty.physical)),
        TableChange::PrimaryKey(a) => words("primary key", a, |k| k.name.clone()),
        TableChange::Unique(a) => words("unique", a, |k| k.name.clone()),
        TableChange::Index(a) => words("index", a, |i| i.name.clone()),
        TableChange::ForeignKey(a) => words("foreign key", a, |k| k.name.clone()),
        TableChange::Check(a) => words("check", a, |c| format!("{} {}", c.name, c.expression)),
        other => format!("{other:?}"),
    }
}

#[test]
fn tables_and_columns() {
    check(
        &schema(vec![table("a", &[("x", "text"), ("y", "text")]), table("b", &[])]),
        &schema(vec![table("a", &[("z", "text"), ("x", "integer")]), table("c", &[])]),
        &[],
        expect![[r#"
            public.a: alter column x text -> x integer
            public.a: drop column y text
            public.a: create column z text
            drop table public.b
            create table public.c"#]],
    );
}

#[test]
fn the_order_of_columns_is_no_difference() {
    check(
        &schema(vec![table("a", &[("x", "text"), ("y", "text")])]),
        &schema(vec![table("a", &[("y", "text"), ("x", "text")])]),
        &[],
        expect![""],
    );
}

#[test]
fn a_declared_rename_carries_keys_along() {
    let mut old = table("users", &[("mail", "text")]);
    old.uniques = vec![Key::over("users_mail_key", &["mail"])];
    old.indexes = vec![index("i", &["mail"])];
    let mut posts = table("posts", &[("who", "text")]);
    posts.foreign_keys = vec![ForeignKey {
        name: "fk".into(),
        columns: vec!["who".into()],
        references: old.name.clone(),
        referenced_columns: vec!["mail".into()],
        ..ForeignKey::default()
    }];
    let mut new = table("people", &[("email", "text")]);
    new.uniques = vec![Key::over("users_mail_key", &["email"])];
    new.indexes = vec![index("i", &["email"])];
    let mut new_posts = posts.clone();
    new_posts.foreign_keys[0].references = new.name.clone();
    new_posts.foreign_keys[0].referenced_columns = vec!["email".into()];
    let renames = [
        Rename { from: ObjectKey::of(ObjectKind::Table, &old.name), to: new.name.clone() },
        Rename { from: ObjectKey::member(ObjectKind::Column, &old.name, "mail"), to: ObjectName::bare("email") },
    ];
    check(
        &schema(vec![old, posts]),
        &schema(vec![new, new_posts]),
        &renames,
        expect![[r#"
            public.people: rename public.users -> public.people
            public.people: alter column mail text -> email text"#]],
    );
}

#[test]
fn members_match_by_name_then_by_content() {
    let mut old = table("a", &[("x", "text"), ("y", "text")]);
    old.indexes = vec![index("one", &["x"]), index("two", &["y"])];
    old.checks = vec![Check { expression: "x > 0".into(), ..Check::default() }];
    old.uniques = vec![Key::over("", &["x"])];
    let mut new = old.clone();
    new.indexes = vec![index("two", &["x", "y"]), index("three", &["x"])];
    new.checks = vec![Check { expression: "x > 1".into(), ..Check::default() }];
    new.uniques = vec![Key { nulls_not_distinct: true, ..Key::over("", &["x"]) }];
    check(
        &schema(vec![old]),
        &schema(vec![new]),
        &[],
        expect![[r#"
            public.a: alter unique  -> 
            public.a: drop check  x > 0
            public.a: create check  x > 1
            public.a: alter index one -> three
            public.a: alter index two -> two"#]],
    );
}
