//! Cells out of the client's values, and values into its parameters.
//!
//! - `TIMESTAMP` is an instant (the session lives in UTC); `DATETIME` has no zone.
//! - `tinyint(1)` stays a whole number: the wire does not tell it from other numbers. `bit(n)` is a whole number.
//! - What the natural variant cannot hold is text in the server's spelling: decimals of more than 28 digits, times
//!   beyond a day, zero dates.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Value as Raw};
use relata_sql::cell::Cell;
use relata_sql::driver::{ColumnInfo, Row};
use relata_sql::value::{Interval, Value};
use relata_sql::{Error, Kind, Result};
use rust_decimal::Decimal;

/// The character set that means bytes.
const BINARY: u16 = 63;

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Number,
    Decimal,
    Text,
    Bytes,
    Bits,
    Json,
    Date,
    Time,
    DateTime,
    Timestamp,
}

impl Reading {
    fn of(column: &Column) -> Self {
        match column.column_type() {
            ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => Reading::Decimal,
            ColumnType::MYSQL_TYPE_TINY
            | ColumnType::MYSQL_TYPE_SHORT
            | ColumnType::MYSQL_TYPE_INT24
            | ColumnType::MYSQL_TYPE_LONG
            | ColumnType::MYSQL_TYPE_LONGLONG
            | ColumnType::MYSQL_TYPE_FLOAT
            | ColumnType::MYSQL_TYPE_DOUBLE
            | ColumnType::MYSQL_TYPE_YEAR => Reading::Number,
            ColumnType::MYSQL_TYPE_BIT => Reading::Bits,
            ColumnType::MYSQL_TYPE_JSON => Reading::Json,
            ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => Reading::Date,
            ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => Reading::Time,
            ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => Reading::DateTime,
            ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => Reading::Timestamp,
            ColumnType::MYSQL_TYPE_GEOMETRY => Reading::Bytes,
            _ if column.character_set() == BINARY => Reading::Bytes,
            _ => Reading::Text,
        }
    }
}

/// How the columns of a result are read.
pub(crate) struct Readings {
    each: Vec<Reading>,
    /// Some are dates or times, of which there are values that no cell can hold.
    dated: bool,
}

impl Readings {
    pub(crate) fn of(columns: &[Column]) -> Self {
        let each: Vec<Reading> = columns.iter().map(Reading::of).collect();
        let is_dated = |reading: &Reading| {
            matches!(reading, Reading::Date | Reading::Time | Reading::DateTime | Reading::Timestamp)
        };
        let dated = each.iter().any(is_dated);
        Readings { each, dated }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// A row, every cell of which can be borrowed.
    #[inline]
    pub(crate) fn row<'r>(&'r self, row: &'r mut mysql_async::Row) -> MysqlRow<'r> {
        if self.dated {
            spell_out(row, &self.each);
        }
        MysqlRow { row, readings: &self.each }
    }
}

/// One row of the client with how its columns are read.
pub(crate) struct MysqlRow<'a> {
    row: &'a mut mysql_async::Row,
    readings: &'a [Reading],
}

impl Row for MysqlRow<'_> {
    fn len(&self) -> usize {
        self.readings.len()
    }

    #[inline]
    fn cell(&self, index: usize) -> Result<Cell<'_>> {
        let (Some(raw), Some(reading)) = (self.row.as_ref(index), self.readings.get(index)) else {
            let message = format!("column {} of a row of {}", index + 1, self.readings.len());
            return Err(Error::new(Kind::Decode, message));
        };
        Ok(match raw {
            Raw::NULL => Cell::Null,
            Raw::Int(value) => Cell::Int(*value),
            Raw::UInt(value) => unsigned(*value),
            Raw::Float(value) => Cell::Float(f64::from(*value)),
            Raw::Double(value) => Cell::Float(*value),
            Raw::Bytes(bytes) => return from_bytes(bytes, *reading, index),
            Raw::Date(..) | Raw::Time(..) => temporal(raw, *reading)
                .ok_or_else(|| Error::new(Kind::Decode, format!("column {} holds no date or time", index + 1)))?,
        })
    }

    #[inline]
    fn take(&mut self, index: usize) -> Result<Cell<'_>> {
        if self.readings.get(index) != Some(&Reading::Text) {
            return self.cell(index);
        }
        match self.row.take(index) {
            Some(Raw::Bytes(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Cell::OwnedText(text)),
                Err(error) => Err(no_text(index, error.utf8_error())),
            },
            Some(Raw::NULL) => Ok(Cell::Null),
            Some(other) => {
                self.row.place(index, other);
                self.cell(index)
            }
            None => self.cell(index),
        }
    }
}

