//! Constraints, indexes, triggers, policies and routines that only get another name: `ALTER … RENAME` in place of going and
//! coming again, which would check or sort every row anew, and take what depends on them along.
//!
//! Two stand for each other if nothing but the name differs, and neither name is on the other side. In tables with parents,
//! partitions or children, names of constraints and indexes belong to several tables at once: they are left alone there.
//! Triggers of a partitioned table are renamed with those of its partitions, from PostgreSQL 15 on and while no partition
//! comes or goes; policies and other triggers are a table's own.
//! A function whose rename is known goes on as itself also with another body: it is renamed, then replaced.

use std::borrow::Cow;
use std::collections::BTreeSet;

use relata_schema::Schema;
use relata_schema::change::{Alteration, Change, Rename, TableChange};
use relata_schema::dialect::postgres::print::{ident, index_name, qualified, routine_word, signature};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName, Policy, Routine, Table, Trigger};

use super::members::{check_fits, foreign_key_fits, index_fits, key_fits};
use super::scope::routine_key;
use super::steps::Steps;
use crate::PlanOptions;

/// Adds the steps that rename, and gives the schema that is the new names. Routines that are renamed are no longer among
/// the changes.
pub(super) fn rename(
    from: &mut Cow<'_, Schema>,
    to: &Schema,
    changes: &mut Cow<'_, [Change]>,
    options: &PlanOptions,
    steps: &mut Steps,
) {
    routines(from, changes, &options.renames, steps);
    let mut taken = None;
    let names: Vec<ObjectName> = changes.iter().filter_map(may_rename).collect();
    for name in names {
        let (Some(old), Some(new)) = (from.table(&name), to.table(&name)) else { continue };
        let alone = stands_alone(from, old) && stands_alone(to, new);
        let partitioned = |table: &Table| table.partitioning.is_some() || table.partition_of.is_some();
        let parts = partitioned(old) || partitioned(new);
        let below = partitions(from, &name);
        let as_one = options.server_version >= TOGETHER && below == partitions(to, &name);
        let is_own = |found: &Found| match found.kind {
            ObjectKind::Policy => true,
            ObjectKind::Trigger => alone || !parts || as_one,
            _ => alone,
        };
        let taken: &mut BTreeSet<ObjectName> = taken.get_or_insert_with(|| relations(from));
        let found = pairs(old, new).into_iter().filter(is_own);
        let found: Vec<Found> = found.filter(|found| is_free(found, &name, taken)).collect();
        if found.is_empty() {
            continue;
        }
        found.iter().for_each(|found| step(&name, found, steps));
        let tables = &mut from.to_mut().tables;
        if let Some(table) = tables.iter_mut().find(|table| table.name == name) {
            found.iter().for_each(|found| apply(table, found));
        }
        let triggers = || found.iter().filter(|found| found.kind == ObjectKind::Trigger);
        for table in tables.iter_mut().filter(|table| below.contains(&table.name)) {
            triggers().for_each(|found| apply(table, found));
        }
    }
}

/// From here on a trigger of a partitioned table is renamed in its partitions too.
const TOGETHER: u32 = 150_000;

/// The partitions of a table, and theirs.
fn partitions(schema: &Schema, table: &ObjectName) -> BTreeSet<ObjectName> {
    let mut found = BTreeSet::new();
    let mut above = vec![table.clone()];
    while let Some(parent) = above.pop() {
        let is_part = |table: &&Table| table.partition_of.as_ref().is_some_and(|partition| partition.parent == parent);
        let parts = schema.tables.iter().filter(is_part).map(|table| table.name.clone());
        above.extend(parts.filter(|name| found.insert(name.clone())));
    }
    found
}

/// The table whose members may be renamed by a change, as it is called afterwards.
fn may_rename(change: &Change) -> Option<ObjectName> {
    let Change::AlterTable { to, changes, .. } = change else { return None };
    let renames = |change: &TableChange| match change {
        TableChange::PrimaryKey(change) | TableChange::Unique(change) => comes(change, |key| &key.name),
        TableChange::ForeignKey(change) => comes(change, |key| &key.name),
        TableChange::Check(change) => comes(change, |check| &check.name),
        TableChange::Exclusion(change) => comes(change, |exclusion| &exclusion.name),
        TableChange::Index(change) => comes(change, |index| &index.name),
        TableChange::Trigger(change) => comes(change, |trigger| &trigger.name),
        TableChange::Policy(change) => comes(change, |policy| &policy.name),
        _ => false,
    };
    changes.iter().any(renames).then(|| to.name.clone())
}

