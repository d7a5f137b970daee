//! Keys, indexes, checks, exclusions, foreign keys, triggers and policies of a table: what differs, and how each goes
//! and comes.

use relata_schema::change::{LockMode, LockSpan};
use relata_schema::dialect::postgres::print::{
    STATISTICS, add_check, add_exclusion, add_foreign_key, add_key, attach_index, create_index_of, ident, index_name,
    index_settings, index_statistics, qualified, stands_in_table,
};
use relata_schema::model::{
    Check, Exclusion, ForeignKey, Index, Key, ObjectKey, ObjectKind, ObjectName, Policy, Table, Trigger,
};

use super::scope::Scope;
use super::steps::{Steps, lock};

/// Indexes and keys that are attached to another: kind, name, parent.
pub(super) fn attached(table: &Table) -> impl Iterator<Item = (ObjectKind, &str, &ObjectName)> {
    let keys = keys(table).filter_map(|(kind, key)| Some((kind, key.name.as_str(), key.partition_of.as_ref()?)));
    let indexes = table.indexes.iter();
    keys.chain(indexes.filter_map(|index| Some((ObjectKind::Index, index.name.as_str(), index.partition_of.as_ref()?))))
}

/// The primary key and unique constraints.
pub(super) fn keys(table: &Table) -> impl Iterator<Item = (ObjectKind, &Key)> {
    let primary = table.primary_key.iter().map(|key| (ObjectKind::PrimaryKey, key));
    primary.chain(table.uniques.iter().map(|key| (ObjectKind::Unique, key)))
}

/// What an index name of the table stands for.
pub(super) fn index_kind(table: &Table, name: &str) -> Option<ObjectKind> {
    let key = keys(table).find(|(_, key)| key.name == name).map(|(kind, _)| kind);
    key.or_else(|| table.indexes.iter().any(|index| index.name == name).then_some(ObjectKind::Index))
}

/// Keys and unique indexes over exactly these columns, in any order.
pub(super) fn keys_over<'t>(table: &'t Table, columns: &'t [String]) -> impl Iterator<Item = (ObjectKind, &'t str)> {
    let over = move |parts: &mut dyn Iterator<Item = &str>| {
        let mut found: Vec<&str> = parts.collect();
        let mut wanted: Vec<&str> = columns.iter().map(String::as_str).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        found == wanted
    };
    let constraints =
        keys(table).filter(move |(_, key)| over(&mut key.columns())).map(|(kind, key)| (kind, key.name.as_str()));
    let indexes = table.indexes.iter().filter(|index| index.unique);
    let indexes = indexes.filter(move |index| over(&mut index.parts.iter().map(|part| part.column.as_str())));
    constraints.chain(indexes.map(|index| (ObjectKind::Index, index.name.as_str())))
}

/// Members of a surviving table that are not on the other side, or cannot be altered in place.
pub(super) fn altered(from: &Table, to: &Table) -> Vec<ObjectKey> {
    let mut out = Vec::new();
    let mut add = |kind, name: &str| out.push(ObjectKey::member(kind, &from.name, name));
    for (kind, key) in keys(from) {
        let stays = keys(to).any(|(k, new)| k == kind && key_fits(key, new));
        if !stays {
            add(kind, &key.name);
        }
    }
    for index in &from.indexes {
        if !to.indexes.iter().any(|new| index_fits(index, new)) {
            add(ObjectKind::Index, &index.name);
        }
    }
    for check in &from.checks {
        if !to.checks.iter().any(|new| check_fits(check, new)) {
            add(ObjectKind::Check, &check.name);
        }
    }
    for exclusion in &from.exclusions {
        let bare = |e: &Exclusion| Exclusion { comment: None, ..e.clone() };
        if !to.exclusions.iter().any(|new| bare(exclusion) == bare(new)) {
            add(ObjectKind::Exclusion, &exclusion.name);
        }
    }
    for key in &from.foreign_keys {
        if !to.foreign_keys.iter().any(|new| foreign_key_fits(key, new)) {
            add(ObjectKind::ForeignKey, &key.name);
        }
    }
    for trigger in &from.triggers {
        let fits = |new: &&Trigger| new.name == trigger.name && new.definition == trigger.definition;
        if !to.triggers.iter().any(|new| fits(&new)) {
            add(ObjectKind::Trigger, &trigger.name);
        }
    }
    for policy in &from.policies {
        let bare = |policy: &Policy| Policy { comment: None, ..policy.clone() };
        if !to.policies.iter().any(|new| bare(new) == bare(policy)) {
            add(ObjectKind::Policy, &policy.name);
        }
    }
    out
}

