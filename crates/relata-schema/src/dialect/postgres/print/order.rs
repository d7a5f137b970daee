//! In which order objects can be created.

use std::collections::{BTreeMap, BTreeSet};

use super::{ident, qualified};
use crate::model::{ObjectKey, ObjectKind, ObjectName, Opaque, Routine, Schema, Table};
use crate::types::Type;

/// What tells an opaque object from others of its name.
pub fn other_member(other: &Opaque) -> String {
    format!("{} {}", other.kind, other.signature)
}

/// The kind of the opaque objects that are types of somebody's own code.
pub const BASE_TYPE: &str = "TYPE";

/// Whether the routine reads or writes values of the type of somebody's own code: neither can be without the other.
pub fn is_of_base_type(routine: &Routine, ty: &Opaque) -> bool {
    let name = qualified(&ty.name);
    let key = ObjectKey::member(ObjectKind::Routine, &routine.name, &routine.arguments);
    let argument = routine.arguments.rsplit(' ').next().unwrap_or_default();
    ty.kind == BASE_TYPE && ty.depends_on.contains(&key) && (routine.result.as_ref() == Some(&name) || argument == name)
}

/// An opaque object as `COMMENT ON` and `DROP` name it.
pub fn other_target(other: &Opaque) -> String {
    match other.kind.as_str() {
        "RULE" => format!("RULE {} ON {}", ident(&other.name.name), other.signature),
        "CAST" | "TRANSFORM" | "USER MAPPING" => format!("{} {}", other.kind, other.signature),
        "EVENT TRIGGER" | "PUBLICATION" | "SUBSCRIPTION" | "LANGUAGE" | "FOREIGN DATA WRAPPER" | "ACCESS METHOD" => {
            format!("{} {}", other.kind, ident(&other.name.name))
        }
        "OPERATOR CLASS" | "OPERATOR FAMILY" => {
            format!("{} {} {}", other.kind, qualified(&other.name), other.signature)
        }
        "OPERATOR" => {
            let namespace = ident(&other.name.namespace);
            format!("OPERATOR {namespace}.{} {}", other.name.name, other.signature)
        }
        kind => format!("{kind} {}{}", qualified(&other.name), other.signature),
    }
}

/// Every object with a statement of its own, in an order in which each can be created: what it uses comes first, and
/// otherwise kind by kind, name by name. Where two objects use each other, the one of the earlier kind comes first.
pub fn creation_order(schema: &Schema) -> Vec<ObjectKey> {
    let nodes = nodes(schema);
    let known: BTreeSet<&ObjectKey> = nodes.keys().collect();
    let mut state = Visit { nodes: &nodes, known, done: BTreeSet::new(), order: Vec::new() };
    let mut keys: Vec<&ObjectKey> = nodes.keys().collect();
    keys.sort();
    for key in keys {
        state.visit(key);
    }
    state.order
}

struct Visit<'n> {
    nodes: &'n BTreeMap<ObjectKey, Vec<ObjectKey>>,
    known: BTreeSet<&'n ObjectKey>,
    done: BTreeSet<&'n ObjectKey>,
    order: Vec<ObjectKey>,
}

impl<'n> Visit<'n> {
    fn visit(&mut self, key: &'n ObjectKey) {
        if !self.done.insert(key) {
            return;
        }
        for needed in &self.nodes[key] {
            let whole = whole(needed);
            if let Some(needed) = self.known.get(&whole).copied() {
                self.visit(needed);
            }
        }
        self.order.push(key.clone());
    }
}

/// The object that a key belongs to: of a column, its table (a view if there is no such table is tried by name).
fn whole(key: &ObjectKey) -> ObjectKey {
    match key.kind {
        ObjectKind::Routine | ObjectKind::Other => key.clone(),
        ObjectKind::Column
        | ObjectKind::PrimaryKey
        | ObjectKind::Unique
        | ObjectKind::Check
        | ObjectKind::Exclusion
        | ObjectKind::Index
        | ObjectKind::ForeignKey
        | ObjectKind::Trigger
        | ObjectKind::Policy => ObjectKey::of(ObjectKind::Table, &key.name),
        kind => ObjectKey::of(kind, &key.name),
    }
}

