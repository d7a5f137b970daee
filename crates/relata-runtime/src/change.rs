//! Updates and deletes. Without a filter they do not compile, unless `.all_rows()` says that all are meant.

use std::marker::PhantomData;

use relata_sql::driver::Row;
use relata_sql::expr::Expr;
use relata_sql::meta::{ColumnMeta, RowValues, TableMeta};
use relata_sql::tree::{self, Scope, Source, Tree};
use relata_sql::typed::{Change, Condition};
use relata_sql::{Error, Kind, Result, Value};

use crate::entity::{Entity, mapped};
use crate::executor::{Executor, Intent};
use crate::find::Collect;
use crate::inspect::Whole;
use crate::rules::Found;
use crate::soft_delete;

/// It says which rows.
pub struct Filtered;
/// It does not say yet which rows.
pub struct Unfiltered;

/// An update says which rows it changes.
#[diagnostic::on_unimplemented(
    message = "this would change every row",
    label = "no filter",
    note = "add `.filter(…)`, or `.all_rows()` if every row is meant"
)]
pub trait Bounded {}
impl Bounded for Filtered {}

/// An `UPDATE`.
#[must_use = "nothing is changed until `.exec(…)`"]
pub struct Update<E, S> {
    assignments: Vec<(&'static ColumnMeta, Expr)>,
    filter: Option<Expr>,
    scope: Scope,
    required: Option<u64>,
    marker: PhantomData<fn() -> (E, S)>,
}

/// A `DELETE`; with `soft_delete` an `UPDATE` that marks the rows.
#[must_use = "nothing is deleted until `.exec(…)`"]
pub struct Delete<E, S> {
    filter: Option<Expr>,
    scope: Scope,
    required: Option<u64>,
    permanently: bool,
    marker: PhantomData<fn() -> (E, S)>,
}

impl<E: Entity, S> Update<E, S> {
    pub(crate) fn new(filter: Option<Expr>) -> Self {
        Update { assignments: Vec::new(), filter, scope: Scope::Live, required: None, marker: PhantomData }
    }

    /// Gives a column a new value.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// Book::update(3).set(Book.pages.to(214)).set(Book.title.to("Solaris (new)")).exec(&mut db).await?;
    /// assert_eq!(Book::by_key(3).one(&mut db).await?.pages, 214);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "col_expr")]
    #[doc(alias = "set_value")]
    pub fn set(mut self, assignment: impl Change<E>) -> Self {
        let assignment = assignment.into_assignment();
        self.assignments.push((assignment.column, assignment.value));
        self
    }

    /// Gives a column a value that was read from outside.
    pub(crate) fn put(mut self, column: &'static ColumnMeta, value: Value) -> Self {
        self.assignments.push((column, Expr::Value(value)));
        self
    }

    /// Gives a column a new value if there is one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let (title, pages): (Option<&str>, Option<i32>) = (None, Some(214));
    /// let update = Book::update(3).set_some(title, |title| Book.title.to(title));
    /// update.set_some(pages, |pages| Book.pages.to(pages)).exec(&mut db).await?;
    /// let solaris = Book::by_key(3).one(&mut db).await?;
    /// assert_eq!((solaris.title.as_str(), solaris.pages), ("Solaris", 214));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_some<V, C: Change<E>>(self, value: Option<V>, assignment: impl FnOnce(V) -> C) -> Self {
        match value {
            Some(value) => self.set(assignment(value)),
            None => self,
        }
    }

