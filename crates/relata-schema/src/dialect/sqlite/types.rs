//! The types of SQLite: a declared type is any words; SQLite derives an affinity from them and keeps the words.
//!
//! The physical form is the declared text, verbatim. The logical type follows what the words mean elsewhere (`DATETIME`,
//! `NVARCHAR(160)`), as that is what people keep in such columns; what is unknown follows SQLite's own affinity.

use crate::dialect::Unsupported;
use crate::types::{ColumnType, Type};

/// Reads a declared type.
pub fn read(reported: &str) -> ColumnType {
    ColumnType::new(logical(reported), reported)
}

fn logical(declared: &str) -> Type {
    let upper = declared.to_ascii_uppercase();
    let (words, arguments) = match upper.split_once('(') {
        Some((words, rest)) => (words.trim(), rest.split(')').next().unwrap_or("")),
        None => (upper.trim(), ""),
    };
    let arguments: Vec<u32> = arguments.split(',').filter_map(|text| text.trim().parse().ok()).collect();
    let length = arguments.first().copied();
    match words {
        "" | "ANY" => Type::Any,
        "BOOLEAN" | "BOOL" => Type::Bool,
        "TINYINT" if length == Some(1) => Type::Bool,
        "TINYINT" => Type::Int(1),
        "SMALLINT" | "INT2" => Type::Int(2),
        "DECIMAL" | "NUMERIC" | "NUMBER" | "DEC" | "MONEY" => Type::Decimal(precision(&arguments)),
        "DATE" => Type::Date,
        "TIME" => Type::Time(digits(length)),
        "DATETIME" => Type::DateTime(digits(length)),
        "TIMESTAMP" | "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => Type::Timestamp(digits(length)),
        "UUID" | "GUID" | "UNIQUEIDENTIFIER" => Type::Uuid,
        "JSON" | "JSONB" => Type::Json,
        "CHAR" | "CHARACTER" | "NCHAR" | "NATIVE CHARACTER" => length.map_or(Type::Text, Type::Char),
        "BLOB" | "BINARY" | "VARBINARY" | "BYTEA" => Type::Bytes(length),
        _ if words.contains("CHAR") => length.map_or(Type::Text, Type::VarChar),
        _ => by_affinity(words),
    }
}

fn precision(arguments: &[u32]) -> Option<(u16, i16)> {
    let precision = u16::try_from(*arguments.first()?).ok()?;
    let scale = arguments.get(1).map_or(Some(0), |scale| i16::try_from(*scale).ok())?;
    Some((precision, scale))
}

fn digits(length: Option<u32>) -> Option<u8> {
    length.and_then(|digits| u8::try_from(digits).ok())
}

/// SQLite's own rules, in their order.
fn by_affinity(words: &str) -> Type {
    let has = |part: &str| words.contains(part);
    if has("INT") {
        Type::Int(8)
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Type::Text
    } else if has("BLOB") {
        Type::Bytes(None)
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Type::Float64
    } else {
        Type::Native(words.to_string())
    }
}

/// Writes a portable type.
///
/// Whole numbers of every width are `INTEGER`: only that spelling makes a primary key SQLite's own row number, and only
/// it stands in STRICT tables. What has no type of its own keeps a declared name that says what it is.
///
/// # Errors
/// When SQLite has nothing of that meaning; the error names what to use instead.
pub fn write(ty: &Type) -> Result<String, Unsupported> {
    let refuse = |what: &str, instead: &str| {
        Err(Unsupported { what: format!("SQLite has no {what}"), instead: instead.to_string() })
    };
    let text = match ty {
        Type::Bool => "BOOLEAN",
        Type::Int(_) | Type::UInt(1..=4) | Type::Year => "INTEGER",
        Type::UInt(_) => return refuse("unsigned whole numbers of 8 bytes", "use i64, or a decimal kept as text"),
        Type::Decimal(None) => "DECIMAL",
        Type::Decimal(Some((precision, scale))) => return Ok(format!("DECIMAL({precision},{scale})")),
        Type::Float32 => "FLOAT",
        Type::Float64 => "REAL",
        Type::Text | Type::Xml | Type::Enum(..) => "TEXT",
        Type::VarChar(length) => return Ok(format!("VARCHAR({length})")),
        Type::Char(length) => return Ok(format!("CHAR({length})")),
        Type::Bytes(_) => "BLOB",
        Type::Uuid => "UUID",
        Type::Date => "DATE",
        Type::Time(_) => "TIME",
        Type::DateTime(_) => "DATETIME",
        Type::Timestamp(_) => "TIMESTAMP",
        Type::Json | Type::JsonText => "JSON",
        Type::Any => "",
        Type::Native(native) => native,
        Type::TimeTz(_) => return refuse("time of day with an offset", "use a time, or an instant"),
        Type::Interval => return refuse("intervals", "keep seconds as a whole number"),
        Type::Array(_) => return refuse("arrays", "use a table of its own, or JSON"),
        Type::Set(_) => return refuse("sets", "use a table of its own, or JSON"),
        Type::Range(_) => return refuse("ranges", "use two columns, one for each end"),
        Type::Domain(_) | Type::Composite(_) => return refuse("named types", "use the types below them"),
        Type::Inet | Type::Cidr | Type::MacAddr => return refuse("network types", "use text"),
        Type::Bit(..) => return refuse("bit strings", "use bytes or a whole number"),
        Type::Money => return refuse("money", "use a decimal, or cents as a whole number"),
        Type::TsVector | Type::TsQuery => return refuse("text-search types", "use an FTS5 virtual table"),
        Type::Geometry(_) | Type::Geography(_) => return refuse("geometries", "use numbers, or an R-tree table"),
        Type::Vector(_) => return refuse("vectors", "use bytes"),
    };
    Ok(text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_understood_and_kept() {
        for (declared, logical) in [
            ("INTEGER", Type::Int(8)),
            ("INTEGER UNSIGNED", Type::Int(8)),
            ("bigint", Type::Int(8)),
            ("NVARCHAR(160)", Type::VarChar(160)),
            ("varying character (9)", Type::VarChar(9)),
            ("CHAR(20)", Type::Char(20)),
            ("TEXT", Type::Text),
            ("BLOB SUB_TYPE TEXT", Type::Text),
            ("NUMERIC(10,2)", Type::Decimal(Some((10, 2)))),
            ("DECIMAL(5)", Type::Decimal(Some((5, 0)))),
            ("DOUBLE PRECISION", Type::Float64),
            ("tinyint(1)", Type::Bool),
            ("timestamp", Type::Timestamp(None)),
            ("", Type::Any),
            ("POINT", Type::Int(8)),
            ("STRING", Type::Native("STRING".into())),
        ] {
            assert_eq!(read(declared), ColumnType::new(logical, declared));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for ty in [
            Type::Bool,
            Type::Int(8),
            Type::Decimal(Some((10, 2))),
            Type::Float64,
            Type::Text,
            Type::VarChar(80),
            Type::Char(2),
            Type::Bytes(None),
            Type::Uuid,
            Type::Date,
            Type::Time(None),
            Type::DateTime(None),
            Type::Timestamp(None),
            Type::Json,
            Type::Any,
        ] {
            assert_eq!(read(&write(&ty).unwrap()).logical, ty);
        }
        assert!(write(&Type::Interval).unwrap_err().instead.contains("seconds"));
    }
}
