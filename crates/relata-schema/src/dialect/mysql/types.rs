//! The types of MariaDB and MySQL: `COLUMN_TYPE` as `information_schema` reports it, and what a portable type becomes.
//!
//! - `tinyint(1)` is a boolean: the database has no other, and its own `BOOLEAN` is that.
//! - An instant is `timestamp(6)`, which ends in 2038 (2106 from MariaDB 11.5); use `datetime(6)` for what lies beyond.
//! - `uuid` and `inet6` exist on MariaDB (10.7, 10.5); on MySQL choose `binary(16)` and `varbinary(16)` yourself.
//! - MySQL 8 reports whole numbers without a width (`int` for `int(11)`); both are read.

use crate::dialect::{Dialect, Unsupported};
use crate::model::ObjectName;
use crate::types::{ColumnType, Type};

/// Reads a type as the server reports it.
pub fn read(reported: &str) -> ColumnType {
    let logical = logical(reported).unwrap_or_else(|| Type::Native(reported.to_string()));
    ColumnType::new(logical, reported)
}

fn logical(reported: &str) -> Option<Type> {
    // `varchar(10) /*M!100301 COMPRESSED*/`
    let text = reported.split(" /*").next().unwrap_or(reported);
    let (word, arguments, unsigned) = parts(text);
    let number = || arguments.and_then(|text| text.trim().parse::<u32>().ok());
    let digits = || number().and_then(|digits| u8::try_from(digits).ok());
    let whole = |bytes| Some(if unsigned { Type::UInt(bytes) } else { Type::Int(bytes) });
    match word.as_str() {
        "tinyint" if arguments == Some("1") && !unsigned => Some(Type::Bool),
        "tinyint" => whole(1),
        "smallint" => whole(2),
        "mediumint" => whole(3),
        "int" => whole(4),
        "bigint" => whole(8),
        "decimal" => Some(Type::Decimal(arguments.and_then(precision))),
        "float" => Some(Type::Float32),
        "double" => Some(Type::Float64),
        "char" => Some(Type::Char(number()?)),
        "varchar" => Some(Type::VarChar(number()?)),
        "tinytext" | "text" | "mediumtext" | "longtext" => Some(Type::Text),
        "binary" | "varbinary" => Some(Type::Bytes(Some(number()?))),
        "tinyblob" | "blob" | "mediumblob" | "longblob" => Some(Type::Bytes(None)),
        "date" => Some(Type::Date),
        "time" => Some(Type::Time(digits().or(Some(0)))),
        "datetime" => Some(Type::DateTime(digits().or(Some(0)))),
        "timestamp" => Some(Type::Timestamp(digits().or(Some(0)))),
        "year" => Some(Type::Year),
        "json" => Some(Type::Json),
        "bit" => Some(Type::Bit(number().or(Some(1)), false)),
        "enum" => Some(Type::Enum(ObjectName::default(), values(arguments?))),
        "set" => Some(Type::Set(values(arguments?))),
        "uuid" => Some(Type::Uuid),
        "inet4" | "inet6" => Some(Type::Inet),
        "geometry" => Some(Type::Geometry(None)),
        "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geometrycollection" | "geomcollection" => Some(Type::Geometry(Some(word))),
        "vector" => Some(Type::Vector(number())),
        _ => None,
    }
}

/// The word, what stands in parentheses, and whether it is unsigned.
fn parts(text: &str) -> (String, Option<&str>, bool) {
    let end = text.find(['(', ' ']).unwrap_or(text.len());
    let arguments = match (text.find('('), text.rfind(')')) {
        (Some(open), Some(close)) if open < close => Some(&text[open + 1..close]),
        _ => None,
    };
    let rest = text.rfind(')').map_or(&text[end..], |close| &text[close + 1..]);
    (text[..end].to_ascii_lowercase(), arguments, rest.contains("unsigned"))
}

fn precision(arguments: &str) -> Option<(u16, i16)> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
}

