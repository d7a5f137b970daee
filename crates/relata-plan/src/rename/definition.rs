//! What goes on under another name because its definition is the same: indexes, constraints, triggers, policies, routines,
//! views. They hold no rows, so nobody is asked: a mistake would lose nothing.
//!
//! Invariant: two are matched only if nothing but the name differs, once tables and columns have their new names. What
//! also has another definition is made anew: no database has a statement for that.

use relata_schema::change::{Alteration, Change, Rename, TableChange};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName, Policy, Routine, Table, Trigger, View};
use relata_schema::{Dialect, Schema};

use super::implied;
use crate::diff::diff;

/// The renames that follow from `known`, and those of objects whose definition stayed: what a lock and a migration
/// write down so that identities stay.
pub fn unasked(from: &Schema, to: &Schema, known: &[Rename]) -> Vec<Rename> {
    let mut found = Vec::new();
    let mut add = |rename: Rename| {
        let taken = |other: &Rename| other.from == rename.from || other.to_key() == rename.to_key();
        if !known.iter().chain(&found).any(taken) {
            found.push(rename);
        }
    };
    implied(from, to, known).into_iter().for_each(&mut add);
    let changes = diff(from, to, known);
    for change in &changes {
        if let Change::AlterTable { from: table, changes, .. } = change {
            of_table(from.dialect, table, changes).into_iter().for_each(&mut add);
        }
    }
    views(from.dialect, &changes).into_iter().for_each(&mut add);
    routines(from.dialect, &changes).into_iter().for_each(&mut add);
    found
}

fn of_table(dialect: Dialect, table: &Table, changes: &[TableChange]) -> Vec<Rename> {
    let mut found = Vec::new();
    let mut add = |kind: ObjectKind, from: &str, to: &str| {
        if from != to && !from.is_empty() && !to.is_empty() {
            let from = ObjectKey::member(kind, &table.name, from);
            found.push(Rename { from, to: ObjectName::bare(to) });
        }
    };
    for change in changes {
        match change {
            TableChange::PrimaryKey(Alteration::Alter { from, to }) => {
                add(ObjectKind::PrimaryKey, &from.name, &to.name)
            }
            TableChange::Unique(Alteration::Alter { from, to }) => add(ObjectKind::Unique, &from.name, &to.name),
            TableChange::ForeignKey(Alteration::Alter { from, to }) => {
                add(ObjectKind::ForeignKey, &from.name, &to.name)
            }
            TableChange::Check(Alteration::Alter { from, to }) => add(ObjectKind::Check, &from.name, &to.name),
            TableChange::Exclusion(Alteration::Alter { from, to }) => add(ObjectKind::Exclusion, &from.name, &to.name),
            TableChange::Index(Alteration::Alter { from, to }) => add(ObjectKind::Index, &from.name, &to.name),
            _ => {}
        }
    }
    let triggers = changes.iter().filter_map(|change| match change {
        TableChange::Trigger(change) => Some(change),
        _ => None,
    });
    for (old, new) in pairs(triggers, |a, b| same_trigger(dialect, a, b)) {
        add(ObjectKind::Trigger, &old.name, &new.name);
    }
    let policies = changes.iter().filter_map(|change| match change {
        TableChange::Policy(change) => Some(change),
        _ => None,
    });
    for (old, new) in
        pairs(policies, |a, b| Policy { name: b.name.clone(), comment: b.comment.clone(), ..a.clone() } == *b)
    {
        add(ObjectKind::Policy, &old.name, &new.name);
    }
    found
}

fn views(dialect: Dialect, changes: &[Change]) -> Vec<Rename> {
    let views = changes.iter().filter_map(|change| match change {
        Change::View(change) => Some(change),
        _ => None,
    });
    let same = |a: &View, b: &View| {
        nameless(dialect, &a.query, &a.name.name) == nameless(dialect, &b.query, &b.name.name)
            && (a.materialized, &a.parameters, &a.columns) == (b.materialized, &b.parameters, &b.columns)
    };
    let rename =
        |(old, new): (&View, &View)| Rename { from: ObjectKey::of(ObjectKind::View, &old.name), to: new.name.clone() };
    pairs(views, same).into_iter().map(rename).collect()
}

fn routines(dialect: Dialect, changes: &[Change]) -> Vec<Rename> {
    let routines = changes.iter().filter_map(|change| match change {
        Change::Routine(change) => Some(change),
        _ => None,
    });
    let rename = |(old, new): (&Routine, &Routine)| Rename {
        from: ObjectKey::of(ObjectKind::Routine, &old.name),
        to: new.name.clone(),
    };
    pairs(routines, |a, b| same_routine(dialect, a, b)).into_iter().map(rename).collect()
}

fn same_trigger(dialect: Dialect, a: &Trigger, b: &Trigger) -> bool {
    a.function == b.function
        && a.enabled == b.enabled
        && nameless(dialect, &a.definition, &a.name) == nameless(dialect, &b.definition, &b.name)
}

fn same_routine(dialect: Dialect, a: &Routine, b: &Routine) -> bool {
    a.name.namespace == b.name.namespace
        && (a.kind, &a.arguments, &a.result, &a.language) == (b.kind, &b.arguments, &b.result, &b.language)
        && nameless(dialect, &a.definition, &a.name.name) == nameless(dialect, &b.definition, &b.name.name)
}

/// A statement that creates something, without the name of what it creates, which stands first.
fn nameless(dialect: Dialect, definition: &str, name: &str) -> String {
    let spelt = dialect.ident(name);
    match definition.contains(&spelt) {
        true => definition.replacen(&spelt, "", 1),
        false => definition.replacen(name, "", 1),
    }
}

/// What goes beside what comes, each once, where the two are the same.
fn pairs<'a, T: 'a>(
    changes: impl Iterator<Item = &'a Alteration<T>>,
    same: impl Fn(&T, &T) -> bool,
) -> Vec<(&'a T, &'a T)> {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Alteration::Drop(old) => gone.push(old.as_ref()),
            Alteration::Create(new) => come.push(new.as_ref()),
            Alteration::Alter { .. } => {}
        }
    }
    let mut found = Vec::new();
    for old in gone {
        if let Some(at) = come.iter().position(|new| same(old, new)) {
            found.push((old, come.remove(at)));
        }
    }
    found
}
