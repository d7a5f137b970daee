//! Lowers what was written and lets it say more where the outcome differs.

use relata_schema::declare::{Declaration, DefaultValue, Field};
use relata_schema::dialect::Dialect;
use relata_schema::lower;
use relata_schema::model::{Column, Schema};
use relata_schema::types::Type;

use super::tables::without_cast;

/// Adds exact types and verbatim defaults where the conventions give others. Types come first: a default may depend on
/// the type.
pub(super) fn settle(schema: &Schema, declaration: &mut Declaration) {
    name_variants(declaration);
    each_field(schema, declaration, |field, column, lowered| settle_type(schema, field, column, lowered));
    each_field(schema, declaration, |field, column, lowered| settle_default(schema.dialect, field, column, lowered));
}

/// Calls back for every field with its column as it is, and as it would be made.
fn each_field(
    schema: &Schema,
    declaration: &mut Declaration,
    mut each: impl FnMut(&mut Field, &Column, Option<&Column>),
) {
    let (lowered, _) = lower::lower(declaration, schema.dialect);
    for entity in &mut declaration.entities {
        let name = lower::table_name(entity, schema.dialect);
        let Some(table) = schema.table(&name) else { continue };
        let now = lowered.table(&name);
        for field in &mut entity.fields {
            let Some(column) = table.column(field.column_name()) else { continue };
            each(field, column, now.and_then(|table| table.column(&column.name)));
        }
    }
}

/// A default that is the value of an enum is said as its variant.
fn name_variants(declaration: &mut Declaration) {
    let enums = declaration.enums.clone();
    for field in declaration.entities.iter_mut().flat_map(|entity| &mut entity.fields) {
        let Some(DefaultValue::Sql(sql)) = &field.default else { continue };
        let Some(declared) = enums.iter().find(|declared| declared.name == field.rust_type) else { continue };
        let literal = sql.split("::").next().unwrap_or_default();
        let value = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let variant = value.and_then(|value| declared.values.iter().find(|(_, known)| known == value));
        if let Some((variant, _)) = variant {
            field.default = Some(DefaultValue::Variant(variant.clone()));
        }
    }
}

fn settle_type(schema: &Schema, field: &mut Field, column: &Column, lowered: Option<&Column>) {
    let wanted = physical(schema, column);
    let same = lowered.is_some_and(|lowered| lowered.ty.physical == wanted);
    if !same && field.db_types.is_empty() {
        field.db_types.push((schema.dialect.word().to_string(), wanted));
    }
}

/// The exact type; of a domain the type below, because entities cannot declare domains.
fn physical(schema: &Schema, column: &Column) -> String {
    match &column.ty.logical {
        Type::Domain(name) => {
            let domain = schema.domains.iter().find(|domain| &domain.name == name);
            domain.map_or_else(|| column.ty.physical.clone(), |domain| domain.base.physical.clone())
        }
        _ => column.ty.physical.clone(),
    }
}

fn settle_default(dialect: Dialect, field: &mut Field, column: &Column, lowered: Option<&Column>) {
    let Some(wanted) = &column.default else { return };
    if matches!(field.default, None | Some(DefaultValue::Sql(_))) {
        return;
    }
    let now = lowered.and_then(|lowered| lowered.default.as_deref());
    let same =
        now.is_some_and(|now| without_cast(dialect, &column.ty, now) == without_cast(dialect, &column.ty, wanted));
    if !same {
        field.default = Some(DefaultValue::Sql(wanted.clone()));
    }
}
