//! Applying, rolling back, adopting and repairing: the four things a [`Runner`] does to a history.

use std::time::{Duration, Instant};

use relata_schema::script;
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result};

use super::execute::{self, Outcome};
use super::folder::Migration;
use super::history::{self, Applied, State};
use super::journal::{self, Journal};
use super::lock;
use super::status::{self, EntryState, Status};
use super::{Direction, Event, Header, Observer, Runner};

/// How far to roll back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollback {
    /// So many migrations.
    Steps(usize),
    /// Everything after this version, which stays. A beginning is enough if only one version begins so.
    To(String),
    /// Everything.
    All,
}

impl Runner {
    /// Applies what is pending, up to and with the version `to` if one is given, and returns what it applied.
    ///
    /// # Errors
    /// `Kind::MigrationLocked` when another runner holds the lock for too long; `Kind::Migration` when history and
    /// files contradict each other; else what the database reports, with migration, statement and line. Where DDL is
    /// transactional the failed migration has changed nothing; elsewhere the next run goes on at the failed statement.
    pub async fn apply(
        &self,
        connection: &mut dyn Connection,
        migrations: &[Migration],
        to: Option<&str>,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Applied>> {
        let lock = lock::acquire(connection, self, observer).await?;
        let result = self.apply_locked(connection, migrations, to, observer).await;
        released(lock, connection, result).await
    }

    async fn apply_locked(
        &self,
        connection: &mut dyn Connection,
        migrations: &[Migration],
        to: Option<&str>,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Applied>> {
        history::create(connection).await?;
        let status = checked(connection, migrations).await?;
        if let Some(entry) = status.entries.iter().find(|entry| entry.state == EntryState::HalfUndone) {
            let message = format!("the rollback of {} was cut off", entry.id);
            return Err(Error::new(Kind::Migration, message)
                .hint("finish it with relata migrate rollback; then relata migrate apply"));
        }
        let last = match to {
            Some(version) => Some(find(migrations.iter().map(|migration| migration.version.as_str()), version)?),
            None => None,
        };
        let mut done = Vec::new();
        for entry in &status.entries {
            let wanted = matches!(entry.state, EntryState::Pending | EntryState::HalfApplied);
            if wanted && last.as_ref().is_none_or(|last| entry.version <= *last) {
                let migration = migrations.iter().find(|migration| migration.version == entry.version);
                let migration = migration.ok_or_else(|| no_files(&entry.id))?;
                done.push(self.up(connection, migration, entry.applied.as_ref(), observer).await?);
            }
        }
        Ok(done)
    }

    async fn up(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        begun: Option<&Applied>,
        observer: &mut Observer<'_>,
    ) -> Result<Applied> {
        let applied = self.row(migration, State::Applied);
        let script = Script { migration, direction: Direction::Up, header: &migration.header, text: &migration.up };
        self.run(connection, &script, &applied, begun.is_some(), observer).await
    }

    /// Rolls back, newest first, and returns what it rolled back. What would be lost can be asked before: the caller
    /// knows the schemas (see [`super::lost`]).
    ///
    /// # Errors
    /// As [`Runner::apply`]; `Kind::Migration` before anything runs when one of the migrations has no `down.sql` or is
    /// the baseline.
    pub async fn rollback(
        &self,
        connection: &mut dyn Connection,
        migrations: &[Migration],
        target: &Rollback,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Applied>> {
        let lock = lock::acquire(connection, self, observer).await?;
        let result = self.rollback_locked(connection, migrations, target, observer).await;
        released(lock, connection, result).await
    }

    async fn rollback_locked(
        &self,
        connection: &mut dyn Connection,
        migrations: &[Migration],
        target: &Rollback,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Applied>> {
        let status = checked(connection, migrations).await?;
        let undone = undone_by(&status, migrations, target)?;
        let mut done = Vec::new();
        for (migration, begun) in undone {
            let Some((header, text)) = &migration.down else { return Err(no_down(migration)) };
            let script = Script { migration, direction: Direction::Down, header, text };
            let row = self.row(migration, State::Undoing);
            done.push(self.run(connection, &script, &row, begun, observer).await?);
        }
        Ok(done)
    }

    async fn run(
        &self,
        connection: &mut dyn Connection,
        script: &Script<'_>,
        row: &Applied,
        begun: bool,
        observer: &mut Observer<'_>,
    ) -> Result<Applied> {
        let started = Instant::now();
        let id = script.migration.id();
        let result = self.run_script(connection, script, row, begun, started, observer).await;
        let doing = match script.direction {
            Direction::Up => "applying",
            Direction::Down => "rolling back",
        };
        let duration = started.elapsed();
        result.map_err(|error| error.context(format!("{doing} {id}")))?;
        observer(Event::Finished { id: &id, direction: script.direction, duration });
        Ok(Applied { duration_ms: milliseconds(duration), ..row.clone() })
    }

    async fn run_script(
        &self,
        connection: &mut dyn Connection,
        script: &Script<'_>,
        row: &Applied,
        begun: bool,
        started: Instant,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let dialect = connection.dialect();
        let statements = script::statements(dialect, script.text);
        let (id, direction) = (script.migration.id(), script.direction);
        let announce = |observer: &mut Observer<'_>, resumed| {
            observer(Event::Begin { id: &id, direction, statements: statements.len(), resumed });
        };
        if execute::transactional(dialect, script.header) {
            announce(observer, 0);
            let outcome = script.outcome(row, started);
            let result = execute::in_transaction(connection, &statements, &outcome, observer).await;
            return result.map_err(|error| error.hint("nothing of this migration was kept: it ran in one transaction"));
        }
        let file = format!("{}/{}.sql", id, direction.word());
        let journal = Journal { version: &script.migration.version, direction, statements: &statements, file };
        let resumed = if begun { journal.done(connection).await? } else { 0 };
        announce(observer, resumed);
        let state = match direction {
            Direction::Up => State::Running,
            Direction::Down => State::Undoing,
        };
        journal::announce(connection, row, state).await?;
        journal.run(connection, &script.outcome(row, started), observer).await
    }

    /// Records a migration as applied without running it: the database has what it says already.
    ///
    /// # Errors
    /// `Kind::Migration` when there is a history already; what the database reports.
    pub async fn adopt(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        observer: &mut Observer<'_>,
    ) -> Result<Applied> {
        let lock = lock::acquire(connection, self, observer).await?;
        let result = self.adopt_locked(connection, migration).await;
        released(lock, connection, result).await
    }

    async fn adopt_locked(&self, connection: &mut dyn Connection, migration: &Migration) -> Result<Applied> {
        history::create(connection).await?;
        if let Some(first) = history::read(connection).await?.first() {
            let message =
                format!("this database has a history already: {} was applied on {}", first.id(), first.applied_at);
            return Err(Error::new(Kind::Migration, message)
                .hint("a baseline is for a database that relata has not migrated yet; see relata migrate status"));
        }
        let row = self.row(migration, State::Baseline);
        history::write(connection, &row).await?;
        Ok(row)
    }

    /// Makes the history say what the files say: digests of edited migrations are taken over, rows of missing ones go.
    /// The schema is not touched. Returns what it did, in words.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn repair(
        &self,
        connection: &mut dyn Connection,
        migrations: &[Migration],
        observer: &mut Observer<'_>,
    ) -> Result<Vec<String>> {
        let lock = lock::acquire(connection, self, observer).await?;
        let result = repair_locked(connection, migrations).await;
        released(lock, connection, result).await
    }

    fn row(&self, migration: &Migration, state: State) -> Applied {
        Applied {
            version: migration.version.clone(),
            name: migration.name.clone(),
            digest: migration.digest.clone(),
            parent: migration.parent(),
            applied_at: super::now(),
            duration_ms: 0,
            applied_by: self.who.clone(),
            tool: self.tool.clone(),
            state,
        }
    }
}

/// One file being run.
struct Script<'a> {
    migration: &'a Migration,
    direction: Direction,
    header: &'a Header,
    text: &'a str,
}

impl Script<'_> {
    fn outcome<'b>(&'b self, row: &'b Applied, started: Instant) -> Outcome<'b> {
        match self.direction {
            Direction::Up => Outcome::Applied(row, started),
            Direction::Down => Outcome::Undone(&row.version),
        }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Gives the lock back whatever happened; the first error is the one to tell.
async fn released<T>(lock: lock::Lock, connection: &mut dyn Connection, result: Result<T>) -> Result<T> {
    let release = lock.release(connection).await;
    let value = result?;
    release.map(|()| value)
}

/// The status, if nothing contradicts.
async fn checked(connection: &mut dyn Connection, migrations: &[Migration]) -> Result<Status> {
    let status = status::status(connection, migrations).await?;
    match status.error() {
        Some(error) => Err(error),
        None => Ok(status),
    }
}

/// What a rollback to `target` would undo, newest first, each with whether a run before has begun it.
///
/// # Errors
/// `Kind::Migration` when a version is unknown, or a migration cannot be rolled back.
pub fn undone_by<'m>(
    status: &Status,
    migrations: &'m [Migration],
    target: &Rollback,
) -> Result<Vec<(&'m Migration, bool)>> {
    let applied: Vec<_> = status.entries.iter().rev().filter(|entry| entry.applied.is_some()).collect();
    let count = match target {
        Rollback::All => applied.iter().filter(|entry| entry.state != EntryState::Baseline).count(),
        Rollback::Steps(steps) => *steps,
        Rollback::To(version) => {
            let version = find(applied.iter().map(|entry| entry.version.as_str()), version)?;
            applied.iter().filter(|entry| entry.version > version).count()
        }
    };
    let mut undone = Vec::new();
    for entry in applied.into_iter().take(count) {
        let migration = migrations.iter().find(|migration| migration.version == entry.version);
        let migration = migration.ok_or_else(|| no_files(&entry.id))?;
        match entry.state {
            EntryState::Baseline => return Err(baseline(&entry.id)),
            EntryState::HalfApplied => return Err(half_applied(&entry.id)),
            _ if migration.down.is_none() => return Err(no_down(migration)),
            _ => undone.push((migration, entry.state == EntryState::HalfUndone)),
        }
    }
    Ok(undone)
}

/// The one version that is `wanted` or begins so.
fn find<'a>(versions: impl Iterator<Item = &'a str>, wanted: &str) -> Result<String> {
    let found: Vec<&str> =
        versions.filter(|version| version.starts_with(wanted) || wanted.starts_with(version)).collect();
    match found[..] {
        [version] => Ok(version.to_string()),
        [] => Err(Error::new(Kind::Migration, format!("there is no migration {wanted}"))
            .hint("relata migrate status lists the versions")),
        _ => Err(Error::new(Kind::Migration, format!("{} migrations begin with {wanted}", found.len()))
            .hint(format!("write more of the version: {}", found.join(", ")))),
    }
}

