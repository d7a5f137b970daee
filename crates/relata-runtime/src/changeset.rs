//! [`Changeset`]: input from outside (JSON, forms) on its way into a row, through an allow-list.
//!
//! ```text
//! let post = Post::changeset((Post.title, Post.body)) // nothing else gets in
//!     .json(&body)
//!     .set(Post.author_id, user.id)                   // what the application says itself
//!     .insert(&mut db)
//!     .await?;                                        // or every problem, field by field
//! ```
//!
//! Invariants
//! - A field that is not allowed is never written, whatever the input calls it.
//! - A value is converted without loss or refused: JSON numbers become no text, text of JSON no numbers. In forms all is
//!   text, and the empty text is NULL where the field may be NULL.
//! - Nothing is sent while there is a problem; all of them come back at once ([`Error::problems`]), those of rows below with
//!   their place: `comments.0.text`.

use std::marker::PhantomData;

use relata_sql::deep;
use relata_sql::driver::BoxFuture;
use relata_sql::error::Problem;
use relata_sql::meta::{ColumnMeta, RowValues};
use relata_sql::typed::{Column, Field, NewValue};
use relata_sql::{Cell, Error, Interval, Kind, Result, Value};
use serde_json::Value as Json;

use crate::change::{Filtered, Update};
use crate::entity::Entity;
use crate::executor::Executor;
use crate::find::not_found;
use crate::insert::{Draft, NewRow};
use crate::nested::Graph;
use crate::relation::{Rel, Relation};
use crate::rules::Found;
use crate::validation;

mod below;

use below::{Below, Rows, Stage};

/// A value from outside.
enum Input<'i> {
    Json(&'i Json),
    Text(&'i str),
}

/// A field that input may set, and how its values are read.
pub struct AllowedField {
    meta: &'static ColumnMeta,
    read: fn(Input<'_>) -> Result<Value, String>,
}

/// The fields that input may set: a column or a tuple of columns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of columns of `{E}`",
    label = "expected a column of `{E}`, or a tuple of up to twelve"
)]
pub trait Allowed<E> {
    /// Adds them to the list.
    fn list(self, out: &mut Vec<AllowedField>);
}

impl<E, T: Field> Allowed<E> for Column<E, T> {
    fn list(self, out: &mut Vec<AllowedField>) {
        out.push(AllowedField { meta: self.reference().column, read: read::<T> });
    }
}

macro_rules! allowed {
    ($($name:ident),*) => {
        impl<E, $($name: Allowed<E>),*> Allowed<E> for ($($name,)*) {
            fn list(self, out: &mut Vec<AllowedField>) {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                $($name.list(out);)*
            }
        }
    };
}
allowed!(A);
allowed!(A, B);
allowed!(A, B, C);
allowed!(A, B, C, D);
allowed!(A, B, C, D, F);
allowed!(A, B, C, D, F, G);
allowed!(A, B, C, D, F, G, H);
allowed!(A, B, C, D, F, G, H, I);
allowed!(A, B, C, D, F, G, H, I, J);
allowed!(A, B, C, D, F, G, H, I, J, K);
allowed!(A, B, C, D, F, G, H, I, J, K, L);
allowed!(A, B, C, D, F, G, H, I, J, K, L, M);

