//! Filters, orders and pages that come from outside: as JSON or as the query string of a URL.
//!
//! Invariants
//! - Only names that the program allowed reach a statement, and only as columns that the program named beside them. Values
//!   are always parameters.
//! - A value has the type of its column, or the input is refused: `Kind::Validation`, one problem for each mistake, each
//!   with the name of the field and what would have been allowed.
//! - What a filter may cost is limited before it is built: depth, number of conditions, length of lists and texts.
//!
//! ```text
//! let posts = Searchable::<Post>::new()
//!     .allow("title", Post.title)                 // filter and order
//!     .allow("author", Post.author().name)        // along a relation
//!     .allow_filter("published", Post.published_at);
//! let search = posts.from_query("filter[title][contains]=rust&sort=-title&page[size]=20")?;
//! let found = Post::find().search(search).all(&mut db).await?;
//! ```

use std::marker::PhantomData;

use relata_schema::naming::closest;
use relata_sql::driver::Row;
use relata_sql::error::Problem;
use relata_sql::expr::{Expr, Nulls, OrderKey};
use relata_sql::tree::Item;
use relata_sql::typed::{Expression, Field, Pred};
use relata_sql::{Error, Kind, Result, Value};

use crate::aggregate::Selection;
use crate::entity::Entity;
use crate::find::Find;
use crate::join::{Joined, Scope};
use crate::page::Cursor;

mod json;
mod query;
mod value;

use value::Reader;

/// What input may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep conditions may be nested.
    pub depth: usize,
    /// How many conditions there may be.
    pub conditions: usize,
    /// How many values a list may have.
    pub list: usize,
    /// How many bytes a text may have.
    pub text: usize,
    /// How many keys an order may have.
    pub orders: usize,
    /// How many rows a page may have, and has if nothing is said.
    pub page: u64,
    /// How many rows may be skipped to get to a page by number.
    pub offset: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 5, conditions: 50, list: 100, text: 1_000, orders: 5, page: 100, offset: 10_000 }
    }
}

/// The fields that input may name in a query over `R`: an entity, or the tuple of joined tables.
pub struct Searchable<R> {
    fields: Vec<Allowed>,
    limits: Limits,
    marker: PhantomData<fn() -> R>,
}

#[derive(Clone)]
struct Allowed {
    name: &'static str,
    expr: Expr,
    read: Reader,
    text: bool,
    filter: bool,
    sort: bool,
}

impl<R> Clone for Searchable<R> {
    fn clone(&self) -> Self {
        Searchable { fields: self.fields.clone(), limits: self.limits, marker: PhantomData }
    }
}

impl<R> Default for Searchable<R> {
    fn default() -> Self {
        Searchable { fields: Vec::new(), limits: Limits::default(), marker: PhantomData }
    }
}

