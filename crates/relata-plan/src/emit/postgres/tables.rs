//! A table that stays: its columns, options, place among parents; and what makes it act.

use relata_schema::Schema;
use relata_schema::change::{LockMode, LockSpan};
use relata_schema::dialect::postgres::print::{
    attach_partition, cluster_on, create_policy, create_trigger, foreign_option_changes, ident, qualified,
    replica_identity, row_security, storage_parameters, trigger_state,
};
use relata_schema::model::{ObjectKey, ObjectKind, Table};

use super::scope::{Scope, table_key};
use super::steps::Steps;
use super::{columns, members};

/// Brings a surviving table to what it shall be, but for keys, indexes and what refers to other tables.
pub(super) fn alter(scope: &Scope<'_>, from: &Table, to: &Table, steps: &mut Steps) {
    columns::alter(scope, from, to, steps);
    if let Some(ty) = to.of_type.as_ref().filter(|_| from.of_type != to.of_type || leaves_type(scope, from, to)) {
        let sql = format!("ALTER TABLE {} OF {}", qualified(&to.name), qualified(ty));
        steps.instant(format!("make {} a table of {ty}", to.name), table_key(&to.name), sql);
    }
    if let (Some(old), Some(new)) = (&from.foreign, &to.foreign)
        && let Some(options) = foreign_option_changes(&old.options, &new.options)
    {
        let sql = format!("ALTER FOREIGN TABLE {} {options}", qualified(&to.name));
        steps.instant(format!("set options of {}", to.name), table_key(&to.name), sql);
    }
    members::add_checks(scope, from, to, steps);
    options(from, to, steps);
    let stays = scope.staying_parents(from, to);
    for parent in to.inherits.iter().filter(|parent| !stays.contains(parent)) {
        let sql = format!("ALTER TABLE {} INHERIT {}", qualified(&to.name), qualified(parent));
        steps.instant(format!("make {} inherit {parent}", to.name), table_key(&to.name), sql);
    }
    if !scope.stays_attached(from, to)
        && let Some(sql) = attach_partition(to)
    {
        members::add_before_attaching(scope, to, steps);
        steps.blocking(
            format!("attach partition {}", to.name),
            table_key(&to.name),
            sql,
            LockMode::AccessExclusive,
            LockSpan::Scan,
        );
    }
}

/// A table of a type that changes, or of another type: it is a table of no type while its columns change.
pub(super) fn leaves_type(scope: &Scope<'_>, from: &Table, to: &Table) -> bool {
    let Some(ty) = &from.of_type else { return false };
    let attributes = |schema: &Schema| -> Option<Vec<(String, String)>> {
        let found = schema.composites.iter().find(|composite| &composite.name == ty)?;
        Some(found.attributes.iter().map(|a| (a.name.clone(), a.ty.physical.clone())).collect())
    };
    to.of_type.as_ref() != Some(ty)
        || scope.rebuilt_types.contains(ty)
        || scope.replaced_types.contains(ty)
        || attributes(&scope.from) != attributes(scope.to)
}

fn options(from: &Table, to: &Table, steps: &mut Steps) {
    let (old, new) = (&from.options, &to.options);
    let alter = format!("ALTER TABLE {}", qualified(&to.name));
    let key = table_key(&to.name);
    let what = format!("set options of {}", to.name);
    let mut rewrite = |sql: String| {
        steps.blocking(what.clone(), key.clone(), sql, LockMode::AccessExclusive, LockSpan::Rewrite);
    };
    if old.unlogged != new.unlogged {
        rewrite(format!("{alter} SET {}", if new.unlogged { "UNLOGGED" } else { "LOGGED" }));
    }
    if old.tablespace != new.tablespace {
        rewrite(format!("{alter} SET TABLESPACE {}", ident(new.tablespace.as_deref().unwrap_or("pg_default"))));
    }
    if old.access_method != new.access_method {
        rewrite(format!("{alter} SET ACCESS METHOD {}", ident(new.access_method.as_deref().unwrap_or("heap"))));
    }
    // The server keeps the parameters of the table and of its TOAST table apart.
    let part = |list: &[(String, String)], toast: bool| -> Vec<(String, String)> {
        list.iter().filter(|(key, _)| key.starts_with("toast.") == toast).cloned().collect()
    };
    let statements = [false, true]
        .map(|toast| parameter_changes(&alter, &part(&old.parameters, toast), &part(&new.parameters, toast)));
    for sql in statements.into_iter().flatten() {
        steps.instant(what.clone(), key.clone(), sql);
    }
}

