//! Which tables SQLite has elsewhere than before: those were made anew. Which indexes came to a table that was there: for
//! those it was read from end to end.

use std::collections::BTreeMap;

use relata_schema::change::{Lock, LockMode, LockSpan};
use relata_schema::model::ObjectName;
use relata_sql::Result;
use relata_sql::driver::Connection;

use super::Observed;
use crate::migrate::rows;

/// The first page of each table, and of each index that a statement made.
const ROOTS: &str = "SELECT type, name, tbl_name, rootpage FROM sqlite_master \
                     WHERE type IN ('table', 'index') AND rootpage > 0 AND name NOT LIKE 'sqlite\\_autoindex\\_%' ESCAPE '\\'";

/// Where tables and indexes are.
#[derive(Default)]
struct Places {
    tables: BTreeMap<String, i64>,
    /// Table and first page, by the name of the index.
    indexes: BTreeMap<String, (String, i64)>,
}

/// Where everything was before the script, and what of it was seen to be made anew.
pub(super) struct Eye {
    before: BTreeMap<String, i64>,
    indexes: BTreeMap<String, (String, i64)>,
}

impl Eye {
    pub(super) async fn open(connection: &mut dyn Connection) -> Result<Self> {
        let places = places(connection).await?;
        Ok(Eye { before: places.tables, indexes: places.indexes })
    }

    /// Looks at where tables and indexes are after a statement.
    pub(super) async fn look(&mut self, connection: &mut dyn Connection, observed: &mut Observed) -> Result<()> {
        observed.seen = true;
        let mut see = |table: &str, span| {
            let object = ObjectName::bare(table);
            if !observed.locks.iter().any(|lock| lock.object == object) {
                observed.locks.push(Lock { object, mode: LockMode::Database, span });
            }
        };
        let places = places(connection).await?;
        for (name, root) in &places.tables {
            let Some(known) = self.before.get_mut(name).filter(|known| *known != root) else { continue };
            *known = *root;
            see(name, LockSpan::Rewrite);
        }
        for (name, (table, root)) in &places.indexes {
            let is_new = self.indexes.get(name).is_none_or(|(_, known)| known != root);
            if is_new && self.before.contains_key(table) {
                see(table, LockSpan::Scan);
            }
        }
        self.indexes = places.indexes;
        Ok(())
    }
}

async fn places(connection: &mut dyn Connection) -> Result<Places> {
    let mut places = Places::default();
    for row in rows::all(connection, ROOTS, &[]).await? {
        let (ty, name): (String, String) = (rows::cell(&row, 0)?, rows::cell(&row, 1)?);
        if ty == "table" {
            places.tables.insert(name, rows::cell(&row, 3)?);
        } else {
            places.indexes.insert(name, (rows::cell(&row, 2)?, rows::cell(&row, 3)?));
        }
    }
    Ok(places)
}