/// The key stays: at most its comment changes, or it gets attached.
pub(super) fn key_fits(old: &Key, new: &Key) -> bool {
    let attach = old.partition_of.is_none() || old.partition_of == new.partition_of;
    let bare = |key: &Key| Key { comment: None, partition_of: None, only: false, ..key.clone() };
    attach && old.name == new.name && (old == new || bare(old) == bare(new))
}

pub(super) fn index_fits(old: &Index, new: &Index) -> bool {
    let attach = old.partition_of.is_none() || old.partition_of == new.partition_of;
    let bare = |index: &Index| Index {
        comment: None,
        partition_of: None,
        only: false,
        invalid: false,
        parameters: index.parameters.iter().filter(|(key, _)| key == "tablespace").cloned().collect(),
        ..index.clone()
    };
    attach && old.name == new.name && old.invalid == new.invalid && (old == new || bare(old) == bare(new))
}

/// The storage parameters of an index.
fn storage(index: &Index) -> Vec<(String, String)> {
    let own = |key: &str| key == "tablespace" || key.starts_with(STATISTICS);
    index.parameters.iter().filter(|(key, _)| !own(key)).cloned().collect()
}

/// The check stays: at most it is validated.
pub(super) fn check_fits(old: &Check, new: &Check) -> bool {
    let bare = |check: &Check| Check { comment: None, not_valid: false, inherited: false, ..check.clone() };
    old.name == new.name && (old.not_valid || !new.not_valid) && (old == new || bare(old) == bare(new))
}

pub(super) fn foreign_key_fits(old: &ForeignKey, new: &ForeignKey) -> bool {
    let bare = |key: &ForeignKey| ForeignKey {
        comment: None,
        not_valid: false,
        inherited: false,
        deferral: Default::default(),
        ..key.clone()
    };
    old.name == new.name && (old.not_valid || !new.not_valid) && (old == new || bare(old) == bare(new))
}

/// Drops a constraint.
pub(super) fn drop_constraint(table: &Table, kind: ObjectKind, name: &str, steps: &mut Steps) {
    let sql = format!("ALTER TABLE {} DROP CONSTRAINT {}", qualified(&table.name), ident(name));
    let key = ObjectKey::member(kind, &table.name, name);
    steps.instant(format!("drop {} {}.{name}", kind.word().replace('_', " "), table.name), key, sql);
}

/// The table becomes a partition by this plan.
fn attaches(scope: &Scope<'_>, table: &Table) -> bool {
    let stays = scope.both(&table.name).is_some_and(|(from, to)| scope.stays_attached(from, to));
    table.partition_of.is_some() && !stays
}

/// The keys and indexes of a table that is about to become a partition: with those of its own the server makes none.
pub(super) fn add_before_attaching(scope: &Scope<'_>, table: &Table, steps: &mut Steps) {
    if !attaches(scope, table) {
        return;
    }
    let before = scope.both(&table.name).map(|(from, _)| from);
    // The server attaches the oldest that fits, and a key fits the place of an index, too.
    for index in &table.indexes {
        let there = before.is_some_and(|old| old.indexes.iter().any(|old| old.name == index.name));
        if !there || scope.clears(ObjectKind::Index, &table.name, &index.name) {
            let object = ObjectKey::member(ObjectKind::Index, &table.name, &index.name);
            let sql = create_index_of(table, index);
            steps.blocking(format!("create index {}", index.name), object, sql, LockMode::Share, LockSpan::Scan);
        }
    }
    for (kind, key) in keys(table) {
        let there = before.is_some_and(|old| keys(old).any(|(k, old)| k == kind && old.name == key.name));
        if !there || scope.clears(kind, &table.name, &key.name) {
            let what = format!("add {} {}.{}", kind.word().replace('_', " "), table.name, key.name);
            let sql = add_key(table, key, kind == ObjectKind::PrimaryKey);
            let object = ObjectKey::member(kind, &table.name, &key.name);
            steps.blocking(what, object, sql, LockMode::AccessExclusive, LockSpan::Scan);
        }
    }
}

