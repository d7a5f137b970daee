//! `relata migrate baseline`: adopts a database that relata has not migrated: its schema becomes the first migration,
//! proved by loading it into a shadow database, and is recorded as applied without being run.

use std::path::Path;

use clap::Args;
use relata_runtime::migrate::{self, Compare, Draft, Header, Migration};
use relata_schema::Schema;
use relata_sql::{Error, Kind, Result};

use super::Common;
use super::compare::Planner;
use super::project::{Project, count, tell};
use crate::output::Tone;
use crate::session::{Exit, Session};

/// Options of `relata migrate baseline`.
#[derive(Args)]
pub struct Baseline {
    /// What the migration will be called
    #[arg(default_value = "baseline")]
    name: String,
    #[command(flatten)]
    common: Common,
}

impl Baseline {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::Migration` when there are migrations already; `Kind::ProofFailed` when the schema, written as SQL, does not
    /// give itself.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?;
        if let Some(first) = project.migrations.first() {
            let message =
                format!("{} has migrations already, the first is {}", project.directory.display(), first.id());
            return Err(Error::new(Kind::Migration, message)
                .hint("a baseline is the first migration of a project; see relata migrate status"));
        }
        if project.is_missing_file() {
            return Err(Error::new(Kind::NoSuchDatabase, format!("{} is not there", project.url))
                .hint("a baseline adopts a database that exists; for a new one: relata migrate new NAME"));
        }
        let output = &session.output;
        let mut connection = project.connect().await?;
        let progress = output.progress("reading the schema");
        let schema = migrate::schema(connection.as_mut()).await?;
        let migration = describing(&self.name, &project.directory, &schema);
        progress.doing("proving it on a shadow database");
        let given = project.replayed([&migration]).await?;
        let differences = Planner::default().differences(&given, &schema);
        drop(progress);
        if !differences.is_empty() {
            let error = Error::new(Kind::ProofFailed, "the schema written as SQL does not give the same schema");
            return Err(differences.into_iter().take(20).fold(error, Error::hint));
        }
        migrate::write_folder(&migration)?;
        let adopted = project.runner.adopt(connection.as_mut(), &migration, &mut |event| tell(output, &event)).await;
        if let Err(error) = adopted {
            // The file without its row would be run on the very database it describes.
            let removed = std::fs::remove_dir_all(&migration.path);
            return Err(removed.err().map_or(error, |left| Error::new(Kind::Io, left.to_string())));
        }
        connection.close().await?;
        if output.json {
            let value = serde_json::json!({ "version": migration.version, "digest": migration.digest,
                "path": migration.path.display().to_string(), "tables": schema.tables.len() });
            output.result(&format!("{value:#}"));
            return Ok(Exit::Done);
        }
        output.say(&format!(
            "{} {}: what {} has is the baseline",
            output.paint(Tone::Good, "adopted"),
            count(schema.tables.len(), "table"),
            project.url
        ));
        output.result(&migration.path.display().to_string());
        Ok(Exit::Done)
    }
}

/// The migration that says what is there already.
pub fn describing(name: &str, directory: &Path, schema: &Schema) -> Migration {
    let draft = Draft {
        domain: String::new(),
        name: name.to_string(),
        up_header: Header {
            dialect: Some(schema.dialect),
            schema: Some(migrate::schema_digest(schema)),
            baseline: true,
            ..Header::default()
        },
        up: schema.dialect.script(schema),
        ..Draft::default()
    };
    draft.migration(directory, schema.dialect, jiff::Timestamp::now())
}
