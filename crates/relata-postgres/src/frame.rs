//! Where the messages of a server begin and end, followed while somebody else reads them.
//!
//! The client library keeps the status byte of `ReadyForQuery` to itself, and the contract wants the transaction's state
//! from the server, not from what was asked. [`Frame`] follows the framing of the messages (a byte of type, four bytes
//! of length). Invariant: it never changes, delays or copies what passes.

/// How far a reader has come in the server's messages.
#[derive(Default)]
pub(crate) struct Frame {
    /// Head of the current message as far as it has come: type and length.
    head: [u8; 5],
    head_length: usize,
    /// Bytes of the body still to come.
    body: usize,
    /// The number that the server's process said it has, when connecting. A pooler makes one up.
    process: [u8; 4],
}

impl Frame {
    /// A message has come in part.
    pub(crate) fn is_halfway(&self) -> bool {
        self.head_length > 0
    }

    /// The number that the server's process said it has.
    pub(crate) fn process(&self) -> i32 {
        i32::from_be_bytes(self.process)
    }

    /// `BackendKeyData`: the process in four bytes, the key in the rest. `bytes` come next, `self.body` with them.
    fn follow_key(&mut self, bytes: &[u8]) {
        let length = u32::from_be_bytes([self.head[1], self.head[2], self.head[3], self.head[4]]) as usize;
        let seen = length.saturating_sub(4).saturating_sub(self.body);
        self.process.iter_mut().skip(seen).zip(bytes).for_each(|(place, byte)| *place = *byte);
    }

    /// Goes on; gives the status in the last `ReadyForQuery`: `I`dle, in a `T`ransaction, in a failed (`E`) one.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) -> Option<u8> {
        let mut status = None;
        while !bytes.is_empty() {
            if self.head_length < 5 {
                let take = bytes.len().min(5 - self.head_length);
                self.head[self.head_length..self.head_length + take].copy_from_slice(&bytes[..take]);
                self.head_length += take;
                bytes = &bytes[take..];
                if self.head_length < 5 {
                    return status;
                }
                let length = u32::from_be_bytes([self.head[1], self.head[2], self.head[3], self.head[4]]);
                self.body = (length as usize).saturating_sub(4);
            }
            let take = bytes.len().min(self.body);
            if self.head[0] == b'Z' && take > 0 {
                status = Some(bytes[take - 1]);
            }
            if self.head[0] == b'K' {
                self.follow_key(&bytes[..take]);
            }
            self.body -= take;
            bytes = &bytes[take..];
            if self.body == 0 {
                self.head_length = 0;
            }
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_found_however_the_bytes_are_cut() {
        // A data row that contains what looks like a status, then the real one.
        let mut bytes = vec![b'D', 0, 0, 0, 10];
        bytes.extend_from_slice(b"Z\0\0\0\x05I");
        bytes.extend_from_slice(b"K\0\0\0\x0c\0\x01\x02\x03keyk");
        bytes.extend_from_slice(b"Z\0\0\0\x05E");
        for cut in 1..bytes.len() {
            let mut frame = Frame::default();
            let status = bytes.chunks(cut).filter_map(|piece| frame.follow(piece)).last();
            assert_eq!(status, Some(b'E'), "cut every {cut} bytes");
            assert!(!frame.is_halfway());
            assert_eq!(frame.process(), 0x0001_0203, "cut every {cut} bytes");
        }
    }
}
