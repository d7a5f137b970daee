//! Namespaces, extensions, sequences, routines, views, opaque objects; comments and privileges of everything.

use std::collections::BTreeMap;

use relata_schema::change::{LockMode, LockSpan};
use relata_schema::dialect::postgres::print::{
    column_grants, column_revokes, comment, comment_targets, create_extension, create_index, create_sequence,
    create_trigger, create_view, grant_word, grants, ident, index_name, literal, qualified, revokes, routine_word,
    signature,
};
use relata_schema::model::{
    Extension, Grant, ObjectKey, ObjectKind, ObjectName, Routine, Sequence, SequenceParameters, View,
};

use super::columns::all_options;
use super::scope::{Scope, by_name, routine_key, table_key, view_key};
use super::steps::{Steps, loses};
use super::tables::parameter_changes;

/// Creates or alters an extension.
pub(super) fn extension(scope: &Scope<'_>, to: &Extension, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Extension, &ObjectName::bare(&to.name));
    let Some(from) = scope.from.extensions.iter().find(|from| from.name == to.name) else {
        let sql = format!("{} VERSION {}", create_extension(to), literal(&to.version));
        steps.add(format!("create extension {}", to.name), key, sql);
        return;
    };
    let alter = format!("ALTER EXTENSION {}", ident(&to.name));
    if from.namespace != to.namespace {
        let sql = format!("{alter} SET SCHEMA {}", ident(&to.namespace));
        steps.add(format!("move extension {}", to.name), key.clone(), sql);
    }
    if from.version != to.version {
        let sql = format!("{alter} UPDATE TO {}", literal(&to.version));
        steps.add(format!("update extension {} to {}", to.name, to.version), key, sql);
    }
}

/// Creates or alters a sequence; its owner comes later.
pub(super) fn sequence(scope: &Scope<'_>, to: &Sequence, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Sequence, &to.name);
    let from = scope.from.sequences.iter().find(|from| from.name == to.name);
    let Some(from) = from.filter(|_| !scope.is_cleared(&key)) else {
        steps.add(format!("create sequence {}", to.name), key, create_sequence(to));
        return;
    };
    let alter = format!("ALTER SEQUENCE {}", qualified(&to.name));
    if from.data_type != to.data_type || from.parameters != to.parameters {
        let what = format!("alter sequence {}", to.name);
        let placed = place(&from.parameters, &to.parameters);
        if let Place::Moved(min, max) = placed {
            // The number it stands at must fit the new bounds before they hold.
            let name = qualified(&to.name);
            let sql = format!(
                "SELECT pg_catalog.setval({}, GREATEST({min}, LEAST({max}, last_value)), is_called) FROM {name}",
                literal(&name)
            );
            steps.add(format!("move sequence {} into its new bounds", to.name), key.clone(), sql);
        }
        let ty = if from.data_type == to.data_type { String::new() } else { format!(" AS {}", to.data_type) };
        let restart = if matches!(placed, Place::Restarted) { " RESTART" } else { "" };
        let sql = format!("{alter}{ty} {}{restart}", all_options(&to.parameters).join(" "));
        steps.add(what, key.clone(), sql);
    }
    if from.unlogged != to.unlogged {
        let sql = format!("{alter} SET {}", if to.unlogged { "UNLOGGED" } else { "LOGGED" });
        steps.add(format!("alter sequence {}", to.name), key, sql);
    }
}

/// Where a sequence stands when its bounds change.
enum Place {
    Kept,
    /// It is moved between these bounds.
    Moved(i64, i64),
    /// No number it may have stood at is inside of the new bounds.
    Restarted,
}

fn place(old: &SequenceParameters, new: &SequenceParameters) -> Place {
    let up = |parameters: &SequenceParameters| parameters.increment.unwrap_or(1) > 0;
    let min = |parameters: &SequenceParameters| parameters.min.unwrap_or(if up(parameters) { 1 } else { i64::MIN });
    let max = |parameters: &SequenceParameters| parameters.max.unwrap_or(if up(parameters) { i64::MAX } else { -1 });
    let start = old.start.unwrap_or(if up(old) { min(old) } else { max(old) });
    let inside = min(new) <= max(old) && max(new) >= min(old);
    match (inside, start < min(new) || start > max(new)) {
        (false, _) => Place::Restarted,
        (true, true) => Place::Moved(min(new), max(new)),
        (true, false) => Place::Kept,
    }
}