/// What a row of `E` is to become, and what is wrong with it so far.
#[must_use = "nothing is written until `.insert(…)` or `.update(…)`"]
pub struct Changeset<E> {
    allowed: Vec<AllowedField>,
    columns: Vec<u16>,
    values: Vec<Value>,
    problems: Vec<Problem>,
    strict: bool,
    /// What is to hang on the row.
    below: Vec<Box<dyn Below<E>>>,
    /// Columns that are filled in when the row above is there.
    filled: Vec<usize>,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> Changeset<E> {
    pub(crate) fn new(allowed: impl Allowed<E>) -> Self {
        let mut list = Vec::new();
        allowed.list(&mut list);
        Changeset {
            allowed: list,
            columns: Vec::new(),
            values: Vec::new(),
            problems: Vec::new(),
            strict: false,
            below: Vec::new(),
            filled: Vec::new(),
            marker: PhantomData,
        }
    }

    /// Names that are not allowed are problems from here on; else they are left out in silence.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let input: Json = r#"{"title": "Solaris", "price": 5}"#.parse().unwrap();
    /// let changes = Book::changeset((Book.title, Book.pages)).strict().json(&input);
    /// assert_eq!(changes.problems()[0].to_string(), "price is no field that may be given");
    /// # Ok(())
    /// # }
    /// ```
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Takes rows that hang on this one, too: the member of the input with the relation's name, an array of objects (an object
    /// where the relation leads to one row). `row` makes an empty changeset for each, with an allow-list of its own, perhaps with
    /// rows below again. To be said before the input is given; the rows are created with this one by [`Changeset::insert`], and
    /// below the row that exists by [`Changeset::update`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let input: Json = r#"{"name": "Tove", "books": [{"title": "Moominvalley", "pages": 192}]}"#.parse().unwrap();
    /// let tove = Author::changeset(Author.name)
    ///     .nested(Author.books, || Book::changeset((Book.title, Book.pages)))
    ///     .json(&input)
    ///     .set(Author.email, "tove@example.com");
    /// let tove = tove.insert(&mut db).await?;
    /// assert_eq!(Book::find().filter(Book.author_id.eq(tove.id)).count(&mut db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn nested<M: Relation<From = E>>(
        mut self,
        _: Rel<E, M>,
        row: impl Fn() -> Changeset<M::To> + Send + 'static,
    ) -> Self {
        self.below.push(Box::new(Rows::<M, _>::new(row, None)));
        self
    }

    /// As [`Changeset::nested`], of rows that may exist: where the input gives this field (the key, or another that is unique),
    /// [`Changeset::update`] changes the row with that value, if it hangs on the row that is changed; without it a row is created.
    /// Rows that are not named stay as they are.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let input: Json = r#"{"books": [{"id": 3, "pages": 214}]}"#.parse().unwrap();
    /// let changes = Author::changeset(Author.name).nested_by(Author.books, Book.id, || Book::changeset(Book.pages));
    /// changes.json(&input).update(2, &mut db).await?;
    /// assert_eq!(Book::by_key(3).one(&mut db).await?.pages, 214);
    /// # Ok(())
    /// # }
    /// ```
    pub fn nested_by<M: Relation<From = E>, T: Field>(
        mut self,
        _: Rel<E, M>,
        by: Column<M::To, T>,
        row: impl Fn() -> Changeset<M::To> + Send + 'static,
    ) -> Self {
        let by = AllowedField { meta: by.reference().column, read: read::<T> };
        self.below.push(Box::new(Rows::<M, _>::new(row, Some(by))));
        self
    }