/// `SET (…)` and `RESET (…)` that bring storage parameters to what they shall be.
pub(super) fn parameter_changes(alter: &str, old: &[(String, String)], new: &[(String, String)]) -> Vec<String> {
    let mut out = Vec::new();
    let mut old = old.to_vec();
    let mut changed: Vec<_> = new.iter().filter(|pair| !old.contains(pair)).cloned().collect();
    // The server keeps what stays in its place and appends what is set.
    let stays = old.iter().filter(|pair| new.contains(pair));
    if !stays.chain(&changed).eq(new) {
        let keys: Vec<&str> = old.iter().map(|(key, _)| key.as_str()).collect();
        out.push(format!("{alter} RESET ({})", keys.join(", ")));
        old.clear();
        changed = new.to_vec();
    }
    if !changed.is_empty() {
        out.push(format!("{alter}{}", storage_parameters(" SET ", &changed)));
    }
    let gone: Vec<&str> =
        old.iter().filter(|(key, _)| !new.iter().any(|(other, _)| other == key)).map(|(key, _)| key.as_str()).collect();
    if !gone.is_empty() {
        out.push(format!("{alter} RESET ({})", gone.join(", ")));
    }
    out
}

/// Row security, policies, triggers and replica identity, of new and surviving tables.
pub(super) fn behaviour(scope: &Scope<'_>, table: &Table, steps: &mut Steps) {
    let before = scope.both(&table.name).map(|(from, _)| from);
    let key = table_key(&table.name);
    let flags = before.map_or((false, false), |from| (from.row_security, from.force_row_security));
    for sql in row_security(table, flags) {
        steps.instant(format!("set row security of {}", table.name), key.clone(), sql);
    }
    for policy in &table.policies {
        let there = before.is_some_and(|from| from.policies.iter().any(|old| old.name == policy.name));
        let object = ObjectKey::member(ObjectKind::Policy, &table.name, &policy.name);
        if !there || scope.is_cleared(&object) {
            let what = format!("create policy {}.{}", table.name, policy.name);
            steps.instant(what, object, create_policy(&table.name, policy));
        }
    }
    for trigger in table.triggers.iter().filter(|trigger| !trigger.inherited) {
        let old = before.and_then(|from| from.triggers.iter().find(|old| old.name == trigger.name && !old.inherited));
        let object = ObjectKey::member(ObjectKind::Trigger, &table.name, &trigger.name);
        match old.filter(|_| !scope.is_cleared(&object)) {
            Some(old) if old.enabled == trigger.enabled => {}
            Some(_) => {
                let what = format!("switch trigger {}.{}", table.name, trigger.name);
                steps.instant(what, object, trigger_state(&table.name, trigger));
            }
            None => {
                for sql in create_trigger(&table.name, trigger) {
                    steps.instant(format!("create trigger {}.{}", table.name, trigger.name), object.clone(), sql);
                }
            }
        }
    }
    for trigger in table.triggers.iter().filter(|trigger| trigger.inherited) {
        let old = before.and_then(|from| from.triggers.iter().find(|old| old.name == trigger.name && old.inherited));
        let object = ObjectKey::member(ObjectKind::Trigger, &table.name, &trigger.name);
        let parent = table.partition_of.as_ref().and_then(|partition| scope.to.table(&partition.parent));
        let usual = parent.and_then(|parent| parent.triggers.iter().find(|other| other.name == trigger.name));
        let was = match old.filter(|_| !scope.is_cleared(&object)) {
            Some(old) => Some(&old.enabled),
            None => usual.map(|usual| &usual.enabled),
        };
        if was.is_some_and(|was| was != &trigger.enabled) {
            let what = format!("switch trigger {}.{}", table.name, trigger.name);
            steps.instant(what, object, trigger_state(&table.name, trigger));
        }
    }
    let mut was = before.and_then(|from| from.options.replica_identity.as_deref());
    // An index that was made anew has lost its part in the replica identity.
    if let Some(index) = was.and_then(|text| text.strip_prefix("USING INDEX ")) {
        let kind = before.and_then(|from| members::index_kind(from, index));
        if kind.is_some_and(|kind| scope.clears(kind, &table.name, index)) {
            was = None;
        }
    }
    if let Some(sql) = replica_identity(table, was) {
        steps.instant(format!("set replica identity of {}", table.name), key.clone(), sql);
    }
    clustered(scope, table, before, key, steps);
}

/// Brings `CLUSTER ON` to what it shall be. An index that was made anew has lost its part in it.
fn clustered(scope: &Scope<'_>, table: &Table, before: Option<&Table>, key: ObjectKey, steps: &mut Steps) {
    let was = before.and_then(|from| {
        let index = from.options.cluster_on.as_deref()?;
        let kind = members::index_kind(from, index)?;
        (!scope.clears(kind, &table.name, index)).then_some(index)
    });
    let wanted = table.options.cluster_on.as_deref();
    if was != wanted {
        let sql = cluster_on(&format!("TABLE {}", qualified(&table.name)), wanted);
        steps.instant(format!("set what {} is clustered on", table.name), key, sql);
    }
}
