//! What has to be proved before it is applied.
//!
//! In an environment that `relata.toml` marks `protected`, a migration is applied only if it carries a proof, and if that
//! proof comes out again, from where the history really stands and on the same kind of server. With `--prove` every
//! migration is proved again before anything is applied, carrying a proof or not.

use relata_runtime::migrate::{self, Migration};
use relata_sql::{Connection, Error, Kind, Result};

use super::ground::{DataOptions, Ground};
use super::project::{Project, count};
use super::{trial, witness};
use crate::session::Session;

/// Whether the database belongs to a protected environment.
fn is_protected(session: &Session, project: &Project) -> bool {
    let environment = session.environment().ok().filter(|environment| environment.protected);
    environment.is_some_and(|environment| environment.url().is_ok_and(|url| url == project.url))
}

/// Proves what is about to be applied, where that is asked for.
///
/// # Errors
/// `Kind::ProofFailed`, naming the migration that is not proved, was changed since, or fails its proof.
pub async fn before_applying(
    session: &Session,
    project: &Project,
    target: &mut dyn Connection,
    to: Option<&str>,
    prove: bool,
) -> Result<()> {
    let protected = is_protected(session, project);
    if !protected && !prove {
        return Ok(());
    }
    let status = migrate::status(target, &project.migrations).await?;
    if status.error().is_some() {
        // The runner says it, under the lock.
        return Ok(());
    }
    let wanted: Vec<&Migration> =
        migrate::applied_by(&status, &project.migrations, to)?.into_iter().map(|(migration, _)| migration).collect();
    let unproved = wanted.iter().find(|migration| protected && migration.header.proof().is_none());
    if let Some(migration) = unproved {
        return Err(Error::new(Kind::ProofFailed, format!("{} is not proved", migration.id()))
            .hint("the environment is protected: prove it, and record the proof: relata migrate prove --record"));
    }
    let mut before: Vec<Migration> = project
        .migrations
        .iter()
        .filter(|one| !wanted.iter().any(|other| other.version == one.version))
        .cloned()
        .collect();
    let Some(first) = wanted.first() else { return Ok(()) };
    let progress = session.output.progress("proving what is about to be applied");
    let ground = Ground::after(project, &before).await;
    let mut ground = ground.map_err(|error| error.context(format!("{} cannot be proved", first.id())))?;
    ground.fill(session, project, &before, &DataOptions::default()).await?;
    for migration in &wanted {
        let proof = trial::prove(session, project, &mut ground, &before, migration, None).await;
        let proof = proof.map_err(|error| error.context(migration.id()))?;
        let found = proof.digest(migration, target.server());
        if protected && migration.header.proof() != Some(found.as_str()) {
            let message = format!("{} is not what was proved", migration.id());
            return Err(Error::new(Kind::ProofFailed, message)
                .hint("it was changed since, or proved from another schema or on another version of the server")
                .hint("prove it as it is now, and record the proof: relata migrate prove --record"));
        }
        witness::tell(session, &proof);
        before.push((*migration).clone());
    }
    drop(progress);
    ground.close().await?;
    session.output.say(&format!("{} proved before being applied", count(wanted.len(), "migration")));
    Ok(())
}
