//! Enums, domains and composites.

use relata_schema::dialect::postgres::print::{
    attribute_definition, check_clause, create_composite, create_domain, create_enum, create_range, ident, literal,
    qualified,
};
use relata_schema::model::{
    Attribute, Check, CompositeType, Domain, EnumType, ObjectKey, ObjectKind, ObjectName, RangeType,
};
use relata_schema::{ColumnType, Type};

use super::scope::Scope;
use super::steps::{Steps, loses};

/// The name a type has while its successor is there too.
pub(super) fn retired(name: &ObjectName) -> ObjectName {
    with_ending(name, "__old")
}

/// The function that makes a row of the new type of a row of the old one.
fn converter(name: &ObjectName) -> ObjectName {
    with_ending(name, "__new")
}

/// The name with an ending, cut to fit before it.
pub(super) fn with_ending(name: &ObjectName, ending: &str) -> ObjectName {
    let mut short = name.name.clone();
    while short.len() + ending.len() > 63 {
        short.pop();
    }
    ObjectName::new(&name.namespace, format!("{short}{ending}"))
}

fn rebuilt(scope: &Scope<'_>, name: &ObjectName) -> bool {
    scope.rebuilt_types.contains(name) || scope.replaced_types.contains(name)
}

/// Renames the types that make room for a successor of the same name.
pub(super) fn retire(scope: &Scope<'_>, steps: &mut Steps) {
    for name in &scope.rebuilt_collations {
        let sql = format!("ALTER COLLATION {} RENAME TO {}", qualified(name), ident(&retired(name).name));
        steps.add(format!("retire collation {name}"), ObjectKey::of(ObjectKind::Other, name), sql);
    }
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
pub(super) fn check_stays(scope: &Scope<'_>, check: &Check, to: &Domain) -> bool {
    if scope.bared_domains.contains(&to.name) {
        return false;
    }
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
    let mut from = from.clone();
    if scope.bared_domains.contains(&to.name) {
        from.default = None;
        from.checks.clear();
    }
    if from.default != to.default {
        add(match &to.default {
            Some(default) => format!("{alter} SET DEFAULT {default}"),
            None => format!("{alter} DROP DEFAULT"),
        });
    }
    for check in &from.checks {
        let new = to.checks.iter().find(|new| new.name == check.name);
        if !check_stays(scope, check, to) {
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
        steps.add(format!("create type {}", to.name), key.clone(), create_composite(to));
        for (_, _, sql) in converters(scope, to) {
            steps.add(format!("make rows of the former {} rows of the new", to.name), key.clone(), sql);
        }
        return;
    };
    let alter = format!("ALTER TYPE {}", qualified(&to.name));
    let mut add = |sql: String| {
        steps.add(format!("alter type {}", to.name), key.clone(), sql);
    };
    // Anything but new attributes at the end rebuilds the type.
    for attribute in &to.attributes[from.attributes.len()..] {
        add(format!("{alter} ADD ATTRIBUTE {} CASCADE", attribute_definition(attribute)));
    }
}

/// Creates a range, or what is left of it to alter.
pub(super) fn range(scope: &Scope<'_>, to: &RangeType, steps: &mut Steps) {
    let there = scope.from.ranges.iter().any(|from| from.name == to.name);
    if !there || rebuilt(scope, &to.name) {
        let key = ObjectKey::of(ObjectKind::Range, &to.name);
        steps.add(format!("create type {}", to.name), key, create_range(to));
    }
}

/// The composite on both sides, if it is made anew.
fn remade<'a>(scope: &'a Scope<'_>, ty: &ColumnType) -> Option<(&'a CompositeType, &'a CompositeType)> {
    let Type::Composite(name) = ty.logical.element() else { return None };
    if !scope.rebuilt_types.contains(name) {
        return None;
    }
    let find = |list: &'a [CompositeType]| list.iter().find(|ty| &ty.name == name);
    Some((find(&scope.from.composites)?, find(&scope.to.composites)?))
}

/// How a value of a rebuilt composite, of an array of it or of a domain over it becomes one of the new.
pub(super) fn converted(scope: &Scope<'_>, value: &str, old: &ColumnType, new: &ColumnType) -> Option<String> {
    if let (Type::Domain(old), Type::Domain(_)) = (&old.logical, &new.logical) {
        let base = &scope.from.domains.iter().find(|domain| &domain.name == old)?.base;
        let array = if base.physical.ends_with("[]") { "[]" } else { "" };
        let (from, _) = remade(scope, base)?;
        let value = format!("{value}::{}{array}", qualified(&retired(&from.name)));
        return Some(format!("{}({value})::{}", qualified(&converter(&from.name)), new.physical));
    }
    let (from, _) = remade(scope, old)?;
    (old.physical == new.physical).then(|| format!("{}({value})", qualified(&converter(&from.name))))
}

/// The functions that convert rows of a composite and arrays of them: name, argument, statement.
pub(super) fn converters(scope: &Scope<'_>, to: &CompositeType) -> Vec<(String, String, String)> {
    let used = scope.from.tables.iter().flat_map(|table| &table.columns).any(|column| scope.is_rebuilt(&column.ty));
    let named = ColumnType::new(Type::Composite(to.name.clone()), qualified(&to.name));
    let Some((from, _)) = remade(scope, &named).filter(|_| used) else { return Vec::new() };
    let value = |attribute: &Attribute| {
        let ty = &attribute.ty.physical;
        let Some(old) = from.attributes.iter().find(|old| old.name == attribute.name) else {
            return format!("NULL::{ty}");
        };
        let value = format!("($1).{}", ident(&attribute.name));
        let array = if ty.ends_with("[]") && old.ty.physical.ends_with("[]") { "[]" } else { "" };
        converted(scope, &value, &old.ty, &attribute.ty).unwrap_or_else(|| format!("{value}::text{array}::{ty}"))
    };
    let values: Vec<String> = to.attributes.iter().map(value).collect();
    let (name, new) = (qualified(&converter(&to.name)), qualified(&to.name));
    let old = qualified(&retired(&to.name));
    let head = |of: &str| format!("CREATE FUNCTION {name}({old}{of}) RETURNS {new}{of} LANGUAGE sql IMMUTABLE AS");
    let row = format!("CASE WHEN $1 IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW({})::{new} END", values.join(", "));
    let one = format!("{} {}", head(""), literal(&format!("SELECT {row}")));
    // `unnest` in FROM would take a row apart: the elements are reached by number.
    let many = format!(
        "SELECT CASE WHEN $1 IS NULL THEN NULL ELSE ARRAY(SELECT {name}(($1)[i]) \
         FROM pg_catalog.generate_subscripts($1, 1) AS i ORDER BY i) END"
    );
    vec![
        (name.clone(), old.clone(), one),
        (name.clone(), format!("{old}[]"), format!("{} {}", head("[]"), literal(&many))),
    ]
}
