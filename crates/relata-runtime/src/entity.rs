//! [`Entity`]: what `derive(Entity)` says about a struct, and what can be done with it.
//!
//! The derive writes constant data and straight-line code; everything that does something is here and below, generic
//! over the entity and with inner functions that are not.

use jiff::Timestamp;
use relata_sql::cell::NO_NULLS;
use relata_sql::deep;
use relata_sql::driver::Row;
use relata_sql::error::Details;
use relata_sql::expr::{ColumnRef, Expr};
use relata_sql::meta::{ColumnMeta, Path, TableMeta};
use relata_sql::typed::{Field, Key, Subquery};
use relata_sql::{Decode, Error, Kind, Result, Value};

use crate::change::{Delete, Filtered, Unfiltered, Update};
use crate::changeset::{Allowed, Changeset};
use crate::executor::Executor;
use crate::find::Find;
use crate::insert::{InsertColumns, InsertFrom, InsertMany, InsertStream, NewRowOf};
use crate::join::Part;
use crate::load::Carries;
use crate::nested::Relate;
use crate::rules;
use crate::soft_delete::{self, SoftDeleted};

/// A struct that is a table. Derive it; the module's head of the facade shows how.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no entity",
    label = "not an entity",
    note = "put `#[derive(Entity)]` on the struct"
)]
pub trait Entity: Sized + Send + Sync + 'static {
    /// Its key: the type of the `#[id]` field, a tuple of a composite key's, `()` without.
    type Key: Key;
    /// Its columns, seen from the root `R` of a query.
    type Columns<R: 'static>;
    /// The same where the row may be missing, as after a left join: what they hold may be NULL.
    type OuterColumns<R: 'static>;
    /// The struct together with what was loaded with it.
    type With<S: Send + Sync + 'static>: Carries<Self, S>;
    /// What the engine knows of its table.
    const TABLE: &'static TableMeta;
    /// Its columns, seen from itself: the constant of the same name as the struct.
    const COLUMNS: Self::Columns<Self>;

    /// Its columns at a place in a query over `R`.
    fn columns<R: 'static>(path: Path) -> Self::Columns<R>;

    /// Its columns at a place in a query over `R` where the row may be missing.
    fn outer_columns<R: 'static>(path: Path) -> Self::OuterColumns<R>;

    /// Reads it from a row whose cells from `at` on are its fields.
    ///
    /// # Errors
    /// `Kind::Decode`, with table and column.
    fn decode(row: &mut dyn Row, at: usize) -> Result<Self>;

    /// The value of the field at this position; NULL for columns that only the table has.
    fn value(&self, column: usize) -> Value;

    /// Its JSON Schema without the definitions of stored enums; [`Entity::json_schema`] is the whole.
    const JSON_SCHEMA: &'static str;

    /// The stored enums of its fields with their values.
    fn stored_enums() -> &'static [(&'static str, &'static [&'static str])];

    /// Its JSON Schema (draft 2020-12): types, lengths, ranges, patterns and enums as declared. What JSON Schema cannot say
    /// is in the descriptions.
    fn json_schema() -> serde_json::Value {
        crate::json_schema::whole(Self::JSON_SCHEMA, Self::stored_enums())
    }

    /// Checks every declared rule on this row.
    ///
    /// # Errors
    /// `Kind::Validation` with all problems ([`Error::problems`]).
    fn validate(&self) -> Result<()> {
        crate::repository::check(self)
    }

    /// Writes every field of this row, which exists, where it has been changed in the program.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut solaris = Book::by_key(3).one(&mut db).await?;
    /// solaris.pages = 214;
    /// solaris.save(&mut db).await?;
    /// assert_eq!(Book::by_key(3).one(&mut db).await?, solaris);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What others changed in the row meanwhile is overwritten: `Book::update(key).set(…)` writes the fields that are meant.
    ///
    /// # Errors
    /// `Kind::NotFound` when there is none with its key; as [`crate::change::Update::exec`].
    fn save(&self, executor: &mut impl Executor) -> impl Future<Output = Result<()>> + Send {
        crate::repository::write_whole(self, executor)
    }

    /// Input from outside on its way into a row, through a list of the fields that it may set: a column or a tuple.
    fn changeset(allowed: impl Allowed<Self>) -> Changeset<Self> {
        Changeset::new(allowed)
    }

    /// All rows, to be narrowed down.
    #[track_caller]
    fn find(/* a row by its key: `by_key(…)` */) -> Find<Self> {
        Find::new()
    }

    /// The row with this key.
    #[track_caller]
    #[doc(alias = "find_by_id")]
    #[doc(alias = "find_by_key")]
    fn by_key(key: impl IntoKey<Self>) -> Find<Self> {
        Find::keyed(key_filter(Self::TABLE, |take| key.into_key().give(take)))
    }

    /// Changes the row with this key.
    fn update(key: impl IntoKey<Self> /* many rows: `update_many()` */) -> Update<Self, Filtered> {
        Update::new(Some(key_filter(Self::TABLE, |take| key.into_key().give(take))))
    }

    /// Changes many rows: `.filter(…)` says which, `.all_rows()` that it shall be all.
    fn update_many() -> Update<Self, Unfiltered> {
        Update::new(None)
    }

    /// Deletes the row with this key; with `soft_delete` it is marked as deleted.
    fn delete(key: impl IntoKey<Self> /* many rows: `delete_many()` */) -> Delete<Self, Filtered> {
        Delete::new(Some(key_filter(Self::TABLE, |take| key.into_key().give(take))))
    }

    /// Deletes many rows: `.filter(…)` says which, `.all_rows()` that it shall be all.
    fn delete_many() -> Delete<Self, Unfiltered> {
        Delete::new(None)
    }

    /// Brings back the row with this key, and what was marked as deleted together with it. `false`: there is no such
    /// row that is marked.
    ///
    /// # Errors
    /// `Kind::UniqueViolation` when a live row has taken its place.
    fn restore(
        key: impl IntoKey<Self> + Send,
        executor: &mut impl Executor,
    ) -> impl Future<Output = Result<bool>> + Send
    where
        Self: SoftDeleted,
    {
        let filter = key_filter(Self::TABLE, |take| key.into_key().give(take));
        async move {
            let restored = soft_delete::restore(executor, Self::TABLE, filter).await;
            restored.map_err(|error| mapped(error, Self::TABLE))
        }
    }

    /// Removes for good what was marked as deleted before this instant, and first what was marked with it; gives back
    /// how many rows of this entity.
    ///
    /// # Errors
    /// `Kind::ForeignKeyViolation` when others still refer to a row.
    fn purge(before: Timestamp, executor: &mut impl Executor) -> impl Future<Output = Result<u64>> + Send
    where
        Self: SoftDeleted,
    {
        async move {
            let purged = soft_delete::purge(executor, Self::TABLE, before).await;
            purged.map_err(|error| mapped(error, Self::TABLE))
        }
    }

    /// Creates, connects and takes off what hangs on the row with this key, in one transaction.
    fn relate(key: impl IntoKey<Self>) -> Relate<Self> {
        Relate::new(Self::by_key(key))
    }

    /// Inserts the rows that a query gives into these columns, without bringing them here.
    fn insert_from<T>(columns: impl InsertColumns<Self, T>, query: impl Subquery<T>) -> InsertFrom<Self> {
        InsertFrom::new(columns.names(), query.into_select())
    }

    /// Inserts many rows in the fastest way the database has. Every row is checked before the first is sent, so that all of them are
    /// in memory, however they come; what does not fit goes through [`Entity::insert_stream`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let volumes = (1..=500).map(|n| NewBook { author_id: Id::new(1), title: format!("Volume {n}"), pages: 100 });
    /// assert_eq!(Book::insert_many(volumes).exec(&mut db).await?, 500);
    /// # Ok(())
    /// # }
    /// ```
    fn insert_many<N: NewRowOf<Self>>(rows: impl IntoIterator<Item = N>) -> InsertMany<Self> {
        InsertMany::new(rows)
    }

    /// Inserts rows as they come, however many, in the memory of one portion: [`InsertStream`].
    ///
    /// # Errors
    /// What the database says when the transaction begins.
    #[track_caller]
    fn insert_stream<'x>(
        executor: &'x mut (impl Executor + ?Sized),
    ) -> impl Future<Output = Result<InsertStream<'x, Self>>> + Send {
        let begun = executor.begin(Default::default());
        async move { Ok(InsertStream::new(begun.await?)) }
    }
}

