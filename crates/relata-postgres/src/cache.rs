//! Prepared statements by text, the least recently used going first.

use std::sync::Arc;

use relata_sql::driver::{ColumnInfo, Kept};
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

/// Those that the server keeps.
pub(crate) struct StatementCache {
    kept: Kept<Arc<Prepared>>,
    /// Names that the server shall forget with the next statement.
    gone: Vec<String>,
}

impl StatementCache {
    pub(crate) fn new(capacity: usize) -> Self {
        StatementCache { kept: Kept::new(capacity), gone: Vec::new() }
    }

    #[inline]
    pub(crate) fn get(&mut self, sql: &str) -> Option<Arc<Prepared>> {
        self.kept.get(sql).cloned()
    }

    pub(crate) fn insert(&mut self, sql: &str, prepared: Arc<Prepared>) {
        let gone = self.kept.insert(sql, prepared);
        self.forget(gone);
    }

    pub(crate) fn remove(&mut self, sql: &str) {
        let gone = self.kept.remove(sql);
        self.forget(gone);
    }

    fn forget(&mut self, gone: Option<Arc<Prepared>>) {
        self.gone.extend(gone.map(|prepared| prepared.name.clone()).filter(|name| !name.is_empty()));
    }

    /// What the server has not been told yet.
    pub(crate) fn gone(&mut self) -> &mut Vec<String> {
        &mut self.gone
    }
}