async fn repair_locked(connection: &mut dyn Connection, migrations: &[Migration]) -> Result<Vec<String>> {
    let status = status::status(connection, migrations).await?;
    let mut done = Vec::new();
    for entry in status.entries {
        match (entry.state, entry.applied, entry.digest) {
            (EntryState::Edited, Some(row), Some(digest)) => {
                done.push(format!("{}: the history has the digest of its files now", entry.id));
                let parent = migrations.iter().find(|migration| migration.version == entry.version);
                let parent = parent.map(Migration::parent).unwrap_or_default();
                history::write(connection, &Applied { digest, parent, ..row }).await?;
            }
            (EntryState::Missing, ..) => {
                done.push(format!("{}: taken out of the history; the schema was not touched", entry.id));
                history::remove(connection, &entry.version).await?;
            }
            _ => {}
        }
    }
    Ok(done)
}

fn no_files(id: &str) -> Error {
    Error::new(Kind::Migration, format!("{id} was begun, and its files are not there"))
        .hint("get the folder back from version control, then run again")
}

fn no_down(migration: &Migration) -> Error {
    Error::new(Kind::Migration, format!("{} has no down.sql: it cannot be rolled back", migration.id()))
        .hint(format!("write {}, then relata migrate repair", migration.path.join("down.sql").display()))
        .hint("nothing was rolled back")
}

fn baseline(id: &str) -> Error {
    Error::new(Kind::Migration, format!("{id} is the baseline: it was there before relata and is not rolled back"))
        .hint("roll back to it with --to")
        .hint("nothing was rolled back")
}

fn half_applied(id: &str) -> Error {
    Error::new(Kind::Migration, format!("{id} was begun and not finished"))
        .hint("finish it with relata migrate apply, then roll back; nothing was rolled back")
}
