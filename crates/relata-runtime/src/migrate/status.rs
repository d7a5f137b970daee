//! Where a database stands: the history beside the files, and what contradicts.

use relata_schema::{Diagnostic, Severity};
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result};

use super::folder::Migration;
use super::graph::Graph;
use super::history::{self, Applied, State};

/// How one migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryState {
    /// Applied, and the files are as they were.
    Applied,
    /// Recorded as there before relata.
    Baseline,
    /// Not applied yet.
    Pending,
    /// Applied, and the files were changed since.
    Edited,
    /// Applied, and there are no files.
    Missing,
    /// Its statements up were cut off.
    HalfApplied,
    /// Its statements down were cut off.
    HalfUndone,
}

impl EntryState {
    /// The word people read.
    pub const fn word(self) -> &'static str {
        match self {
            EntryState::Applied => "applied",
            EntryState::Baseline => "baseline",
            EntryState::Pending => "pending",
            EntryState::Edited => "edited",
            EntryState::Missing => "missing",
            EntryState::HalfApplied => "half applied",
            EntryState::HalfUndone => "half undone",
        }
    }
}

/// One migration in files, history or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Version.
    pub version: String,
    /// Version and name.
    pub id: String,
    /// How it stands.
    pub state: EntryState,
    /// Its row in the history.
    pub applied: Option<Applied>,
    /// The digest of its files.
    pub digest: Option<String>,
}

/// Where a database stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Every migration, in the order of running; what has no files stands by its version.
    pub entries: Vec<Entry>,
    /// What contradicts: errors stop every run, warnings do not.
    pub findings: Vec<Diagnostic>,
}

impl Status {
    /// How many are pending.
    pub fn pending(&self) -> usize {
        self.entries.iter().filter(|entry| entry.state == EntryState::Pending).count()
    }

    /// The errors as one error; `None` if there are none.
    pub fn error(&self) -> Option<Error> {
        let mut errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let first = errors.next()?;
        let mut error = Error::new(Kind::Migration, first.message.clone());
        error = first.help.iter().fold(error, |error, help| error.hint(help));
        for other in errors {
            error = error.hint(format!("also: {}", other.message));
            error = other.help.iter().fold(error, |error, help| error.hint(help));
        }
        Some(error)
    }
}

/// Compares the history of a database with the files.
///
/// # Errors
/// What the database reports. Contradictions are findings, not errors.
pub async fn status(connection: &mut dyn Connection, migrations: &[Migration]) -> Result<Status> {
    Ok(compare(&history::read(connection).await?, migrations))
}

/// The same for a history that was read already.
pub fn compare(history: &[Applied], migrations: &[Migration]) -> Status {
    let mut entries: Vec<Entry> = migrations.iter().map(|migration| entry(migration, history)).collect();
    for applied in history.iter().filter(|row| migrations.iter().all(|migration| migration.version != row.version)) {
        let state = match applied.state {
            State::Applied | State::Baseline => EntryState::Missing,
            State::Running => EntryState::HalfApplied,
            State::Undoing => EntryState::HalfUndone,
        };
        let (version, id) = (applied.version.clone(), applied.id());
        let place = entries.iter().position(|entry| entry.version > version).unwrap_or(entries.len());
        entries.insert(place, Entry { version, id, state, applied: Some(applied.clone()), digest: None });
    }
    let mut findings: Vec<Diagnostic> = entries.iter().filter_map(contradiction).collect();
    findings.extend(order(&entries));
    findings.extend(chain(&entries, migrations));
    findings.extend(branches(migrations));
    Status { entries, findings }
}

fn entry(migration: &Migration, history: &[Applied]) -> Entry {
    let applied = history.iter().find(|row| row.version == migration.version).cloned();
    let state = match &applied {
        None => EntryState::Pending,
        Some(row) if row.state == State::Running => EntryState::HalfApplied,
        Some(row) if row.state == State::Undoing => EntryState::HalfUndone,
        Some(row) if row.digest != migration.digest => EntryState::Edited,
        Some(row) if row.state == State::Baseline => EntryState::Baseline,
        Some(_) => EntryState::Applied,
    };
    let (version, id) = (migration.version.clone(), migration.id());
    Entry { version, id, state, applied, digest: Some(migration.digest.clone()) }
}

