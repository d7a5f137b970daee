//! What the server's packets say.

use mysql_common::constants::{ColumnFlags, ColumnType, StatusFlags};

use crate::types::{Reading, Width};

/// The character set that means bytes.
pub(crate) const BINARY: u16 = 63;

/// Bytes that are read from their beginning on; `None`: there are not so many.
pub(crate) struct Bytes<'b>(pub &'b [u8]);

impl<'b> Bytes<'b> {
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A whole number that says itself how long it is.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        match self.byte()? {
            short @ 0..=0xFA => Some(u64::from(short)),
            0xFC => self.u16().map(u64::from),
            0xFD => {
                let [low, middle, high] = self.array()?;
                Some(u64::from(u32::from_le_bytes([low, middle, high, 0])))
            }
            0xFE => self.array().map(u64::from_le_bytes),
            _ => None,
        }
    }

    /// Bytes that say themselves how many they are.
    #[inline]
    pub(crate) fn counted(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }
}

/// An error that the server reports.
#[derive(Debug)]
pub(crate) struct ServerError {
    pub code: u16,
    pub state: String,
    pub message: String,
}

impl ServerError {
    /// From a packet that begins with `0xFF`.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(packet.get(1..)?);
        let code = bytes.u16()?;
        // Before the login there is no state.
        let state = match bytes.0.strip_prefix(b"#") {
            Some(rest) => {
                bytes.0 = rest;
                bytes.take(5)?
            }
            None => b"HY000",
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(ServerError { code, state: text(state), message: text(bytes.0) })
    }
}

/// How a statement, or one of several, went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub affected: u64,
    pub last_id: u64,
    pub status: StatusFlags,
}

impl Ended {
    /// From a packet that begins with `0x00`, or after rows with `0xFE`.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(packet.get(1..)?);
        let (affected, last_id) = (bytes.number()?, bytes.number()?);
        Some(Ended { affected, last_id, status: StatusFlags::from_bits_truncate(bytes.u16()?) })
    }

    /// From the packet that older servers and proxies end rows with.
    pub(crate) fn read_old(packet: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(packet.get(3..)?);
        Some(Ended { affected: 0, last_id: 0, status: StatusFlags::from_bits_truncate(bytes.u16()?) })
    }
}

/// A column of a result.
#[derive(Debug)]
pub(crate) struct Column {
    pub name: String,
    pub kind: ColumnType,
    pub charset: u16,
    pub flags: ColumnFlags,
    /// What its cells are.
    pub reading: Reading,
    /// How they lie in a row of the binary protocol.
    pub width: Width,
}

impl Column {
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(packet);
        // Catalogue, schema, and the table by its name here and in the schema.
        for _ in 0..4 {
            bytes.counted()?;
        }
        let name = String::from_utf8_lossy(bytes.counted()?).into_owned();
        bytes.counted()?;
        bytes.byte()?;
        let (charset, _, kind, flags) = (bytes.u16()?, bytes.u32()?, bytes.byte()?, bytes.u16()?);
        let kind = ColumnType::try_from(kind).ok()?;
        let flags = ColumnFlags::from_bits_truncate(flags);
        let unsigned = flags.contains(ColumnFlags::UNSIGNED_FLAG);
        // MariaDB spells out the bits that it computes, such as their least, and gives those of a column as they are.
        let computed = kind == ColumnType::MYSQL_TYPE_BIT && flags.contains(ColumnFlags::BINARY_FLAG);
        let reading = if computed { Reading::Number } else { Reading::of(kind, charset) };
        let width = Width::of(kind, unsigned);
        Some(Column { name, kind, charset, flags, reading, width })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_say_how_long_they_are() {
        for (bytes, number) in [
            (&[0xFA][..], Some(250)),
            (&[0xFC, 0xFB, 0x00], Some(251)),
            (&[0xFD, 0x00, 0x00, 0x01], Some(65_536)),
            (&[0xFE, 0, 0, 0, 1, 0, 0, 0, 0], Some(1 << 24)),
            (&[0xFB], None),
            (&[0xFC, 1], None),
            (&[], None),
        ] {
            assert_eq!(Bytes(bytes).number(), number, "{bytes:?}");
        }
    }

    #[test]
    fn errors_are_read_with_and_without_a_state() {
        let early = ServerError::read(b"\xFF\x10\x04Too many connections").unwrap();
        assert_eq!((early.code, &*early.state, &*early.message), (1040, "HY000", "Too many connections"));
        let later = ServerError::read(b"\xFF\x26\x04#23000Duplicate").unwrap();
        assert_eq!((later.code, &*later.state, &*later.message), (1062, "23000", "Duplicate"));
        assert!(ServerError::read(b"\xFF\x26").is_none());
    }

    #[test]
    fn what_is_cut_off_is_no_packet() {
        let whole = b"\x03def\x00\x00\x00\x01a\x01a\x0c\x3f\x00\x14\x00\x00\x00\x08\x81\x00\x00\x00\x00";
        assert_eq!(Column::read(whole).unwrap().name, "a");
        for length in 0..whole.len() - 4 {
            assert!(Column::read(&whole[..length]).is_none(), "{length}");
        }
    }
}
