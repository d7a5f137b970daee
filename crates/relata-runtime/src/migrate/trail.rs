//! The trail: `relata_migration_log`, one row for everything that was ever done to a database's migrations, also what
//! failed, was rolled back or repaired. The history says where a database stands; the trail says how it came there.
//!
//! Invariants
//! - Rows are only added. The order is the sequence number's: clocks may go back.
//! - Each row's hash covers its fields and the hash of the row before it, so that a row that was changed, taken out or put
//!   in by hand is found ([`verify`]), and so is a history that the trail does not lead to.
//! - A row about a migration that is done is written in the transaction that writes (or removes) its history row.
//!
//! Weaker than a signature: whoever writes the whole trail anew, with its hashes, is not found, unless the last hash has
//! been noted elsewhere (`relata migrate history --verify --expect HASH`).

use std::collections::BTreeMap;

use relata_schema::{Diagnostic, Dialect, digest};
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::history::{Applied, State};
use super::{Runner, rows};

/// The name of the table.
pub const TRAIL_TABLE: &str = "relata_migration_log";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A migration was applied.
    Apply,
    /// A migration was rolled back.
    Rollback,
    /// A migration was recorded as applied without being run: the database had what it says.
    Baseline,
    /// How a migration that was applied had been proved.
    Prove,
    /// It was there when the trail began.
    Import,
    /// The history took over the digest of edited files.
    RepairDigest,
    /// A migration was taken out of the history.
    RepairRemove,
    /// A repeatable script was applied.
    Repeat,
    /// What had been put on the shelf was deleted.
    Purge,
    /// What somebody had changed by hand was brought back to what the history says.
    UndoDrift,
}

impl Action {
    /// The word the trail keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Apply => "apply",
            Action::Rollback => "rollback",
            Action::Baseline => "baseline",
            Action::Prove => "prove",
            Action::Import => "import",
            Action::RepairDigest => "repair digest",
            Action::RepairRemove => "repair remove",
            Action::Repeat => "repeat",
            Action::Purge => "purge",
            Action::UndoDrift => "undo drift",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was begun; a run that was cut off leaves no more behind.
    Begun,
    /// It is done.
    Done,
    /// The database refused it.
    Failed,
}

impl Ending {
    /// The word the trail keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Ending::Begun => "begun",
            Ending::Done => "done",
            Ending::Failed => "failed",
        }
    }
}

/// What one statement did. Its text is not kept: it may hold what nobody shall read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRun {
    /// Which, from 1.
    pub position: usize,
    /// The line it begins on.
    pub line: usize,
    /// Its first words: `ALTER TABLE POSTS`.
    pub words: String,
    /// How long it took, in microseconds.
    pub microseconds: u64,
    /// Rows that it changed; `None` where that is not known.
    pub rows: Option<u64>,
    /// `done`, `failed`, `found done` (by a run before) or `nothing to undo`.
    pub outcome: &'static str,
}

impl StatementRun {
    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "position": self.position, "line": self.line, "words": self.words,
            "microseconds": self.microseconds, "rows": self.rows, "outcome": self.outcome })
    }
}

/// One row of the trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailEntry {
    /// Its number, from 1.
    pub sequence: i64,
    /// When, as RFC 3339; by the runner's clock.
    pub at: String,
    /// What was done: a word of [`Action`].
    pub action: String,
    /// How it ended: a word of [`Ending`].
    pub ending: String,
    /// Version of the migration, or name of the script.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Its digest then.
    pub digest: String,
    /// Who did it.
    pub who: String,
    /// On which host.
    pub host: String,
    /// With what: `relata 0.1.0`.
    pub tool: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Each statement that ran, as JSON.
    pub statements: String,
    /// What else there is to say.
    pub note: String,
    /// The hash of the row before; empty for the first.
    pub previous: String,
    /// The hash of this row.
    pub hash: String,
}

const COLUMNS: [&str; 15] = [
    "sequence",
    "at",
    "action",
    "ending",
    "version",
    "name",
    "digest",
    "who",
    "host",
    "tool",
    "duration_ms",
    "statements",
    "note",
    "previous",
    "hash",
];

impl TrailEntry {
    /// Version and name.
    pub fn id(&self) -> String {
        if self.name.is_empty() { self.version.clone() } else { format!("{}_{}", self.version, self.name) }
    }

    /// The hash that the fields give. Each field stands with its length, so that none can flow into the next.
    fn computed(&self) -> String {
        let (sequence, duration) = (self.sequence.to_string(), self.duration_ms.to_string());
        let fields = [
            sequence.as_str(),
            &self.at,
            &self.action,
            &self.ending,
            &self.version,
            &self.name,
            &self.digest,
            &self.who,
            &self.host,
            &self.tool,
            &duration,
            &self.statements,
            &self.note,
            &self.previous,
        ];
        digest::hex(&fields.iter().map(|field| format!("{}:{field}\n", field.len())).collect::<String>())
    }

