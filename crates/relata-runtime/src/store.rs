//! [`Store`]: a repository as a trait, with the usual operations as defaults, hooks around writes, and methods of one's own
//! beside.
//!
//! ```text
//! struct Users<X>(X);
//!
//! impl<X: Executor> Store for Users<X> {
//!     type Entity = User;
//!     type Executor = X;
//!     fn executor(&mut self) -> &mut X { &mut self.0 }
//!     async fn after_insert(&mut self, user: &User) -> Result<()> { … }
//! }
//!
//! impl<X: Executor> Users<X> {
//!     async fn by_email(&mut self, email: &str) -> Result<Option<User>> { … }
//! }
//! ```
//!
//! It holds what it runs on: a database, or `&mut tx`. Several in one transaction are a service, and all of it happens or
//! nothing. A row may be inserted together with what hangs on it (`NewOrder { … }.create(Order.lines, …)`): the hooks stand around the row
//! of the store, before it is written and when all of it is there. What hangs on it is of other entities, and a store knows no other
//! store: where those have hooks, too, a service inserts them by [`Store::insert_all`] of theirs, in the same transaction and in as few
//! statements. Bulk statements (`insert_many`, `update_many`, `delete_many`, SQL of one's own) meet no hook: what they write is not
//! read, which is what makes them fast. A hook that fails gives its error to the caller; what was written before it is undone where that is a transaction.

use relata_sql::Result;

use crate::entity::{Entity, IntoKey};
use crate::executor::Executor;
use crate::insert::{Draft, NewRow};
use crate::nested::{Graph, IntoGraph, insert_all};
use crate::repository::Repository;
use crate::soft_delete::SoftDeleted;

type KeyOf<S> = <<S as Store>::Entity as Entity>::Key;

/// The usual operations on one entity, with hooks.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// use relata::Store;
///
/// struct Authors<X>(X);
///
/// impl<X: Executor> Store for Authors<X> {
///     type Entity = Author;
///     type Executor = X;
///     fn executor(&mut self) -> &mut X {
///         &mut self.0
///     }
///     async fn before_save(&mut self, author: &Author) -> relata::Result<()> {
///         assert!(author.email.contains('@'));
///         Ok(())
///     }
/// }
///
/// let mut authors = Authors(&mut db);
/// let mut stan = authors.find(2).await?.unwrap();
/// stan.email = "lem@example.com".into();
/// authors.save(&stan).await?;
/// assert_eq!(authors.find(2).await?, Some(stan));
/// # Ok(())
/// # }
/// ```
pub trait Store: Send + Sized {
    /// Which entity.
    type Entity: Entity;
    /// What it runs on.
    type Executor: Executor;

    /// What it runs on.
    fn executor(&mut self) -> &mut Self::Executor;

    /// Before a row is inserted; may change it, or refuse it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # use relata::{Result, Store, insert::Draft};
    /// # struct Authors<X>(X);
    /// # impl<X: Executor> Store for Authors<X> {
    /// #     type Entity = Author;
    /// #     type Executor = X;
    /// #     fn executor(&mut self) -> &mut X { &mut self.0 }
    /// async fn before_insert(&mut self, row: Draft<Author>) -> Result<Draft<Author>> {
    ///     let email = row.given(Author.email).unwrap_or_default().to_lowercase();
    ///     Ok(row.with(Author.email, email))
    /// }
    /// # }
    /// let tove = NewAuthor { name: "Tove".into(), email: "Tove@Example.com".into() };
    /// assert_eq!(Authors(&mut db).insert(tove).await?.email, "tove@example.com");
    /// # Ok(())
    /// # }
    /// ```
    fn before_insert(&mut self, row: Draft<Self::Entity>) -> impl Future<Output = Result<Draft<Self::Entity>>> + Send {
        async { Ok(row) }
    }

    /// After a row was inserted, in the same transaction.
    fn after_insert(&mut self, _row: &Self::Entity) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before a row is saved; may refuse it.
    fn before_save(&mut self, _row: &Self::Entity) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// After a row was saved, in the same transaction.
    fn after_save(&mut self, _row: &Self::Entity) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Before a row is deleted; may refuse it.
    fn before_delete(&mut self, _key: &KeyOf<Self>) -> impl Future<Output = Result<()>> + Send
    where
        KeyOf<Self>: Sync,
    {
        async { Ok(()) }
    }

    /// After a row was deleted, in the same transaction.
    fn after_delete(&mut self, _key: &KeyOf<Self>) -> impl Future<Output = Result<()>> + Send
    where
        KeyOf<Self>: Sync,
    {
        async { Ok(()) }
    }

    /// After a row that was marked as deleted was brought back, in the same transaction.
    fn after_restore(&mut self, _key: &KeyOf<Self>) -> impl Future<Output = Result<()>> + Send
    where
        KeyOf<Self>: Sync,
    {
        async { Ok(()) }
    }

    /// The operations without hooks.
    fn plain(&mut self) -> Repository<Self::Entity, &mut Self::Executor> {
        Repository::new(self.executor())
    }

    /// The row with this key, if there is one.
    ///
    /// # Errors
    /// What the database says.
    fn find(
        &mut self,
        key: impl IntoKey<Self::Entity> + Send,
    ) -> impl Future<Output = Result<Option<Self::Entity>>> + Send {
        async move { Self::Entity::by_key(key).optional(self.executor()).await }
    }

