//! `relata migrate prove`: runs pending migrations up, down and up on a shadow database.

use clap::Args;
use relata_runtime::migrate::{self, Migration};
use relata_schema::Diagnostic;
use relata_sql::{Error, Kind, Result};

use super::ground::{DataOptions, Ground};
use super::project::{Project, count};
use super::{Common, trial, witness};
use crate::output::Tone;
use crate::session::{Exit, Session};

/// Options of `relata migrate prove`.
#[derive(Args)]
pub struct Prove {
    /// Prove from this version on (a beginning is enough) [default: what is pending; all if the database is not there]
    #[arg(long, value_name = "VERSION")]
    from: Option<String>,
    /// Write into each up.sql that it is proved: what a protected environment asks for
    #[arg(long)]
    record: bool,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    common: Common,
}

impl Prove {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::ProofFailed` with what differs.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?.needs_folder()?;
        let first = self.first(&project).await?;
        let (before, wanted) = project.migrations.split_at(first);
        if wanted.is_empty() {
            session.output.say("nothing to prove: no migration is pending");
        }
        let mut ground = Ground::after(&project, before).await?;
        ground.fill(session, &project, before, &self.data).await?;
        let mut proved = Vec::new();
        for (index, migration) in wanted.iter().enumerate() {
            let progress = session.output.progress(&format!("proving {}", migration.id()));
            let before = &project.migrations[..first + index];
            let proof = trial::prove(session, &project, &mut ground, before, migration, None).await;
            drop(progress);
            let proof = proof.map_err(|error| error.context(migration.id()))?;
            session.output.diagnostics(&promised(migration, &proof));
            let word = session.output.paint(Tone::Good, "proved");
            session.output.say(&format!("{word} {}: {proof}, {}", migration.id(), proof.on));
            if !proof.down {
                session.output.say(&format!("  it has no down.sql: {} cannot be rolled back", migration.id()));
            }
            witness::tell(session, &proof);
            witness::tell_unproved(session, migration, &proof.unproved);
            let server = ground.connection()?.server().clone();
            if self.record {
                let who = &project.runner.who;
                migrate::record_proof(migration, &witness::recorded(&proof, migration, &server, who))?;
            }
            proved.push(serde_json::json!({
                "migration": migration.id(), "proof": proof.to_string(), "digest": proof.digest(migration, &server),
                "observed": witness::as_json(&proof),
            }));
        }
        ground.close().await?;
        if session.output.json {
            session.output.result(&format!("{:#}", serde_json::json!({ "proved": proved })));
        } else if !wanted.is_empty() {
            session.output.say(&format!("{} proved", count(wanted.len(), "migration")));
        }
        Ok(Exit::Done)
    }

    /// The position of the first migration to prove.
    async fn first(&self, project: &Project) -> Result<usize> {
        if let Some(from) = &self.from {
            let position = project.migrations.iter().position(|migration| migration.version.starts_with(from.as_str()));
            return position.ok_or_else(|| {
                Error::new(Kind::Migration, format!("there is no migration {from}"))
                    .hint("relata migrate status lists the versions")
            });
        }
        let history = match project.connect_to_read().await? {
            Some(mut connection) => migrate::read_history(connection.as_mut()).await?,
            None => Vec::new(),
        };
        let applied = |migration: &Migration| history.iter().any(|row| row.version == migration.version);
        Ok(project.migrations.iter().rposition(applied).map_or(0, |last| last + 1))
    }
}

/// A warning when the schema that results is not the one that the header promises: the SQL was edited since (which is
/// everyone's right), or another version of the server spells it otherwise.
fn promised(migration: &Migration, proof: &migrate::Proof) -> Vec<Diagnostic> {
    let Some(promised) = &migration.header.schema else { return Vec::new() };
    let found = migrate::schema_digest(&proof.schema);
    if *promised == found {
        return Vec::new();
    }
    let message = format!("{} gives another schema than its header says", migration.id());
    let help = format!(
        "see what it gives: relata schema diff --from migrations --to src; \
         if it is right, write into up.sql: -- relata: schema {found}"
    );
    vec![Diagnostic::warning("migration-schema", message).help(help)]
}
