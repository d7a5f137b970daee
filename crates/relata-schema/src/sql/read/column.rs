//! Columns and types.

use super::constraint::{identity_or_expression, reference};
use super::cursor::Cursor;
use crate::dialect::Dialect;
use crate::sql::{ColumnDefinition, TokenKind, TypeName};

/// Words that end the default or type of a column.
pub const STOP: &[&str] = &[
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "CONSTRAINT",
    "COLLATE",
    "GENERATED",
    "AS",
    "AUTO_INCREMENT",
    "AUTOINCREMENT",
    "COMMENT",
    "ON",
    "DEFERRABLE",
    "INITIALLY",
    "AFTER",
    "FIRST",
    "CHARACTER",
    "CHARSET",
    "STORED",
    "VIRTUAL",
    "PERSISTENT",
    "INVISIBLE",
    "VISIBLE",
    "STORAGE",
    "COMPRESSION",
    "ENFORCED",
    "KEY",
    "USING",
    "OPTIONS",
    "INCLUDE",
];

/// A column's definition: name, type and constraints.
pub fn definition(mut cursor: Cursor<'_, '_>) -> Option<ColumnDefinition> {
    let extent = cursor.extent();
    let name = cursor.name()?;
    // MariaDB's short form of `bigint UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE`.
    let serial = cursor.dialect == Dialect::Mysql && cursor.is("SERIAL");
    let ty = type_name(&mut cursor).map(|ty| TypeName { unsigned: ty.unsigned || serial, ..ty });
    let mut column = ColumnDefinition {
        extent,
        name,
        ty,
        not_null: serial,
        unique: serial,
        auto_increment: serial,
        ..ColumnDefinition::default()
    };
    while !cursor.is_done() {
        constraint(&mut cursor, &mut column);
    }
    Some(column)
}

fn constraint(cursor: &mut Cursor<'_, '_>, column: &mut ColumnDefinition) {
    if cursor.take("CONSTRAINT") {
        cursor.name();
        return;
    }
    if cursor.take_all(&["NOT", "NULL"]) {
        column.not_null = true;
    } else if cursor.take_all(&["NOT", "VALID"]) {
        column.not_valid = true;
    } else if cursor.take("NULL") {
        column.null = true;
    } else if cursor.take("DEFAULT") {
        column.default = Some(cursor.expression(STOP));
    } else if cursor.take_all(&["PRIMARY", "KEY"]) {
        column.primary_key = true;
    } else if cursor.take("UNIQUE") {
        column.unique = true;
    } else if cursor.take("REFERENCES") {
        column.references = Some(reference(cursor));
    } else if cursor.take("CHECK") {
        column.check = cursor.group().map(|mut inside| inside.expression(&[]));
    } else if cursor.is("GENERATED") || cursor.is("AS") {
        column.generated = identity_or_expression(cursor);
    } else if cursor.take("AUTO_INCREMENT") || cursor.take("AUTOINCREMENT") {
        column.auto_increment = true;
    } else if cursor.take("COLLATE") {
        column.collation = cursor.name().map(|name| name.to_string());
    } else if cursor.take_all(&["CHARACTER", "SET"]) || cursor.take("CHARSET") {
        column.charset = cursor.name().map(|name| name.to_string());
    } else if cursor.take("FIRST") {
        column.placed = true;
    } else if cursor.take("AFTER") {
        column.placed = true;
        cursor.name();
    } else {
        cursor.next();
    }
}

