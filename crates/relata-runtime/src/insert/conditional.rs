//! Upserts with an action for each column and with a condition.

use std::marker::PhantomData;

use relata_sql::expr::Expr;
use relata_sql::tree::Conflict;
use relata_sql::typed::{Change, Condition};
use relata_sql::{Result, Value};

use super::{Draft, Upsert};
use crate::entity::Entity;
use crate::executor::Executor;
use crate::inspect::Whole;
use crate::rules::Found;

/// An upsert that says for each column what becomes of it.
///
/// ```text
/// NewCounter { name: "visits".into(), count: 1 }
///     .on_conflict(Counter.name)
///     .set(Counter.count.to(Counter.count + Counter.count.proposed()))
///     .only_if(Counter.count.lt(100))
///     .save(&mut db)
///     .await?;
/// ```
#[must_use = "nothing is inserted until `.save(…)`, or `.exec(…)` of many rows"]
pub struct ConditionalUpsert<E, R = Draft<E>> {
    rows: R,
    conflict: Conflict,
    /// Every given column takes its new value, but for the target.
    every: bool,
    found: Found,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity, R> Upsert<E, R> {
    /// Where the row exists, gives a column of it a new value; several may be set. Columns are those of the existing
    /// row, and `.proposed()` is the value that was to be inserted. **Dialects**: MariaDB sets one after the other, so
    /// that a value sees the columns that were set before it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Lem".into(), email: "stan@example.com".into() };
    /// let name = Author.name.concat(" ").concat(Author.name.proposed());
    /// let lem = again.on_conflict(Author.email).set(Author.name.to(name)).save(&mut db).await?;
    /// assert_eq!(lem.unwrap().name, "Stanisław Lem");
    /// # Ok(())
    /// # }
    /// ```
    pub fn set(self, assignment: impl Change<E>) -> ConditionalUpsert<E, R> {
        let conflict = Conflict::updating(self.target, Vec::new());
        ConditionalUpsert::new(self.rows, conflict, false).set(assignment)
    }
}

impl<E: Entity, R> ConditionalUpsert<E, R> {
    pub(super) fn new(rows: R, conflict: Conflict, every: bool) -> Self {
        ConditionalUpsert { rows, conflict, every, found: Found::new(E::TABLE), marker: PhantomData }
    }

    /// Gives one more column a new value where the row exists.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewBook { author_id: Id::new(2), title: "Solaris".into(), pages: 214 };
    /// let upsert = again.into_draft().with(Book.id, 3).on_conflict(Book.id);
    /// let upsert = upsert.set(Book.title.to("Solaris (new)")).set(Book.pages.to(Book.pages.proposed()));
    /// let solaris = upsert.save(&mut db).await?.unwrap();
    /// assert_eq!((solaris.title.as_str(), solaris.pages), ("Solaris (new)", 214));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set(mut self, assignment: impl Change<E>) -> Self {
        let assignment = assignment.into_assignment();
        if let Expr::Value(value) = &assignment.value {
            self.found.value(assignment.column, value);
        }
        self.conflict.assignments.push((assignment.column.column.to_string(), assignment.value));
        self
    }

    /// Updates the existing row only if it keeps this. **Dialects**: not MariaDB.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Lem".into(), email: "stan@example.com".into() };
    /// let upsert = again.on_conflict(Author.email).set(Author.name.to("Lem")).only_if(Author.name.eq("Ursula"));
    /// assert_eq!(upsert.save(&mut db).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn only_if(mut self, condition: impl Condition<E>) -> Self {
        Expr::and_into(&mut self.conflict.filter, condition.into_pred().into_expr());
        self
    }

    /// Checked: the new rows, and what becomes of those that exist, which depends on the columns that are given.
    pub(super) fn prepared(self) -> Result<(R, Existing)> {
        self.found.into_result()?;
        let stamps = [E::TABLE.created_at, E::TABLE.updated_at].map(|at| at.map(|at| E::TABLE.columns[at].column));
        Ok((self.rows, Existing { conflict: self.conflict, every: self.every, stamps }))
    }
}

/// What becomes of rows that exist.
pub(super) struct Existing {
    conflict: Conflict,
    every: bool,
    /// `created_at` and `updated_at`.
    stamps: [Option<&'static str>; 2],
}

impl Existing {
    /// For new rows that give these columns; with the time of the change. `stamped`: among them are those that nobody gave.
    pub(super) fn given(&self, columns: &[&str], stamped: bool) -> Conflict {
        let mut conflict = self.conflict.clone();
        let [created, updated] = self.stamps;
        let Conflict { target, assignments, update, .. } = &mut conflict;
        if self.every {
            let given = columns.iter().filter(|name| !stamped || Some(**name) != created);
            update.extend(given.map(|name| (*name).to_string()).filter(|name| !target.contains(name)));
            if update.is_empty() && assignments.is_empty() {
                // The row is to be given back, which it is not when nothing is done to it.
                update.extend(target.first().cloned());
            }
        }
        if let Some(column) = updated
            && assignments.iter().all(|(name, _)| name != column)
            && update.iter().all(|name| name != column)
        {
            match assignments.is_empty() {
                // The new row has it, too.
                true => update.push(column.to_string()),
                false => assignments.push((column.to_string(), Expr::Value(Value::Timestamp(crate::now())))),
            }
        }
        conflict
    }
}

impl<E: Entity> ConditionalUpsert<E> {
    /// Inserts or updates; gives back the row as it then is, or `None` if the condition kept the existing one as it was.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Lem".into(), email: "stan@example.com".into() };
    /// let saved = again.on_conflict(Author.email).updating(Author.name).save(&mut db).await?;
    /// assert_eq!(saved.unwrap().name, "Lem");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`super::NewRow::insert`]; `Kind::Unsupported` for a condition on MariaDB.
    pub async fn save(self, executor: &mut impl Executor) -> Result<Option<E>> {
        let (draft, existing) = self.prepared()?;
        let conflict = existing.given(&draft.column_names(), false);
        draft.run(executor, Some(conflict)).await
    }

    pub(crate) fn whole(self) -> Result<Whole> {
        let (draft, existing) = self.prepared()?;
        let conflict = existing.given(&draft.column_names(), false);
        draft.whole(Some(conflict), true)
    }
}
