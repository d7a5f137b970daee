//! Runs the statements of one script in one transaction, with what has to be committed together with them.
//!
//! The script stays plain SQL that the database's own shell runs too. So it may hold `BEGIN` and `COMMIT`, and on
//! SQLite `PRAGMA foreign_keys = OFF`, without which no table can be rebuilt. Here the transaction is the executor's:
//! the script's own `BEGIN` and `COMMIT` are passed over, and foreign keys are switched off around it, with
//! `PRAGMA foreign_key_check` before the commit: what violates a key afterwards and did not before fails the migration.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use relata_schema::script::{self, ScriptStatement};
use relata_schema::{Dialect, digest};
use relata_sql::driver::{Connection, Statement, TransactionOptions};
use relata_sql::{Error, Kind, Result, Value};

use super::header::Header;
use super::history::{self, Applied, State};
use super::lacking::{self, Lacking};
use super::observe::{self, Beside, Lookout};
use super::settings::Settings;
use super::trail::{self, Action, Ending, Note, StatementRun};
use super::{Event, Observer, Runner, copy, drift, lock, nulls, roles, rows, shelf};

/// What a statement is, as far as running it safely depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It sets up the session: harmless and necessary to repeat.
    Session,
    /// SQLite's switch of foreign keys; works only outside a transaction.
    ForeignKeys { on: bool },
    /// It begins or commits a transaction.
    Transaction,
    /// It rolls back: nothing that is meant to be applied does that.
    Rollback,
    /// It changes rows, and can be in a transaction with others everywhere.
    Data,
    /// Everything else.
    Schema,
}

pub(super) fn classify(dialect: Dialect, sql: &str) -> Class {
    let words = script::words(dialect, sql, 4);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["PRAGMA", "FOREIGN_KEYS", value] => Class::ForeignKeys { on: matches!(value, "ON" | "TRUE" | "YES" | "1") },
        // No word outside comments that the server runs: `/*!40101 SET NAMES utf8 */`.
        [] | ["SET" | "USE" | "PRAGMA" | "RESET", ..] => Class::Session,
        ["SELECT", "SET_CONFIG", ..] | ["SELECT", "PG_CATALOG", "SET_CONFIG", ..] => Class::Session,
        ["BEGIN" | "COMMIT" | "END", ..] | ["START", "TRANSACTION", ..] => Class::Transaction,
        ["ROLLBACK", ..] => Class::Rollback,
        ["INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE" | "COPY" | "WITH" | "SELECT" | "VALUES", ..] => {
            Class::Data
        }
        _ => Class::Schema,
    }
}

/// The digest of a statement that layout does not change.
pub(super) fn statement_digest(dialect: Dialect, sql: &str) -> String {
    digest::hex(&script::flatten(dialect, sql))
}

/// Runs a script as its header says, with no history: in one transaction where the database can and the header does
/// not forbid it, else statement by statement.
///
/// # Errors
/// What the database reports, with the statement's number and line.
pub async fn run_script(connection: &mut dyn Connection, header: &Header, text: &str) -> Result<()> {
    run(connection, header, text, None, None).await.map(drop)
}

/// [`run_script`] on a shadow that may lack what some statements need: those are left out and named.
///
/// # Errors
/// What the database reports of any other statement.
pub async fn run_as_far(
    connection: &mut dyn Connection,
    header: &Header,
    text: &str,
    lacking: &mut Lacking,
) -> Result<()> {
    run(connection, header, text, None, Some(lacking)).await.map(drop)
}

/// [`run_script`] on a shadow, and what its statements were seen to lock and rewrite. With `lacking`, as far as the shadow
/// has what they need. `beside` opens the sessions from which is watched what cannot run in a transaction.
///
/// # Errors
/// What the database reports, with the statement's number and line.
pub async fn run_watched(
    connection: &mut dyn Connection,
    header: &Header,
    text: &str,
    lacking: Option<&mut Lacking>,
    beside: Option<&Beside>,
) -> Result<Vec<observe::Observed>> {
    let lookout = Lookout::open(connection, beside).await?;
    run(connection, header, text, Some(lookout), lacking).await
}

