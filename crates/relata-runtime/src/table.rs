//! Tables that are known only at run time: found by introspection, read as ordered records of values.
//!
//! Invariants
//! - Only columns that the catalogue named (and, after [`Table::allow`], that the caller allows) come into SQL; any
//!   other name is an error that says what there is. Values are always parameters.
//! - Nothing is deleted or changed but by the whole key, by a filter, or where it is said that all rows are meant.

use std::panic::Location;
use std::sync::Arc;

use relata_schema::model::{self, Column, ObjectName};
use relata_schema::naming::closest;
use relata_schema::types::Type;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{BoxFuture, ColumnInfo, IntrospectOptions, Row, RowSink};
use relata_sql::expr::{BinaryOp, Expr, Match, Nulls, OrderKey};
use relata_sql::tree::{Item, Scope, Select, Source};
use relata_sql::typed::CastTo;
use relata_sql::{Error, Kind, Result, Value};

use crate::executor::{Executor, Intent};
use crate::find::count;
use crate::page::Cursor;

mod beside;
mod paged;
mod related;
mod streamed;
mod write;

use related::{Constraints, With};
pub use streamed::TableStream;

/// A table or view found by introspection.
#[derive(Debug, Clone)]
pub struct Table(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    dialect: Dialect,
    name: ObjectName,
    columns: Vec<TableColumn>,
    key: Vec<String>,
    /// The enums behind columns of domains, for which the server has no operators.
    enums: Vec<(String, ObjectName)>,
    /// The column that says when a row was marked as deleted.
    mark: Option<String>,
    /// The columns whose numbers the database always makes.
    always: Vec<String>,
    constraints: Constraints,
}

/// A column of such a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its portable type.
    pub ty: Type,
    /// It may be NULL.
    pub nullable: bool,
    /// Filters and orders may use it.
    pub allowed: bool,
}

/// A row: values under their columns' names, in the order of the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    columns: Arc<[String]>,
    values: Vec<Value>,
    related: Vec<(String, Vec<Record>)>,
}

impl Record {
    /// The value of a column.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// let rows = books.select().order_by_key().all(&mut db).await?;
    /// assert_eq!(rows[2].value("title"), Some(&relata::Value::Text("Solaris".into())));
    /// assert_eq!(rows[2].value("isbn"), None); // there is no such column
    /// # Ok(())
    /// # }
    /// ```
    pub fn value(&self, column: &str) -> Option<&Value> {
        self.columns.iter().position(|name| name == column).map(|at| &self.values[at])
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.columns.iter().map(String::as_str).zip(&self.values)
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values.
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// How a column is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Equal; NULL is equal to NULL here.
    Equal(Value),
    /// Not equal.
    NotEqual(Value),
    /// Less.
    Less(Value),
    /// Less or equal.
    AtMost(Value),
    /// Greater.
    Greater(Value),
    /// Greater or equal.
    AtLeast(Value),
    /// One of these.
    In(Vec<Value>),
    /// None of these.
    NotIn(Vec<Value>),
    /// Between two values, both ends inclusive.
    Between(Value, Value),
    /// Contains this text.
    Contains(String),
    /// Begins with this text.
    StartsWith(String),
    /// Ends with this text.
    EndsWith(String),
    /// NULL.
    IsNull,
    /// Not NULL.
    IsNotNull,
}

/// Reads the whole schema of the database that an executor runs on.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let schema = relata::table::schema(&mut db).await?;
/// let names: Vec<&str> = schema.tables.iter().map(|table| &*table.name.name).collect();
/// assert_eq!(names, ["authors", "books"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the database says.
pub async fn schema(executor: &mut impl Executor) -> Result<Schema> {
    let mut lease = executor.lease(Intent::Read).await?;
    let options = IntrospectOptions::default();
    let result = lease.connection().introspect(&options).await;
    lease.note(&result);
    result
}

impl Table {
    /// Finds a table or view (`name`, or `namespace.name`) by introspection. [`Table::in_schema`] spares that when the
    /// schema is known.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Table::find("books", &mut db).await?;
    /// let names: Vec<&str> = books.columns().iter().map(|column| &*column.name).collect();
    /// assert_eq!(names, ["id", "author_id", "title", "pages"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedTable`, with the closest name that there is.
    pub async fn find(name: &str, executor: &mut impl Executor) -> Result<Table> {
        Self::in_schema(name, &schema(executor).await?)
    }

