//! The types of PostgreSQL, in the spelling of `format_type` with an empty search path.
//!
//! What is named by a schema (an enum, a domain, a composite) cannot be told from its text: the catalogue's reader knows
//! and sets the logical type itself. [`read`] takes such a name as [`Type::Native`].

use crate::dialect::{Dialect, Unsupported};
use crate::model::ObjectName;
use crate::types::{ColumnType, Type};

/// Reads a type as the server reports it: `character varying(80)`, `timestamp(3) with time zone[]`.
pub fn read(reported: &str) -> ColumnType {
    ColumnType::new(logical(reported), reported)
}

fn logical(reported: &str) -> Type {
    if let Some(element) = reported.strip_suffix("[]") {
        return Type::Array(Box::new(logical(element)));
    }
    let (before, arguments, after) = split(reported);
    let name = format!("{before}{after}");
    let numbers: Vec<i64> = arguments.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    let first = numbers.first().and_then(|&number| u32::try_from(number).ok());
    let digits = first.and_then(|number| u8::try_from(number).ok());
    match name.as_str() {
        "boolean" => Type::Bool,
        "smallint" => Type::Int(2),
        "integer" => Type::Int(4),
        "bigint" => Type::Int(8),
        "numeric" => Type::Decimal(match numbers[..] {
            [precision, scale] => Some((precision as u16, scale as i16)),
            [precision] => Some((precision as u16, 0)),
            _ => None,
        }),
        "real" => Type::Float32,
        "double precision" => Type::Float64,
        "text" => Type::Text,
        "character varying" => first.map_or(Type::Text, Type::VarChar),
        "character" => Type::Char(first.unwrap_or(1)),
        "bytea" => Type::Bytes(None),
        "uuid" => Type::Uuid,
        "date" => Type::Date,
        "time without time zone" => Type::Time(digits),
        "time with time zone" => Type::TimeTz(digits),
        "timestamp without time zone" => Type::DateTime(digits),
        "timestamp with time zone" => Type::Timestamp(digits),
        "interval" => Type::Interval,
        "json" => Type::JsonText,
        "jsonb" => Type::Json,
        "inet" => Type::Inet,
        "cidr" => Type::Cidr,
        "macaddr" => Type::MacAddr,
        "bit" => Type::Bit(first, false),
        "bit varying" => Type::Bit(first, true),
        "money" => Type::Money,
        "xml" => Type::Xml,
        "tsvector" => Type::TsVector,
        "tsquery" => Type::TsQuery,
        "int4range" | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" | "int4multirange"
        | "int8multirange" | "nummultirange" | "tsmultirange" | "tstzmultirange" | "datemultirange" => {
            Type::Range(name)
        }
        fields if fields.starts_with("interval ") => Type::Interval,
        _ => extension(&name, arguments, first).unwrap_or_else(|| Type::Native(reported.to_string())),
    }
}

/// `before(arguments)after`.
fn split(reported: &str) -> (&str, &str, &str) {
    let found = reported.split_once('(').and_then(|(before, rest)| {
        let (arguments, after) = rest.split_once(')')?;
        Some((before, arguments, after))
    });
    found.unwrap_or((reported, "", ""))
}

/// Types of well-known extensions, whatever namespace they were installed into.
fn extension(name: &str, arguments: &str, first: Option<u32>) -> Option<Type> {
    let details = (!arguments.is_empty()).then(|| arguments.to_string());
    Some(match name.rsplit_once('.')?.1 {
        "geometry" => Type::Geometry(details),
        "geography" => Type::Geography(details),
        "vector" => Type::Vector(first),
        "citext" => Type::Text,
        _ => return None,
    })
}

