//! One proof on the ground that there is: a copy of the data, rows made up, or nothing.
//!
//! Rows that are made up are nobody's: a migration that stops on them may be right for the data there is. So where its
//! statements fail, it is proved without rows, and again with ordinary rows that fit the schema it leads to. What it failed on is
//! told as a warning. Where values are lost that should survive, nothing is tried again: that is a failure.

use relata_runtime::migrate::{self, Compare, Migration, Proof};
use relata_schema::{Diagnostic, Schema};
use relata_sql::{Error, Result};

use super::compare::Planner;
use super::ground::Ground;
use super::project::Project;
use crate::session::Session;

/// Proves a migration that comes after `before`. `target` is what up has to give, where that is known.
///
/// # Errors
/// `Kind::ProofFailed` with what differs.
pub async fn prove(
    session: &Session,
    project: &Project,
    ground: &mut Ground,
    before: &[Migration],
    migration: &Migration,
    target: Option<&Schema>,
) -> Result<Proof> {
    let planner = Planner { renames: migration.header.renames.clone() };
    ground.populate(session, target, true).await?;
    let mut proof = match prove_on(ground, migration, target, &planner).await {
        Err(error) if ground.is_made_up() && stopped_by_a_statement(&error) => {
            let proof = again(session, project, ground, before, migration, (target, &planner)).await?;
            session.output.diagnostics(&[depends_on_data(migration, &error)]);
            proof
        }
        result => result?,
    };
    ground.schema = proof.schema.clone();
    proof.on = ground.rows();
    proof.bare.clone_from(&ground.bare);
    Ok(proof)
}

async fn prove_on(
    ground: &mut Ground,
    migration: &Migration,
    target: Option<&Schema>,
    compare: &dyn Compare,
) -> Result<Proof> {
    let beside = ground.beside().await?;
    let (connection, lacking) = ground.proving()?;
    migrate::prove_as_far(connection, migration, target, compare, lacking, beside.as_ref()).await
}

async fn again(
    session: &Session,
    project: &Project,
    ground: &mut Ground,
    before: &[Migration],
    migration: &Migration,
    (target, compare): (Option<&Schema>, &dyn Compare),
) -> Result<Proof> {
    replace(ground, Ground::after(project, before).await?).await?;
    let bare = prove_on(ground, migration, target, compare).await?;
    let mut fitting = Ground::after(project, before).await?;
    fitting.populate(session, Some(&bare.schema), false).await?;
    match prove_on(&mut fitting, migration, target, compare).await {
        Ok(proof) => {
            replace(ground, fitting).await?;
            Ok(proof)
        }
        Err(error) if stopped_by_a_statement(&error) => {
            fitting.close().await?;
            Ok(bare)
        }
        Err(error) => Err(error),
    }
}

async fn replace(ground: &mut Ground, other: Ground) -> Result<()> {
    std::mem::replace(ground, other).close().await
}

/// A statement was refused, rather than that something came out otherwise.
fn stopped_by_a_statement(error: &Error) -> bool {
    error.details().sql.is_some()
}

fn depends_on_data(migration: &Migration, error: &Error) -> Diagnostic {
    let message =
        format!("whether {} runs depends on the data: on rows made up for the proof, {error}", migration.id());
    Diagnostic::warning("proof-data", message)
        .help("look for such rows in the target; --with-data proves it on a copy of them")
}
