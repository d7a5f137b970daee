//! Values to parameters, and SQLite's own values to cells.
//!
//! SQLite knows NULL, integers, floating-point numbers, text and bytes. What else relata has travels as text in the
//! spelling SQLite's own functions use: dates as `2024-02-29`, instants in UTC as `2024-02-29 12:00:00.5` (so that
//! they sort, and compare with `CURRENT_TIMESTAMP`), UUIDs with hyphens, decimals as they are written. A column with
//! NUMERIC affinity (DECIMAL) turns decimals into numbers of at most 15 exact digits, and longer ones are refused (see `exact`);
//! declare TEXT to keep them all.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use relata_sql::{Cell, Error, Interval, Kind, Result, Row, Value};

use crate::errors;
use crate::statement::{Bound, Lent, Raw};

/// Binds one value to a placeholder (`index` starts at 1).
#[inline]
pub(crate) fn bind<'h>(statement: &mut Lent<'h>, index: usize, value: &'h Value) -> Result<()> {
    let bound = match value {
        Value::Null => Bound::Null,
        Value::Bool(value) => Bound::Int(i64::from(*value)),
        Value::Int(value) => Bound::Int(*value),
        Value::Float(value) if value.is_nan() => return Err(not_a_number(index)),
        Value::Float(value) => Bound::Float(*value),
        // A length of time is kept as microseconds: numbers compare and add up.
        Value::Interval(Interval { months: 0, days: 0, microseconds }) => Bound::Int(*microseconds),
        Value::Text(value) | Value::Json(value) => Bound::Text(value),
        Value::Bytes(value) => Bound::Bytes(value),
        other => Bound::Spelled(spelled(other, index)?),
    };
    statement.bind(index, bound).map_err(|error| errors::from_rusqlite(&error, None))
}

/// SQLite would keep it as NULL, without a word.
fn not_a_number(index: usize) -> Error {
    Error::new(Kind::InvalidValue, format!("parameter {index} is NaN, which SQLite cannot keep"))
        .hint("send NULL if that is what is meant")
}

/// The text for a value that SQLite has no type for.
fn spelled(value: &Value, index: usize) -> Result<String> {
    Ok(match value {
        Value::Decimal(value) => value.to_string(),
        Value::Uuid(value) => value.hyphenated().to_string(),
        Value::Date(value) if value.year() < 0 => return Err(before_christ(index)),
        Value::Date(value) => value.to_string(),
        Value::Time(value) => value.to_string(),
        Value::DateTime(value) => date_time(*value, index)?,
        Value::Timestamp(value) => date_time(TimeZone::UTC.to_datetime(*value), index)?,
        Value::UInt(_) => {
            let message = format!("parameter {index} is above {}, the largest whole number SQLite keeps", i64::MAX);
            return Err(Error::new(Kind::InvalidValue, message).hint("send a number of that size as text"));
        }
        other => {
            return Err(Error::unsupported(
                format!("parameter {index} is {}, which SQLite has no type for", other.kind()),
                "send it as JSON text, or as numbers in columns of their own",
            ));
        }
    })
}

fn date_time(value: DateTime, index: usize) -> Result<String> {
    if value.year() < 0 {
        return Err(before_christ(index));
    }
    Ok(format!("{} {}", value.date(), value.time()))
}

/// As texts they would sort the wrong way round.
fn before_christ(index: usize) -> Error {
    Error::new(Kind::InvalidValue, format!("parameter {index} is a date before the year 0, where SQLite's dates begin"))
        .hint("send such dates as numbers, of years or of days")
}

/// One row in SQLite's buffer.
pub(crate) struct SqliteRow<'a, 'h> {
    pub(crate) statement: &'a Lent<'h>,
    pub(crate) columns: usize,
}

impl Row for SqliteRow<'_, '_> {
    fn len(&self) -> usize {
        self.columns
    }

    #[inline]
    fn cell(&self, index: usize) -> Result<Cell<'_>> {
        if index >= self.columns {
            return Err(self.no_such_cell(index));
        }
        match self.statement.cell(index) {
            Raw::Null => Ok(Cell::Null),
            Raw::Int(value) => Ok(Cell::Int(value)),
            Raw::Float(value) => Ok(Cell::Float(value)),
            Raw::Text(bytes) => match text(bytes) {
                Some(text) => Ok(Cell::Text(text)),
                None => Err(self.not_utf8(index)),
            },
            Raw::Bytes(bytes) => Ok(Cell::Bytes(bytes)),
        }
    }
}

/// The text in these bytes. Most texts are short and of ASCII, for which looking at whole words is enough.
#[inline]
#[allow(unsafe_code, reason = "ASCII is UTF-8")]
fn text(bytes: &[u8]) -> Option<&str> {
    if bytes.len() <= 32 && bytes.is_ascii() {
        // SAFETY: every sequence of ASCII is UTF-8.
        return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).ok()
}

impl SqliteRow<'_, '_> {
    #[cold]
    fn not_utf8(&self, index: usize) -> Error {
        let name = self.statement.column_name(index);
        Error::new(Kind::Decode, format!("the text in column {name:?} is not UTF-8"))
            .hint(format!("read it as bytes with CAST({name} AS BLOB), and repair the row"))
            .column(name)
    }

    #[cold]
    fn no_such_cell(&self, index: usize) -> Error {
        Error::new(
            Kind::Decode,
            format!("the row has {} columns, there is none at position {}", self.columns, index + 1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc_and_sort() {
        let at = |text: &str| spelled(&Value::Timestamp(text.parse().unwrap()), 1).unwrap();
        assert_eq!(at("2024-02-29T14:00:00+02:00"), "2024-02-29 12:00:00");
        assert_eq!(at("2024-02-29T12:00:00.25Z"), "2024-02-29 12:00:00.25");
        assert!(at("2024-02-29T12:00:00Z") < at("2024-02-29T12:00:00.25Z"));
        assert!(at("2024-02-29T12:00:00.25Z") < at("2024-02-29T12:00:00.5Z"));
    }

    #[test]
    fn what_sqlite_cannot_hold_is_refused() {
        let error = spelled(&Value::UInt(u64::MAX), 2).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidValue);
        let error = spelled(&Value::Array(vec![]), 1).unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
    }
}