/// Text that is none, named by its column.
fn no_text(index: usize, error: std::str::Utf8Error) -> Error {
    let message = format!("the text in column {} is no UTF-8 from byte {}", index + 1, error.valid_up_to());
    Error::new(Kind::Decode, message)
}

fn unsigned<'r>(value: u64) -> Cell<'r> {
    i64::try_from(value).map_or(Cell::UInt(value), Cell::Int)
}

#[inline]
fn from_bytes(bytes: &[u8], reading: Reading, index: usize) -> Result<Cell<'_>> {
    match reading {
        Reading::Bytes => return Ok(Cell::Bytes(bytes)),
        Reading::Bits => {
            return Ok(unsigned(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))));
        }
        _ => {}
    }
    let text = std::str::from_utf8(bytes).map_err(|error| no_text(index, error))?;
    Ok(from_text(text, reading))
}

/// The text protocol spells everything out; the binary protocol only decimals and text.
fn from_text(text: &str, reading: Reading) -> Cell<'_> {
    let read = match reading {
        Reading::Json => return Cell::Json(text),
        Reading::Decimal => Decimal::from_str_exact(text).ok().map(Cell::Decimal),
        Reading::Number => number(text),
        Reading::Date => text.parse().ok().map(Cell::Date),
        Reading::Time => text.parse().ok().map(Cell::Time),
        Reading::DateTime => text.parse().ok().map(Cell::DateTime),
        Reading::Timestamp => text.parse().ok().and_then(instant).map(Cell::Timestamp),
        Reading::Text | Reading::Bytes | Reading::Bits => None,
    };
    read.unwrap_or(Cell::Text(text))
}

fn number(text: &str) -> Option<Cell<'_>> {
    let whole = text.parse().map(Cell::Int).or_else(|_| text.parse().map(unsigned));
    whole.ok().or_else(|| text.parse().ok().map(Cell::Float))
}

fn instant(value: DateTime) -> Option<Timestamp> {
    value.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A date or time of the binary protocol; `None` if it must be text, which a borrowed cell cannot make.
fn temporal<'r>(raw: &Raw, reading: Reading) -> Option<Cell<'r>> {
    match *raw {
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            let date = Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok();
            let time = clock(hour.into(), minute, second, micros);
            match (reading, date, time) {
                (Reading::Date, Some(date), _) => Some(Cell::Date(date)),
                (Reading::Timestamp, Some(date), Some(time)) => instant(date.to_datetime(time)).map(Cell::Timestamp),
                (_, Some(date), Some(time)) => Some(Cell::DateTime(date.to_datetime(time))),
                _ => None,
            }
        }
        Raw::Time(false, 0, hour, minute, second, micros) => clock(hour.into(), minute, second, micros).map(Cell::Time),
        _ => None,
    }
}

fn clock(hour: u32, minute: u8, second: u8, micros: u32) -> Option<Time> {
    let nanos = i32::try_from(micros).ok()?.checked_mul(1000)?;
    Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, nanos).ok()
}

/// Turns dates and times that no cell can hold (zero dates, times beyond a day) into text, so that every cell of the
/// row can be borrowed. Does nothing to other rows.
fn spell_out(row: &mut mysql_async::Row, readings: &[Reading]) {
    for (index, reading) in readings.iter().enumerate() {
        let Some(raw @ (Raw::Date(..) | Raw::Time(..))) = row.as_ref(index) else { continue };
        if temporal(raw, *reading).is_none() {
            let text = spelling(raw, *reading);
            row.place(index, Raw::Bytes(text.into_bytes()));
        }
    }
}

fn spelling(raw: &Raw, reading: Reading) -> String {
    let fraction = |micros: u32| if micros == 0 { String::new() } else { format!(".{micros:06}") };
    match *raw {
        Raw::Date(year, month, day, ..) if reading == Reading::Date => format!("{year:04}-{month:02}-{day:02}"),
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{}", fraction(micros))
        }
        Raw::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(micros))
        }
        _ => String::new(),
    }
}

/// The columns of a result as the contract describes them.
pub(crate) fn describe(columns: &[Column]) -> Vec<ColumnInfo> {
    let info = |column: &Column| ColumnInfo { name: column.name_str().into_owned(), type_name: type_name(column) };
    columns.iter().map(info).collect()
}

