//! Values that go to a database as parameters, and that come back where the type is known only at run time.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A length of time as PostgreSQL keeps it: three parts that do not convert into each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub microseconds: i64,
}

/// One owned value.
///
/// A value that its natural variant cannot hold (a decimal of more than 28 digits, `infinity`, a zero date) travels as
/// [`Value::Text`] in the server's spelling; a driver MUST accept that spelling back as a parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// SQL NULL.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed whole number.
    Int(i64),
    /// An unsigned whole number above `i64::MAX` (MariaDB).
    UInt(u64),
    /// A floating-point number.
    Float(f64),
    /// An exact decimal.
    Decimal(Decimal),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
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
    Json(String),
    /// An array.
    Array(Vec<Value>),
}

/// What can be sent as a parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter",
    label = "not a type that a database keeps",
    note = "on an enum of your own derive `relata::Enum`, on a struct around one value, or one kept as JSON, `relata::Scalar`"
)]
pub trait Encode {
    /// The value to send.
    fn encode(self) -> Value;
}

macro_rules! encode {
    ($($ty:ty => |$value:ident| $body:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Encode for $ty {
            fn encode(self) -> Value {
                let $value = self;
                $body
            }
        }
    )*};
}

encode! {
    Value => |value| value;
    bool => |value| Value::Bool(value);
    i8 => |value| Value::Int(value.into());
    i16 => |value| Value::Int(value.into());
    i32 => |value| Value::Int(value.into());
    i64 => |value| Value::Int(value);
    u8 => |value| Value::Int(value.into());
    u16 => |value| Value::Int(value.into());
    u32 => |value| Value::Int(value.into());
    u64 => |value| i64::try_from(value).map_or(Value::UInt(value), Value::Int);
    f32 => |value| Value::Float(value.into());
    f64 => |value| Value::Float(value);
    Decimal => |value| Value::Decimal(value);
    String => |value| Value::Text(value);
    &str => |value| Value::Text(value.to_string());
    &String => |value| Value::Text(value.clone());
    Vec<u8> => |value| Value::Bytes(value);
    &[u8] => |value| Value::Bytes(value.to_vec());
    Uuid => |value| Value::Uuid(value);
    Date => |value| Value::Date(value);
    Time => |value| Value::Time(value);
    DateTime => |value| Value::DateTime(value);
    Timestamp => |value| Value::Timestamp(value);
    Interval => |value| Value::Interval(value);
    SignedDuration => |value| {
        let microseconds = i64::try_from(value.as_micros()).unwrap_or(if value.is_negative() { i64::MIN } else { i64::MAX });
        Value::Interval(Interval { months: 0, days: 0, microseconds })
    };
    serde_json::Value => |value| Value::Json(value.to_string());
}

#[diagnostic::do_not_recommend]
impl<T: Encode> Encode for Option<T> {
    fn encode(self) -> Value {
        self.map_or(Value::Null, Encode::encode)
    }
}

impl Value {
    /// The word for its kind in messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Value::Null => "NULL",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::UInt(_) => "a whole number",
            Value::Float(_) => "a floating-point number",
            Value::Decimal(_) => "a decimal",
            Value::Text(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::Uuid(_) => "a UUID",
            Value::Date(_) => "a date",
            Value::Time(_) => "a time",
            Value::DateTime(_) => "a date and time",
            Value::Timestamp(_) => "an instant",
            Value::Interval(_) => "an interval",
            Value::Json(_) => "JSON",
            Value::Array(_) => "an array",
        }
    }
}