fn contradiction(entry: &Entry) -> Option<Diagnostic> {
    let id = &entry.id;
    let when = entry.applied.as_ref().map(|row| row.applied_at.as_str()).unwrap_or_default();
    let who = entry.applied.as_ref().map(|row| row.applied_by.as_str()).unwrap_or_default();
    let finding = match entry.state {
        EntryState::Edited => Diagnostic::error(
            "migration-edited",
            format!("{id} was changed after it had been applied on {when} by {who}"),
        )
        .help(
            "restore its files from version control and put the change into a new migration (relata migrate new NAME); \
             if the files are right and the database has what they say: relata migrate repair",
        ),
        EntryState::Missing => Diagnostic::error(
            "migration-missing",
            format!("{id} was applied on {when} by {who}, and its files are not there"),
        )
        .help(
            "get the folder back from version control, or pull the branch it was made on; \
             if it is gone for good: relata migrate repair",
        ),
        EntryState::HalfApplied => {
            Diagnostic::warning("migration-half-applied", format!("{id} was begun on {when} by {who} and not finished"))
                .help("relata migrate apply goes on where it stopped")
        }
        EntryState::HalfUndone => Diagnostic::warning(
            "migration-half-undone",
            format!("the rollback of {id} was begun on {when} by {who} and not finished"),
        )
        .help("relata migrate rollback goes on where it stopped"),
        EntryState::Applied | EntryState::Baseline | EntryState::Pending => return None,
    };
    Some(finding)
}

/// Pending migrations that are older than applied ones: from another branch, most often.
fn order(entries: &[Entry]) -> Vec<Diagnostic> {
    let last = entries.iter().rposition(|entry| entry.applied.is_some());
    let older = entries[..last.unwrap_or(0)].iter().filter(|entry| entry.state == EntryState::Pending);
    let finding = |entry: &Entry| {
        Diagnostic::warning(
            "migration-out-of-order",
            format!("{} is pending, and newer ones are applied already", entry.id),
        )
        .help("it will be applied after them; see that it does not depend on the order")
    };
    older.map(finding).collect()
}

/// Two branches that came together, and nobody has said that they fit.
fn branches(migrations: &[Migration]) -> Vec<Diagnostic> {
    // What depends on nothing there is said when the folder is read.
    let Ok(graph) = Graph::of(migrations) else { return Vec::new() };
    let forked = graph.heads().into_iter().filter(|(_, heads)| heads.len() > 1);
    let finding = |(domain, heads): (&str, Vec<&Migration>)| {
        let ids: Vec<String> = heads.iter().map(|head| head.id()).collect();
        let parting = graph.parting(&heads[0].version, &heads[1].version);
        let parting = parting.last().map_or_else(|| "the beginning".to_string(), |migration| migration.id());
        let of = if domain.is_empty() { String::new() } else { format!(" of {domain}") };
        let message =
            format!("the history{of} has {} heads: {} (they part after {parting})", ids.len(), ids.join(" and "));
        Diagnostic::error("migration-heads", message).help(
            "two branches both added migrations: relata migrate merge proves that they fit together and joins them",
        )
    };
    forked.map(finding).collect()
}

