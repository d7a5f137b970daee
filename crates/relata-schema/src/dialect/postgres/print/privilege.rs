//! Comments and privileges.

use super::order::other_member;
use super::routine::text_or_null;
use super::{ident, index_name, qualified, routine_word, signature, view_word};
use crate::model::{Domain, Grant, ObjectKey, ObjectKind, ObjectName, Schema, Table, Trigger, View};

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

/// What can carry a comment in one object, as `COMMENT ON` names it, with its comment: the object and all its members.
pub fn comment_targets(schema: &Schema, key: &ObjectKey) -> Vec<(String, Option<String>)> {
    let name = &key.name;
    let whole = |target: String, text: &Option<String>| vec![(target, text.clone())];
    let found = match key.kind {
        ObjectKind::Namespace => {
            let found = schema.namespaces.iter().find(|n| n.name == name.name);
            found.map(|n| whole(format!("SCHEMA {}", ident(&n.name)), &n.comment))
        }
        ObjectKind::Extension => {
            let found = schema.extensions.iter().find(|e| e.name == name.name);
            found.map(|e| whole(format!("EXTENSION {}", ident(&e.name)), &e.comment))
        }
        ObjectKind::Enum => {
            let found = schema.enums.iter().find(|e| &e.name == name);
            found.map(|e| whole(format!("TYPE {}", qualified(name)), &e.comment))
        }
        ObjectKind::Domain => schema.domains.iter().find(|d| &d.name == name).map(domain_comments),
        ObjectKind::Composite => {
            let found = schema.composites.iter().find(|c| &c.name == name);
            found.map(|c| whole(format!("TYPE {}", qualified(name)), &c.comment))
        }
        ObjectKind::Sequence => {
            let found = schema.sequences.iter().find(|s| &s.name == name);
            found.map(|s| whole(format!("SEQUENCE {}", qualified(name)), &s.comment))
        }
        ObjectKind::Routine => {
            let found = schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            found.map(|r| whole(format!("{} {}", routine_word(r), signature(r)), &r.comment))
        }
        ObjectKind::Other => {
            let found = schema.others.iter().find(|o| &o.name == name && other_member(o) == key.member);
            found.map(|o| whole(super::order::other_target(o), &o.comment))
        }
        ObjectKind::Table => schema.table(name).map(table_comments),
        ObjectKind::View => schema.view(name).map(view_comments),
        _ => None,
    };
    found.unwrap_or_default()
}

type Targets = Vec<(String, Option<String>)>;

fn domain_comments(domain: &Domain) -> Targets {
    let name = qualified(&domain.name);
    let mut out = vec![(format!("DOMAIN {name}"), domain.comment.clone())];
    for check in &domain.checks {
        out.push((format!("CONSTRAINT {} ON DOMAIN {name}", ident(&check.name)), check.comment.clone()));
    }
    out
}

fn trigger_comments(table: &ObjectName, triggers: &[Trigger]) -> Targets {
    let on = |trigger: &Trigger| format!("TRIGGER {} ON {}", ident(&trigger.name), qualified(table));
    triggers.iter().map(|trigger| (on(trigger), trigger.comment.clone())).collect()
}

fn table_comments(table: &Table) -> Targets {
    let name = qualified(&table.name);
    let mut out = vec![(format!("TABLE {name}"), table.comment.clone())];
    for column in &table.columns {
        out.push((format!("COLUMN {name}.{}", ident(&column.name)), column.comment.clone()));
    }
    let constraint = |constraint: &str| format!("CONSTRAINT {} ON {name}", ident(constraint));
    for key in table.primary_key.iter().chain(&table.uniques) {
        out.push((constraint(&key.name), key.comment.clone()));
    }
    out.extend(table.checks.iter().map(|check| (constraint(&check.name), check.comment.clone())));
    out.extend(table.exclusions.iter().map(|exclusion| (constraint(&exclusion.name), exclusion.comment.clone())));
    out.extend(table.foreign_keys.iter().map(|key| (constraint(&key.name), key.comment.clone())));
    for index in &table.indexes {
        out.push((format!("INDEX {}", qualified(&index_name(&table.name, &index.name))), index.comment.clone()));
    }
    for policy in &table.policies {
        out.push((format!("POLICY {} ON {name}", ident(&policy.name)), policy.comment.clone()));
    }
    out.extend(trigger_comments(&table.name, &table.triggers));
    out
}

fn view_comments(view: &View) -> Targets {
    let name = qualified(&view.name);
    let mut out = vec![(format!("{} {name}", view_word(view)), view.comment.clone())];
    for (column, _) in &view.columns {
        let text = view.column_comments.iter().find(|(commented, _)| commented == column).map(|(_, text)| text.clone());
        out.push((format!("COLUMN {name}.{}", ident(column)), text));
    }
    for index in &view.indexes {
        out.push((format!("INDEX {}", qualified(&index_name(&view.name, &index.name))), index.comment.clone()));
    }
    out.extend(trigger_comments(&view.name, &view.triggers));
    out
}

/// The privileges on one object and its columns.
pub fn grants_of(schema: &Schema, key: &ObjectKey) -> Vec<String> {
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
