//! The messages of PostgreSQL's protocol (version 3) that statements take: written into a buffer, read where they lie.
//!
//! Logging in and what introspection asks are the client library's.

use bytes::{BufMut, BytesMut};
use relata_sql::{Error, Kind, Result};
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::types::{IsNull, Type};

use crate::errors::Refused;
use crate::types::Parameter;

/// What the server reported.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// In the statement, counted from 1.
    pub position: Option<u32>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub constraint: Option<String>,
    /// The routine of the server's source that reported it.
    pub routine: Option<String>,
}

impl Report {
    /// From the body of an `ErrorResponse`.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut report = Report::default();
        for field in body.split(|byte| *byte == 0) {
            let Some((kind, text)) = field.split_first() else { continue };
            let text = String::from_utf8_lossy(text).into_owned();
            match kind {
                b'C' => report.code = text,
                b'M' => report.message = text,
                b'D' => report.detail = Some(text),
                b'H' => report.hint = Some(text),
                b'P' => report.position = text.parse().ok(),
                b't' => report.table = Some(text),
                b'c' => report.column = Some(text),
                b'n' => report.constraint = Some(text),
                b'R' => report.routine = Some(text),
                _ => {}
            }
        }
        report
    }
}

impl From<&DbError> for Report {
    fn from(db: &DbError) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_string);
        let position = match db.position() {
            Some(ErrorPosition::Original(position)) => Some(*position),
            _ => None,
        };
        Report {
            code: db.code().code().to_string(),
            message: db.message().to_string(),
            detail: owned(db.detail()),
            hint: owned(db.hint()),
            position,
            table: owned(db.table()),
            column: owned(db.column()),
            constraint: owned(db.constraint()),
            routine: owned(db.routine()),
        }
    }
}

