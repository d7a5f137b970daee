//! The statements that a connection has seen lately, each with its own counts.
//!
//! A statement is known again by where its text lies in memory, and by the text itself: the engine keeps what it has rendered,
//! so that is one comparison. A text that lies elsewhere each time is found by a hash.

use std::sync::Arc;

use crate::metrics::{Known, Statements, Tally};

/// How many statements a connection remembers.
const REMEMBERED: usize = 64;

/// Longer texts are known by their hash alone.
const LONGEST: usize = 4096;

/// A statement of the connection.
pub(super) struct Seen {
    hash: u64,
    text: Option<Box<str>>,
    /// The number that its text had when it was found last, see [`relata_sql::Statement::number`].
    number: u64,
    pub(super) known: Arc<Known>,
    pub(super) time: Tally,
}

/// Those seen lately.
pub(super) struct Recent {
    seen: Vec<Option<Seen>>,
    /// For an address, in which place of `seen` its text was found last.
    places: [u8; REMEMBERED],
}

impl Recent {
    pub(super) fn new() -> Self {
        Recent { seen: std::iter::repeat_with(|| None).take(REMEMBERED).collect(), places: [0; REMEMBERED] }
    }

    pub(super) fn of(&mut self, (sql, number): (&str, u64), all: &Statements) -> &mut Seen {
        let address = (sql.as_ptr() as usize >> 4) % REMEMBERED;
        let mut place = usize::from(self.places[address]);
        let is_it = |seen: &Seen| number != 0 && seen.number == number || seen.text.as_deref() == Some(sql);
        if !self.seen[place].as_ref().is_some_and(is_it) {
            place = self.find(sql, all);
            self.places[address] = place as u8;
        }
        let seen = self.seen[place].as_mut().expect("the place was found, or filled");
        debug_assert!(seen.text.as_deref().is_none_or(|text| text == sql), "two texts of one number");
        seen.number = number;
        seen
    }

    fn find(&mut self, sql: &str, all: &Statements) -> usize {
        let hash = hash(sql);
        let place = (hash % REMEMBERED as u64) as usize;
        let is_it = |seen: &Seen| match &seen.text {
            Some(text) => **text == *sql,
            None => seen.hash == hash && sql.len() > LONGEST,
        };
        if !self.seen[place].as_ref().is_some_and(is_it) {
            let known = all.of(sql);
            let time = Tally::new(known.time.clone());
            let text = (sql.len() <= LONGEST).then(|| sql.into());
            self.seen[place] = Some(Seen { hash, text, number: 0, known, time });
        }
        place
    }
}

/// Eight bytes at a time.
fn hash(sql: &str) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut chunks = sql.as_bytes().chunks_exact(8);
    let mut hash = sql.len() as u64;
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks of eight bytes"));
        hash = (hash.rotate_left(5) ^ word).wrapping_mul(ODD);
    }
    for byte in chunks.remainder() {
        hash = (hash.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(ODD);
    }
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_wherever_its_text_lies() {
        let (all, mut recent) = (Statements::default(), Recent::new());
        let long = format!("SELECT {}", "1, ".repeat(2000));
        for _ in 0..3 {
            for text in ["SELECT 1", "SELECT a FROM b", &long] {
                // Another address each time, and the same text.
                let copy = text.to_string();
                recent.of((&copy, 0), &all).time.record(1000);
                recent.of((text, 0), &all).time.record(1000);
            }
        }
        let mut counts: Vec<_> = all.values().into_iter().map(|value| (value.text, value.time.count)).collect();
        counts.sort();
        assert_eq!(counts[0], ("SELECT ?".to_string(), 6));
        assert_eq!(counts.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [6, 6, 6]);
    }

    #[test]
    fn other_texts_at_one_address_are_others() {
        let (all, mut recent) = (Statements::default(), Recent::new());
        let mut buffer = String::from("SELECT a FROM t");
        for name in ["a", "b", "c", "a"] {
            buffer.replace_range(7..8, name);
            recent.of((&buffer, 0), &all).time.record(1000);
        }
        let mut counts: Vec<_> = all.values().into_iter().map(|value| (value.text, value.time.count)).collect();
        counts.sort();
        let expected = [("a", 2), ("b", 1), ("c", 1)].map(|(name, count)| (format!("SELECT {name} FROM t"), count));
        assert_eq!(counts, expected);
    }
}
