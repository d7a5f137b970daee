//! Rows of a running query: all at once into a sink, or in portions.
//!
//! Invariant: a result is read to its end before the connection is used again. What a dropped cursor left is read
//! (and thrown away) by the client before the next statement.

use relata_sql::driver::{Answer, Cursor, RowSink};
use relata_sql::{Error, Result};

use crate::client::{Answered, Client, Step};
use crate::exec::{Failure, Session};
use crate::types::{RowReader, describe};

/// Gives every row of the first result to the sink, and reads the rest to its end.
pub(crate) async fn drain(client: &mut Client, result: &Answered, sink: &mut dyn RowSink) -> Result<(), Failure> {
    let given = give_rows(client, result, sink).await;
    if !matches!(given, Err(Failure::Client(_))) {
        client.discard().await?;
    }
    given
}

fn announce(result: &Answered, sink: &mut dyn RowSink) -> Result<(), Failure> {
    if !sink.wants_columns() {
        return Ok(());
    }
    sink.columns(&describe(&result.columns)).map_err(Failure::Sink)
}

async fn give_rows(client: &mut Client, result: &Answered, sink: &mut dyn RowSink) -> Result<(), Failure> {
    announce(result, sink)?;
    if result.columns.is_empty() {
        return Ok(());
    }
    let mut reader = RowReader::default();
    loop {
        match client.step()? {
            Step::Row(row) => {
                let mut row = reader.row(client.bytes(row), &result.columns, result.binary).map_err(Failure::Sink)?;
                sink.row(&mut row).map_err(Failure::Sink)?;
            }
            Step::End => return Ok(()),
            Step::Wait => client.wait().await?,
        }
    }
}

/// A query whose rows come in portions.
pub(crate) struct MysqlCursor<'a> {
    client: &'a mut Client,
    session: &'a mut Session,
    result: Option<Answered>,
    reader: RowReader,
    announced: bool,
}

impl<'a> MysqlCursor<'a> {
    pub(crate) fn new(client: &'a mut Client, session: &'a mut Session, result: Answered) -> Self {
        MysqlCursor { client, session, result: Some(result), reader: RowReader::default(), announced: false }
    }

    async fn portion(&mut self, limit: usize, sink: &mut dyn RowSink) -> Result<bool, Failure> {
        let Some(result) = &self.result else { return Ok(false) };
        if !self.announced {
            self.announced = true;
            announce(result, sink)?;
        }
        if !result.columns.is_empty() {
            for _ in 0..limit {
                let Some(row) = self.client.row().await? else { return self.finish().await };
                let row = self.reader.row(self.client.bytes(row), &result.columns, result.binary);
                sink.row(&mut row.map_err(Failure::Sink)?).map_err(Failure::Sink)?;
            }
            return Ok(true);
        }
        self.finish().await
    }

    async fn finish(&mut self) -> Result<bool, Failure> {
        self.result = None;
        self.client.discard().await?;
        Ok(false)
    }
}

impl Cursor for MysqlCursor<'_> {
    fn fetch<'a>(&'a mut self, limit: usize, sink: &'a mut dyn RowSink) -> Answer<'a, bool> {
        Answer::later(async move {
            self.session.enter()?;
            let portion = self.portion(limit, sink).await;
            if !matches!(portion, Ok(true) | Err(Failure::Sink(_))) {
                // The end, or a failure of the statement: nothing more will come.
                self.result = None;
            }
            self.session.leave();
            portion.map_err(|failure| -> Error { self.session.explain(failure) })
        })
    }
}
