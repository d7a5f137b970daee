//! Cells out of the server's rows, and values into parameters.
//!
//! - `TIMESTAMP` is an instant (the session lives in UTC); `DATETIME` has no zone.
//! - `tinyint(1)` stays a whole number: the wire does not tell it from other numbers. `bit(n)` is a whole number.
//! - What the natural variant cannot hold is text in the server's spelling: decimals of more than 28 digits, times
//!   beyond a day, zero dates.
//!
//! A row stays where it came in; where its cells lie is found out in one pass.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use mysql_common::constants::{ColumnFlags, ColumnType};
use relata_sql::cell::Cell;
use relata_sql::driver::{ColumnInfo, Row};
use relata_sql::value::{Interval, Value};
use relata_sql::{Error, Kind, Result};
use rust_decimal::Decimal;

use crate::packets::{BINARY, Bytes, Column};

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
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
    pub(crate) fn of(kind: ColumnType, charset: u16) -> Self {
        match kind {
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
            _ if charset == BINARY => Reading::Bytes,
            _ => Reading::Text,
        }
    }
}

/// How the cells of a column lie in a row of the binary protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    Int(u8),
    UInt(u8),
    Float,
    Double,
    /// Year, month, day and time, as far as they are not zero.
    Moment,
    /// Sign, days and time, as far as they are not zero.
    Clock,
    /// Nothing.
    Null,
    /// Bytes that say themselves how many they are.
    Counted,
}

impl Width {
    pub(crate) fn of(kind: ColumnType, unsigned: bool) -> Self {
        let whole = |bytes| if unsigned { Width::UInt(bytes) } else { Width::Int(bytes) };
        match kind {
            ColumnType::MYSQL_TYPE_TINY => whole(1),
            ColumnType::MYSQL_TYPE_SHORT | ColumnType::MYSQL_TYPE_YEAR => whole(2),
            ColumnType::MYSQL_TYPE_LONG | ColumnType::MYSQL_TYPE_INT24 => whole(4),
            ColumnType::MYSQL_TYPE_LONGLONG => whole(8),
            ColumnType::MYSQL_TYPE_FLOAT => Width::Float,
            ColumnType::MYSQL_TYPE_DOUBLE => Width::Double,
            ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_TIMESTAMP => {
                Width::Moment
            }
            ColumnType::MYSQL_TYPE_TIME => Width::Clock,
            ColumnType::MYSQL_TYPE_NULL => Width::Null,
            _ => Width::Counted,
        }
    }
}

/// Where a cell lies in its row.
#[derive(Debug, Clone, Copy)]
struct Cut {
    start: u32,
    length: u32,
}

impl Cut {
    /// What a cell without a value has for its length.
    const NULL: Cut = Cut { start: 0, length: u32::MAX };
}

/// Reads rows of one result; keeps its room from one to the next.
#[derive(Default)]
pub(crate) struct RowReader {
    cuts: Vec<Cut>,
    /// Dates and times that no cell can hold, with the places of their columns.
    spelled: Vec<(usize, String)>,
}

impl RowReader {
    /// A row, every cell of which can be borrowed.
    ///
    /// # Errors
    /// `Kind::Protocol` when the bytes are no such row.
    #[inline]
    pub(crate) fn row<'r>(&'r mut self, bytes: &'r [u8], columns: &'r [Column], binary: bool) -> Result<MysqlRow<'r>> {
        self.cuts.clear();
        self.spelled.clear();
        let cut = if binary { self.cut_binary(bytes, columns) } else { self.cut_text(bytes, columns.len()) };
        if cut.is_none() {
            return Err(Error::new(Kind::Protocol, "the server sent a row that cannot be read"));
        }
        Ok(MysqlRow { bytes, columns, cuts: &self.cuts, spelled: &self.spelled, binary })
    }

    fn cut_text(&mut self, row: &[u8], columns: usize) -> Option<()> {
        let mut bytes = Bytes(row);
        for _ in 0..columns {
            if bytes.0.first() == Some(&0xFB) {
                bytes.byte();
                self.cuts.push(Cut::NULL);
                continue;
            }
            let cell = bytes.counted()?;
            let start = row.len() - bytes.0.len() - cell.len();
            self.cuts.push(Cut { start: u32::try_from(start).ok()?, length: u32::try_from(cell.len()).ok()? });
        }
        Some(())
    }

    fn cut_binary(&mut self, row: &[u8], columns: &[Column]) -> Option<()> {
        let mut bytes = Bytes(row);
        bytes.byte()?;
        // Its first two bits are not used.
        let nulls = bytes.take((columns.len() + 9) / 8)?;
        for (index, column) in columns.iter().enumerate() {
            let bit = index + 2;
            if nulls[bit / 8] >> (bit % 8) & 1 == 1 {
                self.cuts.push(Cut::NULL);
                continue;
            }
            let cell = match column.width {
                Width::Int(width) | Width::UInt(width) => bytes.take(usize::from(width))?,
                Width::Float => bytes.take(4)?,
                Width::Double => bytes.take(8)?,
                Width::Null => bytes.take(0)?,
                Width::Counted => bytes.counted()?,
                Width::Moment | Width::Clock => {
                    let length = bytes.byte()?;
                    let cell = bytes.take(usize::from(length))?;
                    let raw = if column.width == Width::Moment { moment(cell)? } else { clock_of(cell)? };
                    if temporal(raw, column.reading).is_none() {
                        self.spelled.push((index, spelling(raw, column.reading)));
                    }
                    cell
                }
            };
            let start = row.len() - bytes.0.len() - cell.len();
            self.cuts.push(Cut { start: u32::try_from(start).ok()?, length: u32::try_from(cell.len()).ok()? });
        }
        Some(())
    }
}