/// Pending migrations whose parent is not there as it was when they were made.
fn chain(entries: &[Entry], migrations: &[Migration]) -> Vec<Diagnostic> {
    let pending = |migration: &&Migration| {
        entries.iter().any(|entry| entry.version == migration.version && entry.state == EntryState::Pending)
    };
    let known = |digest: &String| {
        migrations.iter().any(|migration| &migration.digest == digest)
            || entries.iter().filter_map(|entry| entry.applied.as_ref()).any(|row| &row.digest == digest)
    };
    let mut findings = Vec::new();
    for migration in migrations.iter().filter(pending) {
        for parent in migration.header.parents.iter().filter(|parent| !known(parent)) {
            let short = &parent[..parent.len().min(12)];
            let finding = Diagnostic::warning(
                "migration-parent",
                format!(
                    "{} was made on top of a migration {short}… that is not there (or was changed)",
                    migration.id()
                ),
            );
            findings.push(finding.help(
                "check that it still fits (relata migrate prove), then relata migrate repair writes the parent anew",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::Header;

    fn migration(version: &str, digest: &str, parents: &[&str]) -> Migration {
        Migration {
            domain: String::new(),
            version: version.into(),
            name: "x".into(),
            header: Header { parents: parents.iter().map(ToString::to_string).collect(), ..Header::default() },
            up: String::new(),
            down: None,
            digest: digest.into(),
            path: Default::default(),
        }
    }

    fn applied(version: &str, digest: &str, state: State) -> Applied {
        Applied {
            version: version.into(),
            name: "x".into(),
            digest: digest.into(),
            applied_at: "2026-11-21T14:30:00Z".into(),
            applied_by: "ann".into(),
            state,
            ..Applied::default()
        }
    }

    #[test]
    fn every_contradiction_is_named() {
        let files =
            [migration("20260101", "a", &[]), migration("20260102", "b2", &["a"]), migration("20260103", "c", &["zz"])];
        let history = [
            applied("20260102", "b", State::Applied),
            applied("20260104", "d", State::Applied),
            applied("20260105", "e", State::Running),
        ];
        let status = compare(&history, &files);
        let states: Vec<_> = status.entries.iter().map(|entry| (entry.id.as_str(), entry.state.word())).collect();
        assert_eq!(
            states,
            [
                ("20260101_x", "pending"),
                ("20260102_x", "edited"),
                ("20260103_x", "pending"),
                ("20260104_x", "missing"),
                ("20260105_x", "half applied")
            ]
        );
        let findings: Vec<String> = status.findings.iter().map(ToString::to_string).collect();
        expect_test::expect![[r#"
            error[migration-edited]: 20260102_x was changed after it had been applied on 2026-11-21T14:30:00Z by ann
              help: restore its files from version control and put the change into a new migration (relata migrate new NAME); if the files are right and the database has what they say: relata migrate repair
            error[migration-missing]: 20260104_x was applied on 2026-11-21T14:30:00Z by ann, and its files are not there
              help: get the folder back from version control, or pull the branch it was made on; if it is gone for good: relata migrate repair
            warning[migration-half-applied]: 20260105_x was begun on 2026-11-21T14:30:00Z by ann and not finished
              help: relata migrate apply goes on where it stopped
            warning[migration-out-of-order]: 20260101_x is pending, and newer ones are applied already
              help: it will be applied after them; see that it does not depend on the order
            warning[migration-out-of-order]: 20260103_x is pending, and newer ones are applied already
              help: it will be applied after them; see that it does not depend on the order
            warning[migration-parent]: 20260103_x was made on top of a migration zz… that is not there (or was changed)
              help: check that it still fits (relata migrate prove), then relata migrate repair writes the parent anew"#]].assert_eq(&findings.join("\n"));
        expect_test::expect![[r#"
            20260102_x was changed after it had been applied on 2026-11-21T14:30:00Z by ann [R0701]
              hint: restore its files from version control and put the change into a new migration (relata migrate new NAME); if the files are right and the database has what they say: relata migrate repair
              hint: also: 20260104_x was applied on 2026-11-21T14:30:00Z by ann, and its files are not there
              hint: get the folder back from version control, or pull the branch it was made on; if it is gone for good: relata migrate repair"#]].assert_eq(&status.error().unwrap().to_string());
    }

    #[test]
    fn agreement_has_no_findings() {
        let files = [migration("20260101", "a", &[]), migration("20260102", "b", &["a"])];
        let status = compare(&[applied("20260101", "a", State::Baseline)], &files);
        assert_eq!(status.findings, []);
        assert_eq!(status.pending(), 1);
        assert_eq!(status.entries[0].state, EntryState::Baseline);
    }
}
