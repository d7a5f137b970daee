//! SQLite: a copy of the whole file before a migration that takes something away.
//!
//! The copy is made in one step (`VACUUM INTO`, one read transaction): it is complete and consistent also while another
//! process writes. It appears under its name only once it is whole: `FILE-relata-backup-VERSION`. The newest few are kept.
//!
//! A migration that runs without a transaction and fails in the middle is undone by it, where nothing else undoes it and
//! nobody else has written meanwhile: whose rows would be lost otherwise.

use std::path::{Path, PathBuf};

use relata_schema::Dialect;
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::folder::io;
use super::{lock, rows};

/// Between the name of the database's file and the version.
const MARK: &str = "-relata-backup-";

/// A copy that was made.
pub(super) struct Backup {
    /// Its file.
    pub file: PathBuf,
    /// SQLite's number that moves when somebody else writes.
    others: Option<Value>,
}

impl Backup {
    /// Puts the copy in the place of the database, unless somebody else has written into that since. Whether it did.
    pub(super) async fn restore(&self, connection: &mut dyn Connection) -> Result<bool> {
        if connection.in_transaction() || others(connection).await? != self.others {
            return Ok(false);
        }
        connection.restore(&self.file).await.map(|()| true)
    }
}

async fn others(connection: &mut dyn Connection) -> Result<Option<Value>> {
    rows::one(connection, "PRAGMA data_version", &[]).await
}

/// Copies the database; `None` where it is in memory.
pub(super) async fn make(connection: &mut dyn Connection, version: &str, keep: usize) -> Result<Option<Backup>> {
    let others = others(connection).await?;
    let Some(file) = lock::sqlite_file(connection).await? else { return Ok(None) };
    let path = PathBuf::from(format!("{file}{MARK}{version}"));
    let partial = PathBuf::from(format!("{}.partial", path.display()));
    if partial.exists() {
        std::fs::remove_file(&partial).map_err(|error| io(&partial, error))?;
    }
    let vacuum = format!("VACUUM INTO {}", Dialect::Sqlite.literal(&partial.display().to_string()));
    if let Err(error) = connection.batch(&vacuum).await {
        // What there is of it is of no use, and may be what fills the disk; the first error is the one to tell.
        let _ = std::fs::remove_file(&partial);
        let _ = std::fs::remove_file(format!("{}-journal", partial.display()));
        let size = std::fs::metadata(&file).map(|file| file.len()).unwrap_or_default();
        return Err(error
            .context(format!("backing up to {}", path.display()))
            .hint(format!("nothing was changed; the backup needs up to {size} bytes there"))
            .hint("make room, or apply without it: --no-backup"));
    }
    let copied = std::fs::File::open(&partial).and_then(|file| file.sync_all());
    copied.and_then(|()| std::fs::rename(&partial, &path)).map_err(|error| io(&path, error))?;
    forget_older(Path::new(&file), keep)?;
    Ok(Some(Backup { file: path, others }))
}

/// SQLite: the copy of the whole file that was made before a migration, if it is still there.
///
/// # Errors
/// What the database reports.
pub async fn backup_of(connection: &mut dyn Connection, version: &str) -> Result<Option<PathBuf>> {
    if connection.dialect() != Dialect::Sqlite {
        return Ok(None);
    }
    let file = lock::sqlite_file(connection).await?;
    let path = file.map(|file| PathBuf::from(format!("{file}{MARK}{version}")));
    Ok(path.filter(|path| path.exists()))
}

/// Removes all but the newest backups of a database; versions begin with their time.
fn forget_older(file: &Path, keep: usize) -> Result<()> {
    let directory = file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = format!("{}{MARK}", file.file_name().unwrap_or_default().to_string_lossy());
    let entries = std::fs::read_dir(directory).map_err(|error| io(directory, error))?;
    let ours = |name: &String| name.starts_with(&prefix) && !name.ends_with(".partial");
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(ours).collect();
    names.sort();
    for name in names.iter().rev().skip(keep.max(1)) {
        let path = directory.join(name);
        std::fs::remove_file(&path).map_err(|error| io(&path, error))?;
    }
    Ok(())
}
