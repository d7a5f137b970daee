//! Migrations: reading the folder, applying, rolling back, saying where a database stands, proving on a shadow.
//!
//! Invariants
//! - A migration and its row in the history come together or not at all: in one transaction where the database can,
//!   else by a journal of statements that a killed run is resumed from ([`journal`]'s head says how).
//! - One runner at a time ([`lock`]).
//! - Nothing runs while the history and the files contradict each other; every contradiction is named at once.
//!
//! Deliberately not here: planning (the command does it), and databases by name: everything goes through
//! [`Connection`].

mod backup;
mod content;
mod copy;
mod drift;
mod execute;
mod folder;
pub mod graph;
mod header;
mod history;
mod journal;
mod lacking;
mod lock;
mod lost;
mod metrics;
mod nulls;
mod observe;
mod program;
mod prove;
pub mod repeatable;
pub mod roles;
mod rows;
mod run;
pub mod sample;
mod settings;
pub mod shelf;
mod standing;
mod status;
pub mod trail;
mod wait;
pub mod watch;
mod written;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use relata_schema::lock as schema_lock;
use relata_schema::model::{ObjectName, Schema};
use relata_sql::Result;
use relata_sql::driver::{Connection, IntrospectOptions};

pub use backup::backup_of;
pub use content::{ColumnContent, Content, Survivor, foreign_columns, read as read_content};
pub use execute::{run_as_far, run_script, run_watched};
pub use folder::{Draft, Migration, follow, read as read_folder, record_proof, reparent, slug, write as write_folder};
pub use graph::{Graph, heads, newest};
pub use header::{Header, composed, opposite};
pub(crate) use history::exists as has_table;
pub use history::{Applied, HISTORY_TABLE, STEPS_TABLE, State, own_tables, read as read_history};
pub use lacking::{Lacking, Unproved};
pub use lost::{Loss, Vanishing, is_empty, keep, measure};
pub use metrics::Metrics;
pub use observe::{Beside, Observed, strongest, surprises};
pub use prove::{Compare, Proof, ProvedOn, prove, prove_as_far};
pub(crate) use rows::placeholder;
pub use run::{Rollback, applied_by, undone_by};
pub use shelf::{Later, Reason, Shelve, Shelved, Taken, read as read_shelf};
pub use status::{Entry, EntryState, Status, compare, status};
pub use trail::{TrailEntry, proofs as noted_proofs, read as read_trail, verify as verify_trail};

/// Who runs migrations, with what, and what it does when something is in the way.
#[derive(Debug, Clone)]
pub struct Runner {
    /// Who: `ann@laptop`.
    pub who: String,
    /// On which host, for the trail.
    pub host: String,
    /// With what: `relata 0.1.0`.
    pub tool: String,
    /// How long to wait for another runner.
    pub lock_timeout: Duration,
    /// How long a statement waits for a lock that somebody else holds before it lets everybody else through and tries
    /// again; `None`: as the server is set up.
    pub statement_lock_timeout: Option<Duration>,
    /// How often it tries.
    pub lock_attempts: u32,
    /// What to do when a migration fails in the middle and no transaction undoes it.
    pub on_failure: OnFailure,
    /// What of each migration, by version, is kept before it goes. SQLite keeps a backup as a copy of the whole file.
    pub shelve: BTreeMap<String, Shelve>,
    /// How many migrations' backups are kept.
    pub keep_backups: usize,
    /// How migrations were proved just now, by version: noted in the trail with the migration. Of others is noted what
    /// their `up.sql` says.
    pub proofs: BTreeMap<String, Proved>,
    /// Apply only what is among `proofs`, as it was proved. Looked at under the lock: what became pending meanwhile is
    /// refused.
    pub only_proved: bool,
    /// Asks it to stop before the next statement.
    pub stop: Stop,
}

/// How a migration was proved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proved {
    /// The digest of the migration that was proved.
    pub digest: String,
    /// By whom, on which server, on which rows, with the digest of the proof.
    pub text: String,
}

/// What becomes of a migration that failed in the middle where no transaction undoes it (MariaDB, `transaction off`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// What was done stays, and the next run goes on at the statement that failed.
    #[default]
    Keep,
    /// What was done is undone by `down.sql`, if there is one and nothing changed rows of tables that were there before.
    Undo,
}

