//! Comments and privileges.

use super::super::identity_sequence;
use super::order::other_member;
use super::routine::text_or_null;
use super::{ident, index_name, qualified, routine_word, signature, table_word, view_word};
use crate::model::{
    Column, CompositeType, DefaultPrivileges, Domain, Grant, Identity, ObjectKey, ObjectKind, ObjectName, Schema,
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
        None => {
            // What its holder gave to others goes with the right to give.
            let cascade = if grant.grantable { " CASCADE" } else { "" };
            format!("REVOKE {}{column} ON {target} FROM {who}{cascade}", grant.privilege)
        }
    }
}

/// Is shown each thing that can carry a comment: how `COMMENT ON` names it, and the comment. The name is made only if it is
/// asked for: most things carry none.
type EachComment<'v> = dyn FnMut(&dyn Fn() -> String, &Option<String>) + 'v;

/// What can carry a comment in one object, as `COMMENT ON` names it, with its comment: the object and all its members.
pub fn comment_targets(schema: &Schema, key: &ObjectKey) -> Vec<(String, Option<String>)> {
    let mut out = Vec::new();
    each_comment(schema, key, &mut |target, text| out.push((target(), text.clone())));
    out
}

/// Whether the object or one of its members has a comment.
pub fn has_comment(schema: &Schema, key: &ObjectKey) -> bool {
    let mut found = false;
    each_comment(schema, key, &mut |_, text| found |= text.is_some());
    found
}

/// The object as `COMMENT ON` and `ALTER … OWNER TO` name it; `None` if the schema has no such object.
pub fn object_target(schema: &Schema, key: &ObjectKey) -> Option<String> {
    let mut first = None;
    each_comment(schema, key, &mut |target, _| {
        first.get_or_insert_with(target);
    });
    first
}

fn each_comment(schema: &Schema, key: &ObjectKey, each: &mut EachComment<'_>) {
    let name = &key.name;
    let mut whole = |word: &str, name: &dyn Fn() -> String, text: &Option<String>| {
        each(&|| format!("{word} {}", name()), text);
    };
    let qualified_name = || qualified(name);
    match key.kind {
        ObjectKind::Namespace => {
            let found = schema.namespaces.iter().find(|n| n.name == name.name);
            found.into_iter().for_each(|n| whole("SCHEMA", &|| ident(&n.name), &n.comment));
        }
        ObjectKind::Extension => {
            let found = schema.extensions.iter().find(|e| e.name == name.name);
            found.into_iter().for_each(|e| whole("EXTENSION", &|| ident(&e.name), &e.comment));
        }
        ObjectKind::Enum => {
            let found = schema.enums.iter().find(|e| &e.name == name);
            found.into_iter().for_each(|e| whole("TYPE", &qualified_name, &e.comment));
        }
        ObjectKind::Domain => {
            schema.domains.iter().find(|d| &d.name == name).into_iter().for_each(|d| domain_comments(d, each));
        }
        ObjectKind::Composite => {
            schema.composites.iter().find(|c| &c.name == name).into_iter().for_each(|c| composite_comments(c, each));
        }
        ObjectKind::Range => {
            let found = schema.ranges.iter().find(|r| &r.name == name);
            found.into_iter().for_each(|r| whole("TYPE", &qualified_name, &r.comment));
        }
        ObjectKind::Server => {
            let found = schema.servers.iter().find(|s| s.name == name.name);
            found.into_iter().for_each(|s| whole("SERVER", &|| ident(&s.name), &s.comment));
        }
        ObjectKind::Sequence => {
            let found = schema.sequences.iter().find(|s| &s.name == name);
            found.into_iter().for_each(|s| whole("SEQUENCE", &qualified_name, &s.comment));
        }
        ObjectKind::Routine => {
            let found = schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            found.into_iter().for_each(|r| whole(routine_word(r), &|| signature(r), &r.comment));
        }
        ObjectKind::Other => {
            let found = schema.others.iter().find(|o| &o.name == name && other_member(o) == key.member);
            found.into_iter().for_each(|o| each(&|| super::order::other_target(o), &o.comment));
        }
        ObjectKind::Table => schema.table(name).into_iter().for_each(|table| table_comments(table, each)),
        ObjectKind::View => schema.view(name).into_iter().for_each(|view| view_comments(view, each)),
        _ => {}
    }
}

