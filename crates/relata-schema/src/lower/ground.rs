//! What declared tables stand on and entities cannot say: extensions, types, functions of the database they are for.

use std::collections::BTreeSet;

use crate::dialect::Dialect;
use crate::dialect::postgres::print::{create, creation_order, whole_table};
use crate::model::{Namespace, ObjectKey, ObjectKind, Schema};

/// The declared schema with what it takes of `from` to be created: its extensions, and whatever else entities have no
/// words for and the declaration names. `None` where nothing is needed.
pub fn grounded(declared: &Schema, from: &Schema) -> Option<Schema> {
    if declared.dialect != from.dialect || from.dialect == Dialect::Sqlite {
        return None;
    }
    if from.dialect == Dialect::Mysql {
        let sequences = from.sequences.clone();
        return (!sequences.is_empty()).then(|| Schema { sequences, ..declared.clone() });
    }
    let mut words = BTreeSet::new();
    for table in &declared.tables {
        let keys = crate::dialect::postgres::print::keys_and_indexes(table);
        whole_table(declared, table).iter().chain(&keys).for_each(|sql| add_words(sql, &mut words));
    }
    let sayable = |key: &ObjectKey| {
        use ObjectKind::{Composite, Domain, Other, Range, Routine, Sequence};
        matches!(key.kind, Domain | Composite | Range | Sequence | Routine | Other)
    };
    let mut open: Vec<ObjectKey> = creation_order(from).into_iter().filter(sayable).collect();
    open.retain(|key| !stands_on_lost_table(from, declared, key));
    let mut named = BTreeSet::new();
    loop {
        let (found, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|key| words.contains(&key.name.name));
        found.iter().flat_map(|key| create(from, key)).for_each(|sql| add_words(&sql, &mut words));
        open = rest;
        if found.is_empty() {
            break;
        }
        named.extend(found);
    }
    (!named.is_empty() || !from.extensions.is_empty()).then(|| joined(declared, from, &named))
}

/// Takes what nobody declared out of a schema that was created with its ground.
pub fn lift(schema: &mut Schema, declared: &Schema) {
    let namespaces: BTreeSet<&str> = declared.namespaces.iter().map(|namespace| namespace.name.as_str()).collect();
    schema.namespaces.retain(|namespace| namespaces.contains(namespace.name.as_str()));
    schema.extensions.clear();
    schema.domains.clear();
    schema.composites.clear();
    schema.ranges.clear();
    schema.sequences.retain(|sequence| sequence.owned_by.is_some() && schema.dialect == Dialect::Postgres);
    schema.routines.clear();
    schema.others.clear();
}

fn joined(declared: &Schema, from: &Schema, named: &BTreeSet<ObjectKey>) -> Schema {
    let mut all = declared.clone();
    let has = |kind, name: &crate::model::ObjectName| named.contains(&ObjectKey::of(kind, name));
    let bare = |namespace: &Namespace| Namespace { name: namespace.name.clone(), ..Namespace::default() };
    let new = from.namespaces.iter().filter(|old| all.namespaces.iter().all(|known| known.name != old.name));
    let new: Vec<Namespace> = new.map(bare).collect();
    all.namespaces.extend(new);
    all.extensions.clone_from(&from.extensions);
    all.domains.extend(from.domains.iter().filter(|item| has(ObjectKind::Domain, &item.name)).cloned());
    all.composites.extend(from.composites.iter().filter(|item| has(ObjectKind::Composite, &item.name)).cloned());
    all.ranges.extend(from.ranges.iter().filter(|item| has(ObjectKind::Range, &item.name)).cloned());
    let sequences =
        from.sequences.iter().filter(|item| item.owned_by.is_none() && has(ObjectKind::Sequence, &item.name));
    all.sequences.extend(sequences.cloned());
    let routine = |key: &&ObjectKey| key.kind == ObjectKind::Routine;
    for key in named.iter().filter(routine) {
        let same = |item: &&crate::model::Routine| item.name == key.name && item.arguments == key.member;
        all.routines.extend(from.routines.iter().find(same).cloned());
    }
    let names: BTreeSet<_> = named.iter().filter(|key| key.kind == ObjectKind::Other).map(|key| &key.name).collect();
    all.others.extend(from.others.iter().filter(|item| names.contains(&item.name)).cloned());
    // Privileges name roles that another server may not have.
    all.domains.iter_mut().for_each(|item| item.grants.clear());
    all.composites.iter_mut().for_each(|item| item.grants.clear());
    all.ranges.iter_mut().for_each(|item| item.grants.clear());
    all.sequences.iter_mut().for_each(|item| item.grants.clear());
    all.routines.iter_mut().for_each(|item| item.grants.clear());
    all.others.iter_mut().for_each(|item| item.grants.clear());
    all.forget_owners();
    let free = |key: &&ObjectKey| !stands_on_tables(from, key);
    let before: Vec<ObjectKey> = named.iter().filter(free).cloned().collect();
    all.tables.iter_mut().for_each(|table| table.depends_on.extend(before.iter().cloned()));
    all.canonicalize();
    all
}

fn uses<'s>(schema: &'s Schema, key: &ObjectKey) -> &'s [ObjectKey] {
    let found = match key.kind {
        ObjectKind::Domain => schema.domains.iter().find(|item| item.name == key.name).map(|item| &item.depends_on),
        ObjectKind::Composite => {
            schema.composites.iter().find(|item| item.name == key.name).map(|item| &item.depends_on)
        }
        ObjectKind::Range => schema.ranges.iter().find(|item| item.name == key.name).map(|item| &item.depends_on),
        ObjectKind::Routine => {
            let same = |item: &&crate::model::Routine| item.name == key.name && item.arguments == key.member;
            schema.routines.iter().find(same).map(|item| &item.depends_on)
        }
        ObjectKind::Other => schema.others.iter().find(|item| item.name == key.name).map(|item| &item.depends_on),
        _ => None,
    };
    found.map_or(&[], Vec::as_slice)
}

fn is_relation(key: &ObjectKey) -> bool {
    matches!(key.kind, ObjectKind::Table | ObjectKind::View | ObjectKind::Column)
}

fn stands_on_tables(from: &Schema, key: &ObjectKey) -> bool {
    uses(from, key).iter().any(is_relation)
}

/// It needs a table that was not declared, or a view.
fn stands_on_lost_table(from: &Schema, declared: &Schema, key: &ObjectKey) -> bool {
    uses(from, key).iter().filter(|key| is_relation(key)).any(|key| declared.table(&key.name).is_none())
}

fn add_words(text: &str, words: &mut BTreeSet<String>) {
    let parts = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
    words.extend(parts.filter(|part| !part.is_empty()).map(str::to_string));
}
