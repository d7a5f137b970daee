//! Writing to tables that are known only at run time: one row, many rows, insert or update, by a filter, and the mark of deletion.
//!
//! Invariants
//! - An update or delete without filter is refused, unless `.all_rows()` says that all rows are meant.
//! - Many rows are written all or none.

use jiff::Timestamp;
use relata_sql::driver::BulkInsert;
use relata_sql::expr::{BinaryOp, Expr};
use relata_sql::tree::{Conflict, Delete, Insert, Scope, Tree, Update};
use relata_sql::{Error, Kind, Result, Value};

use super::{Record, Records, Table, TableQuery, binary};
use crate::executor::{Executor, Intent};

impl Table {
    /// Inserts a row; columns that are left out take their default.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::Value;
    /// let authors = db.table("authors").await?;
    /// let row = [("name", Value::Text("Octavia".into())), ("email", Value::Text("octavia@example.com".into()))];
    /// authors.insert(&row, &mut db).await?;
    /// assert_eq!(authors.select().count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedColumn`; what the database says.
    pub async fn insert(&self, row: &[(&str, Value)], executor: &mut impl Executor) -> Result<()> {
        let (columns, row) = (self.checked(row)?, &self.all_kept(row)?[..]);
        let mut insert = self.inserting(&columns, row);
        let mut lease = executor.lease(Intent::Write).await?;
        lease.execute(Tree::Insert(&mut insert)).await.map(drop).map_err(|error| self.explained(error))
    }

