//! Comments and privileges.

use super::order::other_member;
use super::routine::text_or_null;
use super::{ident, index_name, qualified, routine_word, signature, view_word};
use crate::model::{Grant, ObjectKey, ObjectKind, ObjectName, Schema, Table, Trigger};

/// `COMMENT ON <target> IS …`. The target is written as SQL: `TABLE public.posts`.
pub fn comment(target: &str, text: Option<&str>) -> String {
    format!("COMMENT ON {target} IS {}", text_or_null(text))
}

/// The name of a role; `PUBLIC` is no role.
pub(super) fn role(name: &str) -> String {
    if name.eq_ignore_ascii_case("public") { "PUBLIC".to_string() } else { ident(name) }
}

/// The statements that give privileges on a target (`TABLE public.posts`) to those who have only the default.
pub fn grants(target: &str, grants: &[Grant]) -> Vec<String> {
    grants.iter().map(|grant| give(target, "", grant)).collect()
}

/// The statements that take back what [`grants`] gives.
pub fn revokes(target: &str, grants: &[Grant]) -> Vec<String> {
    grants.iter().map(|grant| take(target, "", grant)).collect()
}

/// As [`grants`], for one column of a table.
pub fn column_grants(target: &str, column: &str, grants: &[Grant]) -> Vec<String> {
    grants.iter().map(|grant| give(target, &format!(" ({})", ident(column)), grant)).collect()
}

/// As [`revokes`], for one column of a table.
pub fn column_revokes(target: &str, column: &str, grants: &[Grant]) -> Vec<String> {
    grants.iter().map(|grant| take(target, &format!(" ({})", ident(column)), grant)).collect()
}

fn give(target: &str, column: &str, grant: &Grant) -> String {
    let who = role(&grant.grantee);
    match grant.privilege.strip_prefix("NO ") {
        Some(privilege) => format!("REVOKE {privilege}{column} ON {target} FROM {who}"),
        None => {
            let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
            format!("GRANT {}{column} ON {target} TO {who}{option}", grant.privilege)
        }
    }
}

fn take(target: &str, column: &str, grant: &Grant) -> String {
    let who = role(&grant.grantee);
    match grant.privilege.strip_prefix("NO ") {
        Some(privilege) => format!("GRANT {privilege}{column} ON {target} TO {who}"),
        None => format!("REVOKE {}{column} ON {target} FROM {who}", grant.privilege),
    }
}

/// The comments of one object and all its members.
pub(super) fn comments(schema: &Schema, key: &ObjectKey) -> Vec<String> {
    let name = &key.name;
    let whole =
        |target: String, text: &Option<String>| text.iter().map(|t| comment(&target, Some(t))).collect::<Vec<_>>();
    match key.kind {
        ObjectKind::Namespace => {
            let found = schema.namespaces.iter().find(|n| n.name == name.name);
            found.map(|n| whole(format!("SCHEMA {}", ident(&n.name)), &n.comment)).unwrap_or_default()
        }
        ObjectKind::Extension => {
            let found = schema.extensions.iter().find(|e| e.name == name.name);
            found.map(|e| whole(format!("EXTENSION {}", ident(&e.name)), &e.comment)).unwrap_or_default()
        }
        ObjectKind::Enum => {
            let found = schema.enums.iter().find(|e| &e.name == name);
            found.map(|e| whole(format!("TYPE {}", qualified(name)), &e.comment)).unwrap_or_default()
        }
        ObjectKind::Domain => domain_comments(schema, name),
        ObjectKind::Composite => {
            let found = schema.composites.iter().find(|c| &c.name == name);
            found.map(|c| whole(format!("TYPE {}", qualified(name)), &c.comment)).unwrap_or_default()
        }
        ObjectKind::Sequence => {
            let found = schema.sequences.iter().find(|s| &s.name == name);
            found.map(|s| whole(format!("SEQUENCE {}", qualified(name)), &s.comment)).unwrap_or_default()
        }
        ObjectKind::Routine => {
            let found = schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            found.map(|r| whole(format!("{} {}", routine_word(r), signature(r)), &r.comment)).unwrap_or_default()
        }
        ObjectKind::Other => {
            let found = schema.others.iter().find(|o| &o.name == name && other_member(o) == key.member);
            let target = found.map(|o| (super::order::other_target(o), &o.comment));
            target.map(|(target, text)| whole(target, text)).unwrap_or_default()
        }
        ObjectKind::Table => schema.table(name).map(table_comments).unwrap_or_default(),
        ObjectKind::View => view_comments(schema, name),
        _ => Vec::new(),
    }
}