/// Something of a name that was not there comes.
fn comes<T>(change: &Alteration<T>, name: impl Fn(&T) -> &String) -> bool {
    match change {
        Alteration::Create(_) => true,
        Alteration::Alter { from, to } => name(from) != name(to),
        Alteration::Drop(_) => false,
    }
}

fn stands_alone(schema: &Schema, table: &Table) -> bool {
    let child = |other: &Table| {
        other.inherits.contains(&table.name) || other.partition_of.as_ref().is_some_and(|p| p.parent == table.name)
    };
    table.partitioning.is_none()
        && table.partition_of.is_none()
        && table.inherits.is_empty()
        && !schema.tables.iter().any(child)
}

/// Names of relations, which indexes share with tables, views and sequences.
fn relations(schema: &Schema) -> BTreeSet<ObjectName> {
    let tables = schema.tables.iter().flat_map(|table| {
        let keys = table.primary_key.iter().chain(&table.uniques).map(|key| &key.name);
        let indexes = table.indexes.iter().map(|index| &index.name);
        let members = keys.chain(indexes).chain(table.exclusions.iter().map(|exclusion| &exclusion.name));
        members.map(|name| index_name(&table.name, name)).chain([table.name.clone()]).collect::<Vec<_>>()
    });
    let views = schema.views.iter().map(|view| view.name.clone());
    tables.chain(views).chain(schema.sequences.iter().map(|sequence| sequence.name.clone())).collect()
}

/// A member that is called otherwise.
struct Found {
    kind: ObjectKind,
    from: String,
    to: String,
}

/// A new name that neither another relation nor another constraint of the table has.
fn is_free(found: &Found, table: &ObjectName, taken: &mut BTreeSet<ObjectName>) -> bool {
    let is_relation =
        matches!(found.kind, ObjectKind::PrimaryKey | ObjectKind::Unique | ObjectKind::Exclusion | ObjectKind::Index);
    !is_relation || taken.insert(index_name(table, &found.to))
}

/// The members of a table that only get another name.
fn pairs(old: &Table, new: &Table) -> Vec<Found> {
    let mut found = Vec::new();
    let keys = |table: &Table| table.primary_key.iter().cloned().collect::<Vec<_>>();
    let renamed =
        |key: &relata_schema::model::Key, name: &str| relata_schema::model::Key { name: name.into(), ..key.clone() };
    let fits = |a: &relata_schema::model::Key, b: &relata_schema::model::Key| key_fits(&renamed(a, &b.name), b);
    matches(ObjectKind::PrimaryKey, &keys(old), &keys(new), |key| &key.name, fits, &mut found);
    matches(ObjectKind::Unique, &old.uniques, &new.uniques, |key| &key.name, fits, &mut found);
    matches(
        ObjectKind::ForeignKey,
        &old.foreign_keys,
        &new.foreign_keys,
        |key| &key.name,
        |a, b| foreign_key_fits(&relata_schema::model::ForeignKey { name: b.name.clone(), ..a.clone() }, b),
        &mut found,
    );
    matches(
        ObjectKind::Check,
        &old.checks,
        &new.checks,
        |check| &check.name,
        |a, b| check_fits(&relata_schema::model::Check { name: b.name.clone(), ..a.clone() }, b),
        &mut found,
    );
    matches(
        ObjectKind::Exclusion,
        &old.exclusions,
        &new.exclusions,
        |exclusion| &exclusion.name,
        |a, b| relata_schema::model::Exclusion { name: b.name.clone(), comment: b.comment.clone(), ..a.clone() } == *b,
        &mut found,
    );
    matches(
        ObjectKind::Index,
        &old.indexes,
        &new.indexes,
        |index| &index.name,
        |a, b| index_fits(&relata_schema::model::Index { name: b.name.clone(), ..a.clone() }, b),
        &mut found,
    );
    let own = |list: &[Trigger]| list.iter().filter(|trigger| !trigger.inherited).cloned().collect::<Vec<_>>();
    matches(ObjectKind::Trigger, &own(&old.triggers), &own(&new.triggers), |one| &one.name, same_trigger, &mut found);
    matches(
        ObjectKind::Policy,
        &old.policies,
        &new.policies,
        |policy| &policy.name,
        |a, b| Policy { name: b.name.clone(), comment: b.comment.clone(), ..a.clone() } == *b,
        &mut found,
    );
    found
}

