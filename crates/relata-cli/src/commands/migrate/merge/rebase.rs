//! One branch after the other, where they do not fit side by side.
//!
//! - Where one order runs, the branch that can only come second is put there: its first migration names the other head
//!   as its parent, and every digest after it follows.
//! - Where no order runs, or they give different schemas, the pending branch is planned anew, from the other head to
//!   what is declared; its folders go (version control has them).
//!
//! What a database has applied is never rewritten.

use std::collections::BTreeMap;

use relata_plan::loss::losses;
use relata_runtime::migrate::{self, Migration};
use relata_sql::{Error, Kind, Result};

use super::super::ground::Ground;
use super::super::new::{all_renames, both_ways, first_names};
use super::super::project::Project;
use super::super::{trial, witness};
use super::{Branch, Conflict, Fork, ids};
use crate::commands::diff::plan_options;
use crate::identity::{IdentityOptions, LockFile, Matching};
use crate::output::Tone;
use crate::session::Session;
use crate::source::{Loader, Source};

/// Writes one branch after the other and returns what was written. `alone`: there is no third branch, so that what is
/// declared is what these two lead to.
pub async fn rebase(
    session: &Session,
    project: &Project,
    fork: &Fork,
    conflict: &Conflict,
    alone: bool,
) -> Result<Vec<Migration>> {
    let history = match project.connect_to_read().await? {
        Some(mut connection) => migrate::read_history(connection.as_mut()).await?,
        None => Vec::new(),
    };
    let applied =
        |branch: &Branch| branch.own.iter().any(|migration| history.iter().any(|row| row.version == migration.version));
    let [one, other] = &fork.branches;
    let may_move = [!applied(one), !applied(other)];
    let output = &session.output;
    match (conflict.works, may_move) {
        ([true, false], [_, true]) => move_after(session, project, one, other),
        ([false, true], [true, _]) => move_after(session, project, other, one),
        ([true, true], _) | ([false, false], _) if !alone => Err(conflict.error(fork).hint(
            "there are other branches: take these two to a checkout without the others, or write by hand what leads from \
             both to what is declared",
        )),
        ([true, true], _) | ([false, false], _) if may_move[1] => replan(session, project, fork, one, other).await,
        ([true, true], _) | ([false, false], _) if may_move[0] => replan(session, project, fork, other, one).await,
        _ => {
            output.say(&conflict.summary());
            Err(Error::new(Kind::Migration, format!("{} has applied what would have to be rewritten", project.url))
                .hint("undo it there first: relata migrate rollback")
                .hint("or write a migration by hand that leads from both to what is declared: relata migrate new NAME --empty"))
        }
    }
}

/// Puts `moved` after `first`: its files name the other parent, and follow each other anew.
fn move_after(session: &Session, project: &Project, first: &Branch, moved: &Branch) -> Result<Vec<Migration>> {
    let before: Vec<&str> = moved.own.iter().map(|migration| migration.digest.as_str()).collect();
    let mut digests: BTreeMap<String, String> = BTreeMap::new();
    let mut written = Vec::new();
    for migration in &moved.own {
        let own: Vec<String> =
            migration.header.parents.iter().filter(|parent| before.contains(&parent.as_str())).cloned().collect();
        let parents: Vec<String> = match own.is_empty() {
            true => vec![first.head.digest.clone()],
            false => own.iter().map(|parent| digests.get(parent).unwrap_or(parent).clone()).collect(),
        };
        let rewritten = migrate::follow(project.dialect, migration, &parents)?;
        digests.insert(migration.digest.clone(), rewritten.digest.clone());
        written.push(rewritten);
    }
    let word = session.output.paint(Tone::Good, "rebased");
    session.output.say(&format!("{word} {} after {}", ids(moved.own.iter()), first.head.id()));
    session.output.say("next: relata migrate prove");
    Ok(written)
}

/// Plans what `moved` did anew, from the other head to what is declared.
async fn replan(
    session: &Session,
    project: &Project,
    fork: &Fork,
    first: &Branch,
    moved: &Branch,
) -> Result<Vec<Migration>> {
    let sources = Source::configured(session)
        .map_err(|error| error.context("planning a branch anew takes what is declared, with both branches in it"))?;
    let stays: Vec<Migration> = fork.common.iter().chain(&first.own).cloned().collect();
    let mut ground = Ground::after(project, &stays).await?;
    let (dialect, shadow) = (project.dialect, project.shadow.clone());
    let loader = Loader { dialect, shadow, normalize: true, ground: Some(&ground.schema) };
    let declared = loader.load_all(&sources).await?;
    let server = ground.connection()?.server().clone();
    let lock = LockFile::beside(&project.directory)?.after(all_renames(project.dialect, &project.migrations));
    let mut matching = Matching::new(&ground.schema, &declared, &IdentityOptions::default())?
        .identities(&lock.identities(), &first_names(project.dialect, &stays));
    for migration in &moved.own {
        matching = matching.known(&migration.header.renames);
    }
    let ways = both_ways(&ground.schema, matching.decide(session)?, &plan_options(Some(&server)));
    ways.refuse_errors()?;
    let acknowledged: Vec<String> = moved.own.iter().flat_map(|migration| migration.header.loses.clone()).collect();
    let lost = losses(&ground.schema, &ways.target, &ways.renames);
    let lost = relata_plan::loss::unacknowledged(&lost, &acknowledged);
    if !lost.is_empty() {
        let lost: Vec<String> = lost.iter().map(ToString::to_string).collect();
        return Err(Error::new(Kind::DataLoss, format!("planned anew, it would lose {}", lost.join("; ")))
            .hint("the declaration does not have what the other branch added; merge the sources first"));
    }
    let name = &moved.head.name;
    let head = stays.last();
    let migration = ways.migration(name, &project.directory, head, &ways.target, None);
    let proof = trial::prove(session, project, &mut ground, &stays, &migration, Some(&ways.target)).await?;
    ground.close().await?;
    let on = witness::recorded(&proof, &migration, &server, &project.runner.who);
    let migration = ways.migration(name, &project.directory, head, &proof.schema, Some(on));
    migrate::write_folder(&migration)?;
    for old in &moved.own {
        std::fs::remove_dir_all(&old.path)
            .map_err(|error| Error::new(Kind::Io, format!("{}: {error}", old.path.display())).caused_by(error))?;
        session.output.say(&format!("{} {}", session.output.paint(Tone::Warning, "removed"), old.path.display()));
    }
    lock.write(&ways.target, &ways.renames)?;
    let word = session.output.paint(Tone::Good, "rebased");
    session.output.say(&format!("{word} {} after {}: planned anew, {proof}", ids(moved.own.iter()), first.head.id()));
    Ok(vec![migration])
}
