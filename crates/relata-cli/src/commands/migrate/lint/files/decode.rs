//! Bytes of a file as text: UTF-8, with or without a byte order mark; UTF-16 with one, as some editors and shells of Windows
//! write; and else byte by byte (Latin-1), with a note that says where it is no UTF-8, since the database may refuse it there.

/// The text, and what is to be known of it.
pub fn text(bytes: Vec<u8>) -> (String, Option<String>) {
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return wide(rest, u16::from_be_bytes),
        _ => {}
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_string), None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            let note = format!("no UTF-8 on line {line} (byte 0x{:02x}): read as Latin-1", bytes[at]);
            (bytes.into_iter().map(char::from).collect(), Some(note))
        }
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, Option<String>) {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    (String::from_utf16_lossy(&units), Some("UTF-16, which psql and others do not read".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_is_read_all_the_same() {
        assert_eq!(text(b"\xef\xbb\xbfa".to_vec()), ("a".into(), None));
        let (latin, note) = text(b"a\n-- \xe9t\xe9".to_vec());
        assert_eq!((latin.as_str(), note.unwrap().contains("line 2 (byte 0xe9)")), ("a\n-- été", true));
        assert_eq!(text(b"\xff\xfea\0b\0".to_vec()).0, "ab");
        assert_eq!(text(b"\xfe\xff\0a\0b".to_vec()).0, "ab");
    }
}
