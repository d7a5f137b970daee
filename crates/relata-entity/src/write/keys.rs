//! Primary keys, unique constraints and indexes.

use relata_schema::declare::{Entity, IndexDeclaration, IndexPartDeclaration};
use relata_schema::dialect::Dialect;
use relata_schema::lower::sayable;
use relata_schema::model::{Column, Index, IndexPart, Key, Schema, Table};
use relata_schema::naming;
use relata_schema::types::Type;

use super::names::Names;
use super::tables;

/// Says what the key is: `#[id]`, `#[primary_key(…)]` or `no_key`.
pub(super) fn primary_key(schema: &Schema, table: &Table, names: &Names, entity: &mut Entity) {
    let written = |column: &str| entity.fields.iter().any(|field| field.column_name() == column);
    let key = table.primary_key.as_ref().filter(|key| key.columns().all(written));
    let Some(key) = key else {
        entity.no_key = true;
        return;
    };
    let usual = match schema.dialect {
        Dialect::Postgres => naming::constraint(schema.dialect, &table.name.name, &[], "pkey"),
        Dialect::Sqlite | Dialect::Mysql => String::new(),
    };
    if key.name != usual && schema.dialect != Dialect::Mysql {
        entity.primary_key_name = Some(key.name.clone());
    }
    let columns: Vec<&str> = key.columns().collect();
    if schema.dialect == Dialect::Mysql {
        let field = |part: &IndexPart| Some((names.field(&table.name, &part.column), part.length?));
        entity.key_lengths = key.parts.iter().filter_map(field).collect();
    }
    match columns.as_slice() {
        [column] => {
            let generated = table.column(column).is_some_and(|column| is_generated(schema, table, column));
            let strict = table.column(column).is_some_and(is_strict);
            let field = entity.fields.iter_mut().find(|field| field.column_name() == *column);
            if let Some(field) = field {
                field.id = true;
                field.generated_id = generated;
                field.strict_id = generated && strict;
            }
        }
        columns => entity.primary_key = columns.iter().map(|column| names.field(&table.name, column)).collect(),
    }
}

/// Says which columns the database counts beside a key of one.
pub(super) fn counted(schema: &Schema, table: &Table, entity: &mut Entity) {
    for field in entity.fields.iter_mut().filter(|field| !field.id && !field.nullable && field.default.is_none()) {
        let whole = matches!(field.ty, Some(Type::Int(_) | Type::UInt(_))) && schema.dialect != Dialect::Sqlite;
        let column = table.column(field.column_name()).filter(|column| whole && is_generated(schema, table, column));
        field.generated_id = column.is_some();
        field.strict_id = column.is_some_and(is_strict);
    }
}

/// Whether the database makes the values of this column.
fn is_generated(schema: &Schema, table: &Table, column: &Column) -> bool {
    let whole = matches!(column.ty.logical, Type::Int(_) | Type::UInt(_));
    let made = match schema.dialect {
        Dialect::Postgres => column.identity.is_some() || tables::serial(schema, table, column).is_some(),
        Dialect::Mysql => column.auto_increment,
        Dialect::Sqlite => column.ty.physical.eq_ignore_ascii_case("integer") && !table.options.without_rowid,
    };
    whole && made && column.generated.is_none()
}

/// `GENERATED ALWAYS`, `AUTOINCREMENT`. MariaDB has one form only.
fn is_strict(column: &Column) -> bool {
    match &column.identity {
        Some(identity) => identity.always,
        None => column.auto_increment && column.ty.physical.eq_ignore_ascii_case("integer"),
    }
}

/// Says all unique constraints and indexes, with their names where those are not conventional.
pub(super) fn indexes(schema: &Schema, table: &Table, entity: &mut Entity) {
    for key in table.uniques.iter().filter(|key| sayable::unique(schema, table, key)) {
        let declaration = unique(schema.dialect, table, key, entity);
        add(declaration, entity);
    }
    for index in table.indexes.iter().filter(|index| sayable::index(schema, table, index)) {
        let declaration = self::index(schema.dialect, table, index, entity);
        add(declaration, entity);
    }
}