async fn run(
    connection: &mut dyn Connection,
    header: &Header,
    text: &str,
    mut lookout: Option<Lookout>,
    mut lacking: Option<&mut Lacking>,
) -> Result<Vec<observe::Observed>> {
    let dialect = connection.dialect();
    let statements = script::statements(dialect, text);
    if transactional(dialect, header) {
        return run_at_once(connection, &statements, lookout, lacking).await;
    }
    for (index, statement) in statements.iter().enumerate() {
        if let Some(lacking) = &mut lacking
            && lacking.spares(connection, statement).await?
        {
            continue;
        }
        let result = match (classify(dialect, &statement.sql), &mut lookout) {
            (Class::Transaction, _) => Ok(()),
            (Class::Schema | Class::Data, Some(lookout)) => lookout.run(connection, index, statement).await,
            _ => execute(connection, statement).await.map(drop),
        };
        if let (Err(error), Some(lacking)) = (&result, &mut lacking)
            && !connection.is_broken()
            && lacking.leave_out(dialect, error, statement)
        {
            continue;
        }
        result.map_err(|error| located(error, index, statements.len(), statement))?;
    }
    Ok(lookout.map(Lookout::close).unwrap_or_default())
}

/// Runs a script in one transaction. Where the shadow turns out to lack something, once more, so that each statement can
/// be left out by itself.
async fn run_at_once(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    lookout: Option<Lookout>,
    lacking: Option<&mut Lacking>,
) -> Result<Vec<observe::Observed>> {
    let (runner, ignored) = (Runner::default(), &mut |_: Event<'_>| {});
    let watches = lookout.is_some();
    let mut report = Report { lookout, ..Report::new(&runner, ignored) };
    let Some(lacking) = lacking else {
        in_transaction(connection, statements, &Outcome::Nothing, &mut report).await?;
        return Ok(report.lookout.map(Lookout::close).unwrap_or_default());
    };
    let dialect = connection.dialect();
    let mut one_by_one = statements.iter().any(|statement| roles::act(dialect, &statement.sql).is_some());
    if !one_by_one {
        match in_transaction(connection, statements, &Outcome::Nothing, &mut report).await {
            Err(error) if !connection.is_broken() && lacking.concerns(dialect, &error) => {
                report.lookout = if watches { Some(Lookout::open(connection, None).await?) } else { None };
                one_by_one = true;
            }
            result => result?,
        }
    }
    if one_by_one {
        report.lacking = Some(std::mem::take(lacking));
        let result = in_transaction(connection, statements, &Outcome::Nothing, &mut report).await;
        *lacking = report.lacking.take().unwrap_or_default();
        result?;
    }
    Ok(report.lookout.map(Lookout::close).unwrap_or_default())
}

/// Whether a script runs in one transaction.
pub(super) fn transactional(dialect: Dialect, header: &Header) -> bool {
    dialect.transactional_ddl() && !header.transaction_off
}

/// Who is told what a script does, and what is remembered of it.
pub(super) struct Report<'r, 'o> {
    /// Who runs it.
    pub runner: &'r Runner,
    /// Who is told.
    pub observer: &'r mut Observer<'o>,
    /// What the statements did so far.
    pub statements: Vec<StatementRun>,
    /// PostgreSQL, statement by statement: where the script wants names to be looked up. Between its statements the
    /// session's own path holds, so that relata's tables are found.
    path: Option<Value>,
    /// On a shadow: looks at what each statement locks.
    lookout: Option<Lookout>,
    /// How the migration was proved, for the trail.
    pub proof: Option<String>,
    /// On a shadow: what it lacks; statements that need it are left out.
    lacking: Option<Lacking>,
}

impl<'r, 'o> Report<'r, 'o> {
    pub(super) fn new(runner: &'r Runner, observer: &'r mut Observer<'o>) -> Self {
        Report { runner, observer, statements: Vec::new(), path: None, lookout: None, proof: None, lacking: None }
    }

    /// Runs one statement of a script: told before and after, measured, and not begun once the runner was told to stop.
    pub(super) async fn run(
        &mut self,
        connection: &mut dyn Connection,
        statements: &[ScriptStatement],
        index: usize,
    ) -> Result<()> {
        let statement = &statements[index];
        let (position, count, sql) = (index + 1, statements.len(), statement.sql.as_str());
        if self.runner.stop.is_asked() {
            return Err(Error::new(Kind::Cancelled, "stopped as asked, before this statement"));
        }
        (self.observer)(Event::Statement { position, statements: count, sql });
        let begun = Instant::now();
        let result = self.with_path(connection, statement).await;
        let outcome = if result.is_ok() { "done" } else { "failed" };
        let rows = result.as_ref().ok().copied().flatten();
        self.remember(connection.dialect(), statement, index, begun.elapsed(), rows, outcome);
        if result.is_ok() {
            (self.observer)(Event::Ran { position, statements: count, sql, duration: begun.elapsed(), rows });
        }
        if let (Ok(_), Some(lookout)) = (&result, &mut self.lookout) {
            lookout.after(connection, index, statement).await?;
        }
        result.map(drop)
    }

    /// Runs a statement that sets up the session, outside a transaction.
    pub(super) async fn session(&mut self, connection: &mut dyn Connection, statement: &ScriptStatement) -> Result<()> {
        self.with_path(connection, statement).await.map(drop)
    }

    async fn with_path(&mut self, connection: &mut dyn Connection, statement: &ScriptStatement) -> Result<Option<u64>> {
        if connection.dialect() != Dialect::Postgres || connection.in_transaction() && self.path.is_none() {
            return patiently(connection, statement).await;
        }
        let own = SearchPath::read(connection).await?;
        if let Some(path) = self.path.take() {
            SearchPath(Some(path)).restore(connection).await?;
        }
        let result = patiently(connection, statement).await;
        if result.is_ok() || !connection.in_transaction() && !connection.is_broken() {
            let now = SearchPath::read(connection).await?;
            if now.0 != own.0 {
                own.restore(connection).await?;
                self.path = now.0;
            }
        }
        result
    }

    /// Remembers what became of a statement, for the trail.
    pub(super) fn remember(
        &mut self,
        dialect: Dialect,
        statement: &ScriptStatement,
        index: usize,
        duration: Duration,
        rows: Option<u64>,
        outcome: &'static str,
    ) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let words = script::words(dialect, &statement.sql, 3).join(" ");
        self.statements.push(StatementRun {
            position: index + 1,
            line: statement.line,
            words,
            microseconds,
            rows,
            outcome,
        });
    }
}