    /// Changes the row with this key; gives back whether there was one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::Value;
    /// let books = db.table("books").await?;
    /// assert!(books.update(&[Value::Int(3)], &[("pages", Value::Int(205))], &mut db).await?);
    /// assert!(!books.update(&[Value::Int(9)], &[("pages", Value::Int(1))], &mut db).await?); // there is no such row
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Table::insert`] and [`Table::by_key`].
    pub async fn update(&self, key: &[Value], row: &[(&str, Value)], executor: &mut impl Executor) -> Result<bool> {
        let assignments = self.assigned(row)?;
        let filter = Some(self.key_filter(key)?);
        let mut update = Update { source: self.source(), assignments, filter, scope: Scope::All, returning: false };
        let mut lease = executor.lease(Intent::Write).await?;
        let done = lease.execute(Tree::Update(&mut update)).await.map_err(|error| self.explained(error))?;
        Ok(done.rows_affected > 0)
    }

    /// Deletes the row with this key; gives back whether there was one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// assert!(books.delete(&[relata::Value::Int(3)], &mut db).await?);
    /// assert_eq!(books.select().count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Table::by_key`].
    pub async fn delete(&self, key: &[Value], executor: &mut impl Executor) -> Result<bool> {
        let mut filter = Some(self.key_filter(key)?);
        if let Some(mark) = &self.0.mark {
            self.marked(Scope::Live).into_iter().for_each(|live| Expr::and_into(&mut filter, live));
            let assignments = vec![(mark.clone(), Expr::Value(Value::Timestamp(crate::now())))];
            let mut update = Update { source: self.source(), assignments, filter, scope: Scope::All, returning: false };
            let mut lease = executor.lease(Intent::Write).await?;
            return Ok(lease.execute(Tree::Update(&mut update)).await?.rows_affected > 0);
        }
        let mut delete = Delete { source: self.source(), filter, scope: Scope::All, returning: false };
        let mut lease = executor.lease(Intent::Write).await?;
        Ok(lease.execute(Tree::Delete(&mut delete)).await?.rows_affected > 0)
    }

    pub(super) fn checked<'r>(&self, row: &[(&'r str, Value)]) -> Result<Vec<&'r str>> {
        if row.is_empty() {
            return Err(Error::new(Kind::Parameters, format!("no column of {} was given", self.0.name.name)));
        }
        row.iter().map(|(name, _)| self.column(name).map(|_| *name)).collect()
    }

    /// The same with each value as it is kept.
    fn all_kept<'r>(&self, row: &[(&'r str, Value)]) -> Result<Vec<(&'r str, Value)>> {
        row.iter().map(|(name, value)| Ok((*name, self.kept(self.column(name)?, value.clone())?))).collect()
    }

    fn assigned(&self, row: &[(&str, Value)]) -> Result<Vec<(String, Expr)>> {
        self.checked(row)?;
        Ok(self.all_kept(row)?.into_iter().map(|(name, value)| (name.to_string(), Expr::Value(value))).collect())
    }

    /// Inserts a row and gives it back as the database has it: with its key, its defaults and what is computed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::Value;
    /// let authors = db.table("authors").await?;
    /// let row = [("name", Value::Text("Octavia".into())), ("email", Value::Text("octavia@example.com".into()))];
    /// let octavia = authors.insert_returning(&row, &mut db).await?;
    /// assert_eq!(octavia.value("id"), Some(&Value::Int(3)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Table::insert`]; `Kind::Unsupported` on MySQL for a table whose key is neither given nor one number that the
    /// database makes, before anything is sent.
    pub async fn insert_returning(&self, row: &[(&str, Value)], executor: &mut impl Executor) -> Result<Record> {
        let (columns, row) = (self.checked(row)?, &self.all_kept(row)?[..]);
        let mut lease = executor.lease(Intent::Write).await?;
        let returning = lease.target().returning;
        let given = |name: &String| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let key: Vec<Option<Value>> = self.0.key.iter().map(given).collect();
        if !returning && (key.is_empty() || (key.len() > 1 && key.contains(&None))) {
            let message = format!("the server does not give back the inserted row of {}", self.0.name.name);
            return Err(Error::unsupported(message, "give every column of its key, or use `.insert(…)`"));
        }
        let mut insert = self.inserting(&columns, row);
        insert.returning = returning;
        if returning {
            let mut sink = Records::default();
            let done = lease.query(Tree::Insert(&mut insert), &mut sink).await;
            done.map_err(|error| self.explained(error))?;
            return sink.into_records().pop().ok_or_else(|| crate::find::not_found(&self.0.name.name));
        }
        let done = lease.execute(Tree::Insert(&mut insert)).await.map_err(|error| self.explained(error))?;
        drop(lease);
        let made = || done.last_insert_id.map_or(Value::Null, Value::Int);
        let key: Vec<Value> = key.into_iter().map(|value| value.unwrap_or_else(made)).collect();
        self.by_key(&key, executor).await?.ok_or_else(|| crate::find::not_found(&self.0.name.name))
    }

    /// Inserts many rows in the fastest way the database has, all or none; gives back how many. Each row has a value for each of
    /// the columns; columns that are left out take their default.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{Encode, Value};
    /// let books = db.table("books").await?;
    /// let rows = ["Fiasco", "Eden"].map(|title| vec![Value::Int(2), title.encode(), Value::Int(250)]);
    /// assert_eq!(books.insert_many(&["author_id", "title", "pages"], rows, &mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Table::insert`]; `Kind::Parameters` when a row has more or fewer values than there are columns.
    pub async fn insert_many(
        &self,
        columns: &[&str],
        rows: impl IntoIterator<Item = Vec<Value>>,
        executor: &mut impl Executor,
    ) -> Result<u64> {
        let known = columns.iter().map(|name| self.column(name)).collect::<Result<Vec<_>>>()?;
        let table = &self.0.name;
        let mut values = Vec::new();
        for (at, row) in rows.into_iter().enumerate() {
            self.of_width(&row, columns.len(), at as u64 + 1)?;
            for (column, value) in known.iter().zip(row) {
                values.push(self.kept(column, value)?);
            }
        }
        if values.is_empty() {
            return Ok(0);
        }
        let mut lease = executor.lease(Intent::Write).await?;
        let done = lease.bulk_insert(BulkInsert { table, columns, values: &values }).await;
        done.map_err(|error| self.explained(error))
    }

    pub(super) fn of_width(&self, row: &[Value], columns: usize, number: u64) -> Result<()> {
        if row.len() == columns && !row.is_empty() {
            return Ok(());
        }
        let (table, given) = (&self.0.name.name, row.len());
        let message = format!("row {number} of those to insert into {table} has {given} values for {columns} columns");
        Err(Error::new(Kind::Parameters, message).table(table))
    }

    /// Inserts a row, or updates the one that has the same values in `target`: columns that a unique key holds. Without
    /// columns besides, the existing row stays as it is. **Dialects**: MariaDB takes whichever unique key the row collides with.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::Value;
    /// let authors = db.table("authors").await?;
    /// let row = [("name", Value::Text("Stan".into())), ("email", Value::Text("stan@example.com".into()))];
    /// authors.upsert(&row, &["email"], &mut db).await?;
    /// let stan = authors.by_key(&[Value::Int(2)], &mut db).await?.unwrap();
    /// assert_eq!(stan.value("name"), Some(&Value::Text("Stan".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Table::insert`].
    pub async fn upsert(&self, row: &[(&str, Value)], target: &[&str], executor: &mut impl Executor) -> Result<()> {
        let (columns, row) = (self.checked(row)?, &self.all_kept(row)?[..]);
        target.iter().try_for_each(|name| self.column(name).map(drop))?;
        let rest = columns.iter().filter(|name| !target.contains(name)).map(|name| (*name).to_string());
        let mut insert = self.inserting(&columns, row);
        let target = target.iter().map(|name| (*name).to_string()).collect();
        insert.conflict = Some(Conflict::updating(target, rest.collect()));
        let mut lease = executor.lease(Intent::Write).await?;
        lease.execute(Tree::Insert(&mut insert)).await.map(drop).map_err(|error| self.explained(error))
    }

    /// Takes the mark of deletion from the row with this key; gives back whether there was such a row with it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, deleted_at TIMESTAMP);
    /// #     INSERT INTO notes VALUES (1, 'kept', NULL), (2, 'gone', '2026-01-01 00:00:00');").await?;
    /// let notes = db.table("notes").await?.soft_delete("deleted_at")?;
    /// assert!(notes.restore(&[relata::Value::Int(2)], &mut db).await?);
    /// assert_eq!(notes.select().count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Unsupported` without [`Table::soft_delete`]; as [`Table::update`].
    pub async fn restore(&self, key: &[Value], executor: &mut impl Executor) -> Result<bool> {
        let (mark, mut filter) = (self.mark()?.to_string(), Some(self.key_filter(key)?));
        self.marked(Scope::Deleted).into_iter().for_each(|marked| Expr::and_into(&mut filter, marked));
        let assignments = vec![(mark, Expr::Value(Value::Null))];
        let mut update = Update { source: self.source(), assignments, filter, scope: Scope::All, returning: false };
        let mut lease = executor.lease(Intent::Write).await?;
        let done = lease.execute(Tree::Update(&mut update)).await.map_err(|error| self.explained(error))?;
        Ok(done.rows_affected > 0)
    }

    /// Removes for good the rows that were marked as deleted before this instant; gives back how many.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, deleted_at TIMESTAMP);
    /// #     INSERT INTO notes VALUES (1, 'kept', NULL), (2, 'gone', '2026-01-01 00:00:00');").await?;
    /// let notes = db.table("notes").await?.soft_delete("deleted_at")?;
    /// assert_eq!(notes.purge(Timestamp::now(), &mut db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Unsupported` without [`Table::soft_delete`]; `Kind::ForeignKeyViolation` when others refer to a row.
    pub async fn purge(&self, before: Timestamp, executor: &mut impl Executor) -> Result<u64> {
        let filter = Some(binary(self.mark()?, BinaryOp::Lt, Value::Timestamp(before)));
        let mut delete = Delete { source: self.source(), filter, scope: Scope::All, returning: false };
        let mut lease = executor.lease(Intent::Write).await?;
        let done = lease.execute(Tree::Delete(&mut delete)).await.map_err(|error| self.explained(error))?;
        Ok(done.rows_affected)
    }

    fn mark(&self) -> Result<&str> {
        self.0.mark.as_deref().ok_or_else(|| {
            let message = format!("{} has no mark of deletion", self.0.name.name);
            Error::unsupported(message, "say which column it is by `table.soft_delete(\"deleted_at\")?`")
        })
    }

    fn inserting<'c>(&self, columns: &'c [&'c str], row: &[(&str, Value)]) -> Insert<'c> {
        let values = row.iter().map(|(_, value)| value.clone()).collect();
        let source = self.source();
        let overriding = columns.iter().any(|column| self.0.always.iter().any(|made| made == column));
        Insert { source, columns, values, rows: 1, query: None, conflict: None, returning: false, overriding }
    }
}

