//! Who is who: identities read from a lock in any state, and the renames they tell.
//!
//! The identity of an object is the digest of the key it had first. So an object whose line carries another identity
//! than its key gives was renamed, and the identity says what it was called before: in the lock alone, whatever branch
//! or order of merges it came by. Values of enums have lines of identity alone: what they are stands in the enum.

use std::collections::{BTreeMap, BTreeSet};

use super::{SHORT, lines, member_key, object_key, value_key};
use crate::change::Rename;
use crate::dialect::Dialect;
use crate::digest;
use crate::model::{ObjectKey, ObjectKind, ObjectName, Schema, Table};

/// The identities that stand in a text, whatever else is wrong with it: conflict markers are passed over, both sides
/// count (the first where both give one for the same key), digests are not looked at.
pub fn salvage(text: &str) -> BTreeMap<String, String> {
    let mut identities = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.splitn(4, '\t').collect();
        let [key, identity, _, _] = fields.as_slice() else { continue };
        if identity.len() == SHORT && identity.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            identities.entry((*key).to_string()).or_insert_with(|| (*identity).to_string());
        }
    }
    identities
}

/// The keys, in the lock, of the objects that can be renamed. The overloads of a function have lines of their own and
/// one key; what has no name (a check, a key) has an identity, and cannot be renamed.
pub fn keys(schema: &Schema) -> Vec<(String, ObjectKey)> {
    let mut keys = Vec::new();
    let mut whole = |kind: ObjectKind, name: &ObjectName| {
        keys.push((object_key(kind, name), ObjectKey::of(kind, name)));
    };
    schema.enums.iter().for_each(|item| whole(ObjectKind::Enum, &item.name));
    schema.domains.iter().for_each(|item| whole(ObjectKind::Domain, &item.name));
    schema.composites.iter().for_each(|item| whole(ObjectKind::Composite, &item.name));
    schema.ranges.iter().for_each(|item| whole(ObjectKind::Range, &item.name));
    schema.sequences.iter().for_each(|item| whole(ObjectKind::Sequence, &item.name));
    schema.views.iter().for_each(|item| whole(ObjectKind::View, &item.name));
    for routine in &schema.routines {
        keys.push((lines::routine_key(routine), ObjectKey::of(ObjectKind::Routine, &routine.name)));
    }
    for table in &schema.tables {
        keys.push((object_key(ObjectKind::Table, &table.name), table.key()));
        let members = members(table).filter(|(_, name)| !name.is_empty());
        keys.extend(members.map(|(kind, name)| {
            let key = ObjectKey::member(kind, &table.name, name);
            (member_key(&key), key)
        }));
    }
    for (name, values) in values(schema) {
        let keyed =
            values.iter().map(|value| (value_key(&name, value), ObjectKey::member(ObjectKind::Enum, &name, value)));
        keys.extend(keyed);
    }
    keys
}

/// What is inside a table and has a name: kind and name.
fn members(table: &Table) -> impl Iterator<Item = (ObjectKind, &str)> {
    let columns = table.columns.iter().map(|item| (ObjectKind::Column, item.name.as_str()));
    let primary = table.primary_key.iter().map(|item| (ObjectKind::PrimaryKey, item.name.as_str()));
    let uniques = table.uniques.iter().map(|item| (ObjectKind::Unique, item.name.as_str()));
    let foreign = table.foreign_keys.iter().map(|item| (ObjectKind::ForeignKey, item.name.as_str()));
    let checks = table.checks.iter().map(|item| (ObjectKind::Check, item.name.as_str()));
    let exclusions = table.exclusions.iter().map(|item| (ObjectKind::Exclusion, item.name.as_str()));
    let indexes = table.indexes.iter().map(|item| (ObjectKind::Index, item.name.as_str()));
    let triggers = table.triggers.iter().map(|item| (ObjectKind::Trigger, item.name.as_str()));
    let policies = table.policies.iter().map(|item| (ObjectKind::Policy, item.name.as_str()));
    let constraints = primary.chain(uniques).chain(foreign).chain(checks).chain(exclusions);
    columns.chain(constraints).chain(indexes).chain(triggers).chain(policies)
}

/// The values of every enum: of types, and of those inline in columns.
pub(super) fn values(schema: &Schema) -> Vec<(ObjectName, Vec<String>)> {
    let mut found: Vec<_> = schema.enums.iter().map(|ty| (ty.name.clone(), ty.values.clone())).collect();
    if schema.dialect == Dialect::Postgres {
        return found;
    }
    for table in &schema.tables {
        for column in &table.columns {
            let values = table.inline_values(column);
            if !values.is_empty() {
                found.push((table.inline_enum(&column.name), values));
            }
        }
    }
    found
}

