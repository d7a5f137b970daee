//! A query whose rows are fetched in portions, by stepping one statement that is kept open.
//!
//! Memory: SQLite's own (one row, plus what a sorter needs). Each portion runs on the caller's thread.

use std::time::Duration;

use relata_sql::driver::{Cursor, RowSink};
use relata_sql::{Answer, Result, Statement};

use crate::exec::{bind_all, failure};
use crate::patience::{self, Attempt};
use crate::statement::{Handle, Lent};
use crate::types::SqliteRow;
use crate::{errors, suggest};

/// An open query.
pub(crate) struct SqliteCursor<'a> {
    statement: Lent<'a>,
    sql: &'a str,
    patience: Duration,
    columns: usize,
    started: bool,
    finished: bool,
    /// What came instead of a row.
    met: Option<Attempt<bool>>,
}

// SAFETY: everything in here refers to one connection, which may move between threads (it is opened without its own
// mutex, for one thread at a time), and which the cursor keeps borrowed exclusively for as long as it lives
// (`Connection::open_cursor` takes `&'a mut self`): no other thread can reach it.
#[allow(unsafe_code, reason = "the statement and its connection move together")]
unsafe impl Send for SqliteCursor<'_> {}

impl<'a> SqliteCursor<'a> {
    pub(crate) fn open(raw: &'a Handle, statement: Statement<'a>, patience: Duration) -> Result<Self> {
        let failed = |error| suggest::hint(raw, errors::from_rusqlite(&error, Some(statement.sql)), statement.sql);
        let mut prepared = raw.statement(Statement { cached: true, ..statement }).map_err(failed)?;
        bind_all(&mut prepared, statement.params)?;
        Ok(SqliteCursor {
            statement: prepared,
            sql: statement.sql,
            patience,
            columns: 0,
            started: false,
            finished: false,
            met: None,
        })
    }

    fn portion(&mut self, limit: usize, sink: &mut dyn RowSink) -> Attempt<bool> {
        let mut left = limit;
        while left > 0 {
            left -= 1;
            match self.step(sink) {
                Attempt::Over(Ok(true)) => left -= self.further(left, sink),
                other => return other,
            }
        }
        Attempt::Over(Ok(true))
    }

    /// Gives rows as long as nothing but rows comes and the sink takes them; says how many. What else comes is found by the
    /// next step.
    fn further(&mut self, limit: usize, sink: &mut dyn RowSink) -> usize {
        let columns = self.columns;
        for given in 0..limit {
            let met = match self.statement.step() {
                Ok(true) => match sink.row(&mut SqliteRow { statement: &self.statement, columns }) {
                    Ok(()) => continue,
                    Err(error) => Attempt::Over(Err(error)),
                },
                Ok(false) => Attempt::Over(Ok(false)),
                Err(error) => {
                    self.finished = true;
                    failure(&error, Some(self.sql), true)
                }
            };
            self.met = Some(met);
            return given;
        }
        limit
    }

    /// Gives one row; `false` at the end.
    fn step(&mut self, sink: &mut dyn RowSink) -> Attempt<bool> {
        match self.met.take() {
            Some(Attempt::Over(Ok(_))) => return Attempt::Over(self.finish(sink)),
            Some(met) => return met,
            None if self.finished => return Attempt::Over(Ok(false)),
            None => {}
        }
        match self.statement.step() {
            Ok(true) => {}
            Ok(false) => return Attempt::Over(self.finish(sink)),
            Err(error) => {
                let attempt = failure(&error, Some(self.sql), self.started);
                self.finished = matches!(attempt, Attempt::Over(_));
                return attempt;
            }
        }
        if !self.started {
            self.started = true;
            self.columns = self.statement.columns();
            if let Err(error) = if sink.wants_columns() { sink.columns(&self.statement.column_infos()) } else { Ok(()) }
            {
                return Attempt::Over(Err(error));
            }
        }
        Attempt::Over(sink.row(&mut SqliteRow { statement: &self.statement, columns: self.columns }).map(|()| true))
    }

    fn finish(&mut self, sink: &mut dyn RowSink) -> Result<bool> {
        self.statement.reset();
        self.finished = true;
        if !self.started && sink.wants_columns() {
            sink.columns(&self.statement.column_infos())?;
        }
        Ok(false)
    }
}

impl Cursor for SqliteCursor<'_> {
    fn fetch<'a>(&'a mut self, limit: usize, sink: &'a mut dyn RowSink) -> Answer<'a, bool> {
        match self.portion(limit, sink) {
            Attempt::Over(result) => Answer::ready(result),
            Attempt::Busy(error) => {
                let patience = self.patience;
                Answer::later(async move { patience::retry(patience, error, || self.portion(limit, sink)).await })
            }
        }
    }
}
