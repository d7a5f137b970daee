//! What the statements of a migration lock and rewrite, seen on a shadow while they run: locks are observed, not
//! believed.
//!
//! - PostgreSQL: in the transaction of the script, or one around each statement where the script has none, `pg_locks` of
//!   the own backend, changed file nodes (the table was written anew) and counted scans are read after each statement.
//!   What cannot run in a transaction (`CONCURRENTLY`, `VACUUM`) is watched from two other sessions that stand in its way
//!   until each of its locks was seen ([`Beside`]); without them it is said to be unseen.
//! - MariaDB, MySQL: each `ALTER TABLE`, `CREATE INDEX` and `DROP INDEX` is asked for the cheapest way first
//!   (`ALGORITHM`, `LOCK`); the first that the server does not refuse is what it needs. Of `DROP TABLE`, `RENAME TABLE`,
//!   `TRUNCATE`, triggers and views that are replaced or dropped, another session sees what they want for themselves
//!   alone; of new foreign keys, whether writes of the table they point to wait. What other statements (routines,
//!   partitions that are exchanged with a table) lock is not seen, nor weaker metadata locks; privileges lock no table.
//! - SQLite locks the whole database whatever is done; seen is which tables were made anew, and which read for an index.
//!
//! Only tables and views that were there before the script count: nobody waits for one that nobody else knows. Weak
//! locks (those of plain reads) are left out. It deliberately measures no time: a shadow has other rows and no traffic.

mod mysql;
mod postgres;
mod sqlite;

use std::collections::BTreeSet;

use relata_schema::Dialect;
use relata_schema::change::{Lock, LockMode, LockSpan, Plan, Recipe, Step};
use relata_schema::model::{ObjectKind, ObjectName};
use relata_schema::script::{self, ScriptStatement};
use relata_sql::driver::{ConnectOptions, Connection, Driver};
use relata_sql::{DatabaseUrl, Result};

/// What one statement was seen to do to tables that were there before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Which statement, from 1.
    pub position: usize,
    /// The line it begins on.
    pub line: usize,
    /// Its SQL.
    pub sql: String,
    /// The locks it added to those that were held.
    pub locks: Vec<Lock>,
    /// Every lock that was held afterwards: those of the statements before it too, until the transaction ends.
    pub held: Vec<(ObjectName, LockMode)>,
    /// Tables that it renamed: before and after.
    pub renamed: Vec<(ObjectName, ObjectName)>,
    /// It was looked at; not so what cannot run in a transaction, unless it was watched from beside.
    pub seen: bool,
}

/// Opens further connections to a shadow: from there statements are watched that cannot run in a transaction.
#[derive(Clone)]
pub struct Beside {
    driver: &'static dyn Driver,
    url: DatabaseUrl,
}

impl Beside {
    /// Beside the connection to a shadow that the driver opened at this URL, password included.
    pub fn new(driver: &'static dyn Driver, url: DatabaseUrl) -> Self {
        Beside { driver, url }
    }

    async fn connect(&self) -> Result<Box<dyn Connection>> {
        let connection = self.driver.connect(&self.url, &ConnectOptions::default()).await;
        connection.map_err(|error| error.context("watching a statement on the shadow from another session"))
    }
}

/// Looks at a shadow while a script runs on it.
pub(super) struct Lookout {
    eye: Eye,
    beside: Option<Beside>,
    observed: Vec<Observed>,
}

enum Eye {
    Postgres(postgres::Eye),
    Mysql(mysql::Eye),
    Sqlite(sqlite::Eye),
}

impl Lookout {
    /// Looks at what is there before the script.
    pub(super) async fn open(connection: &mut dyn Connection, beside: Option<&Beside>) -> Result<Self> {
        let eye = match connection.dialect() {
            Dialect::Postgres => Eye::Postgres(postgres::Eye::open(connection).await?),
            Dialect::Mysql => Eye::Mysql(mysql::Eye::open(connection).await?),
            Dialect::Sqlite => Eye::Sqlite(sqlite::Eye::open(connection).await?),
        };
        Ok(Lookout { eye, beside: beside.cloned(), observed: Vec::new() })
    }