/// The values in `'a','b''c'`.
fn values(arguments: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut current: Option<String> = None;
    let mut characters = arguments.chars().peekable();
    while let Some(character) = characters.next() {
        match (&mut current, character) {
            (None, '\'') => current = Some(String::new()),
            (Some(text), '\'') if characters.peek() == Some(&'\'') => {
                characters.next();
                text.push('\'');
            }
            (Some(_), '\'') => values.extend(current.take()),
            (Some(text), '\\') => text.extend(characters.next()),
            (Some(text), other) => text.push(other),
            (None, _) => {}
        }
    }
    values
}

/// Writes a portable type as MariaDB will report it.
///
/// # Errors
/// When there is no such type; the error names what to use instead.
pub fn write(ty: &Type) -> Result<String, Unsupported> {
    let digits = |word: &str, digits: Option<u8>| match digits {
        Some(0) => word.to_string(),
        digits => format!("{word}({})", digits.unwrap_or(6).min(6)),
    };
    Ok(match ty {
        Type::Bool => "tinyint(1)".into(),
        Type::Int(bytes) => whole(*bytes, false).into(),
        Type::UInt(bytes) => whole(*bytes, true).into(),
        Type::Decimal(Some((precision, scale))) => decimal(*precision, *scale)?,
        Type::Decimal(None) => return Err(no("decimal without precision", "give it one: decimal(precision, scale)")),
        Type::Float32 => "float".into(),
        Type::Float64 => "double".into(),
        Type::Text | Type::Xml => "longtext".into(),
        // A row holds 65535 bytes, and a character takes up to four.
        Type::VarChar(length) if *length <= 16_383 => format!("varchar({length})"),
        Type::VarChar(length) if *length <= 4_194_303 => "mediumtext".into(),
        Type::VarChar(_) => "longtext".into(),
        Type::Char(length) if *length <= 255 => format!("char({length})"),
        Type::Char(length) => return Err(no(&format!("char({length})"), "use varchar: char ends at 255")),
        Type::Bytes(None) => "longblob".into(),
        Type::Bytes(Some(length)) if *length <= 16_383 => format!("varbinary({length})"),
        Type::Bytes(Some(length)) if *length <= 65_535 => "blob".into(),
        Type::Bytes(Some(length)) if *length <= 16_777_215 => "mediumblob".into(),
        Type::Bytes(Some(_)) => "longblob".into(),
        Type::Uuid => "uuid".into(),
        Type::Date => "date".into(),
        Type::Time(precision) => digits("time", *precision),
        Type::DateTime(precision) => digits("datetime", *precision),
        Type::Timestamp(precision) => digits("timestamp", *precision),
        Type::Year => "year(4)".into(),
        Type::Json | Type::JsonText => "json".into(),
        Type::Enum(_, values) => format!("enum({})", literals(values)),
        Type::Set(values) => format!("set({})", literals(values)),
        Type::Inet => "inet6".into(),
        Type::MacAddr => "char(17)".into(),
        Type::Bit(length, _) => format!("bit({})", length.unwrap_or(1).min(64)),
        Type::Money => "decimal(19,4)".into(),
        Type::Geometry(details) => geometry(details.as_deref())?,
        Type::Vector(Some(dimensions)) => format!("vector({dimensions})"),
        Type::Native(text) => text.clone(),
        other => return Err(unsupported(other)),
    })
}

fn whole(bytes: u8, unsigned: bool) -> &'static str {
    match (bytes, unsigned) {
        (1, false) => "tinyint(4)",
        (2, false) => "smallint(6)",
        (3, false) => "mediumint(9)",
        (4, false) => "int(11)",
        (_, false) => "bigint(20)",
        (1, true) => "tinyint(3) unsigned",
        (2, true) => "smallint(5) unsigned",
        (3, true) => "mediumint(8) unsigned",
        (4, true) => "int(10) unsigned",
        (_, true) => "bigint(20) unsigned",
    }
}

fn decimal(precision: u16, scale: i16) -> Result<String, Unsupported> {
    if (1..=65).contains(&precision) && (0..=38).contains(&scale) && scale <= precision as i16 {
        Ok(format!("decimal({precision},{scale})"))
    } else {
        let what = format!("decimal({precision},{scale})");
        Err(no(&what, "use a precision of at most 65 and a scale from 0 to 38"))
    }
}

