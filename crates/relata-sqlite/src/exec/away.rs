//! Queries on the blocking pool: their rows come back in portions, so that a result of any size takes the memory of a
//! few of them, and are decoded by the caller in turns.

use std::time::{Duration, Instant};

use relata_sql::driver::{ColumnInfo, RowSink};
use relata_sql::{Cell, Error, Kind, Result, Row, Statement, Value};
use tokio::sync::mpsc;

use super::pace::{Long, Turn, yield_turn};
use super::{SqliteConnection, run};
use crate::patience;

/// Values that travel together, and portions that wait to be taken.
const VALUES: usize = 2_000;
const WAITING: usize = 2;

enum Portion {
    Columns(Vec<ColumnInfo>),
    /// Rows of so many values.
    Rows(usize, Vec<Value>),
}

/// Collects rows on the other thread.
struct Packer {
    begun: Instant,
    /// When the first row came.
    first: Option<Duration>,
    names: bool,
    width: usize,
    values: Vec<Value>,
    out: mpsc::Sender<Portion>,
}

impl Packer {
    fn send(&self, portion: Portion) -> Result<()> {
        self.out.blocking_send(portion).map_err(|_| Error::new(Kind::Cancelled, "nobody takes the rows any more"))
    }

    fn pack_up(&mut self) -> Result<()> {
        let values = std::mem::take(&mut self.values);
        if values.is_empty() { Ok(()) } else { self.send(Portion::Rows(self.width, values)) }
    }
}

impl RowSink for Packer {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        self.send(Portion::Columns(columns.to_vec()))
    }

    fn wants_columns(&self) -> bool {
        self.names
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.first.get_or_insert_with(|| self.begun.elapsed());
        self.width = row.len();
        for index in 0..row.len() {
            self.values.push(row.cell(index)?.to_value());
        }
        if self.values.len() >= VALUES { self.pack_up() } else { Ok(()) }
    }
}

/// What stands where a text was taken: nothing of this database reads so, nor can anything be read from it.
const GIVEN_AWAY: Value = Value::Array(Vec::new());

/// A row that has travelled.
struct Unpacked<'a>(&'a mut [Value]);

impl Row for Unpacked<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>> {
        self.0.get(index).map(Cell::of).ok_or_else(|| {
            let message = format!("the row has {} columns, there is none at position {}", self.0.len(), index + 1);
            Error::new(Kind::Decode, message)
        })
    }

    fn take(&mut self, index: usize) -> Result<Cell<'_>> {
        match self.0.get_mut(index) {
            Some(value @ Value::Text(_)) => match std::mem::replace(value, GIVEN_AWAY) {
                Value::Text(text) => Ok(Cell::OwnedText(text)),
                _ => Ok(Cell::Null), // it was text a line above
            },
            _ => self.cell(index),
        }
    }
}

impl SqliteConnection {
    /// Runs a query on the blocking pool.
    pub(super) async fn query_away(
        &mut self,
        runtime: tokio::runtime::Handle,
        statement: Statement<'_>,
        sink: &mut dyn RowSink,
    ) -> Result<()> {
        let (out, mut portions) = mpsc::channel(WAITING);
        let (sql, params, names) = (statement.sql.to_string(), statement.params.to_vec(), sink.wants_columns());
        let cached = statement.cached;
        let errand = self.send_away(&runtime, move |raw, away| {
            let statement = Statement { cached, ..Statement::new(&sql, &params) };
            let begun = Instant::now();
            let mut packer = Packer { begun, first: None, names, width: 0, values: Vec::new(), out };
            patience::retry_blocking(away.patience, || run(raw, statement, Some(&mut packer)))?;
            packer.pack_up()?;
            let took = begun.elapsed();
            Ok((took, packer.first.unwrap_or(took)))
        })?;
        let taken = take_all(&mut portions, sink).await;
        // Whoever still packs learns that nobody takes it.
        drop(portions);
        let done = self.come_back(errand).await;
        taken?;
        let (took, first) = done?;
        self.history.note(statement.sql, took, Long::of_first_row(first));
        Ok(())
    }
}

async fn take_all(portions: &mut mpsc::Receiver<Portion>, sink: &mut dyn RowSink) -> Result<()> {
    while let Some(portion) = portions.recv().await {
        match portion {
            Portion::Columns(columns) => sink.columns(&columns)?,
            Portion::Rows(width, mut values) => {
                let mut turn = Turn::begin();
                for (index, row) in values.chunks_mut(width.max(1)).enumerate() {
                    sink.row(&mut Unpacked(row))?;
                    if index % 64 == 63 {
                        turn.step();
                        if turn.is_over() {
                            yield_turn().await;
                            turn = Turn::begin();
                        }
                    }
                }
            }
        }
    }
    Ok(())
}
