//! Values as parameters of the type that the server inferred.

use bytes::{BufMut, BytesMut};
use jiff::civil::Time;
use relata_sql::{Value, exact};
use tokio_postgres::types::{IsNull, Kind, Type};

use super::{EPOCH, EPOCH_SECONDS, numeric, text};
use crate::errors::Refused;

/// What is on its way to the server.
#[derive(Debug)]
pub(crate) enum Parameter<'a> {
    /// A value.
    One(&'a Value),
    /// An array of one column of rows that lie one after the other, each `width` values wide.
    Column { values: &'a [Value], index: usize, width: usize },
}

impl Parameter<'_> {
    /// A parameter of this type would be another value.
    pub(crate) fn loses(&self, ty: &Type) -> bool {
        match *self {
            Parameter::One(value) => loses(value, ty),
            Parameter::Column { values, index, width } => {
                let Kind::Array(element) = base(ty).kind() else { return false };
                values[index..].iter().step_by(width).any(|value| loses(value, element))
            }
        }
    }

    /// Writes it for this type. What has no exact binary form goes as text; the flag says which it is.
    pub(crate) fn write(&self, ty: &Type, out: &mut BytesMut) -> Result<(IsNull, bool), Refused> {
        match *self {
            Parameter::One(Value::Null) => return Ok((IsNull::Yes, true)),
            Parameter::One(value) => {
                if binary(value, ty, out)? {
                    return Ok((IsNull::No, true));
                }
                out.put_slice(text::form(value, ty).unwrap_or_default().as_bytes());
            }
            Parameter::Column { values, index, width } => {
                let column = values[index..].iter().step_by(width);
                if let Kind::Array(element) = base(ty).kind() {
                    column.clone().try_for_each(|value| refuse_nonsense(value, element))?;
                }
                if array(column.clone(), base(ty), out)? {
                    return Ok((IsNull::No, true));
                }
                let column = Value::Array(column.cloned().collect());
                out.put_slice(text::form(&column, ty).unwrap_or_default().as_bytes());
            }
        }
        Ok((IsNull::No, false))
    }
}

fn base(ty: &Type) -> &Type {
    match ty.kind() {
        Kind::Domain(base) => self::base(base),
        _ => ty,
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML)
        || matches!(ty.kind(), Kind::Enum(_))
        || ty.name() == "citext"
}

/// Whether [`binary`] writes this value for this type. NULL has every format.
pub(crate) fn is_binary(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::Null, _)
        | (Value::Int(_), &Type::INT4 | &Type::INT8)
        | (Value::Text(_), &Type::TEXT | &Type::VARCHAR) => true,
        _ => is_seldom_binary(value, ty),
    }
}

fn is_seldom_binary(value: &Value, ty: &Type) -> bool {
    let ty = base(ty);
    match value {
        Value::Null => true,
        Value::Bool(_) => *ty == Type::BOOL,
        Value::Int(_) => {
            matches!(*ty, Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC)
        }
        Value::UInt(_) => matches!(*ty, Type::INT2 | Type::INT4 | Type::INT8 | Type::NUMERIC),
        Value::Float(_) => matches!(*ty, Type::FLOAT4 | Type::FLOAT8),
        Value::Decimal(_) => *ty == Type::NUMERIC,
        Value::Text(_) => is_text(ty),
        Value::Bytes(_) => *ty == Type::BYTEA,
        Value::Uuid(_) => *ty == Type::UUID,
        Value::Date(_) => *ty == Type::DATE,
        Value::Time(_) => *ty == Type::TIME,
        Value::DateTime(_) => matches!(*ty, Type::TIMESTAMP),
        Value::Timestamp(_) => matches!(*ty, Type::TIMESTAMPTZ),
        Value::Interval(_) => *ty == Type::INTERVAL,
        Value::Json(_) => matches!(*ty, Type::JSON | Type::JSONB) || is_text(ty),
        Value::Array(values) => are_binary(values.iter(), ty),
    }
}

fn are_binary<'v>(mut values: impl Iterator<Item = &'v Value>, ty: &Type) -> bool {
    let Kind::Array(element) = ty.kind() else { return false };
    values.all(|value| !matches!(value, Value::Array(_)) && is_binary(value, element))
}

/// Writes the binary form. `false`: there is none, nothing was written.
pub(crate) fn binary(value: &Value, ty: &Type, out: &mut BytesMut) -> Result<bool, Refused> {
    if !is_binary(value, ty) {
        refuse_nonsense(value, ty)?;
        return Ok(false);
    }
    put(value, base(ty), out)?;
    Ok(true)
}

