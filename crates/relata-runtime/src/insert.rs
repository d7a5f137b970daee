//! Inserting rows: one and giving it back, many in bulk, and insert-or-update.

use std::marker::PhantomData;

use relata_schema::Dialect;
use relata_sql::driver::{BulkInsert, Row};
use relata_sql::expr::{Cast, Expr};
use relata_sql::meta::{Path, RowValues, TableMeta};
use relata_sql::tree::{Conflict, Insert, Item, Scope, Select, Source, Tree, Write};
use relata_sql::typed::{Column, Field, NewValue};
use relata_sql::{Cell, Error, Kind, Result, Value};

use crate::entity::{Entity, IntoKey, mapped};
use crate::executor::{Executor, Intent, Lease};
use crate::find::{Collect, not_found};
use crate::inspect::{Whole, WholeInsert};
use crate::nested::{Graph, IntoGraph};
use crate::relation::{Rel, Relation};
use crate::rules::Found;
use crate::validation;

mod conditional;
mod either;
mod found;
mod many;
pub(crate) mod portion;
mod positions;
mod returning;
mod streamed;

pub use conditional::ConditionalUpsert;
use positions::Positions;
pub use streamed::InsertStream;

/// A row to insert into the table of `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no new row of `{E}`",
    label = "expected `New{E}`, or what its setters make of it",
    note = "a row that exists is changed by `row.save(&mut db)`, or by `{E}::update(key).set(…).exec(&mut db)`"
)]
pub trait NewRowOf<E: Entity>: NewRow<Entity = E> {}

#[diagnostic::do_not_recommend]
impl<E: Entity, N: NewRow<Entity = E>> NewRowOf<E> for N {}

/// A row to insert: the `New…` struct of an entity, or what its setters make of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no new row",
    label = "expected the struct `New…` that `derive(Entity)` writes beside the entity, or what its setters make of it",
    note = "a row that exists is changed by `row.save(&mut db)`, or by `Entity::update(key).set(…).exec(&mut db)`"
)]
pub trait NewRow: Sized + Send {
    /// Of which entity.
    type Entity: Entity;

    /// As columns and values.
    fn into_draft(self) -> Draft<Self::Entity>;

    /// Inserts it and gives back the row as the database has it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let tove = NewAuthor { name: "Tove".into(), email: "tove@example.com".into() }.insert(&mut db).await?;
    /// assert_eq!((tove.id, tove.name.as_str()), (Id::new(3), "Tove"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses a value; constraint violations with entity and field.
    fn insert(self, executor: &mut impl Executor) -> impl Future<Output = Result<Self::Entity>> + Send {
        let draft = self.into_draft();
        async move { draft.run(executor, None).await?.ok_or_else(|| not_found(Self::Entity::TABLE.entity)) }
    }

    #[doc(hidden)]
    fn upsert<A>(self, _: A) -> std::future::Ready<Result<Self::Entity>>
    where
        Self: crate::words::UpsertsByItself,
    {
        <Self as crate::words::UpsertsByItself>::never()
    }

    #[doc(hidden)]
    fn on_conflict_do_nothing(self) -> Self
    where
        Self: crate::words::UpsertsByItself,
    {
        <Self as crate::words::UpsertsByItself>::never()
    }

    #[doc(hidden)]
    fn returning<A>(self, _: A) -> std::future::Ready<Result<Self::Entity>>
    where
        Self: crate::words::ReturnsNewRow,
    {
        <Self as crate::words::ReturnsNewRow>::never()
    }

    #[doc(hidden)]
    fn exec<A>(self, _: A) -> std::future::Ready<Result<Self::Entity>>
    where
        Self: crate::words::ExecutesNewRow,
    {
        <Self as crate::words::ExecutesNewRow>::never()
    }

    #[doc(hidden)]
    fn execute<A>(self, _: A) -> std::future::Ready<Result<Self::Entity>>
    where
        Self: crate::words::ExecutesNewRow,
    {
        <Self as crate::words::ExecutesNewRow>::never()
    }

    #[doc(hidden)]
    fn save<A>(self, _: A) -> std::future::Ready<Result<Self::Entity>>
    where
        Self: crate::words::SavesNewRow,
    {
        <Self as crate::words::SavesNewRow>::never()
    }