/// One row where it came in.
pub(crate) struct MysqlRow<'a> {
    bytes: &'a [u8],
    columns: &'a [Column],
    cuts: &'a [Cut],
    spelled: &'a [(usize, String)],
    binary: bool,
}

impl Row for MysqlRow<'_> {
    fn len(&self) -> usize {
        self.columns.len()
    }

    #[inline]
    fn cell(&self, index: usize) -> Result<Cell<'_>> {
        let (Some(cut), Some(column)) = (self.cuts.get(index), self.columns.get(index)) else {
            let message = format!("column {} of a row of {}", index + 1, self.columns.len());
            return Err(Error::new(Kind::Decode, message));
        };
        if cut.length == u32::MAX {
            return Ok(Cell::Null);
        }
        let start = cut.start as usize;
        let bytes = &self.bytes[start..start + cut.length as usize];
        if !self.binary {
            return from_bytes(bytes, column.reading, index);
        }
        let cell = match column.width {
            Width::Counted => return from_bytes(bytes, column.reading, index),
            Width::Int(_) => signed(bytes).map(Cell::Int),
            Width::UInt(_) => whole(bytes).map(unsigned),
            Width::Float => bytes.try_into().ok().map(|bytes| Cell::Float(f32::from_le_bytes(bytes).into())),
            Width::Double => bytes.try_into().ok().map(|bytes| Cell::Float(f64::from_le_bytes(bytes))),
            Width::Null => Some(Cell::Null),
            Width::Moment => moment(bytes).and_then(|raw| self.temporal(raw, index)),
            Width::Clock => clock_of(bytes).and_then(|raw| self.temporal(raw, index)),
        };
        cell.ok_or_else(|| Error::new(Kind::Decode, format!("column {} holds what cannot be read", index + 1)))
    }
}

impl MysqlRow<'_> {
    fn temporal(&self, raw: Raw, index: usize) -> Option<Cell<'_>> {
        let spelled = self.spelled.iter().find(|(place, _)| *place == index);
        match spelled {
            Some((_, text)) => Some(Cell::Text(text)),
            None => temporal(raw, self.columns[index].reading),
        }
    }
}

#[inline]
fn whole(bytes: &[u8]) -> Option<u64> {
    Some(match bytes.len() {
        8 => u64::from_le_bytes(bytes.try_into().ok()?),
        4 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
        2 => u16::from_le_bytes(bytes.try_into().ok()?).into(),
        1 => bytes[0].into(),
        _ => return None,
    })
}

#[inline]
fn signed(bytes: &[u8]) -> Option<i64> {
    Some(match bytes.len() {
        8 => i64::from_le_bytes(bytes.try_into().ok()?),
        4 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
        2 => i16::from_le_bytes(bytes.try_into().ok()?).into(),
        1 => i8::from_le_bytes(bytes.try_into().ok()?).into(),
        _ => return None,
    })
}

/// A date or time as the binary protocol has it.
#[derive(Debug, Clone, Copy)]
enum Raw {
    /// Year, month, day, hour, minute, second, microsecond.
    Date(u16, u8, u8, u8, u8, u8, u32),
    /// Whether it is negative, days, hour, minute, second, microsecond.
    Time(bool, u32, u8, u8, u8, u32),
}

fn moment(bytes: &[u8]) -> Option<Raw> {
    let mut bytes = Bytes(bytes);
    let (mut date, mut time, mut micros) = ((0, 0, 0), (0, 0, 0), 0);
    if !bytes.0.is_empty() {
        date = (bytes.u16()?, bytes.byte()?, bytes.byte()?);
    }
    if !bytes.0.is_empty() {
        time = (bytes.byte()?, bytes.byte()?, bytes.byte()?);
    }
    if !bytes.0.is_empty() {
        micros = bytes.u32()?;
    }
    Some(Raw::Date(date.0, date.1, date.2, time.0, time.1, time.2, micros))
}