fn domain_comments(schema: &Schema, name: &ObjectName) -> Vec<String> {
    let Some(domain) = schema.domains.iter().find(|d| &d.name == name) else { return Vec::new() };
    let mut out = Vec::new();
    let target = qualified(name);
    out.extend(domain.comment.iter().map(|text| comment(&format!("DOMAIN {target}"), Some(text))));
    for check in &domain.checks {
        let on = format!("CONSTRAINT {} ON DOMAIN {target}", ident(&check.name));
        out.extend(check.comment.iter().map(|text| comment(&on, Some(text))));
        if check.not_valid {
            out.push(format!("ALTER DOMAIN {target} ADD {}", super::check_clause(check)));
        }
    }
    out
}

fn trigger_comments(table: &ObjectName, triggers: &[Trigger]) -> Vec<String> {
    let on = |trigger: &Trigger| format!("TRIGGER {} ON {}", ident(&trigger.name), qualified(table));
    let texts = triggers.iter().filter_map(|trigger| Some((on(trigger), trigger.comment.as_deref()?)));
    texts.map(|(target, text)| comment(&target, Some(text))).collect()
}

fn table_comments(table: &Table) -> Vec<String> {
    let name = qualified(&table.name);
    let mut targets: Vec<(String, &Option<String>)> = vec![(format!("TABLE {name}"), &table.comment)];
    for column in &table.columns {
        targets.push((format!("COLUMN {name}.{}", ident(&column.name)), &column.comment));
    }
    let constraint = |constraint: &str| format!("CONSTRAINT {} ON {name}", ident(constraint));
    for key in table.primary_key.iter().chain(&table.uniques) {
        targets.push((constraint(&key.name), &key.comment));
    }
    targets.extend(table.checks.iter().map(|check| (constraint(&check.name), &check.comment)));
    targets.extend(table.exclusions.iter().map(|exclusion| (constraint(&exclusion.name), &exclusion.comment)));
    targets.extend(table.foreign_keys.iter().map(|key| (constraint(&key.name), &key.comment)));
    for index in &table.indexes {
        targets.push((format!("INDEX {}", qualified(&index_name(&table.name, &index.name))), &index.comment));
    }
    for policy in &table.policies {
        targets.push((format!("POLICY {} ON {name}", ident(&policy.name)), &policy.comment));
    }
    let texts = targets.into_iter().filter_map(|(target, text)| Some(comment(&target, Some(text.as_deref()?))));
    let mut out: Vec<String> = texts.collect();
    out.extend(trigger_comments(&table.name, &table.triggers));
    // Constraints that exist only as NOT VALID are added after the rows they do not judge.
    let unchecked = table.checks.iter().filter(|check| check.not_valid && !check.inherited);
    let mut first: Vec<String> = unchecked.map(|check| super::add_check(&table.name, check)).collect();
    first.append(&mut out);
    first
}

fn view_comments(schema: &Schema, name: &ObjectName) -> Vec<String> {
    let Some(view) = schema.view(name) else { return Vec::new() };
    let target = qualified(name);
    let mut out = Vec::new();
    out.extend(view.comment.iter().map(|text| comment(&format!("{} {target}", view_word(view)), Some(text))));
    for (column, text) in &view.column_comments {
        out.push(comment(&format!("COLUMN {target}.{}", ident(column)), Some(text)));
    }
    for index in &view.indexes {
        let on = format!("INDEX {}", qualified(&index_name(name, &index.name)));
        out.extend(index.comment.iter().map(|text| comment(&on, Some(text))));
    }
    out.extend(trigger_comments(name, &view.triggers));
    out
}

/// The privileges on one object and its columns.
pub(super) fn all_grants(schema: &Schema, key: &ObjectKey) -> Vec<String> {
    let name = &key.name;
    match key.kind {
        ObjectKind::Namespace => {
            let found = schema.namespaces.iter().find(|n| n.name == name.name);
            found.map(|n| grants(&format!("SCHEMA {}", ident(&n.name)), &n.grants)).unwrap_or_default()
        }
        ObjectKind::Enum => {
            let found = schema.enums.iter().find(|e| &e.name == name);
            found.map(|e| grants(&format!("TYPE {}", qualified(name)), &e.grants)).unwrap_or_default()
        }
        ObjectKind::Sequence => {
            let found = schema.sequences.iter().find(|s| &s.name == name);
            found.map(|s| grants(&format!("SEQUENCE {}", qualified(name)), &s.grants)).unwrap_or_default()
        }
        ObjectKind::Routine => {
            let found = schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            let target = |r| (format!("{} {}", super::routine::grant_word(r), signature(r)), &r.grants);
            found.map(target).map(|(target, list)| grants(&target, list)).unwrap_or_default()
        }
        ObjectKind::View => {
            let found = schema.view(name);
            found.map(|v| grants(&format!("TABLE {}", qualified(name)), &v.grants)).unwrap_or_default()
        }
        ObjectKind::Table => {
            let Some(table) = schema.table(name) else { return Vec::new() };
            let target = format!("TABLE {}", qualified(name));
            let mut out = grants(&target, &table.grants);
            for column in &table.columns {
                out.extend(column_grants(&target, &column.name, &column.grants));
            }
            out
        }
        _ => Vec::new(),
    }
}
