//! Rows inserted as they come, in portions: a file of any size needs the memory of one portion.
//!
//! Invariants
//! - All of it is one transaction (inside another a savepoint): what is not finished is rolled back, whether an error, a panic or a
//!   cancelled future was the reason.
//! - After the database has refused a portion nothing more is inserted, and finishing is an error: no portion is left out in silence.
//!
//! It does not update rows that exist: those go by `insert_many(portion).on_conflict(…)`.

use std::marker::PhantomData;

use relata_sql::{Error, Kind, Result, Value};

use super::{Draft, Group, NewRow, bulk, is_plain};
use crate::entity::{Entity, mapped};
use crate::executor::{Executor, Intent};
use crate::transaction::Tx;

/// So many rows are sent together: enough for the fastest way that each database has.
const PORTION: usize = 10_000;

/// Or rows of so many bytes.
const PORTION_BYTES: usize = 4 << 20;

/// Rows that are inserted as they come, all or none: [`Entity::insert_stream`] begins, [`InsertStream::push`] takes a row,
/// [`InsertStream::finish`] makes it last.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let lines = (1..=30_000).map(|n| format!("Volume {n}")); // of a file, of another database's stream, …
/// let mut books = Book::insert_stream(&mut db).await?;
/// for title in lines {
///     books.push(NewBook { author_id: Id::new(1), title, pages: 100 }).await?;
/// }
/// assert_eq!(books.finish().await?, 30_000);
/// assert_eq!(Book::find().count(&mut db).await?, 30_003);
/// # Ok(())
/// # }
/// ```
#[must_use = "what is pushed lasts only after `.finish()`"]
pub struct InsertStream<'x, E> {
    tx: Tx<'x>,
    /// Rows with the same columns that were not sent yet.
    waiting: Option<Group>,
    bytes: usize,
    /// How many were taken, and how many inserted.
    taken: u64,
    inserted: u64,
    refused: bool,
    marker: PhantomData<fn() -> E>,
}

impl<'x, E: Entity> InsertStream<'x, E> {
    pub(crate) fn new(tx: Tx<'x>) -> Self {
        InsertStream { tx, waiting: None, bytes: 0, taken: 0, inserted: 0, refused: false, marker: PhantomData }
    }

    /// Takes a row; sends those that wait once they are many.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = Book::insert_stream(&mut db).await?;
    /// books.push(NewBook { author_id: Id::new(1), title: "Malafrena".into(), pages: 369 }).await?;
    /// drop(books); // never finished
    /// assert_eq!(Book::find().count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses the row, which is then left out; whoever wants all or nothing passes the error
    /// on. Constraint violations of any row that was pushed before: then nothing more is taken.
    pub async fn push(&mut self, row: impl NewRow<Entity = E>) -> Result<()> {
        self.usable()?;
        let draft = row.into_draft();
        let Draft { columns, values, .. } = match if is_plain(E::TABLE) { Ok(draft) } else { draft.prepared() } {
            Ok(draft) => draft,
            Err(error) => return Err(error.context(format!("row {} of those to insert", self.taken + 1))),
        };
        if self.waiting.as_ref().is_some_and(|group| group.columns != columns) {
            self.send().await?;
        }
        self.taken += 1;
        self.bytes += values.iter().map(size).sum::<usize>();
        let group = self.waiting.get_or_insert_with(|| Group { columns, values: Vec::new() });
        group.values.extend(values);
        match group.rows() >= PORTION || self.bytes >= PORTION_BYTES {
            true => self.send().await,
            false => Ok(()),
        }
    }

    /// Sends the rest and makes all of it last; gives back how many rows were inserted.
    ///
    /// # Errors
    /// Constraint violations of any row; `Kind::TransactionFailed` when the database has refused rows before, and that error was not
    /// passed on. Nothing was inserted then.
    pub async fn finish(mut self) -> Result<u64> {
        self.usable()?;
        self.send().await?;
        self.tx.commit().await?;
        Ok(self.inserted)
    }

    async fn send(&mut self) -> Result<()> {
        let Some(group) = self.waiting.take() else { return Ok(()) };
        self.bytes = 0;
        // Until the answer is here: whoever gives up waiting for it does not know either.
        self.refused = true;
        let sent = match self.tx.lease(Intent::Write).await {
            Ok(mut lease) => bulk(&mut lease, E::TABLE, &group).await,
            Err(error) => Err(error),
        };
        let rows = group.rows();
        self.inserted += sent.map_err(|error| {
            let last = self.taken;
            let first = last.saturating_sub(rows as u64) + 1;
            mapped(error, E::TABLE).context(format!("rows {first} to {last} of those to insert"))
        })?;
        self.refused = false;
        Ok(())
    }

    fn usable(&self) -> Result<()> {
        if !self.refused {
            return Ok(());
        }
        let message = format!("rows of {} were refused before, so that none of them is inserted", E::TABLE.entity);
        Err(Error::new(Kind::TransactionFailed, message).hint("pass the first error on with `?`"))
    }
}

/// About what a value takes in memory.
fn size(value: &Value) -> usize {
    let more = match value {
        Value::Text(text) | Value::Json(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(values) => values.iter().map(size).sum(),
        _ => 0,
    };
    size_of::<Value>() + more
}
