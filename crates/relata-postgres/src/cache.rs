//! Prepared statements by text, the least recently used going first.

use std::collections::HashMap;
use std::sync::Arc;

use relata_sql::driver::ColumnInfo;
use tokio_postgres::Statement;

use crate::exec::touches_session;
use crate::types::Decoder;

/// A statement that the server has parsed, with what is needed to read its rows.
pub(crate) struct Prepared {
    pub statement: Statement,
    pub decoders: Vec<Decoder>,
    /// It may change what outlives it in the session.
    pub touches_session: bool,
}

impl Prepared {
    pub(crate) fn new(statement: Statement, sql: &str) -> Self {
        let decoders = statement.columns().iter().map(|column| Decoder::of(column.type_())).collect();
        Prepared { statement, decoders, touches_session: touches_session(sql) }
    }

    /// Names and types of the result's columns.
    pub(crate) fn columns(&self) -> Vec<ColumnInfo> {
        let info = |column: &tokio_postgres::Column| ColumnInfo {
            name: column.name().to_string(),
            type_name: column.type_().name().to_string(),
        };
        self.statement.columns().iter().map(info).collect()
    }
}

/// At most `capacity` prepared statements. A statement that goes is closed on the server once nobody uses it.
pub(crate) struct StatementCache {
    capacity: usize,
    clock: u64,
    entries: HashMap<Box<str>, (Arc<Prepared>, u64)>,
}

impl StatementCache {
    pub(crate) fn new(capacity: usize) -> Self {
        StatementCache { capacity: capacity.max(1), clock: 0, entries: HashMap::new() }
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
                self.entries.remove(&oldest);
            }
        }
        self.clock += 1;
        self.entries.insert(sql.into(), (prepared, self.clock));
    }

    pub(crate) fn remove(&mut self, sql: &str) {
        self.entries.remove(sql);
    }
}