    /// Only rows that keep this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longer = Book::update_many().filter(Book.author_id.eq(1)).set(Book.pages.add(10)).exec(&mut db).await?;
    /// assert_eq!(longer, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter(mut self, filter: impl Condition<E>) -> Update<E, Filtered> {
        Expr::and_into(&mut self.filter, filter.into_pred().into_expr());
        self.filtered()
    }

    /// Every row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let longer = Book::update_many().set(Book.pages.add(10)).all_rows().exec(&mut db).await?;
    /// assert_eq!(longer, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_rows(self) -> Update<E, Filtered> {
        self.filtered()
    }

    fn filtered(self) -> Update<E, Filtered> {
        Update {
            assignments: self.assignments,
            filter: self.filter,
            scope: self.scope,
            required: self.required,
            marker: PhantomData,
        }
    }

    /// Also rows that are marked as deleted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "notes", soft_delete)]
    /// # pub struct Note {
    /// #     #[id]
    /// #     pub id: Id<Note>,
    /// #     pub text: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, deleted_at TEXT)").await?;
    /// let note = NewNote { text: "Note".into() }.insert(&mut db).await?; // of an entity with `soft_delete`
    /// Note::delete(note.id).exec(&mut db).await?;
    /// assert_eq!(Note::update(note.id).set(Note.text.to("New")).exec(&mut db).await?, 0);
    /// assert_eq!(Note::update(note.id).set(Note.text.to("New")).with_deleted().exec(&mut db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_deleted(mut self) -> Self {
        self.scope = Scope::All;
        self
    }

    /// Fails unless exactly so many rows are changed. Inside a transaction that undoes the change; outside it has
    /// happened.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let update = Book::update(99).set(Book.pages.to(1)).require_rows(1);
    /// assert_eq!(update.exec(&mut db).await.unwrap_err().kind(), relata::Kind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub fn require_rows(mut self, rows: u64) -> Self {
        self.required = Some(rows);
        self
    }

    /// Runs it; gives back how many rows it changed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// assert_eq!(Book::update(3).set(Book.pages.to(214)).exec(&mut db).await?, 1);
    /// assert_eq!(Book::update(99).set(Book.pages.to(214)).exec(&mut db).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses a value; `Kind::NotFound` or `Kind::TooManyRows` when another
    /// number of rows was required; constraint violations with entity and field.
    pub async fn exec(self, executor: &mut impl Executor) -> Result<u64>
    where
        S: Bounded,
    {
        let required = self.required;
        execute_update(executor, E::TABLE, required, self.statement(false)?).await
    }

    /// Runs it; gives back each changed row as it then is. **Dialects**: MariaDB cannot, `Kind::Unsupported`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::update(3).set(Book.pages.add(10)).returning(&mut db).await?;
    /// assert_eq!(books[0].pages, 214);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Update::exec`].
    pub async fn returning(self, executor: &mut impl Executor) -> Result<Vec<E>>
    where
        S: Bounded,
    {
        let required = self.required;
        changed(executor, required, Tree::Update(&mut self.statement(true)?)).await
    }

    pub(crate) fn statement(self, returning: bool) -> Result<tree::Update> {
        let table = E::TABLE;
        if self.assignments.is_empty() {
            let message = format!("the update of {} sets nothing", table.entity);
            return Err(Error::new(Kind::Parameters, message).hint("add `.set(…)`"));
        }
        let mut assignments = Vec::with_capacity(self.assignments.len() + 1);
        check(table, &self.assignments)?;
        for (column, value) in self.assignments {
            assignments.push((column.column.to_string(), value));
        }
        if let Some(position) = table.updated_at {
            let column = table.columns[position].column;
            if assignments.iter().all(|(name, _)| name != column) {
                assignments.push((column.to_string(), Expr::Value(Value::Timestamp(crate::now()))));
            }
        }
        let (filter, scope) = (self.filter, self.scope);
        Ok(tree::Update { source: Source::Entity(table), assignments, filter, scope, returning })
    }
}

impl<E: Entity, S> Delete<E, S> {
    pub(crate) fn new(filter: Option<Expr>) -> Self {
        Delete { filter, scope: Scope::Live, required: None, permanently: false, marker: PhantomData }
    }

    /// Only rows that keep this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let deleted = Book::delete_many().filter(Book.pages.lt(300)).exec(&mut db).await?;
    /// assert_eq!(deleted, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter(mut self, filter: impl Condition<E>) -> Delete<E, Filtered> {
        Expr::and_into(&mut self.filter, filter.into_pred().into_expr());
        self.filtered()
    }

    /// Every row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let deleted = Book::delete_many().all_rows().exec(&mut db).await?;
    /// assert_eq!(deleted, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_rows(self) -> Delete<E, Filtered> {
        self.filtered()
    }

    fn filtered(self) -> Delete<E, Filtered> {
        Delete {
            filter: self.filter,
            scope: self.scope,
            required: self.required,
            permanently: self.permanently,
            marker: PhantomData,
        }
    }

    /// Removes the rows even with `soft_delete`, also those that are marked already.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[derive(Entity, Debug, Clone)]
    /// # #[entity(table = "notes", soft_delete)]
    /// # pub struct Note {
    /// #     #[id]
    /// #     pub id: Id<Note>,
    /// #     pub text: String,
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, deleted_at TEXT)").await?;
    /// let note = NewNote { text: "Note".into() }.insert(&mut db).await?; // of an entity with `soft_delete`
    /// Note::delete(note.id).exec(&mut db).await?;
    /// assert_eq!(Note::find().with_deleted().count(&mut db).await?, 1);
    /// Note::delete(note.id).permanently().exec(&mut db).await?;
    /// assert_eq!(Note::find().with_deleted().count(&mut db).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn permanently(mut self) -> Self {
        self.permanently = true;
        self.scope = Scope::All;
        self
    }

    /// Fails unless exactly so many rows are deleted. Inside a transaction that undoes it; outside it has happened.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let error = Book::delete(99).require_rows(1).exec(&mut db).await.unwrap_err();
    /// assert_eq!(error.kind(), relata::Kind::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub fn require_rows(mut self, rows: u64) -> Self {
        self.required = Some(rows);
        self
    }

    /// Runs it; gives back how many rows it deleted. With `soft_delete`, rows that refer to them by `on_delete = cascade`
    /// along a relation of the entity are marked with them, in one transaction; they do not count here.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// assert_eq!(Book::delete(3).exec(&mut db).await?, 1);
    /// assert_eq!(Book::delete(3).exec(&mut db).await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::ForeignKeyViolation` when others refer to the row; as [`Update::exec`].
    pub async fn exec(self, executor: &mut impl Executor) -> Result<u64>
    where
        S: Bounded,
    {
        let required = self.required;
        match self.statement(false) {
            Deletion::Marks(update) if soft_delete::cascades(E::TABLE) => {
                let marked = soft_delete::mark(executor, E::TABLE, update, required).await;
                marked.map_err(|error| mapped(error, E::TABLE))
            }
            Deletion::Marks(mut update) => execute(executor, E::TABLE, required, Tree::Update(&mut update)).await,
            Deletion::Removes(mut delete) => execute(executor, E::TABLE, required, Tree::Delete(&mut delete)).await,
        }
    }

    /// Runs it; gives back each row as it was, or with `soft_delete` as it then is, without marking what refers to it.
    /// **Dialects**: MariaDB cannot give
    /// back rows that are only marked, MySQL none: `Kind::Unsupported`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let gone = Book::delete(3).returning(&mut db).await?;
    /// assert_eq!(gone[0].title, "Solaris");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Delete::exec`].
    pub async fn returning(self, executor: &mut impl Executor) -> Result<Vec<E>>
    where
        S: Bounded,
    {
        let required = self.required;
        match self.statement(true) {
            Deletion::Marks(mut update) => changed(executor, required, Tree::Update(&mut update)).await,
            Deletion::Removes(mut delete) => changed(executor, required, Tree::Delete(&mut delete)).await,
        }
    }

    pub(crate) fn whole(self) -> Whole {
        match self.statement(false) {
            Deletion::Marks(update) => Whole::update(update),
            Deletion::Removes(delete) => Whole::delete(delete),
        }
    }

    pub(crate) fn write(self) -> tree::Write {
        match self.statement(false) {
            Deletion::Marks(update) => tree::Write::Update(update),
            Deletion::Removes(delete) => tree::Write::Delete(delete),
        }
    }

    fn statement(self, returning: bool) -> Deletion {
        let table = E::TABLE;
        let (source, filter, scope) = (Source::Entity(table), self.filter, self.scope);
        match table.soft_delete.filter(|_| !self.permanently) {
            Some(position) => {
                let column = table.columns[position].column.to_string();
                let assignments = vec![(column, Expr::Value(Value::Timestamp(crate::now())))];
                Deletion::Marks(tree::Update { source, assignments, filter, scope, returning })
            }
            None => Deletion::Removes(tree::Delete { source, filter, scope, returning }),
        }
    }
}