    /// Checks every declared rule, without a database.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let book = || NewBook { author_id: Id::new(1), title: "Malafrena".into(), pages: 369 };
    /// assert!(book().validate().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with all problems ([`Error::problems`]).
    fn validate(self) -> Result<()> {
        self.into_draft().found().into_result()
    }

    /// Checks every declared rule, and asks the database by one statement what it would refuse: values that are taken, and
    /// references to rows that do not exist. Nothing is written, and nothing is held: the constraints stay necessary.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let ann = NewAuthor { name: "Ann".into(), email: "stan@example.com".into() };
    /// let error = ann.validate_in(&mut db).await.unwrap_err();
    /// assert_eq!(error.problems()[0].to_string(), "email is taken already");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with all problems; what the database says.
    fn validate_in(self, executor: &mut impl Executor) -> impl Future<Output = Result<()>> + Send {
        let draft = self.into_draft();
        async move {
            let mut found = draft.found();
            let columns = draft.columns.to_vec();
            let row = RowValues::new_row(Self::Entity::TABLE, &columns, &draft.values);
            let refused = validation::refused(executor, Self::Entity::TABLE, row).await?;
            refused.into_iter().for_each(|problem| found.push(problem));
            found.into_result()
        }
    }

    /// Creates rows that hang on this one along a relation, with it and in one transaction; the function is given the row
    /// as the database has it. They may have children of their own; along many to many they are created and linked.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let tove = NewAuthor { name: "Tove".into(), email: "tove@example.com".into() }
    ///     .create(Author.books, |tove| [NewBook { author_id: tove.id, title: "Moominvalley".into(), pages: 192 }])
    ///     .insert(&mut db)
    ///     .await?;
    /// assert_eq!(Book::find().filter(Book.author_id.eq(tove.id)).count(&mut db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    fn create<M, I, F>(self, relation: Rel<Self::Entity, M>, children: F) -> Graph<Self::Entity>
    where
        M: Relation<From = Self::Entity>,
        I: IntoIterator<Item: IntoGraph<Entity = M::To>>,
        F: FnOnce(&Self::Entity) -> I + Send + 'static,
    {
        IntoGraph::into_graph(self).create(relation, children)
    }

    /// Connects rows that exist, by their keys, with the new one: along many to many they are linked, else their
    /// reference is changed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let tove = NewAuthor { name: "Tove".into(), email: "tove@example.com".into() }
    ///     .connect(Author.books, [3])
    ///     .insert(&mut db)
    ///     .await?;
    /// assert_eq!(Book::by_key(3).one(&mut db).await?.author_id, tove.id);
    /// # Ok(())
    /// # }
    /// ```
    fn connect<M: Relation<From = Self::Entity>>(
        self,
        relation: Rel<Self::Entity, M>,
        keys: impl IntoIterator<Item: IntoKey<M::To>>,
    ) -> Graph<Self::Entity> {
        IntoGraph::into_graph(self).connect(relation, keys)
    }

    /// Inserts it, or does something else if a row with the same values in `target` exists: a column or a tuple of
    /// columns that have a unique key. A row that collides by another key is a violation. **Dialects**: MariaDB takes whichever unique
    /// key the row collides with; of those that the entity declares, others are told as a violation, too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Stan".into(), email: "stan@example.com".into() };
    /// let stan = again.on_conflict(Author.email).update_all(&mut db).await?;
    /// assert_eq!((stan.id, stan.name.as_str()), (Id::new(2), "Stan"));
    /// # Ok(())
    /// # }
    /// ```
    fn on_conflict(self, target: impl ConflictColumns<Self::Entity>) -> Upsert<Self::Entity> {
        Upsert { rows: self.into_draft(), target: target.names(), marker: PhantomData }
    }
}

/// Lent, it is copied: `Post::insert_many(&rows)`.
#[diagnostic::do_not_recommend]
impl<N: NewRow + Clone + Sync> NewRow for &N {
    type Entity = N::Entity;

    fn into_draft(self) -> Draft<N::Entity> {
        self.clone().into_draft()
    }
}

