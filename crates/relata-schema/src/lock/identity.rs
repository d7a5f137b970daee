//! Who is who: identities read from a lock in any state, and the renames they tell.
//!
//! The identity of an object is the digest of the key it had first. So an object whose line carries another identity
//! than its key gives was renamed, and the identity says what it was called before: in the lock alone, whatever branch
//! or order of merges it came by.

use std::collections::{BTreeMap, BTreeSet};

use super::{SHORT, lines, member_key, object_key};
use crate::change::Rename;
use crate::digest;
use crate::model::{ObjectKey, ObjectKind, ObjectName, Schema};

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

/// The keys, in the lock, of the objects that can be renamed: tables, columns, types and sequences.
pub fn keys(schema: &Schema) -> Vec<(String, ObjectKey)> {
    let mut keys = Vec::new();
    let mut whole = |kind: ObjectKind, name: &ObjectName| {
        keys.push((object_key(kind, name), ObjectKey::of(kind, name)));
    };
    schema.enums.iter().for_each(|item| whole(ObjectKind::Enum, &item.name));
    schema.domains.iter().for_each(|item| whole(ObjectKind::Domain, &item.name));
    schema.composites.iter().for_each(|item| whole(ObjectKind::Composite, &item.name));
    schema.sequences.iter().for_each(|item| whole(ObjectKind::Sequence, &item.name));
    for table in &schema.tables {
        keys.push((object_key(ObjectKind::Table, &table.name), table.key()));
        for column in &table.columns {
            let key = ObjectKey::member(ObjectKind::Column, &table.name, &column.name);
            keys.push((member_key(&key), key));
        }
    }
    keys
}

/// The key in the lock of a renamed object, before and after; `None` for what has no line of its own.
pub fn keys_of(rename: &Rename) -> Option<(String, String)> {
    let line = |key: &ObjectKey| match (key.kind, key.member.is_empty()) {
        (ObjectKind::Column, false) => Some(member_key(key)),
        (_, true) => Some(object_key(key.kind, &key.name)),
        _ => None,
    };
    line(&rename.from).zip(line(&rename.to_key()))
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
    let mut found = Vec::new();
    for (key, object) in here.iter().filter(|(key, _)| !target_keys.contains_key(key.as_str())) {
        let identity = digest::hex(&first_key(object, first).unwrap_or_else(|| key.clone()))[..SHORT].to_string();
        let Some(now) = new.get(identity.as_str()).filter(|now| now.kind == object.kind) else { continue };
        let to = if object.member.is_empty() { now.name.clone() } else { ObjectName::bare(&now.member) };
        if object.member.is_empty() || object.member != now.member {
            found.push(Rename { from: object.clone(), to });
        }
    }
    found
}

/// The key an object had first, if it was another.
fn first_key(object: &ObjectKey, first: &[Rename]) -> Option<String> {
    let table = first.iter().find(|rename| rename.from.member.is_empty() && rename.from.name == object.name);
    let member = first.iter().find(|rename| &rename.from == object && !object.member.is_empty());
    if table.is_none() && member.is_none() {
        return None;
    }
    let name = table.map_or(&object.name, |rename| &rename.to);
    let line = match object.member.as_str() {
        "" => object_key(object.kind, name),
        own => {
            let own = member.map_or(own, |rename| rename.to.name.as_str());
            lines::member_key(&ObjectKey::member(object.kind, name, own))
        }
    };
    Some(line)
}