/// Runs a statement. What PostgreSQL builds concurrently waits for locks as long as it takes (see [`super::wait`]).
pub(super) async fn patiently(connection: &mut dyn Connection, statement: &ScriptStatement) -> Result<Option<u64>> {
    let words = script::words(connection.dialect(), &statement.sql, 16);
    if connection.dialect() != Dialect::Postgres || !words.iter().any(|word| word == "CONCURRENTLY") {
        return execute(connection, statement).await;
    }
    let before = rows::one(connection, "SELECT current_setting('lock_timeout')", &[]).await?;
    connection.batch("SET lock_timeout = 0").await?;
    let result = execute(connection, statement).await;
    if let Some(Value::Text(before)) = before
        && !connection.is_broken()
    {
        connection.batch(&format!("SET lock_timeout = '{before}'")).await?;
    }
    result
}

/// Runs a statement; gives the rows that it changed where it is one that changes rows.
pub(super) async fn execute(connection: &mut dyn Connection, statement: &ScriptStatement) -> Result<Option<u64>> {
    let sql = statement.sql.as_str();
    if let Some(data) = &statement.data {
        return copy::insert(connection, sql, data).await.map(Some);
    }
    let words = script::words(connection.dialect(), sql, 1);
    if matches!(words.first().map(String::as_str), Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE")) {
        return connection.execute(Statement::once(sql, &[])).await.map(|done| Some(done.rows_affected));
    }
    connection.batch(sql).await.map(|()| None)
}

