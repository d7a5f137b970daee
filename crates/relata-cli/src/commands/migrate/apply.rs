//! `relata migrate apply`: applies what is pending.

use clap::Args;
use relata_runtime::migrate::{self, OnFailure};
use relata_sql::Result;

use super::Common;
use super::attend::{Patience, attended};
use super::project::{Project, count};
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
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    common: Common,
}

impl Apply {
    /// Runs the command.
    ///
    /// # Errors
    /// When the history contradicts the files, another runner holds the lock, or the database refuses a statement.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let mut project = Project::read(session, &self.common)?;
        self.patience.set(&mut project.runner);
        project.runner.on_failure = if self.keep_half { OnFailure::Keep } else { OnFailure::Undo };
        if project.migrations.is_empty() {
            session.output.say(&format!("no migrations in {}", project.directory.display()));
        }
        if self.dry_run {
            return self.dry_run(session, &project).await;
        }
        let mut connection = project.connect().await?;
        let output = &session.output;
        let applied = attended(output, &project, connection.as_mut(), async |runner, connection, observer| {
            runner.apply(connection, &project.migrations, self.to.as_deref(), observer).await
        });
        let applied = applied.await?;
        connection.close().await?;
        if output.json {
            let rows = applied.iter().map(|row| {
                serde_json::json!({ "version": row.version, "name": row.name, "digest": row.digest,
                    "duration_ms": row.duration_ms })
            });
            output.result(&format!("{:#}", serde_json::json!({ "applied": rows.collect::<Vec<_>>() })));
        } else if applied.is_empty() {
            output.say("nothing to apply");
        } else {
            output.say(&format!("{} applied to {}", count(applied.len(), "migration"), project.url));
        }
        Ok(Exit::Done)
    }

    async fn dry_run(&self, session: &Session, project: &Project) -> Result<Exit> {
        let history = match project.connect_to_read().await? {
            Some(mut connection) => migrate::read_history(connection.as_mut()).await?,
            None => Vec::new(),
        };
        let reached = |version: &str| self.to.as_deref().is_none_or(|to| version <= to || version.starts_with(to));
        let done = project.applied(&history);
        for migration in &project.migrations {
            if reached(&migration.version) && done.iter().all(|applied| applied.version != migration.version) {
                session.output.result(&format!("-- {}\n{}", migration.id(), migration.up));
            }
        }
        Ok(Exit::Done)
    }
}
