//! Relations are checked: the other entity exists, and there is a reference for them.

use crate::declare::{Entity, Field, Relation, RelationKind, field_names, simple_name};
use crate::diagnostic::Diagnostic;
use crate::model::{ObjectKey, ObjectKind};
use crate::naming;

use super::{Lowering, reference, table_name};

/// Checks every relation of an entity. (`BelongsTo` is checked with its foreign key.)
pub(super) fn check(lowering: &mut Lowering<'_>, entity: &Entity) {
    let object = ObjectKey::of(ObjectKind::Table, &table_name(entity, lowering.dialect));
    for relation in &entity.relations {
        if matches!(relation.kind, RelationKind::BelongsTo { .. }) {
            continue;
        }
        let Some(target) = lowering.entity(&relation.entity, &relation.span, object.clone()) else { continue };
        let problem = match &relation.kind {
            RelationKind::BelongsTo { .. } => None,
            RelationKind::HasMany { field } | RelationKind::HasOne { field } if relation.only.is_some() => {
                let only = relation.only.iter().map(|(name, _)| name.as_str());
                only.chain([field.as_str()]).find_map(|name| unknown_field(entity, target, name))
            }
            RelationKind::HasMany { field } => refer_back(entity, target, field).err(),
            RelationKind::HasOne { field } => match refer_back(entity, target, field) {
                Ok(fields) => has_one(target, &fields),
                Err(problem) => Some(problem),
            },
            RelationKind::ManyToMany { via, near, far } => match lowering.entity(via, &relation.span, object.clone()) {
                Some(junction) => many_to_many(entity, target, junction, relation, (near, far)),
                None => None,
            },
        };
        if let Some(problem) = problem {
            lowering.report(*problem, &relation.span, object.clone());
        }
    }
}

type Problem = Box<Diagnostic>;

fn problem(code: &'static str, message: String, help: String) -> Problem {
    Box::new(Diagnostic::error(code, message).help(help))
}

/// The fields of `target` that refer to `entity`: one, or those of one foreign key in the order of the key.
fn refer_back<'e>(entity: &Entity, target: &'e Entity, names: &str) -> Result<Vec<&'e Field>, Problem> {
    let names = field_names(names);
    if let [name] = names.as_slice() {
        return refers_back(entity, target, name).map(|field| vec![field]);
    }
    let key: Vec<&str> = entity.key_fields().iter().map(|field| field.name.as_str()).collect();
    let known = target.foreign_keys.iter().any(|reference| {
        let there: Vec<&str> = match reference.referenced_fields.as_slice() {
            [] => key.clone(),
            fields => fields.iter().map(String::as_str).collect(),
        };
        simple_name(&reference.entity) == entity.name && reference.fields == names && there == key
    });
    let fields = names.iter().map(|name| target.field(name)).collect::<Option<Vec<_>>>();
    fields.filter(|_| known).ok_or_else(|| {
        let (names, target) = (names.join(", "), &target.name);
        let message = format!("no foreign key of `{target}` on ({names}) refers to the key of `{}`", entity.name);
        let help = format!("put `#[foreign_key({names} => {}({}))]` on `{target}`", entity.name, key.join(", "));
        problem("schema-relation-reference", message, help)
    })
}

/// A problem unless `target` has the field.
fn unknown_field(entity: &Entity, target: &Entity, name: &str) -> Option<Problem> {
    if target.field(name).is_some() { None } else { refers_back(entity, target, name).err() }
}

/// The field of `target` that refers to `entity`.
fn refers_back<'e>(entity: &Entity, target: &'e Entity, name: &str) -> Result<&'e Field, Problem> {
    let Some(field) = target.field(name) else {
        let known = target.fields.iter().filter(|field| refers_to(target, field, entity));
        let candidates: Vec<&str> = known.map(|field| field.name.as_str()).collect();
        let all = target.fields.iter().map(|field| field.name.as_str());
        let help = match (naming::closest(name, all), candidates.as_slice()) {
            (Some(close), _) => format!("did you mean `{close}`?"),
            (None, [only]) => format!("did you mean `{only}`?"),
            (None, _) => format!("name the field of `{}` that refers to `{}`", target.name, entity.name),
        };
        return Err(problem("schema-unknown-field", format!("`{}` has no field `{name}`", target.name), help));
    };
    if refers_to(target, field, entity) {
        return Ok(field);
    }
    let message = format!("`{}.{name}` does not refer to `{}`", target.name, entity.name);
    let help = match &field.references {
        Some(reference) => format!("it refers to `{}`", reference.entity),
        None => format!("put `#[references({})]` on it", entity.name),
    };
    Err(problem("schema-relation-reference", message, help))
}

/// Whether a field refers to an entity, by itself or by a foreign key on the struct.
fn refers_to(owner: &Entity, field: &Field, entity: &Entity) -> bool {
    let on_field = field.references.iter();
    let on_struct = owner.foreign_keys.iter().filter(|key| key.fields.contains(&field.name));
    on_field.chain(on_struct).any(|reference| simple_name(&reference.entity) == entity.name)
}

fn has_one(target: &Entity, fields: &[&Field]) -> Option<Problem> {
    if reference::is_unique(target, fields) {
        return None;
    }
    let names = fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", ");
    let message = format!("several rows of `{}` may have the same `{names}`", target.name);
    let help = match fields {
        [_] => format!("put `#[unique]` on `{}.{names}`, or write `has_many`", target.name),
        _ => format!("put `#[unique({names})]` on `{}`, or write `has_many`", target.name),
    };
    Some(problem("schema-has-one-not-unique", message, help))
}

fn many_to_many(
    entity: &Entity,
    target: &Entity,
    junction: &Entity,
    relation: &Relation,
    (near, far): (&Option<String>, &Option<String>),
) -> Option<Problem> {
    if let (Some(near), Some(far)) = (near, far) {
        return refers_back(entity, junction, near).and(refers_back(target, junction, far)).err();
    }
    for end in [entity, target] {
        let fields: Vec<&str> = junction
            .fields
            .iter()
            .filter(|field| refers_to(junction, field, end))
            .map(|field| field.name.as_str())
            .collect();
        match fields.as_slice() {
            [_] => {}
            [] => {
                let message = format!("no field of `{}` refers to `{}`", junction.name, end.name);
                let help = format!("put `#[references({})]` on one of its fields", end.name);
                return Some(problem("schema-relation-reference", message, help));
            }
            several => {
                let message = format!("{} fields of `{}` refer to `{}`", several.len(), junction.name, end.name);
                let [first, second, ..] = several else { return None };
                let (name, target) = (&relation.name, &target.name);
                let help = format!(
                    "say which is near and which is far: `{name}: {target} via {}({first}, {second})`",
                    junction.name
                );
                return Some(problem("schema-relation-ambiguous", message, help));
            }
        }
    }
    None
}
