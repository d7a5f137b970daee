//! The tables that say what has been applied: `relata_migrations`, one row a migration, and
//! `relata_migration_steps`, one row a statement of a migration that runs without a transaction. How a database came
//! there stands in the trail ([`super::trail`]).
//!
//! States of a migration: no row → `running` → `applied` → `undoing` → no row. `running` and `undoing` are seen only
//! where statements run one by one (MariaDB, `transaction off`); a transaction goes from no row to `applied` at once.
//! `baseline` is `applied` by declaration: nothing was run.

use relata_schema::Dialect;
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result, Value};

use super::shelf::SHELF_TABLE;
use super::trail::{self, Action, Ending, Note, TRAIL_TABLE};
use super::{Runner, rows};

/// The name of the history table.
pub const HISTORY_TABLE: &str = "relata_migrations";
/// The name of the table of steps.
pub const STEPS_TABLE: &str = "relata_migration_steps";

/// The tables that are relata's own: introspection for migrations leaves them out.
pub fn own_tables() -> Vec<String> {
    let commits = crate::transaction::keys::COMMITS_TABLE;
    vec![HISTORY_TABLE.into(), STEPS_TABLE.into(), TRAIL_TABLE.into(), SHELF_TABLE.into(), commits.into()]
}

/// How far a migration is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// Done.
    #[default]
    Applied,
    /// It was there before relata came.
    Baseline,
    /// Its statements up are running, or one failed.
    Running,
    /// Its statements down are running, or one failed.
    Undoing,
}

impl State {
    /// The word the history keeps.
    pub const fn word(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Baseline => "baseline",
            State::Running => "running",
            State::Undoing => "undoing",
        }
    }

    fn read(word: &str) -> Result<Self> {
        let known = [State::Applied, State::Baseline, State::Running, State::Undoing];
        known.into_iter().find(|state| state.word() == word).ok_or_else(|| {
            Error::new(Kind::Migration, format!("{word:?} in {HISTORY_TABLE}.state is no state this version knows"))
                .hint("a newer relata wrote it: update this one")
        })
    }
}

/// One row of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Version of the migration.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Its digest when it was applied.
    pub digest: String,
    /// The digests of its parents, separated by spaces.
    pub parent: String,
    /// When it was finished (or begun, while it is running), as RFC 3339.
    pub applied_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Who applied it.
    pub applied_by: String,
    /// With what: `relata 0.1.0`.
    pub tool: String,
    /// How far it is.
    pub state: State,
    /// The number of the row of the trail that applied it: migrations were applied in the order of these. 0 where there
    /// is no trail.
    pub sequence: i64,
}

impl Applied {
    /// Version and name.
    pub fn id(&self) -> String {
        if self.name.is_empty() { self.version.clone() } else { format!("{}_{}", self.version, self.name) }
    }
}

/// The types of a key, of a long text, and what follows a table's definition.
pub(super) const fn column_types(dialect: Dialect) -> (&'static str, &'static str, &'static str) {
    match dialect {
        Dialect::Mysql => ("varchar(191)", "longtext", " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"),
        Dialect::Sqlite | Dialect::Postgres => ("text", "text", ""),
    }
}

/// Creates the tables if they are missing. The trail comes last: where it is, all are. A history from before there was
/// a trail is noted in it.
pub(super) async fn create(connection: &mut dyn Connection, runner: &Runner) -> Result<()> {
    if exists(connection, TRAIL_TABLE).await? {
        return Ok(());
    }
    let (key, text, tail) = column_types(connection.dialect());
    let steps = format!(
        "CREATE TABLE IF NOT EXISTS {STEPS_TABLE} (version {key} NOT NULL, direction {key} NOT NULL, \
         position bigint NOT NULL, digest {key} NOT NULL, state {key} NOT NULL, schema_before {key} NOT NULL, \
         statement {text} NOT NULL, error {text}, begun_at {key} NOT NULL, \
         PRIMARY KEY (version, direction, position)){tail}"
    );
    let history = format!(
        "CREATE TABLE IF NOT EXISTS {HISTORY_TABLE} (version {key} NOT NULL PRIMARY KEY, name {key} NOT NULL, \
         digest {key} NOT NULL, parent {text} NOT NULL, applied_at {key} NOT NULL, duration_ms bigint NOT NULL, \
         applied_by {key} NOT NULL, tool {key} NOT NULL, state {key} NOT NULL){tail}"
    );
    connection.batch(&steps).await?;
    connection.batch(&history).await?;
    let found = read(connection).await?;
    connection.batch(&trail::create_table(connection.dialect())).await?;
    for row in found.iter().filter(|row| matches!(row.state, State::Applied | State::Baseline)) {
        trail::append(connection, runner, Note::about(Action::Import, Ending::Done, row)).await?;
    }
    Ok(())
}

