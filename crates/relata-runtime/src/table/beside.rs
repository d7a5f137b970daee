//! Values beside columns that MariaDB and MySQL would compare, or keep, as something else without a word: a text beside numbers is
//! compared as a floating-point number, `'abc'` as 0; fractions are rounded in columns of whole numbers.
//!
//! What means the same is sent as what the column is; the rest is refused. The other databases do so themselves.

use relata_schema::Dialect;
use relata_schema::types::Type;
use relata_sql::{Error, Kind, Result, Value};
use rust_decimal::Decimal;

use super::{Table, TableColumn};

/// What a column holds, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Class {
    Whole,
    Exact,
    Float,
    Text,
    Bytes,
    Date,
    Time,
    Moment,
    Other,
}

impl Class {
    fn of(ty: &Type) -> Self {
        match ty {
            Type::Bool | Type::Int(_) | Type::UInt(_) | Type::Year | Type::Bit(..) => Class::Whole,
            Type::Decimal(_) => Class::Exact,
            Type::Float32 | Type::Float64 => Class::Float,
            Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Enum(..) | Type::Set(_) => Class::Text,
            Type::Bytes(_) => Class::Bytes,
            Type::Date => Class::Date,
            Type::Time(_) => Class::Time,
            Type::DateTime(_) | Type::Timestamp(_) => Class::Moment,
            _ => Class::Other,
        }
    }

    const fn holds(self) -> &'static str {
        match self {
            Class::Whole => "whole numbers",
            Class::Exact => "decimals",
            Class::Float => "floating-point numbers",
            Class::Text => "texts",
            Class::Bytes => "bytes",
            Class::Date => "dates",
            Class::Time => "times",
            Class::Moment | Class::Other => "dates and times",
        }
    }
}

impl Table {
    /// The value as it is compared with the column.
    pub(super) fn compared(&self, column: &TableColumn, value: Value) -> Result<Value> {
        let class = Class::of(&column.ty);
        if self.0.dialect != Dialect::Mysql {
            return Ok(value);
        }
        let refused = |kind| Err(self.unlike(column, class, kind, "compared with"));
        Ok(match (class, value) {
            (Class::Text, Value::Int(value)) => Value::Text(value.to_string()),
            (Class::Text, Value::UInt(value)) => Value::Text(value.to_string()),
            (Class::Text, Value::Decimal(value)) => Value::Text(value.to_string()),
            (Class::Text, Value::Float(value)) => Value::Text(value.to_string()),
            (Class::Whole | Class::Exact | Class::Float, Value::Text(text)) => match number(&text) {
                Some(value) => value,
                None => return refused("a text that is no number"),
            },
            (Class::Whole | Class::Exact, Value::Float(value)) => exact(value).unwrap_or(Value::Float(value)),
            (Class::Text, Value::Bool(_)) => return refused("a boolean"),
            (Class::Bytes | Class::Date | Class::Time | Class::Moment, value) if is_number(&value) => {
                return refused(value.kind());
            }
            (_, value) => value,
        })
    }

    /// The value as it is written into the column.
    #[inline]
    pub(super) fn kept(&self, column: &TableColumn, value: Value) -> Result<Value> {
        let class = Class::of(&column.ty);
        match self.0.dialect {
            Dialect::Mysql => {}
            Dialect::Sqlite if class == Class::Float => return self.whole_in_floats(column, value, 53),
            _ => return Ok(value),
        }
        let refused = |kind| Err(self.unlike(column, class, kind, "given"));
        let moment = matches!(value, Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Timestamp(_));
        match (class, value) {
            (Class::Whole, Value::Float(value)) if value.fract() != 0.0 => refused("a number with a fraction"),
            (Class::Whole, Value::Decimal(value)) if !value.is_integer() => refused("a number with a fraction"),
            (Class::Whole, Value::Text(text)) => match number(&text) {
                Some(value @ (Value::Int(_) | Value::UInt(_))) => Ok(value),
                Some(_) => refused("a number with a fraction"),
                None => refused("a text that is no number"),
            },
            (Class::Whole | Class::Exact | Class::Float, _) if moment => refused("a date or time"),
            (Class::Float, value) => {
                self.whole_in_floats(column, value, if column.ty == Type::Float32 { 24 } else { 53 })
            }
            (Class::Text, value) if matches!(column.ty, Type::Enum(..) | Type::Set(_)) && is_number(&value) => {
                refused("a number, which is a place among its values")
            }
            (Class::Text, Value::Date(value)) => Ok(Value::Text(value.to_string())),
            (Class::Date | Class::Time, Value::DateTime(_) | Value::Timestamp(_)) => refused("a date with a time"),
            (Class::Time, Value::Date(_)) => refused("a date"),
            (Class::Date | Class::Time | Class::Moment, value) if is_number(&value) => refused(value.kind()),
            (_, value) => Ok(value),
        }
    }

    /// Whole numbers beyond this many bits are others as floating-point numbers.
    fn whole_in_floats(&self, column: &TableColumn, value: Value, bits: u32) -> Result<Value> {
        let whole = match value {
            Value::Int(value) => value.unsigned_abs(),
            Value::UInt(value) => value,
            _ => return Ok(value),
        };
        let used = u64::BITS - whole.leading_zeros() - whole.trailing_zeros().min(u64::BITS - 1);
        if whole != 0 && used > bits {
            return Err(self.unlike(column, Class::Float, "a whole number that none of them is", "given"));
        }
        Ok(value)
    }

    #[cold]
    fn unlike(&self, column: &TableColumn, class: Class, kind: &str, done: &str) -> Error {
        let (table, name) = (&self.0.name.name, &column.name);
        let message = format!("{table}.{name} holds {}; it was {done} {kind}", class.holds());
        let hint = "give it a value of its own kind: the database would take another, without a word";
        Error::new(Kind::InvalidValue, message).table(table).column(name).hint(hint)
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::Decimal(_))
}

/// The number that a text spells.
fn number(text: &str) -> Option<Value> {
    let text = text.trim_ascii();
    let whole = text.parse().ok().map(Value::Int).or_else(|| text.parse().ok().map(Value::UInt));
    let decimal = || Decimal::from_str_exact(text).ok().map(Value::Decimal);
    let spelled = || text.parse::<f64>().ok().filter(|number| number.is_finite());
    // One of more digits than a decimal has stays a text, which is compared digit by digit.
    let long = || text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    whole.or_else(decimal).or_else(|| {
        let float = spelled()?;
        Some(if long() { Value::Text(text.to_string()) } else { Value::Float(float) })
    })
}

/// The same number as a decimal, whose digits all count.
fn exact(value: f64) -> Option<Value> {
    Decimal::from_str_exact(&value.to_string()).ok().map(Value::Decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_numbers() {
        assert_eq!(number(" 7 "), Some(Value::Int(7)));
        assert_eq!(number("18446744073709551615"), Some(Value::UInt(u64::MAX)));
        assert_eq!(number("1.50"), Some(Value::Decimal("1.50".parse().unwrap())));
        assert_eq!(number("1e3"), Some(Value::Float(1000.0)));
        let long = "1.000000000000000000000000000000001";
        assert_eq!(number(long), Some(Value::Text(long.into())));
        for text in ["", "abc", "7x", "0x10", "NaN", "inf", "1,5"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