/// Checks the values that an update sets; what an expression gives is the database's business.
fn check(table: &'static TableMeta, assignments: &[(&'static ColumnMeta, Expr)]) -> Result<()> {
    if let Some((column, _)) = assignments.iter().find(|(column, _)| column.generated) {
        return Err(Error::computed(table.entity, column.field));
    }
    let mut found = Found::new(table);
    let known = assignments.iter().filter_map(|(column, value)| match value {
        Expr::Value(value) => Some((*column, value)),
        _ => None,
    });
    known.clone().for_each(|(column, value)| found.value(column, value));
    if !table.rules.is_empty() {
        let place = |column: &ColumnMeta| table.field_named(column.field).map(|(position, _)| position as u16);
        let places = known.filter_map(|(column, value)| Some((place(column)?, value.clone())));
        let (columns, values): (Vec<u16>, Vec<Value>) = places.unzip();
        found.row(&RowValues::some(&columns, &values));
    }
    found.into_result()
}

/// What deleting means for an entity.
enum Deletion {
    Marks(tree::Update),
    Removes(tree::Delete),
}

/// Runs an `UPDATE` of an entity.
pub(crate) async fn execute_update(
    executor: &mut dyn Executor,
    table: &'static TableMeta,
    required: Option<u64>,
    mut update: tree::Update,
) -> Result<u64> {
    execute(executor, table, required, Tree::Update(&mut update)).await
}

async fn execute(
    executor: &mut dyn Executor,
    table: &'static TableMeta,
    required: Option<u64>,
    tree: Tree<'_, '_>,
) -> Result<u64> {
    let mut lease = executor.lease(Intent::Write).await?;
    let done = lease.execute(tree).await.map_err(|error| mapped(error, table))?;
    as_required(table, required, done.rows_affected)
}

/// Runs a statement that gives back the rows it changes.
async fn changed<E: Entity>(executor: &mut impl Executor, required: Option<u64>, tree: Tree<'_, '_>) -> Result<Vec<E>> {
    let mut lease = executor.lease(Intent::Write).await?;
    let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| E::decode(row, 0) };
    lease.query(tree, &mut sink).await.map_err(|error| mapped(error, E::TABLE))?;
    as_required(E::TABLE, required, sink.rows.len() as u64)?;
    Ok(sink.rows)
}

pub(crate) fn as_required(table: &'static TableMeta, required: Option<u64>, changed: u64) -> Result<u64> {
    match required {
        Some(required) if changed != required => {
            let kind = if changed < required { Kind::NotFound } else { Kind::TooManyRows };
            let message = format!("{required} rows of {} were to be changed, but it was {changed}", table.entity);
            Err(Error::new(kind, message).table(table.table))
        }
        _ => Ok(changed),
    }
}
