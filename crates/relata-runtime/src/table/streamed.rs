//! Rows inserted into a table known only at run time as they come, in portions: as [`crate::insert::InsertStream`] for entities,
//! with the same invariants.

use relata_sql::driver::BulkInsert;
use relata_sql::{Result, Value};

use super::Table;
use crate::executor::{Executor, Intent};
use crate::insert::portion;
use crate::transaction::Tx;

/// Rows that are inserted as they come, all or none: [`Table::insert_stream`] begins.
#[must_use = "what is pushed lasts only after `.finish()`"]
pub struct TableStream<'x> {
    tx: Tx<'x>,
    table: Table,
    columns: Vec<String>,
    /// Of rows that were not sent yet.
    waiting: Vec<Value>,
    bytes: usize,
    taken: u64,
    inserted: u64,
    refused: bool,
}

impl Table {
    /// Inserts rows as they come, however many, in the memory of one portion; each has a value for each of the columns.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{Encode, Value};
    /// let books = db.table("books").await?;
    /// let mut stream = books.insert_stream(&["author_id", "title", "pages"], &mut db).await?;
    /// for n in 1..=20_000 {
    ///     stream.push(vec![Value::Int(1), format!("Volume {n}").encode(), Value::Int(100)]).await?;
    /// }
    /// assert_eq!(stream.finish().await?, 20_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedColumn`; what the database says when the transaction begins.
    pub async fn insert_stream<'x>(
        &self,
        columns: &[&str],
        executor: &'x mut (impl Executor + ?Sized),
    ) -> Result<TableStream<'x>> {
        columns.iter().try_for_each(|name| self.column(name).map(drop))?;
        let (tx, columns) = (executor.begin(Default::default()).await?, columns.iter().map(|name| (*name).into()));
        Ok(TableStream {
            tx,
            table: self.clone(),
            columns: columns.collect(),
            waiting: Vec::new(),
            bytes: 0,
            taken: 0,
            inserted: 0,
            refused: false,
        })
    }
}

impl TableStream<'_> {
    /// Takes a row; sends those that wait once they are many.
    ///
    /// # Errors
    /// `Kind::Parameters` when it has more or fewer values than there are columns: it is left out then. Constraint violations of any
    /// row that was pushed before: then nothing more is taken.
    pub async fn push(&mut self, row: Vec<Value>) -> Result<()> {
        self.usable()?;
        self.table.of_width(&row, self.columns.len(), self.taken + 1)?;
        let names = self.columns.iter().zip(row);
        let row =
            names.map(|(name, value)| self.table.kept(self.table.column(name)?, value)).collect::<Result<Vec<_>>>()?;
        self.taken += 1;
        self.bytes += row.iter().map(portion::size).sum::<usize>();
        self.waiting.extend(row);
        match portion::is_full(self.waiting.len() / self.columns.len(), self.bytes) {
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
        let values = std::mem::take(&mut self.waiting);
        if values.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        // Until the answer is here: whoever gives up waiting for it does not know either.
        self.refused = true;
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let insert = BulkInsert { table: &self.table.0.name, columns: &columns, values: &values };
        let sent = match self.tx.lease(Intent::Write).await {
            Ok(mut lease) => lease.bulk_insert(insert).await,
            Err(error) => Err(error),
        };
        let rows = (values.len() / columns.len()) as u64;
        self.inserted += sent.map_err(|error| portion::named(self.table.explained(error), self.taken, rows))?;
        self.refused = false;
        Ok(())
    }

    fn usable(&self) -> Result<()> {
        portion::usable(self.refused, &self.table.0.name.name)
    }
}
