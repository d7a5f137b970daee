//! What is created and altered, in the order in which the target could be created from nothing.

use std::collections::BTreeSet;

use relata_schema::Diagnostic;
use relata_schema::change::Step;
use relata_schema::dialect::postgres::print::{
    CHECKED_BODIES, UNCHECKED_BODIES, attach_partition, comes_last, create_namespace, needs_unchecked_bodies,
    whole_table,
};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName, Table};

use super::scope::{Scope, other_key, table_key};
use super::steps::Steps;
use super::{members, objects, owners, privileges, remake, tables, types};

/// Adds the steps that build.
pub(super) fn build(scope: &Scope<'_>, steps: &mut Steps, diagnostics: &mut Vec<Diagnostic>) {
    let order = &scope.to_order;
    let unchecked =
        scope.to.routines.iter().any(|routine| needs_unchecked_bodies(routine) && objects::is_written(scope, routine));
    if unchecked {
        session(steps, "leave function bodies unchecked", UNCHECKED_BODIES);
    }
    types::retire(scope, steps);
    diagnostics.extend(scope.from.others.iter().filter_map(|other| in_use(scope, &other_key(other))));
    let mut keyed = BTreeSet::new();
    let (last, first): (Vec<_>, Vec<_>) = order.iter().partition(|key| comes_last(key));
    let mut copied = false;
    for key in first {
        if key.kind == ObjectKind::View && !copied {
            remake::copy(scope, steps);
            copied = true;
        }
        keys_for_view(scope, key, &mut keyed, steps);
        one(scope, key, steps, diagnostics);
    }
    if !copied {
        remake::copy(scope, steps);
    }
    owners::owners(scope, order, steps);
    let in_order: Vec<&Table> =
        order.iter().filter(|key| key.kind == ObjectKind::Table).filter_map(|key| scope.to.table(&key.name)).collect();
    let in_order: Vec<&Table> = in_order.into_iter().filter(|table| !scope.is_untouched(&table.name)).collect();
    for table in in_order.iter().filter(|table| !keyed.contains(&table.name)) {
        members::add_keys_and_indexes(scope, table, !scope.survives(&table.name), steps);
    }
    for table in &in_order {
        members::add_foreign_keys(scope, table, steps);
    }
    for table in &in_order {
        tables::behaviour(scope, table, steps);
    }
    for view in &scope.to.views {
        objects::view_details(scope, view, steps);
    }
    for key in &last {
        one(scope, key, steps, diagnostics);
    }
    owners::owners_of(scope, &last, steps);
    for key in order {
        objects::comments(scope, key, steps);
        privileges::privileges(scope, key, steps);
    }
    privileges::defaults(scope, steps);
    if unchecked {
        session(steps, "check function bodies again", CHECKED_BODIES);
    }
}

/// What keeps a type of somebody's own code from going before its successor comes.
fn in_use(scope: &Scope<'_>, ty: &ObjectKey) -> Option<Diagnostic> {
    let (table, column) = scope.column_of(ty)?;
    let message = format!("type {} cannot change while {table}.{column} holds values of it", ty.name);
    let help = "change the column to text first, the type in a second step, and the column back in a third";
    Some(Diagnostic::error("plan-type-in-use", message).about(ty.clone()).help(help))
}

/// A view that groups by a primary key needs the key to be there. Adds the tables whose keys came so to `keyed`.
fn keys_for_view(scope: &Scope<'_>, key: &ObjectKey, keyed: &mut BTreeSet<ObjectName>, steps: &mut Steps) {
    let Some(view) = scope.to.view(&key.name).filter(|_| key.kind == ObjectKind::View) else { return };
    for used in view.depends_on.iter().filter(|used| used.kind == ObjectKind::PrimaryKey) {
        if let Some(table) = scope.to.table(&used.name)
            && keyed.insert(table.name.clone())
        {
            members::add_keys_and_indexes(scope, table, !scope.survives(&table.name), steps);
        }
    }
}