fn clock_of(bytes: &[u8]) -> Option<Raw> {
    let mut bytes = Bytes(bytes);
    if bytes.0.is_empty() {
        return Some(Raw::Time(false, 0, 0, 0, 0, 0));
    }
    let (negative, days) = (bytes.byte()? == 1, bytes.u32()?);
    let time = (bytes.byte()?, bytes.byte()?, bytes.byte()?);
    let micros = if bytes.0.is_empty() { 0 } else { bytes.u32()? };
    Some(Raw::Time(negative, days, time.0, time.1, time.2, micros))
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

/// A date or time as a cell; `None` if it must be text.
fn temporal<'r>(raw: Raw, reading: Reading) -> Option<Cell<'r>> {
    match raw {
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

fn spelling(raw: Raw, reading: Reading) -> String {
    let fraction = |micros: u32| if micros == 0 { String::new() } else { format!(".{micros:06}") };
    match raw {
        Raw::Date(year, month, day, ..) if reading == Reading::Date => format!("{year:04}-{month:02}-{day:02}"),
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{}", fraction(micros))
        }
        Raw::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(micros))
        }
    }
}

/// The columns of a result as the contract describes them.
pub(crate) fn describe(columns: &[Column]) -> Vec<ColumnInfo> {
    let info = |column: &Column| ColumnInfo { name: column.name.clone(), type_name: type_name(column) };
    columns.iter().map(info).collect()
}

fn type_name(column: &Column) -> String {
    let binary = column.charset == BINARY;
    let flags = column.flags;
    let word = match column.kind {
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
    let numeric = matches!(column.reading, Reading::Number | Reading::Decimal) && word != "year";
    let unsigned = numeric && flags.contains(ColumnFlags::UNSIGNED_FLAG);
    if unsigned { format!("{word} unsigned") } else { word.to_string() }
}

/// Writes the values of a prepared statement: which are NULL, their types, and themselves.
///
/// # Errors
/// `Kind::Unsupported` for arrays and intervals with months, which no column of this database holds.
pub(crate) fn write_params(params: &[Value], mariadb: bool, out: &mut Vec<u8>) -> Result<()> {
    if params.is_empty() {
        return Ok(());
    }
    let nulls = out.len();
    out.resize(nulls + params.len().div_ceil(8), 0);
    // The types follow.
    out.push(1);
    for (index, value) in params.iter().enumerate() {
        if matches!(value, Value::Null) {
            out[nulls + index / 8] |= 1 << (index % 8);
        }
        out.extend_from_slice(&type_of(value, mariadb)?);
    }
    params.iter().for_each(|value| write_value(value, mariadb, out));
    Ok(())
}

/// The type that a value is sent as to MySQL; none of NULL, and of what is not sent.
pub(crate) fn type_for_mysql(value: &Value) -> Option<u8> {
    if matches!(value, Value::Null) { None } else { type_of(value, false).ok().map(|[kind, _]| kind) }
}

/// The type of a parameter, and whether it has no sign.
fn type_of(value: &Value, mariadb: bool) -> Result<[u8; 2]> {
    let (kind, unsigned) = match value {
        Value::Null => (ColumnType::MYSQL_TYPE_NULL, false),
        Value::Bool(_) | Value::Int(_) => (ColumnType::MYSQL_TYPE_LONGLONG, false),
        Value::UInt(_) => (ColumnType::MYSQL_TYPE_LONGLONG, true),
        Value::Float(_) => (ColumnType::MYSQL_TYPE_DOUBLE, false),
        // Beside a text the server compares decimals as floating-point numbers.
        Value::Decimal(_) => (ColumnType::MYSQL_TYPE_NEWDECIMAL, false),
        Value::Date(date) if date.year() >= 0 => (ColumnType::MYSQL_TYPE_DATE, false),
        Value::DateTime(moment) if moment.year() >= 0 => (ColumnType::MYSQL_TYPE_DATETIME, false),
        Value::Timestamp(instant) if TimeZone::UTC.to_datetime(*instant).year() >= 0 => {
            (ColumnType::MYSQL_TYPE_DATETIME, false)
        }
        Value::Time(_) => (ColumnType::MYSQL_TYPE_TIME, false),
        Value::Interval(value) if time_within(*value, mariadb).is_some() => (ColumnType::MYSQL_TYPE_TIME, false),
        Value::Interval(value) if value.months != 0 => {
            return Err(unsupported("months in a length of time", "`SignedDuration`, which is a TIME"));
        }
        Value::Array(_) => return Err(unsupported("an array", "a JSON column, or a table of its own")),
        _ => (ColumnType::MYSQL_TYPE_VAR_STRING, false),
    };
    Ok([kind as u8, u8::from(unsigned) << 7])
}

fn write_value(value: &Value, mariadb: bool, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Array(_) => {}
        Value::Bool(value) => out.extend_from_slice(&i64::from(*value).to_le_bytes()),
        Value::Int(value) => out.extend_from_slice(&value.to_le_bytes()),
        Value::UInt(value) => out.extend_from_slice(&value.to_le_bytes()),
        Value::Float(value) => out.extend_from_slice(&value.to_le_bytes()),
        Value::Decimal(value) => write_counted(value.to_string().as_bytes(), out),
        Value::Text(value) | Value::Json(value) => write_counted(value.as_bytes(), out),
        Value::Bytes(value) => write_counted(value, out),
        Value::Uuid(value) => write_counted(value.to_string().as_bytes(), out),
        Value::Date(value) => write_date(*value, out),
        Value::DateTime(value) => write_moment(*value, out),
        Value::Timestamp(value) => write_moment(TimeZone::UTC.to_datetime(*value), out),
        Value::Time(value) => {
            let clock = [value.hour(), value.minute(), value.second()].map(i8::unsigned_abs);
            let micros = value.subsec_nanosecond().unsigned_abs() / 1000;
            write_time((false, 0, clock, micros), out);
        }
        Value::Interval(value) => match time_within(*value, mariadb) {
            Some(time) => write_time(time, out),
            None => write_counted(length_of_time(*value).as_bytes(), out),
        },
    }
}