    /// Finds a table or view in a schema.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let schema = relata::table::schema(&mut db).await?;
    /// let books = relata::Table::in_schema("books", &schema)?;
    /// assert_eq!(books.key(), ["id"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Table::find`].
    pub fn in_schema(name: &str, schema: &Schema) -> Result<Table> {
        let wanted = match name.split_once('.') {
            Some((namespace, name)) => ObjectName::new(namespace, name),
            None => schema.dialect.name(name),
        };
        let whole = schema.dialect.name(name);
        let is_it = |found: &ObjectName| *found == wanted || *found == whole;
        if let Some(table) = schema.tables.iter().find(|table| is_it(&table.name)) {
            let columns = table.columns.iter().map(|column| TableColumn {
                name: column.name.clone(),
                ty: column.ty.logical.clone(),
                nullable: !column.not_null,
                allowed: true,
            });
            let key = table.primary_key.as_ref().map(|key| key.columns().map(str::to_string).collect());
            let columns = columns.collect();
            return Ok(Table(Arc::new(Inner {
                dialect: schema.dialect,
                enums: enums_in_domains(table, schema),
                name: table.name.clone(),
                columns,
                key: key.unwrap_or_default(),
                mark: None,
                always: table
                    .columns
                    .iter()
                    .filter(|column| always(column))
                    .map(|column| column.name.clone())
                    .collect(),
                constraints: Constraints::of(table, schema),
            })));
        }
        if let Some(view) = schema.views.iter().find(|view| is_it(&view.name)) {
            let columns = view.columns.iter().map(|(name, ty)| TableColumn {
                name: name.clone(),
                ty: ty.logical.clone(),
                nullable: true,
                allowed: true,
            });
            return Ok(Table(Arc::new(Inner {
                dialect: schema.dialect,
                enums: Vec::new(),
                name: view.name.clone(),
                columns: columns.collect(),
                key: Vec::new(),
                mark: None,
                always: Vec::new(),
                constraints: Constraints::default(),
            })));
        }
        let views = schema.views.iter().map(|view| view.name.name.as_str());
        let known = schema.tables.iter().map(|table| table.name.name.as_str()).chain(views);
        let error = Error::new(Kind::UndefinedTable, format!("there is no table {name}")).table(name);
        Err(match closest(name, known) {
            Some(close) => error.hint(format!("did you mean {close}?")),
            None => error.hint("`relata schema inspect` shows what there is"),
        })
    }

    /// Its name.
    pub fn name(&self) -> &ObjectName {
        &self.0.name
    }

    /// Its columns.
    pub fn columns(&self) -> &[TableColumn] {
        &self.0.columns
    }

    /// The names of the key's columns; empty without a key.
    pub fn key(&self) -> &[String] {
        &self.0.key
    }

    /// Lets filters and orders use these columns only: for names that come from outside.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?.allow(["title"])?;
    /// assert!(books.select().order("title", false).is_ok());
    /// assert!(books.select().order("pages", false).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedColumn`.
    pub fn allow<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Table> {
        let mut inner = (*self.0).clone();
        inner.columns.iter_mut().for_each(|column| column.allowed = false);
        for name in names {
            self.column(name)?;
            inner.columns.iter_mut().filter(|column| column.name == name).for_each(|column| column.allowed = true);
        }
        Ok(Table(Arc::new(inner)))
    }

    /// Rows are marked as deleted by this column: queries leave marked rows out, and deleting marks.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// # db.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, deleted_at TIMESTAMP);
    /// #     INSERT INTO notes VALUES (1, 'kept', NULL), (2, 'gone', '2026-01-01 00:00:00');").await?;
    /// let notes = db.table("notes").await?.soft_delete("deleted_at")?;
    /// assert_eq!(notes.select().count(&mut db).await?, 1);
    /// assert_eq!(notes.select().with_deleted().count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedColumn`; `Kind::TypeMismatch` when the column is no date and time that may be NULL.
    pub fn soft_delete(&self, column: &str) -> Result<Table> {
        let found = self.column(column)?;
        if !found.nullable || !matches!(found.ty, Type::Timestamp(_) | Type::DateTime(_)) {
            let message = format!("{}.{column} cannot mark rows as deleted", self.0.name.name);
            let error = Error::new(Kind::TypeMismatch, message).hint("it must be a date and time that may be NULL");
            return Err(error.table(&self.0.name.name).column(column));
        }
        let mark = Some(column.to_string());
        Ok(Table(Arc::new(Inner { mark, ..(*self.0).clone() })))
    }

