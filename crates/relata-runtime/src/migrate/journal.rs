//! Runs the statements of one script one by one, so that a killed run can be resumed and no statement runs twice:
//! for MariaDB, whose DDL commits by itself, and for `transaction off`.
//!
//! Before a statement its row in `relata_migration_steps` says `begun`; afterwards `done`, or `failed`.
//!
//! | statement | how a `begun` one is judged by the next run |
//! |---|---|
//! | changes rows | its `done` is committed with it: `begun` means not done |
//! | has a `-- relata: done QUERY` before it | the query says |
//! | creates, alters, drops, renames | the digest of the schema was noted before it: changed means done (one statement is atomic) |
//! | anything else (`CALL`, …) | nobody can know: the run stops and says how to tell it |
//! | sets up the session (`SET`, `USE`) | is not journalled, and runs again every time |
//!
//! The lock belongs to the session, so a server that still works on a killed runner's statement keeps the next runner
//! waiting until that statement has ended.
//!
//! Weaker than a transaction: rows in tables of an engine without transactions (MyISAM) may be changed twice.

use std::collections::BTreeMap;

use relata_schema::Dialect;
use relata_schema::script::{self, ScriptStatement};
use relata_sql::driver::{Connection, TransactionOptions};
use relata_sql::{Error, Kind, Result, Value};

use super::execute::{Class, Outcome, classify, excerpt, located, statement_digest};
use super::header::done_probe;
use super::history::{self, Applied, STEPS_TABLE, State};
use super::{Direction, Event, Observer, rows};

/// How far a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StepState {
    /// It may have run.
    Begun,
    /// It has run.
    Done,
    /// The database refused it: it has not run.
    Failed,
}

impl StepState {
    const fn word(self) -> &'static str {
        match self {
            StepState::Begun => "begun",
            StepState::Done => "done",
            StepState::Failed => "failed",
        }
    }

    /// What is not known counts as begun: the database is asked.
    fn read(word: &str) -> Self {
        match word {
            "done" => StepState::Done,
            "failed" => StepState::Failed,
            _ => StepState::Begun,
        }
    }
}

/// What the journal says of one statement.
struct Entry {
    digest: String,
    state: StepState,
    schema_before: String,
}

/// One script being run.
pub(super) struct Journal<'a> {
    /// Version of the migration.
    pub version: &'a str,
    /// Up or down.
    pub direction: Direction,
    /// Its statements.
    pub statements: &'a [ScriptStatement],
    /// Name of the file, for messages.
    pub file: String,
}

