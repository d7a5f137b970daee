//! A schema as sorted lines of key and JSON, and back.

use std::collections::BTreeMap;

use crate::dialect::Dialect;
use crate::digest;
use crate::model::{
    Check, Column, Exclusion, ForeignKey, Index, Key, ObjectKey, ObjectKind, ObjectName, Policy, Routine, Schema,
    Table, Trigger,
};
use crate::tree::{Node, Tree, TreeError};

/// What the lines of values begin with.
const VALUE: &str = "value ";

/// The key of a whole object in the lock: `table public.posts`.
pub fn object_key(kind: ObjectKind, name: &ObjectName) -> String {
    let namespace = if name.namespace.is_empty() { String::new() } else { format!("{}.", word(&name.namespace)) };
    format!("{} {namespace}{}", kind.word(), word(&name.name))
}

/// The key of something inside a table: `table public.posts / column title`.
pub fn member_key(key: &ObjectKey) -> String {
    let table = object_key(ObjectKind::Table, &key.name);
    format!("{table} / {} {}", key.kind.word(), word(&key.member))
}

/// The key of a value of an enum: `value public.mood / sad`; of one that is inline in a column: `value posts.status / draft`.
pub fn value_key(name: &ObjectName, value: &str) -> String {
    format!("{VALUE}{} / {}", &object_key(ObjectKind::Enum, name)["enum ".len()..], word(value))
}

/// The key of a routine: its name and its arguments.
pub(super) fn routine_key(routine: &Routine) -> String {
    let arguments = quoted(&Tree::Text(routine.arguments.clone()));
    format!("{} {arguments}", object_key(ObjectKind::Routine, &routine.name))
}

/// The line says no more than who the value is: what it is stands in the line of its enum or column.
pub(super) fn is_value(key: &str) -> bool {
    key.starts_with(VALUE)
}

/// The lines of the values of enums: key and JSON.
pub(super) fn of_values(schema: &Schema) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    for (name, values) in super::identity::values(schema) {
        for value in values {
            let tree = Tree::Map(vec![("value".into(), Tree::Text(value.clone()))]);
            lines.insert(value_key(&name, &value), tree.to_json());
        }
    }
    lines
}

/// A name as it stands in a key: plain, or as a JSON text.
fn word(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.to_string() } else { quoted(&Tree::Text(name.to_string())) }
}

/// JSON without a slash, because a slash parts the table from what is inside it.
fn quoted(tree: &Tree) -> String {
    tree.to_json().replace('/', "\\u002f")
}

/// The lines of a schema: key and JSON.
pub(super) fn of(schema: &Schema) -> BTreeMap<String, String> {
    let mut lines = Lines::default();
    for namespace in &schema.namespaces {
        lines.add(format!("namespace {}", word(&namespace.name)), namespace.to_tree());
    }
    for extension in &schema.extensions {
        lines.add(format!("extension {}", word(&extension.name)), extension.to_tree());
    }
    schema.enums.iter().for_each(|item| lines.object(ObjectKind::Enum, &item.name, item.to_tree()));
    schema.domains.iter().for_each(|item| lines.object(ObjectKind::Domain, &item.name, item.to_tree()));
    schema.composites.iter().for_each(|item| lines.object(ObjectKind::Composite, &item.name, item.to_tree()));
    schema.ranges.iter().for_each(|item| lines.object(ObjectKind::Range, &item.name, item.to_tree()));
    schema.sequences.iter().for_each(|item| lines.object(ObjectKind::Sequence, &item.name, item.to_tree()));
    schema.tables.iter().for_each(|table| lines.table(table));
    schema.views.iter().for_each(|item| lines.object(ObjectKind::View, &item.name, item.to_tree()));
    for routine in &schema.routines {
        lines.add(routine_key(routine), routine.to_tree());
    }
    for server in &schema.servers {
        lines.add(format!("server {}", word(&server.name)), server.to_tree());
    }
    for privileges in &schema.default_privileges {
        let details = Tree::List(vec![privileges.role.to_tree(), privileges.namespace.to_tree()]);
        lines.add(format!("default_privileges {} {}", privileges.objects, quoted(&details)), privileges.to_tree());
    }
    for other in &schema.others {
        let details = Tree::List(vec![other.kind.to_tree(), other.signature.to_tree()]);
        lines.add(format!("{} {}", object_key(ObjectKind::Other, &other.name), quoted(&details)), other.to_tree());
    }
    lines.map
}