/// Somebody else was at it in spite of the lock.
pub(super) fn overtaken(row: &Applied, done: &str) -> Error {
    let message = format!("{} was {done} by another runner just now, in spite of the lock", row.id());
    Error::new(Kind::MigrationLocked, message)
        .hint("a pooler between here and the server shares sessions: give the server's own URL for migrations")
        .hint("nothing was done twice; run again")
}

/// What is written into the history together with a script.
pub(super) enum Outcome<'a> {
    /// Nothing: the database is a shadow.
    Nothing,
    /// The migration has been applied; it began at that moment.
    Applied(&'a Applied, Instant),
    /// The migration has been rolled back.
    Undone(&'a Applied, Instant),
    /// The database is again what its history says; the digest of what ran for that.
    Returned(&'a str, Instant),
}

impl Outcome<'_> {
    /// First thing in the transaction: nobody else is at it, also where a pooler has lost the session's lock.
    async fn guard(&self, connection: &mut dyn Connection) -> Result<()> {
        let (row, there) = match self {
            Outcome::Nothing => return Ok(()),
            Outcome::Returned(..) => return lock::guard(connection).await,
            Outcome::Applied(row, _) => (row, false),
            Outcome::Undone(row, _) => (row, true),
        };
        lock::guard(connection).await?;
        let found = history::state(connection, &row.version).await?;
        let settled = matches!(found, Some(State::Applied | State::Baseline));
        if settled == there {
            return Ok(());
        }
        Err(overtaken(row, if there { "rolled back" } else { "applied" }))
    }

    /// Before the first statement: what goes is kept.
    pub(super) async fn prepare(&self, connection: &mut dyn Connection, report: &mut Report<'_, '_>) -> Result<()> {
        match self {
            Outcome::Nothing | Outcome::Returned(..) => Ok(()),
            Outcome::Undone(row, _) => shelf::prune(connection, &row.version).await,
            Outcome::Applied(row, _) => {
                let Some(shelve) = report.runner.shelve.get(&row.version) else { return Ok(()) };
                let kept = shelf::put(connection, &row.version, shelve).await?;
                kept.iter().for_each(|what| (report.observer)(Event::Kept { what }));
                Ok(())
            }
        }
    }

    /// After a statement in a transaction: what was kept of the table or column that it created comes back.
    async fn restore(
        &self,
        connection: &mut dyn Connection,
        statement: &ScriptStatement,
        search_path: &SearchPath,
        back: &mut Vec<shelf::Shelved>,
    ) -> Result<()> {
        let Outcome::Undone(row, _) = self else { return Ok(()) };
        if !shelf::may_bring_back(connection.dialect(), &statement.sql) {
            return Ok(());
        }
        let own = SearchPath::read(connection).await?;
        search_path.restore(connection).await?;
        back.extend(shelf::put_back_early(connection, &row.version, &statement.sql).await?);
        own.restore(connection).await
    }

    /// After the last statement: what was kept comes back, but for what came back before. Gives what is no longer kept.
    pub(super) async fn complete(
        &self,
        connection: &mut dyn Connection,
        early: Vec<shelf::Shelved>,
        report: &mut Report<'_, '_>,
    ) -> Result<Vec<shelf::Shelved>> {
        match self {
            Outcome::Nothing | Outcome::Returned(..) => Ok(Vec::new()),
            // Also what a run before had kept, that was cut off.
            Outcome::Applied(row, _) => shelf::settle(connection, &row.version).await.map(|()| Vec::new()),
            Outcome::Undone(row, _) => {
                let back = shelf::put_back(connection, &row.version, early).await?;
                back.iter().for_each(|what| (report.observer)(Event::PutBack { what }));
                Ok(back)
            }
        }
    }

    pub(super) async fn write(&self, connection: &mut dyn Connection, report: &mut Report<'_, '_>) -> Result<()> {
        let (action, row, begun) = match self {
            Outcome::Nothing => return Ok(()),
            Outcome::Returned(digest, begun) => return drift::write(connection, report, digest, *begun).await,
            Outcome::Applied(row, begun) => (Action::Apply, *row, begun),
            Outcome::Undone(row, begun) => (Action::Rollback, *row, begun),
        };
        let duration_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        match self {
            Outcome::Undone(..) => history::remove(connection, &row.version).await?,
            _ => history::write(connection, &Applied { duration_ms, applied_at: super::now(), ..row.clone() }).await?,
        }
        if let Some(proof) = &report.proof {
            let note = Note { note: proof.clone(), ..Note::about(Action::Prove, Ending::Done, row) };
            trail::append(connection, report.runner, note).await?;
        }
        let note = Note { duration_ms, statements: &report.statements, ..Note::about(action, Ending::Done, row) };
        trail::append(connection, report.runner, note).await
    }
}

/// Runs statements and writes the outcome in one transaction. After a failure nothing of it has happened.
pub(super) async fn in_transaction(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    outcome: &Outcome<'_>,
    report: &mut Report<'_, '_>,
) -> Result<()> {
    let settings = Settings::before(connection, statements).await?;
    let off = ForeignKeys::switch_off(connection, statements).await?;
    let result = transaction(connection, statements, off.as_ref(), outcome, report).await;
    if result.is_err() && !connection.is_broken() && connection.in_transaction() {
        // The first error is the one to tell; a rollback that fails leaves a broken connection.
        let _ = connection.batch("ROLLBACK").await;
    }
    if connection.is_broken() {
        return result;
    }
    let restored = settings.restore(connection).await;
    result.and(restored)
}

async fn transaction(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    off: Option<&ForeignKeys>,
    outcome: &Outcome<'_>,
    report: &mut Report<'_, '_>,
) -> Result<()> {
    connection.begin(TransactionOptions::default()).await?;
    if let Some(lookout) = &mut report.lookout {
        lookout.begin(connection).await?;
    }
    let search_path = SearchPath::read(connection).await?;
    outcome.guard(connection).await?;
    outcome.prepare(connection, report).await?;
    let mut back = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let result = match &report.lacking {
            Some(_) if lacking::may_be_left_out(connection.dialect(), statement) => {
                or_left_out(connection, statements, index, report).await
            }
            _ => in_place(connection, statements, index, report).await,
        };
        result.map_err(|error| located(error, index, statements.len(), statement))?;
        outcome.restore(connection, statement, &search_path, &mut back).await?;
    }
    search_path.restore(connection).await?;
    let back = outcome.complete(connection, back, report).await?;
    shelf::drop_tables(connection, &back).await?;
    if let Some(off) = off {
        off.check(connection).await?;
    }
    outcome.write(connection, report).await?;
    connection.batch("COMMIT").await
}