    /// The condition that leaves out rows that are marked as deleted, or all others.
    fn marked(&self, scope: Scope) -> Option<Expr> {
        let mark = Box::new(named(self.0.mark.as_ref()?));
        match scope {
            Scope::Live => Some(Expr::IsNull(mark, true)),
            Scope::Deleted => Some(Expr::IsNull(mark, false)),
            Scope::All => None,
        }
    }

    fn column(&self, name: &str) -> Result<&TableColumn> {
        let known = self.0.columns.iter().filter(|column| column.allowed);
        if let Some(column) = known.clone().find(|column| column.name == name) {
            return Ok(column);
        }
        let table = &self.0.name.name;
        let error = Error::new(Kind::UndefinedColumn, format!("{table} has no column {name} to be used here"));
        let error = error.table(table).column(name);
        Err(match closest(name, known.clone().map(|column| column.name.as_str())) {
            Some(close) => error.hint(format!("did you mean {close}?")),
            None => {
                let names: Vec<&str> = known.map(|column| column.name.as_str()).collect();
                error.hint(format!("there are {}", names.join(", ")))
            }
        })
    }

    fn condition(&self, column: &str, condition: Condition) -> Result<Expr> {
        let known = self.column(column)?;
        let inner = || Box::new(self.operand(column));
        let like = |form, text| {
            let searched = match self.operand(column) {
                behind @ Expr::NamedAs(..) => Expr::Template(<String as CastTo>::CAST, vec![behind]),
                column => as_text(column, &known.ty),
            };
            Expr::Like(Box::new(searched), form, text, false)
        };
        let value = |value| self.compared(known, value);
        let binary = |op, given| Ok(inner().compared(op, Expr::Value(value(given)?)));
        Ok(match condition {
            Condition::Equal(Value::Null) | Condition::IsNull => Expr::IsNull(inner(), true),
            Condition::NotEqual(Value::Null) | Condition::IsNotNull => Expr::IsNull(inner(), false),
            Condition::Equal(value) => return binary(BinaryOp::Eq, value),
            Condition::NotEqual(value) => return binary(BinaryOp::Ne, value),
            Condition::Less(value) => return binary(BinaryOp::Lt, value),
            Condition::AtMost(value) => return binary(BinaryOp::Le, value),
            Condition::Greater(value) => return binary(BinaryOp::Gt, value),
            Condition::AtLeast(value) => return binary(BinaryOp::Ge, value),
            Condition::In(values) => self.among(known, values, false)?,
            Condition::NotIn(values) => self.among(known, values, true)?,
            Condition::Between(low, high) => Expr::Between(inner(), value(low)?, value(high)?),
            Condition::Contains(text) => like(Match::Contains, text),
            Condition::StartsWith(text) => like(Match::Prefix, text),
            Condition::EndsWith(text) => like(Match::Suffix, text),
        })
    }

    /// One of these values, NULL among them, or none of them.
    fn among(&self, column: &TableColumn, values: Vec<Value>, negated: bool) -> Result<Expr> {
        let given = values.len();
        let values: Vec<Value> = values
            .into_iter()
            .filter(|value| *value != Value::Null)
            .map(|value| self.compared(column, value))
            .collect::<Result<_>>()?;
        let null = (values.len() < given).then(|| Expr::IsNull(Box::new(named(&column.name)), !negated));
        let listed = self.operand(&column.name).among(values, negated);
        Ok(match null {
            Some(null) if negated => null.and(listed),
            Some(null) => null.or(listed),
            None => listed,
        })
    }

    /// The column as it is compared.
    fn operand(&self, column: &str) -> Expr {
        match self.0.enums.iter().find(|(name, _)| name == column) {
            Some((_, behind)) => Expr::NamedAs(column.into(), Box::new(behind.clone())),
            None => named(column),
        }
    }

    fn source(&self) -> Source {
        Source::Named(self.0.name.clone())
    }

