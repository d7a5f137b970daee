//! What goes last, once nothing uses it: routines, types, sequences, extensions, namespaces.

use std::collections::BTreeMap;

use relata_schema::change::{Alteration, Change};
use relata_schema::dialect::postgres::print::{ident, qualified, routine_word, signature};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};

use super::clear::{column_goes, drop_other};
use super::scope::{Scope, other_key, routine_key};
use super::steps::{Steps, loses};
use super::types::retired;

/// Adds the steps that sweep.
pub(super) fn sweep(scope: &Scope<'_>, steps: &mut Steps) {
    let mut drops: BTreeMap<ObjectKey, Vec<(String, String)>> = BTreeMap::new();
    for (object, what, sql) in scope.changes.iter().filter_map(|change| drop(scope, change)) {
        drops.entry(object).or_default().push((what, sql));
    }
    let order = &scope.from_order;
    super::remake::finish(scope, order, steps);
    for key in order.iter().rev() {
        let is_type =
            matches!(key.kind, ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite | ObjectKind::Range);
        if is_type && scope.replaced_types.contains(&key.name) {
            continue;
        }
        let collation = key.kind == ObjectKind::Other && key.member.starts_with("COLLATION ");
        if collation && scope.rebuilt_collations.contains(&key.name) {
            let sql = format!("DROP COLLATION {}", qualified(&retired(&key.name)));
            steps.add(format!("drop the former collation {}", key.name), key.clone(), sql);
        }
        if is_type && scope.rebuilt_types.contains(&key.name) {
            let composite = scope.to.composites.iter().find(|ty| ty.name == key.name);
            for (name, argument, _) in composite.map(|ty| super::types::converters(scope, ty)).unwrap_or_default() {
                let sql = format!("DROP FUNCTION {name}({argument})");
                steps.add(format!("drop what made rows of {}", key.name), key.clone(), sql);
            }
            let sql = format!("DROP TYPE {}", qualified(&retired(&key.name)));
            steps.add(format!("drop the former type {}", key.name), key.clone(), sql);
            continue;
        }
        for (what, sql) in drops.remove(key).unwrap_or_default() {
            let step = steps.add(format!("drop {what}"), key.clone(), sql);
            if key.kind == ObjectKind::Sequence {
                loses(step, format!("where {} stands", key.name));
            }
        }
    }
}

/// What a change drops at the end: key, what it is, statement.
fn drop(scope: &Scope<'_>, change: &Change) -> Option<(ObjectKey, String, String)> {
    let named = |kind: ObjectKind, word: &str, name: &ObjectName| {
        let what = format!("{} {name}", word.to_lowercase());
        (ObjectKey::of(kind, name), what, format!("DROP {word} {}", qualified(name)))
    };
    let bare = |kind: ObjectKind, word: &str, name: &str| {
        let what = format!("{} {name}", word.to_lowercase());
        (ObjectKey::of(kind, &ObjectName::bare(name)), what, format!("DROP {word} {}", ident(name)))
    };
    let found = match change {
        Change::Enum(Alteration::Drop(ty)) => named(ObjectKind::Enum, "TYPE", &ty.name),
        Change::Domain(Alteration::Drop(ty)) => named(ObjectKind::Domain, "DOMAIN", &ty.name),
        Change::Composite(Alteration::Drop(ty)) => named(ObjectKind::Composite, "TYPE", &ty.name),
        Change::Range(Alteration::Drop(ty)) => named(ObjectKind::Range, "TYPE", &ty.name),
        Change::Sequence(Alteration::Drop(sequence)) => {
            let owner = sequence.owned_by.as_ref();
            if owner.is_some_and(|(table, column)| column_goes(scope, table, column)) {
                return None;
            }
            named(ObjectKind::Sequence, "SEQUENCE", &sequence.name)
        }
        Change::Routine(Alteration::Drop(routine)) if scope.goes_with_base_type(routine) => return None,
        Change::Routine(Alteration::Drop(routine)) => {
            let what = format!("{} {}", routine_word(routine).to_lowercase(), routine.name);
            (routine_key(routine), what, format!("DROP {} {}", routine_word(routine), signature(routine)))
        }
        Change::Other(Alteration::Drop(other)) => {
            let what = format!("{} {}", other.kind.to_lowercase(), other.name);
            (other_key(other), what, drop_other(other))
        }
        Change::Extension(Alteration::Drop(extension)) => bare(ObjectKind::Extension, "EXTENSION", &extension.name),
        Change::Namespace(Alteration::Drop(namespace)) => bare(ObjectKind::Namespace, "SCHEMA", &namespace.name),
        _ => return None,
    };
    (!scope.is_cleared(&found.0)).then_some(found)
}