/// Columns and values of a new row.
pub struct Draft<E> {
    columns: Positions,
    values: Vec<Value>,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> Draft<E> {
    /// From values in the order of these columns; `derive(Entity)` calls it.
    #[inline]
    pub fn new<const N: usize>(columns: &[usize; N], given: [Value; N]) -> Self {
        // Room for every column, so that setters need not grow it.
        let mut values = Vec::with_capacity(E::TABLE.columns.len());
        values.extend(given);
        Draft { columns: Positions::of(columns), values, marker: PhantomData }
    }

    /// Sets one more column.
    #[must_use]
    pub fn set(mut self, column: usize, value: Value) -> Self {
        self.put(column, value);
        self
    }

    /// Sets one more column where it is: a draft is not moved for it. Setters of `derive(Entity)` call it.
    #[inline]
    pub fn put(&mut self, column: usize, value: Value) {
        match self.columns.place(column) {
            Some(place) => self.values[place] = value,
            None => {
                self.columns.push(column);
                self.values.push(value);
            }
        }
    }

    /// The value that it gives a field, if it gives one.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let draft = NewBook { author_id: Id::new(1), title: "Malafrena".into(), pages: 369 }.into_draft();
    /// assert_eq!(draft.given(Book.pages), Some(369));
    /// assert_eq!(draft.given(Book.id), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn given<T: Field>(&self, column: Column<E, T>) -> Option<T> {
        let wanted = column.reference().column;
        let place = self
            .columns
            .iter()
            .position(|position| E::TABLE.columns.get(position).is_some_and(|meta| std::ptr::eq(meta, wanted)))?;
        T::decode(Cell::of(&self.values[place])).ok()
    }

    /// With this value for a field.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let draft = NewBook { author_id: Id::new(1), title: "Malafrena".into(), pages: 369 }.into_draft();
    /// let book = draft.with(Book.pages, 370).insert(&mut db).await?;
    /// assert_eq!(book.pages, 370);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with<T: Field>(self, column: Column<E, T>, value: impl NewValue<T>) -> Self {
        let wanted = column.reference().column;
        match E::TABLE.columns.iter().position(|meta| std::ptr::eq(meta, wanted)) {
            Some(position) => self.set(position, value.into_value()),
            None => self,
        }
    }

    /// Stamped and checked.
    pub(crate) fn prepared(mut self) -> Result<Self> {
        stamp(E::TABLE, &mut self.columns, &mut self.values);
        if let Some(computed) = self.columns.iter().map(|column| &E::TABLE.columns[column]).find(|meta| meta.generated)
        {
            return Err(Error::computed(E::TABLE.entity, computed.field));
        }
        self.found().into_result()?;
        Ok(self)
    }

    /// What is wrong with the values.
    fn found(&self) -> Found {
        let mut found = Found::new(E::TABLE);
        for (column, value) in self.columns.iter().zip(&self.values) {
            found.value(&E::TABLE.columns[column], value);
        }
        let columns = self.columns.to_vec();
        found.row(&RowValues::new_row(E::TABLE, &columns, &self.values));
        found
    }

    /// It gives the same columns as another.
    pub(crate) fn has_columns_of(&self, other: &Self) -> bool {
        self.columns == other.columns
    }

    pub(crate) fn column_names(&self) -> Vec<&'static str> {
        names(E::TABLE, &self.columns)
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The values of its key, if it gives all of them.
    pub(crate) fn key(&self) -> Option<Vec<Value>> {
        let value = |position: &usize| {
            let place = self.columns.place(*position);
            place.map(|place| self.values[place].clone())
        };
        E::TABLE.key.iter().map(value).collect()
    }

    /// As one statement.
    pub(crate) fn whole(self, conflict: Option<Conflict>, returning: bool) -> Result<Whole> {
        let draft = self.prepared()?;
        let columns = draft.column_names().into_iter().map(str::to_string).collect();
        let table = E::TABLE;
        Ok(Whole::insert(WholeInsert {
            table,
            columns,
            values: draft.values,
            rows: 1,
            query: None,
            conflict,
            returning,
        }))
    }

    pub(crate) async fn run(self, executor: &mut dyn Executor, conflict: Option<Conflict>) -> Result<Option<E>> {
        let draft = self.prepared()?;
        let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| E::decode(row, 0) };
        let done = insert_row(executor, E::TABLE, draft.columns, draft.values, conflict, &mut sink).await;
        done.map_err(|error| mapped(error, E::TABLE))?;
        Ok(sink.rows.pop())
    }
}

impl<E: Entity> NewRow for Draft<E> {
    type Entity = E;

