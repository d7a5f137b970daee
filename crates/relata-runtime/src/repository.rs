//! [`Repository`]: the usual operations on one entity, for those who like them behind one object.
//!
//! It adds nothing that [`Entity`] cannot do. Methods of your own go beside it: a struct around it, or a trait.

use std::marker::PhantomData;

use relata_sql::expr::Expr;
use relata_sql::meta::RowValues;
use relata_sql::tree::{Scope, Source, Update};
use relata_sql::typed::Pred;
use relata_sql::{Error, Kind, Result, Value};

use crate::change::{Delete, Filtered, execute_update};
use crate::entity::{Entity, IntoKey, key_filter};
use crate::executor::Executor;
use crate::find::Find;
use crate::insert::NewRow;
use crate::page::{Cursor, Page};
use crate::rules::Found;

/// The usual operations on `E`, run on `X`: a database, or a transaction.
#[derive(Debug)]
pub struct Repository<E, X> {
    executor: X,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity, X: Executor> Repository<E, X> {
    /// A repository on a database (`db.clone()`) or in a transaction (`&mut tx`).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// assert_eq!(books.find(3).await?.unwrap().title, "Solaris");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(executor: X) -> Self {
        Repository { executor, marker: PhantomData }
    }

    /// What it runs on, for statements of your own.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// let pages: i64 = sql("SELECT SUM(pages) FROM books", ()).one(books.executor()).await?;
    /// assert_eq!(pages, 729);
    /// # Ok(())
    /// # }
    /// ```
    pub fn executor(&mut self) -> &mut X {
        &mut self.executor
    }

    /// The row with this key, if there is one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// assert_eq!(books.find(3).await?.unwrap().title, "Solaris");
    /// assert!(books.find(99).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says.
    #[track_caller]
    pub fn find(&mut self, key: impl IntoKey<E>) -> impl Future<Output = Result<Option<E>>> + Send {
        E::by_key(key).optional(&mut self.executor)
    }

    /// The rows that keep this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// assert_eq!(books.filter(Book.pages.gt(300)).await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says.
    #[track_caller]
    pub fn filter(&mut self, filter: Pred<E>) -> impl Future<Output = Result<Vec<E>>> + Send {
        E::find().filter(filter).all(&mut self.executor)
    }

    /// All rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn all(&mut self) -> Result<Vec<E>> {
        E::find().all(&mut self.executor).await
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count(&mut self) -> Result<u64> {
        E::find().count(&mut self.executor).await
    }

    /// One page of a query, and the cursor of the next.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// let first = books.page(Book::find().order(Book.title.asc()), None, 2).await?;
    /// let second = books.page(Book::find().order(Book.title.asc()), first.next, 2).await?;
    /// assert_eq!((first.items.len(), second.items.len()), (2, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Find::page`].
    pub async fn page(&mut self, query: Find<E>, after: Option<Cursor>, size: u64) -> Result<Page<E>> {
        query.after(after).limit(size).page(&mut self.executor).await
    }

    /// Inserts a row and gives it back as the database has it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// let fiasco = books.insert(NewBook { author_id: Id::new(2), title: "Fiasco".into(), pages: 322 }).await?;
    /// assert_eq!(fiasco.id, Id::new(4));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`].
    pub async fn insert(&mut self, row: impl NewRow<Entity = E>) -> Result<E> {
        row.insert(&mut self.executor).await
    }

    /// Inserts many rows, all or none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// let book = |title: &str| NewBook { author_id: Id::new(2), title: title.into(), pages: 250 };
    /// assert_eq!(books.insert_many([book("Fiasco"), book("Eden")]).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`].
    pub async fn insert_many<N: NewRow<Entity = E>>(&mut self, rows: impl IntoIterator<Item = N>) -> Result<u64> {
        E::insert_many(rows).exec(&mut self.executor).await
    }

    /// Writes every field of a row that exists.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// let mut solaris = books.find(3).await?.unwrap();
    /// solaris.pages = 214;
    /// books.save(&solaris).await?;
    /// assert_eq!(books.find(3).await?, Some(solaris));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::NotFound` when there is none with its key; as [`crate::change::Update::exec`].
    pub async fn save(&mut self, row: &E) -> Result<()> {
        row.save(&mut self.executor).await
    }

    /// Deletes the row with this key (with `soft_delete`: marks it); gives back whether there was one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut books = relata::Repository::<Book, _>::new(&mut db);
    /// assert!(books.delete(3).await?);
    /// assert!(!books.delete(3).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`crate::change::Delete::exec`].
    pub async fn delete(&mut self, key: impl IntoKey<E>) -> Result<bool> {
        let delete: Delete<E, Filtered> = E::delete(key);
        Ok(delete.exec(&mut self.executor).await? > 0)
    }
}

/// Checks every declared rule on a row.
pub(crate) fn check<E: Entity>(row: &E) -> Result<()> {
    let table = E::TABLE;
    if table.rules.is_empty() && table.columns.iter().all(|column| column.rules.is_empty()) {
        return Ok(());
    }
    let mut found = Found::new(table);
    let columns: Vec<u16> = (0..table.selected as u16).collect();
    let values: Vec<Value> = (0..table.selected).map(|position| row.value(position)).collect();
    table.columns.iter().zip(&values).for_each(|(column, value)| found.value(column, value));
    found.row(&RowValues::some(&columns, &values));
    found.into_result()
}

/// [`Entity::save`].
pub(crate) fn write_whole<E: Entity>(row: &E, executor: &mut impl Executor) -> impl Future<Output = Result<()>> + Send {
    let update = whole(row);
    async move { execute_update(executor, E::TABLE, Some(1), update?).await.map(drop) }
}

fn whole<E: Entity>(row: &E) -> Result<Update> {
    let table = E::TABLE;
    if table.key.is_empty() {
        return Err(Error::new(Kind::Unsupported, format!("{} has no key to find the row by", table.entity)));
    }
    check(row)?;
    let mut assignments = Vec::with_capacity(table.selected);
    for (position, column) in table.columns[..table.selected].iter().enumerate() {
        if table.key.contains(&position) || column.generated || table.updated_at == Some(position) {
            continue;
        }
        assignments.push((column.column.to_string(), Expr::Value(row.value(position))));
    }
    if let Some(position) = table.updated_at {
        assignments.push((table.columns[position].column.to_string(), Expr::Value(Value::Timestamp(crate::now()))));
    }
    if assignments.is_empty() {
        // Nothing but its key: what is left to say is whether it is there.
        let position = table.key[0];
        assignments.push((table.columns[position].column.to_string(), Expr::Value(row.value(position))));
    }
    let filter = Some(key_filter(table, |take| table.key.iter().for_each(|position| take(row.value(*position)))));
    Ok(Update { source: Source::Entity(table), assignments, filter, scope: Scope::Live, returning: false })
}