/// Whether one of relata's tables is there. Asks the catalogue, so that nothing is created by looking.
pub(crate) async fn exists(connection: &mut dyn Connection, table: &str) -> Result<bool> {
    let sql = match connection.dialect() {
        Dialect::Sqlite => format!("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '{table}'"),
        Dialect::Postgres => format!("SELECT to_regclass('{table}') IS NOT NULL"),
        Dialect::Mysql => format!(
            "SELECT count(*) FROM information_schema.tables \
             WHERE table_schema = database() AND table_name = '{table}'"
        ),
    };
    Ok(rows::is_true(rows::one(connection, &sql, &[]).await?.as_ref()))
}

/// Every row of the history, in the order of versions; none where there is no history.
///
/// # Errors
/// What the database reports.
pub async fn read(connection: &mut dyn Connection) -> Result<Vec<Applied>> {
    if !exists(connection, HISTORY_TABLE).await? {
        return Ok(Vec::new());
    }
    let sequences = trail::sequences(connection).await?;
    let sql = "SELECT version, name, digest, parent, applied_at, duration_ms, applied_by, tool, state \
               FROM relata_migrations ORDER BY version";
    let mut applied =
        rows::all(connection, sql, &[]).await?.iter().map(|row| decode(row)).collect::<Result<Vec<_>>>()?;
    applied.sort_by(|a, b| a.version.cmp(&b.version));
    for row in &mut applied {
        row.sequence = sequences.get(&row.version).copied().unwrap_or(0);
    }
    Ok(applied)
}

fn decode(row: &[Value]) -> Result<Applied> {
    Ok(Applied {
        version: rows::cell(row, 0)?,
        name: rows::cell(row, 1)?,
        digest: rows::cell(row, 2)?,
        parent: rows::cell(row, 3)?,
        applied_at: rows::cell(row, 4)?,
        duration_ms: rows::cell(row, 5)?,
        applied_by: rows::cell(row, 6)?,
        tool: rows::cell(row, 7)?,
        state: State::read(&rows::cell::<String>(row, 8)?)?,
        sequence: 0,
    })
}

/// How far one migration is; `None`: it has no row.
pub(super) async fn state(connection: &mut dyn Connection, version: &str) -> Result<Option<State>> {
    let place = rows::placeholder(connection.dialect(), 1);
    let sql = format!("SELECT state FROM {HISTORY_TABLE} WHERE version = {place}");
    let found = rows::all(connection, &sql, &[Value::Text(version.into())]).await?;
    found.first().map(|row| State::read(&rows::cell::<String>(row, 0)?)).transpose()
}

/// Writes a row, replacing one of the same version, in one statement: a killed run leaves the old or the new.
pub(super) async fn write(connection: &mut dyn Connection, applied: &Applied) -> Result<()> {
    let columns = ["version", "name", "digest", "parent", "applied_at", "duration_ms", "applied_by", "tool", "state"];
    let (verb, tail) = match connection.dialect() {
        Dialect::Sqlite | Dialect::Mysql => ("REPLACE", String::new()),
        Dialect::Postgres => {
            let set: Vec<String> = columns[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
            ("INSERT", format!(" ON CONFLICT (version) DO UPDATE SET {}", set.join(", ")))
        }
    };
    let sql = format!(
        "{verb} INTO {HISTORY_TABLE} ({}) VALUES ({}){tail}",
        columns.join(", "),
        rows::placeholders(connection.dialect(), columns.len())
    );
    let text = |text: &str| Value::Text(text.to_string());
    let values = [
        text(&applied.version),
        text(&applied.name),
        text(&applied.digest),
        text(&applied.parent),
        text(&applied.applied_at),
        Value::Int(applied.duration_ms),
        text(&applied.applied_by),
        text(&applied.tool),
        text(applied.state.word()),
    ];
    rows::run(connection, &sql, &values).await.map(drop)
}

/// Removes a row.
pub(super) async fn remove(connection: &mut dyn Connection, version: &str) -> Result<()> {
    let sql = format!("DELETE FROM {HISTORY_TABLE} WHERE version = {}", rows::placeholder(connection.dialect(), 1));
    rows::run(connection, &sql, &[Value::Text(version.into())]).await.map(drop)
}