/// Writes a portable type as the server will report it.
///
/// # Errors
/// When PostgreSQL has no type of that meaning.
pub fn write(ty: &Type) -> Result<String, Unsupported> {
    let sized = |before: &str, digits: &Option<u8>, after: &str| match digits {
        Some(digits) => format!("{before}({digits}){after}"),
        None => format!("{before}{after}"),
    };
    Ok(match ty {
        Type::Bool => "boolean".into(),
        Type::Int(1 | 2) | Type::UInt(1) | Type::Year => "smallint".into(),
        Type::Int(3 | 4) | Type::UInt(2 | 3) => "integer".into(),
        Type::Int(_) | Type::UInt(4) => "bigint".into(),
        Type::UInt(_) => "numeric(20,0)".into(),
        Type::Decimal(None) => "numeric".into(),
        Type::Decimal(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        Type::Float32 => "real".into(),
        Type::Float64 => "double precision".into(),
        Type::Text => "text".into(),
        Type::VarChar(length) => format!("character varying({length})"),
        Type::Char(length) => format!("character({length})"),
        Type::Bytes(_) => "bytea".into(),
        Type::Uuid => "uuid".into(),
        Type::Date => "date".into(),
        Type::Time(digits) => sized("time", digits, " without time zone"),
        Type::DateTime(digits) => sized("timestamp", digits, " without time zone"),
        Type::Timestamp(digits) => sized("timestamp", digits, " with time zone"),
        Type::TimeTz(digits) => sized("time", digits, " with time zone"),
        Type::Interval => "interval".into(),
        Type::Json => "jsonb".into(),
        Type::JsonText => "json".into(),
        Type::Enum(name, _) | Type::Domain(name) | Type::Composite(name) => named(name)?,
        Type::Set(_) => return Err(unsupported("a set of values", "use an array of an enum, or text[]")),
        Type::Array(element) => format!("{}[]", write(element)?),
        Type::Range(native) => native.clone(),
        Type::Inet => "inet".into(),
        Type::Cidr => "cidr".into(),
        Type::MacAddr => "macaddr".into(),
        Type::Bit(length, false) => format!("bit({})", length.unwrap_or(1)),
        Type::Bit(Some(length), true) => format!("bit varying({length})"),
        Type::Bit(None, true) => "bit varying".into(),
        Type::Money => "money".into(),
        Type::Xml => "xml".into(),
        Type::TsVector => "tsvector".into(),
        Type::TsQuery => "tsquery".into(),
        Type::Geometry(details) => detailed("public.geometry", details.as_deref()),
        Type::Geography(details) => detailed("public.geography", details.as_deref()),
        Type::Vector(dimensions) => detailed("public.vector", dimensions.map(|d| d.to_string()).as_deref()),
        Type::Any => return Err(unsupported("a column without a type", "name a type, or use jsonb for mixed values")),
        Type::Native(text) => text.clone(),
    })
}

fn detailed(name: &str, details: Option<&str>) -> String {
    details.map_or_else(|| name.to_string(), |details| format!("{name}({details})"))
}

fn named(name: &ObjectName) -> Result<String, Unsupported> {
    if name.name.is_empty() {
        return Err(unsupported("an enum without a name", "give it a name: on PostgreSQL an enum is a type"));
    }
    Ok(Dialect::Postgres.qualified(name))
}

fn unsupported(what: &str, instead: &str) -> Unsupported {
    Unsupported { what: format!("PostgreSQL does not have {what}"), instead: instead.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for ty in [
            Type::Bool,
            Type::Int(2),
            Type::Int(8),
            Type::Decimal(Some((10, 2))),
            Type::Decimal(None),
            Type::VarChar(80),
            Type::Char(3),
            Type::Time(Some(3)),
            Type::DateTime(None),
            Type::Timestamp(Some(0)),
            Type::TimeTz(None),
            Type::Array(Box::new(Type::VarChar(5))),
            Type::Bit(Some(4), false),
            Type::Bit(None, true),
            Type::Range("tstzrange".into()),
            Type::Geometry(Some("Point,4326".into())),
            Type::Vector(Some(3)),
            Type::Json,
            Type::JsonText,
        ] {
            assert_eq!(read(&write(&ty).unwrap()).logical, ty);
        }
    }

    #[test]
    fn what_is_not_there_names_the_alternative() {
        let error = write(&Type::Set(vec![])).unwrap_err();
        assert_eq!(error.to_string(), "PostgreSQL does not have a set of values; use an array of an enum, or text[]");
        assert_eq!(write(&Type::UInt(8)).unwrap(), "numeric(20,0)");
        assert_eq!(read("public.hstore").logical, Type::Native("public.hstore".into()));
    }
}