fn domain_comments(domain: &Domain, each: &mut EachComment<'_>) {
    let name = || qualified(&domain.name);
    each(&|| format!("DOMAIN {}", name()), &domain.comment);
    for check in &domain.checks {
        each(&|| format!("CONSTRAINT {} ON DOMAIN {}", ident(&check.name), name()), &check.comment);
    }
}

fn composite_comments(ty: &CompositeType, each: &mut EachComment<'_>) {
    let name = || qualified(&ty.name);
    each(&|| format!("TYPE {}", name()), &ty.comment);
    for attribute in &ty.attributes {
        each(&|| format!("COLUMN {}.{}", name(), ident(&attribute.name)), &attribute.comment);
    }
}

fn trigger_comments(table: &ObjectName, triggers: &[Trigger], each: &mut EachComment<'_>) {
    for trigger in triggers {
        each(&|| format!("TRIGGER {} ON {}", ident(&trigger.name), qualified(table)), &trigger.comment);
    }
}

fn table_comments(table: &Table, each: &mut EachComment<'_>) {
    let name = || qualified(&table.name);
    each(&|| format!("{} {}", table_word(table), name()), &table.comment);
    for column in &table.columns {
        each(&|| format!("COLUMN {}.{}", name(), ident(&column.name)), &column.comment);
    }
    for (column, identity) in identities(table) {
        each(&|| identity_target(table, column, identity), &identity.comment);
    }
    let constraint = |constraint: &str| format!("CONSTRAINT {} ON {}", ident(constraint), name());
    let index = |index: &str| format!("INDEX {}", qualified(&index_name(&table.name, index)));
    for key in table.primary_key.iter().chain(&table.uniques) {
        each(&|| constraint(&key.name), &key.comment);
        each(&|| index(&key.name), &key.index_comment);
    }
    for check in &table.checks {
        each(&|| constraint(&check.name), &check.comment);
    }
    for exclusion in &table.exclusions {
        each(&|| constraint(&exclusion.name), &exclusion.comment);
        each(&|| index(&exclusion.name), &exclusion.index_comment);
    }
    for key in &table.foreign_keys {
        each(&|| constraint(&key.name), &key.comment);
    }
    for own in &table.indexes {
        each(&|| index(&own.name), &own.comment);
    }
    for policy in &table.policies {
        each(&|| format!("POLICY {} ON {}", ident(&policy.name), name()), &policy.comment);
    }
    trigger_comments(&table.name, &table.triggers, each);
}

fn view_comments(view: &View, each: &mut EachComment<'_>) {
    let name = || qualified(&view.name);
    each(&|| format!("{} {}", view_word(view), name()), &view.comment);
    for (column, _) in &view.columns {
        let text = view.column_comments.iter().find(|(commented, _)| commented == column).map(|(_, text)| text.clone());
        each(&|| format!("COLUMN {}.{}", name(), ident(column)), &text);
    }
    for index in &view.indexes {
        each(&|| format!("INDEX {}", qualified(&index_name(&view.name, &index.name))), &index.comment);
    }
    trigger_comments(&view.name, &view.triggers, each);
}

/// Is shown each thing that can carry privileges: how `GRANT … ON` names it, the column if it is one, and the privileges.
type EachPrivileges<'v, 's> = dyn FnMut(&dyn Fn() -> String, Option<&'s str>, &'s [Grant]) + 'v;

/// The privileges on one object and its columns.
pub fn grants_of(schema: &Schema, key: &ObjectKey) -> Vec<String> {
    let mut out = Vec::new();
    each_privileges(schema, key, &mut |target, column, list| match column {
        _ if list.is_empty() => {}
        Some(column) => out.extend(column_grants(&target(), column, list)),
        None => out.extend(grants(&target(), list)),
    });
    out
}

/// What can carry privileges in one object: target as `GRANT … ON` names it, column if it is one, and the privileges.
pub fn privileges<'s>(schema: &'s Schema, key: &ObjectKey) -> Vec<(String, Option<&'s str>, &'s [Grant])> {
    let mut out = Vec::new();
    each_privileges(schema, key, &mut |target, column, list| out.push((target(), column, list)));
    out
}

