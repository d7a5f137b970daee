//! The statements that one connection keeps prepared, by text.
//!
//! Invariant: at most `capacity` statements; what `insert` gives back must be closed on the server.

use std::collections::HashMap;

use mysql_async::Statement;

pub(crate) struct StatementCache {
    capacity: usize,
    clock: u64,
    by_text: HashMap<Box<str>, (Statement, u64)>,
}

impl StatementCache {
    pub(crate) fn new(capacity: usize) -> Self {
        StatementCache { capacity: capacity.max(1), clock: 0, by_text: HashMap::new() }
    }

    /// The statement of that text, which becomes the most recently used.
    pub(crate) fn find(&mut self, sql: &str) -> Option<Statement> {
        self.clock += 1;
        let (statement, used) = self.by_text.get_mut(sql)?;
        *used = self.clock;
        Some(statement.clone())
    }

    /// Keeps a statement; gives back the least recently used one if there are too many.
    pub(crate) fn insert(&mut self, sql: &str, statement: Statement) -> Option<Statement> {
        let evicted = (self.by_text.len() >= self.capacity).then(|| self.evict()).flatten();
        self.clock += 1;
        self.by_text.insert(sql.into(), (statement, self.clock));
        evicted
    }

    /// Gives back what it keeps of that text.
    pub(crate) fn remove(&mut self, sql: &str) -> Option<Statement> {
        self.by_text.remove(sql).map(|(statement, _)| statement)
    }

    pub(crate) fn clear(&mut self) {
        self.by_text.clear();
    }

    fn evict(&mut self) -> Option<Statement> {
        let oldest = self.by_text.iter().min_by_key(|(_, (_, used))| *used).map(|(sql, _)| sql.clone())?;
        self.by_text.remove(&oldest).map(|(statement, _)| statement)
    }
}