fn type_name(column: &Column) -> String {
    let binary = column.character_set() == BINARY;
    let flags = column.flags();
    let word = match column.column_type() {
        ColumnType::MYSQL_TYPE_TINY => "tinyint",
        ColumnType::MYSQL_TYPE_SHORT => "smallint",
        ColumnType::MYSQL_TYPE_INT24 => "mediumint",
        ColumnType::MYSQL_TYPE_LONG => "int",
        ColumnType::MYSQL_TYPE_LONGLONG => "bigint",
        ColumnType::MYSQL_TYPE_FLOAT => "float",
        ColumnType::MYSQL_TYPE_DOUBLE => "double",
        ColumnType::MYSQL_TYPE_YEAR => "year",
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => "decimal",
        ColumnType::MYSQL_TYPE_BIT => "bit",
        ColumnType::MYSQL_TYPE_JSON => "json",
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => "date",
        ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => "time",
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => "datetime",
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        ColumnType::MYSQL_TYPE_GEOMETRY => "geometry",
        ColumnType::MYSQL_TYPE_NULL => "null",
        _ if flags.contains(ColumnFlags::ENUM_FLAG) => "enum",
        _ if flags.contains(ColumnFlags::SET_FLAG) => "set",
        ColumnType::MYSQL_TYPE_STRING if binary => "binary",
        ColumnType::MYSQL_TYPE_STRING => "char",
        ColumnType::MYSQL_TYPE_VAR_STRING | ColumnType::MYSQL_TYPE_VARCHAR if binary => "varbinary",
        ColumnType::MYSQL_TYPE_VAR_STRING | ColumnType::MYSQL_TYPE_VARCHAR => "varchar",
        _ if binary => "blob",
        _ => "text",
    };
    let numeric = matches!(Reading::of(column), Reading::Number | Reading::Decimal) && word != "year";
    let unsigned = numeric && flags.contains(ColumnFlags::UNSIGNED_FLAG);
    if unsigned { format!("{word} unsigned") } else { word.to_string() }
}

/// A value as a parameter.
///
/// # Errors
/// `Kind::Unsupported` for arrays and intervals, which no column of this database holds.
pub(crate) fn parameter(value: &Value) -> Result<Raw> {
    Ok(match value {
        Value::Null => Raw::NULL,
        Value::Bool(value) => Raw::Int(i64::from(*value)),
        Value::Int(value) => Raw::Int(*value),
        Value::UInt(value) => Raw::UInt(*value),
        Value::Float(value) => Raw::Double(*value),
        Value::Decimal(value) => Raw::Bytes(value.to_string().into_bytes()),
        Value::Text(value) | Value::Json(value) => Raw::Bytes(value.clone().into_bytes()),
        Value::Bytes(value) => Raw::Bytes(value.clone()),
        Value::Uuid(value) => Raw::Bytes(value.to_string().into_bytes()),
        Value::Date(value) => date_time(value.to_datetime(Time::midnight())),
        Value::DateTime(value) => date_time(*value),
        Value::Timestamp(value) => date_time(TimeZone::UTC.to_datetime(*value)),
        Value::Time(value) => Raw::Time(
            false,
            0,
            value.hour().unsigned_abs(),
            value.minute().unsigned_abs(),
            value.second().unsigned_abs(),
            value.subsec_nanosecond().unsigned_abs() / 1000,
        ),
        Value::Interval(value) if value.months == 0 => Raw::Bytes(length_of_time(*value).into_bytes()),
        Value::Interval(_) => {
            return Err(unsupported("months in a length of time", "`SignedDuration`, which is a TIME"));
        }
        Value::Array(_) => return Err(unsupported("an array", "a JSON column, or a table of its own")),
    })
}

/// As TIME is written: hours without end, and a sign. What is beyond the type's range the server refuses.
fn length_of_time(value: Interval) -> String {
    let micros = i128::from(value.days) * 86_400_000_000 + i128::from(value.microseconds);
    let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let seconds = micros / 1_000_000;
    format!("{sign}{:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000)
}

fn date_time(value: DateTime) -> Raw {
    match u16::try_from(value.year()) {
        Ok(year) => Raw::Date(
            year,
            value.month().unsigned_abs(),
            value.day().unsigned_abs(),
            value.hour().unsigned_abs(),
            value.minute().unsigned_abs(),
            value.second().unsigned_abs(),
            value.subsec_nanosecond().unsigned_abs() / 1000,
        ),
        // Before year 0: the server refuses the text and says why.
        Err(_) => Raw::Bytes(value.to_string().into_bytes()),
    }
}

fn unsupported(what: &str, instead: &str) -> Error {
    Error::new(Kind::Unsupported, format!("MariaDB has no type for {what}")).hint(format!("use {instead}"))
}
