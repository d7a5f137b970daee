//! Cells straight from the row buffer.
//!
//! A [`Decoder`] is chosen once per column when a statement is prepared. Text and bytes are borrowed from the buffer;
//! what has to be rendered (a numeric of 40 digits, a network address) lives in a scratch of the row.

use std::cell::{Cell as Cursor, OnceCell};

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use relata_sql::driver::Row;
use relata_sql::{Cell, Error, Interval, Kind, Result, Value};
use tokio_postgres::types::{Kind as TypeKind, Type};
use uuid::Uuid;

use super::numeric::Numeric;
use super::render;
use super::{EPOCH, EPOCH_SECONDS};
use crate::cache::{Column, Prepared};

/// How the cells of a column are read.
#[derive(Debug, Clone)]
pub(crate) enum Decoder {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Text,
    Bytes,
    Uuid,
    Date,
    Time,
    DateTime,
    Timestamp,
    Interval,
    Numeric,
    Json,
    Jsonb,
    Array(Box<Decoder>),
    Rendered(Type),
}

impl Decoder {
    /// The decoder of a type.
    pub(crate) fn of(ty: &Type) -> Decoder {
        match *ty {
            Type::BOOL => Decoder::Bool,
            Type::INT2 => Decoder::Int2,
            Type::INT4 => Decoder::Int4,
            Type::INT8 => Decoder::Int8,
            Type::OID | Type::XID | Type::CID => Decoder::Oid,
            Type::FLOAT4 => Decoder::Float4,
            Type::FLOAT8 => Decoder::Float8,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::XML | Type::UNKNOWN => Decoder::Text,
            Type::BYTEA => Decoder::Bytes,
            Type::UUID => Decoder::Uuid,
            Type::DATE => Decoder::Date,
            Type::TIME => Decoder::Time,
            Type::TIMESTAMP => Decoder::DateTime,
            Type::TIMESTAMPTZ => Decoder::Timestamp,
            Type::INTERVAL => Decoder::Interval,
            Type::NUMERIC => Decoder::Numeric,
            Type::JSON => Decoder::Json,
            Type::JSONB => Decoder::Jsonb,
            _ => match ty.kind() {
                TypeKind::Enum(_) => Decoder::Text,
                TypeKind::Domain(base) => Decoder::of(base),
                TypeKind::Array(element) => Decoder::Array(Box::new(Decoder::of(element))),
                _ if ty.name() == "citext" => Decoder::Text,
                _ => Decoder::Rendered(ty.clone()),
            },
        }
    }