/// Runs a statement, or leaves it out for something that the shadow lacks: nothing of it has happened then.
async fn or_left_out(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    index: usize,
    report: &mut Report<'_, '_>,
) -> Result<()> {
    if let Some(lacking) = &mut report.lacking
        && lacking.spares(connection, &statements[index]).await?
    {
        return Ok(());
    }
    connection.batch("SAVEPOINT relata_statement").await?;
    let Err(error) = in_place(connection, statements, index, report).await else {
        return connection.batch("RELEASE SAVEPOINT relata_statement").await;
    };
    let dialect = connection.dialect();
    let left_out =
        report.lacking.as_mut().is_some_and(|lacking| lacking.leave_out(dialect, &error, &statements[index]));
    if connection.is_broken() || !left_out {
        return Err(error);
    }
    connection.batch("ROLLBACK TO SAVEPOINT relata_statement").await
}

async fn in_place(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    index: usize,
    report: &mut Report<'_, '_>,
) -> Result<()> {
    match classify(connection.dialect(), &statements[index].sql) {
        Class::Transaction | Class::ForeignKeys { .. } => Ok(()),
        Class::Rollback => Err(Error::new(Kind::Migration, "a migration cannot roll itself back")
            .hint("take ROLLBACK out; if the migration fails, relata rolls it back")),
        _ => report.run(connection, statements, index).await,
    }
}

