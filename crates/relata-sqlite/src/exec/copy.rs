//! Copying a whole database into a file.
//!
//! Pages are copied as they are, in portions within one read transaction: nobody's commit makes it begin anew, as it
//! would for SQLite's own loop, and whoever has stopped waiting is noticed between two portions.

use std::path::Path;

use relata_sql::{Error, Kind, Result};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{Away, Handle};
use crate::errors;
use crate::patience::{self, Attempt};

/// How many pages are copied between two looks whether anybody still waits.
const PAGES: i32 = 1024;

/// Copies the database behind `raw` into the new file `path`. What there is of it after an error is of no use.
pub(super) fn to_file(raw: &mut Handle, path: &Path, away: &Away) -> Result<()> {
    let failed = |error| errors::from_rusqlite(&error, None);
    if !raw.is_autocommit() {
        return Err(Error::new(Kind::TransactionFailed, "a database is not copied within a transaction")
            .hint("commit or roll back first"));
    }
    let mut copy = Connection::open(path).map_err(failed)?;
    // Nobody sees the file before it is whole.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
    raw.execute_batch("BEGIN").map_err(failed)?;
    // What is read first is the moment that is copied.
    let read = || Attempt::of_result(raw.execute_batch("SELECT 1 FROM sqlite_schema").map_err(failed));
    let copied = patience::retry_blocking(away.patience, read)
        .and_then(|()| Backup::new(raw, &mut copy).map_err(failed))
        .and_then(|backup| in_portions(&backup, away));
    raw.execute_batch("ROLLBACK").map_err(failed)?;
    copied
}

fn in_portions(backup: &Backup<'_, '_>, away: &Away) -> Result<()> {
    loop {
        match backup.step(PAGES).map_err(|error| errors::from_rusqlite(&error, None))? {
            StepResult::Done => return Ok(()),
            StepResult::More if away.is_abandoned() => {
                return Err(Error::new(Kind::Cancelled, "nobody waits for the copy any more"));
            }
            StepResult::More => {}
            other => return Err(Error::new(Kind::LockTimeout, format!("the copy stopped at a lock: {other:?}"))),
        }
    }
}