fn session<'s>(steps: &'s mut Steps, what: &str, sql: &str) -> &'s mut Step {
    steps.add(what, ObjectKey::of(ObjectKind::Routine, &ObjectName::default()), sql)
}

fn one(scope: &Scope<'_>, key: &ObjectKey, steps: &mut Steps, diagnostics: &mut Vec<Diagnostic>) {
    let (name, to) = (&key.name, scope.to);
    match key.kind {
        ObjectKind::Namespace => {
            let there = scope.from.namespaces.iter().any(|old| old.name == name.name);
            if let Some(namespace) = to.namespaces.iter().find(|new| new.name == name.name).filter(|_| !there) {
                steps.add(format!("create schema {}", name.name), key.clone(), create_namespace(namespace));
            }
        }
        ObjectKind::Extension => {
            if let Some(extension) = to.extensions.iter().find(|new| new.name == name.name) {
                objects::extension(scope, extension, steps, diagnostics);
            }
        }
        ObjectKind::Enum => {
            to.enums.iter().filter(|new| &new.name == name).for_each(|ty| types::enumeration(scope, ty, steps));
        }
        ObjectKind::Domain => {
            to.domains.iter().filter(|new| &new.name == name).for_each(|ty| types::domain(scope, ty, steps));
        }
        ObjectKind::Composite => {
            to.composites.iter().filter(|new| &new.name == name).for_each(|ty| types::composite(scope, ty, steps));
        }
        ObjectKind::Range => {
            to.ranges.iter().filter(|new| &new.name == name).for_each(|ty| types::range(scope, ty, steps));
        }
        ObjectKind::Server => {
            to.servers.iter().filter(|new| new.name == name.name).for_each(|s| objects::server(scope, s, steps));
        }
        ObjectKind::Sequence => {
            to.sequences.iter().filter(|new| &new.name == name).for_each(|s| objects::sequence(scope, s, steps));
        }
        ObjectKind::Routine => {
            let found = to.routines.iter().filter(|new| &new.name == name && new.arguments == key.member);
            found.for_each(|routine| objects::routine(scope, routine, steps));
        }
        ObjectKind::Other => other(scope, key, steps, diagnostics),
        ObjectKind::Table if scope.is_untouched(name) => {}
        ObjectKind::Table => {
            if let Some((from, to)) = scope.both(name) {
                tables::alter(scope, from, to, steps);
            } else if let Some(table) = to.table(name) {
                create_table(scope, table, steps);
            }
        }
        ObjectKind::View => {
            if let Some(view) = to.view(name) {
                objects::view(scope, view, steps);
            }
        }
        _ => {}
    }
}

fn create_table(scope: &Scope<'_>, table: &Table, steps: &mut Steps) {
    let key = table_key(&table.name);
    let attach = attach_partition(table);
    for sql in whole_table(scope.to, table) {
        if attach.as_ref() == Some(&sql) {
            members::add_before_attaching(scope, table, steps);
        }
        steps.add(format!("create table {}", table.name), key.clone(), sql);
    }
}

fn other(scope: &Scope<'_>, key: &ObjectKey, steps: &mut Steps, diagnostics: &mut Vec<Diagnostic>) {
    let Some(other) = scope.to.others.iter().find(|other| other_key(other) == *key) else { return };
    let there = scope.from.others.iter().any(|old| other_key(old) == *key);
    let remade = other.kind == "COLLATION" && scope.rebuilt_collations.contains(&other.name);
    if there && !scope.is_cleared(key) && !remade {
        return;
    }
    let kind = other.kind.to_lowercase();
    if other.definition.is_empty() {
        let message = format!("{kind} {} cannot be created: relata only knows that it is there", other.name);
        diagnostics.push(Diagnostic::error("plan-unknown-object", message).about(key.clone()));
        return;
    }
    for sql in std::iter::once(&other.definition).chain(&other.settings) {
        steps.add(format!("create {kind} {}", other.name), key.clone(), sql.clone());
    }
}
