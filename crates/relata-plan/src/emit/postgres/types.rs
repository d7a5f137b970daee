//! Enums, domains and composites.

use relata_schema::dialect::postgres::print::{
    check_clause, create_composite, create_domain, create_enum, ident, literal, qualified,
};
use relata_schema::model::{Check, CompositeType, Domain, EnumType, ObjectKey, ObjectKind, ObjectName};

use super::scope::Scope;
use super::steps::{Steps, loses};

/// The name a type has while its successor is there too.
pub(super) fn retired(name: &ObjectName) -> ObjectName {
    let mut short = name.name.clone();
    while short.len() + "__old".len() > 63 {
        short.pop();
    }
    ObjectName::new(&name.namespace, format!("{short}__old"))
}

fn rebuilt(scope: &Scope<'_>, name: &ObjectName) -> bool {
    scope.rebuilt_types.contains(name)
}

/// Renames the types that make room for a successor of the same name.
pub(super) fn retire(scope: &Scope<'_>, steps: &mut Steps) {
    for name in &scope.rebuilt_types {
        let sql = format!("ALTER TYPE {} RENAME TO {}", qualified(name), ident(&retired(name).name));
        let step = steps.add(format!("retire type {name}"), ObjectKey::of(ObjectKind::Enum, name), sql);
        let old = scope.from.enums.iter().find(|ty| &ty.name == name);
        let Some((old, new)) = old.zip(scope.to.enums.iter().find(|ty| &ty.name == name)) else { continue };
        let gone: Vec<&str> =
            old.values.iter().filter(|value| !new.values.contains(value)).map(String::as_str).collect();
        if !gone.is_empty() {
            loses(step, format!("the values {}; rows that hold one stop the plan", gone.join(", ")));
        }
    }
}

/// Creates or alters an enum.
pub(super) fn enumeration(scope: &Scope<'_>, to: &EnumType, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Enum, &to.name);
    let Some(from) = scope.from.enums.iter().find(|from| from.name == to.name).filter(|_| !rebuilt(scope, &to.name))
    else {
        steps.add(format!("create enum {}", to.name), key, create_enum(to));
        return;
    };
    let mut known = from.values.clone();
    for (index, value) in to.values.iter().enumerate() {
        if known.contains(value) {
            continue;
        }
        let next = to.values[index + 1..].iter().find(|value| known.contains(value));
        let place = next.map_or_else(String::new, |next| format!(" BEFORE {}", literal(next)));
        let sql = format!("ALTER TYPE {} ADD VALUE {}{place}", qualified(&to.name), literal(value));
        steps.add(format!("add value {value} to enum {}", to.name), key.clone(), sql);
        known.push(value.clone());
    }
}

/// The check of a domain is not made anew.
pub(super) fn check_stays(check: &Check, to: &Domain) -> bool {
    let new = to.checks.iter().find(|new| new.name == check.name);
    new.is_some_and(|new| new.expression == check.expression && (check.not_valid || !new.not_valid))
}

/// Creates or alters a domain.
pub(super) fn domain(scope: &Scope<'_>, to: &Domain, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Domain, &to.name);
    let name = qualified(&to.name);
    let alter = format!("ALTER DOMAIN {name}");
    let mut add = |sql: String| {
        steps.add(format!("alter domain {}", to.name), key.clone(), sql);
    };
    let Some(from) = scope.from.domains.iter().find(|from| from.name == to.name).filter(|_| !rebuilt(scope, &to.name))
    else {
        add(create_domain(to));
        let unchecked = to.checks.iter().filter(|check| check.not_valid);
        unchecked.for_each(|check| add(format!("{alter} ADD {}", check_clause(check))));
        return;
    };
    if from.default != to.default {
        add(match &to.default {
            Some(default) => format!("{alter} SET DEFAULT {default}"),
            None => format!("{alter} DROP DEFAULT"),
        });
    }
    for check in &from.checks {
        let new = to.checks.iter().find(|new| new.name == check.name);
        if !check_stays(check, to) {
            add(format!("{alter} DROP CONSTRAINT {}", ident(&check.name)));
        } else if check.not_valid && new.is_some_and(|new| !new.not_valid) {
            add(format!("{alter} VALIDATE CONSTRAINT {}", ident(&check.name)));
        }
    }
    for check in &to.checks {
        let old = from.checks.iter().find(|old| old.name == check.name);
        if old.is_none_or(|old| old.expression != check.expression || check.not_valid && !old.not_valid) {
            add(format!("{alter} ADD {}", check_clause(check)));
        }
    }
    if from.not_null != to.not_null {
        add(format!("{alter} {} NOT NULL", if to.not_null { "SET" } else { "DROP" }));
    }
}

/// Creates or alters a composite type.
pub(super) fn composite(scope: &Scope<'_>, to: &CompositeType, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Composite, &to.name);
    let Some(from) =
        scope.from.composites.iter().find(|from| from.name == to.name).filter(|_| !rebuilt(scope, &to.name))
    else {
        steps.add(format!("create type {}", to.name), key, create_composite(to));
        return;
    };
    let alter = format!("ALTER TYPE {}", qualified(&to.name));
    let mut add = |sql: String| {
        steps.add(format!("alter type {}", to.name), key.clone(), sql);
    };
    // Anything but new attributes at the end rebuilds the type.
    for (name, ty) in &to.attributes[from.attributes.len()..] {
        add(format!("{alter} ADD ATTRIBUTE {} {} CASCADE", ident(name), ty.physical));
    }
}
