//! Which tables SQLite has elsewhere than before: those were made anew.

use std::collections::BTreeMap;

use relata_schema::change::{Lock, LockMode, LockSpan};
use relata_schema::model::ObjectName;
use relata_sql::Result;
use relata_sql::driver::Connection;

use super::Observed;
use crate::migrate::rows;

/// The first page of each table.
const ROOTS: &str = "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND rootpage > 0";

/// Where the tables were before the script, and what of them was seen to be made anew.
pub(super) struct Eye {
    before: BTreeMap<String, i64>,
}

impl Eye {
    pub(super) async fn open(connection: &mut dyn Connection) -> Result<Self> {
        Ok(Eye { before: roots(connection).await? })
    }

    /// Looks at where the tables are after a statement.
    pub(super) async fn look(&mut self, connection: &mut dyn Connection, observed: &mut Observed) -> Result<()> {
        observed.seen = true;
        for (name, root) in roots(connection).await? {
            let Some(known) = self.before.get_mut(&name).filter(|known| **known != root) else { continue };
            *known = root;
            let object = ObjectName::bare(name);
            observed.locks.push(Lock { object, mode: LockMode::Database, span: LockSpan::Rewrite });
        }
        Ok(())
    }
}

async fn roots(connection: &mut dyn Connection) -> Result<BTreeMap<String, i64>> {
    let found = rows::all(connection, ROOTS, &[]).await?;
    found.iter().map(|row| Ok((rows::cell(row, 0)?, rows::cell(row, 1)?))).collect()
}