    /// All rows, to be narrowed down.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// assert_eq!(books.select().order("pages", true)?.limit(2).all(&mut db).await?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn select(&self) -> TableQuery {
        let mut select = Select::new(self.source());
        select.at = Some(Location::caller());
        TableQuery { table: self.clone(), select, marked: Scope::Live, withs: Vec::new(), after: None, every: false }
    }

    /// The row with this key: one value for each column of the key.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// let book = books.by_key(&[relata::Value::Int(3)], &mut db).await?.unwrap();
    /// assert_eq!(book.value("pages"), Some(&relata::Value::Int(204)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Parameters` when the number of values is wrong; what the database says.
    #[track_caller]
    pub fn by_key(
        &self,
        key: &[Value],
        executor: &mut impl Executor,
    ) -> impl Future<Output = Result<Option<Record>>> + Send {
        let mut query = self.select();
        let filter = self.key_filter(key);
        async move {
            query.select.filter = Some(filter?);
            Ok(query.all(executor).await?.pop())
        }
    }

    fn key_filter(&self, key: &[Value]) -> Result<Expr> {
        let (table, wanted) = (&self.0.name.name, &self.0.key);
        if wanted.is_empty() {
            let message = format!("{table} has no primary key, so its rows cannot be told apart");
            return Err(Error::new(Kind::Unsupported, message).table(table).hint("write the statement in SQL"));
        }
        if key.len() != wanted.len() {
            let message = format!("the key of {table} is ({}): {} values were given", wanted.join(", "), key.len());
            return Err(Error::new(Kind::Parameters, message).table(table));
        }
        let part = |(name, value): (&String, &Value)| {
            let column = self.0.columns.iter().find(|column| column.name == *name);
            let value = column.map_or_else(|| Ok(value.clone()), |column| self.compared(column, value.clone()))?;
            Ok(Expr::Binary(Box::new(self.operand(name)), BinaryOp::Eq, Box::new(Expr::Value(value))))
        };
        wanted.iter().zip(key).map(part).collect::<Result<_>>().map(Expr::And)
    }
}

/// The columns whose type is a domain over an enum, with the enum.
fn enums_in_domains(table: &model::Table, schema: &Schema) -> Vec<(String, ObjectName)> {
    let behind = |column: &Column| {
        let mut ty = &column.ty.logical;
        while let Type::Domain(name) = ty {
            ty = &schema.domains.iter().find(|domain| domain.name == *name)?.base.logical;
        }
        match ty {
            Type::Enum(name, _) if matches!(column.ty.logical, Type::Domain(_)) => {
                Some((column.name.clone(), name.clone()))
            }
            _ => None,
        }
    };
    table.columns.iter().filter_map(behind).collect()
}

/// `GENERATED ALWAYS AS IDENTITY`.
fn always(column: &Column) -> bool {
    column.identity.as_ref().is_some_and(|identity| identity.always)
}

fn named(name: &str) -> Expr {
    Expr::Named(name.into())
}

/// PostgreSQL looks for texts in nothing but texts.
fn as_text(expr: Expr, ty: &Type) -> Expr {
    match ty {
        Type::Enum(name, _) if name.name.is_empty() => expr,
        Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Bytes(_) | Type::Set(_) | Type::Any => expr,
        Type::Domain(_) => expr,
        // It compares without case.
        Type::Native(name) if name.ends_with("citext") => expr,
        _ => Expr::Template(<String as CastTo>::CAST, vec![expr]),
    }
}

fn binary(name: &str, op: BinaryOp, value: Value) -> Expr {
    Expr::Binary(Box::new(named(name)), op, Box::new(Expr::Value(value)))
}

/// A query over a [`Table`].
#[derive(Debug, Clone)]
#[must_use = "a query does nothing until it is run by `.all(…)` or `.count(…)`"]
pub struct TableQuery {
    table: Table,
    select: Select,
    marked: Scope,
    withs: Vec<With>,
    after: Option<Cursor>,
    /// A write may take every row.
    every: bool,
}