impl Journal<'_> {
    /// Runs what is not done yet, then writes `outcome` and forgets the steps.
    pub(super) async fn run(
        &self,
        connection: &mut dyn Connection,
        outcome: &Outcome<'_>,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let entries = self.read(connection).await?;
        let total = self.statements.len();
        for (index, statement) in self.statements.iter().enumerate() {
            match classify(connection.dialect(), &statement.sql) {
                Class::Session | Class::ForeignKeys { .. } => {
                    let result = connection.batch(&statement.sql).await;
                    result.map_err(|error| located(error, index, total, statement))?;
                    continue;
                }
                Class::Transaction if connection.dialect() == Dialect::Mysql => continue,
                Class::Transaction | Class::Rollback => return Err(self.no_transactions(index)),
                Class::Data | Class::Schema => {}
            }
            if !self.is_done(connection, entries.get(&index), index, observer).await? {
                observer(Event::Statement { position: index + 1, statements: total, sql: &statement.sql });
                self.step(connection, index).await?;
            }
        }
        self.finish(connection, outcome).await
    }

    /// How many statements a run before had done.
    pub(super) async fn done(&self, connection: &mut dyn Connection) -> Result<usize> {
        let entries = self.read(connection).await?;
        Ok(entries.values().filter(|entry| entry.state == StepState::Done).count())
    }

    fn no_transactions(&self, index: usize) -> Error {
        let message = format!("{} runs statement by statement and cannot hold transactions of its own", self.file);
        Error::new(Kind::Migration, message)
            .sql(excerpt(&self.statements[index].sql))
            .hint("take BEGIN, COMMIT and ROLLBACK out, or take `-- relata: transaction off` out")
    }

    /// Whether a statement has run already, by the journal or, if that does not know, by the database.
    async fn is_done(
        &self,
        connection: &mut dyn Connection,
        entry: Option<&Entry>,
        index: usize,
        observer: &mut Observer<'_>,
    ) -> Result<bool> {
        let Some(entry) = entry else { return Ok(false) };
        let statement = &self.statements[index];
        let same = entry.digest == statement_digest(connection.dialect(), &statement.sql);
        match entry.state {
            StepState::Failed => {
                self.clear_invalid_index(connection, statement).await?;
                Ok(false)
            }
            StepState::Done if same => Ok(true),
            StepState::Begun if same => {
                let done = self.probe(connection, entry, index).await?;
                if done {
                    observer(Event::FoundDone { position: index + 1, sql: &statement.sql });
                    self.mark(connection, index, StepState::Done, None).await?;
                }
                Ok(done)
            }
            StepState::Done | StepState::Begun => Err(self.changed(index)),
        }
    }

    fn changed(&self, index: usize) -> Error {
        let statement = &self.statements[index];
        let message = format!(
            "statement {} of {} (line {}) was run, and is another one now",
            index + 1,
            self.file,
            statement.line
        );
        Error::new(Kind::Migration, message)
            .sql(excerpt(&statement.sql))
            .hint("restore the statements that have run; only those after them can be changed")
    }

    /// Asks the database whether a statement that was begun has run.
    async fn probe(&self, connection: &mut dyn Connection, entry: &Entry, index: usize) -> Result<bool> {
        let statement = &self.statements[index];
        if let Some(query) = done_probe(&statement.comments) {
            return Ok(rows::is_true(rows::one(connection, query, &[]).await?.as_ref()));
        }
        if classify(connection.dialect(), &statement.sql) == Class::Data {
            return Ok(false);
        }
        if !is_definition(connection.dialect(), &statement.sql) {
            return Err(self.in_doubt(index));
        }
        if self.clear_invalid_index(connection, statement).await? {
            return Ok(false);
        }
        let schema = super::schema(connection).await?;
        Ok(super::schema_digest(&schema) != entry.schema_before)
    }

    fn in_doubt(&self, index: usize) -> Error {
        let statement = &self.statements[index];
        let message = format!(
            "a run was cut off during statement {} of {} (line {}), and nothing tells whether it was done",
            index + 1,
            self.file,
            statement.line
        );
        Error::new(Kind::InDoubt, message).sql(excerpt(&statement.sql)).hint(
            "look, then write a line before it that is true if it was done: -- relata: done SELECT 1 (or SELECT 0)",
        )
    }

    /// PostgreSQL: `CREATE INDEX CONCURRENTLY` that was cut off leaves an invalid index, which is dropped here.
    async fn clear_invalid_index(&self, connection: &mut dyn Connection, statement: &ScriptStatement) -> Result<bool> {
        let dialect = connection.dialect();
        let words = script::words(dialect, &statement.sql, 4);
        if dialect != Dialect::Postgres || !words.iter().any(|word| word == "CONCURRENTLY") || words[0] != "CREATE" {
            return Ok(false);
        }
        let sql = "SELECT format('%I.%I', n.nspname, c.relname), c.relname::text FROM pg_index i \
                   JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE NOT i.indisvalid";
        for row in rows::all(connection, sql, &[]).await? {
            let (qualified, name): (String, String) = (rows::cell(&row, 0)?, rows::cell(&row, 1)?);
            if statement.sql.contains(&name) {
                connection.batch(&format!("DROP INDEX CONCURRENTLY {qualified}")).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn step(&self, connection: &mut dyn Connection, index: usize) -> Result<()> {
        let statement = &self.statements[index];
        let result = if classify(connection.dialect(), &statement.sql) == Class::Data {
            self.data(connection, index).await
        } else {
            self.definition(connection, index).await
        };
        let Err(error) = result else { return Ok(()) };
        if !connection.is_broken() {
            if connection.in_transaction() {
                connection.batch("ROLLBACK").await?;
            }
            self.mark(connection, index, StepState::Failed, Some(&error)).await?;
        }
        Err(located(error, index, self.statements.len(), statement).hint(format!(
            "the {index} statements before it are done and kept; repair the rest of {} and run again: it goes on here",
            self.file
        )))
    }

    /// Rows and `done` in one transaction.
    async fn data(&self, connection: &mut dyn Connection, index: usize) -> Result<()> {
        self.begin(connection, index, String::new()).await?;
        connection.begin(TransactionOptions::default()).await?;
        connection.batch(&self.statements[index].sql).await?;
        self.mark(connection, index, StepState::Done, None).await?;
        connection.batch("COMMIT").await
    }

    async fn definition(&self, connection: &mut dyn Connection, index: usize) -> Result<()> {
        let statement = &self.statements[index];
        let probed = done_probe(&statement.comments).is_some() || !is_definition(connection.dialect(), &statement.sql);
        let before = if probed { String::new() } else { super::schema_digest(&super::schema(connection).await?) };
        self.begin(connection, index, before).await?;
        connection.batch(&statement.sql).await?;
        self.mark(connection, index, StepState::Done, None).await
    }

    async fn read(&self, connection: &mut dyn Connection) -> Result<BTreeMap<usize, Entry>> {
        let dialect = connection.dialect();
        let sql = format!(
            "SELECT position, digest, state, schema_before FROM {STEPS_TABLE} WHERE version = {} AND direction = {}",
            rows::placeholder(dialect, 1),
            rows::placeholder(dialect, 2)
        );
        let found = rows::all(connection, &sql, &self.key()).await?;
        let entry = |row: &Vec<Value>| {
            let state = StepState::read(&rows::cell::<String>(row, 2)?);
            let position: u32 = rows::cell(row, 0)?;
            Ok((position as usize, Entry { digest: rows::cell(row, 1)?, state, schema_before: rows::cell(row, 3)? }))
        };
        found.iter().map(entry).collect()
    }

    fn key(&self) -> [Value; 2] {
        [Value::Text(self.version.into()), Value::Text(self.direction.word().into())]
    }

    /// Says that a statement is about to run.
    async fn begin(&self, connection: &mut dyn Connection, index: usize, before: String) -> Result<()> {
        let dialect = connection.dialect();
        let statement = &self.statements[index].sql;
        let delete = format!(
            "DELETE FROM {STEPS_TABLE} WHERE version = {} AND direction = {} AND position = {}",
            rows::placeholder(dialect, 1),
            rows::placeholder(dialect, 2),
            rows::placeholder(dialect, 3)
        );
        let [version, direction] = self.key();
        let position = Value::Int(index as i64);
        rows::run(connection, &delete, &[version.clone(), direction.clone(), position.clone()]).await?;
        let insert = format!(
            "INSERT INTO {STEPS_TABLE} (version, direction, position, digest, state, schema_before, statement, begun_at) \
             VALUES ({})",
            rows::placeholders(dialect, 8)
        );
        let values = [
            version,
            direction,
            position,
            Value::Text(statement_digest(dialect, statement)),
            Value::Text(StepState::Begun.word().into()),
            Value::Text(before),
            Value::Text(statement.clone()),
            Value::Text(super::now()),
        ];
        rows::run(connection, &insert, &values).await.map(drop)
    }

    /// Says how a statement ended.
    async fn mark(
        &self,
        connection: &mut dyn Connection,
        index: usize,
        state: StepState,
        error: Option<&Error>,
    ) -> Result<()> {
        let dialect = connection.dialect();
        let place = |number| rows::placeholder(dialect, number);
        let sql = format!(
            "UPDATE {STEPS_TABLE} SET state = {}, error = {} WHERE version = {} AND direction = {} AND position = {}",
            place(1),
            place(2),
            place(3),
            place(4),
            place(5)
        );
        let [version, direction] = self.key();
        let error = error.map_or(Value::Null, |error| Value::Text(error.to_string()));
        let values = [Value::Text(state.word().into()), error, version, direction, Value::Int(index as i64)];
        rows::run(connection, &sql, &values).await.map(drop)
    }

    async fn finish(&self, connection: &mut dyn Connection, outcome: &Outcome<'_>) -> Result<()> {
        let dialect = connection.dialect();
        connection.begin(TransactionOptions::default()).await?;
        outcome.write(connection).await?;
        let sql = format!("DELETE FROM {STEPS_TABLE} WHERE version = {}", rows::placeholder(dialect, 1));
        rows::run(connection, &sql, &[Value::Text(self.version.into())]).await?;
        connection.batch("COMMIT").await
    }
}

/// Writes the row of a migration that begins to run one by one, unless it is there already.
pub(super) async fn announce(connection: &mut dyn Connection, applied: &Applied, state: State) -> Result<()> {
    history::write(connection, &Applied { state, ..applied.clone() }).await
}

/// Statements whose effect shows in the schema, or that do no harm when they run again.
fn is_definition(dialect: Dialect, sql: &str) -> bool {
    let words = script::words(dialect, sql, 1);
    let known = [
        "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "COMMENT", "GRANT", "REVOKE", "ANALYZE", "OPTIMIZE", "VACUUM",
        "REINDEX", "REFRESH",
    ];
    words.first().is_some_and(|word| known.contains(&word.as_str()))
}