/// Says which statement failed, and where in it if the database tells: with the line as it stands in the file and a mark
/// under the place.
pub(super) fn located(error: Error, index: usize, count: usize, statement: &ScriptStatement) -> Error {
    if let Some((line, column, text)) = place(&error, &statement.sql) {
        let mark = format!("{text}\n       {}^", " ".repeat(column - 1));
        let place = format!("line {}, column {column}", statement.line + line - 1);
        return error.sql(mark).context(format!("statement {} of {count}, {place}", index + 1));
    }
    let error = match &error.details().sql {
        Some(sql) if !sql.is_empty() => error,
        _ => error.sql(excerpt(&statement.sql)),
    };
    nulls::with_way_out(error).context(format!("statement {} of {count}, line {}", index + 1, statement.line))
}

/// Line and column from 1 in the statement, and the text of that line.
fn place(error: &Error, sql: &str) -> Option<(usize, usize, String)> {
    let position = error.details().position.or_else(|| near(error, sql))?;
    let before: String = sql.chars().take(position).collect();
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    // Tabs would move the mark.
    let text = sql.lines().nth(line)?.replace('\t', " ");
    (text.chars().count() <= 200).then_some((line + 1, column, text))
}

/// MariaDB tells the text where it gave up: `… near 'TABEL c (x)' at line 1`.
fn near(error: &Error, sql: &str) -> Option<usize> {
    let (_, rest) = error.message().split_once(" near '")?;
    let (text, _) = rest.rsplit_once("' at line ")?;
    let first = text.lines().next().filter(|text| !text.is_empty())?;
    let byte = sql.find(first)?;
    let blank = first.len() - first.trim_start().len();
    Some(sql[..byte + blank].chars().count())
}

