//! Which parents a row belongs to, by the key that comes with it.
//!
//! Keys that are whole numbers close together (as the database numbers rows) are looked up by position, all others by
//! hash. Parents that share a key are chained, so that no parent costs an allocation.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use relata_sql::{Cell, Value};

/// The end of a chain; no query gives so many parents.
const NONE: u32 = u32::MAX;

/// Parents by key.
pub(super) struct Places {
    heads: Heads,
    /// For each parent the one before it with the same key.
    next: Vec<u32>,
    /// Keys are UUIDs, which SQLite keeps as text.
    uuid: bool,
}

enum Heads {
    Dense { first: i64, heads: Vec<u32> },
    Hashed(HashMap<ParentKey, u32, BuildHasherDefault<KeyHasher>>),
}

impl Places {
    /// The places of parents with these keys (NULL: it has no children), and each key once.
    pub(super) fn of(keys: Vec<Value>) -> (Self, Vec<Value>) {
        let mut places = Places {
            heads: dense(&keys)
                .unwrap_or_else(|| Heads::Hashed(HashMap::with_capacity_and_hasher(keys.len(), Default::default()))),
            next: vec![NONE; keys.len()],
            uuid: keys.iter().any(|key| matches!(key, Value::Uuid(_))),
        };
        let mut distinct = Vec::with_capacity(keys.len());
        for (index, key) in keys.into_iter().enumerate() {
            let head = match (&mut places.heads, &key) {
                (_, Value::Null) => continue,
                (Heads::Dense { first, heads }, Value::Int(number)) => &mut heads[(number - *first) as usize],
                (Heads::Dense { .. }, _) => continue,
                (Heads::Hashed(heads), key) => heads.entry(ParentKey::of(key)).or_insert(NONE),
            };
            places.next[index] = *head;
            if *head == NONE {
                distinct.push(key);
            }
            *head = index as u32;
        }
        (places, distinct)
    }

    /// The parents of a row with this key: a place in the chain to walk by [`Places::after`].
    #[inline]
    pub(super) fn first(&self, cell: &Cell<'_>) -> Option<usize> {
        let head = match (&self.heads, cell) {
            (Heads::Dense { first, heads }, Cell::Int(number)) => {
                let offset = usize::try_from(number.wrapping_sub(*first)).ok();
                offset.and_then(|offset| heads.get(offset)).copied()
            }
            (Heads::Dense { .. }, Cell::Text(text)) => {
                return text.parse().ok().and_then(|number| self.first(&Cell::Int(number)));
            }
            (Heads::Dense { .. }, _) => None,
            (Heads::Hashed(heads), cell) => {
                let found = heads.get(&ParentKey::of_cell(cell, self.uuid));
                found.or_else(|| heads.get(&ParentKey::otherwise(cell)?)).copied()
            }
        };
        head.filter(|head| *head != NONE).map(|head| head as usize)
    }

    /// Another cell of a row, as a key.
    pub(super) fn key_of(&self, cell: &Cell<'_>) -> ParentKey {
        ParentKey::of_cell(cell, self.uuid)
    }

    /// The next parent with the same key.
    #[inline]
    pub(super) fn after(&self, parent: usize) -> Option<usize> {
        let next = self.next[parent];
        (next != NONE).then_some(next as usize)
    }
}

/// Places by position, if all keys are whole numbers that fill a good part of their range.
fn dense(keys: &[Value]) -> Option<Heads> {
    let (mut first, mut last) = (i64::MAX, i64::MIN);
    for key in keys {
        match key {
            Value::Int(number) => (first, last) = (first.min(*number), last.max(*number)),
            Value::Null => {}
            _ => return None,
        }
    }
    let range = usize::try_from(last.checked_sub(first)?).ok()?;
    (range < keys.len().saturating_mul(4) + 64).then(|| Heads::Dense { first, heads: vec![NONE; range + 1] })
}

/// A key that rows are distributed by.
#[derive(PartialEq, Eq, Hash)]
pub(crate) enum ParentKey {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl ParentKey {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Int(number) => ParentKey::Int(*number),
            Value::Text(text) => ParentKey::Text(text.clone()),
            Value::Bytes(bytes) => ParentKey::Bytes(bytes.clone()),
            Value::Uuid(uuid) => ParentKey::Bytes(uuid.as_bytes().to_vec()),
            other => ParentKey::Text(format!("{other:?}")),
        }
    }

    /// SQLite takes a number in a column of texts for equal with the same number in one of numbers.
    fn otherwise(cell: &Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Int(number) => Some(ParentKey::Text(number.to_string())),
            Cell::Text(text) => text.parse().ok().map(ParentKey::Int),
            _ => None,
        }
    }

    /// The key of a cell, read as the parent's field would be: SQLite keeps a UUID as text, MariaDB as bytes.
    fn of_cell(cell: &Cell<'_>, uuid: bool) -> Self {
        match cell {
            Cell::Int(number) => ParentKey::Int(*number),
            Cell::Text(text) if uuid => match text.parse::<uuid::Uuid>() {
                Ok(uuid) => ParentKey::Bytes(uuid.as_bytes().to_vec()),
                Err(_) => ParentKey::Text((*text).to_string()),
            },
            Cell::Text(text) => ParentKey::Text((*text).to_string()),
            other => ParentKey::of(&other.to_value()),
        }
    }
}

#[derive(Default, Clone, Copy)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parents(places: &Places, cell: &Cell<'_>) -> Vec<usize> {
        let mut found: Vec<usize> = std::iter::successors(places.first(cell), |parent| places.after(*parent)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn every_parent_of_a_key_is_found() {
        let near = vec![Value::Int(7), Value::Null, Value::Int(5), Value::Int(7)];
        let far = vec![Value::Int(7), Value::Null, Value::Int(-5_000_000_000), Value::Int(7)];
        for (keys, other) in [(near, 5), (far, -5_000_000_000)] {
            let (places, distinct) = Places::of(keys);
            assert_eq!(distinct, [Value::Int(7), Value::Int(other)]);
            assert_eq!(parents(&places, &Cell::Int(7)), [0, 3]);
            assert_eq!(parents(&places, &Cell::Int(other)), [2]);
            assert_eq!(parents(&places, &Cell::Text("7")), [0, 3], "a text that refers to a number");
            for unknown in [Cell::Int(6), Cell::Int(i64::MIN), Cell::Int(i64::MAX), Cell::Null, Cell::Text("x")] {
                assert_eq!(parents(&places, &unknown), [0usize; 0], "{unknown:?}");
            }
        }
    }

    #[test]
    fn keys_that_databases_keep_differently_are_equal() {
        let uuid = uuid::Uuid::from_u128(7);
        let text = uuid.to_string();
        let (places, _) = Places::of(vec![Value::Uuid(uuid)]);
        for cell in [Cell::Uuid(uuid), Cell::Text(&text), Cell::Bytes(uuid.as_bytes())] {
            assert_eq!(parents(&places, &cell), [0]);
        }
        let (places, _) = Places::of(vec![Value::Text("a".into()), Value::Text("b".into())]);
        assert_eq!(parents(&places, &Cell::Text("b")), [1]);
        let (places, _) = Places::of(vec![Value::Text("7".into())]);
        assert_eq!(parents(&places, &Cell::Int(7)), [0], "a number that a text refers to");
        assert_eq!(parents(&Places::of(Vec::new()).0, &Cell::Int(1)), [0usize; 0]);
    }
}