impl<R> Searchable<R> {
    /// Nothing is allowed yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Input may filter and order by this column or expression under a name.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow("title", Book.title).allow("author", Book.author().name);
    /// let search = books.from_query("filter[author]=Ursula&sort=-title")?;
    /// assert_eq!(Book::find().search(search).all(&mut db).await?[0].title, "The Lathe of Heaven");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn allow<T: Field>(self, name: &'static str, column: impl Into<Expression<R, T>>) -> Self {
        self.with(name, column.into(), true, true)
    }

    /// Input may filter by it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow_filter("pages", Book.pages);
    /// assert!(books.from_query("filter[pages]=204").is_ok());
    /// assert!(books.from_query("sort=pages").is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn allow_filter<T: Field>(self, name: &'static str, column: impl Into<Expression<R, T>>) -> Self {
        self.with(name, column.into(), true, false)
    }

    /// Input may order by it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow_order("pages", Book.pages);
    /// assert!(books.from_query("sort=-pages").is_ok());
    /// assert!(books.from_query("filter[pages]=204").is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn allow_order<T: Field>(self, name: &'static str, column: impl Into<Expression<R, T>>) -> Self {
        self.with(name, column.into(), false, true)
    }

    fn with<T: Field>(mut self, name: &'static str, column: Expression<R, T>, filter: bool, sort: bool) -> Self {
        let expr = column.into_expr();
        let spelled = matches!(&expr, Expr::Column(reference) if reference.column.spelled);
        let text = value::is_text::<T>() && !spelled;
        self.fields.push(Allowed { name, expr, read: Reader::of::<T>(), text, filter, sort });
        self
    }

    /// Other limits.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::search::{Limits, Searchable};
    /// let books = Searchable::<Book>::new().limits(Limits { page: 2, ..Limits::default() });
    /// assert_eq!(Book::find().search(books.from_query("")?).all(&mut db).await?.len(), 2);
    /// assert!(books.from_query("page[size]=1000").is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A search from the query string of a URL. Parameters of other names than `filter[…]`, `sort` and `page[…]` are the
    /// business of others.
    ///
    /// | parameter | means |
    /// |---|---|
    /// | `filter[age]=18` | equal |
    /// | `filter[age][gte]=18` | `eq ne lt lte gt gte`, `in not_in` and `between` (values with commas between), `contains starts_with ends_with` (texts), `null` (`true` or `false`) |
    /// | `sort=-created,title` | greatest first, then by title |
    /// | `page[size]=20` | at most so many rows |
    /// | `page[number]=3` | the third page, by number |
    /// | `page[after]=…` | the page after a [`Cursor`] |
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow("title", Book.title).allow("pages", Book.pages);
    /// let search = books.from_query("filter[pages][gte]=200&sort=-title&page[size]=20")?;
    /// assert_eq!(Book::find().search(search).all(&mut db).await?[0].title, "The Dispossessed");
    /// let error = books.from_query("filter[titel]=Solaris").err().unwrap();
    /// assert!(error.to_string().contains("did you mean title?"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with a problem for each mistake.
    pub fn from_query(&self, query: &str) -> Result<Search<R>> {
        let mut input = Input::new(&self.fields, self.limits);
        query::read(&mut input, query.strip_prefix('?').unwrap_or(query));
        input.finish()
    }

    /// A search from JSON: `{"filter": …, "sort": ["-created"], "page": {"size": 20}}`. A filter is an object of fields,
    /// each with a value or with operators, and of `and`, `or` (lists) and `not`:
    /// `{"age": {"gte": 18}, "or": [{"name": "Ann"}, {"name": null}]}`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow("title", Book.title).allow("pages", Book.pages);
    /// let json = r#"{"filter": {"or": [{"title": "Solaris"}, {"pages": {"gt": 300}}]}, "sort": ["pages"]}"#;
    /// let found = Book::find().search(books.from_json(&json.parse().unwrap())?).all(&mut db).await?;
    /// assert_eq!((found.len(), &*found[0].title), (2, "Solaris"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with a problem for each mistake.
    pub fn from_json(&self, search: &serde_json::Value) -> Result<Search<R>> {
        let mut input = Input::new(&self.fields, self.limits);
        json::read(&mut input, search);
        input.finish()
    }

    /// Columns to select that input names, with commas between: of those that it may filter or order by.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow("title", Book.title).allow("pages", Book.pages);
    /// let chosen = books.columns("title")?;
    /// let rows: Vec<Vec<relata::Value>> = Book::find().order(Book.id.desc()).select(chosen).all(&mut db).await?;
    /// assert_eq!(rows[0], [relata::Value::Text("Solaris".into())]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with a problem for each name that is not allowed.
    pub fn columns(&self, names: &str) -> Result<Chosen<R>> {
        let mut input = Input::new(&self.fields, self.limits);
        let names: Vec<&str> = names.split(',').take(self.fields.len() + 1).collect();
        let chosen: Vec<_> = names.iter().filter_map(|name| input.field(name, |_| true, "read")).collect();
        let chosen = Chosen {
            names: chosen.iter().map(|field| field.name).collect(),
            exprs: chosen.into_iter().map(|field| field.expr.clone()).collect(),
            marker: PhantomData,
        };
        input.finish::<R>()?;
        Ok(chosen)
    }

    /// A filter from JSON alone.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow("pages", Book.pages);
    /// let filter = books.filter_from_json(&r#"{"pages": {"lt": 200}}"#.parse().unwrap())?;
    /// assert_eq!(Book::find().filter(filter).one(&mut db).await?.title, "The Lathe of Heaven");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Validation` with a problem for each mistake.
    pub fn filter_from_json(&self, filter: &serde_json::Value) -> Result<Pred<R>> {
        let mut input = Input::new(&self.fields, self.limits);
        let found = json::filter(&mut input, filter, 1);
        input.finish::<R>()?;
        Ok(Pred::new(found.unwrap_or(Expr::And(Vec::new()))))
    }
}

