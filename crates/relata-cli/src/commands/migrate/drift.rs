//! `relata migrate adopt` and `relata migrate undo-drift`: the two ways out when a database is not what its history says.
//!
//! - `adopt` writes what somebody changed by hand as a migration, proved like any other, and records it as applied here:
//!   this database has it already, the others get it.
//! - `undo-drift` shows the SQL that brings the database back, asks, and runs it under the runners' lock, with an entry in the
//!   trail. In a protected environment, and with `--prove`, it is proved first, from the state that the database is in.

use std::io::IsTerminal;

use clap::Args;
use relata_plan::loss::losses;
use relata_runtime::migrate::{self, Compare, EntryState, Migration, repeatable};
use relata_schema::change::{Plan, Rename};
use relata_schema::{Schema, Severity};
use relata_sql::{Connection, Error, Kind, Result};

use super::compare::Planner;
use super::ground::Ground;
use super::guard::Guard;
use super::new::{all_renames, both_ways, first_names, needs_autocommit};
use super::project::{Project, count, tell};
use super::{Common, protected, trial, witness};
use crate::commands::diff::{grid, plan_options};
use crate::identity::{IdentityOptions, LockFile, Matched, Matching};
use crate::output::Tone;
use crate::session::{Exit, Session};
use crate::source::Loaded;

/// Options of `relata migrate adopt`.
#[derive(Args)]
pub struct Adopt {
    /// What the migration will be called
    #[arg(default_value = "drift")]
    name: String,
    #[command(flatten)]
    identity: IdentityOptions,
    #[command(flatten)]
    common: Common,
}

/// Options of `relata migrate undo-drift`.
#[derive(Args)]
pub struct UndoDrift {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Go on although data would be lost
    #[arg(long)]
    accept_loss: bool,
    /// Prove it on a shadow database first; a protected environment always does
    #[arg(long)]
    prove: bool,
    /// Where it is proved: go on although this lacks where it was proved (`extension postgis`, `role reporting`)
    #[arg(long, value_name = "NAME")]
    accept_unproved: Vec<String>,
    #[command(flatten)]
    identity: IdentityOptions,
    #[command(flatten)]
    common: Common,
}

/// A database beside its history.
struct Drift {
    project: Project,
    connection: Box<dyn Connection>,
    /// What the database has.
    live: Schema,
    /// What its history says, with the repeatable scripts that it has.
    expected: Schema,
    /// The same without those.
    plain: Schema,
    /// The migrations that it has.
    applied: Vec<Migration>,
}

impl Drift {
    async fn read(session: &Session, common: &Common) -> Result<Self> {
        let project = Project::read(session, common)?;
        if project.is_missing_file() {
            return Err(Error::new(Kind::NoSuchDatabase, format!("{} is not there", project.url))
                .hint("relata migrate apply creates it"));
        }
        let mut connection = project.connect().await?;
        let status = migrate::status(connection.as_mut(), &project.migrations).await?;
        if let Some(error) = status.error() {
            return Err(error);
        }
        let is_half = |state| matches!(state, EntryState::HalfApplied | EntryState::HalfUndone);
        if let Some(half) = status.entries.iter().find(|entry| is_half(entry.state)) {
            return Err(Error::new(Kind::Migration, format!("{} is {}", half.id, half.state.word()))
                .hint("finish it with relata migrate apply, or undo it with relata migrate rollback"));
        }
        let progress = session.output.progress("comparing the database with its history");
        let has = |migration: &&Migration| {
            status.entries.iter().any(|entry| entry.version == migration.version && entry.applied.is_some())
        };
        let applied: Vec<Migration> = project.migrations.iter().filter(has).cloned().collect();
        let live = migrate::schema(connection.as_mut()).await?;
        let trail = migrate::read_trail(connection.as_mut()).await?;
        let was_applied = |name: &str| trail.iter().any(|entry| entry.action == "repeat" && entry.version == name);
        let settled = project.settled(&trail);
        let changed = repeatable::pending(&project.scripts, &trail);
        if let Some(script) = changed.into_iter().find(|script| was_applied(&script.name)) {
            let message = format!("the repeatable script {} was changed since it was applied", script.name);
            return Err(Error::new(Kind::Migration, message).hint("relata migrate apply first"));
        }
        let plain = project.replayed(&applied).await?;
        let expected = match settled.is_empty() {
            true => plain.clone(),
            false => project.replayed_with(&applied, &settled).await?,
        };
        drop(progress);
        Ok(Drift { project, connection, live, expected, plain, applied })
    }

    /// What differs, in words.
    fn differences(&self) -> Vec<String> {
        Planner::default().differences(&self.live, &self.expected)
    }
}

