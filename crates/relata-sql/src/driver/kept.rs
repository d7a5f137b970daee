//! The statements that a connection keeps prepared, by their texts. The least recently used goes first.
//!
//! The engine keeps what it has rendered, so a text is mostly known again by where it lies in memory, and by one comparison.
//! One that lies elsewhere each time is found by its hash. What a statement is, is the driver's business.

use std::collections::HashMap;

/// For so many addresses the place is remembered.
const ADDRESSES: usize = 64;

/// At most so many statements, by text.
pub struct Kept<S> {
    capacity: usize,
    clock: u64,
    entries: Vec<Entry<S>>,
    by_text: HashMap<Box<str>, usize>,
    /// For an address, at which place its text was found last.
    by_address: [u32; ADDRESSES],
}

struct Entry<S> {
    text: Box<str>,
    /// The number that the text had when it was found last, see [`super::Statement::number`].
    number: u64,
    statement: S,
    used: u64,
}

/// Where a statement was found. No two were ever found at the same time.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    at: usize,
    used: u64,
}

impl<S> Kept<S> {
    /// Room for so many, and for one at least.
    pub fn new(capacity: usize) -> Self {
        Kept {
            capacity: capacity.max(1),
            clock: 0,
            entries: Vec::new(),
            by_text: HashMap::new(),
            by_address: [0; ADDRESSES],
        }
    }

    #[inline]
    fn place(&mut self, sql: &str, number: u64) -> Option<usize> {
        let address = (sql.as_ptr() as usize >> 4) % ADDRESSES;
        let place = self.by_address[address] as usize;
        let is_it = |entry: &Entry<S>| number != 0 && entry.number == number || *entry.text == *sql;
        if self.entries.get(place).is_some_and(is_it) {
            return Some(place);
        }
        let place = *self.by_text.get(sql)?;
        self.by_address[address] = place as u32;
        Some(place)
    }

    /// The statement of a text, which becomes the one used last.
    #[inline]
    pub fn get(&mut self, sql: &str) -> Option<&mut S> {
        self.found(sql, 0).map(|(_, statement)| statement)
    }

    /// As [`Kept::get`], for a text that may have a number, with where it is, for [`Kept::at`].
    #[inline(always)]
    pub fn found(&mut self, sql: &str, number: u64) -> Option<(Place, &mut S)> {
        let at = self.place(sql, number)?;
        self.clock += 1;
        let entry = &mut self.entries[at];
        debug_assert_eq!(*entry.text, *sql, "two texts of one number");
        (entry.used, entry.number) = (self.clock, number);
        Some((Place { at, used: self.clock }, &mut entry.statement))
    }

    /// The statement that was found there, unless it was asked for again since, or made room for another.
    #[inline]
    pub fn at(&mut self, place: Place) -> Option<&mut S> {
        let entry = self.entries.get_mut(place.at).filter(|entry| entry.used == place.used)?;
        Some(&mut entry.statement)
    }

    /// Keeps a statement; gives back the one that makes room for it: that of the same text, or the one not used for longest.
    pub fn insert(&mut self, sql: &str, statement: S) -> Option<S> {
        if let Some(known) = self.get(sql) {
            return Some(std::mem::replace(known, statement));
        }
        let gone = if self.entries.len() < self.capacity { None } else { self.remove_oldest() };
        self.clock += 1;
        self.by_text.insert(sql.into(), self.entries.len());
        self.entries.push(Entry { text: sql.into(), number: 0, statement, used: self.clock });
        gone
    }

    fn remove_oldest(&mut self) -> Option<S> {
        let (place, _) = self.entries.iter().enumerate().min_by_key(|(_, entry)| entry.used)?;
        Some(self.remove_at(place))
    }

    fn remove_at(&mut self, place: usize) -> S {
        let entry = self.entries.swap_remove(place);
        self.by_text.remove(&entry.text);
        if let Some(moved) = self.entries.get(place)
            && let Some(at) = self.by_text.get_mut(&moved.text)
        {
            *at = place;
        }
        entry.statement
    }

    /// Forgets a text.
    pub fn remove(&mut self, sql: &str) -> Option<S> {
        self.place(sql, 0).map(|place| self.remove_at(place))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.by_text.clear();
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// None.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_wherever_it_lies() {
        let mut kept = Kept::new(8);
        let mut buffer = String::from("SELECT 0");
        for round in [0, 1, 2, 0, 1, 3, 2] {
            // Another text at the same address, and the same text at others.
            buffer.replace_range(7..8, &round.to_string());
            match kept.get(&buffer) {
                Some(known) => assert_eq!(*known, round),
                None => assert_eq!(kept.insert(&buffer, round), None),
            }
            assert_eq!(kept.get(&buffer.clone()), Some(&mut round.clone()));
        }
        assert_eq!(kept.len(), 4);
    }

    #[test]
    fn the_one_not_used_for_longest_makes_room() {
        let mut kept = Kept::new(3);
        assert!((0..3).all(|number| kept.insert(&number.to_string(), number).is_none()));
        assert_eq!(kept.insert("1", 11), Some(1), "the text is there already");
        assert_eq!(kept.get("0"), Some(&mut 0));
        assert_eq!(kept.insert("3", 3), Some(2));
        assert_eq!(kept.insert("4", 4), Some(11));
        assert_eq!(
            [kept.get("0").copied(), kept.get("3").copied(), kept.get("4").copied()],
            [Some(0), Some(3), Some(4)]
        );
        assert_eq!((kept.remove("0"), kept.remove("0")), (Some(0), None));
        assert_eq!(
            [kept.get("3").copied(), kept.get("4").copied()],
            [Some(3), Some(4)],
            "what took its place is found"
        );
        let (place, _) = kept.found("3", 0).unwrap();
        assert_eq!(kept.at(place), Some(&mut 3));
        kept.remove("4");
        assert_eq!(kept.at(place), None, "another is there, or none");
        let (place, _) = kept.found("3", 0).unwrap();
        kept.get("3");
        assert_eq!(kept.at(place), None, "somebody asked for it since");
        kept.found("3", 7);
        assert_eq!(kept.found("3", 7).map(|(_, known)| *known), Some(3), "by its number");
        kept.clear();
        assert!(kept.is_empty() && kept.get("3").is_none());
    }
}
