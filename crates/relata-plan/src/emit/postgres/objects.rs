//! Extensions, servers, sequences, routines, views; comments of everything.

use std::collections::BTreeMap;

use relata_schema::Diagnostic;
use relata_schema::change::{LockMode, LockSpan};
use relata_schema::dialect::postgres::print::{
    CLUSTER_ON, comment, comment_targets, create_extension, create_index, create_sequence, create_server,
    create_trigger, create_view, foreign_option_changes, has_comment, ident, index_name, index_settings, literal,
    qualified, routine_word, view_settings,
};
use relata_schema::model::{
    Extension, ForeignServer, Index, ObjectKey, ObjectKind, ObjectName, Routine, Sequence, SequenceParameters, View,
};

use super::columns::all_options;
use super::scope::{Scope, by_name, routine_key, view_key};
use super::steps::{Steps, loses};
use super::tables::parameter_changes;

/// Creates or alters an extension.
pub(super) fn extension(scope: &Scope<'_>, to: &Extension, steps: &mut Steps, diagnostics: &mut Vec<Diagnostic>) {
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
    if older(&to.version, &from.version) {
        let message = format!("extension {} stays at {}: it cannot go back to {}", to.name, from.version, to.version);
        let help = "drop the extension and create it anew, if nothing of the database hangs on it";
        diagnostics.push(Diagnostic::warning("plan-extension-older", message).about(key).help(help));
    } else if from.version != to.version {
        let sql = format!("{alter} UPDATE TO {}", literal(&to.version));
        steps.add(format!("update extension {} to {}", to.name, to.version), key, sql);
    }
}

/// Whether a version is an earlier one, number by number.
fn older(version: &str, than: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u32>> { text.split('.').map(|part| part.parse().ok()).collect() };
    numbers(version).zip(numbers(than)).is_some_and(|(a, b)| a < b)
}

/// Creates or alters a foreign server.
pub(super) fn server(scope: &Scope<'_>, to: &ForeignServer, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Server, &ObjectName::bare(&to.name));
    let from = scope.from.servers.iter().find(|from| from.name == to.name).filter(|_| !scope.is_cleared(&key));
    let Some(from) = from else {
        steps.add(format!("create server {}", to.name), key, create_server(to));
        return;
    };
    let mut actions = Vec::new();
    if from.version != to.version {
        actions.push(format!("VERSION {}", to.version.as_ref().map_or_else(|| "NULL".to_string(), |v| literal(v))));
    }
    actions.extend(foreign_option_changes(&from.options, &to.options));
    if !actions.is_empty() {
        let sql = format!("ALTER SERVER {} {}", ident(&to.name), actions.join(" "));
        steps.add(format!("alter server {}", to.name), key, sql);
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
            let (old, new) = (storage(from), storage(to));
            for sql in parameter_changes(&alter, &old, &new) {
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

/// The parameters of a view that `SET (…)` knows.
fn storage(view: &View) -> Vec<(String, String)> {
    view.parameters.iter().filter(|(key, _)| key != CLUSTER_ON).cloned().collect()
}

/// Brings defaults, storage and statistics of the columns of a view, and what it is clustered on, to what they shall be.
pub(super) fn view_details(scope: &Scope<'_>, to: &View, steps: &mut Steps) {
    let key = view_key(&to.name);
    let from = scope.from.view(&to.name).filter(|_| !scope.is_cleared(&key));
    let mut before = from.map(view_settings).unwrap_or_default();
    let after = view_settings(to);
    if let Some(from) = from {
        // An index that was made anew has lost its part.
        let remade = |index: &&Index| !to.indexes.iter().any(|new| same_index(new, index));
        for index in from.indexes.iter().filter(remade) {
            before.retain(|sql| !sql.ends_with(&format!(" CLUSTER ON {}", ident(&index.name))));
        }
    }
    let what = format!("set details of view {}", to.name);
    for sql in before.iter().filter(|sql| !after.contains(sql)) {
        if let Some(undo) = undone(sql).filter(|undo| !after.iter().any(|new| new.starts_with(undo.0))) {
            steps.instant(what.clone(), key.clone(), format!("{}{}", undo.0, undo.1));
        }
    }
    for sql in after.iter().filter(|sql| !before.contains(sql)) {
        steps.instant(what.clone(), key.clone(), sql.clone());
    }
}

/// What takes back a statement of [`view_settings`]: the part both have, and the rest.
fn undone(sql: &str) -> Option<(&str, &'static str)> {
    let words = [
        (" SET DEFAULT ", "", " DROP DEFAULT"),
        (" SET STATISTICS ", " SET STATISTICS ", "-1"),
        (" SET STORAGE ", " SET STORAGE ", "EXTENDED"),
        (" SET COMPRESSION ", " SET COMPRESSION ", "default"),
        (" CLUSTER ON ", "", " SET WITHOUT CLUSTER"),
    ];
    words.iter().find_map(|(word, kept, undo)| Some((&sql[..sql.find(word)? + kept.len()], *undo)))
}

fn same_index(a: &Index, b: &Index) -> bool {
    let bare = |index: &Index| Index { comment: None, ..index.clone() };
    bare(a) == bare(b)
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
            steps.blocking(format!("create index {name}"), key.clone(), sql, LockMode::Share, LockSpan::Scan);
            for sql in index_settings(&to.name, index) {
                steps.add(format!("set statistics of index {name}"), key.clone(), sql);
            }
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
    let silent = !has_comment(&scope.from, key) && !has_comment(scope.to, key);
    if silent && key.kind != ObjectKind::Namespace {
        return;
    }
    let mut before: BTreeMap<String, String> = BTreeMap::new();
    if !made_anew(scope, key) {
        let texts = comment_targets(&scope.from, key).into_iter();
        before.extend(texts.filter_map(|(target, text)| Some((target, text?))));
        if key.kind == ObjectKind::Table {
            for (kind, member) in scope.cleared.members(&key.name) {
                before.remove(&member_target(&ObjectKey::member(kind, &key.name, member)));
                before.remove(&format!("INDEX {}", qualified(&index_name(&key.name, member))));
            }
        }
        let domain = scope.from.domains.iter().find(|domain| key.kind == ObjectKind::Domain && domain.name == key.name);
        let after = scope.to.domains.iter().find(|domain| domain.name == key.name);
        if let Some((old, new)) = domain.zip(after) {
            for check in old.checks.iter().filter(|check| !super::types::check_stays(scope, check, new)) {
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

/// The object is cleared, or a successor takes its name.
pub(super) fn made_anew(scope: &Scope<'_>, key: &ObjectKey) -> bool {
    let is_type = matches!(key.kind, ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite | ObjectKind::Range);
    let collation = key.kind == ObjectKind::Other && key.member.starts_with("COLLATION ");
    scope.is_cleared(key)
        || is_type && (scope.rebuilt_types.contains(&key.name) || scope.replaced_types.contains(&key.name))
        || collation && scope.rebuilt_collations.contains(&key.name)
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