/// Pairs of which each name is on one side only, and each has one partner only.
fn matches<T>(
    kind: ObjectKind,
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> &String,
    fits: impl Fn(&T, &T) -> bool,
    found: &mut Vec<Found>,
) {
    let gone = old.iter().filter(|a| !new.iter().any(|b| name(b) == name(a)));
    let come: Vec<&T> = new.iter().filter(|b| !old.iter().any(|a| name(a) == name(b))).collect();
    let mut taken = vec![false; come.len()];
    for a in gone {
        if let Some(at) = (0..come.len()).find(|&at| !taken[at] && fits(a, come[at])) {
            taken[at] = true;
            found.push(Found { kind, from: name(a).clone(), to: name(come[at]).clone() });
        }
    }
}

/// The definition says the name once, before the table.
fn same_trigger(a: &Trigger, b: &Trigger) -> bool {
    let called =
        |from: &str, to: &str| a.definition.replacen(&format!(" {} ", ident(from)), &format!(" {} ", ident(to)), 1);
    a.function == b.function && a.enabled == b.enabled && called(&a.name, &b.name) == b.definition
}

fn step(table: &ObjectName, found: &Found, steps: &mut Steps) {
    let (from, to) = (ident(&found.from), ident(&found.to));
    let name = qualified(table);
    let sql = match found.kind {
        ObjectKind::Index => format!("ALTER INDEX {} RENAME TO {to}", qualified(&index_name(table, &found.from))),
        ObjectKind::Trigger => format!("ALTER TRIGGER {from} ON {name} RENAME TO {to}"),
        ObjectKind::Policy => format!("ALTER POLICY {from} ON {name} RENAME TO {to}"),
        _ => format!("ALTER TABLE {name} RENAME CONSTRAINT {from} TO {to}"),
    };
    let what = format!("rename {} {table}.{} to {}", found.kind.word().replace('_', " "), found.from, found.to);
    steps.instant(what, ObjectKey::member(found.kind, table, &found.from), sql);
}

fn apply(table: &mut Table, found: &Found) {
    let own = table.name.clone();
    let rename = |name: &mut String| {
        if *name == found.from {
            name.clone_from(&found.to);
        }
    };
    match found.kind {
        ObjectKind::PrimaryKey => table.primary_key.iter_mut().for_each(|key| rename(&mut key.name)),
        ObjectKind::Unique => table.uniques.iter_mut().for_each(|key| rename(&mut key.name)),
        ObjectKind::ForeignKey => table.foreign_keys.iter_mut().for_each(|key| rename(&mut key.name)),
        ObjectKind::Check => table.checks.iter_mut().for_each(|check| rename(&mut check.name)),
        ObjectKind::Exclusion => table.exclusions.iter_mut().for_each(|exclusion| rename(&mut exclusion.name)),
        ObjectKind::Index => table.indexes.iter_mut().for_each(|index| rename(&mut index.name)),
        ObjectKind::Policy => table.policies.iter_mut().for_each(|policy| rename(&mut policy.name)),
        _ => {
            for trigger in table.triggers.iter_mut().filter(|trigger| trigger.name == found.from) {
                let (from, to) = (ident(&found.from), ident(&found.to));
                trigger.definition = trigger.definition.replacen(&format!(" {from} "), &format!(" {to} "), 1);
                trigger.name.clone_from(&found.to);
            }
        }
    }
    for used in &mut table.uses {
        if used.member.kind == found.kind && used.member.name == own {
            rename(&mut used.member.member);
        }
    }
    if matches!(found.kind, ObjectKind::PrimaryKey | ObjectKind::Unique | ObjectKind::Index) {
        table.options.cluster_on.iter_mut().for_each(rename);
        if let Some(index) =
            table.options.replica_identity.as_deref().and_then(|text| text.strip_prefix("USING INDEX "))
            && index == found.from
        {
            table.options.replica_identity = Some(format!("USING INDEX {}", found.to));
        }
    }
}

