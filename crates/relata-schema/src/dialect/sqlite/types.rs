//! The types of SQLite.

use crate::dialect::Unsupported;
use crate::types::{ColumnType, Type};

/// Reads a type as the server reports it.
pub fn read(reported: &str) -> ColumnType {
    ColumnType::new(Type::Native(reported.to_string()), reported)
}

/// Writes a portable type.
///
/// # Errors
/// When there is no such type.
pub fn write(_ty: &Type) -> Result<String, Unsupported> {
    Err(Unsupported { what: "no types".into(), instead: "none".into() })
}
