//! Prepared statements by text, the least recently used going first.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use relata_sql::driver::ColumnInfo;
use tokio_postgres::types::Type;

use crate::exec::touches_session;
use crate::types::Decoder;

/// A statement that the server has parsed, with what is needed to write its parameters and to read its rows.
pub(crate) struct Prepared {
    /// Empty for one that will hardly come again: the server keeps it until the next such.
    pub name: String,
    /// Behind a pooler: what is sent anew each time.
    pub again: Option<Again>,
    pub parameters: Vec<Type>,
    pub columns: Vec<Column>,
    pub decoders: Vec<Decoder>,
    /// It may change what outlives it in the session.
    pub touches_session: bool,
}

/// A statement that no session keeps.
pub(crate) struct Again {
    pub sql: Box<str>,
    /// What the server said of its result, to notice that it changes. Empty: there is none.
    pub described: Vec<u8>,
}

/// A column of a result.
pub(crate) struct Column {
    pub name: String,
    pub ty: Type,
}

impl Prepared {
    pub(crate) fn new(name: String, sql: &str, parameters: Vec<Type>, columns: Vec<Column>) -> Self {
        let decoders = columns.iter().map(|column| Decoder::of(&column.ty)).collect();
        Prepared { name, again: None, parameters, columns, decoders, touches_session: touches_session(sql) }
    }

    /// Names and types of the result's columns.
    pub(crate) fn infos(&self) -> Vec<ColumnInfo> {
        let info = |column: &Column| ColumnInfo { name: column.name.clone(), type_name: column.ty.name().to_string() };
        self.columns.iter().map(info).collect()
    }
}

/// At most `capacity` prepared statements.
pub(crate) struct StatementCache {
    capacity: usize,
    clock: u64,
    entries: HashMap<Box<str>, (Arc<Prepared>, u64), BuildHasherDefault<TextHasher>>,
    /// Names that the server shall forget with the next statement.
    gone: Vec<String>,
}

impl StatementCache {
    pub(crate) fn new(capacity: usize) -> Self {
        StatementCache { capacity: capacity.max(1), clock: 0, entries: HashMap::default(), gone: Vec::new() }
    }

    pub(crate) fn get(&mut self, sql: &str) -> Option<Arc<Prepared>> {
        self.clock += 1;
        let (prepared, used) = self.entries.get_mut(sql)?;
        *used = self.clock;
        Some(prepared.clone())
    }

    pub(crate) fn insert(&mut self, sql: &str, prepared: Arc<Prepared>) {
        if self.entries.len() >= self.capacity {
            let oldest = self.entries.iter().min_by_key(|(_, (_, used))| *used).map(|(sql, _)| sql.clone());
            if let Some(oldest) = oldest {
                self.remove(&oldest);
            }
        }
        self.clock += 1;
        self.entries.insert(sql.into(), (prepared, self.clock));
    }

    pub(crate) fn remove(&mut self, sql: &str) {
        let gone = self.entries.remove(sql).map(|(prepared, _)| prepared.name.clone());
        self.gone.extend(gone.filter(|name| !name.is_empty()));
    }

    /// What the server has not been told yet.
    pub(crate) fn gone(&mut self) -> &mut Vec<String> {
        &mut self.gone
    }
}

/// Hashes a text eight bytes at a time. The texts are the program's own, and few.
#[derive(Default, Clone, Copy)]
struct TextHasher(u64);

impl TextHasher {
    #[inline]
    fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for TextHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last) ^ (bytes.len() as u64) << 56);
    }

    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.word(byte.into());
    }
}
