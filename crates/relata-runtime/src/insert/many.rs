//! Upserts of many rows: statements of many rows each, as many as the parameters need, and all of them or none.
//!
//! How many rows were new and how many changed is not told: MariaDB counts both alike.

use relata_sql::Result;
use relata_sql::driver::Row;
use relata_sql::tree::Conflict;

use super::returning::write_together;
use super::{ConditionalUpsert, ConflictColumns, InsertMany, Upsert};
use crate::entity::Entity;
use crate::executor::Executor;
use crate::find::Collect;
use crate::inspect::Whole;

impl<E: Entity> Upsert<E, InsertMany<E>> {
    /// Updates these columns of the rows that exist to the new values.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let author = |name: &str, email: &str| NewAuthor { name: name.into(), email: email.into() };
    /// let authors = [author("Stan", "stan@example.com"), author("Tove", "tove@example.com")];
    /// Author::insert_many(authors).on_conflict(Author.email).update(Author.name, &mut db).await?;
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stan");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`super::NewRow::insert`].
    pub async fn update(self, columns: impl ConflictColumns<E>, executor: &mut impl Executor) -> Result<()> {
        self.updating(columns).exec(executor).await
    }

    /// Updates every given column of the rows that exist, but for the target and `created_at`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let authors = [NewAuthor { name: "Stan".into(), email: "stan@example.com".into() }];
    /// Author::insert_many(authors).on_conflict(Author.email).update_all(&mut db).await?;
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stan");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`super::NewRow::insert`].
    pub async fn update_all(self, executor: &mut impl Executor) -> Result<()> {
        self.updating_all().exec(executor).await
    }

    /// Leaves rows that exist alone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let author = |name: &str, email: &str| NewAuthor { name: name.into(), email: email.into() };
    /// let authors = [author("Stan", "stan@example.com"), author("Tove", "tove@example.com")];
    /// Author::insert_many(authors).on_conflict(Author.email).ignore(&mut db).await?;
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stanisław");
    /// assert_eq!(Author::find().count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`super::NewRow::insert`].
    pub async fn ignore(self, executor: &mut impl Executor) -> Result<()> {
        let (rows, target) = (self.rows, self.target);
        let leave = |_: &[&str]| Some(Conflict::updating(target.clone(), Vec::new()));
        write_together(executor, rows, &leave, None).await
    }
}

impl<E: Entity> ConditionalUpsert<E, InsertMany<E>> {
    /// Inserts or updates all rows, or does nothing.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let authors = [NewAuthor { name: "Lem".into(), email: "stan@example.com".into() }];
    /// let name = Author.name.concat(" ").concat(Author.name.proposed());
    /// Author::insert_many(authors).on_conflict(Author.email).set(Author.name.to(name)).exec(&mut db).await?;
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stanisław Lem");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`super::NewRow::insert`]; `Kind::Unsupported` for a condition on MariaDB.
    pub async fn exec(self, executor: &mut impl Executor) -> Result<()> {
        let (rows, existing) = self.prepared()?;
        let given = |columns: &[&str]| Some(existing.given(columns, true));
        write_together(executor, rows, &given, None).await
    }

    /// Inserts or updates all rows; gives them back as they then are, but for those that a condition kept as they were.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let author = |name: &str, email: &str| NewAuthor { name: name.into(), email: email.into() };
    /// let authors = [author("Stan", "stan@example.com"), author("Tove", "tove@example.com")];
    /// let saved = Author::insert_many(authors).on_conflict(Author.email).updating_all().returning(&mut db).await?;
    /// assert_eq!((saved[0].id, saved[1].name.as_str()), (Id::new(2), "Tove"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`ConditionalUpsert::exec`]; `Kind::Unsupported` on MySQL, which gives no rows back.
    pub async fn returning(self, executor: &mut impl Executor) -> Result<Vec<E>> {
        let (rows, existing) = self.prepared()?;
        let given = |columns: &[&str]| Some(existing.given(columns, true));
        let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| E::decode(row, 0) };
        write_together(executor, rows, &given, Some(&mut sink)).await?;
        Ok(sink.rows)
    }

    pub(crate) fn whole_of_many(self) -> Result<Whole> {
        let (rows, existing) = self.prepared()?;
        rows.whole(|columns| Some(existing.given(columns, true)))
    }
}
