//! `relata migrate check`: everything that has to hold before migrations are merged, in one command for CI.
//!
//! | check | what it looks at |
//! |---|---|
//! | files | names, headers, dependencies between domains, the order of repeatable scripts |
//! | history | edited, missing and half-applied migrations; two heads; parents that are not there |
//! | scripts | repeatable scripts that do not bear being run again |
//! | lint | what blocks, breaks or loses something in pending migrations: hazards of `relata migrate lint` |
//! | proof | every pending migration: up, down, up on a shadow database |
//! | drift | the database beside what its history gives; the declaration beside what all migrations give |

use clap::Args;
use relata_runtime::migrate::{self, EntryState, Migration, repeatable};
use relata_schema::{Diagnostic, Severity};
use relata_sql::{Error, Result};

use super::Common;
use super::ground::{DataOptions, Ground};
use super::project::{Project, count};
use super::status::{Report, undeclared};
use super::{trial, witness};
use crate::commands::diff::diagnostic_json;
use crate::output::Tone;
use crate::session::{Exit, Session};

/// Options of `relata migrate check`.
#[derive(Args)]
pub struct Check {
    /// Look at the files alone: nothing is said of what a database has
    #[arg(long)]
    no_database: bool,
    /// Look for nothing dangerous in the SQL
    #[arg(long)]
    no_lint: bool,
    /// Prove nothing
    #[arg(long)]
    no_proof: bool,
    /// Look for no drift
    #[arg(long)]
    no_drift: bool,
    /// Warnings are findings too
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    common: Common,
}

/// One check and what it found.
struct Verdict {
    name: &'static str,
    detail: String,
    findings: Vec<Diagnostic>,
    /// Why it was not made.
    skipped: Option<String>,
}

impl Verdict {
    fn of(name: &'static str, detail: String, findings: Vec<Diagnostic>) -> Self {
        Verdict { name, detail, findings, skipped: None }
    }

    fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Verdict { name, detail: String::new(), findings: Vec::new(), skipped: Some(why.into()) }
    }

    fn failed(&self, strict: bool) -> bool {
        self.findings.iter().any(|finding| strict || finding.severity == Severity::Error)
    }
}

impl Check {
    /// Runs the command.
    ///
    /// # Errors
    /// When the files cannot be read or the database not be reached; what the checks find is no error.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?.needs_folder()?;
        let described = format!(
            "{}, {}",
            count(project.migrations.len(), "migration"),
            count(project.scripts.len(), "repeatable script")
        );
        let mut verdicts = vec![Verdict::of("files", described, Vec::new())];
        let mut report = Report::default();
        let target = if self.no_database { None } else { project.connect_to_read().await? };
        match target {
            Some(mut connection) if !self.no_drift => {
                report.look(session, &project, connection.as_mut(), false).await?;
            }
            Some(mut connection) => report.look(session, &project, connection.as_mut(), true).await?,
            None => report.standing = migrate::compare(&[], &project.migrations),
        }
        verdicts.push(history(&report));
        verdicts.push(scripts(&project));
        verdicts.push(self.lint(session, &project, &report)?);
        verdicts.push(self.proof(session, &project).await);
        verdicts.push(self.drift(session, &project, &report).await);
        let clean = !verdicts.iter().any(|verdict| verdict.failed(self.strict));
        if session.output.json {
            session.output.result(&format!("{:#}", json(&verdicts, clean, self.strict)));
        } else {
            verdicts.iter().for_each(|verdict| self.print(session, verdict));
        }
        Ok(if clean { Exit::Done } else { Exit::Findings })
    }

    /// Hazards are errors; style is not this command's business unless warnings are asked for.
    fn lint(&self, session: &Session, project: &Project, report: &Report) -> Result<Verdict> {
        if self.no_lint {
            return Ok(Verdict::skipped("lint", "--no-lint"));
        }
        let pending: Vec<String> = report
            .standing
            .entries
            .iter()
            .filter(|entry| entry.state == EntryState::Pending)
            .map(|entry| entry.id.clone())
            .collect();
        let wanted = |id: &str| pending.iter().any(|pending| pending == id || pending.ends_with(&format!("/{id}")));
        let found = super::lint::of_folder(session, &project.directory, project.dialect, wanted)?;
        let (hazards, styles): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|finding| finding.severity == Severity::Error);
        let detail = format!("{}, {}", count(hazards.len(), "hazard"), count(styles.len(), "style finding"));
        let findings = if self.strict { [hazards, styles].concat() } else { hazards };
        Ok(Verdict::of("lint", detail, findings))
    }

    async fn proof(&self, session: &Session, project: &Project) -> Verdict {
        if self.no_proof {
            return Verdict::skipped("proof", "--no-proof");
        }
        match proved(session, project, &self.data).await {
            Ok(proved) => {
                let proved = format!("{} proved", count(proved, "pending migration"));
                let detail = match project.scripts.len() {
                    0 => proved,
                    scripts => format!("{proved}, {} run", count(scripts, "repeatable script")),
                };
                Verdict::of("proof", detail, Vec::new())
            }
            Err(error) => Verdict::of("proof", String::new(), vec![finding("migration-proof", &error)]),
        }
    }

    async fn drift(&self, session: &Session, project: &Project, report: &Report) -> Verdict {
        if self.no_drift {
            return Verdict::skipped("drift", "--no-drift");
        }
        let mut findings = Vec::new();
        let mut details = Vec::new();
        match &report.drift {
            Some(drift) if !drift.is_empty() => findings.push(super::status::drift_finding(drift)),
            Some(_) => details.push("the database is what its history says".to_string()),
            None => match (&report.drift_unknown, report.schema.is_some()) {
                (Some(why), _) => findings.push(Diagnostic::error("migration-drift", format!("not looked for: {why}"))),
                (None, true) => details.push("not looked for: history and files do not agree".to_string()),
                (None, false) => details.push("no database to look at".to_string()),
            },
        }
        match undeclared(session, project).await {
            Ok(Some(differences)) if !differences.is_empty() => {
                findings.push(super::status::undeclared_finding(&differences));
            }
            Ok(Some(_)) => details.push("the migrations give what is declared".into()),
            Ok(None) => details.push("nothing is declared".into()),
            Err(error) => findings.push(finding("migration-declaration", &error)),
        }
        for finding in &mut findings {
            finding.severity = Severity::Error;
        }
        Verdict::of("drift", details.join("; "), findings)
    }

    fn print(&self, session: &Session, verdict: &Verdict) {
        let output = &session.output;
        let (tone, word) = match (&verdict.skipped, verdict.failed(self.strict)) {
            (Some(_), _) => (Tone::Faint, "skipped"),
            (None, true) => (Tone::Bad, "failed"),
            (None, false) => (Tone::Good, "ok"),
        };
        let detail = verdict.skipped.as_deref().unwrap_or(&verdict.detail);
        let dash = if detail.is_empty() { "" } else { ": " };
        output.result(&format!("{} {}{dash}{detail}", output.paint_result(tone, word), verdict.name));
        output.diagnostics(&verdict.findings);
    }
}

