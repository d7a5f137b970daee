//! What has to be proved before it is applied.
//!
//! In an environment that `relata.toml` marks `protected`, a migration is applied only if it carries a proof, and if that
//! proof comes out again, from where the history really stands and on the same kind of server. With `--prove` every
//! migration is proved again before anything is applied, carrying a proof or not. What the shadow's server lacks cannot be
//! proved: a protected environment applies it only if each of these is named (`--accept-unproved`).
//!
//! What was proved is looked at again under the lock: the runner refuses what became pending meanwhile, and notes each proof
//! in the history with its migration.

use std::collections::BTreeMap;

use relata_runtime::migrate::{self, Migration, Proof, Proved};
use relata_sql::{Connection, Error, Kind, Result};

use super::ground::{DataOptions, Ground};
use super::project::{Project, count};
use super::{protected, trial, witness};
use crate::session::Session;

/// What is asked of a proof before anything is applied.
pub struct Guard<'g> {
    /// Up to and with this version.
    pub to: Option<&'g str>,
    /// Prove whatever the environment is.
    pub prove: bool,
    /// What may lack on the shadow's server all the same.
    pub accept: &'g [String],
}

impl Guard<'_> {
    /// Proves what is about to be applied, where that is asked for, and tells the runner to apply nothing else.
    ///
    /// # Errors
    /// `Kind::ProofFailed`, naming the migration that is not proved, was changed since, cannot be proved or fails.
    pub async fn stand(&self, session: &Session, project: &mut Project, target: &mut dyn Connection) -> Result<()> {
        let protected = protected::environment(session, &project.url).await;
        if protected.is_none() && !self.prove {
            return Ok(());
        }
        project.runner.only_proved = true;
        let status = migrate::status(target, &project.migrations).await?;
        if status.error().is_some() {
            // The runner says it, under the lock.
            return Ok(());
        }
        let wanted = migrate::applied_by(&status, &project.migrations, self.to)?;
        let wanted: Vec<&Migration> = wanted.into_iter().map(|(migration, _)| migration).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        if let Some(environment) = &protected {
            refuse_unproved(environment, &wanted)?;
        }
        let progress = session.output.progress("proving what is about to be applied");
        let proofs = self.prove(session, project, &wanted, protected.as_deref()).await?;
        drop(progress);
        session.output.say(&format!("{} proved before being applied", count(wanted.len(), "migration")));
        project.runner.proofs = proofs;
        Ok(())
    }

    async fn prove(
        &self,
        session: &Session,
        project: &Project,
        wanted: &[&Migration],
        protected: Option<&str>,
    ) -> Result<BTreeMap<String, Proved>> {
        let is_wanted = |one: &&Migration| wanted.iter().any(|other| other.version == one.version);
        let mut before: Vec<Migration> = project.migrations.iter().filter(|one| !is_wanted(one)).cloned().collect();
        let ground = Ground::after(project, &before).await;
        let mut ground = ground.map_err(|error| match wanted.first() {
            Some(first) => error.context(format!("{} cannot be proved", first.id())),
            None => error,
        })?;
        ground.fill(session, project, &before, &DataOptions::default()).await?;
        let mut proofs = BTreeMap::new();
        for migration in wanted {
            let proof = trial::prove(session, project, &mut ground, &before, migration, None).await;
            let proof = proof.map_err(|error| error.context(migration.id()))?;
            let server = ground.connection()?.server().clone();
            if protected.is_some() {
                self.refuse_incomplete(migration, &proof)?;
                let recorded = migration.header.proof().unwrap_or_default();
                // The rows may be others: what is asked for is that the same comes out again.
                proof.rows_of(recorded, migration, &server).ok_or_else(|| is_another(migration))?;
            }
            witness::tell(session, &proof);
            witness::tell_unproved(session, migration, &proof.unproved);
            let mut text = witness::recorded(&proof, migration, &server, &project.runner.who);
            if let Some(recorded) = &migration.header.proved {
                text = format!("{text}; recorded before: {recorded}");
            }
            proofs.insert(migration.version.clone(), Proved { digest: migration.digest.clone(), text });
            before.push((*migration).clone());
        }
        ground.close().await?;
        Ok(proofs)
    }

    /// Refuses what is not proved completely, unless what lacks is accepted by name.
    ///
    /// # Errors
    /// `Kind::ProofFailed`, naming what lacks.
    pub fn refuse_incomplete(&self, migration: &Migration, proof: &Proof) -> Result<()> {
        let open = |lacks: &str| !self.accept.iter().any(|accepted| accepted == lacks);
        let lacking: Vec<_> = proof.unproved.iter().filter(|unproved| open(&unproved.lacks)).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = lacking.iter().map(|unproved| unproved.lacks.as_str()).collect();
        let message =
            format!("{} is not proved completely: the shadow's server lacks {}", migration.id(), names.join(", "));
        let mut error = Error::new(Kind::ProofFailed, message);
        for unproved in &lacking {
            error = error.hint(format!("left out for {}: {}", unproved.lacks, unproved.statements.join("; ")));
        }
        let flags: Vec<String> = names.iter().map(|name| format!("--accept-unproved \"{name}\"")).collect();
        Err(error
            .hint("install it there, or name a server that has it: --shadow URL")
            .hint(format!("or apply what is not proved all the same: {}", flags.join(" "))))
    }
}

fn refuse_unproved(environment: &str, wanted: &[&Migration]) -> Result<()> {
    match wanted.iter().find(|migration| migration.header.proof().is_none()) {
        None => Ok(()),
        Some(migration) => Err(Error::new(Kind::ProofFailed, format!("{} is not proved", migration.id())).hint(format!(
            "the environment {environment} is protected: prove it, and record the proof: relata migrate prove --record"
        ))),
    }
}

fn is_another(migration: &Migration) -> Error {
    Error::new(Kind::ProofFailed, format!("{} is not what was proved", migration.id()))
        .hint("it was changed since, or proved from another schema or on another version of the server")
        .hint("prove it as it is now, and record the proof: relata migrate prove --record")
}
