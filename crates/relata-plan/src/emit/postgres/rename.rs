//! Renames come first: afterwards the schema that is can be spoken of by the names it shall have.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use relata_schema::ColumnType;
use relata_schema::Schema;
use relata_schema::change::{Alteration, Change, Rename, TableChange};
use relata_schema::dialect::postgres::identity_sequence;
use relata_schema::dialect::postgres::print::{ident, literal, qualified, view_word};
use relata_schema::model::{Column, EnumType, ObjectKey, ObjectKind, ObjectName, Table};

use super::steps::Steps;

/// New names by old ones.
#[derive(Default)]
struct Names {
    objects: BTreeMap<ObjectName, ObjectName>,
    columns: BTreeMap<(ObjectName, String), String>,
    /// Types as columns write them.
    types: BTreeMap<String, String>,
    /// Values of enums, by the old name of the type.
    values: BTreeMap<(ObjectName, String), String>,
}

/// Adds the steps that rename, and returns the schema as it is called afterwards. The changes speak of the new values
/// of enums then.
pub(super) fn rename<'s>(
    from: &'s Schema,
    changes: &mut Cow<'_, [Change]>,
    renames: &[Rename],
    steps: &mut Steps,
) -> Cow<'s, Schema> {
    let mut names = Names::default();
    for change in changes.iter() {
        match change {
            Change::AlterTable { from, changes, .. } => table(from, changes, &mut names, steps),
            Change::Enum(Alteration::Alter { from, to }) => {
                object(ObjectKind::Enum, "TYPE", &from.name, &to.name, &mut names, steps);
                values(from, to, renames, &mut names, steps);
            }
            Change::Domain(Alteration::Alter { from, to }) => {
                object(ObjectKind::Domain, "DOMAIN", &from.name, &to.name, &mut names, steps);
            }
            Change::Composite(Alteration::Alter { from, to }) => {
                object(ObjectKind::Composite, "TYPE", &from.name, &to.name, &mut names, steps);
            }
            Change::Range(Alteration::Alter { from, to }) => {
                object(ObjectKind::Range, "TYPE", &from.name, &to.name, &mut names, steps);
            }
            Change::Sequence(Alteration::Alter { from, to }) => {
                object(ObjectKind::Sequence, "SEQUENCE", &from.name, &to.name, &mut names, steps);
            }
            Change::View(Alteration::Alter { from, to }) => {
                object(ObjectKind::View, view_word(from), &from.name, &to.name, &mut names, steps);
            }
            _ => {}
        }
    }
    if !names.values.is_empty() {
        for change in changes.to_mut() {
            if let Change::Enum(Alteration::Alter { from, .. }) = change {
                names.values(from);
            }
        }
    }
    names.apply(from)
}

/// Renames the values of an enum that goes on.
fn values(from: &EnumType, to: &EnumType, renames: &[Rename], names: &mut Names, steps: &mut Steps) {
    for rename in renames {
        let (value, new) = (&rename.from.member, &rename.to.name);
        let is_here = rename.from.kind == ObjectKind::Enum && rename.from.name == from.name;
        if !is_here || !from.values.contains(value) || from.values.contains(new) || !to.values.contains(new) {
            continue;
        }
        let sql = format!("ALTER TYPE {} RENAME VALUE {} TO {}", qualified(&to.name), literal(value), literal(new));
        let key = ObjectKey::of(ObjectKind::Enum, &to.name);
        steps.instant(format!("rename value {value} of enum {} to {new}", to.name), key, sql);
        names.values.insert((from.name.clone(), value.clone()), new.clone());
    }
}