/// Ties sequences to their columns, or unties them.
pub(super) fn ownership(scope: &Scope<'_>, steps: &mut Steps) {
    for to in &scope.to.sequences {
        let key = ObjectKey::of(ObjectKind::Sequence, &to.name);
        let from = scope.from.sequences.iter().find(|from| from.name == to.name).filter(|_| !scope.is_cleared(&key));
        let goes = |(table, column): &(ObjectName, String)| super::clear::column_goes(scope, table, column);
        let before = from.and_then(|from| from.owned_by.clone()).filter(|owner| !goes(owner));
        if before == to.owned_by {
            continue;
        }
        let owner = match &to.owned_by {
            Some((table, column)) => format!("{}.{}", qualified(table), ident(column)),
            None => "NONE".to_string(),
        };
        let sql = format!("ALTER SEQUENCE {} OWNED BY {owner}", qualified(&to.name));
        steps.add(format!("set owner of sequence {}", to.name), key, sql);
    }
}

/// Whether the routine has to be created or replaced.
pub(super) fn is_written(scope: &Scope<'_>, to: &Routine) -> bool {
    let key = routine_key(to);
    let from = scope.from.routines.iter().find(|from| routine_key(from) == key && from.kind == to.kind);
    from.is_none_or(|from| from.definition != to.definition) || scope.is_cleared(&key)
}

/// Creates or replaces a routine.
pub(super) fn routine(scope: &Scope<'_>, to: &Routine, steps: &mut Steps) {
    if is_written(scope, to) {
        let what = format!("create {} {}", routine_word(to).to_lowercase(), to.name);
        steps.add(what, routine_key(to), to.definition.clone());
    }
}

/// Creates or alters a view, with its indexes and triggers.
pub(super) fn view(scope: &Scope<'_>, to: &View, steps: &mut Steps) {
    let key = view_key(&to.name);
    let from = scope.from.view(&to.name).filter(|_| !scope.is_cleared(&key));
    match from {
        None => {
            steps.add(format!("create view {}", to.name), key.clone(), create_view(to, false));
        }
        Some(from) if to.materialized => {
            let alter = format!("ALTER MATERIALIZED VIEW {}", qualified(&to.name));
            for sql in parameter_changes(&alter, &from.parameters, &to.parameters) {
                steps.instant(format!("set options of view {}", to.name), key.clone(), sql);
            }
            if from.no_data != to.no_data {
                let data = if to.no_data { " WITH NO DATA" } else { "" };
                let sql = format!("REFRESH MATERIALIZED VIEW {}{data}", qualified(&to.name));
                let what = format!("refresh view {}", to.name);
                let step = steps.blocking(what, key.clone(), sql, LockMode::AccessExclusive, LockSpan::Rewrite);
                if to.no_data {
                    loses(step, format!("the stored rows of {}", to.name));
                }
            }
        }
        Some(from) => {
            let differs = from.query != to.query
                || from.parameters != to.parameters
                || from.check_option != to.check_option
                || from.columns != to.columns;
            if differs {
                steps.instant(format!("replace view {}", to.name), key.clone(), create_view(to, true));
            }
        }
    }
    view_indexes(from, to, steps);
    view_triggers(scope, from, to, steps);
}

fn view_indexes(from: Option<&View>, to: &View, steps: &mut Steps) {
    let old = from.map(|from| by_name(&from.indexes, |index| &index.name)).unwrap_or_default();
    let bare = |index: &relata_schema::model::Index| relata_schema::model::Index { comment: None, ..index.clone() };
    let new = by_name(&to.indexes, |index| &index.name);
    for (name, index) in &old {
        if new.get(name).is_none_or(|new| bare(new) != bare(index)) {
            let key = ObjectKey::member(ObjectKind::Index, &to.name, name);
            let sql = format!("DROP INDEX {}", qualified(&index_name(&to.name, name)));
            steps.instant(format!("drop index {name}"), key, sql);
        }
    }
    for (name, index) in &new {
        if old.get(name).is_none_or(|old| bare(old) != bare(index)) {
            let key = ObjectKey::member(ObjectKind::Index, &to.name, name);
            let sql = create_index(&to.name, index);
            steps.blocking(format!("create index {name}"), key, sql, LockMode::Share, LockSpan::Scan);
        }
    }
}

