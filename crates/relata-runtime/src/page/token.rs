//! The text of a cursor: base64url of the order's digest and of each value, a letter for its kind and its length first.

use relata_sql::{Cell, Decode, Interval, Value};

/// So deep are arrays in each other at most: PostgreSQL's have six dimensions.
const DEEPEST: usize = 8;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn write(order: u32, values: &[Value]) -> String {
    let mut bytes = order.to_be_bytes().to_vec();
    bytes.extend(pieces(values));
    encode(&bytes)
}

fn pieces(values: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        let (kind, text) = piece(value);
        bytes.push(kind);
        bytes.extend((text.len() as u32).to_be_bytes());
        bytes.extend(text);
    }
    bytes
}

pub(super) fn read(text: &str) -> Option<(u32, Vec<Value>)> {
    let bytes = decode(text)?;
    let (order, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*order), values(rest, DEEPEST)?))
}

fn values(mut rest: &[u8], depth: usize) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        let (length, after) = after.split_first_chunk::<4>()?;
        let (text, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        values.push(match kind {
            b'a' => Value::Array(self::values(text, depth.checked_sub(1)?)?),
            kind => value(*kind, text)?,
        });
        rest = after;
    }
    Some(values)
}

fn piece(value: &Value) -> (u8, Vec<u8>) {
    let text = |kind: u8, text: String| (kind, text.into_bytes());
    match value {
        Value::Null => (b'n', Vec::new()),
        Value::Bool(value) => (b'b', vec![u8::from(*value)]),
        Value::Int(value) => text(b'i', value.to_string()),
        Value::UInt(value) => text(b'u', value.to_string()),
        Value::Float(value) => (b'f', value.to_be_bytes().to_vec()),
        Value::Decimal(value) => text(b'd', value.to_string()),
        Value::Text(value) => text(b't', value.clone()),
        Value::Bytes(value) => (b'x', value.clone()),
        Value::Uuid(value) => text(b'g', value.to_string()),
        Value::Date(value) => text(b'D', value.to_string()),
        Value::Time(value) => text(b'T', value.to_string()),
        Value::DateTime(value) => text(b'L', value.to_string()),
        Value::Timestamp(value) => text(b'Z', value.to_string()),
        Value::Json(value) => text(b'j', value.clone()),
        Value::Interval(Interval { months, days, microseconds }) => {
            text(b'I', format!("{months} {days} {microseconds}"))
        }
        Value::Array(values) => (b'a', pieces(values)),
    }
}

fn value(kind: u8, bytes: &[u8]) -> Option<Value> {
    if let b'n' | b'b' | b'f' | b'x' = kind {
        return match (kind, bytes) {
            (b'n', []) => Some(Value::Null),
            (b'b', [flag]) => Some(Value::Bool(*flag != 0)),
            (b'f', bytes) => Some(Value::Float(f64::from_be_bytes(bytes.try_into().ok()?))),
            (b'x', bytes) => Some(Value::Bytes(bytes.to_vec())),
            _ => None,
        };
    }
    let text = std::str::from_utf8(bytes).ok()?;
    fn read<T: Decode>(text: &str, wrap: fn(T) -> Value) -> Option<Value> {
        T::decode(Cell::Text(text)).ok().map(wrap)
    }
    match kind {
        b'i' => text.parse().ok().map(Value::Int),
        b'u' => text.parse().ok().map(Value::UInt),
        b't' => Some(Value::Text(text.to_string())),
        b'j' => Some(Value::Json(text.to_string())),
        b'd' => read(text, Value::Decimal),
        b'g' => read(text, Value::Uuid),
        b'D' => read(text, Value::Date),
        b'T' => read(text, Value::Time),
        b'L' => read(text, Value::DateTime),
        b'Z' => read(text, Value::Timestamp),
        b'I' => interval(text),
        _ => None,
    }
}

fn interval(text: &str) -> Option<Value> {
    let mut parts = text.splitn(3, ' ');
    let (months, days) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let microseconds = parts.next()?.parse().ok()?;
    Some(Value::Interval(Interval { months, days, microseconds }))
}

fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0u8; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for place in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for (place, byte) in chunk.iter().enumerate() {
            let digit = ALPHABET.iter().position(|letter| letter == byte)?;
            bits |= (digit as u32) << (18 - 6 * place);
        }
        out.extend(&bits.to_be_bytes()[1..chunk.len().max(1)]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back() {
        let values = vec![
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Float(0.1),
            Value::Text("é\0\"".into()),
            Value::Bytes(vec![0, 255]),
            Value::Timestamp("2026-01-02T03:04:05.678901Z".parse().unwrap()),
            Value::Date("2026-01-02".parse().unwrap()),
            Value::Interval(Interval { months: -13, days: 40, microseconds: i64::MIN }),
            Value::Array(vec![Value::Array(vec![Value::Text("a".into()), Value::Null]), Value::Array(Vec::new())]),
        ];
        let text = write(7, &values);
        assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)), "{text}");
        assert_eq!(read(&text), Some((7, values)));
    }

    #[test]
    fn damaged_texts_are_refused() {
        for text in ["", "A", "%%%%", "AAAAAHg", "AAAAAGnwwwww"] {
            assert_eq!(read(text), None, "{text}");
        }
        let nested = (0..300).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert_eq!(read(&write(7, &[nested])), None);
    }
}
