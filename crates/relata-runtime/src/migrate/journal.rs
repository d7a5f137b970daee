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
//! **Undoing what was cut off on the way up** (`partial`): `down.sql` runs, and of it what there is to undo. A statement
//! whose probe says that it is done is passed over; one without a probe that finds nothing to undo (no such table, no
//! such column) too; and so is one that would take away what was there before ([`standing`]). Before the way up began the
//! digest of the schema was noted: it must come out again.
//!
//! The lock belongs to the session, so a server that still works on a killed runner's statement keeps the next runner
//! waiting until that statement has ended.
//!
//! Weaker than a transaction: rows in tables of an engine without transactions (MyISAM) may be changed twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use relata_schema::model::{ObjectName, Schema};
use relata_schema::script::{self, ScriptStatement};
use relata_schema::{Dialect, lock as schema_lock};
use relata_sql::driver::{Connection, TransactionOptions};
use relata_sql::{Error, Kind, Result, Value};

use super::execute::{Class, Outcome, Report, classify, excerpt, located, statement_digest};
use super::header::done_probe;
use super::history::STEPS_TABLE;
use super::settings::Settings;
use super::wait::Attempts;
use super::{Direction, Event, nulls, rows, shelf, standing};

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
    /// The way up was cut off, and this is the way down: it undoes what was done.
    pub partial: bool,
}

/// The position of the row that says what the schema was before the way up began.
const START: i64 = -1;
/// Longer texts of a schema are not kept, only their digest.
const KEPT_SCHEMA: usize = 1 << 20;

