//! Numbers of more digits than a floating-point number keeps.
//!
//! SQLite makes numbers of what looks like one in every column that is not declared as text or bytes, and keeps at most 15
//! digits of it. What is found here is asked about (`Connection::refuse_changed`) before it is written.

use crate::value::Value;

/// So many digits come back from a floating-point number as they were.
const DIGITS: usize = 15;

/// A number that a floating-point number does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long {
    /// How many digits it has, without zeros at either end.
    pub digits: usize,
    /// It is a whole number of at most 64 bits.
    pub whole: bool,
}

/// What would be lost of this value where a floating-point number is kept in its place.
#[inline]
pub fn long(value: &Value) -> Option<Long> {
    match value {
        Value::Decimal(value) if value.mantissa().unsigned_abs() >= 10u128.pow(DIGITS as u32) => of(&value.to_string()),
        Value::Text(text) if text.len() > DIGITS => of(text),
        // JSON's numbers are floating-point ones beyond 64 bits, and as such they are kept.
        Value::Json(text) => of(text).filter(|_| whole(text)),
        _ => None,
    }
}

fn whole(text: &str) -> bool {
    !text.contains(['.', 'e', 'E'])
}

fn of(text: &str) -> Option<Long> {
    let text = text.trim_ascii();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let numeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(before) || !numeric(after) || exponent.parse::<i64>().is_err() {
        return None;
    }
    let digits = before.bytes().chain(after.bytes()).skip_while(|digit| *digit == b'0');
    let (_, digits) = digits.fold((0, 0), |(all, shown), digit| (all + 1, if digit == b'0' { shown } else { all + 1 }));
    (digits > DIGITS).then(|| Long { digits, whole: text.parse::<i64>().is_ok() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Encode;

    #[test]
    fn digits_are_counted_without_zeros_at_either_end() {
        let of = |text: &str| of(text).map(|long| (long.digits, long.whole));
        for text in
            ["", "-", "a1", "1a", "1.2.3", "000123456789012345000", "0.000123456789012345", "1.500000000000000000"]
        {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(of(" 1234567890123456 "), Some((16, true)));
        assert_eq!(of("-12345678901234567.0"), Some((17, false)));
        assert_eq!(of("12345678901234567890"), Some((19, false)));
        assert_eq!(of("1.234567890123456e3"), Some((16, false)));
    }

    #[test]
    fn values_that_are_kept_are_none() {
        let decimal = |text: &str| long(&text.parse::<rust_decimal::Decimal>().unwrap().encode());
        assert_eq!(decimal("123456789012345.000"), None);
        assert_eq!(decimal("12345678901234567.5"), Some(Long { digits: 18, whole: false }));
        assert_eq!(long(&Value::Json("0.30000000000000004".into())), None);
        assert_eq!(long(&Value::Json("\"12345678901234567\"".into())), None);
        assert_eq!(long(&Value::Json("18446744073709551615".into())), Some(Long { digits: 20, whole: false }));
    }
}
