//! A query whose rows are fetched in portions, by stepping one statement that is kept open.
//!
//! Memory: SQLite's own (one row, plus what a sorter needs). Each portion runs on the caller's thread.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

use relata_sql::driver::{Cursor, RowSink};
use relata_sql::{Answer, Result, Statement};
use rusqlite::{CachedStatement, Connection, Rows};

use crate::exec::{bind_all, column_infos, failure};
use crate::patience::{self, Attempt};
use crate::types::SqliteRow;
use crate::{errors, suggest};

/// An open query.
///
/// Invariant: `rows` borrows from `statement`, which is ours and does not move; `rows` goes first.
pub(crate) struct SqliteCursor<'a> {
    rows: Option<Rows<'a>>,
    statement: NonNull<CachedStatement<'a>>,
    sql: &'a str,
    patience: Duration,
    columns: usize,
    started: bool,
    finished: bool,
    /// What came instead of a row.
    met: Option<Attempt<bool>>,
    connection: PhantomData<&'a mut Connection>,
}

// SAFETY: everything in here refers to one connection, which may move between threads (it is opened without its own
// mutex, for one thread at a time), and which the cursor keeps borrowed exclusively for as long as it lives
// (`Connection::open_cursor` takes `&'a mut self`): no other thread can reach it.
#[allow(unsafe_code, reason = "the statement and its connection move together")]
unsafe impl Send for SqliteCursor<'_> {}

impl<'a> SqliteCursor<'a> {
    pub(crate) fn open(raw: &'a Connection, statement: Statement<'a>, patience: Duration) -> Result<Self> {
        let failed = |error| suggest::hint(raw, errors::from_rusqlite(&error, Some(statement.sql)), statement.sql);
        let mut prepared = raw.prepare_cached(statement.sql).map_err(failed)?;
        bind_all(&mut prepared, statement.params)?;
        Ok(SqliteCursor {
            rows: None,
            statement: NonNull::from(Box::leak(Box::new(prepared))),
            sql: statement.sql,
            patience,
            columns: 0,
            started: false,
            finished: false,
            met: None,
            connection: PhantomData,
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
        let (Some(rows), columns) = (&mut self.rows, self.columns) else { return 0 };
        for given in 0..limit {
            match rows.next() {
                Ok(Some(row)) => match sink.row(&SqliteRow { row, columns }) {
                    Ok(()) => {}
                    Err(error) => {
                        self.met = Some(Attempt::Over(Err(error)));
                        return given;
                    }
                },
                Ok(None) => {
                    self.met = Some(Attempt::Over(Ok(false)));
                    return given;
                }
                Err(error) => {
                    self.rows = None;
                    self.finished = true;
                    self.met = Some(failure(&error, Some(self.sql), true));
                    return given;
                }
            }
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
        let statement = self.statement;
        // SAFETY: `statement` was leaked from a box in `open` and is freed only in `drop`, after `rows`. While `rows`
        // is there nobody else touches it.
        #[allow(unsafe_code, reason = "rows and their statement live in one struct")]
        let rows = self.rows.get_or_insert_with(|| unsafe { (*statement.as_ptr()).raw_query() });
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Attempt::Over(self.finish(sink)),
            Err(error) => {
                self.rows = None;
                let attempt = failure(&error, Some(self.sql), self.started);
                self.finished = matches!(attempt, Attempt::Over(_));
                return attempt;
            }
        };
        if !self.started {
            self.started = true;
            self.columns = row.as_ref().column_count();
            if let Err(error) = if sink.wants_columns() { sink.columns(&column_infos(row.as_ref())) } else { Ok(()) } {
                return Attempt::Over(Err(error));
            }
        }
        Attempt::Over(sink.row(&SqliteRow { row, columns: self.columns }).map(|()| true))
    }

    fn finish(&mut self, sink: &mut dyn RowSink) -> Result<bool> {
        self.rows = None;
        self.finished = true;
        if !self.started && sink.wants_columns() {
            // SAFETY: as in `step`; `rows` is gone.
            #[allow(unsafe_code, reason = "rows and their statement live in one struct")]
            sink.columns(&column_infos(unsafe { self.statement.as_ref() }))?;
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

impl Drop for SqliteCursor<'_> {
    fn drop(&mut self) {
        self.rows = None;
        // SAFETY: leaked from a box in `open`, freed here only; nothing borrows from it any more.
        #[allow(unsafe_code, reason = "the box was leaked in `open`")]
        drop(unsafe { Box::from_raw(self.statement.as_ptr()) });
    }
}
