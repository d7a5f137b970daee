//! `relata migrate plan`: what applying the pending migrations means for the database as it is now.
//!
//! Which locks the statements take is seen on a shadow database; how large the tables are is asked of the target. Nothing
//! is changed in the target.

use clap::Args;
use relata_plan::impact::{Impact, impact};
use relata_runtime::migrate::{self, Migration, Observed};
use relata_schema::change::{Lock, LockSpan};
use relata_schema::statistics::TableStatistics;
use relata_schema::{Diagnostic, Dialect, Severity, script};
use relata_sql::Result;
use serde_json::{Value, json};

use super::Common;
use super::ground::Ground;
use super::project::{Project, count};
use super::witness;
use crate::output::Grid;
use crate::session::{Exit, Session};

/// Options of `relata migrate plan`.
#[derive(Args)]
pub struct Plan {
    /// Up to and with this version (a beginning is enough) [default: all that is pending]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// A statement with what it means.
struct Weighed {
    id: String,
    dialect: Dialect,
    observed: Observed,
    impacts: Vec<(Lock, Impact)>,
}

impl Plan {
    /// Runs the command.
    ///
    /// # Errors
    /// When the history contradicts the files, or a migration fails on the shadow database.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?.needs_folder()?;
        let mut statistics = Vec::new();
        let mut wanted: Vec<&Migration> = project.migrations.iter().collect();
        if let Some(mut target) = project.connect_to_read().await? {
            let status = migrate::status(target.as_mut(), &project.migrations).await?;
            if let Some(error) = status.error() {
                return Err(error);
            }
            let by = migrate::applied_by(&status, &project.migrations, self.to.as_deref())?;
            wanted = by.into_iter().map(|(migration, _)| migration).collect();
            statistics = target.statistics().await?;
            target.close().await?;
        }
        if wanted.is_empty() {
            session.output.say("nothing is pending");
        }
        let weighed = weigh(session, &project, &wanted, &statistics).await?;
        session.output.diagnostics(&weighed.iter().flat_map(Weighed::findings).collect::<Vec<_>>());
        if session.output.json {
            let statements: Vec<Value> = weighed.iter().map(Weighed::as_json).collect();
            session.output.result(&format!("{:#}", json!({ "statements": statements })));
        } else if !wanted.is_empty() {
            session.output.table(&grid(&weighed));
            session.output.say(&format!("{} pending; nothing was changed", count(wanted.len(), "migration")));
        }
        Ok(Exit::Done)
    }
}

async fn weigh(
    session: &Session,
    project: &Project,
    wanted: &[&Migration],
    statistics: &[TableStatistics],
) -> Result<Vec<Weighed>> {
    let is_wanted = |one: &&Migration| wanted.iter().any(|other| other.version == one.version);
    let before: Vec<Migration> = project.migrations.iter().filter(|one| !is_wanted(one)).cloned().collect();
    let progress = session.output.progress("looking on a shadow database what is locked");
    let mut ground = Ground::after(project, &before).await?;
    let beside = ground.beside().await?;
    let mut weighed = Vec::new();
    for migration in wanted {
        let (connection, lacking) = ground.proving()?;
        let (header, up) = (&migration.header, &migration.up);
        let observed = migrate::run_watched(connection, header, up, Some(lacking), beside.as_ref()).await;
        witness::tell_unproved(session, migration, &lacking.take());
        for observed in observed.map_err(|error| error.context(migration.id()))? {
            let weigh = |lock: &Lock| {
                let table = statistics.iter().find(|table| table.name == lock.object);
                (lock.clone(), impact(lock, table))
            };
            let impacts = observed.locks.iter().map(weigh).collect();
            weighed.push(Weighed { id: migration.id(), dialect: project.dialect, observed, impacts });
        }
    }
    drop(progress);
    ground.close().await?;
    Ok(weighed)
}

impl Weighed {
    /// The statement on one line, cut.
    fn words(&self) -> String {
        let flat = script::flatten(self.dialect, &self.observed.sql);
        match flat.char_indices().nth(60) {
            Some((at, _)) => format!("{}…", &flat[..at]),
            None => flat,
        }
    }

    fn findings(&self) -> Vec<Diagnostic> {
        let grave = self.impacts.iter().filter(|(_, impact)| impact.severity != Severity::Note);
        let finding = |(lock, impact): &(Lock, Impact)| {
            let doing = if lock.span == LockSpan::Rewrite { "is written anew" } else { "is read" };
            let (object, line) = (&lock.object, self.observed.line);
            let message = format!(
                "{}, line {line}: {} wait while {object} ({}) {doing}, about {}",
                self.id,
                impact.blocks,
                size(impact),
                duration(impact)
            );
            Diagnostic::new("impact", impact.severity, message)
                .help("relata migrate lint names ways that do not block; or apply it when few are at work")
        };
        grave.map(finding).collect()
    }

    fn as_json(&self) -> Value {
        let lock = |(lock, impact): &(Lock, Impact)| {
            json!({
                "object": lock.object.to_string(), "mode": lock.mode.word(), "span": lock.span.word(),
                "blocks": impact.blocks, "rows": impact.rows, "bytes": impact.bytes,
                "milliseconds": impact.milliseconds, "severity": impact.severity.word(),
            })
        };
        json!({
            "migration": self.id, "line": self.observed.line, "statement": self.words(), "seen": self.observed.seen,
            "locks": self.impacts.iter().map(lock).collect::<Vec<_>>(),
        })
    }
}

fn grid(weighed: &[Weighed]) -> Grid {
    let mut grid = Grid::new(&["migration", "line", "statement", "locks", "waiting", "rows", "size", "about"]);
    for statement in weighed {
        let line = statement.observed.line.to_string();
        let head = [statement.id.clone(), line, statement.words()];
        if statement.impacts.is_empty() {
            let [id, line, words] = head;
            let unseen = if statement.observed.seen { "nothing that is there" } else { "unseen" };
            grid.push([id, line, words, unseen.into(), String::new(), String::new(), String::new(), String::new()]);
            continue;
        }
        for (position, (lock, impact)) in statement.impacts.iter().enumerate() {
            let [id, line, words] = if position == 0 { head.clone() } else { Default::default() };
            let rows = impact.rows.map_or_else(|| "?".to_string(), |rows| rows.to_string());
            let locks = format!("{} on {} ({})", lock.mode, lock.object, lock.span);
            let size = if impact.bytes == 0 { String::new() } else { bytes(impact.bytes) };
            grid.push([id, line, words, locks, impact.blocks.to_string(), rows, size, duration(impact)]);
        }
    }
    grid
}

fn size(impact: &Impact) -> String {
    match impact.rows {
        Some(rows) => format!("{rows} rows, {}", bytes(impact.bytes)),
        None => format!("{}, rows never counted", bytes(impact.bytes)),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}

fn duration(impact: &Impact) -> String {
    match impact.milliseconds {
        None => "?".to_string(),
        Some(0) => "an instant".to_string(),
        Some(milliseconds @ 1..1_000) => format!("{milliseconds} ms"),
        Some(milliseconds @ 1_000..120_000) => format!("{} s", milliseconds / 1_000),
        Some(milliseconds) => format!("{} min", milliseconds / 60_000),
    }
}
