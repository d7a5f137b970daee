//! Foreign keys.

use crate::declare::{Entity, Field, ReferenceDeclaration};
use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;
use crate::model::{ForeignKey, Match, ObjectKey, ObjectKind, Table};
use crate::naming;
use crate::types::Type;

use super::{Lowering, column, columns_of, names, table_name};

/// Lowers the references of fields, then the foreign keys of the entity.
pub(super) fn lower(lowering: &mut Lowering<'_>, entity: &Entity, table: &mut Table) {
    for field in &entity.fields {
        if let Some(reference) = &field.references {
            add(lowering, entity, std::slice::from_ref(&field.name), reference, table);
        }
    }
    for reference in &entity.foreign_keys {
        add(lowering, entity, &reference.fields, reference, table);
    }
}

fn add(
    lowering: &mut Lowering<'_>,
    entity: &Entity,
    fields: &[String],
    reference: &ReferenceDeclaration,
    table: &mut Table,
) {
    let columns = columns_of(entity, fields);
    let object = ObjectKey::member(ObjectKind::ForeignKey, &table.name, &columns.join("_"));
    let Some(target) = lowering.entity(&reference.entity, &reference.span, object.clone()) else { return };
    let here: Vec<&Field> = fields.iter().filter_map(|name| entity.field(name)).collect();
    let problems = match referenced(target, reference, here.len()) {
        Ok(there) => {
            let problems = mismatches(lowering, entity, target, &here, &there);
            if problems.is_empty() {
                let referenced_columns = there.iter().map(|field| field.column_name().to_string()).collect();
                let name = name(lowering, table, &columns, reference);
                table.foreign_keys.push(ForeignKey {
                    name,
                    columns,
                    references: table_name(target, lowering.dialect),
                    referenced_columns,
                    on_delete: reference.on_delete,
                    on_update: reference.on_update,
                    deferral: if lowering.dialect == Dialect::Mysql {
                        Default::default()
                    } else {
                        reference.deferral.clone()
                    },
                    matching: if lowering.dialect == Dialect::Postgres { reference.matching } else { Match::Simple },
                    ..ForeignKey::default()
                });
            }
            problems
        }
        Err(problem) => vec![*problem],
    };
    for problem in problems {
        lowering.report(problem, &reference.span, object.clone());
    }
}

fn name(lowering: &mut Lowering<'_>, table: &Table, columns: &[String], reference: &ReferenceDeclaration) -> String {
    let dialect = lowering.dialect;
    if let Some(name) = &reference.name {
        return name.clone();
    }
    if dialect == Dialect::Sqlite {
        return String::new();
    }
    let base = names::convention(&table.name, columns, "fkey");
    let numbered = (1..).map(|number| format!("{base}{number}"));
    std::iter::once(base.clone())
        .chain(numbered)
        .map(|name| naming::fit(dialect, &name))
        .find(|name| table.foreign_keys.iter().all(|key| &key.name != name))
        .unwrap_or(base)
}

/// The fields referred to: as named, else the key of the other entity.
fn referenced<'e>(
    target: &'e Entity,
    reference: &ReferenceDeclaration,
    count: usize,
) -> Result<Vec<&'e Field>, Box<Diagnostic>> {
    let key = target.key_fields();
    let error = |code, message: String, help: String| Err(Box::new(Diagnostic::error(code, message).help(help)));
    if reference.referenced_fields.is_empty() {
        if key.len() != count {
            let message = format!("`{}` has a key of {} fields, and {count} refer to it", target.name, key.len());
            let names: Vec<&str> = key.iter().map(|field| field.name.as_str()).collect();
            let help = match names.len() {
                0 => format!("name the field: `{}.code`, with `#[unique]` on it", target.name),
                _ => format!("write `#[foreign_key(… => {}({}))]` on the struct", target.name, names.join(", ")),
            };
            return error("schema-reference-key", message, help);
        }
        return Ok(key);
    }
    let mut fields = Vec::new();
    for name in &reference.referenced_fields {
        match target.field(name) {
            Some(field) => fields.push(field),
            None => {
                let known = target.fields.iter().map(|field| field.name.as_str());
                let help = match naming::closest(name, known) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("look at `struct {}`", target.name),
                };
                return error("schema-unknown-field", format!("`{}` has no field `{name}`", target.name), help);
            }
        }
    }
    if !is_unique(target, &fields) {
        let names = reference.referenced_fields.join(", ");
        let message = format!("`{}` may have several rows with the same {names}", target.name);
        let help = format!("a reference needs one row: put `#[unique]` on `{}.{names}`", target.name);
        return error("schema-reference-not-unique", message, help);
    }
    Ok(fields)
}

/// Whether no two rows have the same values in these fields.
pub(super) fn is_unique(entity: &Entity, fields: &[&Field]) -> bool {
    let mut wanted: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    wanted.sort_unstable();
    let same = |names: Vec<&str>| {
        let mut names = names;
        names.sort_unstable();
        names == wanted
    };
    let key = same(entity.key_fields().iter().map(|field| field.name.as_str()).collect());
    let single = matches!(fields, [field] if field.unique);
    let declared = entity.indexes.iter().any(|index| {
        let names = index.parts.iter().map(|part| part.field.as_str()).collect();
        index.unique && index.predicate.is_none() && same(names)
    });
    key || single || declared
}

/// Both ends of a foreign key must be of one type.
fn mismatches(
    lowering: &Lowering<'_>,
    entity: &Entity,
    target: &Entity,
    here: &[&Field],
    there: &[&Field],
) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (from, to) in here.iter().zip(there) {
        let (Ok(left), Ok(right)) = (column::ty(lowering, entity, from), column::ty(lowering, target, to)) else {
            continue;
        };
        if kind(lowering.dialect, &left.logical) != kind(lowering.dialect, &right.logical) {
            let message = format!(
                "`{}: {}` refers to `{}.{}: {}`, which is of another type",
                from.name, from.rust_type, target.name, to.name, to.rust_type
            );
            let ty = if to.id { key_type(target, to) } else { to.rust_type.clone() };
            let help = format!("write `{}: {ty}`", from.name);
            problems.push(Diagnostic::error("schema-reference-type", message).help(help));
        }
    }
    problems
}

fn key_type(target: &Entity, field: &Field) -> String {
    match field.rust_type.as_str() {
        "Id<Self>" => format!("Id<{}>", target.name),
        other => other.to_string(),
    }
}

/// Types that compare with each other in a foreign key, as the strictest database sees it.
pub(super) fn kind(dialect: Dialect, ty: &Type) -> Type {
    match ty {
        Type::Int(_) | Type::UInt(_) if dialect != Dialect::Mysql => Type::Int(8),
        // `tinyint(1)`: what stands in parentheses is only how it is shown.
        Type::Bool if dialect == Dialect::Mysql => Type::Int(1),
        Type::Text | Type::VarChar(_) | Type::Char(_) => Type::Text,
        Type::Bytes(_) => Type::Bytes(None),
        Type::Decimal(_) => Type::Decimal(None),
        Type::DateTime(_) => Type::DateTime(None),
        Type::Timestamp(_) => Type::Timestamp(None),
        Type::Time(_) => Type::Time(None),
        other => other.clone(),
    }
}