    /// Takes the members of a JSON object by the names of fields.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let input: Json = r#"{"title": "Fiasco", "pages": 322, "id": 99}"#.parse().unwrap();
    /// let changes = Book::changeset((Book.title, Book.pages)).json(&input).set(Book.author_id, 2);
    /// let book = changes.insert(&mut db).await?;
    /// assert_eq!((book.title.as_str(), book.pages, book.id), ("Fiasco", 322, Id::new(4)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn json(mut self, input: &Json) -> Self {
        let Json::Object(members) = input else {
            self.problems.push(Problem::of_row("type", "must be a JSON object"));
            return self;
        };
        for (name, value) in members {
            match self.below.iter_mut().find(|below| below.name() == name) {
                Some(below) => below.take(value, self.strict),
                None => self.take(name, Input::Json(value)),
            }
        }
        self
    }

    /// Takes the pairs of a form by the names of fields; of several with one name the last.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let form = [("title", "Fiasco"), ("pages", "322")];
    /// let book = Book::changeset((Book.title, Book.pages)).form(form).set(Book.author_id, 2).insert(&mut db).await?;
    /// assert_eq!((book.title.as_str(), book.pages), ("Fiasco", 322));
    /// # Ok(())
    /// # }
    /// ```
    pub fn form<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        pairs.into_iter().for_each(|(name, text)| self.take(name.as_ref(), Input::Text(text.as_ref())));
        self
    }

    fn take(&mut self, name: &str, input: Input<'_>) {
        let Some(field) = self.allowed.iter().find(|field| field.meta.field == name) else {
            if self.strict {
                self.problems.push(Problem::of(name, "unknown", "is no field that may be given"));
            }
            return;
        };
        let meta = field.meta;
        self.problems.retain(|problem| problem.rule != "type" || problem.field.as_deref() != Some(name));
        match (field.read)(input) {
            Ok(value) => self.put(meta, value),
            Err(wanted) => self.problems.push(Problem::of(name, "type", wanted)),
        }
    }

    fn put(&mut self, meta: &'static ColumnMeta, value: Value) {
        let Some(position) = E::TABLE.field_named(meta.field).map(|(position, _)| position as u16) else { return };
        match self.columns.iter().position(|known| *known == position) {
            Some(place) => self.values[place] = value,
            None => {
                self.columns.push(position);
                self.values.push(value);
            }
        }
    }

    /// Sets a field by the application's own word, allowed or not.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let form = [("title", "Fiasco"), ("author_id", "1")]; // `author_id` is not allowed
    /// let changes = Book::changeset(Book.title).form(form).set(Book.author_id, 2).set(Book.pages, 322);
    /// assert_eq!(changes.insert(&mut db).await?.author_id, Id::new(2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn set<T: Field>(mut self, column: Column<E, T>, value: impl NewValue<T>) -> Self {
        self.put(column.reference().column, value.into_value());
        self
    }

    /// Adds a problem that the application found itself.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let changes = Book::changeset(Book.title).form([("title", "Solaris")]);
    /// let changes = changes.problem(Book.title, "is on the list already");
    /// assert_eq!(changes.problems()[0].to_string(), "title is on the list already");
    /// # Ok(())
    /// # }
    /// ```
    pub fn problem<T>(mut self, column: Column<E, T>, message: impl Into<String>) -> Self {
        self.problems.push(Problem::of(column.reference().column.field, "custom", message));
        self
    }

    /// What would be written: fields and values.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let changes = Book::changeset(Book.pages).form([("pages", "322"), ("title", "Fiasco")]);
    /// assert_eq!(changes.changes().collect::<Vec<_>>(), [("pages", &relata::Value::Int(322))]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn changes(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let fields = self.columns.iter().map(|position| E::TABLE.columns[usize::from(*position)].field);
        fields.zip(&self.values)
    }

    /// What is wrong so far: values of another type, names that are not allowed, broken rules. That a new row lacks a field
    /// is found when it is inserted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let changes = Book::changeset(Book.title).json(&r#"{"title": 5}"#.parse().unwrap());
    /// assert_eq!(changes.problems()[0].to_string(), "title must be text");
    /// # Ok(())
    /// # }
    /// ```
    pub fn problems(&self) -> Vec<Problem> {
        let found = self.found_change(Stage::SoFar);
        match found.into_result() {
            Ok(()) => Vec::new(),
            Err(error) => error.problems(),
        }
    }

    fn found(&self, row: &RowValues<'_>) -> Found {
        let mut found = Found::new(E::TABLE);
        self.problems.iter().for_each(|problem| found.push(problem.clone()));
        for (position, value) in self.columns.iter().zip(&self.values) {
            found.value(&E::TABLE.columns[usize::from(*position)], value);
        }
        found.row(row);
        found
    }

    /// What is wrong with it as a new row, with all that hangs on it.
    fn found_new(&self) -> Found {
        let row = RowValues::new_row(E::TABLE, &self.columns, &self.values);
        let mut found = self.found(&row);
        for (position, meta) in E::TABLE.columns[..E::TABLE.selected].iter().enumerate() {
            let stamped = [E::TABLE.created_at, E::TABLE.updated_at].contains(&Some(position));
            let needed = !meta.nullable && !meta.is_defaulted() && !meta.generated && !stamped;
            let refused = self.problems.iter().any(|problem| problem.field.as_deref() == Some(meta.field));
            let given = self.columns.contains(&(position as u16)) || self.filled.contains(&position);
            if needed && !refused && !given {
                found.push(Problem::of(meta.field, "required", "must be given"));
            }
        }
        self.below.iter().flat_map(|below| below.problems(Stage::New)).for_each(|problem| found.push(problem));
        found
    }

    /// What is wrong with it as a change of a row, or so far, with its rows below.
    fn found_change(&self, stage: Stage) -> Found {
        let mut found = self.found(&RowValues::some(&self.columns, &self.values));
        self.below.iter().flat_map(|below| below.problems(stage)).for_each(|problem| found.push(problem));
        found
    }

    fn into_row(self) -> Draft<E> {
        let pairs = self.columns.into_iter().zip(self.values);
        pairs.fold(Draft::new(&[], []), |draft, (column, value)| draft.set(usize::from(column), value))
    }

    /// As a row to insert, alone or together with others; what hangs on it is left out.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let error = Book::changeset(Book.title).form([("title", "Fiasco")]).draft().err().unwrap();
    /// let missing: Vec<_> = error.problems().iter().map(|problem| problem.to_string()).collect();
    /// assert_eq!(missing, ["author_id must be given", "pages must be given"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with every problem, fields that must be given included.
    pub fn draft(self) -> Result<Draft<E>> {
        self.found_new().into_result()?;
        Ok(self.into_row())
    }

    /// As a row to insert together with all that hangs on it.
    ///
    /// # Errors
    /// `Kind::Validation` with every problem, fields that must be given included; `Kind::Unsupported` for a relation whose
    /// foreign key is on this side.
    pub fn graph(mut self) -> Result<Graph<E>> {
        self.found_new().into_result()?;
        let below = std::mem::take(&mut self.below);
        let graph = Graph::from(self.into_row());
        below.into_iter().try_fold(graph, |graph, below| below.hang(graph))
    }

    /// Inserts the row and gives it back. Where the database refuses it for one thing that is taken or missing, it is asked
    /// for all of them.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let changes = Author::changeset((Author.name, Author.email));
    /// let error = changes.form([("name", "Stan"), ("email", "stan@example.com")]).insert(&mut db).await.unwrap_err();
    /// assert_eq!(error.problems()[0].field.as_deref(), Some("email"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with every problem; constraint violations with every problem that the database has with the row.
    pub async fn insert(self, executor: &mut impl Executor) -> Result<E> {
        if !self.below.is_empty() {
            return self.graph()?.insert(executor).await;
        }
        let (columns, values) = (self.columns.clone(), self.values.clone());
        match self.draft()?.insert(executor).await {
            Err(error) if matches!(error.kind(), Kind::UniqueViolation | Kind::ForeignKeyViolation) => {
                let row = RowValues::new_row(E::TABLE, &columns, &values);
                // Inside a failed transaction there is no asking; the first problem is known anyway.
                let all = validation::refused(executor, E::TABLE, row).await.unwrap_or_default();
                Err(with_all(error, all))
            }
            result => result,
        }
    }

    /// Changes the row with this key; without changes nothing is sent. Rows below ([`Changeset::nested`]) are created or changed
    /// with it, all of it or nothing.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// Book::changeset((Book.title, Book.pages)).form([("pages", "214")]).update(3, &mut db).await?;
    /// let solaris = Book::by_key(3).one(&mut db).await?;
    /// assert_eq!((solaris.title.as_str(), solaris.pages), ("Solaris", 214));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with every problem; `Kind::NotFound` when there is no such row, or none below with the value that was
    /// given; constraint violations. `Kind::Unsupported` for rows below whose foreign key is on this side, and for changing rows
    /// along many to many.
    pub async fn update(self, key: impl Into<E::Key>, executor: &mut impl Executor) -> Result<()> {
        self.found_change(Stage::Changed).into_result()?;
        let key: E::Key = key.into();
        if self.below.is_empty() {
            return self.change_row(E::update(key).require_rows(1), executor).await.map(drop);
        }
        let mut tx = executor.begin(Default::default()).await?;
        let changed = match E::by_key(key.clone()).optional(&mut tx).await {
            Ok(Some(row)) => self.change_all(row, E::update(key), &mut tx).await,
            Ok(None) => Err(not_found(E::TABLE.entity)),
            Err(error) => Err(error),
        };
        tx.finish(changed).await
    }

    /// Changes the row; `false`: there is none.
    async fn change_row(self, update: Update<E, Filtered>, mut executor: impl Executor) -> Result<bool> {
        if self.columns.is_empty() {
            return Ok(true);
        }
        let pairs = self.columns.iter().zip(self.values);
        let update = pairs
            .fold(update, |update, (position, value)| update.put(&E::TABLE.columns[usize::from(*position)], value));
        Ok(update.exec(&mut executor).await? > 0)
    }

    /// Changes a row that was read, and what is below it.
    fn change_all(
        mut self,
        row: E,
        update: Update<E, Filtered>,
        executor: &mut dyn Executor,
    ) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let below = std::mem::take(&mut self.below);
            self.change_row(update, &mut *executor).await?;
            for below in below {
                below.write(&row, &mut *executor).await?;
            }
            Ok(())
        })
    }
}