fn view_triggers(scope: &Scope<'_>, from: Option<&View>, to: &View, steps: &mut Steps) {
    let old = from.map(|from| by_name(&from.triggers, |trigger| &trigger.name)).unwrap_or_default();
    let new = by_name(&to.triggers, |trigger| &trigger.name);
    let function_goes = |trigger: &relata_schema::model::Trigger| {
        let routines = scope.from.routines.iter().filter(|routine| scope.is_cleared(&routine_key(routine)));
        trigger.function.as_ref().is_some_and(|function| routines.into_iter().any(|routine| &routine.name == function))
    };
    for (name, trigger) in &old {
        if new.get(name).is_none_or(|new| new.definition != trigger.definition) || function_goes(trigger) {
            let key = ObjectKey::member(ObjectKind::Trigger, &to.name, name);
            let sql = format!("DROP TRIGGER IF EXISTS {} ON {}", ident(name), qualified(&to.name));
            steps.instant(format!("drop trigger {}.{name}", to.name), key, sql);
        }
    }
    for (name, trigger) in &new {
        if old.get(name).is_none_or(|old| old.definition != trigger.definition || function_goes(old)) {
            let key = ObjectKey::member(ObjectKind::Trigger, &to.name, name);
            for sql in create_trigger(&to.name, trigger) {
                steps.instant(format!("create trigger {}.{name}", to.name), key.clone(), sql);
            }
        }
    }
}

/// What the server says of the schema `public` by itself; introspection leaves it out.
const STANDARD_COMMENT: &str = "standard public schema";

/// Brings the comments of an object and its members to what they shall be.
pub(super) fn comments(scope: &Scope<'_>, key: &ObjectKey, steps: &mut Steps) {
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    if !scope.is_cleared(key) && !made_anew(scope, key) {
        let texts = comment_targets(&scope.from, key).into_iter();
        before.extend(texts.filter_map(|(target, text)| Some((target, text?))));
        for lost in scope.cleared.iter().filter(|lost| lost.name == key.name && key.kind == ObjectKind::Table) {
            before.remove(&member_target(lost));
        }
        let domain = scope.from.domains.iter().find(|domain| key.kind == ObjectKind::Domain && domain.name == key.name);
        let after = scope.to.domains.iter().find(|domain| domain.name == key.name);
        if let Some((old, new)) = domain.zip(after) {
            for check in old.checks.iter().filter(|check| !super::types::check_stays(check, new)) {
                before.remove(&format!("CONSTRAINT {} ON DOMAIN {}", ident(&check.name), qualified(&key.name)));
            }
        }
        if key.kind == ObjectKind::View {
            remade_view_indexes(scope, &key.name, &mut before);
        }
    }
    for (target, mut text) in comment_targets(scope.to, key) {
        if target == "SCHEMA public" && text.is_none() {
            text = Some(STANDARD_COMMENT.to_string());
            before.entry(target.clone()).or_insert_with(|| STANDARD_COMMENT.to_string());
        }
        if before.get(&target) != text.as_ref() {
            steps.add(format!("comment on {}", target.to_lowercase()), key.clone(), comment(&target, text.as_deref()));
        }
    }
}

fn remade_view_indexes(scope: &Scope<'_>, name: &ObjectName, before: &mut BTreeMap<String, String>) {
    let (Some(from), Some(to)) = (scope.from.view(name), scope.to.view(name)) else { return };
    let bare = |index: &relata_schema::model::Index| relata_schema::model::Index { comment: None, ..index.clone() };
    for index in &from.indexes {
        if !to.indexes.iter().any(|new| bare(new) == bare(index)) {
            before.remove(&format!("INDEX {}", qualified(&index_name(name, &index.name))));
        }
    }
}

fn made_anew(scope: &Scope<'_>, key: &ObjectKey) -> bool {
    let is_type = matches!(key.kind, ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite);
    is_type && scope.rebuilt_types.contains(&key.name)
}

/// The member as `COMMENT ON` names it.
fn member_target(key: &ObjectKey) -> String {
    let (table, member) = (qualified(&key.name), ident(&key.member));
    match key.kind {
        ObjectKind::Column => format!("COLUMN {table}.{member}"),
        ObjectKind::Index => format!("INDEX {}", qualified(&index_name(&key.name, &key.member))),
        ObjectKind::Trigger => format!("TRIGGER {member} ON {table}"),
        ObjectKind::Policy => format!("POLICY {member} ON {table}"),
        _ => format!("CONSTRAINT {member} ON {table}"),
    }
}

