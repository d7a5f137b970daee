//! Undoing drift: the statements that bring a database back to what its history says, run like a migration, but without one.
//!
//! Under the runners' lock, from exactly the schema that they were planned for, with an entry in the trail that says who,
//! when, what each statement did and how it had been proved. The history stays as it is. Deliberately not here: finding out
//! what differs and what to do about it, which is the planner's.

use std::time::Instant;

use relata_schema::script::{self, ScriptStatement};
use relata_schema::{Schema, digest};
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result};

use super::execute::{self, Class, Outcome, Report, classify, located};
use super::trail::{self, Action, Ending, Note};
use super::{Header, Observer, Runner, history, lock, run, wait};

impl Runner {
    /// Runs `text`, which was planned for a database whose schema is `live`, and notes it in the trail with how it was
    /// `proved`.
    ///
    /// # Errors
    /// `Kind::MigrationLocked` when another runner holds the lock for too long; `Kind::Migration` when the schema is another
    /// by now; else what the database reports, with statement and line. Where DDL is transactional nothing has changed then.
    pub async fn undo_drift(
        &self,
        connection: &mut dyn Connection,
        (live, proved): (&Schema, Option<String>),
        header: &Header,
        text: &str,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let lock = lock::acquire(connection, self, observer).await?;
        let result = match wait::limit(connection, self.statement_lock_timeout).await {
            Ok(limits) => {
                let result = self.undo_locked(connection, (live, proved), header, text, observer).await;
                run::unlimited(limits, connection, result).await
            }
            Err(error) => Err(error),
        };
        run::released(lock, connection, result).await
    }

    async fn undo_locked(
        &self,
        connection: &mut dyn Connection,
        (live, proved): (&Schema, Option<String>),
        header: &Header,
        text: &str,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        history::create(connection, self).await?;
        if super::schema(connection).await? != *live {
            return Err(Error::new(Kind::Migration, "the database has changed since it was compared with its history")
                .hint("nothing was changed by this; run again to see what differs now"));
        }
        let statements = script::statements(connection.dialect(), text);
        let digest = digest::hex(text);
        let outcome = Outcome::Returned(&digest, Instant::now());
        let mut report = Report::new(self, observer);
        report.proof = proved;
        let result = if execute::transactional(connection.dialect(), header) {
            run::transaction(connection, &statements, &outcome, &mut report).await
        } else {
            one_by_one(connection, &statements, &outcome, &mut report).await
        };
        let Err(error) = result else { return Ok(()) };
        if !connection.is_broken() && !connection.in_transaction() {
            let note = Note { note: error.code().to_string(), ..note(&digest, Ending::Failed, &report) };
            // The failure itself is what has to be told; that it is not noted comes second.
            let _ = trail::append(connection, self, note).await;
        }
        Err(error.context("undoing the drift"))
    }
}

async fn one_by_one(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    outcome: &Outcome<'_>,
    report: &mut Report<'_, '_>,
) -> Result<()> {
    for (index, statement) in statements.iter().enumerate() {
        if classify(connection.dialect(), &statement.sql) == Class::Transaction {
            continue;
        }
        let ran = report.run(connection, statements, index).await;
        ran.map_err(|error| located(error, index, statements.len(), statement))?;
    }
    outcome.write(connection, report).await
}

/// Notes that it is done.
pub(super) async fn write(
    connection: &mut dyn Connection,
    report: &mut Report<'_, '_>,
    digest: &str,
    begun: Instant,
) -> Result<()> {
    let duration_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    let note = Note {
        duration_ms,
        note: report.proof.as_ref().map(|proof| format!("proved {proof}")).unwrap_or_default(),
        ..note(digest, Ending::Done, report)
    };
    trail::append(connection, report.runner, note).await
}

fn note<'n>(digest: &'n str, ending: Ending, report: &'n Report<'_, '_>) -> Note<'n> {
    let (action, statements) = (Action::UndoDrift, report.statements.as_slice());
    Note { action, ending, version: "drift", name: "", digest, duration_ms: 0, statements, note: String::new() }
}