/// Routines that go while one with another name comes, and nothing else differs or the rename is known.
fn routines(from: &mut Cow<'_, Schema>, changes: &mut Cow<'_, [Change]>, renames: &[Rename], steps: &mut Steps) {
    let gone = changes.iter().filter_map(|change| match change {
        Change::Routine(Alteration::Drop(routine)) => Some((**routine).clone()),
        _ => None,
    });
    let come: Vec<Routine> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Routine(Alteration::Create(routine)) => Some((**routine).clone()),
            _ => None,
        })
        .collect();
    if come.is_empty() {
        return;
    }
    let mut renamed: Vec<(Routine, Routine)> = Vec::new();
    for old in gone.collect::<Vec<_>>() {
        let free = |new: &&Routine| !renamed.iter().any(|(_, other)| routine_key(other) == routine_key(new));
        let known = |new: &&Routine| is_known(&old, new, renames);
        let found = come.iter().filter(free).find(known);
        if let Some(new) = found.or_else(|| come.iter().filter(free).find(|new| same_routine(&old, new))) {
            renamed.push((old, new.clone()));
        }
    }
    for (old, new) in renamed {
        let sql = format!("ALTER {} {} RENAME TO {}", routine_word(&old), signature(&old), ident(&new.name.name));
        let what = format!("rename {} {} to {}", routine_word(&old).to_lowercase(), old.name, new.name);
        steps.add(what, routine_key(&old), sql);
        let key = routine_key(&old);
        let is = |change: &Change| match change {
            Change::Routine(Alteration::Drop(routine)) => routine_key(routine) == key,
            Change::Routine(Alteration::Create(routine)) => routine_key(routine) == routine_key(&new),
            _ => false,
        };
        changes.to_mut().retain(|change| !is(change));
        let renamed = called(&old, &new.name);
        if !same_routine(&old, &new) {
            let (from, to) = (Box::new(renamed.clone()), Box::new(new));
            changes.to_mut().push(Change::Routine(Alteration::Alter { from, to }));
        }
        follow(from.to_mut(), &key, &renamed);
    }
}

/// The rename is declared or known, and what is called stays: kind, arguments, namespace.
fn is_known(old: &Routine, new: &Routine, renames: &[Rename]) -> bool {
    let key = ObjectKey::of(ObjectKind::Routine, &old.name);
    (old.kind, &old.arguments, &old.name.namespace) == (new.kind, &new.arguments, &new.name.namespace)
        && renames.iter().any(|rename| rename.from == key && rename.to == new.name)
}

/// The routine under another name.
fn called(old: &Routine, name: &ObjectName) -> Routine {
    let definition = old.definition.replacen(&qualified(&old.name), &qualified(name), 1);
    Routine { name: name.clone(), definition, ..old.clone() }
}

/// Nothing but the name differs.
fn same_routine(old: &Routine, new: &Routine) -> bool {
    let definition = called(old, &new.name).definition;
    let bare = |routine: &Routine| Routine {
        name: ObjectName::default(),
        definition: String::new(),
        depends_on: Vec::new(),
        comment: None,
        owner: None,
        grants: Vec::new(),
        ..routine.clone()
    };
    old.name.namespace == new.name.namespace && definition == new.definition && bare(old) == bare(new)
}

/// The routine and whatever uses it speak of the new name.
fn follow(schema: &mut Schema, old: &ObjectKey, new: &Routine) {
    for routine in schema.routines.iter_mut().filter(|routine| routine_key(routine) == *old) {
        routine.name.clone_from(&new.name);
        routine.definition.clone_from(&new.definition);
    }
    let renamed = |key: &mut ObjectKey| {
        if key == old {
            key.name.clone_from(&new.name);
        }
    };
    let Schema { domains, composites, ranges, servers, routines, tables, views, others, .. } = schema;
    domains.iter_mut().flat_map(|one| &mut one.depends_on).for_each(renamed);
    composites.iter_mut().flat_map(|one| &mut one.depends_on).for_each(renamed);
    ranges.iter_mut().flat_map(|one| &mut one.depends_on).for_each(renamed);
    servers.iter_mut().flat_map(|one| &mut one.depends_on).for_each(renamed);
    routines.iter_mut().flat_map(|one| &mut one.depends_on).for_each(renamed);
    views.iter_mut().flat_map(|one| &mut one.depends_on).for_each(renamed);
    others.iter_mut().flat_map(|one| &mut one.depends_on).for_each(renamed);
    for table in tables {
        table.depends_on.iter_mut().for_each(renamed);
        table.uses.iter_mut().flat_map(|used| &mut used.uses).for_each(renamed);
        for trigger in table.triggers.iter_mut().filter(|trigger| trigger.function.as_ref() == Some(&old.name)) {
            trigger.function = Some(new.name.clone());
            called_otherwise(&mut trigger.definition, &old.name, &new.name);
        }
        table.checks.iter_mut().for_each(|check| called_otherwise(&mut check.expression, &old.name, &new.name));
        let defaults = table.columns.iter_mut().filter_map(|column| column.default.as_mut());
        defaults.for_each(|default| called_otherwise(default, &old.name, &new.name));
    }
}

/// The server's own texts follow a routine by its identity. Where this guesses wrong, the text is written anew.
fn called_otherwise(text: &mut String, old: &ObjectName, new: &ObjectName) {
    *text = text.replace(&format!("{}(", qualified(old)), &format!("{}(", qualified(new)));
}