fn object(kind: ObjectKind, word: &str, from: &ObjectName, to: &ObjectName, names: &mut Names, steps: &mut Steps) {
    if from == to {
        return;
    }
    let mut current = from.clone();
    if from.namespace != to.namespace {
        let sql = format!("ALTER {word} {} SET SCHEMA {}", qualified(from), ident(&to.namespace));
        steps.instant(format!("move {from} to {}", to.namespace), ObjectKey::of(kind, from), sql);
        current.namespace.clone_from(&to.namespace);
    }
    if from.name != to.name {
        let sql = format!("ALTER {word} {} RENAME TO {}", qualified(&current), ident(&to.name));
        steps.instant(format!("rename {from} to {to}"), ObjectKey::of(kind, from), sql);
    }
    if matches!(kind, ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite) {
        names.types.insert(qualified(from), qualified(to));
    }
    names.objects.insert(from.clone(), to.clone());
}

fn table(from: &Table, changes: &[TableChange], names: &mut Names, steps: &mut Steps) {
    let mut name = from.name.clone();
    for change in changes {
        if let TableChange::Rename { from, to } = change {
            object(ObjectKind::Table, "TABLE", from, to, names, steps);
            name = to.clone();
        }
    }
    for change in changes {
        if let TableChange::Column(Alteration::Alter { from: old, to: new }) = change
            && old.name != new.name
        {
            let sql =
                format!("ALTER TABLE {} RENAME COLUMN {} TO {}", qualified(&name), ident(&old.name), ident(&new.name));
            let key = ObjectKey::member(ObjectKind::Column, &name, &old.name);
            steps.instant(format!("rename column {name}.{} to {}", old.name, new.name), key, sql);
            names.columns.insert((from.name.clone(), old.name.clone()), new.name.clone());
        }
    }
}

/// Gives the sequences of identities the names they shall have.
pub(super) fn identities(schema: &mut Cow<'_, Schema>, to: &Schema, steps: &mut Steps) {
    let mut renamed = Vec::new();
    for (at, table) in schema.tables.iter().enumerate() {
        let has_identity = table.columns.iter().any(|column| column.identity.is_some());
        let Some(wanted) = to.table(&table.name).filter(|_| has_identity) else { continue };
        for (position, column) in table.columns.iter().enumerate() {
            let new = wanted.column(&column.name).and_then(|new| new.identity.as_ref());
            let Some((old, new)) = column.identity.as_ref().zip(new) else { continue };
            let usual = || identity_sequence(&table.name, &column.name);
            let (before, after) =
                (old.sequence.clone().unwrap_or_else(usual), new.sequence.clone().unwrap_or_else(usual));
            if before.name != after.name {
                let sql = format!("ALTER SEQUENCE {} RENAME TO {}", qualified(&before), ident(&after.name));
                let key = ObjectKey::member(ObjectKind::Column, &table.name, &column.name);
                steps.add(format!("rename the sequence of {}.{}", table.name, column.name), key, sql);
                renamed.push((at, position, new.sequence.clone()));
            }
        }
    }
    for (table, column, sequence) in renamed {
        if let Some(identity) = &mut schema.to_mut().tables[table].columns[column].identity {
            identity.sequence = sequence;
        }
    }
}

impl Names {
    fn object(&self, name: &mut ObjectName) {
        if let Some(new) = self.objects.get(name) {
            *name = new.clone();
        }
    }

    fn column(&self, table: &ObjectName, column: &mut String) {
        if let Some(new) = self.columns.get(&(table.clone(), column.clone())) {
            column.clone_from(new);
        }
    }

    fn ty(&self, ty: &mut ColumnType) {
        let element = ty.physical.trim_end_matches("[]");
        if let Some(new) = self.types.get(element) {
            ty.physical = format!("{new}{}", &ty.physical[element.len()..]);
        }
    }

    fn column_type(&self, column: &mut Column) {
        if self.types.contains_key(column.ty.physical.trim_end_matches("[]")) {
            self.ty(Arc::make_mut(&mut column.ty));
        }
    }

    fn values(&self, ty: &mut EnumType) {
        for value in &mut ty.values {
            if let Some(new) = self.values.get(&(ty.name.clone(), value.clone())) {
                value.clone_from(new);
            }
        }
    }

