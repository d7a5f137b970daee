//! Foreign keys become references, and relations on both sides, each with a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::declare::{Declaration, Entity, ReferenceDeclaration, Relation, RelationKind};
use relata_schema::dialect::Dialect;
use relata_schema::lower::sayable;
use relata_schema::model::{ForeignKey, Schema, Table};
use relata_schema::naming;

use super::names::Names;
use super::{tables, types};

/// Names that methods of every entity have: a relation of that name could not be reached.
const METHODS: &[&str] = &[
    "at",
    "into_inner",
    "find",
    "all",
    "insert",
    "update",
    "delete",
    "upsert",
    "insert_many",
    "filter",
    "with",
    "order",
    "save",
    "clone",
    "count",
    "exists",
    "group_by",
    "select",
    "find_by_id",
    "get",
    "new",
    "builder",
    "reload",
    "repository",
];

/// A foreign key over one column, between two entities.
struct Link<'s> {
    child: &'s Table,
    parent: &'s Table,
    /// The field of the child.
    field: String,
    /// The relation from child to parent.
    relation: String,
    /// At most one child for each parent.
    unique: bool,
    /// It leads to the key of the parent: only then there is a way back.
    to_key: bool,
}

/// Adds references and relations to the entities.
pub(super) fn add(schema: &Schema, names: &Names, declaration: &mut Declaration) {
    let mut taken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entity in &declaration.entities {
        let fields = entity.fields.iter().map(|field| field.name.clone());
        taken.insert(entity.name.clone(), fields.chain(METHODS.iter().map(|word| (*word).to_string())).collect());
    }
    let places = declaration.entities.iter().enumerate().map(|(place, entity)| (entity.name.clone(), place)).collect();
    let mut entities = Entities { names, places, all: &mut declaration.entities };
    let mut links = Vec::new();
    for table in schema.tables.iter().filter(|table| sayable::table(schema, table)) {
        let mut of_table = Vec::new();
        for key in table.foreign_keys.iter().filter(|key| sayable::foreign_key(schema, table, key)) {
            of_table.extend(reference(schema, &mut entities, table, key, &mut taken));
        }
        links.push((table, of_table));
    }
    for (_, of_table) in &links {
        for link in of_table {
            back(&mut entities, link, of_table, &mut taken);
        }
    }
    for (table, of_table) in &links {
        many_to_many(&mut entities, table, of_table, &mut taken);
    }
}

/// The entities that are written, with where each is.
struct Entities<'d> {
    names: &'d Names,
    places: BTreeMap<String, usize>,
    all: &'d mut Vec<Entity>,
}

impl Entities<'_> {
    fn of(&mut self, table: &Table) -> Option<&mut Entity> {
        let place = *self.places.get(self.names.entity(&table.name)?)?;
        self.all.get_mut(place)
    }
}

/// The first name that the entity does not have yet.
fn free(taken: &mut BTreeMap<String, BTreeSet<String>>, entity: &str, candidates: &[String]) -> String {
    let used = taken.entry(entity.to_string()).or_default();
    let last = candidates.last().cloned().unwrap_or_default();
    let numbered = (2..).map(|number| format!("{last}_{number}"));
    let name = candidates.iter().cloned().chain(numbered).find(|name| !used.contains(name)).unwrap_or(last);
    used.insert(name.clone());
    name
}

/// The columns of a foreign key are of the types that they refer to.
fn alike((table, columns): (&Table, &[String]), (parent, referenced): (&Table, &[String])) -> bool {
    let kind = |table: &Table, column: &String| table.column(column).and_then(|column| types::kind(&column.ty.logical));
    let same = |(here, there)| kind(table, here).zip(kind(parent, there)).is_none_or(|(here, there)| here == there);
    columns.iter().zip(referenced).all(same)
}