/// Writes the binary form of a value that has one for this type, which is no domain.
fn put(value: &Value, ty: &Type, out: &mut BytesMut) -> Result<(), Refused> {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.put_u8((*value).into()),
        Value::Int(value) => integer(i128::from(*value), ty, out)?,
        Value::UInt(value) => integer(i128::from(*value), ty, out)?,
        Value::Float(value) if *ty == Type::FLOAT4 => {
            let single = *value as f32;
            if single.is_infinite() && value.is_finite() {
                return Err(Refused("a floating-point number is too large for the parameter's type real".into()));
            }
            out.put_f32(single);
        }
        Value::Float(value) => out.put_f64(*value),
        Value::Decimal(value) => {
            let mut bytes = Vec::with_capacity(24);
            numeric::write(*value, &mut bytes);
            out.put_slice(&bytes);
        }
        Value::Json(value) if *ty == Type::JSONB => {
            out.put_u8(1);
            out.put_slice(value.as_bytes());
        }
        Value::Text(value) | Value::Json(value) => out.put_slice(value.as_bytes()),
        Value::Bytes(value) => out.put_slice(value),
        Value::Uuid(value) => out.put_slice(value.as_bytes()),
        Value::Date(value) => {
            let since = value.to_datetime(Time::midnight()).duration_since(EPOCH);
            out.put_i32(since.as_secs().div_euclid(86_400) as i32);
        }
        Value::Time(value) => {
            let seconds = i64::from(value.hour()) * 3600 + i64::from(value.minute()) * 60 + i64::from(value.second());
            out.put_i64(seconds * 1_000_000 + i64::from(value.subsec_nanosecond()) / 1000);
        }
        // Two date-times of jiff's range are less than 2^63 microseconds apart.
        Value::DateTime(value) => {
            let since = value.duration_since(EPOCH);
            out.put_i64(since.as_micros() as i64 - begun(since.subsec_nanos()));
        }
        Value::Timestamp(value) => out.put_i64(since_2000(*value)),
        Value::Interval(value) => {
            out.put_i64(value.microseconds);
            out.put_i32(value.days);
            out.put_i32(value.months);
        }
        Value::Array(values) => drop(array(values.iter(), ty, out)?),
    }
    Ok(())
}

fn since_2000(instant: jiff::Timestamp) -> i64 {
    instant.as_microsecond() - begun(instant.subsec_nanosecond()) - EPOCH_SECONDS * 1_000_000
}

/// What is finer than a microsecond is cut off towards the past, on this side of an epoch and on the other.
fn begun(nanoseconds: i32) -> i64 {
    i64::from(nanoseconds % 1000 < 0)
}

fn integer(value: i128, ty: &Type, out: &mut BytesMut) -> Result<(), Refused> {
    let refused = || too_large(ty);
    match *ty {
        Type::INT2 => out.put_i16(value.try_into().map_err(|_| refused())?),
        Type::INT4 => out.put_i32(value.try_into().map_err(|_| refused())?),
        Type::INT8 => out.put_i64(value.try_into().map_err(|_| refused())?),
        Type::FLOAT4 if value.unsigned_abs() <= 1 << 24 => out.put_f32(value as f32),
        Type::FLOAT8 if value.unsigned_abs() <= 1 << 53 => out.put_f64(value as f64),
        Type::FLOAT4 | Type::FLOAT8 => return Err(refused()),
        _ => {
            let mut bytes = Vec::with_capacity(24);
            numeric::write(rust_decimal::Decimal::from_i128_with_scale(value, 0), &mut bytes);
            out.put_slice(&bytes);
        }
    }
    Ok(())
}

/// The sentence never contains the value.
fn too_large(ty: &Type) -> Refused {
    let range = match *ty {
        Type::INT2 => "-32768 to 32767",
        Type::INT4 => "-2147483648 to 2147483647",
        Type::INT8 => "-9223372036854775808 to 9223372036854775807",
        _ => "the whole numbers it holds exactly",
    };
    Refused(format!("a whole number does not fit the parameter's type {}, which holds {range}", type_name(ty)))
}

fn type_name(ty: &Type) -> &str {
    match *ty {
        Type::INT2 => "smallint",
        Type::INT4 => "integer",
        Type::INT8 => "bigint",
        Type::FLOAT4 => "real",
        Type::FLOAT8 => "double precision",
        _ => ty.name(),
    }
}

/// This type keeps another value than the one given, and says nothing of it. That may be as it shall be; but if the type is that
/// of a column which has become another since, nothing need be lost.
pub(crate) fn loses(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::Null, _)
        | (Value::Int(_), &Type::INT4 | &Type::INT8)
        | (Value::Text(_), &Type::TEXT | &Type::VARCHAR)
        | (Value::Float(_), &Type::FLOAT8) => false,
        _ => loses_seldom(value, ty),
    }
}