/// Whether a row is there: decides what its columns hold.
pub trait Presence: 'static {
    /// What a column of type `T` holds.
    type Of<T: Field>: Field;
    /// The columns of an entity that this one leads to.
    type Columns<E: Entity, R: 'static>;
    /// What comes of a row of `E`.
    type Row<E: Entity>: Send + Sync + 'static;
    /// The columns of an entity that this one leads to.
    fn columns<E: Entity, R: 'static>(path: Path) -> Self::Columns<E, R>;
    /// Reads a row; `at` moves behind it.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read<E: Entity>(row: &mut dyn Row, at: &mut usize) -> Result<Self::Row<E>>;
}

/// The row is there.
pub enum Present {}

/// The row may be missing.
pub enum Perhaps {}

impl Presence for Present {
    type Of<T: Field> = T;
    type Columns<E: Entity, R: 'static> = E::Columns<R>;
    type Row<E: Entity> = E;

    fn columns<E: Entity, R: 'static>(path: Path) -> E::Columns<R> {
        E::columns(path)
    }

    fn read<E: Entity>(row: &mut dyn Row, at: &mut usize) -> Result<E> {
        <E as Part>::read(row, at)
    }
}

impl Presence for Perhaps {
    type Of<T: Field> = Option<T::Base>;
    type Columns<E: Entity, R: 'static> = E::OuterColumns<R>;
    type Row<E: Entity> = Option<E>;