fn geometry(details: Option<&str>) -> Result<String, Unsupported> {
    let Some(details) = details else { return Ok("geometry".into()) };
    let word = details.split(',').next().unwrap_or_default().trim().to_ascii_lowercase();
    match logical(&word) {
        Some(Type::Geometry(_)) => Ok(word),
        _ => Err(no(&format!("geometry({details})"), "use geometry, point, linestring, polygon or their multi forms")),
    }
}

fn literals(values: &[String]) -> String {
    values.iter().map(|value| Dialect::Mysql.literal(value)).collect::<Vec<_>>().join(",")
}

fn unsupported(ty: &Type) -> Unsupported {
    match ty {
        Type::Interval => no("interval type", "keep a number of seconds in an i64"),
        Type::TimeTz(_) => no("time with an offset", "use a time, and the offset in another column"),
        Type::Array(_) => no("array type", "use JSON, or a table of its own"),
        Type::Range(_) => no("range type", "use two columns and a check"),
        Type::Cidr => no("network type", "use inet6 and the length of the prefix in another column"),
        Type::TsVector | Type::TsQuery => no("text-search type", "use a FULLTEXT index on the text"),
        Type::Domain(_) => no("domain", "use the type below it and a check on the column"),
        Type::Composite(_) => no("composite type", "use one column for each part, or JSON"),
        Type::Geography(_) => no("geography type", "use geometry"),
        Type::Vector(None) => no("vector without dimensions", "give it the number of dimensions"),
        Type::Any => no("column without a type", "choose a type"),
        other => no(&format!("type like {other:?}"), "choose another type"),
    }
}

fn no(what: &str, instead: &str) -> Unsupported {
    Unsupported { what: format!("MariaDB has no {what}"), instead: instead.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reported_types_are_understood() {
        let list = |values: &[&str]| values.iter().map(|value| (*value).to_string()).collect::<Vec<_>>();
        for (reported, logical) in [
            ("tinyint(1)", Type::Bool),
            ("tinyint(1) unsigned", Type::UInt(1)),
            ("tinyint", Type::Int(1)),
            ("int(10) unsigned zerofill", Type::UInt(4)),
            ("bigint", Type::Int(8)),
            ("decimal(10,2) unsigned", Type::Decimal(Some((10, 2)))),
            ("decimal(10)", Type::Decimal(Some((10, 0)))),
            ("float(7,3)", Type::Float32),
            ("varchar(10) /*M!100301 COMPRESSED*/", Type::VarChar(10)),
            ("enum('a','b''c','d)e')", Type::Enum(ObjectName::default(), list(&["a", "b'c", "d)e"]))),
            ("set('x')", Type::Set(list(&["x"]))),
            ("datetime(3)", Type::DateTime(Some(3))),
            ("timestamp", Type::Timestamp(Some(0))),
            ("bit(8)", Type::Bit(Some(8), false)),
            ("point", Type::Geometry(Some("point".into()))),
            ("inet6", Type::Inet),
            ("xmltype", Type::Native("xmltype".into())),
        ] {
            assert_eq!(read(reported), ColumnType::new(logical, reported));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for ty in [
            Type::Bool,
            Type::Int(1),
            Type::Int(3),
            Type::UInt(8),
            Type::Decimal(Some((65, 38))),
            Type::Float32,
            Type::Float64,
            Type::Text,
            Type::VarChar(80),
            Type::Char(2),
            Type::Bytes(None),
            Type::Bytes(Some(16)),
            Type::Uuid,
            Type::Date,
            Type::Time(Some(3)),
            Type::DateTime(Some(0)),
            Type::Timestamp(Some(6)),
            Type::Year,
            Type::Json,
            Type::Enum(ObjectName::default(), vec!["a'b".into(), "c\\d".into()]),
            Type::Set(vec!["a".into()]),
            Type::Inet,
            Type::Bit(Some(9), false),
            Type::Geometry(Some("point".into())),
            Type::Vector(Some(3)),
            Type::Native("xmltype".into()),
        ] {
            let written = write(&ty).unwrap();
            assert_eq!(read(&written).logical, ty, "{written}");
        }
    }

    #[test]
    fn refusals_name_the_alternative() {
        let refusal = write(&Type::Array(Box::new(Type::Text))).unwrap_err();
        assert_eq!(refusal.to_string(), "MariaDB has no array type; use JSON, or a table of its own");
    }
}