    fn into_draft(self) -> Draft<E> {
        self
    }
}

/// New rows are taken as they are: nothing is checked or added.
fn is_plain(table: &'static TableMeta) -> bool {
    let stamped = table.created_at.is_some() || table.updated_at.is_some();
    !stamped && table.rules.is_empty() && table.columns.iter().all(|column| column.rules.is_empty())
}

/// Sets `created_at` and `updated_at` of a new row unless it has them.
fn stamp(table: &'static TableMeta, columns: &mut Positions, values: &mut Vec<Value>) {
    let mut now = None;
    for position in [table.created_at, table.updated_at].into_iter().flatten() {
        if columns.place(position).is_none() {
            columns.push(position);
            values.push(Value::Timestamp(*now.get_or_insert_with(crate::now)));
        }
    }
}

fn names(table: &'static TableMeta, columns: &Positions) -> Vec<&'static str> {
    columns.iter().map(|position| table.columns[position].column).collect()
}

/// Inserts one row, which comes back into the sink, unless there was a conflict and nothing was done.
async fn insert_row(
    executor: &mut dyn Executor,
    table: &'static TableMeta,
    mut columns: Positions,
    mut values: Vec<Value>,
    conflict: Option<Conflict>,
    sink: &mut dyn relata_sql::RowSink,
) -> Result<()> {
    let mut lease = executor.lease(Intent::Write).await?;
    let target = lease.target();
    if !target.returning && conflict.is_none() {
        found::know_key(table, &mut columns, &mut values)?;
    }
    let known = if target.returning { Vec::new() } else { values.clone() };
    let lookup = conflict.as_ref().map(|conflict| conflict.target.clone());
    let source = Source::Entity(table);
    let mut insert = Insert {
        source,
        columns: &names(table, &columns),
        values,
        rows: 1,
        query: None,
        conflict,
        returning: target.returning,
        overriding: false,
    };
    if target.returning {
        return lease.query(Tree::Insert(&mut insert), sink).await;
    }
    let done = lease.execute(Tree::Insert(&mut insert)).await?;
    let mut select = Box::new(Select::new(Source::Entity(table)));
    select.items = vec![Item::Entity(Path::ROOT, table)];
    select.filter = Some(found::inserted(table, &columns, &known, lookup, done));
    select.scope = Scope::All;
    // Of the node that was written to: a replica may not have the row yet.
    lease.query(Tree::Select(&mut select), sink).await
}

/// The columns of a unique key: one column or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no unique key of `{E}`",
    label = "expected a column of `{E}`, or a tuple of them, that a unique key holds"
)]
pub trait ConflictColumns<E> {
    /// Their names.
    fn names(self) -> Vec<String>;
}

impl<E, T> ConflictColumns<E> for Column<E, T> {
    fn names(self) -> Vec<String> {
        vec![self.reference().column.column.to_string()]
    }
}

macro_rules! conflict_columns {
    ($($name:ident),*) => {
        impl<E, $($name),*> ConflictColumns<E> for ($(Column<E, $name>,)*) {
            fn names(self) -> Vec<String> {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                vec![$($name.reference().column.column.to_string()),*]
            }
        }
    };
}
conflict_columns!(A);
conflict_columns!(A, B);
conflict_columns!(A, B, C);
conflict_columns!(A, B, C, D);
conflict_columns!(A, B, C, D, F);
conflict_columns!(A, B, C, D, F, G);
conflict_columns!(A, B, C, D, F, G, H);
conflict_columns!(A, B, C, D, F, G, H, I);
conflict_columns!(A, B, C, D, F, G, H, I, J);
conflict_columns!(A, B, C, D, F, G, H, I, J, K);
conflict_columns!(A, B, C, D, F, G, H, I, J, K, L);
conflict_columns!(A, B, C, D, F, G, H, I, J, K, L, M);

/// Columns that take what a query gives: of the same types, in the same order.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take rows of type `{T}`",
    label = "expected a column of `{E}` for each column of the query, of the same type"
)]
pub trait InsertColumns<E, T>: ConflictColumns<E> {}

impl<E, T> InsertColumns<E, T> for Column<E, T> {}