    /// Remembers how things stand as the transaction of the script begins.
    pub(super) async fn begin(&mut self, connection: &mut dyn Connection) -> Result<()> {
        match &mut self.eye {
            Eye::Postgres(eye) => eye.begin(connection).await,
            Eye::Mysql(_) | Eye::Sqlite(_) => Ok(()),
        }
    }

    /// Runs one statement of a script that has no transaction of its own.
    pub(super) async fn run(
        &mut self,
        connection: &mut dyn Connection,
        index: usize,
        statement: &ScriptStatement,
    ) -> Result<()> {
        let mut observed = about(index, statement);
        match &mut self.eye {
            Eye::Mysql(eye) => {
                eye.run(connection, &statement.sql, self.beside.as_ref(), &mut observed).await?;
            }
            Eye::Postgres(eye) => {
                eye.run_alone(connection, statement, self.beside.as_ref(), &mut observed).await?;
            }
            Eye::Sqlite(eye) => {
                connection.batch(&statement.sql).await?;
                eye.look(connection, &mut observed).await?;
            }
        }
        self.observed.push(observed);
        Ok(())
    }

    /// Looks after a statement that ran in the transaction of its script.
    pub(super) async fn after(
        &mut self,
        connection: &mut dyn Connection,
        index: usize,
        statement: &ScriptStatement,
    ) -> Result<()> {
        let mut observed = about(index, statement);
        match &mut self.eye {
            Eye::Mysql(_) => {}
            Eye::Postgres(eye) => eye.look(connection, &mut observed).await?,
            Eye::Sqlite(eye) => eye.look(connection, &mut observed).await?,
        }
        self.observed.push(observed);
        Ok(())
    }

    /// What was seen.
    pub(super) fn close(self) -> Vec<Observed> {
        self.observed
    }
}

fn about(index: usize, statement: &ScriptStatement) -> Observed {
    Observed { position: index + 1, line: statement.line, sql: statement.sql.clone(), ..Observed::default() }
}

/// What was seen in other than the predicted way, one line each. Statements that the plan does not have (hand-written
/// ones) are not compared.
pub fn surprises(plan: &Plan, observed: &[Observed]) -> Vec<String> {
    if plan.dialect == Dialect::Sqlite {
        return made_anew(plan, observed);
    }
    let mut steps: Vec<&Step> = plan.steps.iter().collect();
    let flat = |sql: &str| script::flatten(plan.dialect, sql);
    let mut found = Vec::new();
    for seen in observed.iter().filter(|observed| observed.seen) {
        let Some(at) = steps.iter().position(|step| flat(&step.sql) == flat(&seen.sql)) else { continue };
        let step = steps.remove(at);
        let lines = compare(plan.dialect, &step.locks, seen);
        found.extend(lines.into_iter().map(|line| format!("{}: {line}", step.summary)));
    }
    found
}

/// Every statement is a step of the plan, all ran in one transaction, and one of them should take a lock that was held
/// already when it began: whether it does was not to be seen.
pub(super) fn is_covered(plan: &Plan, observed: &[Observed]) -> bool {
    if plan.dialect != Dialect::Postgres {
        return false;
    }
    let flat = |sql: &str| script::flatten(plan.dialect, sql);
    let step = |seen: &Observed| plan.steps.iter().find(|step| flat(&step.sql) == flat(&seen.sql));
    let Some(steps) = observed.iter().map(step).collect::<Option<Vec<_>>>() else { return false };
    if steps.iter().any(|step| !step.transactional) {
        return false;
    }
    let held = |at: usize| observed[..at].iter().flat_map(|seen| &seen.held).map(|(object, _)| object);
    steps.iter().enumerate().any(|(at, step)| step.locks.iter().any(|lock| held(at).any(|other| *other == lock.object)))
}