fn loses_seldom(value: &Value, ty: &Type) -> bool {
    let ty = base(ty);
    match value {
        Value::Float(value) => match *ty {
            Type::FLOAT4 => value.is_finite() && f64::from(*value as f32) != *value,
            // Refused by the server, unless the column has become another.
            _ => matches!(*ty, Type::INT2 | Type::INT4 | Type::INT8),
        },
        Value::Decimal(value) => match *ty {
            Type::INT2 | Type::INT4 | Type::INT8 => true,
            Type::FLOAT4 => value.normalize().mantissa().unsigned_abs() >= 1_000_000,
            Type::FLOAT8 => exact::long(&Value::Decimal(*value)).is_some(),
            _ => *ty == Type::MONEY && value.normalize().scale() > 2,
        },
        Value::Text(value) => match *ty {
            Type::INT2 | Type::INT4 | Type::INT8 => {
                value.parse::<i64>().map_or(true, |number| number.to_string() != *value)
            }
            // Blanks at the end count for nothing there.
            Type::BPCHAR => value.ends_with(' '),
            Type::NAME => value.len() > 63,
            // Each of them has a spelling of its own.
            Type::FLOAT4
            | Type::FLOAT8
            | Type::NUMERIC
            | Type::MONEY
            | Type::BOOL
            | Type::DATE
            | Type::TIME
            | Type::TIMETZ
            | Type::TIMESTAMP
            | Type::TIMESTAMPTZ
            | Type::INTERVAL
            | Type::UUID
            | Type::JSON
            | Type::JSONB
            | Type::BYTEA => true,
            _ => false,
        },
        // Read as a time of the session's zone, or without its own.
        Value::Timestamp(_) => *ty == Type::TIMESTAMP,
        Value::DateTime(_) => *ty == Type::TIMESTAMPTZ,
        Value::Array(values) => {
            let Kind::Array(element) = ty.kind() else { return false };
            values.iter().any(|value| match value {
                Value::Array(_) => loses(value, ty),
                _ => loses(value, element),
            })
        }
        _ => false,
    }
}

/// Some pairs would be accepted in text form and mean something else; they are refused.
pub(crate) fn refuse_nonsense(value: &Value, ty: &Type) -> Result<(), Refused> {
    let ty = base(ty);
    let wrong = match value {
        Value::Bytes(_) => *ty != Type::BYTEA && !matches!(ty.name(), "geometry" | "geography"),
        Value::Array(values) => match ty.kind() {
            Kind::Array(element) => {
                return values.iter().try_for_each(|value| match value {
                    // Of several dimensions.
                    Value::Array(_) => refuse_nonsense(value, ty),
                    _ => refuse_nonsense(value, element),
                });
            }
            _ => ty.name() != "vector",
        },
        Value::Float(value) => matches!(*ty, Type::INT2 | Type::INT4 | Type::INT8) && value.fract() != 0.0,
        Value::DateTime(_) => *ty == Type::DATE || *ty == Type::TIME,
        Value::Timestamp(_) => *ty == Type::DATE || *ty == Type::TIME,
        _ => false,
    };
    if wrong {
        return Err(Refused(format!("{} cannot be a parameter of type {}", value.kind(), type_name(ty))));
    }
    Ok(())
}

/// Writes an array. `false`: some element has no binary form, and nothing was written.
fn array<'v>(values: impl ExactSizeIterator<Item = &'v Value>, ty: &Type, out: &mut BytesMut) -> Result<bool, Refused> {
    let Kind::Array(element) = ty.kind() else { return Ok(false) };
    let (at, count) = (out.len(), values.len());
    let short = matches!(*element, Type::TEXT | Type::VARCHAR | Type::INT4 | Type::INT8);
    out.reserve(20 + count * if short { 16 } else { 8 });
    out.put_i32(i32::from(count > 0));
    out.put_i32(0);
    out.put_u32(element.oid());
    if count == 0 {
        return Ok(true);
    }
    out.put_i32(i32::try_from(count).map_err(too_long)?);
    out.put_i32(1);
    let mut nulls = false;
    for value in values {
        nulls |= matches!(value, Value::Null);
        if matches!(value, Value::Array(_)) || !is_binary(value, element) {
            out.truncate(at);
            return Ok(false);
        }
        field(value, element, out)?;
    }
    out[at + 7] = nulls.into();
    Ok(true)
}

fn too_long(_: std::num::TryFromIntError) -> Refused {
    Refused("a value is longer than the protocol can say".into())
}

/// Writes a length and the binary form, as arrays and binary `COPY` have them. The value must be binary.
pub(crate) fn field(value: &Value, ty: &Type, out: &mut BytesMut) -> Result<(), Refused> {
    match (value, ty) {
        (Value::Null, _) => out.put_i32(-1),
        (Value::Text(text), &Type::TEXT | &Type::VARCHAR) => {
            out.put_i32(i32::try_from(text.len()).map_err(too_long)?);
            out.put_slice(text.as_bytes());
        }
        (Value::Int(number), &Type::INT4) => {
            out.put_i32(4);
            out.put_i32(i32::try_from(*number).map_err(|_| too_large(ty))?);
        }
        (Value::Int(number), &Type::INT8) => {
            out.put_i32(8);
            out.put_i64(*number);
        }
        _ => {
            let at = out.len();
            out.put_i32(0);
            put(value, base(ty), out)?;
            let length = i32::try_from(out.len() - at - 4).map_err(too_long)?;
            out[at..at + 4].copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(())
}