macro_rules! insert_columns {
    ($($name:ident),*) => {
        impl<E, $($name),*> InsertColumns<E, ($($name,)*)> for ($(Column<E, $name>,)*) {}
    };
}
insert_columns!(A);
insert_columns!(A, B);
insert_columns!(A, B, C);
insert_columns!(A, B, C, D);
insert_columns!(A, B, C, D, F);
insert_columns!(A, B, C, D, F, G);
insert_columns!(A, B, C, D, F, G, H);
insert_columns!(A, B, C, D, F, G, H, I);
insert_columns!(A, B, C, D, F, G, H, I, J);
insert_columns!(A, B, C, D, F, G, H, I, J, K);
insert_columns!(A, B, C, D, F, G, H, I, J, K, L);
insert_columns!(A, B, C, D, F, G, H, I, J, K, L, M);

/// An insert of what a query gives.
#[must_use = "nothing is inserted until `.exec(…)`"]
pub struct InsertFrom<E> {
    columns: Vec<String>,
    query: Select,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> InsertFrom<E> {
    /// Says when the rows were made, where nobody did.
    fn stamp(&mut self) {
        let now = Value::Timestamp(crate::now());
        for position in [E::TABLE.created_at, E::TABLE.updated_at].into_iter().flatten() {
            let column = E::TABLE.columns[position].column;
            if self.columns.iter().all(|known| known != column) {
                self.columns.push(column.to_string());
                self.query.items.push(Item::Expr(Expr::Literal(now.clone(), Cast::of(&now))));
            }
        }
    }

    pub(crate) fn whole(mut self) -> Whole {
        self.stamp();
        let (columns, query) = (self.columns, Some(Box::new(self.query)));
        let (table, values) = (E::TABLE, Vec::new());
        Whole::insert(WholeInsert { table, columns, values, rows: 0, query, conflict: None, returning: false })
    }

    pub(crate) fn write(mut self) -> Write {
        self.stamp();
        let (columns, query) = (self.columns, Some(Box::new(self.query)));
        Write::Insert { source: Source::Entity(E::TABLE), columns, values: Vec::new(), query }
    }

    pub(crate) fn new(columns: Vec<String>, query: Select) -> Self {
        InsertFrom { columns, query, marker: PhantomData }
    }

    /// Inserts the rows; gives back how many. Declared rules are not checked: the values do not come this way.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let short = Book::find().filter(Book.pages.lt(300));
    /// let copies = short.select((Book.author_id, Book.title.concat(" (copy)"), Book.pages));
    /// let copied = Book::insert_from((Book.author_id, Book.title, Book.pages), copies).exec(&mut db).await?;
    /// assert_eq!(copied, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Constraint violations with entity and field; what the database says.
    pub async fn exec(mut self, executor: &mut impl Executor) -> Result<u64> {
        self.stamp();
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let (source, query) = (Source::Entity(E::TABLE), Some(Box::new(self.query)));
        let mut insert = Insert {
            source,
            columns: &columns,
            values: Vec::new(),
            rows: 0,
            query,
            conflict: None,
            returning: false,
            overriding: false,
        };
        let mut lease = executor.lease(Intent::Write).await?;
        let done = lease.execute(Tree::Insert(&mut insert)).await;
        Ok(done.map_err(|error| mapped(error, E::TABLE))?.rows_affected)
    }
}

/// An insert, of one row or of many, that knows what to do when a row exists.
#[must_use = "nothing is inserted until `.update(…)`, `.update_all(…)`, `.ignore(…)`, `.find_or_insert(…)` or a `.save(…)`"]
pub struct Upsert<E, R = Draft<E>> {
    rows: R,
    target: Vec<String>,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity, R> Upsert<E, R> {
    /// As [`Upsert::update`], to be said more of: other new values (`.set(…)`), a condition (`.only_if(…)`).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Stan".into(), email: "stan@example.com".into() };
    /// let upsert = again.on_conflict(Author.email).updating(Author.name).only_if(Author.name.ne("Stanisław"));
    /// assert_eq!(upsert.save(&mut db).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn updating(self, columns: impl ConflictColumns<E>) -> ConditionalUpsert<E, R> {
        let conflict = Conflict::updating(self.target, columns.names());
        ConditionalUpsert::new(self.rows, conflict, false)
    }