impl Adopt {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::Migration` when migrations are pending; `Kind::ProofFailed` when the migration does not give what is there.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let mut drift = Drift::read(session, &self.common).await?;
        if drift.differences().is_empty() {
            session.output.say("nothing to adopt: the database is what its history says");
            return Ok(Exit::Done);
        }
        let pending = drift.project.migrations.len() - drift.applied.len();
        if pending > 0 {
            let message = format!("{} pending: what is adopted comes after", count(pending, "migration"));
            return Err(Error::new(Kind::Migration, message).hint("relata migrate apply first"));
        }
        let project = &drift.project;
        let lock = LockFile::beside(&project.directory)?.after(all_renames(project.dialect, &project.migrations));
        let live = Loaded::plain(drift.live.clone());
        let matched = Matching::new(&drift.expected, &live, &self.identity)?
            .identities(&lock.identities(), &first_names(project.dialect, &project.migrations))
            .decide(session)?;
        let mut ground = Ground::after(project, &drift.applied).await?;
        let server = ground.connection()?.server().clone();
        let ways = both_ways(&drift.expected, matched, &plan_options(Some(&server)));
        session.output.diagnostics(&ways.findings);
        ways.refuse_errors()?;
        session.output.say(&grid(&ways.up).draw(false));
        let (directory, parent) = (&project.directory, drift.applied.last());
        let migration = ways.migration(&self.name, directory, parent, &ways.target, None);
        // Where it is proved, there are no scripts.
        let target = (drift.expected == drift.plain).then_some(&ways.target);
        let proof = trial::prove(session, project, &mut ground, &drift.applied, &migration, target).await?;
        ground.close().await?;
        let on = witness::recorded(&proof, &migration, &server, &project.runner.who);
        let migration = ways.migration(&self.name, directory, parent, &proof.schema, Some(on));
        migrate::write_folder(&migration)?;
        let output = &session.output;
        let recorded =
            project.runner.record(drift.connection.as_mut(), &migration, &mut |event| tell(output, &event)).await;
        if let Err(error) = recorded {
            // Without its row it would be run on the very database it was read from.
            let removed = std::fs::remove_dir_all(&migration.path);
            return Err(removed.err().map_or(error, |left| Error::new(Kind::Io, left.to_string())));
        }
        drift.connection.close().await?;
        lock.write(target.unwrap_or(&proof.schema), &ways.renames)?;
        if output.json {
            let value = serde_json::json!({ "version": migration.version, "digest": migration.digest,
                "path": migration.path.display().to_string(), "steps": ways.up.steps.len() });
            output.result(&format!("{value:#}"));
            return Ok(Exit::Done);
        }
        let word = output.paint(Tone::Good, "adopted");
        output.say(&format!("{word} the drift of {}, recorded there as applied; {proof}", project.url));
        output.result(&migration.path.display().to_string());
        output.say("next: declare it in the sources, too; else the next relata migrate new takes it away");
        Ok(Exit::Done)
    }
}

impl UndoDrift {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::DataLoss` when data would be lost and that was not accepted; `Kind::Migration` when nobody said yes; what
    /// the database reports.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let mut drift = Drift::read(session, &self.common).await?;
        let differences = drift.differences();
        if differences.is_empty() {
            session.output.say("nothing to undo: the database is what its history says");
            return Ok(Exit::Done);
        }
        if drift.applied.is_empty() {
            return Err(Error::new(Kind::Migration, "no migration is applied here: there is no history to go back to")
                .hint("nothing was changed")
                .hint("to take over what is there: relata migrate baseline"));
        }
        let expected = Loaded::plain(drift.expected.clone());
        let matched = Matching::new(&drift.live, &expected, &self.identity)?.decide(session)?;
        let renames = matched.renames.clone();
        let plan = plan(drift.connection.as_ref(), &drift.live, &matched)?;
        let lost = losses(&drift.live, &matched.target, &matched.renames);
        session.output.say(&grid(&plan).draw(false));
        session.output.result(&match session.output.json {
            true => format!(
                "{:#}",
                serde_json::json!({ "drift": differences, "sql": plan.statements(),
                "loses": lost.iter().map(ToString::to_string).collect::<Vec<_>>() })
            ),
            false => plan.script(),
        });
        if !lost.is_empty() && !self.accept_loss {
            let lost: Vec<String> = lost.iter().map(ToString::to_string).collect();
            return Err(Error::new(Kind::DataLoss, format!("undoing the drift would lose {}", lost.join("; ")))
                .hint("nothing was changed")
                .hint("keep it: relata migrate adopt; or run it again with --accept-loss"));
        }
        let proved = match self.prove || protected::environment(session, &drift.project.url).await.is_some() {
            true => Some(self.proved(session, &drift, &plan, renames).await?),
            false => None,
        };
        if !self.yes && !confirmed(session)? {
            return Err(Error::new(Kind::Migration, "nothing was changed: nobody said yes")
                .hint("answer yes on a terminal, or run it with --yes"));
        }
        let transaction_off = needs_autocommit(plan.dialect, &plan);
        let header = migrate::Header { transaction_off, ..migrate::Header::default() };
        let (output, project) = (&session.output, &drift.project);
        let observer: &mut migrate::Observer<'_> = &mut |event| tell(output, &event);
        let begins = (&drift.live, proved);
        project.runner.undo_drift(drift.connection.as_mut(), begins, &header, &plan.script(), observer).await?;
        let now = migrate::schema(drift.connection.as_mut()).await?;
        let left = Planner::default().differences(&now, &drift.expected);
        drift.connection.close().await?;
        if !left.is_empty() {
            let error =
                Error::new(Kind::Migration, "the statements ran, and the database still differs from its history");
            return Err(left.into_iter().take(20).fold(error, Error::hint));
        }
        let word = session.output.paint(Tone::Good, "undone");
        let steps = count(plan.steps.len(), "statement");
        session.output.say(&format!("{word} in {steps}: {} is what its history says", drift.project.url));
        Ok(Exit::Done)
    }

    /// Proves on a shadow that the plan leads from what the database has to what its history says. What was changed by hand is made
    /// there first, by the plan of the way back. Gives what is noted of the proof.
    async fn proved(&self, session: &Session, drift: &Drift, plan: &Plan, renames: Vec<Rename>) -> Result<String> {
        let project = &drift.project;
        let options = plan_options(Some(drift.connection.server()));
        let matched = |target: &Schema, renames| Matched {
            target: target.clone(),
            renames,
            answered: Vec::new(),
            open: Vec::new(),
        };
        let away = both_ways(&drift.expected, matched(&drift.live, migrate::opposite(&renames)), &options);
        let mut back = both_ways(&drift.live, matched(&drift.expected, renames), &options);
        back.up = plan.clone();
        let cannot = |error: Error| {
            let hint = "take the drift over instead, which is proved too: relata migrate adopt";
            Error::new(Kind::ProofFailed, "that the drift can be undone is not proved").caused_by(error).hint(hint)
        };
        away.refuse_errors().and_then(|()| back.refuse_errors()).map_err(cannot)?;
        let (directory, last) = (&project.directory, drift.applied.last());
        let changed = away.migration("drift", directory, last, &drift.live, None);
        let undone = back.migration("undo-drift", directory, Some(&changed), &drift.expected, None);
        let before: Vec<Migration> = drift.applied.iter().cloned().chain([changed]).collect();
        let mut ground = Ground::after(project, &before).await.map_err(cannot)?;
        // What scripts made is not there, and then the two cannot be the same.
        let left = match drift.expected == drift.plain {
            true => Planner::default().differences(&ground.schema, &drift.live),
            false => Vec::new(),
        };
        if !left.is_empty() {
            let other = Error::new(Kind::ProofFailed, "a shadow does not come to have what the database has");
            return Err(cannot(left.into_iter().take(20).fold(other, Error::hint)));
        }
        let proof = trial::prove(session, project, &mut ground, &before, &undone, Some(&drift.plain)).await?;
        let server = ground.connection()?.server().clone();
        ground.close().await?;
        witness::tell(session, &proof);
        witness::tell_unproved(session, &undone, &proof.unproved);
        Guard { to: None, prove: true, accept: &self.accept_unproved }.refuse_incomplete(&undone, &proof)?;
        session.output.say(&format!("{} {proof}", session.output.paint(Tone::Good, "proved")));
        Ok(witness::recorded(&proof, &undone, &server, &project.runner.who))
    }
}

fn plan(connection: &dyn Connection, live: &Schema, matched: &Matched) -> Result<Plan> {
    let mut options = plan_options(Some(connection.server()));
    options.renames.clone_from(&matched.renames);
    let (plan, found) = relata_plan::plan(live, &matched.target, &options);
    let errors: Vec<String> =
        found.into_iter().filter(|found| found.severity == Severity::Error).map(|found| found.message).collect();
    if errors.is_empty() && !plan.is_empty() {
        return Ok(plan);
    }
    Err(Error::new(Kind::Unsupported, format!("no plan leads back: {}", errors.join("; ")))
        .hint("take the drift over instead: relata migrate adopt"))
}

fn confirmed(session: &Session) -> Result<bool> {
    if session.output.json || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    session.output.say("run this on the database? type yes:");
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.map_err(|error| Error::new(Kind::Io, format!("the terminal: {error}")).caused_by(error))?;
    Ok(line.trim() == "yes")
}
