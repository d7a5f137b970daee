//! Rendered SQL by the shape of its statement, so that a shape seen before builds no text.
//!
//! The renderer runs either way; here it writes a key instead of a text (see [`super::out`]) and collects the
//! parameters as it always does; the key of what is simple is read off the tree (see [`super::simple`]). Only for a shape not seen before it runs once more and writes the text.
//!
//! A cache belongs to one connection, as the statements that the connection keeps prepared: it is never shared, never
//! locked, and holds at most as many.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::out::{Shape, Text};
use super::{Rendered, Scratch, Target, Writer};
use crate::error::Result;
use crate::tree::Tree;
use crate::value::Value;

/// A shape of more words is rendered each time.
const LONGEST: usize = 2048;

/// Room for so many parameters is kept from statement to statement.
const MOST_KEPT: usize = 64;

/// For so many glances the place is remembered.
const GLANCES: usize = 64;

/// SQL texts by shape. The least recently used goes first.
pub struct ShapeCache {
    target: Target,
    capacity: usize,
    clock: u64,
    texts: Vec<Known>,
    by_key: HashMap<Box<[u64]>, usize, BuildHasherDefault<WordHasher>>,
    /// For a glance at a key, at which place its text was found last.
    by_glance: [u32; GLANCES],
    /// Reused from statement to statement.
    key: Vec<u64>,
    params: Vec<Value>,
    scratch: Scratch,
}

/// A text of the cache.
pub struct Known {
    key: Box<[u64]>,
    /// The text.
    pub sql: Arc<str>,
    /// No other text of any cache has it.
    pub number: u64,
    used: u64,
}

/// The next text's number.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl ShapeCache {
    /// An empty cache of at most so many texts for a server.
    pub fn new(target: Target, capacity: usize) -> Self {
        ShapeCache {
            target,
            capacity: capacity.max(1),
            clock: 0,
            texts: Vec::new(),
            by_key: HashMap::default(),
            by_glance: [0; GLANCES],
            key: Vec::with_capacity(64),
            params: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// For which server.
    pub fn target(&self) -> Target {
        self.target
    }

    /// How many texts are kept.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// None is kept.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Renders a statement. Its values are moved out of the tree, which keeps its shape.
    ///
    /// # Errors
    /// As [`super::render`].
    pub fn render(&mut self, mut tree: Tree<'_, '_>) -> Result<Rendered> {
        let mut params = Vec::new();
        if let Some(known) = self.seen(&mut tree, &mut params)? {
            return Ok(Rendered { sql: known.sql.clone(), params });
        }
        let sql = self.learn(&mut tree)?;
        Ok(Rendered { sql, params })
    }

    /// The text of a statement whose shape was seen before. Its values are moved into `params` in any case; of another shape
    /// [`ShapeCache::learn`] makes the text.
    ///
    /// # Errors
    /// As [`super::render`].
    pub fn seen(&mut self, tree: &mut Tree<'_, '_>, params: &mut Vec<Value>) -> Result<Option<&Known>> {
        self.key.clear();
        *params = std::mem::take(&mut self.params);
        let simple = match tree {
            Tree::Select(select) => super::simple::write(select, &mut self.key, params),
            _ => false,
        };
        if !simple {
            *params = self.written(tree, std::mem::take(params))?;
        }
        self.clock += 1;
        let Some(place) = self.place() else { return Ok(None) };
        if cfg!(debug_assertions) {
            assert_eq!(self.text(tree)?, *self.texts[place].sql, "two texts of one shape");
        }
        let known = &mut self.texts[place];
        known.used = self.clock;
        Ok(Some(known))
    }

    /// Where the text of the present key is.
    #[inline]
    fn place(&mut self) -> Option<usize> {
        let glance = glance(&self.key);
        let place = self.by_glance[glance] as usize;
        if self.texts.get(place).is_some_and(|known| are_equal(&known.key, &self.key)) {
            return Some(place);
        }
        let place = *self.by_key.get(self.key.as_slice())?;
        self.by_glance[glance] = place as u32;
        Some(place)
    }

    /// The text of the statement that was not [`ShapeCache::seen`] just now.
    ///
    /// # Errors
    /// As [`super::render`].
    pub fn learn(&mut self, tree: &mut Tree<'_, '_>) -> Result<Arc<str>> {
        let sql: Arc<str> = self.text(tree)?.into();
        self.keep(sql.clone());
        Ok(sql)
    }

    /// Writes the key of a statement piece by piece.
    fn written(&mut self, tree: &mut Tree<'_, '_>, params: Vec<Value>) -> Result<Vec<Value>> {
        let key = Shape(std::mem::take(&mut self.key));
        let mut writer = Writer::new(self.target, key, std::mem::take(&mut self.scratch));
        writer.params = params;
        let written = writer.tree(tree);
        let (Shape(key), params, scratch) = writer.finish();
        (self.key, self.scratch) = (key, scratch);
        written.map(|()| params)
    }

    /// Takes back the room for the parameters of a statement that has been sent.
    pub fn sent(&mut self, mut params: Vec<Value>) {
        // Room for a great many would be held for as long as the connection lives.
        if params.capacity() <= MOST_KEPT {
            params.clear();
            self.params = params;
        }
    }

    fn text(&self, tree: &mut Tree<'_, '_>) -> Result<String> {
        let mut writer = Writer::new(self.target, Text(String::with_capacity(256)), Scratch::default());
        writer.tree(tree)?;
        Ok(writer.finish().0.0)
    }

    fn keep(&mut self, sql: Arc<str>) {
        if self.key.len() > LONGEST {
            return;
        }
        if self.texts.len() >= self.capacity {
            self.remove_oldest();
        }
        let key: Box<[u64]> = self.key.as_slice().into();
        self.by_key.insert(key.clone(), self.texts.len());
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.texts.push(Known { key, sql, number, used: self.clock });
    }

    fn remove_oldest(&mut self) {
        let oldest = self.texts.iter().enumerate().min_by_key(|(_, known)| known.used);
        let Some((place, _)) = oldest else { return };
        let gone = self.texts.swap_remove(place);
        self.by_key.remove(&gone.key);
        if let Some(moved) = self.texts.get(place)
            && let Some(at) = self.by_key.get_mut(&moved.key)
        {
            *at = place;
        }
    }
}

/// A mixture of some of the words: it costs less than a hash of all of them, and equal keys have the same.
#[inline]
fn glance(key: &[u64]) -> usize {
    let (&[first, second, ..], Some(last)) = (key, key.last()) else { return 0 };
    let mixed = (first ^ second.rotate_left(7) ^ last.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % GLANCES
}

/// Mostly there are few words, which are compared where they are.
#[inline]
fn are_equal(one: &[u64], other: &[u64]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one == other)
}

/// Hashes words. The key comes from the program, never from outside but for names that were checked.
#[derive(Default, Clone, Copy)]
struct WordHasher(u64);

impl WordHasher {
    #[inline]
    fn mix(&mut self, one: u64, other: u64) {
        let product = u128::from(self.0 ^ one ^ 0x9e37_79b9_7f4a_7c15) * u128::from(other ^ 0xd6e8_feb8_6659_fd93);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // A key is whole words; two of them are mixed at once.
        let (pairs, rest) = bytes.as_chunks::<16>();
        for pair in pairs {
            let pair = u128::from_le_bytes(*pair);
            self.mix(pair as u64, (pair >> 64) as u64);
        }
        let (words, rest) = rest.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word, 0);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}