    fn columns<E: Entity, R: 'static>(path: Path) -> E::OuterColumns<R> {
        E::outer_columns(path)
    }

    fn read<E: Entity>(row: &mut dyn Row, at: &mut usize) -> Result<Option<E>> {
        <Option<E> as Part>::read(row, at)
    }
}

/// The condition that a row has the key whose values are given.
pub(crate) fn key_filter(table: &'static TableMeta, give: impl FnOnce(&mut dyn FnMut(Value))) -> Expr {
    let mut filter = None;
    let mut columns = table.key.iter();
    give(&mut |value| {
        if let Some(position) = columns.next() {
            let column = ColumnRef { path: Path::ROOT, column: &table.columns[*position] };
            Expr::and_into(&mut filter, Expr::Compare(column, relata_sql::expr::BinaryOp::Eq, value));
        }
    });
    // Without a key nothing is found, rather than everything.
    filter.unwrap_or(Expr::Or(Vec::new()))
}

/// Decodes one cell; `derive(Entity)` calls it for each field.
///
/// # Errors
/// `Kind::Decode`, with entity, table, field and column.
#[inline]
pub fn cell<T: Decode>(row: &mut dyn Row, at: usize, index: usize, table: &'static TableMeta) -> Result<T> {
    match relata_sql::row::read::<T>(row, at + index)? {
        Ok(value) => Ok(value),
        Err(mismatch) => Err(undecodable(row, at + index, &mismatch.expected, (table, index))),
    }
}