    /// As [`Upsert::update_all`], to be said more of.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Stan".into(), email: "stan@example.com".into() };
    /// let upsert = again.on_conflict(Author.email).updating_all().only_if(Author.id.gt(1));
    /// assert_eq!(upsert.save(&mut db).await?.unwrap().name, "Stan");
    /// # Ok(())
    /// # }
    /// ```
    pub fn updating_all(self) -> ConditionalUpsert<E, R> {
        ConditionalUpsert::new(self.rows, Conflict::updating(self.target, Vec::new()), true)
    }
}

impl<E: Entity> Upsert<E, InsertMany<E>> {
    pub(crate) fn whole_of_many(self) -> Result<Whole> {
        self.rows.whole(|_| Some(Conflict::updating(self.target, Vec::new())))
    }
}

impl<E: Entity> Upsert<E> {
    /// Updates these columns of the existing row to the new values; gives back the row as it then is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Stan".into(), email: "stan@example.com".into() };
    /// let stan = again.on_conflict(Author.email).update(Author.name, &mut db).await?;
    /// assert_eq!((stan.id, stan.name.as_str()), (Id::new(2), "Stan"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`].
    #[doc(alias = "do_update")]
    pub async fn update(self, columns: impl ConflictColumns<E>, executor: &mut impl Executor) -> Result<E> {
        let saved = self.updating(columns).save(executor).await?;
        saved.ok_or_else(|| not_found(E::TABLE.entity))
    }

    /// Updates every given column of the existing row, but for the target; gives back the row as it then is.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Stan".into(), email: "stan@example.com".into() };
    /// let stan = again.on_conflict(Author.email).update_all(&mut db).await?;
    /// assert_eq!((stan.id, stan.name.as_str()), (Id::new(2), "Stan"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`].
    #[doc(alias = "exec")]
    #[doc(alias = "save")]
    pub async fn update_all(self, executor: &mut impl Executor) -> Result<E> {
        let saved = self.updating_all().save(executor).await?;
        saved.ok_or_else(|| not_found(E::TABLE.entity))
    }

    pub(crate) fn whole(self) -> Result<Whole> {
        self.rows.whole(Some(Conflict::updating(self.target, Vec::new())), false)
    }

    /// Leaves the existing row alone; `true` if the new one was inserted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Stan".into(), email: "stan@example.com".into() };
    /// assert!(!again.on_conflict(Author.email).ignore(&mut db).await?);
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stanisław");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`].
    #[doc(alias = "do_nothing")]
    pub async fn ignore(self, executor: &mut impl Executor) -> Result<bool> {
        let draft = self.rows.prepared()?;
        let mut lease = executor.lease(Intent::Write).await?;
        // MariaDB counts a row that it leaves alone as one; there the violation itself is the answer.
        let native = lease.target().dialect != Dialect::Mysql;
        let target = self.target;
        let conflict = native.then(|| Conflict::updating(target.clone(), Vec::new()));
        let columns = names(E::TABLE, &draft.columns);
        let source = Source::Entity(E::TABLE);
        let mut insert = Insert {
            source,
            columns: &columns,
            values: draft.values,
            rows: 1,
            query: None,
            conflict,
            returning: false,
            overriding: false,
        };
        match lease.execute(Tree::Insert(&mut insert)).await {
            Err(error) if !native && found::collides_in(E::TABLE, &target, &error) => Ok(false),
            done => Ok(done.map_err(|error| mapped(error, E::TABLE))?.rows_affected == 1),
        }
    }
}

/// Many rows to insert.
#[must_use = "nothing is inserted until `.exec(…)`"]
pub struct InsertMany<E> {
    /// Rows with the same columns, one after the other.
    groups: Vec<Group>,
    failed: Option<Error>,
    marker: PhantomData<fn() -> E>,
}

struct Group {
    columns: Positions,
    values: Vec<Value>,
}

impl Group {
    fn rows(&self) -> usize {
        self.values.len() / self.columns.len().max(1)
    }
}

impl<E: Entity> InsertMany<E> {
    pub(crate) fn new<N: NewRow<Entity = E>>(rows: impl IntoIterator<Item = N>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let mut failed = None;
        let rows = rows.into_iter();
        let expected = rows.size_hint().0;
        let plain = is_plain(E::TABLE);
        for row in rows {
            let draft = row.into_draft();
            let draft = match if plain { Ok(draft) } else { draft.prepared() } {
                Ok(draft) => draft,
                Err(error) => {
                    let before: usize = groups.iter().map(Group::rows).sum();
                    failed = Some(error.context(format!("row {} of those to insert", before + 1)));
                    break;
                }
            };
            match groups.last_mut() {
                Some(group) if group.columns == draft.columns => group.values.extend(draft.values),
                _ => {
                    let mut values = draft.values;
                    if groups.is_empty() {
                        values.reserve(values.len() * expected.saturating_sub(1));
                    }
                    groups.push(Group { columns: draft.columns, values });
                }
            }
        }
        InsertMany { groups, failed, marker: PhantomData }
    }