/// What was asked for: a filter, an order and a page, all checked.
pub struct Search<R> {
    filter: Option<Expr>,
    order: Vec<OrderKey>,
    limit: Option<u64>,
    offset: Option<u64>,
    after: Option<Cursor>,
    marker: PhantomData<fn() -> R>,
}

impl<R> Search<R> {
    /// The filter, if there is one.
    pub fn filter(&self) -> Option<Pred<R>> {
        self.filter.clone().map(Pred::new)
    }

    /// Nothing was said about the order.
    pub fn is_unordered(&self) -> bool {
        self.order.is_empty()
    }
}

/// Columns that input named, to be selected: each row is their values in this order.
pub struct Chosen<R> {
    names: Vec<&'static str>,
    exprs: Vec<Expr>,
    marker: PhantomData<fn() -> R>,
}

impl<R> Chosen<R> {
    /// Their names.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }
}

impl<R> Selection<R> for Chosen<R> {
    type Output = Vec<Value>;

    fn push(self, items: &mut Vec<Item>) {
        items.extend(self.exprs.into_iter().map(Item::Expr));
    }

    /// They are the last of the row: how many there are is known only at run time.
    fn read(row: &mut dyn Row, at: &mut usize) -> Result<Vec<Value>> {
        let from = std::mem::replace(at, row.len());
        (from..row.len()).map(|index| Ok(row.cell(index)?.to_value())).collect()
    }
}

impl<E: Entity, L> Find<E, L> {
    /// With the filter, the order and the page that came from outside, beside those that the program says.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = relata::Searchable::<Book>::new().allow("pages", Book.pages);
    /// let hers = Book::find().filter(Book.author().name.eq("Ursula")); // whatever is asked for
    /// let found = hers.search(books.from_query("filter[pages][gt]=200")?).all(&mut db).await?;
    /// assert_eq!(found.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn search(mut self, search: Search<E>) -> Self {
        if let Some(after) = search.after {
            self = self.after(after);
        }
        let select = &mut self.select;
        if let Some(filter) = search.filter {
            Expr::and_into(&mut select.filter, filter);
        }
        select.order.extend(search.order);
        select.limit = search.limit.or(select.limit);
        select.offset = search.offset.or(select.offset);
        self
    }
}

impl<S: Scope> Joined<S> {
    /// With the filter, the order and the page that came from outside, beside those that the program says. Joined rows are
    /// paged by number.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let columns = relata::join::columns::<(Book, Author)>();
    /// let names = relata::Searchable::new().allow("author", columns.1.name);
    /// let books = Book::find().join(Author, |(book, author)| book.author_id.eq(author.id));
    /// assert_eq!(books.search(names.from_query("filter[author]=Ursula")?)?.count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Parameters` when the page is to come after a cursor.
    pub fn search(mut self, search: Search<S>) -> Result<Self> {
        if search.after.is_some() {
            let error = Error::new(Kind::Parameters, "joined rows have no cursor to come after");
            return Err(error.hint("ask for a page by its number"));
        }
        let select = &mut self.select;
        if let Some(filter) = search.filter {
            Expr::and_into(&mut select.filter, filter);
        }
        select.order.extend(search.order);
        select.limit = search.limit.or(select.limit);
        select.offset = search.offset.or(select.offset);
        Ok(self)
    }
}

/// Input that is being read, with what was found wrong.
struct Input<'a> {
    fields: &'a [Allowed],
    limits: Limits,
    conditions: usize,
    filter: Option<Expr>,
    order: Vec<OrderKey>,
    size: Option<u64>,
    number: Option<u64>,
    after: Option<Cursor>,
    problems: Vec<Problem>,
}

/// More problems than these help nobody.
const MOST_PROBLEMS: usize = 20;

impl<'a> Input<'a> {
    fn new(fields: &'a [Allowed], limits: Limits) -> Self {
        Input {
            fields,
            limits,
            conditions: 0,
            filter: None,
            order: Vec::new(),
            size: None,
            number: None,
            after: None,
            problems: Vec::new(),
        }
    }