/// A statement on one line, cut where people stop reading.
pub(super) fn excerpt(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// PostgreSQL: dumps set an empty search path; the history has to be found all the same.
pub(super) struct SearchPath(Option<Value>);

impl SearchPath {
    pub(super) async fn read(connection: &mut dyn Connection) -> Result<Self> {
        if connection.dialect() != Dialect::Postgres {
            return Ok(SearchPath(None));
        }
        Ok(SearchPath(rows::one(connection, "SELECT current_setting('search_path')", &[]).await?))
    }

    pub(super) async fn restore(&self, connection: &mut dyn Connection) -> Result<()> {
        if let Some(Value::Text(path)) = &self.0 {
            let sql = format!("SELECT set_config('search_path', {}, false)", Dialect::Postgres.literal(path));
            rows::one(connection, &sql, &[]).await?;
        }
        Ok(())
    }
}

/// SQLite's foreign keys, switched off, with the violations there were before: child and parent table, how many.
struct ForeignKeys(BTreeMap<(String, String), usize>);

impl ForeignKeys {
    async fn switch_off(connection: &mut dyn Connection, statements: &[ScriptStatement]) -> Result<Option<Self>> {
        let dialect = connection.dialect();
        let asked = |statement: &ScriptStatement| classify(dialect, &statement.sql) == Class::ForeignKeys { on: false };
        if dialect != Dialect::Sqlite || !statements.iter().any(asked) {
            return Ok(None);
        }
        let on = rows::is_true(rows::one(connection, "PRAGMA foreign_keys", &[]).await?.as_ref());
        if !on {
            return Ok(None);
        }
        let violations = violations(connection).await?;
        connection.batch("PRAGMA foreign_keys = OFF").await?;
        Ok(Some(ForeignKeys(violations)))
    }

    async fn check(&self, connection: &mut dyn Connection) -> Result<()> {
        for ((child, parent), count) in violations(connection).await? {
            let before = self.0.get(&(child.clone(), parent.clone())).copied().unwrap_or(0);
            if count > before {
                let message = format!("{} rows of {child} refer to rows that {parent} does not have", count - before);
                return Err(Error::new(Kind::ForeignKeyViolation, message).table(child.clone()).hint(format!(
                    "nothing was changed; add the missing rows of {parent}, or delete or set NULL what refers to them"
                )));
            }
        }
        Ok(())
    }
}

async fn violations(connection: &mut dyn Connection) -> Result<BTreeMap<(String, String), usize>> {
    let mut found = BTreeMap::new();
    let all = match rows::all(connection, "PRAGMA foreign_key_check", &[]).await {
        Err(error) if is_mismatch(&error) => violations_by_table(connection).await?,
        all => all?,
    };
    for row in all {
        *found.entry((rows::cell(&row, 0)?, rows::cell(&row, 2)?)).or_insert(0) += 1;
    }
    Ok(found)
}

/// The columns referred to are no key: SQLite keeps such a reference and cannot check it.
fn is_mismatch(error: &Error) -> bool {
    error.to_string().contains("foreign key mismatch")
}

/// What violates the keys of those tables that can be checked.
async fn violations_by_table(connection: &mut dyn Connection) -> Result<Vec<Vec<Value>>> {
    let mut found = Vec::new();
    for row in rows::all(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'", &[]).await? {
        let name: String = rows::cell(&row, 0)?;
        let check = format!("PRAGMA foreign_key_check({})", Dialect::Sqlite.quote(&name));
        match rows::all(connection, &check, &[]).await {
            Err(error) if is_mismatch(&error) => {}
            rows => found.extend(rows?),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_known_by_their_first_words() {
        use Class::*;
        for (dialect, sql, class) in [
            (Dialect::Sqlite, "PRAGMA foreign_keys = OFF", ForeignKeys { on: false }),
            (Dialect::Sqlite, "pragma foreign_keys=on", ForeignKeys { on: true }),
            (Dialect::Sqlite, "PRAGMA foreign_key_check", Session),
            (Dialect::Sqlite, "BEGIN IMMEDIATE", Transaction),
            (Dialect::Sqlite, "END", Transaction),
            (Dialect::Mysql, "start transaction", Transaction),
            (Dialect::Mysql, "/*!40101 SET NAMES utf8 */", Session),
            (Dialect::Mysql, "SET FOREIGN_KEY_CHECKS = 0", Session),
            (
                Dialect::Mysql,
                "SET STATEMENT system_versioning_alter_history = 1 FOR ALTER TABLE t DROP COLUMN c",
                Schema,
            ),
            (Dialect::Mysql, "SET STATEMENT max_statement_time = 9 FOR UPDATE t SET a = 1", Data),
            (Dialect::Postgres, "-- x\nupdate a set b = 1", Data),
            (Dialect::Postgres, "SELECT pg_catalog.set_config('search_path', '', false)", Session),
            (Dialect::Postgres, "ALTER TABLE a ADD b int", Schema),
            (Dialect::Postgres, "ROLLBACK", Rollback),
        ] {
            assert_eq!(classify(dialect, sql), class, "{sql}");
        }
    }
}
