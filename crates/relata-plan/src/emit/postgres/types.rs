//! Enums, domains and composites.

use relata_schema::dialect::postgres::print::{
    check_clause, create_composite, create_domain, create_enum, ident, literal, qualified,
};
use relata_schema::model::{CompositeType, Domain, EnumType, ObjectKey, ObjectKind, ObjectName};

use super::scope::Scope;
use super::steps::{Steps, loses};

/// The name an enum has while its successor is there too.
pub(super) fn retired(name: &ObjectName) -> ObjectName {
    let mut short = name.name.clone();
    while short.len() + "__old".len() > 63 {
        short.pop();
    }
    ObjectName::new(&name.namespace, format!("{short}__old"))
}

/// Creates or alters an enum.
pub(super) fn enumeration(scope: &Scope<'_>, to: &EnumType, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Enum, &to.name);
    let Some(from) = scope.from.enums.iter().find(|from| from.name == to.name) else {
        steps.add(format!("create enum {}", to.name), key, create_enum(to));
        return;
    };
    if scope.rebuilt_enums.contains(&to.name) {
        let old = retired(&to.name);
        let sql = format!("ALTER TYPE {} RENAME TO {}", qualified(&to.name), ident(&old.name));
        steps.add(format!("retire enum {}", to.name), key.clone(), sql);
        let step = steps.add(format!("create enum {}", to.name), key, create_enum(to));
        let gone: Vec<&str> =
            from.values.iter().filter(|value| !to.values.contains(value)).map(String::as_str).collect();
        if !gone.is_empty() {
            loses(step, format!("the values {}; rows that hold one stop the plan", gone.join(", ")));
        }
        return;
    }
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

/// Creates or alters a domain.
pub(super) fn domain(scope: &Scope<'_>, to: &Domain, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Domain, &to.name);
    let name = qualified(&to.name);
    let alter = format!("ALTER DOMAIN {name}");
    let mut add = |sql: String| {
        steps.add(format!("alter domain {}", to.name), key.clone(), sql);
    };
    let Some(from) = scope.from.domains.iter().find(|from| from.name == to.name) else {
        add(create_domain(to));
        let unchecked = to.checks.iter().filter(|check| check.not_valid);
        unchecked.for_each(|check| add(format!("{alter} ADD {}", check_clause(check))));
        return;
    };
    if from.base.physical != to.base.physical || from.collation != to.collation {
        return rebuild_domain(scope, from, to, &mut add);
    }
    if from.default != to.default {
        add(match &to.default {
            Some(default) => format!("{alter} SET DEFAULT {default}"),
            None => format!("{alter} DROP DEFAULT"),
        });
    }
    for check in &from.checks {
        let new = to.checks.iter().find(|new| new.name == check.name);
        if new.is_none_or(|new| new.expression != check.expression || new.not_valid && !check.not_valid) {
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

/// The type below cannot be altered: columns leave the domain and come back.
fn rebuild_domain(scope: &Scope<'_>, from: &Domain, to: &Domain, add: &mut impl FnMut(String)) {
    let mut users = Vec::new();
    for (table, _) in scope.surviving() {
        for column in table.columns.iter().filter(|column| column.ty.physical == qualified(&to.name)) {
            users.push((qualified(&table.name), column));
        }
    }
    for (table, column) in &users {
        let name = ident(&column.name);
        add(format!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT"));
        add(format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {}", from.base.physical));
    }
    add(format!("DROP DOMAIN {}", qualified(&from.name)));
    add(create_domain(to));
    for (table, column) in &users {
        let (name, ty) = (ident(&column.name), qualified(&to.name));
        add(format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {ty} USING {name}::{}::{ty}", to.base.physical));
        if let Some(default) = &column.default {
            add(format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default}"));
        }
    }
}

/// Creates or alters a composite type.
pub(super) fn composite(scope: &Scope<'_>, to: &CompositeType, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Composite, &to.name);
    let Some(from) = scope.from.composites.iter().find(|from| from.name == to.name) else {
        steps.add(format!("create type {}", to.name), key, create_composite(to));
        return;
    };
    let alter = format!("ALTER TYPE {}", qualified(&to.name));
    let mut add = |sql: String| {
        steps.add(format!("alter type {}", to.name), key.clone(), sql);
    };
    for (name, _) in from.attributes.iter().filter(|(name, _)| !to.attributes.iter().any(|(other, _)| other == name)) {
        add(format!("{alter} DROP ATTRIBUTE {} CASCADE", ident(name)));
    }
    for (name, ty) in &to.attributes {
        match from.attributes.iter().find(|(other, _)| other == name) {
            None => add(format!("{alter} ADD ATTRIBUTE {} {} CASCADE", ident(name), ty.physical)),
            Some((_, old)) if old.physical != ty.physical => {
                add(format!("{alter} ALTER ATTRIBUTE {} TYPE {} CASCADE", ident(name), ty.physical));
            }
            Some(_) => {}
        }
    }
}
