//! What happens to the values of a column when its type changes: kept, or possibly cut, refused or changed.
//!
//! It judges types, not values: a conversion that could lose something is narrowing even if no row is hit. SQLite's
//! declared lengths bind nothing there, so only a change that converts stored text to numbers narrows.

use relata_schema::{ColumnType, Dialect, Type};

/// What a conversion may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conversion {
    /// The same type.
    Same,
    /// Every value of the old type is one of the new.
    Wider,
    /// Some values do not fit, are rounded, or do not convert; the text says which.
    Narrower(String),
}

/// Judges the change of a column's type.
pub fn convert(dialect: Dialect, from: &ColumnType, to: &ColumnType) -> Conversion {
    if from.physical == to.physical {
        return Conversion::Same;
    }
    let narrows = if dialect == Dialect::Sqlite {
        let number = |ty: &Type| {
            matches!(ty, Type::Int(_) | Type::UInt(_) | Type::Decimal(_) | Type::Float32 | Type::Float64 | Type::Bool)
        };
        (is_text(&from.logical) && number(&to.logical)).then(|| "texts that look like numbers become numbers".into())
    } else {
        narrowing(&from.logical, &to.logical)
    };
    narrows.map_or(Conversion::Wider, Conversion::Narrower)
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_))
}

/// Why values may be lost between two portable types.
fn narrowing(from: &Type, to: &Type) -> Option<String> {
    if let (Type::Array(from), Type::Array(to)) = (from, to) {
        return narrowing(from, to);
    }
    if from == to {
        return None;
    }
    match to {
        Type::Text => matches!(from, Type::Bytes(_)).then(|| "bytes that are no text are refused".into()),
        Type::VarChar(length) | Type::Char(length) => shorter(from, *length),
        Type::Int(_) | Type::UInt(_) | Type::Decimal(_) | Type::Float32 | Type::Float64 | Type::Year => {
            to_number(from, to)
        }
        Type::Date | Type::Time(_) | Type::DateTime(_) | Type::Timestamp(_) | Type::TimeTz(_) => to_time(from, to),
        Type::Bytes(length) => to_bytes(from, *length),
        Type::Json | Type::JsonText if matches!(from, Type::Json | Type::JsonText) => None,
        Type::Enum(_, values) | Type::Set(values) => to_values(from, values),
        Type::Bit(length, _) => to_bits(from, *length),
        Type::Inet if *from == Type::Cidr => None,
        _ => Some("values that do not convert are refused".into()),
    }
}

/// The longest text that a value of the type is written as; `None`: any length.
fn text_length(ty: &Type) -> Option<u32> {
    Some(match ty {
        Type::VarChar(length) | Type::Char(length) => *length,
        Type::Bool => 5,
        Type::Int(1) | Type::Year => 4,
        Type::Int(2) => 6,
        Type::Int(3) => 8,
        Type::Int(4) => 11,
        Type::Int(_) | Type::UInt(8) => 20,
        Type::UInt(_) => 10,
        Type::Decimal(Some((precision, _))) => u32::from(*precision) + 3,
        Type::Uuid => 36,
        Type::Date => 10,
        Type::Time(_) => 16,
        Type::DateTime(_) | Type::Timestamp(_) | Type::TimeTz(_) => 32,
        Type::Enum(_, values) => values.iter().map(|value| value.chars().count() as u32).max().unwrap_or(0),
        _ => return None,
    })
}

fn shorter(from: &Type, length: u32) -> Option<String> {
    let fits = text_length(from).is_some_and(|longest| longest <= length);
    (!fits).then(|| format!("values longer than {length} characters do not fit"))
}

fn to_number(from: &Type, to: &Type) -> Option<String> {
    let (Some((from_digits, from_scale)), Some((digits, scale))) = (number(from), number(to)) else {
        return Some("values that are no such number are refused".into());
    };
    if matches!(from, Type::Int(_)) && matches!(to, Type::UInt(_)) {
        return Some("negative numbers do not fit".into());
    }
    if let (Type::UInt(bytes), Type::Int(signed)) = (from, to)
        && signed <= bytes
    {
        return Some("the largest numbers do not fit".into());
    }
    if from_digits > digits {
        return Some("large numbers do not fit, or lose digits".into());
    }
    (from_scale > scale).then(|| "digits after the point are rounded away".into())
}

/// Digits before and after the point.
fn number(ty: &Type) -> Option<(u32, u32)> {
    const ANY: u32 = 1000;
    Some(match ty {
        Type::Bool => (1, 0),
        Type::Int(1) | Type::UInt(1) => (3, 0),
        Type::Int(2) | Type::UInt(2) => (5, 0),
        Type::Int(3) | Type::UInt(3) => (8, 0),
        Type::Int(4) | Type::UInt(4) => (10, 0),
        Type::Int(_) | Type::UInt(_) => (20, 0),
        Type::Year => (4, 0),
        Type::Decimal(None) => (ANY, ANY),
        Type::Decimal(Some((precision, scale))) => {
            let scale = u32::try_from(*scale).unwrap_or(0);
            (u32::from(*precision).saturating_sub(scale), scale)
        }
        Type::Float32 => (7, 7),
        Type::Float64 => (15, 15),
        _ => return None,
    })
}