/// SQLite: which tables were predicted to be written anew or read for an index, and which were.
fn made_anew(plan: &Plan, observed: &[Observed]) -> Vec<String> {
    let made = |table: &ObjectName, recipe: Recipe| {
        let of = |step: &&Step| step.object.kind == ObjectKind::Table && step.object.name == *table;
        plan.steps.iter().filter(of).any(|step| step.recipe == recipe)
    };
    let comes = |table: &ObjectName| {
        let creates = |step: &Step| {
            step.object.kind == ObjectKind::Table
                && step.object.name == *table
                && script::words(plan.dialect, &step.sql, 2) == ["CREATE", "TABLE"]
        };
        plan.steps.iter().any(creates) && !made(table, Recipe::Rebuild)
    };
    let of = |recipe: Recipe| -> BTreeSet<&str> {
        let is = |step: &&Step| {
            let index = step.object.kind == ObjectKind::Index;
            step.recipe == recipe && (recipe == Recipe::Rebuild || index) && !comes(&step.object.name)
        };
        plan.steps.iter().filter(is).map(|step| step.object.name.name.as_str()).collect()
    };
    let seen = |span: LockSpan| -> BTreeSet<&str> {
        let locks = observed.iter().flat_map(|observed| &observed.locks);
        locks.filter(|lock| lock.span == span).map(|lock| lock.object.name.as_str()).collect()
    };
    let mut lines = Vec::new();
    for (recipe, span, what) in
        [(Recipe::Rebuild, LockSpan::Rewrite, "made anew"), (Recipe::Blocking, LockSpan::Scan, "read for an index")]
    {
        let (predicted, seen) = (of(recipe), seen(span));
        lines.extend(seen.difference(&predicted).map(|table| format!("{table} was {what}, which no step predicts")));
        lines.extend(predicted.difference(&seen).map(|table| format!("{table} was not {what}, as a step predicts")));
    }
    lines
}

fn compare(dialect: Dialect, predicted: &[Lock], seen: &Observed) -> Vec<String> {
    let was = |name: &ObjectName| {
        let renamed = seen.renamed.iter().find(|(_, after)| after == name);
        renamed.map_or_else(|| name.clone(), |(before, _)| before.clone())
    };
    let holds = |lock: &Lock| seen.held.contains(&(was(&lock.object), lock.mode));
    // Every lock of a statement is held as long as the statement takes.
    let longest = seen.locks.iter().map(|lock| lock.span).max().unwrap_or_default();
    let mut lines = Vec::new();
    for lock in &seen.locks {
        let (mode, object) = (lock.mode, &lock.object);
        let Some(other) = predicted.iter().find(|other| was(&other.object) == *object) else {
            lines.push(format!("locks {object} {mode}, not predicted"));
            continue;
        };
        if other.mode != mode && !(mode < other.mode && holds(other)) {
            lines.push(format!("locks {object} {mode}, predicted {}", other.mode));
        } else if other.span != lock.span && !(lock.span < other.span && other.span <= longest) {
            let (saw, said) = (span(lock.span), span(other.span));
            lines.push(format!("{mode} on {object} is held for {saw}, predicted {said}"));
        }
    }
    // MariaDB and MySQL tell of the table that is altered; beyond that only whether a statement that was stood in the way of waits.
    for lock in predicted.iter().filter(|_| dialect != Dialect::Mysql || seen.locks.is_empty()) {
        let object = was(&lock.object);
        let noticed = seen.locks.iter().any(|other| other.object == object);
        if !noticed && !holds(lock) {
            lines.push(format!("does not lock {object}, predicted {}", lock.mode));
        }
    }
    lines
}

/// How long, in words.
fn span(span: LockSpan) -> &'static str {
    match span {
        LockSpan::Instant => "an instant",
        LockSpan::Scan => "a scan",
        LockSpan::Rewrite => "a rewrite",
    }
}

/// The strongest lock on each table over a whole script, and the longest it is held.
pub fn strongest(observed: &[Observed]) -> Vec<Lock> {
    let mut found: Vec<Lock> = Vec::new();
    for lock in observed.iter().flat_map(|observed| &observed.locks) {
        match found.iter_mut().find(|other| other.object == lock.object) {
            Some(other) => {
                other.mode = other.mode.max(lock.mode);
                other.span = other.span.max(lock.span);
            }
            None => found.push(lock.clone()),
        }
    }
    found
}
