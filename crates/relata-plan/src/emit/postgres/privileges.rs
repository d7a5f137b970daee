//! Privileges, and those that new objects get.

use relata_schema::dialect::postgres::print::{
    column_grants, column_revokes, default_privileges, grants, has_privileges, no_default_privileges, owner,
    privileges as held, revokes,
};
use relata_schema::model::{DefaultPrivileges, Grant, ObjectKey, ObjectKind, ObjectName};

use super::objects::made_anew;
use super::scope::Scope;
use super::steps::Steps;

/// Brings the privileges on an object and its columns to what they shall be.
pub(super) fn privileges(scope: &Scope<'_>, key: &ObjectKey, steps: &mut Steps) {
    if !has_privileges(&scope.from, key) && !has_privileges(scope.to, key) && by_default(scope, key).is_empty() {
        return;
    }
    let (before, after) = (held(&scope.from, key), held(scope.to, key));
    let there = !before.is_empty() && !made_anew(scope, key);
    for (target, column, wanted) in after {
        let remade = column.is_some_and(|column| scope.clears(ObjectKind::Column, &key.name, column));
        let same = |(target_before, other, _): &&(String, Option<&str>, &[Grant])| {
            *target_before == target && *other == column
        };
        let old = match before.iter().find(same).filter(|_| there && !remade) {
            Some((_, None, old)) => under_new_owner(owner(&scope.from, key), owner(scope.to, key), old),
            Some((_, Some(_), old)) => old.to_vec(),
            None if column.is_none() && !there => under_new_owner(None, owner(scope.to, key), &by_default(scope, key)),
            None => Vec::new(),
        };
        let what = format!("set privileges on {}", target.to_lowercase());
        for sql in changes(&target, column, &old, wanted) {
            steps.add(what.clone(), key.clone(), sql);
        }
    }
}

/// What is left of privileges once the object has another owner, which it has got before: what the new owner had been
/// given is the owner's, and what the old one did without, the new one does without unless it had been given that.
fn under_new_owner(was: Option<Option<&str>>, shall: Option<Option<&str>>, old: &[Grant]) -> Vec<Grant> {
    let Some(new) = shall.flatten().filter(|new| was.flatten() != Some(*new)) else { return old.to_vec() };
    let given = |privilege: &str| old.iter().any(|grant| grant.grantee == new && grant.privilege == privilege);
    let mut left = Vec::new();
    for grant in old {
        match grant.privilege.strip_prefix("NO ") {
            Some(privilege) if grant.grantee != "PUBLIC" => {
                if !given(privilege) {
                    left.push(Grant { grantee: new.to_string(), ..grant.clone() });
                }
            }
            None if grant.grantee == new => {}
            _ => left.push(grant.clone()),
        }
    }
    left
}

/// What an object has when it is created, from the default privileges that hold while the plan runs.
fn by_default(scope: &Scope<'_>, key: &ObjectKey) -> Vec<Grant> {
    let objects = match key.kind {
        ObjectKind::Table | ObjectKind::View => "TABLES",
        ObjectKind::Sequence => "SEQUENCES",
        ObjectKind::Routine => "FUNCTIONS",
        ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite | ObjectKind::Range => "TYPES",
        ObjectKind::Namespace => "SCHEMAS",
        _ => return Vec::new(),
    };
    let holds = |privileges: &&DefaultPrivileges| {
        privileges.role.is_empty()
            && privileges.objects == objects
            && (privileges.namespace.is_empty() || privileges.namespace == key.name.namespace)
    };
    scope.from.default_privileges.iter().filter(holds).flat_map(|privileges| privileges.grants.clone()).collect()
}

/// Brings the privileges of objects to come to what they shall be.
pub(super) fn defaults(scope: &Scope<'_>, steps: &mut Steps) {
    let (from, to) = (&scope.from.default_privileges, &scope.to.default_privileges);
    let key = ObjectKey::of(ObjectKind::DefaultPrivileges, &ObjectName::default());
    let same = |a: &DefaultPrivileges, b: &DefaultPrivileges| {
        (&a.role, &a.namespace, &a.objects) == (&b.role, &b.namespace, &b.objects)
    };
    let beyond = |of: &DefaultPrivileges, others: &[DefaultPrivileges]| {
        let other =
            others.iter().find(|other| same(of, other)).map(|other| other.grants.as_slice()).unwrap_or_default();
        let grants = of.grants.iter().filter(|grant| !other.contains(grant)).cloned().collect();
        DefaultPrivileges { grants, ..of.clone() }
    };
    let namespace_goes =
        |name: &str| !name.is_empty() && !scope.to.namespaces.iter().any(|namespace| namespace.name == name);
    let gone = from.iter().filter(|old| !namespace_goes(&old.namespace));
    let statements = gone.flat_map(|old| no_default_privileges(&beyond(old, to)));
    let statements = statements.chain(to.iter().flat_map(|new| default_privileges(&beyond(new, from))));
    for sql in statements {
        steps.add("set default privileges", key.clone(), sql);
    }
}

/// The statements that bring privileges from `old` to `new`.
fn changes(target: &str, column: Option<&str>, old: &[Grant], new: &[Grant]) -> Vec<String> {
    let twin = |list: &[Grant], grant: &Grant| {
        list.iter().any(|other| other.grantee == grant.grantee && other.privilege == grant.privilege)
    };
    let mut out = Vec::new();
    let gone: Vec<Grant> = old.iter().filter(|grant| !new.contains(grant)).cloned().collect();
    // With or without grant option: what differs is taken back and given anew, unless it only grows.
    let revoked: Vec<Grant> = gone.into_iter().filter(|grant| grant.grantable || !twin(new, grant)).collect();
    // With the right to give a privilege goes what was given by it; what shall stay is given again. Those who may give come
    // first, as long as who gave what is not kept.
    let shaken = |grant: &Grant| revoked.iter().any(|gone| gone.grantable && gone.privilege == grant.privilege);
    let mut come: Vec<Grant> = new.iter().filter(|grant| !old.contains(grant) || shaken(grant)).cloned().collect();
    come.sort_by_key(|grant| !grant.grantable);
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
