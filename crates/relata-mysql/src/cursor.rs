//! Rows of a running query: all at once into a sink, or in portions.
//!
//! Invariant: a result is read to its end before the connection is used again. What a dropped cursor left is read
//! (and thrown away) by the client before the next statement.

use mysql_async::prelude::Protocol;
use mysql_async::{BinaryProtocol, QueryResult, TextProtocol};
use relata_sql::driver::{Answer, Cursor, RowSink};
use relata_sql::{Error, Result};

use crate::exec::{Failure, Session};
use crate::types::{Readings, describe};

/// A result of either protocol.
pub(crate) enum Rows<'a> {
    Text(QueryResult<'a, 'static, TextProtocol>),
    Binary(QueryResult<'a, 'static, BinaryProtocol>),
}

impl Rows<'_> {
    /// Gives every row of the first result set to the sink and reads the rest to its end.
    pub(crate) async fn drain_into(self, sink: &mut dyn RowSink) -> Result<(), Failure> {
        match self {
            Rows::Text(result) => drain(result, sink).await,
            Rows::Binary(result) => drain(result, sink).await,
        }
    }

    pub(crate) async fn discard(self) -> mysql_async::Result<()> {
        match self {
            Rows::Text(result) => result.drop_result().await,
            Rows::Binary(result) => result.drop_result().await,
        }
    }

    fn readings(&self) -> Readings {
        match self {
            Rows::Text(result) => Readings::of(result.columns_ref()),
            Rows::Binary(result) => Readings::of(result.columns_ref()),
        }
    }

    fn announce(&self, sink: &mut dyn RowSink) -> Result<()> {
        match self {
            Rows::Text(result) => announce(result, sink),
            Rows::Binary(result) => announce(result, sink),
        }
    }

    async fn next(&mut self) -> mysql_async::Result<Option<mysql_async::Row>> {
        match self {
            Rows::Text(result) => result.next().await,
            Rows::Binary(result) => result.next().await,
        }
    }
}

fn announce<P: Protocol>(result: &QueryResult<'_, 'static, P>, sink: &mut dyn RowSink) -> Result<()> {
    if sink.wants_columns() { sink.columns(&describe(result.columns_ref())) } else { Ok(()) }
}

async fn drain<P: Protocol>(mut result: QueryResult<'_, 'static, P>, sink: &mut dyn RowSink) -> Result<(), Failure> {
    let given = give_rows(&mut result, sink).await;
    match given {
        Ok(()) => Ok(result.drop_result().await?),
        Err(Failure::Sink(error)) => {
            result.drop_result().await?;
            Err(Failure::Sink(error))
        }
        Err(failure) => Err(failure),
    }
}

async fn give_rows<P: Protocol>(
    result: &mut QueryResult<'_, 'static, P>,
    sink: &mut dyn RowSink,
) -> Result<(), Failure> {
    announce(result, sink).map_err(Failure::Sink)?;
    let readings = Readings::of(result.columns_ref());
    if readings.is_empty() {
        return Ok(());
    }
    while let Some(mut row) = result.next().await? {
        sink.row(&mut readings.row(&mut row)).map_err(Failure::Sink)?;
    }
    Ok(())
}

/// A query whose rows come in portions.
pub(crate) struct MysqlCursor<'a> {
    session: &'a mut Session,
    rows: Option<Rows<'a>>,
    readings: Readings,
    announced: bool,
}

impl<'a> MysqlCursor<'a> {
    pub(crate) fn new(session: &'a mut Session, rows: Rows<'a>) -> Self {
        let readings = rows.readings();
        MysqlCursor { session, rows: Some(rows), readings, announced: false }
    }

    async fn portion(&mut self, limit: usize, sink: &mut dyn RowSink) -> Result<bool, Failure> {
        let Some(rows) = self.rows.as_mut() else { return Ok(false) };
        if !self.announced {
            self.announced = true;
            rows.announce(sink).map_err(Failure::Sink)?;
        }
        if self.readings.is_empty() {
            return self.finish().await;
        }
        for _ in 0..limit {
            let Some(mut row) = rows.next().await? else { return self.finish().await };
            sink.row(&mut self.readings.row(&mut row)).map_err(Failure::Sink)?;
        }
        Ok(true)
    }

    async fn finish(&mut self) -> Result<bool, Failure> {
        if let Some(rows) = self.rows.take() {
            rows.discard().await?;
        }
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
                self.rows = None;
            }
            self.session.leave();
            portion.map_err(|failure| -> Error { self.session.explain(failure) })
        })
    }
}