    fn keys(&self, keys: &mut [ObjectKey]) {
        for key in keys {
            if key.kind == ObjectKind::Column {
                self.column(&key.name, &mut key.member);
            }
            self.object(&mut key.name);
        }
    }

    fn apply<'s>(&self, from: &'s Schema) -> Cow<'s, Schema> {
        if self.objects.is_empty() && self.columns.is_empty() && self.values.is_empty() {
            return Cow::Borrowed(from);
        }
        let mut schema = from.clone();
        for ty in &mut schema.enums {
            self.values(ty);
            self.object(&mut ty.name);
        }
        for domain in &mut schema.domains {
            self.ty(&mut domain.base);
            self.keys(&mut domain.depends_on);
            self.object(&mut domain.name);
        }
        for composite in &mut schema.composites {
            composite.attributes.iter_mut().for_each(|attribute| self.ty(&mut attribute.ty));
            self.keys(&mut composite.depends_on);
            self.object(&mut composite.name);
        }
        for range in &mut schema.ranges {
            self.ty(&mut range.subtype);
            self.keys(&mut range.depends_on);
            self.object(&mut range.name);
        }
        for sequence in &mut schema.sequences {
            self.object(&mut sequence.name);
            if let Some((table, column)) = &mut sequence.owned_by {
                self.column(table, column);
                self.object(table);
            }
        }
        for table in &mut schema.tables {
            self.table(table);
        }
        for view in &mut schema.views {
            self.object(&mut view.name);
            self.keys(&mut view.depends_on);
        }
        schema.routines.iter_mut().for_each(|routine| self.keys(&mut routine.depends_on));
        schema.others.iter_mut().for_each(|other| self.keys(&mut other.depends_on));
        Cow::Owned(schema)
    }

    /// The sequence of an identity keeps its name when the table or column gets another.
    fn identity(&self, table: &ObjectName, column: &mut Column) {
        let before = identity_sequence(table, &column.name);
        let (mut owner, mut name) = (table.clone(), column.name.clone());
        self.column(table, &mut name);
        self.object(&mut owner);
        if let Some(identity) = &mut column.identity {
            let namespace = owner.namespace.clone();
            let sequence = identity.sequence.take().unwrap_or(before);
            let sequence = ObjectName::new(namespace, sequence.name);
            identity.sequence = (sequence != identity_sequence(&owner, &name)).then_some(sequence);
        }
    }

    fn table(&self, table: &mut Table) {
        let name = table.name.clone();
        let rename = |column: &mut String| self.column(&name, column);
        for column in &mut table.columns {
            self.identity(&name, column);
            rename(&mut column.name);
            self.column_type(column);
        }
        for key in table.primary_key.iter_mut().chain(&mut table.uniques) {
            key.parts.iter_mut().for_each(|part| rename(&mut part.column));
            key.include.iter_mut().for_each(rename);
        }
        for index in &mut table.indexes {
            index.parts.iter_mut().for_each(|part| rename(&mut part.column));
            index.include.iter_mut().for_each(rename);
        }
        for exclusion in &mut table.exclusions {
            exclusion.elements.iter_mut().for_each(|(part, _)| rename(&mut part.column));
            exclusion.include.iter_mut().for_each(rename);
        }
        for key in &mut table.foreign_keys {
            key.columns.iter_mut().chain(&mut key.set_columns).for_each(rename);
            let there = key.references.clone();
            key.referenced_columns.iter_mut().for_each(|column| self.column(&there, column));
            self.object(&mut key.references);
        }
        table.inherits.iter_mut().for_each(|parent| self.object(parent));
        if let Some(partition) = &mut table.partition_of {
            self.object(&mut partition.parent);
        }
        self.keys(&mut table.depends_on);
        for used in &mut table.uses {
            self.keys(std::slice::from_mut(&mut used.member));
            self.keys(&mut used.uses);
        }
        if let Some(ty) = &mut table.of_type {
            self.object(ty);
        }
        self.object(&mut table.name);
    }
}