    /// All rows.
    ///
    /// # Errors
    /// What the database says.
    fn all(&mut self) -> impl Future<Output = Result<Vec<Self::Entity>>> + Send {
        async move { Self::Entity::find().all(self.executor()).await }
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// What the database says.
    fn count(&mut self) -> impl Future<Output = Result<u64>> + Send {
        async move { Self::Entity::find().count(self.executor()).await }
    }

    /// Inserts a row, alone or together with what hangs on it ([`NewRow::create`], [`NewRow::connect`]), and gives it back as the
    /// database has it. The hooks stand around the row itself.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # use relata::{Executor, Store};
    /// # struct Authors<X>(X);
    /// # impl<X: Executor> Store for Authors<X> {
    /// #     type Entity = Author;
    /// #     type Executor = X;
    /// #     fn executor(&mut self) -> &mut X {
    /// #         &mut self.0
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// // `struct Authors<X>(X);` with `impl Store for Authors<X>`
    /// let tove = NewAuthor { name: "Tove".into(), email: "tove@example.com".into() };
    /// let tove = Authors(&mut db).insert(tove).await?;
    /// assert_eq!(tove.id, Id::new(3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`]; what a hook says.
    fn insert(
        &mut self,
        row: impl IntoGraph<Entity = Self::Entity>,
    ) -> impl Future<Output = Result<Self::Entity>> + Send {
        let (draft, below) = row.into_graph().into_parts();
        async move {
            let draft = self.before_insert(draft).await?;
            let row = match below.is_empty() {
                true => draft.insert(self.executor()).await?,
                false => Graph::of_parts(draft, below).insert(self.executor()).await?,
            };
            self.after_insert(&row).await?;
            Ok(row)
        }
    }

    /// Inserts rows, all or none, and gives them back in their order as the database has them. The hooks stand around each of
    /// them; the number of statements does not depend on how many there are (MySQL, which does not give back what it
    /// inserts, takes them one by one).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # use relata::{Executor, Store};
    /// # struct Authors<X>(X);
    /// # impl<X: Executor> Store for Authors<X> {
    /// #     type Entity = Author;
    /// #     type Executor = X;
    /// #     fn executor(&mut self) -> &mut X {
    /// #         &mut self.0
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// // `struct Authors<X>(X);` with `impl Store for Authors<X>`
    /// let author = |name: &str| NewAuthor { name: name.into(), email: format!("{name}@example.com") };
    /// let authors = Authors(&mut db).insert_all([author("tove"), author("karel")]).await?;
    /// assert_eq!(authors[1].name, "karel");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`]; what a hook says.
    fn insert_all<N: NewRow<Entity = Self::Entity>>(
        &mut self,
        rows: impl IntoIterator<Item = N, IntoIter: Send> + Send,
    ) -> impl Future<Output = Result<Vec<Self::Entity>>> + Send {
        let rows: Vec<Draft<Self::Entity>> = rows.into_iter().map(NewRow::into_draft).collect();
        async move {
            let mut drafts = Vec::with_capacity(rows.len());
            for row in rows {
                drafts.push(self.before_insert(row).await?);
            }
            let rows = insert_all(drafts, self.executor()).await?;
            for row in &rows {
                self.after_insert(row).await?;
            }
            Ok(rows)
        }
    }

    /// Brings back the row with this key, and what was marked as deleted together with it; gives back whether there was one.
    ///
    /// # Errors
    /// As [`Entity::restore`]; what a hook says.
    fn restore(&mut self, key: impl IntoKey<Self::Entity> + Send) -> impl Future<Output = Result<bool>> + Send
    where
        Self::Entity: SoftDeleted,
        KeyOf<Self>: Sync,
    {
        async move {
            let key = key.into_key();
            let restored = Self::Entity::restore(key.clone(), self.executor()).await?;
            if restored {
                self.after_restore(&key).await?;
            }
            Ok(restored)
        }
    }

    /// Writes every field of a row that exists.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # use relata::{Executor, Store};
    /// # struct Authors<X>(X);
    /// # impl<X: Executor> Store for Authors<X> {
    /// #     type Entity = Author;
    /// #     type Executor = X;
    /// #     fn executor(&mut self) -> &mut X {
    /// #         &mut self.0
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// // `struct Authors<X>(X);` with `impl Store for Authors<X>`
    /// let mut authors = Authors(&mut db);
    /// let mut stan = authors.find(2).await?.unwrap();
    /// stan.name = "Stan".into();
    /// authors.save(&stan).await?;
    /// assert_eq!(authors.find(2).await?.unwrap().name, "Stan");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Repository::save`]; what a hook says.
    fn save(&mut self, row: &Self::Entity) -> impl Future<Output = Result<()>> + Send {
        async move {
            self.before_save(row).await?;
            self.plain().save(row).await?;
            self.after_save(row).await
        }
    }

    /// Deletes the row with this key (with `soft_delete`: marks it); gives back whether there was one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # use relata::{Executor, Store};
    /// # struct Authors<X>(X);
    /// # impl<X: Executor> Store for Authors<X> {
    /// #     type Entity = Author;
    /// #     type Executor = X;
    /// #     fn executor(&mut self) -> &mut X {
    /// #         &mut self.0
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// // `struct Authors<X>(X);` with `impl Store for Authors<X>`
    /// let mut authors = Authors(&mut db);
    /// assert!(authors.delete(2).await?);
    /// assert_eq!(authors.count().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Repository::delete`]; what a hook says.
    fn delete(&mut self, key: impl IntoKey<Self::Entity> + Send) -> impl Future<Output = Result<bool>> + Send
    where
        KeyOf<Self>: Sync,
    {
        async move {
            let key = key.into_key();
            self.before_delete(&key).await?;
            let deleted = self.plain().delete(key.clone()).await?;
            if deleted {
                self.after_delete(&key).await?;
            }
            Ok(deleted)
        }
    }
}
