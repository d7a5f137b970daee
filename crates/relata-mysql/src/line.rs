//! Packets over a [`Wire`]: each is a length of three bytes, a number, and so many bytes; what is longer than such a length can
//! say goes on in the next one.
//!
//! Invariant: a packet that was given out lies in the buffer until the next one is waited for.

use std::io;
use std::ops::Range;

use crate::wire::Wire;

/// What the length of a packet can say; one of just this length goes on in another.
const LONGEST: usize = 0xFF_FFFF;

/// Length and number.
const HEAD: usize = 4;

/// So much is read at once.
const AT_ONCE: usize = 16 * 1024;

/// A buffer that has grown beyond this is given back.
const KEPT: usize = 256 * 1024;

/// A connection's packets.
pub(crate) struct Line {
    wire: Wire,
    /// What has come in; `start..end` is not given out yet.
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: Vec<u8>,
    /// Where in the output the last conversation begins.
    begun: usize,
    sending: bool,
    /// The number of the next packet.
    number: u8,
}

impl Line {
    pub(crate) fn new(wire: Wire) -> Self {
        Line { wire, input: Vec::new(), start: 0, end: 0, output: Vec::new(), begun: 0, sending: false, number: 0 }
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// The wire, to be encrypted. Nothing may have come in since the last packet.
    pub(crate) fn into_wire(self) -> Option<Wire> {
        (self.start == self.end).then_some(self.wire)
    }

    /// Packets go on from this number.
    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    pub(crate) fn go_on_from(mut self, number: u8) -> Self {
        self.number = number;
        self
    }

    /// What was given out.
    #[inline]
    pub(crate) fn bytes(&self, packet: Range<usize>) -> &[u8] {
        &self.input[packet]
    }

    /// The next packet, if all of it has come in.
    #[inline]
    pub(crate) fn ready(&mut self) -> Option<Range<usize>> {
        let (length, number) = head(&self.input[self.start..self.end])?;
        if length == LONGEST {
            return self.joined();
        }
        let begin = self.start + HEAD;
        if begin + length > self.end {
            return None;
        }
        self.number = number.wrapping_add(1);
        self.start = begin + length;
        Some(begin..begin + length)
    }

    /// A packet that goes on in others, as one.
    fn joined(&mut self) -> Option<Range<usize>> {
        let mut parts = Vec::new();
        let mut at = self.start;
        loop {
            let (length, number) = head(&self.input[at..self.end])?;
            let part = at + HEAD..at + HEAD + length;
            if part.end > self.end {
                return None;
            }
            at = part.end;
            parts.push(part);
            if length < LONGEST {
                self.number = number.wrapping_add(1);
                break;
            }
        }
        let begin = self.start + HEAD;
        let mut end = begin;
        for part in parts {
            let length = part.len();
            self.input.copy_within(part, end);
            end += length;
        }
        self.start = at;
        Some(begin..end)
    }

    /// The next packet.
    pub(crate) async fn next(&mut self) -> io::Result<Range<usize>> {
        loop {
            if let Some(packet) = self.ready() {
                return Ok(packet);
            }
            self.fill().await?;
        }
    }

    /// The next packet of somebody who may speak another protocol, in which the length of a packet means nothing.
    pub(crate) async fn next_within(&mut self, limit: usize) -> io::Result<Range<usize>> {
        loop {
            if head(&self.input[self.start..self.end]).is_some_and(|(length, _)| length > limit) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its first packet is too long for a greeting"));
            }
            if let Some(packet) = self.ready() {
                return Ok(packet);
            }
            self.fill().await?;
        }
    }

    /// Waits until more has come in.
    pub(crate) async fn fill(&mut self) -> io::Result<()> {
        self.make_room();
        let count = self.wire.read(&mut self.input[self.end..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.end += count;
        Ok(())
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.input.len() > KEPT {
                self.input = Vec::new();
            }
        }
        let wanted = head(&self.input[self.start..self.end]).map_or(0, |(length, _)| HEAD + length);
        let room = wanted.saturating_sub(self.end - self.start).max(AT_ONCE);
        if self.input.len() - self.end < room.min(AT_ONCE) || self.input.len() - self.start < wanted {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            let length = self.end + room;
            if self.input.len() < length {
                // At least twice as much, or a packet in many parts would be copied with each.
                self.input.resize(length.max(self.input.len() * 2), 0);
            }
        }
    }

    /// A packet that begins a conversation; how long it is. It leaves with [`Line::flush`].
    pub(crate) fn begin(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        self.begun = self.output.len();
        self.number = 0;
        self.answer(write);
        let written = self.output.len() - self.begun;
        written - HEAD * (written / (LONGEST + HEAD) + 1)
    }

    /// A packet that goes on with one.
    pub(crate) fn answer(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let head = self.output.len();
        self.output.extend([0; HEAD]);
        write(&mut self.output);
        let mut at = head;
        loop {
            let length = (self.output.len() - at - HEAD).min(LONGEST);
            let [low, middle, high, ..] = (length as u32).to_le_bytes();
            self.output[at..at + HEAD].copy_from_slice(&[low, middle, high, self.number]);
            self.number = self.number.wrapping_add(1);
            at += HEAD + length;
            if length < LONGEST {
                return;
            }
            self.output.splice(at..at, [0; HEAD]);
        }
    }

    /// Forgets what was begun last and not sent.
    pub(crate) fn take_back(&mut self) {
        self.output.truncate(self.begun);
    }

    /// Sends what was written.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        self.sending = true;
        let sent = self.wire.write(&self.output).await;
        self.sending = false;
        self.output.clear();
        self.output.shrink_to(KEPT);
        sent
    }

    /// Whether a packet may have been sent in part.
    pub(crate) fn is_sending(&self) -> bool {
        self.sending
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn shut(&mut self) -> io::Result<()> {
        self.wire.shut().await
    }
}

/// Length and number of the packet that begins here.
#[inline]
fn head(bytes: &[u8]) -> Option<(usize, u8)> {
    let [low, middle, high, number, ..] = *bytes else { return None };
    Some((u32::from_le_bytes([low, middle, high, 0]) as usize, number))
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn packets_of_every_length_come_through() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut here, mut there) = (Line::new(Wire::Unix(here.into())), Line::new(Wire::Unix(there.into())));
        let lengths = [1, 0, LONGEST - 1, LONGEST, LONGEST + 1, 2 * LONGEST, 7];
        let bytes = |length: usize| (0..length).map(|at| (at % 251) as u8);
        let sent = tokio::spawn(async move {
            for length in lengths {
                let said = here.begin(|out| out.extend(bytes(length)));
                assert_eq!(said, length);
            }
            here.flush().await.unwrap();
            here
        });
        for length in lengths {
            let packet = there.next().await.unwrap();
            assert_eq!(packet.len(), length);
            assert!(there.bytes(packet).iter().copied().eq(bytes(length)));
        }
        drop(sent.await.unwrap());
        assert_eq!(there.next().await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_is_taken_back_is_not_sent() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut here, mut there) = (Line::new(Wire::Unix(here.into())), Line::new(Wire::Unix(there.into())));
        here.begin(|out| out.push(1));
        here.begin(|out| out.extend(vec![2; LONGEST + 5]));
        here.take_back();
        here.begin(|out| out.push(3));
        here.flush().await.unwrap();
        for byte in [1, 3] {
            let packet = there.next().await.unwrap();
            assert_eq!(there.bytes(packet), [byte]);
        }
    }
}