    fn problem(&mut self, field: impl Into<String>, rule: &'static str, message: impl Into<String>) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::of(field, rule, message));
        }
    }

    fn finish<R>(mut self) -> Result<Search<R>> {
        let size = self.size.unwrap_or(self.limits.page);
        let offset = self.number.map(|number| (number - 1).saturating_mul(size));
        if offset.is_some_and(|offset| offset > self.limits.offset) {
            let message = format!("must not skip more than {} rows: use page[after]", self.limits.offset);
            self.problem("page[number]", "range", message);
        }
        if self.number.is_some() && self.after.is_some() {
            self.problem("page", "condition", "has a number or a cursor to come after, not both");
        }
        if self.problems.is_empty() {
            let (filter, order, after) = (self.filter, self.order, self.after);
            return Ok(Search { filter, order, limit: Some(size), offset, after, marker: PhantomData });
        }
        let messages: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        let error = Error::new(Kind::Validation, format!("the search cannot be done: {}", messages.join("; ")));
        let problems = self.problems;
        Err(error.with_details(|details| {
            details.field = problems.first().and_then(|problem| problem.field.clone());
            details.problems = problems;
        }))
    }

    /// The field of a name that may be used so.
    fn field(&mut self, name: &str, wanted: impl Fn(&Allowed) -> bool, doing: &str) -> Option<&'a Allowed> {
        let fields = self.fields;
        let found = fields.iter().find(|field| wanted(field) && field.name == name);
        if found.is_none() {
            let names: Vec<&str> = fields.iter().filter(|field| wanted(field)).map(|field| field.name).collect();
            let close = closest(name, names.iter().copied());
            let close = close.map_or_else(String::new, |close| format!(", did you mean {close}?"));
            let message = format!("cannot be {doing} by{close} (allowed: {})", names.join(", "));
            self.problem(shown(name), "unknown", message);
        }
        found
    }

    /// One more condition on a field: none if it is refused.
    fn condition(&mut self, field: &Allowed, operator: &str, operand: &Operand<'_>) -> Option<Expr> {
        self.conditions += 1;
        if self.conditions > self.limits.conditions {
            if self.conditions == self.limits.conditions + 1 {
                let message = format!("has more than {} conditions", self.limits.conditions);
                self.problem("filter", "length", message);
            }
            return None;
        }
        match value::condition(field, operator, operand, &self.limits) {
            Ok(expr) => Some(expr),
            Err(problem) => {
                self.problem(field.name, problem.0, problem.1);
                None
            }
        }
    }

    fn and(&mut self, expr: Option<Expr>) {
        if let Some(expr) = expr {
            Expr::and_into(&mut self.filter, expr);
        }
    }

    /// One key of the order: `-created` is greatest first.
    fn order_by(&mut self, key: &str) {
        let (name, descending) = key.strip_prefix('-').map_or((key, false), |name| (name, true));
        let Some(field) = self.field(name, |field| field.sort, "ordered") else { return };
        if self.order.len() == self.limits.orders {
            let message = format!("has more than {} keys", self.limits.orders);
            return self.problem("sort", "length", message);
        }
        self.order.push(OrderKey { expr: field.expr.clone(), descending, nulls: Nulls::Native });
    }

    fn page(&mut self, part: &str, text: &str) {
        let number = |most: u64| text.parse::<u64>().ok().filter(|number| (1..=most).contains(number));
        match part {
            "size" => match number(self.limits.page) {
                Some(size) => self.size = Some(size),
                None => self.problem("page[size]", "range", format!("must be from 1 to {}", self.limits.page)),
            },
            "number" => match number(u64::MAX) {
                Some(number) => self.number = Some(number),
                None => self.problem("page[number]", "range", "must be a whole number from 1 on"),
            },
            "after" => match text.parse() {
                Ok(cursor) => self.after = Some(cursor),
                Err(_) => self.problem("page[after]", "pattern", "is no cursor that this program gave"),
            },
            other => {
                let field = format!("page[{}]", shown(other));
                self.problem(field, "unknown", "is not there (allowed: size, number, after)");
            }
        }
    }
}

/// What stands beside an operator.
enum Operand<'v> {
    /// Text, as query strings have it.
    Text(&'v str),
    /// JSON.
    Json(&'v serde_json::Value),
}

/// A name from outside, as far as it is worth being shown.
fn shown(name: &str) -> String {
    let short: String = name.chars().filter(|character| !character.is_control()).take(40).collect();
    if short.len() < name.len() { format!("{short}…") } else { short }
}

/// What a value became, or why not.
type Read = std::result::Result<Value, (&'static str, String)>;