/// What is over one field and says nothing else becomes a plain `#[unique]` or `#[index]`.
fn add(declaration: IndexDeclaration, entity: &mut Entity) {
    let plain = |unique: bool, field: &str| IndexDeclaration {
        unique,
        constraint: unique,
        parts: vec![IndexPartDeclaration { field: field.to_string(), ..IndexPartDeclaration::default() }],
        ..IndexDeclaration::default()
    };
    let name = declaration.parts.first().map(|part| part.field.clone()).unwrap_or_default();
    let field = entity.fields.iter_mut().find(|field| field.name == name);
    match field {
        Some(field) if declaration == plain(true, &name) && !field.unique => field.unique = true,
        Some(field) if declaration == plain(false, &name) && !field.index => field.index = true,
        _ if declaration.parts.is_empty() => {}
        _ => entity.indexes.push(declaration),
    }
}

fn unique(dialect: Dialect, table: &Table, key: &Key, entity: &Entity) -> IndexDeclaration {
    let columns: Vec<&str> = key.columns().collect();
    let usual = match dialect {
        Dialect::Sqlite => String::new(),
        Dialect::Postgres | Dialect::Mysql => naming::constraint(dialect, &table.name.name, &columns, "key"),
    };
    // On MariaDB a unique constraint is an index; with an order it is said as one.
    let ordered = dialect == Dialect::Mysql && key.parts.iter().any(|part| part.descending);
    IndexDeclaration {
        name: (key.name != usual || ordered).then(|| key.name.clone()),
        unique: true,
        constraint: !ordered,
        nulls_not_distinct: key.nulls_not_distinct,
        deferral: key.deferral.clone(),
        parts: parts(&key_parts(dialect, &key.parts), entity),
        include: fields(&key.include, entity),
        ..IndexDeclaration::default()
    }
}

/// What can be said of the parts of a unique constraint: fields, on MariaDB also order and length. The rest is kept.
fn key_parts(dialect: Dialect, parts: &[IndexPart]) -> Vec<IndexPart> {
    let plain = |part: &IndexPart| IndexPart { column: part.column.clone(), ..IndexPart::default() };
    if dialect == Dialect::Mysql { parts.to_vec() } else { parts.iter().map(plain).collect() }
}

fn index(dialect: Dialect, table: &Table, index: &Index, entity: &Entity) -> IndexDeclaration {
    let words: Vec<&str> =
        index.parts.iter().map(|part| if part.column.is_empty() { "expr" } else { part.column.as_str() }).collect();
    let usual = naming::constraint(dialect, &table.name.name, &words, "idx");
    IndexDeclaration {
        name: (index.name != usual).then(|| index.name.clone()),
        unique: index.unique,
        parts: parts(&index.parts, entity),
        method: index.method.clone(),
        include: fields(&index.include, entity),
        predicate: index.predicate.clone(),
        nulls_not_distinct: index.nulls_not_distinct,
        ..IndexDeclaration::default()
    }
}

/// The parts; none if one of them is over a column that is not written.
fn parts(parts: &[IndexPart], entity: &Entity) -> Vec<IndexPartDeclaration> {
    let part = |part: &IndexPart| {
        let field = match &part.expression {
            Some(_) => String::new(),
            None => entity.fields.iter().find(|field| field.column_name() == part.column)?.name.clone(),
        };
        Some(IndexPartDeclaration {
            field,
            expression: part.expression.clone(),
            descending: part.descending,
            nulls: part.nulls,
            operator_class: part.operator_class.clone(),
            collation: part.collation.clone(),
            length: part.length,
        })
    };
    parts.iter().map(part).collect::<Option<Vec<_>>>().unwrap_or_default()
}

fn fields(columns: &[String], entity: &Entity) -> Vec<String> {
    let field = |column: &String| entity.fields.iter().find(|field| field.column_name() == column);
    columns.iter().filter_map(field).map(|field| field.name.clone()).collect()
}
