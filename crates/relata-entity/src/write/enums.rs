//! Enums: named types on PostgreSQL, inline in columns on MariaDB.

use relata_schema::declare::EnumDeclaration;
use relata_schema::lower::sayable;
use relata_schema::model::{Column, Schema, Table};
use relata_schema::naming;
use relata_schema::types::Type;

use super::names::{Names, variants};

/// The columns with an inline enum.
pub(super) fn inline(schema: &Schema) -> impl Iterator<Item = (&Table, &Column)> {
    let tables = schema.tables.iter().filter(|table| sayable::table(schema, table));
    let columns = tables.flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    columns.filter(|(_, column)| {
        matches!(&column.ty.logical, Type::Enum(name, values) if name.name.is_empty() && !values.is_empty())
    })
}

/// All enums of a schema.
pub(super) fn declarations(schema: &Schema, names: &Names) -> Vec<EnumDeclaration> {
    let usual = schema.dialect.default_namespace();
    let mut declarations = Vec::new();
    for declared in &schema.enums {
        let Some(name) = names.stored_enum(&declared.name) else { continue };
        let conventional = naming::snake(name) == declared.name.name;
        declarations.push(EnumDeclaration {
            name: name.to_string(),
            database_name: (!conventional).then(|| declared.name.name.clone()),
            namespace: (declared.name.namespace != usual).then(|| declared.name.namespace.clone()),
            values: variants(&declared.values),
            doc: declared.comment.clone(),
            ..EnumDeclaration::default()
        });
    }
    for (table, column) in inline(schema) {
        let (Some(name), Type::Enum(_, values)) = (names.column_enum(&table.name, &column.name), &column.ty.logical)
        else {
            continue;
        };
        declarations.push(EnumDeclaration {
            name: name.to_string(),
            values: variants(values),
            ..EnumDeclaration::default()
        });
    }
    declarations
}