    #[inline]
    fn cell<'r>(&self, bytes: &'r [u8], scratch: impl FnOnce() -> &'r OnceCell<String>) -> Option<Result<Cell<'r>>> {
        let rendered = |text: String| Cell::Text(scratch().get_or_init(|| text).as_str());
        Some(Ok(match self {
            Decoder::Bool => Cell::Bool(*bytes.first()? != 0),
            Decoder::Int2 => Cell::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
            Decoder::Int4 => Cell::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
            Decoder::Int8 => Cell::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
            Decoder::Oid => Cell::Int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
            Decoder::Float4 => Cell::Float(f32::from_be_bytes(bytes.try_into().ok()?).into()),
            Decoder::Float8 => Cell::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
            Decoder::Text => Cell::Text(std::str::from_utf8(bytes).ok()?),
            Decoder::Bytes => Cell::Bytes(bytes),
            Decoder::Uuid => Cell::Uuid(Uuid::from_slice(bytes).ok()?),
            Decoder::Date => date(i32::from_be_bytes(bytes.try_into().ok()?), rendered),
            Decoder::Time => match time(i64::from_be_bytes(bytes.try_into().ok()?)) {
                Some(time) => Cell::Time(time),
                None => Cell::Text("24:00:00"),
            },
            Decoder::DateTime => date_time(i64::from_be_bytes(bytes.try_into().ok()?), rendered),
            Decoder::Timestamp => instant(i64::from_be_bytes(bytes.try_into().ok()?), rendered),
            Decoder::Interval => Cell::Interval(Interval {
                microseconds: i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?),
                days: i32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?),
                months: i32::from_be_bytes(bytes.get(12..16)?.try_into().ok()?),
            }),
            Decoder::Numeric => {
                let numeric = Numeric::read(bytes)?;
                numeric.decimal().map_or_else(|| rendered(numeric.text()), Cell::Decimal)
            }
            Decoder::Json => Cell::Json(std::str::from_utf8(bytes).ok()?),
            Decoder::Jsonb => Cell::Json(std::str::from_utf8(bytes.strip_prefix(&[1])?).ok()?),
            Decoder::Array(element) => match array(element, bytes)? {
                Ok(values) => Cell::Array(values),
                Err(error) => return Some(Err(error)),
            },
            Decoder::Rendered(ty) => match render::text(ty, bytes) {
                Some(text) => rendered(text),
                None => return Some(Err(no_text_form(ty))),
            },
        }))
    }

    /// An owned value, for arrays and for rendering composites.
    pub(crate) fn value(&self, bytes: &[u8]) -> Option<Result<Value>> {
        let scratch = OnceCell::new();
        Some(self.cell(bytes, || &scratch)?.map(|cell| cell.to_value()))
    }
}

fn no_text_form(ty: &Type) -> Error {
    Error::unsupported(
        format!("relata cannot read the binary form of type {}.{}", ty.schema(), ty.name()),
        format!("cast the column to text in the query: column::text (type {})", ty.name()),
    )
}

const MICROSECONDS: i64 = 1_000_000;

fn date<'r>(days: i32, rendered: impl FnOnce(String) -> Cell<'r>) -> Cell<'r> {
    match days {
        i32::MAX => Cell::Text("infinity"),
        i32::MIN => Cell::Text("-infinity"),
        days => match EPOCH.checked_add(SignedDuration::from_secs(i64::from(days) * 86_400)) {
            Ok(midnight) => Cell::Date(midnight.date()),
            Err(_) => rendered(render::far_date(i64::from(days))),
        },
    }
}

pub(crate) fn time(microseconds: i64) -> Option<Time> {
    let seconds = microseconds / MICROSECONDS;
    let nanoseconds = (microseconds % MICROSECONDS) * 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Time::new(hour.try_into().ok()?, minute as i8, second as i8, nanoseconds as i32).ok()
}

fn at(microseconds: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds.checked_add(EPOCH_SECONDS * MICROSECONDS)?).ok()
}

pub(crate) fn plain_date_time(microseconds: i64) -> Option<DateTime> {
    EPOCH.checked_add(SignedDuration::from_micros(microseconds)).ok()
}

fn infinite(microseconds: i64) -> Option<&'static str> {
    match microseconds {
        i64::MAX => Some("infinity"),
        i64::MIN => Some("-infinity"),
        _ => None,
    }
}

fn date_time<'r>(microseconds: i64, rendered: impl FnOnce(String) -> Cell<'r>) -> Cell<'r> {
    match (infinite(microseconds), plain_date_time(microseconds)) {
        (Some(text), _) => Cell::Text(text),
        (None, Some(value)) => Cell::DateTime(value),
        (None, None) => rendered(render::far_timestamp(microseconds)),
    }
}

fn instant<'r>(microseconds: i64, rendered: impl FnOnce(String) -> Cell<'r>) -> Cell<'r> {
    match (infinite(microseconds), at(microseconds)) {
        (Some(text), _) => Cell::Text(text),
        (None, Some(value)) => Cell::Timestamp(value),
        (None, None) => rendered(format!("{}+00", render::far_timestamp(microseconds))),
    }
}