/// The keys that lines move from and to when an object is renamed. None: it has no identity.
pub(super) fn moves(rename: &Rename) -> Vec<(String, String)> {
    let (from, to) = (&rename.from, rename.to_key());
    let is_inline = from.name.namespace.is_empty();
    let value = |name: &ObjectName| object_key(ObjectKind::Enum, name).replacen("enum ", "value ", 1);
    let pair = |line: &dyn Fn(&ObjectKey) -> String| (line(from), line(&to));
    match (from.kind, from.member.is_empty()) {
        (ObjectKind::Enum, false) => vec![pair(&|key| value_key(&key.name, &key.member))],
        (ObjectKind::Enum, true) => {
            vec![pair(&|key| object_key(key.kind, &key.name)), pair(&|key| value(&key.name))]
        }
        (ObjectKind::Column, false) if is_inline => {
            let inline = |key: &ObjectKey| value(&ObjectName::new(key.name.name.as_str(), key.member.as_str()));
            vec![pair(&member_key), pair(&inline)]
        }
        (ObjectKind::Table, true) if is_inline => {
            vec![pair(&|key| object_key(key.kind, &key.name)), pair(&|key| value(&key.name))]
        }
        (_, false) if from.kind != ObjectKind::Routine => vec![pair(&member_key)],
        _ => vec![pair(&|key| object_key(key.kind, &key.name))],
    }
}

/// The rename that leads from one object to another, if they are of one kind and called otherwise.
pub fn between(from: &ObjectKey, to: &ObjectKey) -> Option<Rename> {
    let alike = from.kind == to.kind && from.member.is_empty() == to.member.is_empty();
    let (old, new) = match from.member.is_empty() {
        true => (from.name.to_string(), to.name.clone()),
        false => (from.member.clone(), ObjectName::bare(to.member.as_str())),
    };
    (alike && old != new.to_string()).then(|| Rename { from: from.clone(), to: new })
}

/// The renames between `start` and `target` that identities tell. `first` leads from the names of `start` to those
/// that the objects had first.
pub fn renames(
    identities: &BTreeMap<String, String>,
    start: &Schema,
    target: &Schema,
    first: &[Rename],
) -> Vec<Rename> {
    let (here, there) = (keys(start), keys(target));
    let here_keys: BTreeSet<&str> = here.iter().map(|(key, _)| key.as_str()).collect();
    let target_keys: BTreeMap<&str, &ObjectKey> = there.iter().map(|(key, object)| (key.as_str(), object)).collect();
    // An object of the start that is there under its own name goes on as itself.
    let new: BTreeMap<&str, &ObjectKey> = identities
        .iter()
        .filter(|(key, _)| !here_keys.contains(key.as_str()))
        .filter_map(|(key, identity)| Some((identity.as_str(), *target_keys.get(key.as_str())?)))
        .collect();
    let gone = here.iter().filter(|(key, _)| !target_keys.contains_key(key.as_str()));
    let rename = |(key, object): &(String, ObjectKey)| {
        let identity = digest::hex(&first_key(key, object, first))[..SHORT].to_string();
        between(object, new.get(identity.as_str())?)
    };
    gone.filter_map(rename).collect()
}

/// The key that the line of an object had first.
fn first_key(key: &str, object: &ObjectKey, first: &[Rename]) -> String {
    let whole = |kind: ObjectKind, name: &ObjectName| {
        let known = first.iter().find(|r| r.from.kind == kind && r.from.member.is_empty() && &r.from.name == name);
        known.map(|rename| rename.to.clone())
    };
    let member = |key: &ObjectKey| {
        let known = first.iter().find(|rename| !key.member.is_empty() && &rename.from == key);
        known.map_or_else(|| key.member.clone(), |rename| rename.to.name.clone())
    };
    match (object.kind, object.member.is_empty()) {
        (kind, true) => {
            // The arguments of a function follow its name.
            let (now, before) = (object_key(kind, &object.name), whole(kind, &object.name));
            before.map_or_else(|| key.to_string(), |name| key.replacen(&now, &object_key(kind, &name), 1))
        }
        (ObjectKind::Enum, false) => value_key(&first_enum(&object.name, whole, member), &member(object)),
        (kind, false) => {
            let table = whole(ObjectKind::Table, &object.name).unwrap_or_else(|| object.name.clone());
            member_key(&ObjectKey::member(kind, &table, &member(object)))
        }
    }
}

/// The name that an enum had first: that of its type, or of the column that it is inline in.
fn first_enum(
    name: &ObjectName,
    whole: impl Fn(ObjectKind, &ObjectName) -> Option<ObjectName>,
    member: impl Fn(&ObjectKey) -> String,
) -> ObjectName {
    if let Some(first) = whole(ObjectKind::Enum, name) {
        return first;
    }
    let table = ObjectName::bare(name.namespace.as_str());
    let column = member(&ObjectKey::member(ObjectKind::Column, &table, &name.name));
    ObjectName::new(whole(ObjectKind::Table, &table).unwrap_or(table).name, column)
}