/// Proves what is pending, and runs the repeatable scripts after it; gives how many were proved.
async fn proved(session: &Session, project: &Project, data: &DataOptions) -> Result<usize> {
    let history = match project.connect_to_read().await? {
        Some(mut connection) => migrate::read_history(connection.as_mut()).await?,
        None => Vec::new(),
    };
    let applied = |migration: &Migration| history.iter().any(|row| row.version == migration.version);
    let first = project.migrations.iter().rposition(applied).map_or(0, |last| last + 1);
    let (before, wanted) = project.migrations.split_at(first);
    let mut ground = Ground::after(project, before).await?;
    ground.fill(session, project, before, data).await?;
    for (index, migration) in wanted.iter().enumerate() {
        let before = &project.migrations[..first + index];
        let proof = trial::prove(session, project, &mut ground, before, migration, None).await;
        let proof = proof.map_err(|error| error.context(migration.id()))?;
        witness::tell_unproved(session, migration, &proof.unproved);
    }
    let (connection, lacking) = ground.proving()?;
    let undone = repeatable::run_as_far(connection, &project.scripts, lacking).await?;
    let left_out = lacking.take();
    ground.close().await?;
    if let Some((name, error)) = undone.into_iter().next() {
        return Err(error.context(format!("repeatable script {name}")));
    }
    let incomplete = |lacks: &migrate::Unproved| {
        Diagnostic::warning("proof-incomplete", format!("of the repeatable scripts did not run what needs {lacks}"))
    };
    session.output.diagnostics(&left_out.iter().map(incomplete).collect::<Vec<_>>());
    Ok(wanted.len())
}

fn history(report: &Report) -> Verdict {
    let entries = &report.standing.entries;
    let applied = entries.iter().filter(|entry| entry.applied.is_some()).count();
    let mut findings = report.standing.findings.clone();
    for finding in &mut findings {
        // Somebody has to finish or undo what was cut off before anything else is applied.
        if matches!(finding.code, "migration-half-applied" | "migration-half-undone") {
            finding.severity = Severity::Error;
        }
    }
    let pending = entries.iter().filter(|entry| entry.state == EntryState::Pending).count();
    Verdict::of("history", format!("{applied} applied, {pending} pending"), findings)
}

fn scripts(project: &Project) -> Verdict {
    let findings = project.scripts.iter().flat_map(|script| repeatable::lasting(project.dialect, script)).collect();
    Verdict::of("scripts", count(project.scripts.len(), "repeatable script"), findings)
}

fn finding(code: &'static str, error: &Error) -> Diagnostic {
    let text = error.to_string();
    Diagnostic::error(code, text.trim().to_string())
}

fn json(verdicts: &[Verdict], clean: bool, strict: bool) -> serde_json::Value {
    let checks = verdicts.iter().map(|verdict| {
        let state = match (&verdict.skipped, verdict.failed(strict)) {
            (Some(_), _) => "skipped",
            (None, true) => "failed",
            (None, false) => "ok",
        };
        serde_json::json!({
            "check": verdict.name, "state": state, "detail": verdict.detail, "skipped": verdict.skipped,
            "findings": verdict.findings.iter().map(diagnostic_json).collect::<Vec<_>>(),
        })
    });
    serde_json::json!({ "checks": checks.collect::<Vec<_>>(), "clean": clean })
}