impl Journal<'_> {
    /// Runs what is not done yet, then writes `outcome` and forgets the steps.
    pub(super) async fn run(
        &self,
        connection: &mut dyn Connection,
        outcome: &Outcome<'_>,
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        let settings = Settings::before(connection, self.statements).await?;
        let result = self.run_all(connection, outcome, report).await;
        if connection.is_broken() || connection.in_transaction() {
            return result;
        }
        let restored = settings.restore(connection).await;
        result.and(restored)
    }

    async fn run_all(
        &self,
        connection: &mut dyn Connection,
        outcome: &Outcome<'_>,
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        let entries = self.read(connection).await?;
        let total = self.statements.len();
        let standing = self.standing(connection).await?;
        if entries.is_empty() {
            if self.partial && self.left_values_in_doubt(connection).await? {
                // What the last statement made of values was not noted.
                shelf::settle(connection, self.version).await?;
            }
            outcome.prepare(connection, report).await?;
        }
        let changing = match outcome {
            Outcome::Applied(..) => shelf::values(connection, self.version).await?,
            _ => Vec::new(),
        };
        if !changing.is_empty() && !entries.is_empty() && !self.left_values_in_doubt(connection).await? {
            shelf::renew(connection, &changing).await?;
        }
        let mut back = Vec::new();
        for (index, statement) in self.statements.iter().enumerate() {
            match classify(connection.dialect(), &statement.sql) {
                Class::Session | Class::ForeignKeys { .. } => {
                    let result = report.session(connection, statement).await;
                    result.map_err(|error| located(error, index, total, statement))?;
                    continue;
                }
                Class::Transaction if connection.dialect() == Dialect::Mysql => continue,
                Class::Transaction | Class::Rollback => return Err(self.no_transactions(index)),
                Class::Data | Class::Schema => {}
            }
            if !self.is_done(connection, entries.get(&index), index, &changing, report).await?
                && !self.is_undone(connection, index, standing.as_ref(), report).await?
            {
                self.step(connection, index, &changing, report).await?;
            }
            // Also after one that a run before had done: it may have been cut off in between.
            back.extend(self.bring_back(connection, outcome, statement).await?);
        }
        if self.partial {
            self.check_start(connection).await?;
        }
        self.finish(connection, outcome, back, report).await
    }

    /// After a statement of a rollback: what was kept of the table or columns that it created comes back, before the
    /// statements that ask for it.
    async fn bring_back(
        &self,
        connection: &mut dyn Connection,
        outcome: &Outcome<'_>,
        statement: &ScriptStatement,
    ) -> Result<Vec<shelf::Shelved>> {
        if !matches!(outcome, Outcome::Undone(..)) || !shelf::may_bring_back(connection.dialect(), &statement.sql) {
            return Ok(Vec::new());
        }
        connection.begin(TransactionOptions::default()).await?;
        let result = match shelf::put_back_early(connection, self.version, &statement.sql).await {
            Ok(back) => connection.batch("COMMIT").await.map(|()| back),
            Err(error) => Err(error),
        };
        match result {
            Ok(back) => shelf::drop_tables(connection, &back).await.map(|()| back),
            Err(error) => {
                if connection.in_transaction() && !connection.is_broken() {
                    connection.batch("ROLLBACK").await?;
                }
                Err(error)
            }
        }
    }

    /// Whether a statement of the way up may have changed values of which nothing was noted: one that was begun, is no
    /// plain change of rows, and left another schema.
    async fn left_values_in_doubt(&self, connection: &mut dyn Connection) -> Result<bool> {
        let place = rows::placeholder(connection.dialect(), 1);
        let sql = format!(
            "SELECT statement, schema_before, state FROM {STEPS_TABLE} WHERE version = {place} AND direction = 'up' \
             AND position >= 0 AND state <> 'done'"
        );
        for row in rows::all(connection, &sql, &[Value::Text(self.version.into())]).await? {
            let (statement, before, state): (String, String, String) =
                (rows::cell(&row, 0)?, rows::cell(&row, 1)?, rows::cell(&row, 2)?);
            let dialect = connection.dialect();
            // Other engines of MariaDB have no transactions: half of the rows may be changed.
            let known = match classify(dialect, &statement) {
                Class::Data => dialect != Dialect::Mysql || self.has_transactions(connection).await?,
                _ if before.is_empty() => false,
                _ if StepState::read(&state) == StepState::Failed => true,
                _ => super::schema_digest(&super::schema(connection).await?) == before,
            };
            if !known {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether all tables of which values are kept have transactions.
    async fn has_transactions(&self, connection: &mut dyn Connection) -> Result<bool> {
        let schema = super::schema(connection).await?;
        let plain = |name: &ObjectName| {
            let engine = schema.table(name).and_then(|table| table.options.engine.clone());
            engine.is_none_or(|engine| engine.eq_ignore_ascii_case("innodb"))
        };
        let kept = shelf::values(connection, self.version).await?;
        Ok(kept.iter().all(|shelved| plain(shelved.later.table.as_ref().unwrap_or(&shelved.taken.table))))
    }

    /// How many statements a run before had done.
    pub(super) async fn done(&self, connection: &mut dyn Connection) -> Result<usize> {
        let entries = self.read(connection).await?;
        Ok(entries.values().filter(|entry| entry.state == StepState::Done).count())
    }

    /// Notes what the schema is before the way up begins, unless that was noted already.
    pub(super) async fn note_start(&self, connection: &mut dyn Connection) -> Result<()> {
        if self.start(connection).await?.is_some() {
            return Ok(());
        }
        let schema = super::schema(connection).await?;
        let text = schema_lock::write(&schema);
        let text = if text.len() <= KEPT_SCHEMA { text } else { String::new() };
        self.insert(connection, START, [String::new(), super::schema_digest(&schema), text]).await
    }

    /// Digest and text of the schema before the way up began.
    async fn start(&self, connection: &mut dyn Connection) -> Result<Option<(String, String)>> {
        let dialect = connection.dialect();
        let sql = format!(
            "SELECT schema_before, statement FROM {STEPS_TABLE} WHERE version = {} AND direction = 'up' \
             AND position = {START}",
            rows::placeholder(dialect, 1)
        );
        let found = rows::all(connection, &sql, &[Value::Text(self.version.into())]).await?;
        found.first().map(|row| Ok((rows::cell(row, 0)?, rows::cell(row, 1)?))).transpose()
    }

    /// What is known of before, if half of a way up is undone.
    async fn standing(&self, connection: &mut dyn Connection) -> Result<Option<Standing>> {
        if !self.partial {
            return Ok(None);
        }
        let text = self.start(connection).await?.map(|(_, text)| text).unwrap_or_default();
        let before = schema_lock::read(&text).ok();
        Ok(Some(Standing { before, up: ran(connection, self.version).await? }))
    }

    /// After the way up was undone the schema is what it was before.
    async fn check_start(&self, connection: &mut dyn Connection) -> Result<()> {
        let Some((digest, text)) = self.start(connection).await? else { return Ok(()) };
        let now = super::schema(connection).await?;
        if super::schema_digest(&now) == digest {
            return Ok(());
        }
        let message = format!("{} ran, and the schema is not what it was before the migration began", self.file);
        let mut error = Error::new(Kind::Migration, message);
        for line in differences(&text, &schema_lock::write(&now)).into_iter().take(10) {
            error = error.hint(line);
        }
        Err(error.hint("bring it back by hand, then relata migrate repair takes the migration out of the history"))
    }

    /// Whether there is nothing to undo of what this statement undoes.
    async fn is_undone(
        &self,
        connection: &mut dyn Connection,
        index: usize,
        standing: Option<&Standing>,
        report: &mut Report<'_, '_>,
    ) -> Result<bool> {
        let Some(standing) = standing else { return Ok(false) };
        let statement = &self.statements[index];
        let done = match done_probe(&statement.comments) {
            Some(query) => rows::is_true(rows::one(connection, query, &[]).await?.as_ref()),
            None => false,
        };
        let (before, up) = (standing.before.as_ref(), &standing.up);
        if !done && !standing::takes(connection.dialect(), &statement.sql, before, up) {
            return Ok(false);
        }
        self.begin(connection, index, String::new()).await?;
        self.pass_over(connection, index, report).await?;
        Ok(true)
    }

    async fn pass_over(
        &self,
        connection: &mut dyn Connection,
        index: usize,
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        let statement = &self.statements[index];
        (report.observer)(Event::NothingToUndo { position: index + 1, sql: &statement.sql });
        report.remember(connection.dialect(), statement, index, Duration::ZERO, None, "nothing to undo");
        self.mark(connection, index, StepState::Done, None).await
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
        changing: &[shelf::Shelved],
        report: &mut Report<'_, '_>,
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
                    (report.observer)(Event::FoundDone { position: index + 1, sql: &statement.sql });
                    report.remember(connection.dialect(), statement, index, Duration::ZERO, None, "found done");
                    shelf::note(connection, changing, &statement.sql).await?;
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
            .hint("or undo them first: relata migrate rollback")
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

    async fn step(
        &self,
        connection: &mut dyn Connection,
        index: usize,
        changing: &[shelf::Shelved],
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        let statement = &self.statements[index];
        let mut attempts = Attempts::new();
        loop {
            let result = if classify(connection.dialect(), &statement.sql) == Class::Data {
                self.data(connection, index, changing, report).await
            } else {
                self.definition(connection, index, changing, report).await
            };
            let Err(mut error) = result else { return Ok(()) };
            if !connection.is_broken() {
                if connection.in_transaction() {
                    connection.batch("ROLLBACK").await?;
                }
                if self.partial && finds_nothing(&error) {
                    return self.pass_over(connection, index, report).await;
                }
                self.mark(connection, index, StepState::Failed, Some(&error)).await?;
                error = match attempts.again(report.runner, report.observer, error).await {
                    Ok(()) => {
                        self.clear_invalid_index(connection, statement).await?;
                        continue;
                    }
                    Err(error) => nulls::told(connection, &statement.sql, error).await,
                };
            }
            return Err(located(error, index, self.statements.len(), statement));
        }
    }

    /// Rows and `done` in one transaction.
    async fn data(
        &self,
        connection: &mut dyn Connection,
        index: usize,
        changing: &[shelf::Shelved],
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        self.begin(connection, index, String::new()).await?;
        connection.begin(TransactionOptions::default()).await?;
        report.run(connection, self.statements, index).await?;
        shelf::note(connection, changing, &self.statements[index].sql).await?;
        self.mark(connection, index, StepState::Done, None).await?;
        connection.batch("COMMIT").await
    }

    async fn definition(
        &self,
        connection: &mut dyn Connection,
        index: usize,
        changing: &[shelf::Shelved],
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        let statement = &self.statements[index];
        let probed = done_probe(&statement.comments).is_some() || !is_definition(connection.dialect(), &statement.sql);
        let before = if probed { String::new() } else { super::schema_digest(&super::schema(connection).await?) };
        self.begin(connection, index, before).await?;
        report.run(connection, self.statements, index).await?;
        shelf::note(connection, changing, &statement.sql).await?;
        self.mark(connection, index, StepState::Done, None).await
    }

    async fn read(&self, connection: &mut dyn Connection) -> Result<BTreeMap<usize, Entry>> {
        let dialect = connection.dialect();
        let sql = format!(
            "SELECT position, digest, state, schema_before FROM {STEPS_TABLE} WHERE version = {} AND direction = {} \
             AND position >= 0",
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
        let position = index as i64;
        rows::run(connection, &delete, &[version, direction, Value::Int(position)]).await?;
        let digest = statement_digest(dialect, statement);
        self.insert(connection, position, [digest, before, statement.clone()]).await
    }

    async fn insert(&self, connection: &mut dyn Connection, position: i64, texts: [String; 3]) -> Result<()> {
        let insert = format!(
            "INSERT INTO {STEPS_TABLE} (version, direction, position, digest, state, schema_before, statement, begun_at) \
             VALUES ({})",
            rows::placeholders(connection.dialect(), 8)
        );
        let [version, direction] = self.key();
        let [digest, before, statement] = texts.map(Value::Text);
        let begun = Value::Text(StepState::Begun.word().into());
        let now = Value::Text(super::now());
        let values = [version, direction, Value::Int(position), digest, begun, before, statement, now];
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

    async fn finish(
        &self,
        connection: &mut dyn Connection,
        outcome: &Outcome<'_>,
        early: Vec<shelf::Shelved>,
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        connection.begin(TransactionOptions::default()).await?;
        let result = self.finish_in_transaction(connection, outcome, early, report).await;
        match result {
            Ok(back) => shelf::drop_tables(connection, &back).await,
            Err(error) => {
                if connection.in_transaction() && !connection.is_broken() {
                    connection.batch("ROLLBACK").await?;
                }
                Err(error)
            }
        }
    }

    async fn finish_in_transaction(
        &self,
        connection: &mut dyn Connection,
        outcome: &Outcome<'_>,
        early: Vec<shelf::Shelved>,
        report: &mut Report<'_, '_>,
    ) -> Result<Vec<shelf::Shelved>> {
        let back = outcome.complete(connection, early, report).await?;
        outcome.write(connection, report).await?;
        forget(connection, self.version).await?;
        connection.batch("COMMIT").await?;
        Ok(back)
    }
}

/// What is to be said after a failure in the middle of a file.
pub(super) fn goes_on(direction: Direction, file: &str) -> String {
    match direction {
        Direction::Up => format!(
            "the statements before it are done and kept: repair the rest of {file} and run relata migrate apply again, \
             it goes on here; or undo them with relata migrate rollback"
        ),
        Direction::Down => format!(
            "the statements before it are done: repair the rest of {file} and run relata migrate rollback again, it \
             goes on here"
        ),
    }
}

/// What was there before the way up began, and which of its statements have run or may have.
struct Standing {
    before: Option<Schema>,
    up: Vec<String>,
}

/// The statements of the way up that have run, or may have, in their order.
async fn ran(connection: &mut dyn Connection, version: &str) -> Result<Vec<String>> {
    let place = rows::placeholder(connection.dialect(), 1);
    let sql = format!(
        "SELECT statement FROM {STEPS_TABLE} WHERE version = {place} AND direction = 'up' AND position >= 0 \
         AND state <> 'failed' ORDER BY position"
    );
    let found = rows::all(connection, &sql, &[Value::Text(version.into())]).await?;
    found.iter().map(|row| rows::cell(row, 0)).collect()
}

/// Whether the way up of a migration left steps behind: it was cut off or failed.
pub(super) async fn has_begun(connection: &mut dyn Connection, version: &str) -> Result<bool> {
    let place = rows::placeholder(connection.dialect(), 1);
    let sql = format!("SELECT count(*) FROM {STEPS_TABLE} WHERE version = {place} AND direction = 'up'");
    Ok(rows::is_true(rows::one(connection, &sql, &[Value::Text(version.into())]).await?.as_ref()))
}

/// Whether a statement of the way up was begun.
pub(super) async fn has_run(connection: &mut dyn Connection, version: &str) -> Result<bool> {
    let place = rows::placeholder(connection.dialect(), 1);
    let sql =
        format!("SELECT count(*) FROM {STEPS_TABLE} WHERE version = {place} AND direction = 'up' AND position >= 0");
    Ok(rows::is_true(rows::one(connection, &sql, &[Value::Text(version.into())]).await?.as_ref()))
}

/// Whether what was done on the way up changed rows of tables that were there before: no way down brings those back.
pub(super) async fn changed_rows(connection: &mut dyn Connection, version: &str) -> Result<bool> {
    let dialect = connection.dialect();
    let mut created = BTreeSet::new();
    for sql in ran(connection, version).await? {
        let sql = script::flatten(dialect, &sql);
        if let Some(table) = table_after(&sql, &["CREATE TABLE "]) {
            created.insert(table);
        }
        let writing = ["INSERT INTO ", "INSERT IGNORE INTO ", "REPLACE INTO ", "UPDATE ", "DELETE FROM "];
        let harmless = match table_after(&sql, &writing) {
            Some(table) => created.contains(&table),
            None => classify(dialect, &sql) != Class::Data || sql.to_ascii_uppercase().starts_with("SELECT"),
        };
        if !harmless {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The name that follows one of these beginnings, without quotes. `IF NOT EXISTS` is not a name: whether such a
/// statement created anything is not known.
fn table_after(sql: &str, beginnings: &[&str]) -> Option<String> {
    let begins =
        |beginning: &&&str| sql.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning));
    let rest = &sql[beginnings.iter().find(begins)?.len()..];
    let name = rest.split([' ', '(']).next().unwrap_or_default().replace(['`', '"'], "");
    (!name.eq_ignore_ascii_case("if") && !name.is_empty()).then_some(name)
}

/// Forgets what is noted of a migration's statements.
pub(super) async fn forget(connection: &mut dyn Connection, version: &str) -> Result<()> {
    let sql = format!("DELETE FROM {STEPS_TABLE} WHERE version = {}", rows::placeholder(connection.dialect(), 1));
    rows::run(connection, &sql, &[Value::Text(version.into())]).await.map(drop)
}

/// Whether a statement that undoes failed because there is nothing to undo.
fn finds_nothing(error: &Error) -> bool {
    use Kind::{AlreadyExists, UndefinedColumn, UndefinedObject, UndefinedTable};
    matches!(error.kind(), UndefinedTable | UndefinedColumn | UndefinedObject | AlreadyExists)
}

/// What differs between two locks, object by object.
fn differences(before: &str, after: &str) -> Vec<String> {
    let objects = |text: &str| -> BTreeMap<String, String> {
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        lines.map(|(key, rest)| (key.to_string(), rest.to_string())).collect()
    };
    if before.is_empty() {
        return Vec::new();
    }
    let (before, after) = (objects(before), objects(after));
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key)).map(|(key, _)| format!("{key} is missing"));
    let other = after.iter().filter_map(|(key, rest)| match before.get(key) {
        None => Some(format!("{key} is too many")),
        Some(was) if was != rest => Some(format!("{key} differs")),
        Some(_) => None,
    });
    gone.chain(other).collect()
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
