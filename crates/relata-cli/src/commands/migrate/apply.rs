//! `relata migrate apply`: applies what is pending.

use std::collections::BTreeMap;

use clap::Args;
use relata_runtime::migrate::repeatable::Script;
use relata_runtime::migrate::{self, Migration, OnFailure, Reason, Shelve};
use relata_sql::{Connection, Result};

use super::attend::{Patience, Telling, attended};
use super::guard::Guard;
use super::project::{Project, count};
use super::{Common, foresee};
use crate::output::Tone;
use crate::session::{Exit, Session};

/// Options of `relata migrate apply`.
#[derive(Args)]
pub struct Apply {
    /// Up to and with this version (a beginning is enough) [default: all]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Print the SQL that would run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Where a migration fails in the middle and no transaction undoes it: leave it there for the next run to go on
    #[arg(long)]
    keep_half: bool,
    /// Keep what is taken away on the shelf, so that a rollback brings it back
    #[arg(long)]
    preserve: bool,
    /// Prove what is about to be applied on a shadow database first; a protected environment always does
    #[arg(long)]
    prove: bool,
    /// In a protected environment: apply although this lacks where it was proved (`extension postgis`, `role reporting`)
    #[arg(long, value_name = "NAME")]
    accept_unproved: Vec<String>,
    /// Make no backup of what is taken away
    #[arg(long)]
    no_backup: bool,
    /// How many migrations' backups are kept
    #[arg(long, value_name = "N", default_value_t = 3)]
    keep_backups: usize,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    telling: Telling,
    #[command(flatten)]
    common: Common,
}

impl Apply {
    /// Runs the command.
    ///
    /// # Errors
    /// When the history contradicts the files, another runner holds the lock, or the database refuses a statement.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let mut project = Project::read(session, &self.common)?.needs_folder()?;
        self.patience.set(&mut project.runner);
        project.runner.on_failure = if self.keep_half { OnFailure::Keep } else { OnFailure::Undo };
        if project.migrations.is_empty() {
            session.output.say(&format!("no migrations in {}", project.directory.display()));
        }
        if self.dry_run {
            return self.dry_run(session, &project).await;
        }
        if project.migrations.is_empty() && project.scripts.is_empty() && project.is_missing_file() {
            session.output.say("nothing to apply");
            return Ok(Exit::Done);
        }
        let mut connection = project.connect().await?;
        let guard = Guard { to: self.to.as_deref(), prove: self.prove, accept: &self.accept_unproved };
        guard.stand(session, &mut project, connection.as_mut()).await?;
        project.runner.shelve = self.foreseen(session, &project, connection.as_mut()).await?;
        project.runner.keep_backups = self.keep_backups;
        let output = &session.output;
        let applied =
            attended(output, &project, &self.telling, connection.as_mut(), async |runner, connection, observer| {
                let applied = runner.apply(connection, &project.migrations, self.to.as_deref(), observer).await?;
                // A script may need what a migration that is still pending makes.
                let scripts: &[Script] = if self.to.is_none() { &project.scripts } else { &[] };
                Ok((applied, runner.repeat(connection, scripts, observer).await?))
            });
        let (applied, repeated) = applied.await?;
        connection.close().await?;
        if output.json {
            let rows = applied.iter().map(|row| {
                serde_json::json!({ "version": row.version, "name": row.name, "digest": row.digest,
                    "duration_ms": row.duration_ms })
            });
            output.result(&format!(
                "{:#}",
                serde_json::json!({ "applied": rows.collect::<Vec<_>>(),
                "repeated": repeated })
            ));
        } else if applied.is_empty() && repeated.is_empty() {
            output.say("nothing to apply");
        } else if !applied.is_empty() {
            output.say(&format!("{} applied to {}", count(applied.len(), "migration"), project.url));
        }
        Ok(Exit::Done)
    }

    /// What of each pending migration is kept before it goes. Refuses what would be lost for good.
    async fn foreseen(
        &self,
        session: &Session,
        project: &Project,
        connection: &mut dyn Connection,
    ) -> Result<BTreeMap<String, Shelve>> {
        let status = migrate::status(connection, &project.migrations).await?;
        if status.error().is_some() {
            // The runner says it, under the lock.
            return Ok(BTreeMap::new());
        }
        let wanted = migrate::applied_by(&status, &project.migrations, self.to.as_deref())?;
        let fresh: Vec<&Migration> = wanted.iter().filter(|(_, begun)| !begun).map(|(one, _)| *one).collect();
        // What was begun has been accepted; what it takes away may still have to be kept.
        let wanted: Vec<&Migration> = wanted.into_iter().map(|(migration, _)| migration).collect();
        let progress = session.output.progress("finding out on a shadow database what would be taken away");
        let foreseen = foresee::foresee(project, connection, &wanted).await;
        drop(progress);
        let foreseen = match foreseen {
            Ok(foreseen) => foreseen,
            Err(error) if self.preserve => {
                return Err(error.context("finding out what would be taken away").hint("nothing was applied"));
            }
            Err(error) => {
                let word = session.output.paint(Tone::Warning, "warning");
                session
                    .output
                    .say(&format!("{word}: what would be taken away is not known and not backed up: {error}"));
                return Ok(BTreeMap::new());
            }
        };
        foresee::refuse(&fresh, &foreseen, self.preserve)?;
        Ok(match (self.preserve, self.no_backup) {
            (true, _) => foresee::shelves(&foreseen, Reason::Preserve),
            (false, false) => {
                let mut shelves = foresee::shelves(&foreseen, Reason::Backup);
                // SQLite's backup is the whole file: it undoes what no transaction does.
                for migration in wanted.iter().filter(|migration| migration.header.transaction_off) {
                    let whole = || Shelve { taken: Vec::new(), reason: Reason::Backup, renames: Vec::new() };
                    shelves.entry(migration.version.clone()).or_insert_with(whole);
                }
                shelves
            }
            (false, true) => BTreeMap::new(),
        })
    }

    async fn dry_run(&self, session: &Session, project: &Project) -> Result<Exit> {
        let history = match project.connect_to_read().await? {
            Some(mut connection) => migrate::read_history(connection.as_mut()).await?,
            None => Vec::new(),
        };
        let status = migrate::compare(&history, &project.migrations);
        for (migration, _) in migrate::applied_by(&status, &project.migrations, self.to.as_deref())? {
            session.output.result(&format!("-- {}\n{}", migration.id(), migration.up));
        }
        Ok(Exit::Done)
    }
}