#[derive(Default)]
struct Lines {
    map: BTreeMap<String, String>,
}

impl Lines {
    fn object(&mut self, kind: ObjectKind, name: &ObjectName, tree: Tree) {
        self.add(object_key(kind, name), tree);
    }

    /// Adds a line; a key that is taken gets a number, in the order of the schema.
    fn add(&mut self, key: String, tree: Tree) {
        let mut unique = key.clone();
        let mut number = 1;
        while self.map.contains_key(&unique) {
            number += 1;
            unique = format!("{key} {number}");
        }
        self.map.insert(unique, tree.to_json());
    }

    fn table(&mut self, table: &Table) {
        let key = object_key(ObjectKind::Table, &table.name);
        let mut inside = |kind: ObjectKind, label: String, tree: Tree| {
            self.add(format!("{key} / {} {label}", kind.word()), tree);
        };
        for (position, column) in table.columns.iter().enumerate() {
            inside(ObjectKind::Column, word(&column.name), positioned(column.to_tree(), position));
        }
        if let Some(item) = &table.primary_key {
            inside(ObjectKind::PrimaryKey, key_label(item), item.to_tree());
        }
        for item in &table.uniques {
            inside(ObjectKind::Unique, key_label(item), item.to_tree());
        }
        for item in &table.foreign_keys {
            let columns: Vec<&str> = item.columns.iter().map(String::as_str).collect();
            inside(ObjectKind::ForeignKey, label(&item.name, &columns), item.to_tree());
        }
        for item in &table.checks {
            let unnamed = digest::hex(&item.expression)[..8].to_string();
            let label = if item.name.is_empty() { format!("#{unnamed}") } else { word(&item.name) };
            inside(ObjectKind::Check, label, item.to_tree());
        }
        for item in &table.exclusions {
            inside(ObjectKind::Exclusion, word(&item.name), item.to_tree());
        }
        for item in &table.indexes {
            inside(ObjectKind::Index, word(&item.name), item.to_tree());
        }
        for item in &table.triggers {
            inside(ObjectKind::Trigger, word(&item.name), item.to_tree());
        }
        for item in &table.policies {
            inside(ObjectKind::Policy, word(&item.name), item.to_tree());
        }
        self.add(key.clone(), head(table).to_tree());
    }
}

/// A table without what has lines of its own.
fn head(table: &Table) -> Table {
    let mut head = table.clone();
    head.columns.clear();
    head.primary_key = None;
    head.uniques.clear();
    head.foreign_keys.clear();
    head.checks.clear();
    head.exclusions.clear();
    head.indexes.clear();
    head.triggers.clear();
    head.policies.clear();
    head
}

fn key_label(key: &Key) -> String {
    label(&key.name, &key.columns().collect::<Vec<_>>())
}

/// The name, or the columns where there is no name.
fn label(name: &str, columns: &[&str]) -> String {
    if name.is_empty() {
        let columns: Vec<String> = columns.iter().map(|column| word(column)).collect();
        format!("({})", columns.join(","))
    } else {
        word(name)
    }
}

fn positioned(tree: Tree, position: usize) -> Tree {
    match tree {
        Tree::Map(mut fields) => {
            fields.push(("position".into(), Tree::Int(position as i64)));
            Tree::Map(fields)
        }
        other => other,
    }
}

/// The column and its position.
fn column(tree: &Tree) -> Result<(i64, Column), TreeError> {
    let Tree::Map(fields) = tree else { return Err(TreeError("expected the fields of Column".into())) };
    let (position, rest): (Vec<_>, Vec<_>) = fields.iter().cloned().partition(|(name, _)| name == "position");
    let position = match position.as_slice() {
        [(_, Tree::Int(position))] => *position,
        _ => return Err(TreeError("a column lacks its position".into())),
    };
    Ok((position, Column::from_tree(&Tree::Map(rest))?))
}

