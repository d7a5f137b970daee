//! Migrations that a program applies itself, before it does anything else.

use std::panic::Location;
use std::path::Path;

use relata_sql::{Error, Kind, Result};

use super::{Runner, folder};
use crate::db::Db;
use crate::executor::{Executor, Intent};

impl Db {
    /// Applies what is pending in a folder of migrations, and gives the names of what it applied: what `relata migrate apply`
    /// does, under the same lock and with the same history, so that of several programs that start one applies and the others
    /// wait. A database in memory gets its tables by it, too.
    ///
    /// ```no_run
    /// # use relata::prelude::*;
    /// # async fn start() -> relata::Result<()> {
    /// let mut db = Db::open_default().await?;
    /// for name in db.migrate("migrations").await? {
    ///     println!("applied {name}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Io` when there is no such folder; `Kind::MigrationLocked` when another runner holds the lock for a minute;
    /// `Kind::Migration` when history and files contradict each other; what the database says, with migration and line.
    #[track_caller]
    pub fn migrate(&mut self, folder: impl AsRef<Path>) -> impl Future<Output = Result<Vec<String>>> + Send {
        let (at, directory) = (Location::caller(), folder.as_ref().to_path_buf());
        async move {
            if !directory.is_dir() {
                let message = format!("there is no folder {}", directory.display());
                let hint = "a relative path begins where the program was started; relata migrate new makes the folder";
                return Err(Error::new(Kind::Io, message).hint(hint));
            }
            let migrations = folder::read(&directory, self.dialect())?;
            let mut lease = self.pooled(Intent::Write, at).await?;
            let applied = Runner::default().apply(lease.connection(), &migrations, None, &mut |_| {}).await?;
            Ok(applied.into_iter().map(|one| one.name).collect())
        }
    }
}