fn to_time(from: &Type, to: &Type) -> Option<String> {
    // Unsaid is six digits on PostgreSQL and none on MariaDB; the physical texts differ wherever that matters.
    let digits = |ty: &Type| match ty {
        Type::Time(digits) | Type::DateTime(digits) | Type::Timestamp(digits) | Type::TimeTz(digits) => *digits,
        _ => Some(0),
    };
    let rounds = match (digits(from), digits(to)) {
        (Some(from), Some(to)) => from > to,
        (None, Some(to)) => to < 6,
        _ => false,
    };
    let fits = match (from, to) {
        (Type::Date | Type::DateTime(_) | Type::Timestamp(_), Type::DateTime(_) | Type::Timestamp(_))
        | (Type::Time(_), Type::Time(_) | Type::TimeTz(_))
        | (Type::TimeTz(_), Type::TimeTz(_)) => true,
        (Type::DateTime(_) | Type::Timestamp(_), Type::Date | Type::Time(_)) => {
            return Some("a part of each moment is cut off".into());
        }
        _ => false,
    };
    match (fits, rounds) {
        (false, _) => Some("values that are no such moment are refused".into()),
        (true, true) => Some("fractions of seconds are rounded away".into()),
        (true, false) => None,
    }
}

fn to_bytes(from: &Type, length: Option<u32>) -> Option<String> {
    let longest = match from {
        Type::Bytes(longest) => *longest,
        Type::Text | Type::VarChar(_) | Type::Char(_) if length.is_none() => None,
        _ => return Some("values that are no bytes are refused".into()),
    };
    let fits = length.is_none_or(|length| longest.is_some_and(|longest| longest <= length));
    (!fits).then(|| format!("values longer than {} bytes do not fit", length.unwrap_or_default()))
}

fn to_values(from: &Type, values: &[String]) -> Option<String> {
    let (Type::Enum(_, before) | Type::Set(before)) = from else {
        return Some("values that are not in the list are refused".into());
    };
    let gone: Vec<&str> = before.iter().filter(|value| !values.contains(value)).map(String::as_str).collect();
    (!gone.is_empty()).then(|| format!("the values {} are in the list no more", gone.join(", ")))
}

fn to_bits(from: &Type, length: Option<u32>) -> Option<String> {
    let fits = match from {
        Type::Bit(before, _) => length.is_none_or(|length| before.is_some_and(|before| before <= length)),
        _ => false,
    };
    (!fits).then(|| "values of another length do not fit".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrows(dialect: Dialect, from: Type, to: Type) -> bool {
        let ty = |ty: &Type| ColumnType::new(ty.clone(), format!("{ty:?}"));
        matches!(convert(dialect, &ty(&from), &ty(&to)), Conversion::Narrower(_))
    }

    #[test]
    fn widening_keeps_and_narrowing_is_said() {
        let values = |values: &[&str]| Type::Enum(Default::default(), values.iter().map(ToString::to_string).collect());
        for (from, to, expected) in [
            (Type::Int(4), Type::Int(8), false),
            (Type::Int(8), Type::Int(4), true),
            (Type::UInt(4), Type::Int(4), true),
            (Type::UInt(4), Type::Int(8), false),
            (Type::Int(4), Type::UInt(8), true),
            (Type::Int(4), Type::Float64, false),
            (Type::Int(8), Type::Float64, true),
            (Type::Int(4), Type::Decimal(Some((12, 2))), false),
            (Type::Decimal(Some((12, 4))), Type::Decimal(Some((12, 2))), true),
            (Type::Decimal(None), Type::Decimal(Some((38, 10))), true),
            (Type::Float64, Type::Float32, true),
            (Type::Text, Type::Int(4), true),
            (Type::VarChar(80), Type::Text, false),
            (Type::VarChar(80), Type::VarChar(20), true),
            (Type::VarChar(20), Type::VarChar(80), false),
            (Type::Text, Type::VarChar(20), true),
            (Type::Int(4), Type::VarChar(11), false),
            (Type::Int(4), Type::VarChar(5), true),
            (Type::Uuid, Type::Text, false),
            (Type::Date, Type::DateTime(None), false),
            (Type::DateTime(None), Type::Date, true),
            (Type::DateTime(Some(6)), Type::DateTime(Some(3)), true),
            (values(&["a", "b"]), values(&["b", "c", "a"]), false),
            (values(&["a", "b"]), values(&["a"]), true),
            (Type::Bytes(Some(4)), Type::Bytes(Some(8)), false),
            (Type::Bytes(None), Type::Bytes(Some(8)), true),
            (Type::Array(Box::new(Type::Int(4))), Type::Array(Box::new(Type::Int(8))), false),
            (Type::Array(Box::new(Type::Int(8))), Type::Array(Box::new(Type::Int(4))), true),
            (Type::Inet, Type::Uuid, true),
        ] {
            assert_eq!(narrows(Dialect::Postgres, from.clone(), to.clone()), expected, "{from:?} -> {to:?}");
        }
    }

    #[test]
    fn sqlite_binds_no_length() {
        assert!(!narrows(Dialect::Sqlite, Type::VarChar(80), Type::VarChar(20)));
        assert!(narrows(Dialect::Sqlite, Type::Text, Type::Int(8)));
        assert!(!narrows(Dialect::Sqlite, Type::Int(8), Type::Text));
    }
}
