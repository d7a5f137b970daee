//! `relata migrate history`: everything that was ever done to a database's migrations, and whether somebody wrote into it.

use clap::Args;
use relata_runtime::migrate::{self, TrailEntry};
use relata_schema::Diagnostic;
use relata_sql::Result;

use super::Common;
use super::project::{Project, count};
use crate::commands::diff::diagnostic_json;
use crate::output::{Grid, Tone};
use crate::session::{Exit, Session};

/// Options of `relata migrate history`.
#[derive(Args)]
pub struct History {
    /// Check the chain of hashes, and that it leads to where the history stands [exit 3 when it does not]
    #[arg(long)]
    verify: bool,
    /// Check also that the last hash is this one, as it was noted elsewhere
    #[arg(long, value_name = "HASH", requires = "verify")]
    expect: Option<String>,
    /// Show only what is about this version (a beginning is enough)
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Show each statement: what it is, its time, the rows it changed
    #[arg(long)]
    statements: bool,
    #[command(flatten)]
    common: Common,
}

impl History {
    /// Runs the command.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?;
        let (trail, history) = match project.connect_to_read().await? {
            Some(mut connection) => {
                let trail = migrate::read_trail(connection.as_mut()).await?;
                (trail, migrate::read_history(connection.as_mut()).await?)
            }
            None => (Vec::new(), Vec::new()),
        };
        let findings = if self.verify { self.verified(&trail, &history) } else { Vec::new() };
        let wanted = |entry: &&TrailEntry| self.version.as_ref().is_none_or(|wanted| entry.version.starts_with(wanted));
        let shown: Vec<&TrailEntry> = trail.iter().filter(wanted).collect();
        let head = trail.last().map(|entry| entry.hash.clone()).unwrap_or_default();
        if session.output.json {
            let entries: Vec<_> = shown.iter().map(|entry| json(entry)).collect();
            let found: Vec<_> = findings.iter().map(diagnostic_json).collect();
            let verified = self.verify.then_some(findings.is_empty());
            let value =
                serde_json::json!({ "entries": entries, "hash": head, "verified": verified, "findings": found });
            session.output.result(&format!("{value:#}"));
        } else {
            self.print(session, &shown);
            session.output.diagnostics(&findings);
            if self.verify && findings.is_empty() {
                let word = session.output.paint(Tone::Good, "verified");
                let entries = if trail.len() == 1 { "entry" } else { "entries" };
                session.output.say(&format!("{word} {} {entries}; last hash {head}", trail.len()));
            }
        }
        Ok(if findings.is_empty() { Exit::Done } else { Exit::Findings })
    }

    fn verified(&self, trail: &[TrailEntry], history: &[migrate::Applied]) -> Vec<Diagnostic> {
        let mut findings = migrate::verify_trail(trail, history);
        let head = trail.last().map(|entry| entry.hash.as_str()).unwrap_or_default();
        if let Some(expected) = self.expect.as_deref().filter(|expected| *expected != head) {
            let known = trail.iter().any(|entry| entry.hash == expected);
            let message = format!("the last hash is {head}, not {expected}");
            let help = if known {
                "it is the hash of an older entry: more was done since it was noted"
            } else {
                "no entry has that hash: the trail was written anew since it was noted"
            };
            findings.push(Diagnostic::error("trail-head", message).help(help));
        }
        findings
    }

    fn print(&self, session: &Session, trail: &[&TrailEntry]) {
        if trail.is_empty() {
            session.output.say("nothing was done yet");
            return;
        }
        let mut grid = Grid::new(&["#", "when", "what", "migration", "how", "by", "ms", "note"]).numbers(&[0, 6]);
        for entry in trail {
            let host = if entry.host.is_empty() || entry.who.contains('@') {
                String::new()
            } else {
                format!("@{}", entry.host)
            };
            grid.push([
                entry.sequence.to_string(),
                entry.at.clone(),
                entry.action.clone(),
                entry.id(),
                entry.ending.clone(),
                format!("{}{host}", entry.who),
                entry.duration_ms.to_string(),
                entry.note.clone(),
            ]);
            if self.statements {
                statements(entry).iter().for_each(|statement| grid.push(line(statement)));
            }
        }
        session.output.rows(&grid);
    }
}

fn statements(entry: &TrailEntry) -> Vec<serde_json::Value> {
    serde_json::from_str(&entry.statements).unwrap_or_default()
}

/// A statement as a row of the table.
fn line(statement: &serde_json::Value) -> [String; 8] {
    let text = |key: &str| match &statement[key] {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let milliseconds = statement["microseconds"].as_f64().unwrap_or(0.0) / 1000.0;
    let rows = match statement["rows"].as_u64() {
        Some(rows) => count(usize::try_from(rows).unwrap_or(usize::MAX), "row"),
        None => String::new(),
    };
    let place = format!("statement {}, line {}", text("position"), text("line"));
    [
        String::new(),
        String::new(),
        text("words"),
        place,
        text("outcome"),
        String::new(),
        format!("{milliseconds:.1}"),
        rows,
    ]
}

fn json(entry: &TrailEntry) -> serde_json::Value {
    serde_json::json!({
        "sequence": entry.sequence, "at": entry.at, "action": entry.action, "ending": entry.ending,
        "version": entry.version, "name": entry.name, "digest": entry.digest, "who": entry.who, "host": entry.host,
        "tool": entry.tool, "duration_ms": entry.duration_ms, "statements": statements(entry), "note": entry.note,
        "previous": entry.previous, "hash": entry.hash,
    })
}