#[cold]
fn undecodable(row: &dyn Row, at: usize, expected: &str, column: (&'static TableMeta, usize)) -> Error {
    let value = match row.cell(at) {
        Ok(cell) => cell.to_value(),
        Err(error) => return error,
    };
    let deep = deep::not_read(&value, expected).map(|levels| format!("JSON of {levels} levels"));
    let found = deep.as_deref().unwrap_or(value.kind());
    let (table, index) = column;
    let meta = &table.columns[index];
    let message = format!("{}.{} holds {found}, but {expected} was expected", table.table, meta.column);
    let error = Error::new(Kind::Decode, message).table(table.table).column(meta.column).with_details(|details| {
        details.entity = Some(table.entity.to_string());
        details.field = Some(meta.field.to_string());
    });
    let read = || format!("read it as text by `.select({}.{}.cast::<String>())`", table.entity, meta.field);
    if let Some(moment) = no_moment(&value) {
        return error.hint(format!("{moment}: write NULL or a date there, or {}", read()));
    }
    if deep.is_some() {
        return error.hint(format!("something else wrote it: {}", read()));
    }
    if expected.ends_with(NO_NULLS) {
        let hint = format!("make the field `{}` a `Vec<Option<…>>`, whose elements may be NULL", meta.field);
        return error.hint(hint);
    }
    match found {
        "NULL" if table.key.contains(&index) => error.hint(key_of_null(table, meta)),
        "NULL" => error.hint(format!("make the field `{}` an Option, or the column NOT NULL", meta.field)),
        _ => error.hint(format!("change the type of the field `{}`, or correct the row", meta.field)),
    }
}

/// SQLite lets NULL into a key that is not declared `INTEGER PRIMARY KEY` or `NOT NULL`.
fn key_of_null(table: &TableMeta, meta: &ColumnMeta) -> String {
    let (entity, field) = (table.entity, meta.field);
    format!(
        "it is part of the primary key, where SQLite lets NULL in unless the column is INTEGER or NOT NULL: find such rows by \
         `.filter({entity}.{field}.optional().is_none())` and give them a key, or read them by `.select({entity}.{field}.optional())`"
    )
}

/// What a database keeps in a column of dates though it is none.
fn no_moment(value: &Value) -> Option<&'static str> {
    match value {
        Value::Text(text) if text.starts_with("0000-00-00") => Some("it is a zero date of MariaDB, which is no date"),
        Value::Text(text) if is_without_day(text) => Some("its month or day is 0, which no date has"),
        Value::Text(text) if matches!(text.trim_start_matches('-'), "infinity") => {
            Some("it is infinite, which no date is")
        }
        _ => None,
    }
}

/// `2024-00-00`, as MariaDB and MySQL keep it where their mode allows it.
fn is_without_day(text: &str) -> bool {
    let parts: Vec<&str> = text.get(..10).unwrap_or_default().split('-').collect();
    matches!(parts[..], [year, month, day] if year.len() == 4 && (month == "00" || day == "00"))
}

/// Names entity and field in an error that names the table or column.
pub(crate) fn mapped(error: Error, table: &'static TableMeta) -> Error {
    let details = error.details();
    if details.entity.is_some() || details.table.as_deref().is_some_and(|name| name != table.table) {
        return error;
    }
    let check = match (error.kind(), &details.constraint) {
        (Kind::CheckViolation, Some(constraint)) => rules::of_constraint(table, constraint),
        _ => Vec::new(),
    };
    let field = fields(details, table).or_else(|| check.iter().find_map(|problem| problem.field.clone()));
    if details.table.is_none() && !error.is_constraint() && field.is_none() {
        return error;
    }
    error.with_details(|details| {
        details.entity = Some(table.entity.to_string());
        details.field = field;
        details.problems = check;
    })
}

/// The fields of the columns, or of the constraint, that an error names.
fn fields(details: &Details, table: &'static TableMeta) -> Option<String> {
    let names: Option<Vec<&str>> = match (&details.column, &details.constraint) {
        (Some(columns), _) => {
            columns.split(", ").map(|name| table.column_named(name).map(|(_, meta)| meta.field)).collect()
        }
        (None, Some(constraint)) => table.unique_named(constraint).map(|metas| metas.map(|meta| meta.field).collect()),
        (None, None) => None,
    };
    names.map(|names| names.join(", "))
}

/// What names one row of `E`: its key, or what becomes it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no key of `{E}`",
    label = "expected the key of `{E}`: an `Id<{E}>`, the value in it, or a tuple where the key has several fields",
    note = "of a row say its key: `row.id`; a UUID in a text is read by `text.parse::<Uuid>()?`; a key of several fields is given in their order",
    note = "an entity that says `no_key` has none; rows are found by anything else with `{E}::find().filter(…)`, changed and deleted with `{E}::update_many()` and `{E}::delete_many()`"
)]
pub trait IntoKey<E: Entity> {
    /// As the key.
    fn into_key(self) -> E::Key;
}

#[diagnostic::do_not_recommend]
impl<E: Entity, K: Into<E::Key>> IntoKey<E> for K {
    fn into_key(self) -> E::Key {
        self.into()
    }
}

/// The condition that leaves `meta` alone or takes it: shorthand for columns of the root.
pub(crate) fn root_column(meta: &'static ColumnMeta) -> Expr {
    Expr::Column(ColumnRef { path: Path::ROOT, column: meta })
}