/// Says one foreign key; gives back the link if it is over one column.
fn reference<'s>(
    schema: &'s Schema,
    entities: &mut Entities<'_>,
    table: &'s Table,
    key: &ForeignKey,
    taken: &mut BTreeMap<String, BTreeSet<String>>,
) -> Option<Link<'s>> {
    let names = entities.names;
    let parent = tables::target(schema, table, &key.references)?;
    let parent_key: Vec<String> =
        parent.primary_key.as_ref().map(|key| key.columns().map(str::to_string).collect()).unwrap_or_default();
    let to_key = key.referenced_columns.is_empty() || key.referenced_columns == parent_key;
    if to_key && parent_key.is_empty() {
        return None;
    }
    let target = names.entity(&parent.name)?.to_string();
    let there: Vec<String> = if to_key { &parent_key } else { &key.referenced_columns }
        .iter()
        .map(|column| names.field(&parent.name, column))
        .collect();
    let usual = match schema.dialect {
        Dialect::Sqlite => String::new(),
        Dialect::Postgres | Dialect::Mysql => {
            let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
            naming::constraint(schema.dialect, &table.name.name, &columns, "fkey")
        }
    };
    let alike = alike((table, &key.columns), (parent, if to_key { &parent_key } else { &key.referenced_columns }));
    let entity = entities.of(table)?;
    let fields: Vec<String> = key.columns.iter().map(|column| names.field(&table.name, column)).collect();
    if fields.iter().any(|name| entity.field(name).is_none()) {
        return None;
    }
    let mut reference = ReferenceDeclaration {
        entity: target.clone(),
        on_delete: key.on_delete,
        on_update: key.on_update,
        deferral: key.deferral.clone(),
        matching: key.matching,
        name: (key.name != usual).then(|| key.name.clone()),
        ..ReferenceDeclaration::default()
    };
    // A field refers to one entity; another foreign key over it is kept as such, without a relation.
    let field = match fields.as_slice() {
        [field] if entity.field(field).is_some_and(|field| field.references.is_none()) => field,
        _ => {
            reference.fields = fields;
            reference.referenced_fields = there;
            entity.foreign_keys.push(reference);
            return None;
        }
    };
    let first = naming::relation(field).unwrap_or(field).to_string();
    let by_target = naming::snake(&target);
    let several =
        table.foreign_keys.iter().any(|other| other.references == key.references && other.columns != key.columns);
    let mut candidates = vec![first, by_target.clone(), format!("{field}_{by_target}")];
    if several {
        candidates.remove(1);
    }
    candidates.retain(|name| name != field);
    let relation = free(taken, &entity.name, &candidates);
    let nullable = entity.field(field).is_some_and(|field| field.nullable);
    entity.relations.push(Relation {
        name: relation.clone(),
        entity: target,
        kind: RelationKind::BelongsTo { field: field.clone(), nullable },
        ..Relation::default()
    });
    // A text that refers to a number (SQLite lets it): named, so that the derive does not take it for a mistake.
    if !to_key || !alike {
        reference.referenced_fields = there;
    }
    if let Some(owner) = entity.fields.iter_mut().find(|other| other.name == *field) {
        owner.references = Some(reference);
    }
    let unique = is_unique(table, &key.columns);
    Some(Link { child: table, parent, field: field.clone(), relation, unique, to_key })
}

/// Whether no two rows have the same values in these columns.
fn is_unique(table: &Table, columns: &[String]) -> bool {
    let same = |names: &mut dyn Iterator<Item = &str>| {
        names.collect::<BTreeSet<_>>() == columns.iter().map(String::as_str).collect()
    };
    let keys = table.primary_key.iter().chain(&table.uniques).any(|key| same(&mut key.columns()));
    let full = |index: &&relata_schema::model::Index| index.unique && index.predicate.is_none();
    keys || table
        .indexes
        .iter()
        .filter(full)
        .any(|index| same(&mut index.parts.iter().map(|part| part.column.as_str())))
}

/// The relation from parent to child; `links` are all of the child.
fn back(
    entities: &mut Entities<'_>,
    link: &Link<'_>,
    links: &[Link<'_>],
    taken: &mut BTreeMap<String, BTreeSet<String>>,
) {
    if !link.to_key {
        return;
    }
    let Some(child) = entities.names.entity(&link.child.name).map(str::to_string) else { return };
    let one = naming::snake(&child);
    let base = if link.unique { one } else { naming::plural(&one) };
    let siblings = links.iter().filter(|other| other.parent.name == link.parent.name && other.to_key);
    let by_relation = format!("{base}_by_{}", link.relation);
    let candidates = if siblings.count() > 1 { vec![by_relation] } else { vec![base, by_relation] };
    let Some(entity) = entities.of(link.parent) else { return };
    let name = free(taken, &entity.name, &candidates);
    let field = link.field.clone();
    let kind = if link.unique { RelationKind::HasOne { field } } else { RelationKind::HasMany { field } };
    entity.relations.push(Relation { name, entity: child, kind, ..Relation::default() });
}

/// A table whose key is two foreign keys joins their tables; `links` are all of the table.
fn many_to_many(
    entities: &mut Entities<'_>,
    table: &Table,
    links: &[Link<'_>],
    taken: &mut BTreeMap<String, BTreeSet<String>>,
) {
    let names = entities.names;
    let Some(key) = &table.primary_key else { return };
    let key: BTreeSet<String> = key.columns().map(|column| names.field(&table.name, column)).collect();
    let ends: Vec<&Link<'_>> = links.iter().filter(|link| key.contains(&link.field) && link.to_key).collect();
    let [left, right] = ends.as_slice() else { return };
    if key.len() != 2 || left.field == right.field {
        return;
    }
    let Some(via) = names.entity(&table.name).map(str::to_string) else { return };
    for (near, far) in [(left, right), (right, left)] {
        let Some(target) = names.entity(&far.parent.name).map(str::to_string) else { continue };
        let several = near.parent.name == far.parent.name || links.iter().filter(|link| link.to_key).count() > 2;
        let base = naming::plural(&naming::snake(&target));
        let by = format!("{}_via_{}", naming::plural(&far.relation), naming::snake(&via));
        let candidates = if near.parent.name == far.parent.name { vec![by] } else { vec![base, by] };
        let Some(entity) = entities.of(near.parent) else { continue };
        let name = free(taken, &entity.name, &candidates);
        let (near, far) = if several { (Some(near.field.clone()), Some(far.field.clone())) } else { (None, None) };
        let kind = RelationKind::ManyToMany { via: via.clone(), near, far };
        entity.relations.push(Relation { name, entity: target, kind, ..Relation::default() });
    }
}
