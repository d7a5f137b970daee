//! What entities can say of a schema that was read.

use crate::dialect::Dialect;
use crate::lower::reference;
use crate::model::{Column, ForeignKey, Index, IndexPart, Key, ObjectName, Schema, Table};
use crate::types::Type;

/// Whether a table can be an entity: partitions and heirs are reached through their parent, virtual tables belong to
/// their module, and there has to be a column that Rust has a type for.
pub fn table(schema: &Schema, table: &Table) -> bool {
    let heir = table.partition_of.is_some() || !table.inherits.is_empty();
    !heir && table.options.virtual_using.is_none() && has_fields(schema, table)
}

/// Whether Rust has a type for any of its columns.
pub fn has_fields(schema: &Schema, table: &Table) -> bool {
    table.columns.iter().any(|one| column(schema, one))
}

/// Whether a column can be a field: Rust has no type for a row within a row.
pub fn column(schema: &Schema, column: &Column) -> bool {
    let mut ty = below(schema, &column.ty.logical);
    while let Type::Array(element) = ty {
        ty = below(schema, element);
    }
    !matches!(ty, Type::Composite(_))
}

/// Whether an index can stand on an entity: over fields, and over expressions where every server of the dialect has such.
pub fn index(schema: &Schema, owner: &Table, index: &Index) -> bool {
    let part = |part: &IndexPart| match &part.expression {
        Some(_) => schema.dialect != Dialect::Mysql,
        None => owner.column(&part.column).is_some_and(|one| column(schema, one)),
    };
    index.parts.iter().all(part)
}

/// Whether a unique constraint can stand on an entity: over fields, on SQLite as they are compared anyway.
pub fn unique(schema: &Schema, owner: &Table, key: &Key) -> bool {
    let own = |part: &IndexPart| schema.dialect == Dialect::Sqlite && (part.collation.is_some() || part.descending);
    let part = |part: &IndexPart| !own(part) && owner.column(&part.column).is_some_and(|one| column(schema, one));
    key.parts.iter().all(part)
}

/// Whether a foreign key can be a reference: it leads to another entity, to one row of it, by values of the same type.
pub fn foreign_key(schema: &Schema, owner: &Table, key: &ForeignKey) -> bool {
    why_not_foreign_key(schema, owner, key).is_none()
}

/// Why a foreign key cannot be a reference.
pub fn why_not_foreign_key(schema: &Schema, owner: &Table, key: &ForeignKey) -> Option<String> {
    let Some(target) = target(schema, &key.references) else {
        return Some(format!("there is no table {}", key.references));
    };
    if !table(schema, target) {
        return Some(format!("{} is no entity", target.name));
    }
    let there: Vec<&str> = match key.referenced_columns.as_slice() {
        [] => target.primary_key.iter().flat_map(|key| key.columns()).collect(),
        named => named.iter().map(String::as_str).collect(),
    };
    if there.len() != key.columns.len() {
        return Some(format!("{} has no key of as many columns", target.name));
    }
    if !is_unique(target, &there) {
        let names = there.join(", ");
        return Some(format!("{} may have several rows with the same {names}", target.name));
    }
    for (here, there) in key.columns.iter().zip(there) {
        let (Some(from), Some(to)) = (owner.column(here), target.column(there)) else {
            return Some(format!("{} has no column {there}", target.name));
        };
        if !column(schema, from) || !column(schema, to) {
            return Some(format!("Rust has no type for {here}"));
        }
        let kind = |column: &Column| reference::kind(schema.dialect, below(schema, &column.ty.logical));
        if kind(from) != kind(to) {
            return Some(format!("{here} is of another type than {there} of {}", target.name));
        }
    }
    None
}

/// The table that is meant; SQLite does not mind the case of names.
fn target<'s>(schema: &'s Schema, name: &ObjectName) -> Option<&'s Table> {
    let loose = || {
        let same = |other: &&Table| other.name.name.eq_ignore_ascii_case(&name.name);
        (schema.dialect == Dialect::Sqlite).then(|| schema.tables.iter().find(same)).flatten()
    };
    schema.table(name).or_else(loose)
}

/// The type below a domain.
fn below<'s>(schema: &'s Schema, ty: &'s Type) -> &'s Type {
    match ty {
        Type::Domain(name) => {
            let domain = schema.domains.iter().find(|domain| &domain.name == name);
            domain.map_or(ty, |domain| below(schema, &domain.base.logical))
        }
        _ => ty,
    }
}

/// Whether no two rows have the same values in these columns.
fn is_unique(table: &Table, columns: &[&str]) -> bool {
    let mut wanted = columns.to_vec();
    wanted.sort_unstable();
    let same = |mut names: Vec<&str>| {
        names.sort_unstable();
        names == wanted
    };
    let keys = table.primary_key.iter().chain(&table.uniques);
    let indexes = table.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    keys.map(|key| key.columns().collect())
        .chain(indexes.map(|index| index.parts.iter().map(|part| part.column.as_str()).collect()))
        .any(same)
}