/// The violation with everything else that the database would refuse.
fn with_all(error: Error, mut all: Vec<Problem>) -> Error {
    for problem in error.problems() {
        if all.iter().all(|known| known.field != problem.field || known.rule != problem.rule) {
            all.push(problem);
        }
    }
    error.with_details(|details| details.problems = all)
}

/// Reads a value for a field of type `T`.
fn read<T: Field>(input: Input<'_>) -> Result<Value, String> {
    match input {
        Input::Json(Json::Null) if T::NULLABLE => Ok(Value::Null),
        Input::Json(Json::Null) => Err("must be given".to_string()),
        Input::Json(json) => from_json::<T>(json),
        Input::Text("") if T::NULLABLE => Ok(Value::Null),
        Input::Text(text) => from_text::<T>(text),
    }
}

fn decoded<T: Field>(cell: Cell<'_>) -> Result<Value, String> {
    T::decode(cell).map(T::encode).map_err(|mismatch| format!("must be {}", mismatch.expected))
}

fn from_json<T: Field>(json: &Json) -> Result<Value, String> {
    let text = json.to_string();
    // A field that holds JSON takes any of it.
    match decoded::<T>(Cell::Json(&text)) {
        Ok(value @ Value::Json(_)) => return Ok(value),
        Err(problem) if problem.ends_with(deep::EXPECTED) => return Err(problem),
        _ => {}
    }
    match json {
        Json::Bool(value) => match decoded::<T>(Cell::Bool(*value)) {
            Ok(value @ Value::Bool(_)) => Ok(value),
            _ => Err(wanted::<T>()),
        },
        Json::Number(number) => {
            let whole = number.as_i64().map(Cell::Int).or(number.as_u64().map(Cell::UInt));
            let cells = whole.into_iter().chain(number.as_f64().map(Cell::Float)).chain([Cell::Text(&text)]);
            let fits = |value: &Value| !matches!(value, Value::Bool(_) | Value::Text(_));
            let read = cells.filter_map(|cell| decoded::<T>(cell).ok()).find(fits);
            read.ok_or_else(wanted::<T>)
        }
        Json::String(text) => decoded::<T>(Cell::Text(text)),
        Json::Array(elements) => decoded::<T>(Cell::Array(elements.iter().map(element).collect())),
        Json::Null | Json::Object(_) => Err(wanted::<T>()),
    }
}