/// Reads an array; one of several dimensions becomes arrays in an array.
fn array(element: &Decoder, bytes: &[u8]) -> Option<Result<Vec<Value>>> {
    let int = |at: usize| Some(i32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let dimensions = usize::try_from(int(0)?).ok()?;
    let sizes: Option<Vec<usize>> = (0..dimensions).map(|index| usize::try_from(int(12 + index * 8)?).ok()).collect();
    let mut rest = bytes.get(12 + dimensions * 8..)?;
    let mut values = Vec::new();
    while !rest.is_empty() {
        let length = i32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        rest = &rest[4..];
        if length < 0 {
            values.push(Value::Null);
            continue;
        }
        let (item, after) = rest.split_at_checked(length as usize)?;
        match element.value(item)? {
            Ok(value) => values.push(value),
            Err(error) => return Some(Err(error)),
        }
        rest = after;
    }
    for size in sizes?.iter().skip(1).rev() {
        let mut nested = Vec::new();
        let mut items = values.into_iter();
        loop {
            let inner: Vec<Value> = items.by_ref().take((*size).max(1)).collect();
            if inner.is_empty() {
                break;
            }
            nested.push(Value::Array(inner));
        }
        values = nested;
    }
    Some(Ok(values))
}

/// One row as it came: the number of cells, then each with its length.
pub(crate) struct PgRow<'r> {
    body: &'r [u8],
    columns: &'r [Column],
    decoders: &'r [Decoder],
    /// Where a cell begins that is likely to be asked for next: its position in the row and in the bytes.
    next: Cursor<(usize, usize)>,
    scratch: OnceCell<Box<[OnceCell<String>]>>,
}

impl<'r> PgRow<'r> {
    /// From the body of a `DataRow`.
    #[inline]
    pub(crate) fn new(body: &'r [u8], prepared: &'r Prepared) -> Self {
        let Prepared { columns, decoders, .. } = prepared;
        PgRow { body, columns, decoders, next: Cursor::new((0, 2)), scratch: OnceCell::new() }
    }

    #[cold]
    fn damaged(&self, index: usize) -> Error {
        let column = &self.columns[index];
        let message = format!("the bytes of column {:?} are no {}", column.name, column.ty.name());
        Error::new(Kind::Decode, message).column(column.name.as_str())
    }

    #[cold]
    fn no_such_cell(&self, index: usize) -> Error {
        let message = format!("there is no column {index}; the row has {}", self.decoders.len());
        Error::new(Kind::Decode, message)
    }

    /// The bytes of a cell; `Some(None)` is NULL, `None` a row that ends too soon.
    #[inline]
    fn bytes(&self, index: usize) -> Option<Option<&'r [u8]>> {
        let (mut at, mut offset) = self.next.get();
        if at > index {
            (at, offset) = (0, 2);
        }
        loop {
            let length = i32::from_be_bytes(*self.body.get(offset..)?.first_chunk()?);
            offset += 4;
            let cell = match usize::try_from(length) {
                Ok(length) => Some(self.body.get(offset..offset + length)?),
                Err(_) => None,
            };
            offset += cell.map_or(0, <[u8]>::len);
            at += 1;
            if at > index {
                self.next.set((at, offset));
                return Some(cell);
            }
        }
    }
}

impl Row for PgRow<'_> {
    fn len(&self) -> usize {
        self.decoders.len()
    }

    #[inline]
    fn cell(&self, index: usize) -> Result<Cell<'_>> {
        let Some(decoder) = self.decoders.get(index) else {
            return Err(self.no_such_cell(index));
        };
        let bytes = match self.bytes(index) {
            Some(Some(bytes)) => bytes,
            Some(None) => return Ok(Cell::Null),
            None => return Err(self.damaged(index)),
        };
        let scratch = || &self.scratch.get_or_init(|| vec![OnceCell::new(); self.decoders.len()].into())[index];
        decoder.cell(bytes, scratch).unwrap_or_else(|| Err(self.damaged(index)))
    }
}
