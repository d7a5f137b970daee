//! `relata migrate status`: the history beside the files, the database beside the history, the declaration beside both.

use std::collections::BTreeMap;

use clap::Args;
use relata_runtime::migrate::repeatable;
use relata_runtime::migrate::{self, Compare, Entry, EntryState, Migration, Status as Standing, TrailEntry};
use relata_schema::Diagnostic;
use relata_sql::{Connection, Result};

use super::Common;
use super::compare::Planner;
use super::project::{Project, count};
use crate::commands::diff::diagnostic_json;
use crate::identity::{IdentityOptions, Matching};
use crate::output::{Grid, Tone};
use crate::session::{Exit, Session};
use crate::source::{Loader, Source};

/// Options of `relata migrate status`.
#[derive(Args)]
pub struct Status {
    /// Compare only history and files: no shadow database, no drift
    #[arg(long)]
    no_drift: bool,
    #[command(flatten)]
    common: Common,
}

/// Everything that is found.
#[derive(Default)]
pub struct Report {
    /// The history beside the files.
    pub standing: Standing,
    /// Digest of the schema that the database has.
    pub(super) schema: Option<String>,
    /// What the database has otherwise than its history says; `None`: not looked at.
    pub drift: Option<Vec<String>>,
    /// Why it is not known what the history gives, though it agrees with the files.
    pub drift_unknown: Option<String>,
    /// What is declared otherwise than all migrations give; `None`: nothing is declared, or not looked at.
    undeclared: Option<Vec<String>>,
    /// The repeatable scripts that are not applied as they are now.
    scripts: Vec<String>,
    /// How what is applied had been proved, by version.
    proofs: BTreeMap<String, TrailEntry>,
    /// What the files say of it, by version.
    recorded: BTreeMap<String, String>,
    /// Why something was not looked at.
    notes: Vec<String>,
}

impl Status {
    /// Runs the command.
    ///
    /// # Errors
    /// When the database cannot be reached or the files not be read.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?;
        let mut report = Report::default();
        match project.connect_to_read().await? {
            Some(mut connection) => report.look(session, &project, connection.as_mut(), self.no_drift).await?,
            None => {
                report.standing = migrate::compare(&[], &project.migrations);
                report.notes.push(format!("{} is not there yet: relata migrate apply creates it", project.url));
            }
        }
        let recorded = |one: &migrate::Migration| Some((one.version.clone(), one.header.proved.clone()?));
        report.recorded = project.migrations.iter().filter_map(recorded).collect();
        if !self.no_drift {
            match undeclared(session, &project).await {
                Ok(differences) => report.undeclared = differences,
                Err(error) => report.notes.push(format!("the declaration was not compared: {error}")),
            }
        }
        if session.output.json {
            session.output.result(&format!("{:#}", report.json()));
        } else {
            report.print(session);
        }
        Ok(if report.clean() { Exit::Done } else { Exit::Findings })
    }
}

/// What is declared otherwise than all migrations give; `None` where nothing is declared.
pub async fn undeclared(session: &Session, project: &Project) -> Result<Option<Vec<String>>> {
    let paths = session.config()?.sources(&session.environment()?);
    if paths.is_empty() || !paths.iter().all(|path| path.exists()) {
        return Ok(None);
    }
    let given = project.replayed(&project.migrations).await?;
    let (dialect, shadow) = (project.dialect, project.shadow.clone());
    let loader = Loader { dialect, shadow, normalize: true, ground: Some(&given) };
    let declared = loader.load_all(&Source::configured(session)?).await?;
    let matched = Matching::new(&given, &declared, &IdentityOptions::default())?.look();
    Ok(Some(Planner::default().differences(&given, &matched.target)))
}

impl Report {
    /// Looks at the history and, unless that is not wanted, for drift.
    pub async fn look(
        &mut self,
        session: &Session,
        project: &Project,
        connection: &mut dyn Connection,
        no_drift: bool,
    ) -> Result<()> {
        self.standing = migrate::status(connection, &project.migrations).await?;
        let trail = migrate::read_trail(connection).await?;
        let noted = migrate::noted_proofs(&trail).into_iter();
        self.proofs = noted.map(|(version, entry)| (version.to_string(), entry.clone())).collect();
        let changed = repeatable::pending(&project.scripts, &trail);
        self.scripts = changed.into_iter().map(|script| script.name.clone()).collect();
        if no_drift {
            return Ok(());
        }
        let live = migrate::schema(connection).await?;
        self.schema = Some(migrate::schema_digest(&live));
        let unfinished = |entry: &Entry| matches!(entry.state, EntryState::HalfApplied | EntryState::HalfUndone);
        if self.standing.error().is_some() || self.standing.entries.iter().any(unfinished) {
            self.notes.push("drift was not looked for: history and files do not agree".into());
            return Ok(());
        }
        let history: Vec<_> = self.standing.entries.iter().filter_map(|entry| entry.applied.clone()).collect();
        let progress = session.output.progress("looking for drift");
        let applied: Vec<Migration> = project.applied(&history).into_iter().cloned().collect();
        let drift = project.drift(&applied, &trail, &live).await;
        drop(progress);
        match drift {
            Ok(drift) => self.drift = Some(drift),
            Err(error) => {
                self.notes.push(format!("drift was not looked for: {error}"));
                self.drift_unknown = Some(error.to_string());
            }
        }
        Ok(())
    }