/// Adds the keys and indexes of a table that are not there, and attaches those that shall be attached.
pub(super) fn add_keys_and_indexes(scope: &Scope<'_>, table: &Table, created: bool, steps: &mut Steps) {
    let before = scope.from.table(&table.name).filter(|_| !created);
    let early = attaches(scope, table);
    for (kind, key) in keys(table) {
        let old = before.and_then(|old| keys(old).find(|(k, old)| *k == kind && old.name == key.name));
        let fresh = old.is_none() || scope.clears(kind, &table.name, &key.name);
        let inline = created && stands_in_table(table, key);
        let object = ObjectKey::member(kind, &table.name, &key.name);
        if fresh && !inline && !early {
            let sql = add_key(table, key, kind == ObjectKind::PrimaryKey);
            let what = format!("add {} {}.{}", kind.word().replace('_', " "), table.name, key.name);
            if created || table.partitioning.is_some() {
                steps.add(what, object.clone(), sql);
            } else {
                steps.blocking(what, object.clone(), sql, LockMode::AccessExclusive, LockSpan::Scan);
            }
        }
        let was = old.and_then(|(_, old)| old.partition_of.as_ref()).filter(|_| !fresh);
        attach(scope, table, was, key.partition_of.as_ref(), &key.name, object, steps);
    }
    for index in &table.indexes {
        let old = before.and_then(|old| old.indexes.iter().find(|old| old.name == index.name));
        let fresh = old.is_none() || scope.clears(ObjectKind::Index, &table.name, &index.name);
        let object = ObjectKey::member(ObjectKind::Index, &table.name, &index.name);
        if fresh && early {
            // It is there since before the table was attached.
        } else if fresh {
            let sql = create_index_of(table, index);
            let what = format!("create index {}", index.name);
            let settings = index_settings(&table.name, index);
            if created || table.partitioning.is_some() {
                steps.add(what, object.clone(), sql);
            } else {
                steps.blocking(what, object.clone(), sql, LockMode::Share, LockSpan::Scan);
            }
            for sql in settings {
                steps.add(format!("set statistics of index {}", index.name), object.clone(), sql);
            }
        } else if let Some(old) = old {
            alter_parameters(table, old, index, steps);
        }
        let was = old.and_then(|old| old.partition_of.as_ref()).filter(|_| !fresh);
        attach(scope, table, was, index.partition_of.as_ref(), &index.name, object, steps);
    }
}

fn attach(
    scope: &Scope<'_>,
    table: &Table,
    was: Option<&ObjectName>,
    parent: Option<&ObjectName>,
    name: &str,
    object: ObjectKey,
    steps: &mut Steps,
) {
    let Some(parent) = parent else { return };
    let stays = scope.both(&table.name).is_some_and(|(from, to)| scope.stays_attached(from, to));
    if was != Some(parent) || !stays || scope.index_goes(parent) {
        steps.add(
            format!("attach index {name} to {parent}"),
            object,
            attach_index(parent, &index_name(&table.name, name)),
        );
    }
}

fn alter_parameters(table: &Table, old: &Index, new: &Index, steps: &mut Steps) {
    let (before, after) = (storage(old), storage(new));
    let name = qualified(&index_name(&table.name, &new.name));
    let key = ObjectKey::member(ObjectKind::Index, &table.name, &new.name);
    for sql in super::tables::parameter_changes(&format!("ALTER INDEX {name}"), &before, &after) {
        steps.add(format!("set parameters of index {}", new.name), key.clone(), sql);
    }
    let name = index_name(&table.name, &new.name);
    let gone = old.parameters.iter().filter(|(key, _)| !new.parameters.iter().any(|(other, _)| other == key));
    let gone = gone.filter_map(|(key, _)| index_statistics(&name, key, "-1"));
    let come = new.parameters.iter().filter(|pair| !old.parameters.contains(pair));
    for sql in gone.chain(come.filter_map(|(key, value)| index_statistics(&name, key, value))) {
        steps.add(format!("set statistics of index {}", new.name), key.clone(), sql);
    }
}