/// Brings the privileges on an object and its columns to what they shall be.
pub(super) fn privileges(scope: &Scope<'_>, key: &ObjectKey, steps: &mut Steps) {
    let name = &key.name;
    let fresh = scope.is_cleared(key) || made_anew(scope, key);
    let mut change = |target: String, old: Option<&Vec<Grant>>, new: &Vec<Grant>| {
        let old = old.filter(|_| !fresh).map(Vec::as_slice).unwrap_or_default();
        let object = key.clone();
        for sql in changes(&target, None, old, new) {
            steps.add(format!("set privileges on {}", target.to_lowercase()), object.clone(), sql);
        }
    };
    let (from, to) = (&scope.from, scope.to);
    match key.kind {
        ObjectKind::Namespace => {
            let Some(new) = to.namespaces.iter().find(|n| n.name == name.name) else { return };
            let old = from.namespaces.iter().find(|n| n.name == name.name).map(|n| &n.grants);
            change(format!("SCHEMA {}", ident(&new.name)), old, &new.grants);
        }
        ObjectKind::Enum => {
            let Some(new) = to.enums.iter().find(|e| &e.name == name) else { return };
            let old = from.enums.iter().find(|e| &e.name == name).map(|e| &e.grants);
            change(format!("TYPE {}", qualified(name)), old, &new.grants);
        }
        ObjectKind::Sequence => {
            let Some(new) = to.sequences.iter().find(|s| &s.name == name) else { return };
            let old = from.sequences.iter().find(|s| &s.name == name).map(|s| &s.grants);
            change(format!("SEQUENCE {}", qualified(name)), old, &new.grants);
        }
        ObjectKind::Routine => {
            let Some(new) = to.routines.iter().find(|r| routine_key(r) == *key) else { return };
            let old = from.routines.iter().find(|r| routine_key(r) == *key && r.kind == new.kind).map(|r| &r.grants);
            change(format!("{} {}", grant_word(new), signature(new)), old, &new.grants);
        }
        ObjectKind::View => {
            let Some(new) = to.view(name) else { return };
            change(format!("TABLE {}", qualified(name)), from.view(name).map(|v| &v.grants), &new.grants);
        }
        ObjectKind::Table => {
            let Some(new) = to.table(name) else { return };
            let target = format!("TABLE {}", qualified(name));
            change(target.clone(), from.table(name).map(|t| &t.grants), &new.grants);
            column_privileges(scope, key, &target, steps);
        }
        _ => {}
    }
}

fn column_privileges(scope: &Scope<'_>, key: &ObjectKey, target: &str, steps: &mut Steps) {
    let Some(to) = scope.to.table(&key.name) else { return };
    let from = scope.both(&key.name).map(|(from, _)| from);
    for column in &to.columns {
        let anew = scope.clears(ObjectKind::Column, &to.name, &column.name);
        let old = from.and_then(|from| from.column(&column.name)).filter(|_| !anew);
        let old = old.map(|old| old.grants.as_slice()).unwrap_or_default();
        for sql in changes(target, Some(&column.name), old, &column.grants) {
            steps.add(format!("set privileges on {}.{}", to.name, column.name), table_key(&to.name), sql);
        }
    }
}

/// The statements that bring privileges from `old` to `new`.
fn changes(target: &str, column: Option<&str>, old: &[Grant], new: &[Grant]) -> Vec<String> {
    let twin = |list: &[Grant], grant: &Grant| {
        list.iter().any(|other| other.grantee == grant.grantee && other.privilege == grant.privilege)
    };
    let mut out = Vec::new();
    let gone: Vec<Grant> = old.iter().filter(|grant| !new.contains(grant)).cloned().collect();
    let come: Vec<Grant> = new.iter().filter(|grant| !old.contains(grant)).cloned().collect();
    // With or without grant option: what differs is taken back and given anew, unless it only grows.
    let revoked: Vec<Grant> = gone.into_iter().filter(|grant| grant.grantable || !twin(new, grant)).collect();
    match column {
        Some(column) => {
            out.extend(column_revokes(target, column, &revoked));
            out.extend(column_grants(target, column, &come));
        }
        None => {
            out.extend(revokes(target, &revoked));
            out.extend(grants(target, &come));
        }
    }
    out
}