/// Asks a runner to stop: the statement that runs is finished, the next is not begun. A migration in a transaction is
/// then rolled back, another is left where the next run goes on.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Runner {
    fn default() -> Self {
        Runner {
            who: "an application".into(),
            host: host(),
            tool: concat!("relata ", env!("CARGO_PKG_VERSION")).into(),
            lock_timeout: Duration::from_secs(60),
            statement_lock_timeout: Some(Duration::from_secs(5)),
            lock_attempts: 12,
            on_failure: OnFailure::default(),
            shelve: BTreeMap::new(),
            keep_backups: 3,
            proofs: BTreeMap::new(),
            only_proved: false,
            stop: Stop::default(),
        }
    }
}

/// The name of this machine, as far as it tells.
fn host() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_string());
    variable("HOSTNAME").or_else(|| variable("COMPUTERNAME")).or_else(kernel).unwrap_or_default()
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `up.sql`.
    Up,
    /// `down.sql`.
    Down,
}

impl Direction {
    /// The word the journal keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }
}

/// What happens while migrations run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another runner holds the lock.
    Waiting {
        /// Who.
        holder: &'a str,
        /// How long it is waited for.
        timeout: Duration,
    },
    /// A migration begins, or goes on where a run before was cut off.
    Begin {
        /// Version and name.
        id: &'a str,
        /// Up or down.
        direction: Direction,
        /// How many statements it has.
        statements: usize,
        /// How many of them a run before had done.
        resumed: usize,
    },
    /// A statement is about to run.
    Statement {
        /// Which, from 1.
        position: usize,
        /// Of how many.
        statements: usize,
        /// Its SQL.
        sql: &'a str,
    },
    /// A lock that somebody else holds was in the way: it is tried again after a pause. A migration in a transaction
    /// begins anew.
    Retrying {
        /// How often it was tried.
        attempt: u32,
        /// How often it will be.
        attempts: u32,
        /// How long the pause is.
        pause: Duration,
        /// What the database said.
        error: &'a relata_sql::Error,
    },
    /// A statement has run.
    Ran {
        /// Which, from 1.
        position: usize,
        /// Of how many.
        statements: usize,
        /// Its SQL.
        sql: &'a str,
        /// How long it took.
        duration: Duration,
        /// Rows that it changed; `None` where that is not known.
        rows: Option<u64>,
    },
    /// Undoing a migration that was cut off: what this statement undoes was never done.
    NothingToUndo {
        /// Which, from 1.
        position: usize,
        /// Its SQL.
        sql: &'a str,
    },
    /// A repeatable script is applied.
    Repeated {
        /// Its name.
        name: &'a str,
        /// How long it took.
        duration: Duration,
    },
    /// Something that a migration takes away was copied before.
    Kept {
        /// What, and where.
        what: &'a Shelved,
    },
    /// The whole database was copied.
    BackedUp {
        /// To this file.
        file: &'a Path,
    },
    /// Something that a migration had taken away is back.
    PutBack {
        /// What.
        what: &'a Shelved,
    },
    /// A statement that a killed run had begun turned out to be done: it is not run again.
    FoundDone {
        /// Which, from 1.
        position: usize,
        /// Its SQL.
        sql: &'a str,
    },
    /// A migration is done.
    Finished {
        /// Version and name.
        id: &'a str,
        /// Up or down.
        direction: Direction,
        /// How long it took.
        duration: Duration,
    },
}

/// Who is told.
pub type Observer<'a> = dyn FnMut(Event<'_>) + Send + 'a;

/// How migrations read a schema: without relata's own tables.
pub fn introspect_options() -> IntrospectOptions {
    IntrospectOptions { ignore_tables: own_tables(), ..IntrospectOptions::default() }
}

/// Takes out of a schema what relata keeps for itself beyond [`introspect_options`]: the tables of the shelf.
pub fn hide_own(schema: &mut Schema) {
    shelf::hide(schema);
}

/// The schema of a database without relata's own tables.
///
/// # Errors
/// What the database reports.
pub async fn schema(connection: &mut dyn Connection) -> Result<Schema> {
    schema_of(connection, Vec::new()).await
}

/// What belongs to the rows of these tables; the rest of the schema may be missing.
async fn schema_of(connection: &mut dyn Connection, tables: Vec<ObjectName>) -> Result<Schema> {
    let mut schema = connection.introspect(&IntrospectOptions { tables, ..introspect_options() }).await?;
    // A shadow belongs to somebody else than the database it stands for.
    schema.forget_owners();
    hide_own(&mut schema);
    schema.canonicalize();
    Ok(schema)
}

/// The digest of a schema as headers and the journal carry it.
pub fn schema_digest(schema: &Schema) -> String {
    schema_lock::root(schema)
}

/// This moment as the history keeps it.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