    fn values(&self) -> Vec<Value> {
        let text = |text: &String| Value::Text(text.clone());
        vec![
            Value::Int(self.sequence),
            text(&self.at),
            text(&self.action),
            text(&self.ending),
            text(&self.version),
            text(&self.name),
            text(&self.digest),
            text(&self.who),
            text(&self.host),
            text(&self.tool),
            Value::Int(self.duration_ms),
            text(&self.statements),
            text(&self.note),
            text(&self.previous),
            text(&self.hash),
        ]
    }
}

/// The statement that creates the table.
pub(super) fn create_table(dialect: Dialect) -> String {
    let (key, text, tail) = super::history::column_types(dialect);
    format!(
        "CREATE TABLE IF NOT EXISTS {TRAIL_TABLE} (sequence bigint NOT NULL PRIMARY KEY, at {key} NOT NULL, \
         action {key} NOT NULL, ending {key} NOT NULL, version {key} NOT NULL, name {key} NOT NULL, \
         digest {key} NOT NULL, who {key} NOT NULL, host {key} NOT NULL, tool {key} NOT NULL, \
         duration_ms bigint NOT NULL, statements {text} NOT NULL, note {text} NOT NULL, previous {key} NOT NULL, \
         hash {key} NOT NULL){tail}"
    )
}

/// What is to be noted: a row without number and hashes.
#[derive(Debug, Clone)]
pub(super) struct Note<'a> {
    pub action: Action,
    pub ending: Ending,
    pub version: &'a str,
    pub name: &'a str,
    pub digest: &'a str,
    pub duration_ms: i64,
    pub statements: &'a [StatementRun],
    pub note: String,
}

impl<'a> Note<'a> {
    /// A note about a migration.
    pub(super) fn about(action: Action, ending: Ending, row: &'a Applied) -> Self {
        let (version, name, digest) = (&row.version, &row.name, &row.digest);
        Note { action, ending, version, name, digest, duration_ms: 0, statements: &[], note: String::new() }
    }
}

/// Adds a row. The caller holds the migration lock; the primary key refuses whoever does not.
pub(super) async fn append(connection: &mut dyn Connection, runner: &Runner, note: Note<'_>) -> Result<()> {
    let last = format!("SELECT sequence, hash FROM {TRAIL_TABLE} ORDER BY sequence DESC LIMIT 1");
    let last = rows::all(connection, &last, &[]).await?;
    let (sequence, previous) = match last.first() {
        Some(row) => (rows::cell::<i64>(row, 0)?, rows::cell(row, 1)?),
        None => (0, String::new()),
    };
    let statements: Vec<_> = note.statements.iter().map(StatementRun::json).collect();
    let mut entry = TrailEntry {
        sequence: sequence + 1,
        at: super::now(),
        action: note.action.word().into(),
        ending: note.ending.word().into(),
        version: note.version.into(),
        name: note.name.into(),
        digest: note.digest.into(),
        who: runner.who.clone(),
        host: runner.host.clone(),
        tool: runner.tool.clone(),
        duration_ms: note.duration_ms,
        statements: serde_json::Value::from(statements).to_string(),
        note: note.note,
        previous,
        hash: String::new(),
    };
    entry.hash = entry.computed();
    let dialect = connection.dialect();
    let places = rows::placeholders(dialect, COLUMNS.len());
    let sql = format!("INSERT INTO {TRAIL_TABLE} ({}) VALUES ({places})", COLUMNS.join(", "));
    rows::run(connection, &sql, &entry.values()).await.map(drop)
}

