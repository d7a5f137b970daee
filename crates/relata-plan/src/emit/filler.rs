//! Columns on their way back: a migration took them away, and its rollback creates them again in tables that have rows.
//!
//! Such a column comes without NOT NULL; then what was kept of it is put back (whoever runs the rollback does so as soon as
//! the column is there); rows of which nothing was kept, because they came later, get the value here; then the column is
//! NOT NULL again. Columns that refer to other rows or identify their own get no value: none would be right.

use relata_schema::model::{Column, Table};
use relata_schema::{Dialect, Type};

/// Whether the column has to be filled before it is what it was.
pub(super) fn is_needed(column: &Column) -> bool {
    column.not_null && column.generated.is_none() && column.identity.is_none() && !column.auto_increment
}

/// What rows get of which nothing was kept: the default, else the value that says least; `None` if there is none.
pub(super) fn filler(dialect: Dialect, table: &Table, column: &Column) -> Option<String> {
    let named = |name: &str| name == column.name;
    let refers = table.foreign_keys.iter().any(|key| key.columns.iter().any(|name| named(name)));
    let identifies = table.primary_key.iter().chain(&table.uniques).any(|key| key.columns().any(named))
        || table.indexes.iter().any(|index| index.unique && index.parts.iter().any(|part| named(&part.column)));
    if refers || identifies {
        return None;
    }
    column.default.clone().or_else(|| least(dialect, &column.ty.logical))
}

fn least(dialect: Dialect, ty: &Type) -> Option<String> {
    let text = match ty {
        Type::Bool if dialect == Dialect::Postgres => "false",
        Type::Bool | Type::Int(_) | Type::UInt(_) | Type::Decimal(_) | Type::Float32 | Type::Float64 => "0",
        Type::Text | Type::VarChar(_) | Type::Char(_) => "''",
        Type::Date => "'1970-01-01'",
        Type::Time(_) => "'00:00:00'",
        Type::DateTime(_) => "'1970-01-01 00:00:00'",
        Type::Timestamp(_) => "'1970-01-01 00:00:00+00'",
        Type::Interval => "'0'",
        Type::Json | Type::JsonText => "'{}'",
        Type::Array(_) if dialect == Dialect::Postgres => "'{}'",
        Type::Enum(_, values) => return Some(dialect.literal(values.first()?)),
        _ => return None,
    };
    Some(text.to_string())
}