/// The schema that lines describe; each comes with the number of its line.
pub(super) fn schema(dialect: Dialect, objects: &BTreeMap<String, (usize, Tree)>) -> Result<Schema, TreeError> {
    let mut schema = Schema::new(dialect);
    let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
    let mut columns: Vec<(&str, i64, Column)> = Vec::new();
    for (key, (number, tree)) in objects {
        let result = match key.split_once(" / ") {
            Some((table, member)) => match tables.get_mut(table) {
                Some(_) if member.starts_with("column ") => {
                    column(tree).map(|(position, column)| columns.push((table, position, column)))
                }
                Some(found) => read_member(member, tree, found),
                None => Err(TreeError(format!("the line of its table is missing ({table})"))),
            },
            None if key.starts_with("table ") => Table::from_tree(tree).map(|table| {
                tables.insert(key, table);
            }),
            None => read_object(key, tree, &mut schema),
        };
        result.map_err(|error| TreeError(format!("line {number}: {key}: {error}")))?;
    }
    columns.sort_by_key(|(_, position, _)| *position);
    for (table, _, column) in columns {
        tables.entry(table).or_default().columns.push(column);
    }
    schema.tables = tables.into_values().collect();
    schema.canonicalize();
    Ok(schema)
}

fn read_object(key: &str, tree: &Tree, schema: &mut Schema) -> Result<(), TreeError> {
    match key.split_once(' ').and_then(|(kind, _)| ObjectKind::from_word(kind)) {
        Some(ObjectKind::Namespace) => schema.namespaces.push(Node::from_tree(tree)?),
        Some(ObjectKind::Extension) => schema.extensions.push(Node::from_tree(tree)?),
        Some(ObjectKind::Enum) => schema.enums.push(Node::from_tree(tree)?),
        Some(ObjectKind::Domain) => schema.domains.push(Node::from_tree(tree)?),
        Some(ObjectKind::Composite) => schema.composites.push(Node::from_tree(tree)?),
        Some(ObjectKind::Range) => schema.ranges.push(Node::from_tree(tree)?),
        Some(ObjectKind::Server) => schema.servers.push(Node::from_tree(tree)?),
        Some(ObjectKind::DefaultPrivileges) => schema.default_privileges.push(Node::from_tree(tree)?),
        Some(ObjectKind::Sequence) => schema.sequences.push(Node::from_tree(tree)?),
        Some(ObjectKind::View) => schema.views.push(Node::from_tree(tree)?),
        Some(ObjectKind::Routine) => schema.routines.push(Node::from_tree(tree)?),
        Some(ObjectKind::Other) => schema.others.push(Node::from_tree(tree)?),
        _ => return Err(TreeError("no object of this kind is known: update relata".into())),
    }
    Ok(())
}

fn read_member(member: &str, tree: &Tree, table: &mut Table) -> Result<(), TreeError> {
    match member.split_once(' ').and_then(|(kind, _)| ObjectKind::from_word(kind)) {
        Some(ObjectKind::PrimaryKey) => table.primary_key = Some(Key::from_tree(tree)?),
        Some(ObjectKind::Unique) => table.uniques.push(Key::from_tree(tree)?),
        Some(ObjectKind::ForeignKey) => table.foreign_keys.push(ForeignKey::from_tree(tree)?),
        Some(ObjectKind::Check) => table.checks.push(Check::from_tree(tree)?),
        Some(ObjectKind::Exclusion) => table.exclusions.push(Exclusion::from_tree(tree)?),
        Some(ObjectKind::Index) => table.indexes.push(Index::from_tree(tree)?),
        Some(ObjectKind::Trigger) => table.triggers.push(Trigger::from_tree(tree)?),
        Some(ObjectKind::Policy) => table.policies.push(Policy::from_tree(tree)?),
        _ => return Err(TreeError("no part of a table of this kind is known: update relata".into())),
    }
    Ok(())
}
