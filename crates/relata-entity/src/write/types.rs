//! The Rust type for a column.

use relata_schema::dialect::Dialect;
use relata_schema::model::{Column, Schema, Table};
use relata_schema::types::Type;

use super::names::Names;

/// A Rust type, and what the reader will make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RustType {
    pub(super) text: String,
    pub(super) ty: Option<Type>,
}

impl RustType {
    fn new(text: impl Into<String>, ty: Type) -> Self {
        RustType { text: text.into(), ty: Some(ty) }
    }
}

/// The type of a column. `None`: no Rust type holds it (a composite type).
pub(super) fn rust(schema: &Schema, names: &Names, table: &Table, column: &Column) -> Option<RustType> {
    if let Some(name) = names.column_enum(&table.name, &column.name) {
        return Some(RustType { text: name.to_string(), ty: None });
    }
    if column.ty.logical == Type::Bool && schema.dialect == Dialect::Mysql && names_rows(table, &column.name) {
        return Some(RustType::new("i8", Type::Int(1)));
    }
    of(schema, names, &column.ty.logical)
}

/// A key, or part of what refers to one: on MariaDB, whose `boolean` is a small number, it is a number.
fn names_rows(table: &Table, column: &str) -> bool {
    let is_key = table.primary_key.as_ref().is_some_and(|key| key.columns().eq([column]));
    is_key || table.foreign_keys.iter().any(|key| key.columns.iter().any(|name| name == column))
}

fn of(schema: &Schema, names: &Names, ty: &Type) -> Option<RustType> {
    let text = || RustType::new("String", Type::Text);
    let mysql = schema.dialect == Dialect::Mysql;
    Some(match ty {
        // What MariaDB sends: a number, and bytes.
        Type::Bit(length, _) if mysql && length.is_none_or(|length| length == 1) => RustType::new("bool", Type::Bool),
        Type::Bit(..) if mysql => RustType::new("u64", Type::UInt(8)),
        Type::Geometry(_) if mysql => RustType::new("Vec<u8>", Type::Bytes(None)),
        Type::Bool => RustType::new("bool", Type::Bool),
        Type::Int(1) => RustType::new("i8", Type::Int(1)),
        Type::Int(2) | Type::Year => RustType::new("i16", Type::Int(2)),
        Type::Int(3 | 4) => RustType::new("i32", Type::Int(4)),
        Type::Int(_) => RustType::new("i64", Type::Int(8)),
        Type::UInt(1) => RustType::new("u8", Type::UInt(1)),
        Type::UInt(2) => RustType::new("u16", Type::UInt(2)),
        Type::UInt(3 | 4) => RustType::new("u32", Type::UInt(4)),
        Type::UInt(_) => RustType::new("u64", Type::UInt(8)),
        Type::Decimal(size) => {
            let sayable = size.filter(|&(precision, scale)| precision > 0 && scale >= 0 && scale <= precision as i16);
            RustType::new("Decimal", Type::Decimal(sayable))
        }
        Type::Float32 => RustType::new("f32", Type::Float32),
        Type::Float64 => RustType::new("f64", Type::Float64),
        Type::Bytes(_) => RustType::new("Vec<u8>", Type::Bytes(None)),
        Type::Uuid => RustType::new("Uuid", Type::Uuid),
        Type::Date => RustType::new("Date", Type::Date),
        Type::Time(_) => RustType::new("Time", Type::Time(None)),
        Type::DateTime(_) => RustType::new("DateTime", Type::DateTime(None)),
        Type::Timestamp(_) => RustType::new("Timestamp", Type::Timestamp(None)),
        Type::Interval => RustType::new("relata::Interval", Type::Interval),
        Type::Json | Type::JsonText => RustType::new("Json", Type::Json),
        Type::Any => RustType::new("relata::Value", Type::Any),
        Type::Enum(name, _) => match names.stored_enum(name) {
            Some(name) => RustType { text: name.to_string(), ty: None },
            None => text(),
        },
        Type::Domain(name) => {
            let domain = schema.domains.iter().find(|domain| &domain.name == name)?;
            return of(schema, names, &domain.base.logical);
        }
        Type::Composite(_) => return None,
        Type::Array(element) => {
            let element = of(schema, names, element)?;
            RustType {
                text: format!("Vec<{}>", element.text),
                ty: element.ty.map(|element| Type::Array(Box::new(element))),
            }
        }
        Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Set(_) | Type::TimeTz(_) | Type::Range(_) => text(),
        Type::Inet | Type::Cidr | Type::MacAddr | Type::Bit(..) | Type::Money | Type::Xml => text(),
        Type::TsVector | Type::TsQuery | Type::Geometry(_) | Type::Geography(_) | Type::Vector(_) => text(),
        // Numbers of rows, transactions and commands of the server's own, large objects among them.
        Type::Native(name) if matches!(name.as_str(), "oid" | "xid" | "cid") => RustType::new("i64", Type::Int(8)),
        Type::Native(_) => text(),
    })
}

/// What a key of this type may be referred to by: whole numbers by such, texts by texts. `None`: by anything.
pub(super) fn kind(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Int(_) | Type::UInt(_) | Type::Year => Some("whole"),
        Type::Text | Type::VarChar(_) | Type::Char(_) => Some("text"),
        Type::Uuid => Some("unique"),
        _ => None,
    }
}

/// Whether a key of this type is written `Id<…>`.
pub(super) fn is_id(ty: Option<&Type>) -> bool {
    matches!(ty, Some(Type::Int(_) | Type::UInt(_) | Type::Uuid))
}

/// `Id<Post>`, `Id<Post, i32>`.
pub(super) fn id(entity: &str, key: &str) -> String {
    if key == "i64" { format!("Id<{entity}>") } else { format!("Id<{entity}, {key}>") }
}
