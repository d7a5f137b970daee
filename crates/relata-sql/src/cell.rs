//! One cell of a row, borrowed from the driver's buffer, and how Rust types are decoded from it.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::deep;
use crate::value::{Encode, Interval, Value};

/// One cell. See [`Value`] for the variants; text and bytes are borrowed.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'r> {
    /// SQL NULL.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed whole number.
    Int(i64),
    /// An unsigned whole number above `i64::MAX`.
    UInt(u64),
    /// A floating-point number.
    Float(f64),
    /// An exact decimal.
    Decimal(Decimal),
    /// Text, and every value that no other variant can hold, in the server's spelling.
    Text(&'r str),
    /// Text that the driver gives away: from [`Row::take`](crate::driver::Row::take) alone.
    OwnedText(String),
    /// Bytes.
    Bytes(&'r [u8]),
    /// A UUID.
    Uuid(Uuid),
    /// A date.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A date and time without zone.
    DateTime(DateTime),
    /// An instant.
    Timestamp(Timestamp),
    /// A length of time.
    Interval(Interval),
    /// JSON text.
    Json(&'r str),
    /// An array.
    Array(Vec<Value>),
}

impl<'r> Cell<'r> {
    /// A cell that borrows from a value: an element of an array.
    pub fn of(value: &'r Value) -> Self {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(value) => Cell::Bool(*value),
            Value::Int(value) => Cell::Int(*value),
            Value::UInt(value) => Cell::UInt(*value),
            Value::Float(value) => Cell::Float(*value),
            Value::Decimal(value) => Cell::Decimal(*value),
            Value::Text(value) => Cell::Text(value),
            Value::Bytes(value) => Cell::Bytes(value),
            Value::Uuid(value) => Cell::Uuid(*value),
            Value::Date(value) => Cell::Date(*value),
            Value::Time(value) => Cell::Time(*value),
            Value::DateTime(value) => Cell::DateTime(*value),
            Value::Timestamp(value) => Cell::Timestamp(*value),
            Value::Interval(value) => Cell::Interval(*value),
            Value::Json(value) => Cell::Json(value),
            Value::Array(value) => Cell::Array(value.clone()),
        }
    }
}

impl Cell<'_> {
    /// An owned copy.
    pub fn to_value(&self) -> Value {
        match self {
            Cell::Null => Value::Null,
            Cell::Bool(value) => Value::Bool(*value),
            Cell::Int(value) => Value::Int(*value),
            Cell::UInt(value) => Value::UInt(*value),
            Cell::Float(value) => Value::Float(*value),
            Cell::Decimal(value) => Value::Decimal(*value),
            Cell::Text(value) => Value::Text((*value).to_string()),
            Cell::OwnedText(value) => Value::Text(value.clone()),
            Cell::Bytes(value) => Value::Bytes(value.to_vec()),
            Cell::Uuid(value) => Value::Uuid(*value),
            Cell::Date(value) => Value::Date(*value),
            Cell::Time(value) => Value::Time(*value),
            Cell::DateTime(value) => Value::DateTime(*value),
            Cell::Timestamp(value) => Value::Timestamp(*value),
            Cell::Interval(value) => Value::Interval(*value),
            Cell::Json(value) => Value::Json((*value).to_string()),
            Cell::Array(value) => Value::Array(value.clone()),
        }
    }
}

/// Why a cell does not decode: what was expected. The engine adds row, column and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What the Rust type can hold: `a whole number from 0 to 255`.
    pub expected: String,
}

impl Mismatch {
    /// A mismatch that expected this.
    pub fn expected(what: impl Into<String>) -> Self {
        Mismatch { expected: what.into() }
    }
}

/// What can be read from a cell.
///
/// The three databases keep some types differently (SQLite a date as text, MariaDB a boolean as a number), so each
/// implementation accepts every spelling that loses nothing and refuses the rest.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a column",
    label = "not a type that a database keeps",
    note = "on an enum of your own derive `relata::Enum`, on a struct around one value, or one kept as JSON, `relata::Scalar`"
)]
pub trait Decode: Sized {
    /// Whether it takes [`Cell::OwnedText`], so that a driver which owns its text need not copy it.
    #[doc(hidden)]
    const TAKES: bool = false;

