//! What was found to go or to change, by the object it belongs to.
//!
//! Every table asks about each of its members several times, and most have none that is marked: asking takes one look-up
//! and copies no name.

use std::collections::BTreeMap;

use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};

/// Objects and members.
#[derive(Default)]
pub(super) struct Cleared {
    by_object: BTreeMap<ObjectName, Vec<(ObjectKind, String)>>,
    count: usize,
}

impl Cleared {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn insert(&mut self, key: ObjectKey) {
        if !self.contains(&key) {
            self.by_object.entry(key.name).or_default().push((key.kind, key.member));
            self.count += 1;
        }
    }

    pub(super) fn extend(&mut self, keys: impl IntoIterator<Item = ObjectKey>) {
        keys.into_iter().for_each(|key| self.insert(key));
    }

    pub(super) fn contains(&self, key: &ObjectKey) -> bool {
        self.has(key.kind, &key.name, &key.member)
    }

    /// Whether it has the member, or with an empty name the object itself.
    pub(super) fn has(&self, kind: ObjectKind, object: &ObjectName, member: &str) -> bool {
        self.members(object).any(|found| found == (kind, member))
    }

    /// Whether anything of that object is among them, or it itself.
    pub(super) fn has_object(&self, object: &ObjectName) -> bool {
        self.by_object.contains_key(object)
    }

    /// Everything of that object.
    pub(super) fn members(&self, object: &ObjectName) -> impl Iterator<Item = (ObjectKind, &str)> {
        let found = self.by_object.get(object).into_iter().flatten();
        found.map(|(kind, member)| (*kind, member.as_str()))
    }
}

/// Columns of tables.
#[derive(Default)]
pub(super) struct Columns(BTreeMap<ObjectName, Vec<String>>);

impl Columns {
    pub(super) fn insert(&mut self, table: &ObjectName, column: &str) {
        if !self.contains(table, column) {
            self.0.entry(table.clone()).or_default().push(column.to_string());
        }
    }

    pub(super) fn contains(&self, table: &ObjectName, column: &str) -> bool {
        self.0.get(table).is_some_and(|columns| columns.iter().any(|other| other == column))
    }

    /// Whether a column of the table is among them.
    pub(super) fn has_table(&self, table: &ObjectName) -> bool {
        self.0.contains_key(table)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
