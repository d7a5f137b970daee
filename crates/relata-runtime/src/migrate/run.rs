//! Applying, rolling back, adopting and repairing: the four things a [`Runner`] does to a history.

use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_schema::script::{self, ScriptStatement};
use relata_sql::driver::{Connection, TransactionOptions};
use relata_sql::{Error, Kind, Result};

use super::backup::Backup;
use super::execute::{self, Outcome, Report};
use super::folder::Migration;
use super::history::{self, Applied, State};
use super::journal::{self, Journal};
use super::shelf::{self, Reason, Shelved};
use super::status::{self, Entry, EntryState, Status};
use super::trail::{self, Action, Ending, Note};
use super::wait::{self, Attempts};
use super::{Direction, Event, Header, Observer, OnFailure, Runner, backup, lock};

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
        let limits = wait::limit(connection, self.statement_lock_timeout).await;
        let result = match limits {
            Ok(limits) => {
                let result = self.apply_locked(connection, migrations, to, observer).await;
                unlimited(limits, connection, result).await
            }
            Err(error) => Err(error),
        };
        released(lock, connection, result).await
    }

    async fn apply_locked(
        &self,
        connection: &mut dyn Connection,
        migrations: &[Migration],
        to: Option<&str>,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Applied>> {
        history::create(connection, self).await?;
        let status = checked(connection, migrations).await?;
        if let Some(entry) = status.entries.iter().find(|entry| entry.state == EntryState::HalfUndone) {
            let message = format!("the rollback of {} was cut off", entry.id);
            return Err(Error::new(Kind::Migration, message)
                .hint("finish it with relata migrate rollback; then relata migrate apply"));
        }
        let wanted = applied_by(&status, migrations, to)?;
        wanted.iter().try_for_each(|(migration, _)| self.may_apply(migration))?;
        let mut done = Vec::new();
        for (migration, begun) in wanted {
            done.push(self.up(connection, migration, begun, observer).await?);
        }
        let outdated = shelf::outdated(connection, self.keep_backups).await?;
        if !outdated.is_empty() {
            self.purge_locked(connection, &outdated).await?;
        }
        Ok(done)
    }

    /// Whether the migration is as it was proved, where that is asked for.
    fn may_apply(&self, migration: &Migration) -> Result<()> {
        let proved = self.proofs.get(&migration.version).is_some_and(|proved| proved.digest == migration.digest);
        if proved || !self.only_proved {
            return Ok(());
        }
        let message =
            format!("{} is pending and was not proved: the history is another than it was then", migration.id());
        Err(Error::new(Kind::ProofFailed, message)
            .hint("somebody changed the history in between; run again: what is pending now is proved anew")
            .hint("nothing was applied"))
    }

    /// What is noted of how the migration was proved.
    fn proof_of(&self, migration: &Migration) -> Option<String> {
        let proved = self.proofs.get(&migration.version).filter(|proved| proved.digest == migration.digest);
        proved.map(|proved| proved.text.clone()).or_else(|| migration.header.proved.clone())
    }

    async fn up(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        begun: bool,
        observer: &mut Observer<'_>,
    ) -> Result<Applied> {
        let backup = self.back_up(connection, migration, begun, observer).await?;
        let row = self.row(migration, State::Running);
        let script = Script { migration, direction: Direction::Up, header: &migration.header, text: &migration.up };
        let error = match self.run(connection, &script, &row, begun, observer).await {
            Ok(applied) => return Ok(applied),
            Err(error) => error,
        };
        let half = begun || !execute::transactional(connection.dialect(), &migration.header);
        let stays = |error: Error| match half && !told_already(&error) {
            true => error.hint(journal::goes_on(Direction::Up, &format!("{}/up.sql", migration.id()))),
            false => error,
        };
        match self.take_back(connection, migration, &error, observer).await {
            Ok(true) => Err(error.hint("what had been done of it was undone since: the database is as it was before")),
            Ok(false) => match self.restore(connection, migration, backup, &error).await {
                Ok(None) => Err(stays(error)),
                Ok(Some(Restored::No(why))) => Err(stays(error).hint(why)),
                Ok(Some(Restored::Yes)) => {
                    Err(error.hint("the backup from before it was put back: the database is as it was before"))
                }
                Err(other) => Err(stays(error).hint(format!("putting the backup back failed too: {other}"))),
            },
            Err(other) => Err(stays(error).hint(format!("undoing what had been done of it failed too: {other}"))),
        }
    }

    /// SQLite: puts the copy back that was made before a migration that ran without a transaction. What is to be said then.
    async fn restore(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        backup: Option<Backup>,
        error: &Error,
    ) -> Result<Option<Restored>> {
        let asked = self.on_failure == OnFailure::Undo
            && !matches!(error.kind(), Kind::InDoubt | Kind::Cancelled)
            && !connection.is_broken();
        let Some(backup) = backup.filter(|_| asked) else { return Ok(None) };
        if !journal::has_begun(connection, &migration.version).await? {
            return Ok(None);
        }
        let file = backup.file.display();
        if !backup.restore(connection).await? {
            let why = format!("somebody else wrote meanwhile, so that the backup was not put back: {file}");
            return Ok(Some(Restored::No(why)));
        }
        let row = self.row(migration, State::Running);
        let note = Note {
            note: format!("{}; the backup was put back", error.code()),
            ..Note::about(Action::Apply, Ending::Failed, &row)
        };
        trail::append(connection, self, note).await?;
        Ok(Some(Restored::Yes))
    }

    /// SQLite: a copy of the whole file before a migration that takes something away, or runs without a transaction.
    async fn back_up(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        begun: bool,
        observer: &mut Observer<'_>,
    ) -> Result<Option<Backup>> {
        let shelve = self.shelve.get(&migration.version).filter(|shelve| shelve.reason == Reason::Backup);
        let wanted = shelve.is_some_and(|shelve| shelve.takes_values() || migration.header.transaction_off);
        if connection.dialect() == Dialect::Sqlite && wanted && !begun {
            let made = backup::make(connection, &migration.version, self.keep_backups).await;
            let made = made.map_err(|error| error.context(format!("applying {}", migration.id())))?;
            made.iter().for_each(|backup| observer(Event::BackedUp { file: &backup.file }));
            return Ok(made);
        }
        Ok(None)
    }

    /// Deletes what is kept on the shelf of these versions, and notes it. Gives what it was.
    ///
    /// # Errors
    /// What the database reports.
    pub async fn purge(
        &self,
        connection: &mut dyn Connection,
        versions: &[String],
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Shelved>> {
        let lock = lock::acquire(connection, self, observer).await?;
        let result = self.purge_locked(connection, versions).await;
        released(lock, connection, result).await
    }

    async fn purge_locked(&self, connection: &mut dyn Connection, versions: &[String]) -> Result<Vec<Shelved>> {
        history::create(connection, self).await?;
        let gone = shelf::purge(connection, versions).await?;
        for what in &gone {
            let row = Applied { version: what.version.clone(), ..Applied::default() };
            let note = Note { note: what.to_string(), ..Note::about(Action::Purge, Ending::Done, &row) };
            trail::append(connection, self, note).await?;
        }
        Ok(gone)
    }

    /// After a failure in the middle, where no transaction does it: undoes what was done of a migration, if this runner
    /// shall, and if what ran can be undone without losing rows that somebody else wrote meanwhile. Whether it did.
    async fn take_back(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        error: &Error,
        observer: &mut Observer<'_>,
    ) -> Result<bool> {
        let asked = self.on_failure == OnFailure::Undo
            && !matches!(error.kind(), Kind::InDoubt | Kind::Cancelled)
            && !connection.is_broken();
        let Some((header, text)) = migration.down.as_ref().filter(|_| asked) else { return Ok(false) };
        let version = &migration.version;
        if journal::has_begun(connection, version).await? && !journal::has_run(connection, version).await? {
            // Keeping what would go failed: no statement has run, and none is to be undone.
            connection.begin(TransactionOptions::default()).await?;
            history::remove(connection, version).await?;
            journal::forget(connection, version).await?;
            connection.batch("COMMIT").await?;
            return Ok(true);
        }
        if !journal::has_begun(connection, version).await? || journal::changed_rows(connection, version).await? {
            return Ok(false);
        }
        let script = Script { migration, direction: Direction::Down, header, text };
        self.run(connection, &script, &self.row(migration, State::Undoing), false, observer).await?;
        Ok(true)
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
        let limits = wait::limit(connection, self.statement_lock_timeout).await;
        let result = match limits {
            Ok(limits) => {
                let result = self.rollback_locked(connection, migrations, target, observer).await;
                unlimited(limits, connection, result).await
            }
            Err(error) => Err(error),
        };
        released(lock, connection, result).await
    }

    async fn rollback_locked(
        &self,
        connection: &mut dyn Connection,
        migrations: &[Migration],
        target: &Rollback,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Applied>> {
        if history::exists(connection, history::HISTORY_TABLE).await? {
            history::create(connection, self).await?;
        }
        let status = checked(connection, migrations).await?;
        let undone = undone_by(&status, migrations, target)?;
        let mut done = Vec::new();
        for (migration, begun) in undone {
            if self.never_ran(connection, &migration.version).await? {
                done.push(self.withdraw(connection, migration, observer).await?);
                continue;
            }
            let Some((header, text)) = &migration.down else { return Err(no_down(migration)) };
            let script = Script { migration, direction: Direction::Down, header, text };
            let row = self.row(migration, State::Undoing);
            done.push(self.run(connection, &script, &row, begun, observer).await?);
        }
        Ok(done)
    }

    /// The way up was announced, and the run was cut off before its first statement.
    async fn never_ran(&self, connection: &mut dyn Connection, version: &str) -> Result<bool> {
        let announced = history::state(connection, version).await? == Some(State::Running);
        Ok(announced && !journal::has_run(connection, version).await?)
    }

    /// Takes a migration back of which nothing has run, with what was kept for it.
    async fn withdraw(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        observer: &mut Observer<'_>,
    ) -> Result<Applied> {
        let (id, direction, started) = (migration.id(), Direction::Down, Instant::now());
        observer(Event::Begin { id: &id, direction, statements: 0, resumed: 0 });
        let row = self.row(migration, State::Undoing);
        connection.begin(TransactionOptions::default()).await?;
        lock::guard(connection).await?;
        history::remove(connection, &row.version).await?;
        journal::forget(connection, &row.version).await?;
        trail::append(connection, self, Note::about(Action::Rollback, Ending::Done, &row)).await?;
        connection.batch("COMMIT").await?;
        shelf::purge(connection, std::slice::from_ref(&row.version)).await?;
        let duration = started.elapsed();
        observer(Event::Finished { id: &id, direction, duration });
        Ok(Applied { duration_ms: milliseconds(duration), ..row })
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
        let mut report = Report::new(self, observer);
        if script.direction == Direction::Up {
            report.proof = self.proof_of(script.migration);
        }
        let result = self.run_script(connection, script, row, begun, started, &mut report).await;
        let (doing, action, state) = match script.direction {
            Direction::Up => ("applying", Action::Apply, State::Applied),
            Direction::Down => ("rolling back", Action::Rollback, State::Undoing),
        };
        let duration = started.elapsed();
        if let Err(error) = result {
            let failed = Note::about(action, Ending::Failed, row);
            let note = Note { duration_ms: milliseconds(duration), statements: &report.statements, ..failed };
            self.note_failure(connection, note, &error).await;
            let error = error.context(format!("{doing} {id}"));
            return Err(if connection.is_broken() { error.hint(CONNECTION_LOST) } else { error });
        }
        observer(Event::Finished { id: &id, direction: script.direction, duration });
        Ok(Applied { duration_ms: milliseconds(duration), state, ..row.clone() })
    }

    /// Notes a failure in the trail, as far as the connection still allows. The database's words stay out of it: they may
    /// hold values.
    async fn note_failure(&self, connection: &mut dyn Connection, note: Note<'_>, error: &Error) {
        if connection.is_broken() || connection.in_transaction() {
            return;
        }
        // The failure itself is what has to be told; that it is not noted comes second.
        let _ = trail::append(connection, self, Note { note: error.code().to_string(), ..note }).await;
    }

    async fn run_script(
        &self,
        connection: &mut dyn Connection,
        script: &Script<'_>,
        row: &Applied,
        begun: bool,
        started: Instant,
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        let dialect = connection.dialect();
        let statements = script::statements(dialect, script.text);
        let (id, direction, version) = (script.migration.id(), script.direction, &script.migration.version);
        let row_done = Applied { state: State::Applied, ..row.clone() };
        let outcome = match direction {
            Direction::Up => Outcome::Applied(&row_done, started),
            Direction::Down => Outcome::Undone(row, started),
        };
        let half = begun || (direction == Direction::Down && journal::has_begun(connection, version).await?);
        if execute::transactional(dialect, script.header) && !half {
            (report.observer)(Event::Begin { id: &id, direction, statements: statements.len(), resumed: 0 });
            let result = transaction(connection, &statements, &outcome, report).await;
            return result.map_err(|error| error.hint("nothing of this migration was kept: it ran in one transaction"));
        }
        let file = format!("{}/{}.sql", id, direction.word());
        let partial = direction == Direction::Down && journal::has_begun(connection, version).await?;
        let journal = Journal { version, direction, statements: &statements, file, partial };
        let resumed = if begun { journal.done(connection).await? } else { 0 };
        (report.observer)(Event::Begin { id: &id, direction, statements: statements.len(), resumed });
        let announced = self.announce(connection, &journal, row, begun).await;
        if announced.is_err() && !connection.is_broken() && connection.in_transaction() {
            connection.batch("ROLLBACK").await?;
        }
        announced?;
        let result = journal.run(connection, &outcome, report).await;
        // What becomes of a way up that failed is not decided yet.
        let told = |error: &Error| direction == Direction::Up || told_already(error);
        result
            .map_err(|error| if told(&error) { error } else { error.hint(journal::goes_on(direction, &journal.file)) })
    }

    /// Says in history and trail that a migration begins to run one by one.
    async fn announce(
        &self,
        connection: &mut dyn Connection,
        journal: &Journal<'_>,
        row: &Applied,
        begun: bool,
    ) -> Result<()> {
        connection.begin(TransactionOptions::default()).await?;
        lock::guard(connection).await?;
        let new = journal.direction == Direction::Up && !begun;
        if new && history::state(connection, &row.version).await?.is_some() {
            return Err(execute::overtaken(row, "applied"));
        }
        history::write(connection, row).await?;
        let action = match journal.direction {
            Direction::Up => Action::Apply,
            Direction::Down => Action::Rollback,
        };
        trail::append(connection, self, Note::about(action, Ending::Begun, row)).await?;
        connection.batch("COMMIT").await?;
        match journal.direction {
            Direction::Up => journal.note_start(connection).await,
            Direction::Down => Ok(()),
        }
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
        history::create(connection, self).await?;
        if let Some(first) = history::read(connection).await?.first() {
            let message =
                format!("this database has a history already: {} was applied on {}", first.id(), first.applied_at);
            return Err(Error::new(Kind::Migration, message)
                .hint("a baseline is for a database that relata has not migrated yet; see relata migrate status"));
        }
        let row = self.row(migration, State::Baseline);
        connection.begin(TransactionOptions::default()).await?;
        history::write(connection, &row).await?;
        trail::append(connection, self, Note::about(Action::Baseline, Ending::Done, &row)).await?;
        connection.batch("COMMIT").await?;
        Ok(row)
    }

    /// Records a migration as applied without running it, on top of the history that is there: what it says was done by
    /// hand.
    ///
    /// # Errors
    /// `Kind::Migration` when it is recorded already; what the database reports.
    pub async fn record(
        &self,
        connection: &mut dyn Connection,
        migration: &Migration,
        observer: &mut Observer<'_>,
    ) -> Result<Applied> {
        let lock = lock::acquire(connection, self, observer).await?;
        let result = self.record_locked(connection, migration).await;
        released(lock, connection, result).await
    }

    async fn record_locked(&self, connection: &mut dyn Connection, migration: &Migration) -> Result<Applied> {
        history::create(connection, self).await?;
        let history = history::read(connection).await?;
        if history.iter().any(|row| row.version == migration.version) {
            return Err(Error::new(Kind::Migration, format!("{} is recorded already", migration.id()))
                .hint("see relata migrate status"));
        }
        let row = self.row(migration, State::Applied);
        connection.begin(TransactionOptions::default()).await?;
        history::write(connection, &row).await?;
        trail::append(connection, self, Note::about(Action::Baseline, Ending::Done, &row)).await?;
        connection.batch("COMMIT").await?;
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
        let result = self.repair_locked(connection, migrations).await;
        released(lock, connection, result).await
    }

    async fn repair_locked(&self, connection: &mut dyn Connection, migrations: &[Migration]) -> Result<Vec<String>> {
        history::create(connection, self).await?;
        let status = status::status(connection, migrations).await?;
        let mut done = Vec::new();
        for entry in status.entries {
            let Some(row) = entry.applied else { continue };
            match (entry.state, entry.digest) {
                (EntryState::Edited, Some(digest)) => {
                    done.push(format!("{}: the history has the digest of its files now", entry.id));
                    let parent = migrations.iter().find(|migration| migration.version == entry.version);
                    let parent = parent.map(Migration::parent).unwrap_or_default();
                    let note = format!("the digest was {}", row.digest);
                    let row = Applied { digest, parent, ..row };
                    self.repaired(connection, Action::RepairDigest, &row, note).await?;
                }
                (EntryState::Missing, _) => {
                    done.push(format!("{}: taken out of the history; the schema was not touched", entry.id));
                    let note = "its files are not there".into();
                    self.repaired(connection, Action::RepairRemove, &row, note).await?;
                }
                (EntryState::HalfUndone, _) => {
                    done.push(format!("{}: taken as rolled back; the schema was not touched", entry.id));
                    let note = "its rollback had been cut off".into();
                    self.repaired(connection, Action::RepairRemove, &row, note).await?;
                }
                _ => {}
            }
        }
        Ok(done)
    }

    async fn repaired(
        &self,
        connection: &mut dyn Connection,
        action: Action,
        row: &Applied,
        note: String,
    ) -> Result<()> {
        connection.begin(TransactionOptions::default()).await?;
        if action == Action::RepairDigest {
            history::write(connection, row).await?;
        } else {
            history::remove(connection, &row.version).await?;
            journal::forget(connection, &row.version).await?;
        }
        trail::append(connection, self, Note { note, ..Note::about(action, Ending::Done, row) }).await?;
        connection.batch("COMMIT").await
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
            sequence: 0,
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

/// What is to be said when the server went away in the middle.
const CONNECTION_LOST: &str = "the connection is gone; once the server is back, relata migrate status says where the database stands, and relata migrate \
     apply or rollback go on there";

/// Errors that say themselves what to do next.
fn told_already(error: &Error) -> bool {
    matches!(error.kind(), Kind::InDoubt | Kind::Migration | Kind::MigrationLocked)
}

/// What became of SQLite's copy after a failure.
enum Restored {
    Yes,
    /// Why not.
    No(String),
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Runs a script in a transaction; once more from the start where somebody else's lock was in the way.
pub(super) async fn transaction(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    outcome: &Outcome<'_>,
    report: &mut Report<'_, '_>,
) -> Result<()> {
    let mut attempts = Attempts::new();
    loop {
        let Err(error) = execute::in_transaction(connection, statements, outcome, report).await else { return Ok(()) };
        if connection.is_broken() {
            return Err(error);
        }
        attempts.again(report.runner, report.observer, error).await?;
        report.statements.clear();
    }
}

/// Sets the limits of waiting back whatever happened; the first error is the one to tell.
pub(super) async fn unlimited<T>(
    limits: wait::Limits,
    connection: &mut dyn Connection,
    result: Result<T>,
) -> Result<T> {
    let restored = limits.restore(connection).await;
    let value = result?;
    restored.map(|()| value)
}

/// Gives the lock back whatever happened; the first error is the one to tell.
pub(super) async fn released<T>(lock: lock::Lock, connection: &mut dyn Connection, result: Result<T>) -> Result<T> {
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

/// What applying up to `to` would run, in order, each with whether a run before has begun it.
///
/// # Errors
/// `Kind::Migration` when the version is unknown, or one that was begun has no files.
pub fn applied_by<'m>(
    status: &Status,
    migrations: &'m [Migration],
    to: Option<&str>,
) -> Result<Vec<(&'m Migration, bool)>> {
    let last = match to {
        Some(version) => Some(find(migrations.iter().map(|migration| migration.version.as_str()), version)?),
        None => None,
    };
    let mut wanted = Vec::new();
    for entry in &status.entries {
        if matches!(entry.state, EntryState::Pending | EntryState::HalfApplied) {
            let migration = migrations.iter().find(|migration| migration.version == entry.version);
            let migration = migration.ok_or_else(|| no_files(&entry.id))?;
            wanted.push((migration, entry.state == EntryState::HalfApplied));
        }
        if last.as_ref() == Some(&entry.version) {
            break;
        }
    }
    Ok(wanted)
}

/// What a rollback to `target` would undo, in the opposite order of applying, each with whether a run before has begun
/// to undo it.
///
/// # Errors
/// `Kind::Migration` when a version is unknown, or a migration cannot be rolled back.
pub fn undone_by<'m>(
    status: &Status,
    migrations: &'m [Migration],
    target: &Rollback,
) -> Result<Vec<(&'m Migration, bool)>> {
    let sequence = |entry: &Entry| entry.applied.as_ref().map_or(0, |row| row.sequence);
    let mut applied: Vec<_> = status.entries.iter().rev().filter(|entry| entry.applied.is_some()).collect();
    applied.sort_by_key(|entry| std::cmp::Reverse(sequence(entry)));
    let count = match target {
        Rollback::All => applied.iter().filter(|entry| entry.state != EntryState::Baseline).count(),
        Rollback::Steps(steps) => *steps,
        Rollback::To(version) => {
            let version = find(applied.iter().map(|entry| entry.version.as_str()), version)?;
            applied.iter().take_while(|entry| entry.version != version).count()
        }
    };
    let mut undone = Vec::new();
    for entry in applied.into_iter().take(count) {
        let migration = migrations.iter().find(|migration| migration.version == entry.version);
        let migration = migration.ok_or_else(|| no_files(&entry.id))?;
        match entry.state {
            EntryState::Baseline => return Err(baseline(&entry.id)),
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