    fn clean(&self) -> bool {
        let none = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
        let settled = |entry: &Entry| matches!(entry.state, EntryState::Applied | EntryState::Baseline);
        self.standing.entries.iter().all(settled)
            && self.standing.findings.is_empty()
            && self.scripts.is_empty()
            && none(&self.drift)
            && none(&self.undeclared)
    }

    fn print(&self, session: &Session) {
        let output = &session.output;
        if self.standing.entries.is_empty() {
            output.say(
                "no migrations yet: relata migrate new NAME, or relata migrate baseline for a database with tables",
            );
        } else {
            let mut grid = Grid::new(&["migration", "state", "applied", "by", "ms", "proof"]).numbers(&[4]);
            for entry in &self.standing.entries {
                let cell = |pick: fn(&migrate::Applied) -> String| entry.applied.as_ref().map(pick).unwrap_or_default();
                grid.push([
                    entry.id.clone(),
                    entry.state.word().to_string(),
                    cell(|row| row.applied_at.clone()),
                    cell(|row| row.applied_by.clone()),
                    cell(|row| row.duration_ms.to_string()),
                    self.proof(entry),
                ]);
            }
            output.rows(&grid);
        }
        output.diagnostics(&self.standing.findings);
        if self.standing.pending() > 0 {
            let pending = count(self.standing.pending(), "migration");
            // What the findings say comes first.
            output.say(&match self.standing.findings.is_empty() {
                true => format!("{pending} pending: {}", output.paint(Tone::Code, "relata migrate apply")),
                false => format!("{pending} pending"),
            });
        }
        if !self.scripts.is_empty() {
            let apply = output.paint(Tone::Code, "relata migrate apply");
            output.say(&format!("repeatable scripts changed: {}: {apply}", self.scripts.join(", ")));
        }
        if let Some(drift) = &self.drift {
            match drift.len() {
                0 => output.say("no drift: the database is what its history says"),
                _ if self.standing.entries.is_empty() => {
                    output.say(&format!("the database has what no migration made: {}", drift.join("; ")));
                }
                _ => output.diagnostics(&[drift_finding(drift)]),
            }
        }
        match &self.undeclared {
            Some(differences) if !differences.is_empty() => output.diagnostics(&[undeclared_finding(differences)]),
            _ => {}
        }
        self.notes.iter().for_each(|note| output.say(&format!("note: {note}")));
    }

    /// Whether and by whom it was proved, in a few words.
    fn proof(&self, entry: &Entry) -> String {
        match (self.proofs.get(&entry.version), self.recorded.contains_key(&entry.version)) {
            (Some(noted), _) => format!("by {}", noted.who),
            (None, true) if entry.applied.is_none() => "recorded".into(),
            _ => String::new(),
        }
    }

    fn json(&self) -> serde_json::Value {
        let proof = |entry: &Entry| match self.proofs.get(&entry.version) {
            Some(noted) => {
                serde_json::json!({ "who": noted.who, "host": noted.host, "at": noted.at, "proof": noted.note })
            }
            None => self
                .recorded
                .get(&entry.version)
                .map_or(serde_json::Value::Null, |text| serde_json::json!({ "recorded": text })),
        };
        let entry = |entry: &Entry| {
            serde_json::json!({
                "proof": proof(entry),
                "version": entry.version,
                "id": entry.id,
                "state": entry.state.word(),
                "digest": entry.digest,
                "applied_at": entry.applied.as_ref().map(|row| row.applied_at.clone()),
                "applied_by": entry.applied.as_ref().map(|row| row.applied_by.clone()),
                "applied_digest": entry.applied.as_ref().map(|row| row.digest.clone()),
                "duration_ms": entry.applied.as_ref().map(|row| row.duration_ms),
                "tool": entry.applied.as_ref().map(|row| row.tool.clone()),
            })
        };
        serde_json::json!({
            "migrations": self.standing.entries.iter().map(entry).collect::<Vec<_>>(),
            "pending": self.standing.pending(),
            "findings": self.standing.findings.iter().map(diagnostic_json).collect::<Vec<_>>(),
            "scripts": self.scripts,
            "schema": self.schema,
            "drift": self.drift,
            "undeclared": self.undeclared,
            "notes": self.notes,
            "clean": self.clean(),
        })
    }
}

/// The finding for drift.
pub fn drift_finding(drift: &[String]) -> Diagnostic {
    let message = format!("the database is not what its history says: {}", drift.join("; "));
    Diagnostic::warning("migration-drift", message).help(
        "somebody changed it without a migration; take it over: relata migrate adopt; or bring it back: \
         relata migrate undo-drift, which shows the SQL first",
    )
}

/// The finding for a declaration that the migrations do not give.
pub fn undeclared_finding(differences: &[String]) -> Diagnostic {
    let message = format!("what is declared is not what the migrations give: {}", differences.join("; "));
    Diagnostic::warning("migration-undeclared", message).help(
        "if the declaration is right: relata migrate new NAME writes the migration; if the migrations are: declare it, too \
         (relata schema inspect --format rust shows how)",
    )
}
