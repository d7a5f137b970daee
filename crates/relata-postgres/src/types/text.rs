//! Values in the server's text format: for parameters whose type has no exact binary form here, and for text `COPY`.

use std::fmt::Write as _;

use relata_sql::{Interval, Value};
use tokio_postgres::types::{Kind, Type};

/// The text form of a value for a parameter of type `ty`; `None` is NULL.
pub(crate) fn form(value: &Value, ty: &Type) -> Option<String> {
    let element = match ty.kind() {
        Kind::Array(element) => element,
        _ => ty,
    };
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) if is_integer(ty) => u8::from(*value).to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Float(value) => float(*value),
        Value::Decimal(value) => value.to_string(),
        Value::Text(value) | Value::Json(value) => value.clone(),
        Value::Bytes(value) => bytes(value),
        Value::Uuid(value) => value.to_string(),
        Value::Date(value) => value.to_string(),
        Value::Time(value) => value.to_string(),
        Value::DateTime(value) => value.to_string(),
        Value::Timestamp(value) => value.to_string(),
        Value::Interval(value) => interval(*value),
        Value::Array(values) => array(values, element),
    })
}

fn is_integer(ty: &Type) -> bool {
    matches!(*ty, Type::INT2 | Type::INT4 | Type::INT8 | Type::NUMERIC)
}

fn float(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        value.to_string()
    }
}

fn bytes(value: &[u8]) -> String {
    let mut out = String::with_capacity(2 + value.len() * 2);
    out.push_str("\\x");
    for byte in value {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// An interval in a spelling that needs no setting to be read.
pub(crate) fn interval(value: Interval) -> String {
    format!("{} months {} days {} microseconds", value.months, value.days, value.microseconds)
}

fn array(values: &[Value], element: &Type) -> String {
    let mut out = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match value {
            Value::Array(inner) => out.push_str(&array(inner, element)),
            value => match form(value, element) {
                None => out.push_str("NULL"),
                Some(text) => {
                    out.push('"');
                    out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
                    out.push('"');
                }
            },
        }
    }
    out.push('}');
    out
}

/// Appends a field of text `COPY`.
pub(crate) fn copy_field(value: &Value, ty: &Type, out: &mut Vec<u8>) {
    match form(value, ty) {
        None => out.extend_from_slice(b"\\N"),
        Some(text) => {
            for byte in text.bytes() {
                match byte {
                    b'\\' => out.extend_from_slice(b"\\\\"),
                    b'\n' => out.extend_from_slice(b"\\n"),
                    b'\r' => out.extend_from_slice(b"\\r"),
                    b'\t' => out.extend_from_slice(b"\\t"),
                    byte => out.push(byte),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_copy_fields_quote_what_they_must() {
        let value = Value::Array(vec![Value::Text("a\"b\\c".into()), Value::Null, Value::Array(vec![Value::Int(1)])]);
        assert_eq!(form(&value, &Type::TEXT_ARRAY).unwrap(), r#"{"a\"b\\c",NULL,{"1"}}"#);
        let mut out = Vec::new();
        copy_field(&Value::Text("a\tb\\\n".into()), &Type::TEXT, &mut out);
        assert_eq!(out, b"a\\tb\\\\\\n");
    }
}
