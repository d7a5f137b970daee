//! Comments and privileges.

use super::super::identity_sequence;
use super::order::other_member;
use super::routine::text_or_null;
use super::{ident, index_name, qualified, routine_word, signature, table_word, view_word};
use crate::model::{
    Attribute, CompositeType, DefaultPrivileges, Domain, Grant, Identity, ObjectKey, ObjectKind, ObjectName, Schema,
    Table, Trigger, View,
};

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
        ObjectKind::Composite => schema.composites.iter().find(|c| &c.name == name).map(composite_comments),
        ObjectKind::Range => {
            let found = schema.ranges.iter().find(|r| &r.name == name);
            found.map(|r| whole(format!("TYPE {}", qualified(name)), &r.comment))
        }
        ObjectKind::Server => {
            let found = schema.servers.iter().find(|s| s.name == name.name);
            found.map(|s| whole(format!("SERVER {}", ident(&s.name)), &s.comment))
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

fn composite_comments(ty: &CompositeType) -> Targets {
    let name = qualified(&ty.name);
    let column = |attribute: &Attribute| format!("COLUMN {name}.{}", ident(&attribute.name));
    let attributes = ty.attributes.iter().map(|attribute| (column(attribute), attribute.comment.clone()));
    std::iter::once((format!("TYPE {name}"), ty.comment.clone())).chain(attributes).collect()
}

fn trigger_comments(table: &ObjectName, triggers: &[Trigger]) -> Targets {
    let on = |trigger: &Trigger| format!("TRIGGER {} ON {}", ident(&trigger.name), qualified(table));
    triggers.iter().map(|trigger| (on(trigger), trigger.comment.clone())).collect()
}

fn table_comments(table: &Table) -> Targets {
    let name = qualified(&table.name);
    let mut out = vec![(format!("{} {name}", table_word(table)), table.comment.clone())];
    for column in &table.columns {
        out.push((format!("COLUMN {name}.{}", ident(&column.name)), column.comment.clone()));
    }
    out.extend(identities(table).map(|(target, identity)| (target, identity.comment.clone())));
    let constraint = |constraint: &str| format!("CONSTRAINT {} ON {name}", ident(constraint));
    let behind = |constraint: &str| format!("INDEX {}", qualified(&index_name(&table.name, constraint)));
    for key in table.primary_key.iter().chain(&table.uniques) {
        out.push((constraint(&key.name), key.comment.clone()));
        out.push((behind(&key.name), key.index_comment.clone()));
    }
    out.extend(table.checks.iter().map(|check| (constraint(&check.name), check.comment.clone())));
    for exclusion in &table.exclusions {
        out.push((constraint(&exclusion.name), exclusion.comment.clone()));
        out.push((behind(&exclusion.name), exclusion.index_comment.clone()));
    }
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
    let mut out = Vec::new();
    for (target, column, list) in privileges(schema, key) {
        match column {
            Some(column) => out.extend(column_grants(&target, &column, list)),
            None => out.extend(grants(&target, list)),
        }
    }
    out
}

/// What can carry privileges in one object: target as `GRANT … ON` names it, column if it is one, and the privileges.
pub fn privileges<'s>(schema: &'s Schema, key: &ObjectKey) -> Vec<(String, Option<String>, &'s [Grant])> {
    let name = &key.name;
    let one = |target: String, list: &'s [Grant]| vec![(target, None, list)];
    let ty = || format!("TYPE {}", qualified(name));
    let found = match key.kind {
        ObjectKind::Namespace => {
            let found = schema.namespaces.iter().find(|n| n.name == name.name);
            found.map(|n| one(format!("SCHEMA {}", ident(&n.name)), &n.grants))
        }
        ObjectKind::Enum => schema.enums.iter().find(|e| &e.name == name).map(|e| one(ty(), &e.grants)),
        ObjectKind::Domain => schema.domains.iter().find(|d| &d.name == name).map(|d| one(ty(), &d.grants)),
        ObjectKind::Composite => schema.composites.iter().find(|c| &c.name == name).map(|c| one(ty(), &c.grants)),
        ObjectKind::Range => schema.ranges.iter().find(|r| &r.name == name).map(|r| one(ty(), &r.grants)),
        ObjectKind::Sequence => {
            let found = schema.sequences.iter().find(|s| &s.name == name);
            found.map(|s| one(format!("SEQUENCE {}", qualified(name)), &s.grants))
        }
        ObjectKind::Routine => {
            let found = schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            found.map(|r| one(format!("{} {}", super::routine::grant_word(r), signature(r)), &r.grants))
        }
        ObjectKind::Server => {
            let found = schema.servers.iter().find(|s| s.name == name.name);
            found.map(|s| one(format!("FOREIGN SERVER {}", ident(&s.name)), &s.grants))
        }
        ObjectKind::Other => {
            let found = schema.others.iter().find(|o| &o.name == name && other_member(o) == key.member);
            found.map(|o| one(super::order::other_target(o), &o.grants))
        }
        ObjectKind::View => schema.view(name).map(|view| {
            let details = |name: &String| view.column_details.iter().find(|column| &column.name == name);
            let columns = view.columns.iter().map(|(column, _)| {
                (column, details(column).map(|details| details.grants.as_slice()).unwrap_or_default())
            });
            with_columns(name, &view.grants, columns)
        }),
        ObjectKind::Table => schema.table(name).map(|table| {
            let columns = table.columns.iter().map(|column| (&column.name, column.grants.as_slice()));
            let mut found = with_columns(name, &table.grants, columns);
            found.extend(identities(table).map(|(target, identity)| (target, None, identity.grants.as_slice())));
            found
        }),
        _ => None,
    };
    found.unwrap_or_default()
}