/// Whether somebody was given privileges on the object or one of its columns.
pub fn has_privileges(schema: &Schema, key: &ObjectKey) -> bool {
    let mut found = false;
    each_privileges(schema, key, &mut |_, _, list| found |= !list.is_empty());
    found
}

fn each_privileges<'s>(schema: &'s Schema, key: &ObjectKey, each: &mut EachPrivileges<'_, 's>) {
    let name = &key.name;
    let ty = || format!("TYPE {}", qualified(name));
    let mut whole = |target: &dyn Fn() -> String, list: Option<&'s Vec<Grant>>| {
        if let Some(list) = list {
            each(target, None, list);
        }
    };
    match key.kind {
        ObjectKind::Namespace => {
            let found = schema.namespaces.iter().find(|n| n.name == name.name);
            whole(&|| format!("SCHEMA {}", ident(&name.name)), found.map(|n| &n.grants));
        }
        ObjectKind::Enum => whole(&ty, schema.enums.iter().find(|e| &e.name == name).map(|e| &e.grants)),
        ObjectKind::Domain => whole(&ty, schema.domains.iter().find(|d| &d.name == name).map(|d| &d.grants)),
        ObjectKind::Composite => whole(&ty, schema.composites.iter().find(|c| &c.name == name).map(|c| &c.grants)),
        ObjectKind::Range => whole(&ty, schema.ranges.iter().find(|r| &r.name == name).map(|r| &r.grants)),
        ObjectKind::Sequence => {
            let found = schema.sequences.iter().find(|s| &s.name == name);
            whole(&|| format!("SEQUENCE {}", qualified(name)), found.map(|s| &s.grants));
        }
        ObjectKind::Routine => {
            let found = schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            if let Some(r) = found {
                whole(&|| format!("{} {}", super::routine::grant_word(r), signature(r)), Some(&r.grants));
            }
        }
        ObjectKind::Server => {
            let found = schema.servers.iter().find(|s| s.name == name.name);
            whole(&|| format!("FOREIGN SERVER {}", ident(&name.name)), found.map(|s| &s.grants));
        }
        ObjectKind::Other => {
            let found = schema.others.iter().find(|o| &o.name == name && other_member(o) == key.member);
            if let Some(o) = found {
                whole(&|| super::order::other_target(o), Some(&o.grants));
            }
        }
        ObjectKind::View => schema.view(name).into_iter().for_each(|view| view_privileges(view, each)),
        ObjectKind::Table => schema.table(name).into_iter().for_each(|table| table_privileges(table, each)),
        _ => {}
    }
}

fn view_privileges<'s>(view: &'s View, each: &mut EachPrivileges<'_, 's>) {
    let target = || format!("TABLE {}", qualified(&view.name));
    each(&target, None, &view.grants);
    for (column, _) in &view.columns {
        let details = view.column_details.iter().find(|details| &details.name == column);
        each(&target, Some(column), details.map(|details| details.grants.as_slice()).unwrap_or_default());
    }
}

fn table_privileges<'s>(table: &'s Table, each: &mut EachPrivileges<'_, 's>) {
    let target = || format!("TABLE {}", qualified(&table.name));
    each(&target, None, &table.grants);
    for column in &table.columns {
        each(&target, Some(&column.name), &column.grants);
    }
    for (column, identity) in identities(table) {
        each(&|| identity_target(table, column, identity), None, &identity.grants);
    }
}

/// The identities of a table and their columns.
fn identities(table: &Table) -> impl Iterator<Item = (&Column, &Identity)> {
    table.columns.iter().filter_map(|column| Some((column, column.identity.as_deref()?)))
}

/// The sequence of an identity.
fn identity_target(table: &Table, column: &Column, identity: &Identity) -> String {
    let usual = || identity_sequence(&table.name, &column.name);
    format!("SEQUENCE {}", qualified(&identity.sequence.clone().unwrap_or_else(usual)))
}

/// Kinds of opaque objects that nobody owns.
const OWNERLESS: &[&str] =
    &["RULE", "CAST", "TRANSFORM", "USER MAPPING", "ACCESS METHOD", "TEXT SEARCH PARSER", "TEXT SEARCH TEMPLATE"];

/// The owner of one object; `None` if it has none of its own.
pub fn owner<'s>(schema: &'s Schema, key: &ObjectKey) -> Option<Option<&'s str>> {
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
    Some(owner.as_deref())
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
