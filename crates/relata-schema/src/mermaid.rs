//! A schema as a Mermaid entity-relationship diagram.
//!
//! Invariant: the text is valid Mermaid whatever the names are. Entity names are quoted; attribute names and types,
//! which Mermaid cannot quote, keep letters, digits and underscores, and the true name follows as the comment.
//!
//! It deliberately shows tables, columns, keys and foreign keys, and nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::model::{Column, ForeignKey, ObjectName, Schema, Table};

/// An `erDiagram` of all tables.
pub fn write(schema: &Schema) -> String {
    let mut out = String::from("erDiagram\n");
    for table in &schema.tables {
        write_table(&mut out, schema, table);
    }
    for table in &schema.tables {
        for key in &table.foreign_keys {
            write_relation(&mut out, schema, table, key);
        }
    }
    out
}

fn write_table(out: &mut String, schema: &Schema, table: &Table) {
    let _ = writeln!(out, "    {} {{", entity(schema, &table.name));
    for column in &table.columns {
        let ty = attribute(if column.ty.physical.is_empty() { "any" } else { &column.ty.physical });
        let name = attribute(&column.name);
        let keys = keys(table, column);
        let _ = write!(out, "        {ty} {name}");
        if !keys.is_empty() {
            let _ = write!(out, " {}", keys.join(", "));
        }
        let mut notes = Vec::new();
        if name != column.name {
            notes.push(column.name.clone());
        }
        if !column.not_null && !keys.contains(&"PK") {
            notes.push("null".to_string());
        }
        notes.extend(column.comment.clone());
        if !notes.is_empty() {
            let _ = write!(out, " \"{}\"", text(&notes.join("; ")));
        }
        out.push('\n');
    }
    out.push_str("    }\n");
}

fn keys(table: &Table, column: &Column) -> Vec<&'static str> {
    let mut keys = Vec::new();
    if table.primary_key.as_ref().is_some_and(|key| key.columns().any(|name| name == column.name)) {
        keys.push("PK");
    }
    if table.foreign_keys.iter().any(|key| key.columns.contains(&column.name)) {
        keys.push("FK");
    }
    if is_unique(table, std::slice::from_ref(&column.name)) && !keys.contains(&"PK") {
        keys.push("UK");
    }
    keys
}

/// Whether no two rows have the same values in these columns.
fn is_unique(table: &Table, columns: &[String]) -> bool {
    let wanted: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    let keys = table.primary_key.iter().chain(&table.uniques).map(|key| key.columns().collect::<BTreeSet<_>>());
    let indexes = table
        .indexes
        .iter()
        .filter(|index| index.unique && index.predicate.is_none())
        .map(|index| index.parts.iter().map(|part| part.column.as_str()).collect());
    keys.chain(indexes).any(|known| known == wanted)
}

fn write_relation(out: &mut String, schema: &Schema, table: &Table, key: &ForeignKey) {
    let columns = key.columns.iter().map(|name| table.column(name));
    let optional = columns.flatten().any(|column| !column.not_null);
    let there = if optional { "|o" } else { "||" };
    let here = if is_unique(table, &key.columns) { "o|" } else { "o{" };
    let (from, to) = (entity(schema, &key.references), entity(schema, &table.name));
    let _ = writeln!(out, "    {from} {there}--{here} {to} : \"{}\"", text(&key.columns.join(", ")));
}

/// The quoted name; the namespace only where it is not the usual one.
fn entity(schema: &Schema, name: &ObjectName) -> String {
    let usual = name.namespace == schema.dialect.default_namespace();
    let full = if usual { name.name.clone() } else { name.to_string() };
    format!("\"{}\"", text(&full))
}

/// A word that Mermaid takes as attribute name or type.
fn attribute(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')' | '[' | ']');
    let mut word: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    if !word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        word.insert(0, '_');
    }
    word
}

/// Text inside quotation marks, on one line.
fn text(value: &str) -> String {
    value.replace('"', "'").split_whitespace().collect::<Vec<_>>().join(" ").replace('%', "％").replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::model::Key;
    use crate::types::{ColumnType, Type};

    fn column(name: &str, physical: &str, not_null: bool) -> Column {
        let ty = ColumnType::new(Type::Native(physical.into()), physical).into();
        Column { name: name.into(), ty, not_null, ..Column::default() }
    }

    #[test]
    fn keys_relations_and_odd_names() {
        let users = Table {
            name: ObjectName::bare("users"),
            columns: vec![column("id", "INTEGER", true), column("e mail", "character varying(80)", false)],
            primary_key: Some(Key::over("", &["id"])),
            uniques: vec![Key::over("", &["e mail"])],
            ..Table::default()
        };
        let posts = Table {
            name: ObjectName::bare("blog \"posts\""),
            columns: vec![
                column("id", "INTEGER", true),
                column("author_id", "INTEGER", false),
                column("1st", "", true),
            ],
            primary_key: Some(Key::over("", &["id"])),
            foreign_keys: vec![ForeignKey {
                columns: vec!["author_id".into()],
                references: users.name.clone(),
                ..ForeignKey::default()
            }],
            ..Table::default()
        };
        let schema = Schema { tables: vec![posts, users], ..Schema::new(Dialect::Sqlite) };
        let expected = r#"erDiagram
    "blog 'posts'" {
        INTEGER id PK
        INTEGER author_id FK "null"
        any _1st "1st"
    }
    "users" {
        INTEGER id PK
        character_varying(80) e_mail UK "e mail; null"
    }
    "users" |o--o{ "blog 'posts'" : "author_id"
"#;
        assert_eq!(write(&schema), expected);
    }
}