/// The identities of a table and how their sequences are named.
fn identities(table: &Table) -> impl Iterator<Item = (String, &Identity)> {
    table.columns.iter().filter_map(|column| {
        let identity = column.identity.as_ref()?;
        let usual = || identity_sequence(&table.name, &column.name);
        Some((format!("SEQUENCE {}", qualified(&identity.sequence.clone().unwrap_or_else(usual))), identity))
    })
}

fn with_columns<'s>(
    name: &ObjectName,
    whole: &'s [Grant],
    columns: impl Iterator<Item = (&'s String, &'s [Grant])>,
) -> Vec<(String, Option<String>, &'s [Grant])> {
    let target = format!("TABLE {}", qualified(name));
    let columns = columns.map(|(column, list)| (target.clone(), Some(column.clone()), list));
    std::iter::once((target.clone(), None, whole)).chain(columns).collect()
}

/// Kinds of opaque objects that nobody owns.
const OWNERLESS: &[&str] =
    &["RULE", "CAST", "TRANSFORM", "USER MAPPING", "ACCESS METHOD", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE"];

/// The owner of one object, and how `ALTER … OWNER TO` names it; `None` if it has none of its own.
pub fn owner<'s>(schema: &'s Schema, key: &ObjectKey) -> Option<(String, Option<&'s str>)> {
    let name = &key.name;
    let owner = match key.kind {
        ObjectKind::Namespace => &schema.namespaces.iter().find(|n| n.name == name.name)?.owner,
        ObjectKind::Enum => &schema.enums.iter().find(|e| &e.name == name)?.owner,
        ObjectKind::Domain => &schema.domains.iter().find(|d| &d.name == name)?.owner,
        ObjectKind::Composite => &schema.composites.iter().find(|c| &c.name == name)?.owner,
        ObjectKind::Range => &schema.ranges.iter().find(|r| &r.name == name)?.owner,
        ObjectKind::Sequence => &schema.sequences.iter().find(|s| &s.name == name)?.owner,
        ObjectKind::Table => &schema.table(name)?.owner,
        ObjectKind::View => &schema.view(name)?.owner,
        ObjectKind::Server => &schema.servers.iter().find(|s| s.name == name.name)?.owner,
        ObjectKind::Routine => &schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member)?.owner,
        ObjectKind::Other => {
            let other = schema.others.iter().find(|o| &o.name == name && other_member(o) == key.member)?;
            if OWNERLESS.contains(&other.kind.as_str()) {
                return None;
            }
            &other.owner
        }
        _ => return None,
    };
    let (target, _) = comment_targets(schema, key).into_iter().next()?;
    Some((target, owner.as_deref()))
}

/// The statement that gives an object to a role; `None` is whoever runs it.
pub fn set_owner(target: &str, owner: Option<&str>) -> String {
    format!("ALTER {target} OWNER TO {}", owner.map_or_else(|| "CURRENT_USER".to_string(), ident))
}

/// The statements that make default privileges of those there are from the start.
pub fn default_privileges(privileges: &DefaultPrivileges) -> Vec<String> {
    privileges.grants.iter().map(|grant| by_default(privileges, &give(&privileges.objects, "", grant))).collect()
}

/// The statements that take back what [`default_privileges`] gives.
pub fn no_default_privileges(privileges: &DefaultPrivileges) -> Vec<String> {
    privileges.grants.iter().map(|grant| by_default(privileges, &take(&privileges.objects, "", grant))).collect()
}

fn by_default(privileges: &DefaultPrivileges, action: &str) -> String {
    let mut out = "ALTER DEFAULT PRIVILEGES".to_string();
    if !privileges.role.is_empty() {
        out.push_str(&format!(" FOR ROLE {}", ident(&privileges.role)));
    }
    if !privileges.namespace.is_empty() {
        out.push_str(&format!(" IN SCHEMA {}", ident(&privileges.namespace)));
    }
    format!("{out} {action}")
}