/// A type, if one is next.
pub fn type_name(cursor: &mut Cursor<'_, '_>) -> Option<TypeName> {
    let first = cursor.peek().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
    let quoted = first.kind == TokenKind::Quoted;
    let stops = |word: &str| !matches!(word, "CHARACTER") && STOP.contains(&word);
    if !quoted && stops(&first.text.to_ascii_uppercase()) {
        return None;
    }
    let name = cursor.name()?;
    let mut ty = TypeName { extent: name.extent, ..TypeName::default() };
    let plain = match name.parts.as_slice() {
        [one] if quoted && one == "char" && cursor.dialect == Dialect::Postgres => "\"char\"".to_string(),
        [schema, one] if schema == "pg_catalog" => one.clone(),
        _ => name.to_string(),
    };
    let from = cursor.rest();
    ty.name = words(cursor, &plain);
    arguments(cursor, &mut ty);
    zone(cursor, &mut ty);
    modifiers(cursor, &mut ty);
    let taken = from.len() - cursor.rest().len();
    if let Some(last) = taken.checked_sub(1).and_then(|at| from.get(at)) {
        ty.extent = ty.extent.through(last.extent());
    }
    ty.name = canonical(&ty.name, cursor.dialect);
    Some(ty)
}

/// The further words of a name of several words.
fn words(cursor: &mut Cursor<'_, '_>, first: &str) -> String {
    let mut name = first.to_lowercase();
    let more: &[&str] = match name.as_str() {
        "double" => &["PRECISION"],
        "character" | "char" | "nchar" | "bit" => &["VARYING"],
        "national" => &["CHARACTER", "CHAR", "VARCHAR", "VARYING"],
        "long" => &["VARCHAR", "VARBINARY", "TEXT"],
        _ => &[],
    };
    while let Some(word) = more.iter().find(|word| cursor.take(word)) {
        name = format!("{name} {}", word.to_lowercase());
    }
    if cursor.dialect == Dialect::Sqlite {
        while let Some(token) = cursor.peek().filter(|token| token.kind == TokenKind::Word) {
            if STOP.contains(&token.text.to_ascii_uppercase().as_str()) {
                break;
            }
            name = format!("{name} {}", token.text.to_lowercase());
            cursor.next();
        }
    }
    name
}

fn arguments(cursor: &mut Cursor<'_, '_>, ty: &mut TypeName) {
    if let Some(inside) = cursor.group() {
        let part = |part: Cursor<'_, '_>| part.rest().iter().map(|token| token.text).collect::<String>();
        ty.arguments.extend(inside.split().into_iter().map(part));
    }
}

fn zone(cursor: &mut Cursor<'_, '_>, ty: &mut TypeName) {
    if cursor.take_all(&["WITH", "TIME", "ZONE"]) {
        ty.name.push_str("tz");
    } else {
        cursor.take_all(&["WITHOUT", "TIME", "ZONE"]);
    }
}

fn modifiers(cursor: &mut Cursor<'_, '_>, ty: &mut TypeName) {
    loop {
        if cursor.take("UNSIGNED") {
            ty.unsigned = true;
        } else if cursor.mark("[") {
            ty.array = true;
            while cursor.peek().is_some_and(|token| !token.is_mark("]")) {
                cursor.next();
            }
            cursor.mark("]");
        } else if cursor.take("ARRAY") {
            ty.array = true;
        } else if !(cursor.take("SIGNED") || cursor.take("ZEROFILL")) {
            return;
        }
    }
}

/// One spelling for each type.
fn canonical(name: &str, dialect: Dialect) -> String {
    let shared = match name {
        "int" | "integer" | "int4" => "integer",
        "int8" | "bigint" => "bigint",
        "int2" | "smallint" => "smallint",
        "serial" | "serial4" => "serial",
        "serial8" | "bigserial" => "bigserial",
        "serial2" | "smallserial" => "smallserial",
        "character varying" | "char varying" | "varchar" | "national varchar" | "nvarchar" => "varchar",
        "character" | "char" | "bpchar" | "nchar" | "national character" | "national char" => "char",
        "bool" | "boolean" => "boolean",
        "decimal" | "dec" | "numeric" | "fixed" => "numeric",
        "float8" | "double" | "double precision" => "double precision",
        "bit varying" | "varbit" => "varbit",
        other => other,
    };
    match (dialect, shared) {
        (Dialect::Postgres, "float4") => "real".into(),
        (Dialect::Postgres, "float") => "double precision".into(),
        (Dialect::Mysql, "serial") => "bigint".into(),
        _ => shared.into(),
    }
}