impl TableQuery {
    /// Only rows whose column keeps this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::table::Condition;
    /// let books = db.table("books").await?;
    /// let long = books.select().filter("pages", Condition::Greater(relata::Value::Int(200)))?;
    /// assert_eq!(long.count(&mut db).await?, 2);
    /// assert!(books.select().filter("isbn", Condition::IsNull).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedColumn` for a column that there is not or that is not allowed.
    pub fn filter(mut self, column: &str, condition: Condition) -> Result<Self> {
        let expr = self.table.condition(column, condition)?;
        Expr::and_into(&mut self.select.filter, expr);
        Ok(self)
    }

    /// Only rows of which at least one of these holds.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::{Value, table::Condition};
    /// let books = db.table("books").await?;
    /// let wanted = [("pages", Condition::Less(Value::Int(200))), ("title", Condition::StartsWith("Sol".into()))];
    /// assert_eq!(books.select().filter_any(wanted)?.count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TableQuery::filter`].
    pub fn filter_any<'n>(mut self, conditions: impl IntoIterator<Item = (&'n str, Condition)>) -> Result<Self> {
        let ways = conditions.into_iter().map(|(column, condition)| self.table.condition(column, condition));
        let ways = ways.collect::<Result<Vec<Expr>>>()?;
        Expr::and_into(&mut self.select.filter, Expr::Or(ways));
        Ok(self)
    }

    /// Adds a column to the order.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// let rows = books.select().order("pages", true)?.all(&mut db).await?; // `true`: greatest first
    /// assert_eq!(rows[0].value("title"), Some(&relata::Value::Text("The Dispossessed".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedColumn` for a column that there is not or that is not allowed.
    pub fn order(mut self, column: &str, descending: bool) -> Result<Self> {
        self.table.column(column)?;
        let expr = self.table.operand(column);
        self.select.order.push(OrderKey { expr, descending, nulls: Nulls::Native });
        Ok(self)
    }

    /// Adds the key to the order.
    pub fn order_by_key(mut self) -> Self {
        let keys = self.table.0.key.iter();
        let keys =
            keys.map(|name| OrderKey { expr: self.table.operand(name), descending: false, nulls: Nulls::Native });
        self.select.order.extend(keys);
        self
    }

    /// Also rows that are marked as deleted ([`Table::soft_delete`]).
    pub fn with_deleted(mut self) -> Self {
        self.marked = Scope::All;
        self
    }

    /// Only rows that are marked as deleted.
    pub fn only_deleted(mut self) -> Self {
        self.marked = Scope::Deleted;
        self
    }

    /// As a `SELECT` of the rows that count.
    fn whole(self) -> Select {
        let mut select = self.select;
        if let Some(marked) = self.table.marked(self.marked) {
            Expr::and_into(&mut select.filter, marked);
        }
        select
    }

    /// At most so many rows.
    pub fn limit(mut self, limit: u64) -> Self {
        self.select.limit = Some(limit);
        self
    }

    /// Without the first so many rows.
    pub fn offset(mut self, offset: u64) -> Self {
        self.select.offset = Some(offset);
        self
    }

    /// All rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn all(self, executor: &mut impl Executor) -> Result<Vec<Record>> {
        self.fetched_whole(executor).await
    }

    /// All columns of all rows.
    fn fetched_whole(mut self, executor: &mut dyn Executor) -> BoxFuture<'_, Result<Vec<Record>>> {
        self.select.items = self.table.0.columns.iter().map(|column| Item::Expr(named(&column.name))).collect();
        self.fetch(executor)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn first(self, executor: &mut impl Executor) -> Result<Option<Record>> {
        Ok(self.limit(1).all(executor).await?.pop())
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn count(mut self, executor: &mut impl Executor) -> Result<u64> {
        self.placed()?;
        count(executor, self.whole()).await
    }
}

/// Collects the rows of any query as records.
#[derive(Debug, Default)]
pub struct Records {
    columns: Arc<[String]>,
    records: Vec<Record>,
}

impl Records {
    /// The names of the columns, also when there was no row.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }
}

impl RowSink for Records {
    fn wants_columns(&self) -> bool {
        true
    }

    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        self.columns = columns.iter().map(|column| column.name.clone()).collect();
        Ok(())
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let values = (0..row.len()).map(|index| Ok(row.cell(index)?.to_value())).collect::<Result<_>>();
        let values = values.map_err(|error| crate::find::at_row(error, self.records.len()))?;
        self.records.push(Record { columns: self.columns.clone(), values, related: Vec::new() });
        Ok(())
    }
}