/// The whole trail, oldest first; empty where there is none.
///
/// # Errors
/// What the database reports.
pub async fn read(connection: &mut dyn Connection) -> Result<Vec<TrailEntry>> {
    if !super::history::exists(connection, TRAIL_TABLE).await? {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {} FROM {TRAIL_TABLE} ORDER BY sequence", COLUMNS.join(", "));
    rows::all(connection, &sql, &[]).await?.iter().map(|row| decode(row)).collect()
}

fn decode(row: &[Value]) -> Result<TrailEntry> {
    Ok(TrailEntry {
        sequence: rows::cell(row, 0)?,
        at: rows::cell(row, 1)?,
        action: rows::cell(row, 2)?,
        ending: rows::cell(row, 3)?,
        version: rows::cell(row, 4)?,
        name: rows::cell(row, 5)?,
        digest: rows::cell(row, 6)?,
        who: rows::cell(row, 7)?,
        host: rows::cell(row, 8)?,
        tool: rows::cell(row, 9)?,
        duration_ms: rows::cell(row, 10)?,
        statements: rows::cell(row, 11)?,
        note: rows::cell(row, 12)?,
        previous: rows::cell(row, 13)?,
        hash: rows::cell(row, 14)?,
    })
}

/// The number of the newest row about applying each version: the order in which migrations really came.
pub(super) async fn sequences(connection: &mut dyn Connection) -> Result<BTreeMap<String, i64>> {
    if !super::history::exists(connection, TRAIL_TABLE).await? {
        return Ok(BTreeMap::new());
    }
    let sql = format!(
        "SELECT version, max(sequence) FROM {TRAIL_TABLE} WHERE action IN ('apply', 'baseline', 'import') \
         GROUP BY version"
    );
    let found = rows::all(connection, &sql, &[]).await?;
    found.iter().map(|row| Ok((rows::cell(row, 0)?, rows::cell(row, 1)?))).collect()
}

/// How the migrations that are applied had been proved, by version.
pub fn proofs(trail: &[TrailEntry]) -> BTreeMap<&str, &TrailEntry> {
    let mut found = BTreeMap::new();
    for entry in trail.iter().filter(|entry| entry.ending == Ending::Done.word()) {
        match entry.action.as_str() {
            "prove" => drop(found.insert(entry.version.as_str(), entry)),
            "rollback" | "repair digest" | "repair remove" => drop(found.remove(entry.version.as_str())),
            _ => {}
        }
    }
    found
}

/// What does not hold: rows of the trail that were changed, are missing or were put in, and rows of the history that
/// the trail does not lead to. Each finding names its row.
pub fn verify(trail: &[TrailEntry], history: &[Applied]) -> Vec<Diagnostic> {
    let mut findings = chain(trail);
    findings.extend(outcome(trail, history));
    findings
}

fn chain(trail: &[TrailEntry]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut expected = 1;
    let mut previous = "";
    for entry in trail {
        if entry.sequence > expected {
            let last = entry.sequence - 1;
            let which =
                if last == expected { format!("entry {last}") } else { format!("entries {expected} to {last}") };
            findings.push(tampered("trail-missing", format!("{which} of {TRAIL_TABLE} was taken out")));
        } else if entry.previous != previous {
            let message =
                format!("{} does not follow the entry before it: one of them was put in by hand", named(entry));
            findings.push(tampered("trail-order", message));
        }
        if entry.hash != entry.computed() {
            findings.push(tampered("trail-changed", format!("{} was changed after it had been written", named(entry))));
        }
        (expected, previous) = (entry.sequence + 1, &entry.hash);
    }
    findings
}

fn named(entry: &TrailEntry) -> String {
    format!(
        "entry {} of {TRAIL_TABLE} ({} {}, {}, by {})",
        entry.sequence,
        entry.action,
        entry.id(),
        entry.at,
        entry.who
    )
}

fn tampered(code: &'static str, message: String) -> Diagnostic {
    Diagnostic::error(code, message)
        .help("somebody wrote into the table by hand: compare with a backup, or with whoever was at work then")
}

/// Follows the trail and compares where it leads with the history.
fn outcome(trail: &[TrailEntry], history: &[Applied]) -> Vec<Diagnostic> {
    let mut led: BTreeMap<&str, (&TrailEntry, bool)> = BTreeMap::new();
    for entry in trail {
        match (entry.action.as_str(), entry.ending.as_str()) {
            ("apply" | "baseline" | "import" | "repair digest", "done") => {
                led.insert(&entry.version, (entry, true));
            }
            ("apply", "begun") => {
                led.entry(&entry.version).or_insert((entry, false));
            }
            ("rollback" | "repair remove", "done") => {
                led.remove(entry.version.as_str());
            }
            _ => {}
        }
    }
    let mut findings = Vec::new();
    for row in history {
        let settled = matches!(row.state, State::Applied | State::Baseline);
        match led.remove(row.version.as_str()) {
            None => findings.push(astray(format!("the history has {}, and the trail does not lead to it", row.id()))),
            Some((entry, _)) if settled && entry.digest != row.digest => findings.push(astray(format!(
                "the history has {} with another digest than entry {} of the trail wrote",
                row.id(),
                entry.sequence
            ))),
            Some((entry, false)) if settled => findings.push(astray(format!(
                "the history says that {} is applied, and entry {} of the trail only began it",
                row.id(),
                entry.sequence
            ))),
            Some(_) => {}
        }
    }
    for (entry, done) in led.values() {
        if *done {
            let message = format!(
                "{} was applied (entry {} of the trail), and the history has no row of it",
                entry.id(),
                entry.sequence
            );
            findings.push(astray(message));
        }
    }
    findings
}

fn astray(message: String) -> Diagnostic {
    Diagnostic::error("trail-history", message).help(
        "relata_migrations was changed by hand: put the row back, or let relata migrate repair note what is meant",
    )
}