/// Whether it is negative; days; hours, minutes and seconds; microseconds.
type Clock = (bool, u32, [u8; 3], u32);

fn write_time((negative, days, clock, micros): Clock, out: &mut Vec<u8>) {
    out.extend_from_slice(&[12, negative.into()]);
    out.extend_from_slice(&days.to_le_bytes());
    out.extend_from_slice(&clock);
    out.extend_from_slice(&micros.to_le_bytes());
}

/// A length of time that TIME holds. A longer one goes as text, which the server refuses; so does each to MySQL, which reads
/// days as something else.
fn time_within(value: Interval, mariadb: bool) -> Option<Clock> {
    let micros = i128::from(value.days) * 86_400_000_000 + i128::from(value.microseconds);
    let most = 838 * 3600 + 59 * 60 + 59;
    let seconds = u32::try_from(micros.unsigned_abs() / 1_000_000).ok().filter(|seconds| *seconds <= most)?;
    let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(|part| part as u8);
    let fraction = (micros.unsigned_abs() % 1_000_000) as u32;
    (mariadb && value.months == 0).then_some((micros < 0, seconds / 86_400, clock, fraction))
}

/// Bytes with how many they are.
fn write_counted(bytes: &[u8], out: &mut Vec<u8>) {
    let length = bytes.len() as u64;
    let head = length.to_le_bytes();
    match length {
        0..=0xFA => out.push(head[0]),
        0xFB..=0xFFFF => {
            out.push(0xFC);
            out.extend_from_slice(&head[..2]);
        }
        0x1_0000..=0xFF_FFFF => {
            out.push(0xFD);
            out.extend_from_slice(&head[..3]);
        }
        _ => {
            out.push(0xFE);
            out.extend_from_slice(&head);
        }
    }
    out.extend_from_slice(bytes);
}

fn write_date(value: Date, out: &mut Vec<u8>) {
    let Ok(year) = u16::try_from(value.year()) else {
        // As in `write_moment`.
        write_counted(value.to_string().as_bytes(), out);
        return;
    };
    out.push(4);
    out.extend_from_slice(&year.to_le_bytes());
    out.extend_from_slice(&[value.month(), value.day()].map(i8::unsigned_abs));
}

fn write_moment(value: DateTime, out: &mut Vec<u8>) {
    let Ok(year) = u16::try_from(value.year()) else {
        // Before year 0: the server refuses the text and says why.
        write_counted(value.to_string().as_bytes(), out);
        return;
    };
    let micros = value.subsec_nanosecond().unsigned_abs() / 1000;
    let fields = [value.month(), value.day(), value.hour(), value.minute(), value.second()].map(i8::unsigned_abs);
    out.push(11);
    out.extend_from_slice(&year.to_le_bytes());
    out.extend_from_slice(&fields);
    out.extend_from_slice(&micros.to_le_bytes());
}

/// As TIME is written: hours without end, and a sign. What is beyond the type's range the server refuses.
fn length_of_time(value: Interval) -> String {
    let micros = i128::from(value.days) * 86_400_000_000 + i128::from(value.microseconds);
    let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    let seconds = micros / 1_000_000;
    format!("{sign}{:02}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60, micros % 1_000_000)
}

fn unsupported(what: &str, instead: &str) -> Error {
    Error::new(Kind::Unsupported, format!("MariaDB has no type for {what}")).hint(format!("use {instead}"))
}