impl TableQuery {
    /// An update or delete may take every row.
    pub fn all_rows(mut self) -> Self {
        self.every = true;
        self
    }

    /// Changes the rows that keep the filters; gives back how many.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{Value, table::Condition};
    /// let books = db.table("books").await?;
    /// let short = books.select().filter("pages", Condition::Less(Value::Int(300)))?;
    /// assert_eq!(short.update(&[("pages", Value::Int(300))], &mut db).await?, 2);
    /// assert!(books.select().update(&[("pages", Value::Int(1))], &mut db).await.is_err()); // `.all_rows()` is missing
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Parameters` without a filter or [`TableQuery::all_rows`], and with a limit, an offset, an order or rows of other
    /// tables; as [`Table::update`].
    pub async fn update(self, row: &[(&str, Value)], executor: &mut impl Executor) -> Result<u64> {
        let assignments = self.table.assigned(row)?;
        self.assign(assignments, executor).await
    }

    /// Deletes the rows that keep the filters; gives back how many. With [`Table::soft_delete`] they are marked.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{Value, table::Condition};
    /// let books = db.table("books").await?;
    /// let short = books.select().filter("pages", Condition::Less(Value::Int(300)))?;
    /// assert_eq!(short.delete(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TableQuery::update`].
    pub async fn delete(self, executor: &mut impl Executor) -> Result<u64> {
        if let Some(mark) = self.table.0.mark.clone() {
            return self.assign(vec![(mark, Expr::Value(Value::Timestamp(crate::now())))], executor).await;
        }
        let (table, filter) = self.written("delete")?;
        let mut delete = Delete { source: table.source(), filter, scope: Scope::All, returning: false };
        let mut lease = executor.lease(Intent::Write).await?;
        let done = lease.execute(Tree::Delete(&mut delete)).await.map_err(|error| table.explained(error))?;
        Ok(done.rows_affected)
    }

    async fn assign(self, assignments: Vec<(String, Expr)>, executor: &mut impl Executor) -> Result<u64> {
        let (table, filter) = self.written("update")?;
        let mut update = Update { source: table.source(), assignments, filter, scope: Scope::All, returning: false };
        let mut lease = executor.lease(Intent::Write).await?;
        let done = lease.execute(Tree::Update(&mut update)).await.map_err(|error| table.explained(error))?;
        Ok(done.rows_affected)
    }

    /// The table and which of its rows are written.
    fn written(self, what: &str) -> Result<(Table, Option<Expr>)> {
        let (table, every) = (self.table.clone(), self.every);
        let name = &table.0.name.name;
        let shaped = self.select.limit.is_some() || self.select.offset.is_some() || !self.select.order.is_empty();
        if shaped || !self.withs.is_empty() || self.after.is_some() {
            let message = format!("{what} of {name}: a limit, an order, a cursor or other tables mean nothing here");
            return Err(Error::new(Kind::Parameters, message).table(name).hint("read the rows, and write them by key"));
        }
        if self.select.filter.is_none() && !every {
            let message = format!("this {what} would take every row of {name}");
            let hint = "add `.filter(…)`, or `.all_rows()` if every row is meant";
            return Err(Error::new(Kind::Parameters, message).table(name).hint(hint));
        }
        Ok((table, self.whole().filter))
    }
}