/// Adds the exclusions and checks of a surviving table that are not there, and validates what shall be valid.
pub(super) fn add_checks(scope: &Scope<'_>, from: &Table, to: &Table, steps: &mut Steps) {
    let parents = scope.staying_parents(from, to);
    for exclusion in &to.exclusions {
        let there = from.exclusions.iter().any(|old| old.name == exclusion.name);
        if !there || scope.clears(ObjectKind::Exclusion, &to.name, &exclusion.name) {
            let key = ObjectKey::member(ObjectKind::Exclusion, &to.name, &exclusion.name);
            let sql = add_exclusion(&to.name, exclusion);
            let what = format!("add exclusion {}.{}", to.name, exclusion.name);
            steps.blocking(what, key, sql, LockMode::AccessExclusive, LockSpan::Scan);
        }
    }
    for check in &to.checks {
        let of_parent = |parent: &&ObjectName| {
            scope.to.table(parent).is_some_and(|parent| parent.checks.iter().any(|other| other.name == check.name))
        };
        if check.inherited && parents.iter().any(of_parent) {
            validate_inherited(scope, from, to, check, steps);
            continue;
        }
        let key = ObjectKey::member(ObjectKind::Check, &to.name, &check.name);
        let old = from.checks.iter().find(|old| old.name == check.name);
        let cleared = scope.clears(ObjectKind::Check, &to.name, &check.name);
        let span = |check: &Check| if check.not_valid { LockSpan::Instant } else { LockSpan::Scan };
        match old {
            Some(old) if !cleared && old.not_valid && !check.not_valid => {
                let sql = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", qualified(&to.name), ident(&check.name));
                let what = format!("validate check {}.{}", to.name, check.name);
                steps.blocking(what, key, sql, LockMode::ShareUpdateExclusive, LockSpan::Scan);
            }
            Some(_) if !cleared => {}
            _ => {
                let what = format!("add check {}.{}", to.name, check.name);
                let sql = add_check(&to.name, check);
                steps.blocking(what, key, sql, LockMode::AccessExclusive, span(check));
            }
        }
    }
}

/// A check that came down from a parent where it is not valid, and is valid here.
fn validate_inherited(scope: &Scope<'_>, from: &Table, to: &Table, check: &Check, steps: &mut Steps) {
    let parents = to.partition_of.iter().map(|partition| &partition.parent).chain(&to.inherits);
    let loose = parents
        .filter_map(|parent| scope.to.table(parent))
        .any(|parent| parent.checks.iter().any(|other| other.name == check.name && other.not_valid));
    let key = ObjectKey::member(ObjectKind::Check, &to.name, &check.name);
    let valid = from.checks.iter().any(|old| old.name == check.name && !old.not_valid) && !scope.is_cleared(&key);
    if loose && !check.not_valid && !valid {
        let sql = format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", qualified(&to.name), ident(&check.name));
        let what = format!("validate check {}.{}", to.name, check.name);
        steps.blocking(what, key, sql, LockMode::ShareUpdateExclusive, LockSpan::Scan);
    }
}

/// Adds the foreign keys of a table that are not there, and alters those that only change when they are checked.
pub(super) fn add_foreign_keys(scope: &Scope<'_>, table: &Table, steps: &mut Steps) {
    let before = scope.both(&table.name).map(|(from, _)| from);
    for key in table.foreign_keys.iter().filter(|key| !key.inherited) {
        let object = ObjectKey::member(ObjectKind::ForeignKey, &table.name, &key.name);
        let old = before.and_then(|old| old.foreign_keys.iter().find(|old| old.name == key.name));
        match old.filter(|_| !scope.is_cleared(&object)) {
            Some(old) => alter_foreign_key(table, old, key, steps),
            None => {
                let span = if before.is_none() || key.not_valid { LockSpan::Instant } else { LockSpan::Scan };
                let what = format!("add foreign key {}.{}", table.name, key.name);
                let sql = add_foreign_key(&table.name, key);
                let step = steps.blocking(what, object, sql, LockMode::ShareRowExclusive, span);
                step.locks.push(lock(&key.references, LockMode::ShareRowExclusive, span));
            }
        }
    }
}

fn alter_foreign_key(table: &Table, old: &ForeignKey, new: &ForeignKey, steps: &mut Steps) {
    let object = ObjectKey::member(ObjectKind::ForeignKey, &table.name, &new.name);
    let alter = format!("ALTER TABLE {}", qualified(&table.name));
    let name = ident(&new.name);
    if old.deferral != new.deferral {
        let word = match (new.deferral.deferrable, new.deferral.initially_deferred) {
            (_, true) => "DEFERRABLE INITIALLY DEFERRED",
            (true, false) => "DEFERRABLE INITIALLY IMMEDIATE",
            _ => "NOT DEFERRABLE",
        };
        let sql = format!("{alter} ALTER CONSTRAINT {name} {word}");
        steps.instant(format!("alter foreign key {}.{}", table.name, new.name), object.clone(), sql);
    }
    if old.not_valid && !new.not_valid {
        let what = format!("validate foreign key {}.{}", table.name, new.name);
        let sql = format!("{alter} VALIDATE CONSTRAINT {name}");
        steps.blocking(what, object, sql, LockMode::ShareUpdateExclusive, LockSpan::Scan);
    }
}