/// An element of an array, as the array's type will read it.
fn element(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(number)) => Value::Float(number),
            (None, None) => Value::Text(number.to_string()),
        },
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Json(other.to_string()),
    }
}

/// What the type holds, in its own words.
fn wanted<T: Field>() -> String {
    let odd = Value::Interval(Interval { months: 1, days: 0, microseconds: 0 });
    // No type reads an array of intervals but the one that nobody sends.
    match T::decode(Cell::Array(vec![Value::Null])).or_else(|_| T::decode(Cell::Array(vec![odd]))) {
        Err(mismatch) => format!("must be {}", mismatch.expected),
        Ok(_) => "is of the wrong type".to_string(),
    }
}

fn from_text<T: Field>(text: &str) -> Result<Value, String> {
    let first = decoded::<T>(Cell::Text(text));
    if first.is_ok() {
        return first;
    }
    let trimmed = text.trim();
    let truth = match trimmed {
        "true" | "on" | "yes" | "1" => Some(true),
        "false" | "off" | "no" | "0" => Some(false),
        _ => None,
    };
    let whole = trimmed.parse().ok().map(Cell::Int).or_else(|| trimmed.parse().ok().map(Cell::UInt));
    let real = trimmed.parse::<f64>().ok().filter(|number| number.is_finite()).map(Cell::Float);
    let numbers = whole.into_iter().chain(real).filter_map(|cell| decoded::<T>(cell).ok());
    let truth = truth.and_then(|truth| decoded::<T>(Cell::Bool(truth)).ok());
    let truth = truth.filter(|value| matches!(value, Value::Bool(_)));
    truth.into_iter().chain(numbers).next().map_or(first, Ok)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_converted_with_loss() {
        let of = |json: Json, read: fn(Input<'_>) -> Result<Value, String>| read(Input::Json(&json));
        assert_eq!(of(json!(5), read::<i32>), Ok(Value::Int(5)));
        assert_eq!(of(json!(5.5), read::<i32>).unwrap_err(), "must be a whole number from -2147483648 to 2147483647");
        assert!(of(json!(3_000_000_000u64), read::<i32>).is_err());
        assert!(of(json!("5"), read::<i64>).is_err());
        assert!(of(json!(true), read::<i64>).is_err());
        assert!(of(json!(1), read::<bool>).is_err());
        assert!(of(json!(5), read::<String>).is_err());
        assert_eq!(of(json!("5"), read::<String>), Ok(Value::Text("5".into())));
        assert_eq!(of(json!(null), read::<String>).unwrap_err(), "must be given");
        assert_eq!(of(json!(null), read::<Option<String>>), Ok(Value::Null));
        assert_eq!(of(json!(12.25), read::<rust_decimal::Decimal>), Ok(Value::Decimal("12.25".parse().unwrap())));
        assert_eq!(of(json!({"a": [1]}), read::<Json>), Ok(Value::Json(r#"{"a":[1]}"#.into())));
        assert_eq!(of(json!("x"), read::<Option<Json>>), Ok(Value::Json("\"x\"".into())));
        assert_eq!(of(json!([1, 2]), read::<Vec<i64>>), Ok(Value::Array(vec![Value::Int(1), Value::Int(2)])));
        let text = |text: &str, read: fn(Input<'_>) -> Result<Value, String>| read(Input::Text(text));
        assert_eq!(text(" 42 ", read::<u8>), Ok(Value::Int(42)));
        assert_eq!(text("on", read::<bool>), Ok(Value::Bool(true)));
        assert_eq!(text("0", read::<bool>), Ok(Value::Bool(false)));
        assert!(text("true", read::<i64>).is_err());
        assert_eq!(text("", read::<Option<i64>>), Ok(Value::Null));
        assert!(text("", read::<i64>).is_err());
        assert_eq!(text("1.5", read::<f64>), Ok(Value::Float(1.5)));
        assert_eq!(text("2024-02-30", read::<jiff::civil::Date>).unwrap_err(), "must be a date as YYYY-MM-DD");
    }
}