    /// Reads the cell.
    ///
    /// # Errors
    /// When the cell holds something else; nothing is converted with loss.
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch>;
}

macro_rules! decode_int {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl Decode for $ty {
            #[inline]
            fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
                let value = match cell {
                    Cell::Int(value) => <$ty>::try_from(value).ok(),
                    Cell::UInt(value) => <$ty>::try_from(value).ok(),
                    Cell::Bool(value) => Some(<$ty>::from(value)),
                    Cell::Decimal(value) if value.is_integer() => {
                        i128::try_from(value).ok().and_then(|value| <$ty>::try_from(value).ok())
                    }
                    _ => None,
                };
                value.ok_or_else(|| Mismatch::expected(format!(
                    "a whole number from {} to {}", <$ty>::MIN, <$ty>::MAX
                )))
            }
        }
    )*};
}
decode_int!(i8, i16, i32, i64, u8, u16, u32, u64);

#[diagnostic::do_not_recommend]
impl Decode for bool {
    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match cell {
            Cell::Bool(value) => Ok(value),
            Cell::Int(0) => Ok(false),
            Cell::Int(1) => Ok(true),
            _ => Err(Mismatch::expected("true or false")),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Decode for f64 {
    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match cell {
            Cell::Float(value) => Ok(value),
            // SQLite stores a whole REAL as an integer where that is smaller.
            Cell::Int(value) if value.unsigned_abs() <= 1 << 53 => Ok(value as f64),
            _ => Err(Mismatch::expected("a floating-point number")),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Decode for f32 {
    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = f64::decode(cell)?;
        let single = value as f32;
        match single.is_infinite() && value.is_finite() {
            true => Err(Mismatch::expected("a floating-point number up to 3.4e38")),
            false => Ok(single),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Decode for String {
    const TAKES: bool = true;

    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match cell {
            Cell::OwnedText(value) => Ok(value),
            Cell::Text(value) | Cell::Json(value) => Ok(value.to_string()),
            _ => Err(Mismatch::expected("text")),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Decode for Vec<u8> {
    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match cell {
            Cell::Bytes(value) => Ok(value.to_vec()),
            // SQLite keeps text that is put into a column of bytes as text.
            Cell::Text(value) => Ok(value.as_bytes().to_vec()),
            _ => Err(Mismatch::expected("bytes")),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Decode for Value {
    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        Ok(cell.to_value())
    }
}

/// What can be an element of an array. A byte is none: `Vec<u8>` is one value, bytes.
pub trait Element: Encode + Decode {}

macro_rules! elements {
    ($($ty:ty),* $(,)?) => {$(impl Element for $ty {})*};
}
elements!(
    bool,
    i8,
    i16,
    i32,
    i64,
    u16,
    u32,
    u64,
    f32,
    f64,
    Decimal,
    String,
    Vec<u8>,
    Uuid,
    Date,
    Time,
    DateTime,
    Timestamp,
    Interval,
    SignedDuration,
    serde_json::Value,
);

/// How a [`Mismatch`] ends that is about an element of an array which is NULL.
pub const NO_NULLS: &str = " without NULLs";

/// An element that may be NULL.
impl<T: Element> Element for Option<T> {}

impl<T: Element> Encode for Vec<T> {
    fn encode(self) -> Value {
        Value::Array(self.into_iter().map(Encode::encode).collect())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Element> Decode for Vec<T> {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let Cell::Array(elements) = cell else { return Err(Mismatch::expected("an array")) };
        let decode = |element: &Value| {
            T::decode(Cell::of(element)).map_err(|mismatch| {
                let nulls = if *element == Value::Null { NO_NULLS } else { "" };
                Mismatch::expected(format!("an array of {}{nulls}", mismatch.expected))
            })
        };
        elements.iter().map(decode).collect()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Decode> Decode for Option<T> {
    const TAKES: bool = T::TAKES;

    #[inline]
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match cell {
            Cell::Null => Ok(None),
            cell => T::decode(cell).map(Some),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Decode for Decimal {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = match cell {
            Cell::Decimal(value) => Some(value),
            Cell::Int(value) => Some(value.into()),
            Cell::UInt(value) => Some(value.into()),
            Cell::Text(value) => exact_decimal(value),
            // SQLite has no decimals: NUMERIC columns hold floating-point numbers of at most 15 exact digits.
            Cell::Float(value) => value.to_string().parse().ok(),
            _ => None,
        };
        value.ok_or_else(|| Mismatch::expected("a decimal of at most 28 digits"))
    }
}

/// The decimal, if it holds every digit: zeros at the end are none.
fn exact_decimal(text: &str) -> Option<Decimal> {
    let shorter = || text.contains('.').then(|| text.trim_end_matches('0').trim_end_matches('.'));
    Decimal::from_str_exact(text).ok().or_else(|| Decimal::from_str_exact(shorter()?).ok())
}

#[diagnostic::do_not_recommend]
impl Decode for Uuid {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = match cell {
            Cell::Uuid(value) => Some(value),
            Cell::Text(value) => Uuid::parse_str(value).ok(),
            Cell::Bytes(value) => Uuid::from_slice(value).ok(),
            _ => None,
        };
        value.ok_or_else(|| Mismatch::expected("a UUID"))
    }
}

#[diagnostic::do_not_recommend]
impl Decode for Date {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = match cell {
            Cell::Date(value) => Some(value),
            Cell::Text(value) => value.parse().ok(),
            _ => None,
        };
        value.ok_or_else(|| Mismatch::expected("a date as YYYY-MM-DD"))
    }
}

#[diagnostic::do_not_recommend]
impl Decode for Time {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = match &cell {
            Cell::Time(value) => Some(*value),
            Cell::Text(value) => value.parse().ok(),
            _ => None,
        };
        let length = matches!(cell, Cell::Text(text) if length_of_time(text).is_some());
        value.ok_or_else(|| match length {
            true => Mismatch::expected(
                "a time of day from 00:00:00 to 23:59:59; a `SignedDuration` holds other lengths of time",
            ),
            false => Mismatch::expected("a time as HH:MM:SS"),
        })
    }
}

#[diagnostic::do_not_recommend]
impl Decode for DateTime {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = match cell {
            Cell::DateTime(value) => Some(value),
            Cell::Date(value) => Some(value.to_datetime(Time::midnight())),
            Cell::Text(value) => value.parse().ok(),
            _ => None,
        };
        value.ok_or_else(|| Mismatch::expected("a date and time as YYYY-MM-DD HH:MM:SS"))
    }
}

#[diagnostic::do_not_recommend]
impl Decode for Timestamp {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let utc = |value: DateTime| value.to_zoned(TimeZone::UTC).ok().map(|value| value.timestamp());
        let value = match cell {
            Cell::Timestamp(value) => Some(value),
            Cell::DateTime(value) => utc(value),
            Cell::Text(value) => value.parse().ok().or_else(|| value.parse().ok().and_then(utc)),
            _ => None,
        };
        value.ok_or_else(|| Mismatch::expected("an instant as YYYY-MM-DDTHH:MM:SSZ"))
    }
}

#[diagnostic::do_not_recommend]
impl Decode for Interval {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        match cell {
            Cell::Interval(value) => Ok(value),
            _ => Err(Mismatch::expected("an interval")),
        }
    }
}

/// A day of an [`Interval`] counts as 24 hours; months have no length and are refused.
#[diagnostic::do_not_recommend]
impl Decode for SignedDuration {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = match cell {
            Cell::Interval(Interval { months: 0, days, microseconds }) => {
                SignedDuration::from_hours(i64::from(days) * 24).checked_add(SignedDuration::from_micros(microseconds))
            }
            Cell::Time(value) => Some(value.duration_since(Time::midnight())),
            Cell::Text(value) => length_of_time(value),
            // SQLite: microseconds.
            Cell::Int(value) => Some(SignedDuration::from_micros(value)),
            _ => None,
        };
        value.ok_or_else(|| Mismatch::expected("a length of time without months"))
    }
}

/// MariaDB's spelling: hours of any number of digits, minutes, seconds.
fn length_of_time(text: &str) -> Option<SignedDuration> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut parts = text.splitn(3, ':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let digits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let micros = if fraction.is_empty() { 0 } else { digits(&format!("{fraction:0<6}")[..6])? };
    let (hours, minutes) = (digits(hours)?, digits(minutes).filter(|minutes| *minutes < 60)?);
    let seconds = hours.checked_mul(3600)? + minutes * 60 + digits(seconds).filter(|seconds| *seconds < 60)?;
    let length = SignedDuration::from_secs(seconds) + SignedDuration::from_micros(micros);
    Some(if negative { -length } else { length })
}

#[diagnostic::do_not_recommend]
impl Decode for serde_json::Value {
    fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
        let value = match cell {
            Cell::Json(value) | Cell::Text(value) => {
                return serde_json::from_str(value)
                    .map_err(|error| Mismatch::expected(deep::unread(&error).unwrap_or("JSON")));
            }
            // SQLite keeps the JSON text `5` in a column declared JSON as a number.
            Cell::Int(value) => Some(value.into()),
            Cell::Float(value) => serde_json::Number::from_f64(value).map(serde_json::Value::Number),
            _ => None,
        };
        value.ok_or_else(|| Mismatch::expected("JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_which_number_is_too_large() {
        let read = |text| serde_json::Value::decode(Cell::Json(text)).map_err(|error| error.expected);
        assert_eq!(read("[1e300]"), Ok(serde_json::json!([1e300])));
        assert!(read("[1e400]").unwrap_err().starts_with("JSON without numbers beyond 1.8e308"));
        assert_eq!(read("[").unwrap_err(), "JSON");
    }

    #[test]
    fn numbers_never_lose() {
        assert_eq!(u8::decode(Cell::Int(255)), Ok(255));
        assert_eq!(u8::decode(Cell::Int(256)).unwrap_err().expected, "a whole number from 0 to 255");
        assert_eq!(i64::decode(Cell::Decimal(Decimal::new(50, 1))), Ok(5));
        assert!(i64::decode(Cell::Decimal(Decimal::new(55, 1))).is_err());
        assert!(f64::decode(Cell::Int(i64::MAX)).is_err());
        assert_eq!(f32::decode(Cell::Float(f64::INFINITY)), Ok(f32::INFINITY));
        assert_eq!(f32::decode(Cell::Float(1e300)).unwrap_err().expected, "a floating-point number up to 3.4e38");
        assert!(i32::decode(Cell::Text("5")).is_err());
        assert_eq!(Option::<i32>::decode(Cell::Null), Ok(None));
    }

    #[test]
    fn arrays_of_values() {
        let array = vec![1i64, 2].encode();
        assert_eq!(Vec::<i64>::decode(Cell::of(&array)), Ok(vec![1, 2]));
        assert_eq!(Vec::<u8>::decode(Cell::Bytes(&[1, 2])), Ok(vec![1, 2]));
        let holes = Value::Array(vec![Value::Int(1), Value::Null]);
        let mismatch = Vec::<bool>::decode(Cell::of(&holes)).unwrap_err();
        assert_eq!(mismatch.expected, "an array of true or false without NULLs");
        assert_eq!(Vec::<Option<i64>>::decode(Cell::of(&holes)), Ok(vec![Some(1), None]));
        assert_eq!(vec![Some(1i64), None].encode(), holes);
    }

    #[test]
    fn lengths_of_time() {
        let read = |text: &str| SignedDuration::decode(Cell::Text(text)).map(|value| value.as_micros());
        assert_eq!(read("838:59:59.999999"), Ok(3_020_399_999_999));
        assert_eq!(read("-00:00:01.5"), Ok(-1_500_000));
        assert!(read("12:60:00").is_err() && read("a:00:00").is_err() && read("12:00").is_err());
        let day = Interval { months: 0, days: -1, microseconds: 1 };
        assert_eq!(SignedDuration::decode(Cell::Interval(day)).map(|value| value.as_micros()), Ok(-86_399_999_999));
        assert!(SignedDuration::decode(Cell::Interval(Interval { months: 1, days: 0, microseconds: 0 })).is_err());
        let mismatch = Time::decode(Cell::Text("25:00:00")).unwrap_err();
        assert!(mismatch.expected.contains("SignedDuration"), "{mismatch:?}");
    }

    #[test]
    fn instants_from_text() {
        let expected: Timestamp = "2024-02-29T12:00:00Z".parse().unwrap();
        assert_eq!(Timestamp::decode(Cell::Text("2024-02-29 12:00:00")), Ok(expected));
        assert_eq!(Timestamp::decode(Cell::Text("2024-02-29T14:00:00+02:00")), Ok(expected));
        assert!(Timestamp::decode(Cell::Text("infinity")).is_err());
    }
}
