//! Rows as they come, in portions: a million rows need the memory of one portion.
//!
//! How: the query runs inside a future that stops after each portion; [`Rows`] polls it only when the last portion is
//! used up. Dropping the stream ends the query.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::stream::Stream;
use relata_sql::driver::{BoxFuture, Row, RowSink};
use relata_sql::meta::TableMeta;
use relata_sql::render::Rendered;
use relata_sql::row::RowNames;
use relata_sql::tree::{Select, Tree};
use relata_sql::{Error, Result, Statement};

use crate::by_name::ByName;
use crate::entity::mapped;
use crate::executor::{Executor, Intent, Lease, with_sql};
use crate::find::at_row;

const PORTION: usize = 256;

/// Rows of a running query. Use [`Rows::next`], or the `Stream` that it is.
pub struct Rows<'x, T> {
    running: Option<BoxFuture<'x, Result<()>>>,
    ready: Ready<T>,
}

type Ready<T> = Arc<Mutex<VecDeque<T>>>;

impl<'x, T: Send + 'x> Rows<'x, T> {
    pub(crate) fn failed(error: Error) -> Self {
        Rows { running: Some(Box::pin(std::future::ready(Err(error)))), ready: Arc::default() }
    }

    pub(crate) fn open(
        executor: &'x mut (impl Executor + 'x),
        mut select: Select,
        read: impl Fn(&mut dyn Row) -> Result<T> + Send + 'x,
        table: Option<&'static TableMeta>,
    ) -> Self {
        let intent = if select.writes() { Intent::Write } else { Intent::Read };
        Self::start(executor, intent, move |lease| lease.render(Tree::Select(&mut select)), read, (None, table))
    }

    /// `named`: the columns that are found by name; `table`: the one that errors are about.
    pub(crate) fn start(
        executor: &'x mut (impl Executor + 'x),
        intent: Intent,
        render: impl FnOnce(&mut Lease<'_>) -> Result<Rendered> + Send + 'x,
        read: impl Fn(&mut dyn Row) -> Result<T> + Send + 'x,
        (named, table): (Option<RowNames>, Option<&'static TableMeta>),
    ) -> Self {
        let ready = Ready::default();
        let queue = ready.clone();
        let running = async move {
            let mut lease = executor.lease(intent).await?;
            let rendered = render(&mut lease)?;
            let mut sink = ByName::new(named, Portion { queue, read, count: 0 });
            let result = portions(lease.connection(), &rendered, &mut sink).await;
            lease.note(&result);
            let result = result.map_err(|error| with_sql(error, &rendered.sql));
            result.map_err(|error| match table {
                Some(table) => mapped(error, table),
                None => error,
            })
        };
        Rows { running: Some(Box::pin(running)), ready }
    }

    /// The next row; `None` after the last.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = Book::find().order(Book.id.asc()).stream(&mut db);
    /// let first = books.next().await?.unwrap();
    /// assert_eq!(first.title, "The Dispossessed");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says; `Kind::Decode`. After an error there are no more rows.
    pub async fn next(&mut self) -> Result<Option<T>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await.transpose()
    }
}

async fn portions<T: Send>(
    connection: &mut dyn relata_sql::Connection,
    rendered: &Rendered,
    sink: &mut ByName<Portion<T, impl Fn(&mut dyn Row) -> Result<T> + Send>>,
) -> Result<()> {
    let mut cursor = connection.open_cursor(Statement::new(&rendered.sql, &rendered.params)).await?;
    while cursor.fetch(PORTION, sink).await? {
        let queue = sink.sink.queue.clone();
        // Wait until what was fetched is used up: only then `Rows` polls again.
        std::future::poll_fn(|_| match queue.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
    Ok(())
}

struct Portion<T, F> {
    queue: Ready<T>,
    read: F,
    count: usize,
}

impl<T: Send, F: Fn(&mut dyn Row) -> Result<T> + Send> RowSink for Portion<T, F> {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let value = (self.read)(row).map_err(|error| at_row(error, self.count))?;
        self.count += 1;
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(value);
        Ok(())
    }
}

impl<T> Stream for Rows<'_, T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(row) = self.ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
                return Poll::Ready(Some(Ok(row)));
            }
            let Some(running) = &mut self.running else { return Poll::Ready(None) };
            let outcome = running.as_mut().poll(context);
            if let Poll::Ready(result) = outcome {
                self.running = None;
                if let Err(error) = result {
                    return Poll::Ready(Some(Err(error)));
                }
            } else if self.ready.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return Poll::Pending;
            }
        }
    }
}