/// Writes a message: its type, its length, its body.
fn message<E>(
    tag: u8,
    out: &mut BytesMut,
    body: impl FnOnce(&mut BytesMut) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    out.put_u8(tag);
    let at = out.len();
    out.put_u32(0);
    body(out)?;
    let length = (out.len() - at) as u32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// A text that ends with a NUL byte, and so can hold none.
fn text(text: &str, out: &mut BytesMut) -> Result<()> {
    if text.as_bytes().contains(&0) {
        let message = "the statement cannot be sent: a text contains a NUL byte";
        return Err(Error::new(Kind::InvalidValue, message));
    }
    out.put_slice(text.as_bytes());
    out.put_u8(0);
    Ok(())
}

/// Runs a script.
pub(crate) fn query(script: &str, out: &mut BytesMut) -> Result<()> {
    message(b'Q', out, |out| text(script, out))
}

/// Prepares a statement under a name; the server chooses the types of the parameters after those that are told.
pub(crate) fn parse(name: &str, sql: &str, types: &[Type], out: &mut BytesMut) -> Result<()> {
    message(b'P', out, |out| {
        text(name, out)?;
        text(sql, out)?;
        out.put_u16(u16::try_from(types.len()).unwrap_or_default());
        types.iter().for_each(|ty| out.put_u32(ty.oid()));
        Ok(())
    })
}

/// Asks for the types of a prepared statement.
pub(crate) fn describe(name: &str, out: &mut BytesMut) -> Result<()> {
    message(b'D', out, |out| {
        out.put_u8(b'S');
        text(name, out)
    })
}

/// Forgets a prepared statement.
pub(crate) fn close(name: &str, out: &mut BytesMut) -> Result<()> {
    message(b'C', out, |out| {
        out.put_u8(b'S');
        text(name, out)
    })
}

/// Gives a prepared statement its parameters; results shall come in the binary format.
pub(crate) fn bind<'v>(
    name: &str,
    types: &[Type],
    parameters: impl ExactSizeIterator<Item = Parameter<'v>>,
    out: &mut BytesMut,
) -> std::result::Result<(), Refused> {
    let count = parameters.len() as u16;
    message(b'B', out, |out| {
        out.put_u8(0);
        out.put_slice(name.as_bytes());
        out.put_slice(&[0]);
        out.put_u16(count);
        let formats = out.len();
        out.put_bytes(0, usize::from(count) * 2);
        out.put_u16(count);
        for (index, (parameter, ty)) in parameters.zip(types).enumerate() {
            let at = out.len();
            out.put_i32(-1);
            let (is_null, binary) = parameter.write(ty, out)?;
            out[formats + index * 2 + 1] = binary.into();
            if let IsNull::No = is_null {
                let length = i32::try_from(out.len() - at - 4).map_err(|_| Refused("a value is too long".into()))?;
                out[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        out.put_slice(&[0, 1, 0, 1]);
        Ok(())
    })
}

/// Runs what was bound, to its end.
pub(crate) fn execute(out: &mut BytesMut) {
    out.put_slice(b"E\0\0\0\x09\0\0\0\0\0");
}

/// Ends a statement: the server answers `ReadyForQuery`.
pub(crate) fn sync(out: &mut BytesMut) {
    out.put_slice(b"S\0\0\0\x04");
}

/// Rows of a `COPY`.
pub(crate) fn copy_data<E>(
    out: &mut BytesMut,
    rows: impl FnOnce(&mut BytesMut) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    message(b'd', out, rows)
}

/// All rows of a `COPY` are there.
pub(crate) fn copy_done(out: &mut BytesMut) {
    out.put_slice(b"c\0\0\0\x04");
}

/// A `COPY` shall not happen.
pub(crate) fn copy_fail(out: &mut BytesMut) {
    out.put_slice(b"f\0\0\0\x0dgiven up\0");
}

/// Reads numbers and texts of a message one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn text(&mut self) -> Option<&'a str> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = std::str::from_utf8(&self.0[..end]).ok()?;
        self.0 = &self.0[end + 1..];
        Some(text)
    }
}

/// The types in a `ParameterDescription`.
pub(crate) fn parameters(body: &[u8]) -> Option<Vec<u32>> {
    let mut reader = Reader(body);
    let count = u16::from_be_bytes(reader.take()?);
    (0..count).map(|_| reader.take().map(u32::from_be_bytes)).collect()
}

/// The names and types in a `RowDescription`.
pub(crate) fn columns(body: &[u8]) -> Option<Vec<(String, u32)>> {
    let mut reader = Reader(body);
    let count = u16::from_be_bytes(reader.take()?);
    let column = |_| {
        let name = reader.text()?.to_string();
        // The table's oid and the column's number.
        reader.take::<6>()?;
        let oid = u32::from_be_bytes(reader.take()?);
        // Size, modifier and format.
        reader.take::<8>()?;
        Some((name, oid))
    };
    (0..count).map(column).collect()
}

/// The cells of a `DataRow` in the text format.
pub(crate) fn texts(body: &[u8]) -> Option<Vec<Option<String>>> {
    let mut reader = Reader(body);
    let count = u16::from_be_bytes(reader.take()?);
    let cell = |_| {
        let length = i32::from_be_bytes(reader.take()?);
        let Ok(length) = usize::try_from(length) else { return Some(None) };
        let (text, rest) = reader.0.split_at_checked(length)?;
        reader.0 = rest;
        Some(Some(String::from_utf8_lossy(text).into_owned()))
    };
    (0..count).map(cell).collect()
}

/// How many rows a `CommandComplete` tells of: `INSERT 0 3`, `SELECT 5`.
pub(crate) fn affected(body: &[u8]) -> u64 {
    let tag = body.strip_suffix(&[0]).unwrap_or(body);
    let digits = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_from_the_tag() {
        for (tag, count) in [("INSERT 0 3\0", 3), ("SELECT 5\0", 5), ("CREATE TABLE\0", 0), ("COPY 10000\0", 10_000)] {
            assert_eq!(affected(tag.as_bytes()), count, "{tag}");
        }
    }

    #[test]
    fn a_message_says_how_long_it_is() {
        let mut out = BytesMut::new();
        query("select 1", &mut out).unwrap();
        assert_eq!(&out[..], b"Q\0\0\0\x0dselect 1\0");
        assert!(query("select '\0'", &mut out).is_err());
        out.clear();
        copy_fail(&mut out);
        assert_eq!(usize::from(out[4]) + 1, out.len());
    }
}