    /// As one statement; `conflict` is given the columns.
    pub(crate) fn whole(self, conflict: impl FnOnce(&[&str]) -> Option<Conflict>) -> Result<Whole> {
        let Write::Insert { columns, values, .. } = self.write()? else {
            return Err(Error::new(Kind::Internal, "rows to insert are an INSERT"));
        };
        let conflict = conflict(&columns.iter().map(String::as_str).collect::<Vec<_>>());
        let (table, rows) = (E::TABLE, values.len() / columns.len().max(1));
        Ok(Whole::insert(WholeInsert { table, columns, values, rows, query: None, conflict, returning: false }))
    }

    /// As data, for queries that write. All rows must say the same columns.
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses a row.
    pub(crate) fn write(self) -> Result<Write> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut groups = self.groups.into_iter();
        let (Some(Group { columns, values }), None) = (groups.next(), groups.next()) else {
            let message =
                format!("the rows of {} in a query do not say the same columns, or there are none", E::TABLE.entity);
            return Err(Error::new(Kind::Parameters, message).hint("give every row the same fields"));
        };
        let columns = names(E::TABLE, &columns).into_iter().map(str::to_string).collect();
        Ok(Write::Insert { source: Source::Entity(E::TABLE), columns, values, query: None })
    }

    /// Inserts them, or does something else with those for which a row with the same values in `target` exists: a column or a
    /// tuple of columns that have a unique key. All of it happens or nothing. **Dialects**: MariaDB takes whichever unique key a
    /// row collides with; PostgreSQL refuses two rows with the same target in one statement.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let author = |name: &str, email: &str| NewAuthor { name: name.into(), email: email.into() };
    /// let authors = [author("Stan", "stan@example.com"), author("Tove", "tove@example.com")];
    /// Author::insert_many(authors).on_conflict(Author.email).update_all(&mut db).await?;
    /// assert_eq!(Author::by_key(2).one(&mut db).await?.name, "Stan");
    /// assert_eq!(Author::find().count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_conflict(self, target: impl ConflictColumns<E>) -> Upsert<E, Self> {
        Upsert { rows: self, target: target.names(), marker: PhantomData }
    }

    /// Inserts all rows or none; gives back how many.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let book = |title: &str| NewBook { author_id: Id::new(2), title: title.into(), pages: 250 };
    /// let inserted = Book::insert_many([book("Fiasco"), book("Eden")]).exec(&mut db).await?;
    /// assert_eq!(inserted, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`NewRow::insert`].
    pub async fn exec(self, executor: &mut impl Executor) -> Result<u64> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = match &self.groups[..] {
            [] => Ok(0),
            [group] => bulk(&mut executor.lease(Intent::Write).await?, E::TABLE, group).await,
            groups => bulk_groups(executor, E::TABLE, groups).await,
        };
        result.map_err(|error| mapped(error, E::TABLE))
    }
}

async fn bulk_groups(executor: &mut dyn Executor, table: &'static TableMeta, groups: &[Group]) -> Result<u64> {
    let mut tx = executor.begin(Default::default()).await?;
    let mut rows = 0;
    for group in groups {
        rows += bulk(&mut tx.lease(Intent::Write).await?, table, group).await?;
    }
    tx.commit().await?;
    Ok(rows)
}

async fn bulk(lease: &mut Lease<'_>, table: &'static TableMeta, group: &Group) -> Result<u64> {
    let name = lease.target().dialect.name(table.table);
    let name = match table.namespace {
        "" => name,
        namespace => relata_schema::model::ObjectName::new(namespace, table.table),
    };
    let columns = names(table, &group.columns);
    let insert = BulkInsert { table: &name, columns: &columns, values: &group.values };
    lease.bulk_insert(insert).await
}
