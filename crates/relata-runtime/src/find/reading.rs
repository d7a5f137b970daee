//! Reading rows that may not be what was declared: because they were there first, or because others write, too.
//!
//! A row that does not decode is an error of its query anyway, with table, column and what was found. These endings look at
//! the declared rules besides, or go on without the rows that are wrong.

use relata_sql::driver::Row;
use relata_sql::{Error, Result, Value};

use super::{Collect, Find, run};
use crate::entity::{Entity, mapped};
use crate::executor::Executor;
use crate::load::{Loads, Parents, load_into};
use crate::repository;

/// Rows that are what was declared, and what is wrong with the others.
#[derive(Debug)]
pub struct Lenient<T> {
    /// The rows, in their order.
    pub rows: Vec<T>,
    /// One error for each row that was left out: `Kind::Decode` or `Kind::Validation`.
    pub refused: Vec<Error>,
}

impl<E: Entity, L: Loads<E>> Find<E, L> {
    /// All rows, each checked by the rules that were declared. What is loaded along relations is not looked at.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "books")]
    /// # pub struct Checked {
    /// #     #[id]
    /// #     pub id: Id<Checked>,
    /// #     #[check(len(1..=10))]
    /// #     pub title: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let short = Checked::find().filter(Checked.title.eq("Solaris")).all_valid(&mut db).await?;
    /// assert_eq!(short.len(), 1);
    /// let error = Checked::find().all_valid(&mut db).await.unwrap_err(); // a title may have ten letters
    /// assert_eq!(error.kind(), relata::Kind::Validation);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` for the first row that breaks a rule, with its key and every problem; as [`Find::all`].
    pub async fn all_valid(self, executor: &mut impl Executor) -> Result<Vec<L::Output>> {
        let rows = self.all(executor).await?;
        rows.iter().try_for_each(|row| valid(L::entity(row)))?;
        Ok(rows)
    }

    /// The rows that decode and keep the declared rules; for each of the others the reason. For importing, exporting and
    /// repairing what is not as it should be.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// db.batch("INSERT INTO books VALUES (4, 1, 'Planet of Exile', 'many')").await?;
    /// let found = Book::find().all_lenient(&mut db).await?;
    /// assert_eq!((found.rows.len(), found.refused.len()), (3, 1));
    /// assert_eq!(found.refused[0].kind(), relata::Kind::Decode);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says; rows of relations to many that do not decode.
    pub async fn all_lenient(mut self, executor: &mut impl Executor) -> Result<Lenient<L::Output>> {
        self.prepared();
        let (loads, scope) = (self.loads, self.select.scope);
        let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| Ok(loads.read(row, &mut 0)) };
        run(executor, *self.select, &mut sink).await.map_err(|error| mapped(error, E::TABLE))?;
        let mut found = Lenient { rows: Vec::new(), refused: Vec::new() };
        for (index, row) in sink.rows.into_iter().enumerate() {
            match row.and_then(|row| valid(L::entity(&row)).map(|()| row)) {
                Ok(row) => found.rows.push(row),
                Err(error) => found.refused.push(super::at_row(mapped(error, E::TABLE), index)),
            }
        }
        load_into(&loads, executor, (Parents::Some, scope), &mut found.rows).await?;
        Ok(found)
    }
}

/// Whether a row keeps the declared rules; else which row it is.
fn valid<E: Entity>(row: &E) -> Result<()> {
    repository::check(row).map_err(|error| {
        let key: Vec<String> = E::TABLE.key.iter().map(|position| spelled(&row.value(*position))).collect();
        error.context(format!("while reading {} {}", E::TABLE.entity, key.join(", ")))
    })
}

/// A key for people.
pub(crate) fn spelled(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Uuid(uuid) => uuid.to_string(),
        other => format!("{other:?}"),
    }
}
