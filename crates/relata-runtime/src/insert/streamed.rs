//! Rows inserted as they come, in portions: a file of any size needs the memory of one portion.
//!
//! Invariants
//! - All of it is one transaction (inside another a savepoint): what is not finished is rolled back, whether an error, a panic or a
//!   cancelled future was the reason.
//! - After the database has refused a portion nothing more is inserted, and finishing is an error: no portion is left out in silence.
//!
//! - What becomes of rows that exist is said before the first row is pushed.

use std::marker::PhantomData;

use relata_sql::Result;
use relata_sql::tree::Conflict;

use super::conditional::Existing;
use super::returning::{most_values, write_all};
use super::{ConditionalUpsert, ConflictColumns, Draft, Group, NewRow, Upsert, bulk, is_plain, portion};
use crate::entity::{Entity, mapped};
use crate::executor::{Executor, Intent};
use crate::transaction::Tx;

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
    existing: Option<OfExisting>,
    marker: PhantomData<fn() -> E>,
}

/// What becomes of rows that exist.
enum OfExisting {
    Stay(Vec<String>),
    Change(Existing),
}

impl OfExisting {
    fn given(&self, columns: &[&str]) -> Conflict {
        match self {
            OfExisting::Stay(target) => Conflict::updating(target.clone(), Vec::new()),
            OfExisting::Change(existing) => existing.given(columns, true),
        }
    }
}

impl<'x, E: Entity> InsertStream<'x, E> {
    pub(crate) fn new(tx: Tx<'x>) -> Self {
        let (waiting, existing) = (None, None);
        InsertStream { tx, waiting, bytes: 0, taken: 0, inserted: 0, refused: false, existing, marker: PhantomData }
    }

    /// Rows that exist are updated, or left alone: what follows says how, and [`ConditionalUpsert::stream`] or [`Upsert::ignoring`]
    /// goes on to take rows. The columns hold a unique key. **Dialects**: PostgreSQL refuses the same key twice among rows
    /// that are sent together.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut authors = Author::insert_stream(&mut db).await?.on_conflict(Author.email).updating(Author.name).stream()?;
    /// for (name, email) in [("Stan", "stan@example.com"), ("Tove", "tove@example.com")] {
    ///     authors.push(NewAuthor { name: name.into(), email: email.into() }).await?;
    /// }
    /// assert_eq!(authors.finish().await?, 2);
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stan");
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_conflict(self, target: impl ConflictColumns<E>) -> Upsert<E, Self> {
        Upsert { rows: self, target: target.names(), marker: PhantomData }
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
        self.bytes += values.iter().map(portion::size).sum::<usize>();
        let group = self.waiting.get_or_insert_with(|| Group { columns, values: Vec::new() });
        group.values.extend(values);
        match portion::is_full(group.rows(), self.bytes) {
            true => self.send().await,
            false => Ok(()),
        }
    }

    /// Sends the rest and makes all of it last; gives back how many rows were inserted, or after
    /// [`InsertStream::on_conflict`] how many were pushed: databases do not tell new rows from those that were there.
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
        let rows = group.rows();
        let sent = match (self.tx.lease(Intent::Write).await, &self.existing) {
            (Ok(mut lease), None) => bulk(&mut lease, E::TABLE, &group).await,
            (Ok(mut lease), Some(existing)) => {
                let (most, conflict) = (most_values(&lease), |columns: &[&str]| Some(existing.given(columns)));
                let written = write_all(&mut lease, E::TABLE, vec![group], most, &conflict, None).await;
                written.map(|()| rows as u64)
            }
            (Err(error), _) => Err(error),
        };
        let explained = |error| portion::named(mapped(error, E::TABLE), self.taken, rows as u64);
        self.inserted += sent.map_err(explained)?;
        self.refused = false;
        Ok(())
    }

    fn usable(&self) -> Result<()> {
        portion::usable(self.refused, E::TABLE.entity)
    }
}

impl<'x, E: Entity> Upsert<E, InsertStream<'x, E>> {
    /// Leaves rows that exist alone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut authors = Author::insert_stream(&mut db).await?.on_conflict(Author.email).ignoring();
    /// authors.push(NewAuthor { name: "Stan".into(), email: "stan@example.com".into() }).await?;
    /// authors.finish().await?;
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stanisław");
    /// # Ok(())
    /// # }
    /// ```
    pub fn ignoring(self) -> InsertStream<'x, E> {
        InsertStream { existing: Some(OfExisting::Stay(self.target)), ..self.rows }
    }
}

impl<'x, E: Entity> ConditionalUpsert<E, InsertStream<'x, E>> {
    /// Goes on to take rows.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let authors = Author::insert_stream(&mut db).await?.on_conflict(Author.email);
    /// let mut authors = authors.set(Author.name.to(Author.name.concat("!"))).stream()?;
    /// authors.push(NewAuthor { name: "Stan".into(), email: "stan@example.com".into() }).await?;
    /// authors.finish().await?;
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stanisław!");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses a new value.
    pub fn stream(self) -> Result<InsertStream<'x, E>> {
        let (rows, existing) = self.prepared()?;
        Ok(InsertStream { existing: Some(OfExisting::Change(existing)), ..rows })
    }
}