fn nodes(schema: &Schema) -> BTreeMap<ObjectKey, Vec<ObjectKey>> {
    let mut nodes = BTreeMap::new();
    let views: BTreeSet<&ObjectName> = schema.views.iter().map(|view| &view.name).collect();
    let of = ObjectKey::of;
    for namespace in &schema.namespaces {
        nodes.insert(of(ObjectKind::Namespace, &ObjectName::bare(&namespace.name)), Vec::new());
    }
    for extension in &schema.extensions {
        let namespace = of(ObjectKind::Namespace, &ObjectName::bare(&extension.namespace));
        nodes.insert(of(ObjectKind::Extension, &ObjectName::bare(&extension.name)), vec![namespace]);
    }
    for ty in &schema.enums {
        nodes.insert(of(ObjectKind::Enum, &ty.name), Vec::new());
    }
    for domain in &schema.domains {
        let mut needs = named_types(&domain.base.logical);
        needs.extend(domain.depends_on.clone());
        nodes.insert(of(ObjectKind::Domain, &domain.name), needs);
    }
    for composite in &schema.composites {
        let needs = composite.attributes.iter().flat_map(|attribute| named_types(&attribute.ty.logical));
        let needs = needs.chain(composite.depends_on.iter().cloned()).collect();
        nodes.insert(of(ObjectKind::Composite, &composite.name), needs);
    }
    for range in &schema.ranges {
        let mut needs = named_types(&range.subtype.logical);
        needs.extend(range.depends_on.clone());
        nodes.insert(of(ObjectKind::Range, &range.name), needs);
    }
    for server in &schema.servers {
        nodes.insert(of(ObjectKind::Server, &ObjectName::bare(&server.name)), server.depends_on.clone());
    }
    for sequence in &schema.sequences {
        nodes.insert(of(ObjectKind::Sequence, &sequence.name), Vec::new());
    }
    for routine in &schema.routines {
        let key = ObjectKey::member(ObjectKind::Routine, &routine.name, &routine.arguments);
        nodes.insert(key, routine.depends_on.clone());
    }
    for table in &schema.tables {
        nodes.insert(table.key(), table_needs(table));
    }
    for view in &schema.views {
        nodes.insert(of(ObjectKind::View, &view.name), view.depends_on.clone());
    }
    for other in &schema.others {
        let key = ObjectKey::member(ObjectKind::Other, &other.name, &other_member(other));
        nodes.insert(key, other.depends_on.clone());
    }
    // A column that is used may be a view's.
    for needs in nodes.values_mut() {
        for need in needs.iter_mut() {
            if need.kind == ObjectKind::Column && views.contains(&need.name) {
                *need = of(ObjectKind::View, &need.name);
            }
        }
    }
    nodes
}

fn table_needs(table: &Table) -> Vec<ObjectKey> {
    let mut needs: Vec<ObjectKey> =
        table.inherits.iter().map(|parent| ObjectKey::of(ObjectKind::Table, parent)).collect();
    needs.extend(table.partition_of.iter().map(|partition| ObjectKey::of(ObjectKind::Table, &partition.parent)));
    needs.extend(table.columns.iter().flat_map(|column| named_types(&column.ty.logical)));
    needs.extend(table.of_type.iter().map(|ty| ObjectKey::of(ObjectKind::Composite, ty)));
    needs.extend(table.foreign.iter().map(|at| ObjectKey::of(ObjectKind::Server, &ObjectName::bare(&at.server))));
    // What only triggers and policies use is there in time anyway: they come last.
    let own = |key: &&ObjectKey| key.name != table.name || key.kind == ObjectKind::Routine;
    needs.extend(table.depends_on.iter().filter(own).cloned());
    needs
}

fn named_types(ty: &Type) -> Vec<ObjectKey> {
    match ty.element() {
        Type::Enum(name, _) => vec![ObjectKey::of(ObjectKind::Enum, name)],
        Type::Domain(name) => vec![ObjectKey::of(ObjectKind::Domain, name)],
        Type::Composite(name) => vec![ObjectKey::of(ObjectKind::Composite, name)],
        _ => Vec::new(),
    }
}
