//! Functions that give rows, in the place of tables: the elements of JSON, numbers one after the other, anything else by SQL of
//! one's own.

use std::marker::PhantomData;

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::case::typed;
use super::fragment::each_value;
use super::{Column, Encode, Expr, Expression, Field, Id, ProgramText, Value};
use crate::cell::Element;
use crate::template::Template;
use crate::tree::{RowsFunction, Source};
use crate::value::Interval;

/// The rows of a function, each a `T`. `from(…)` and `.cross_join(…)` read them where the arguments are values; by
/// `.join_lateral(…)` and `.left_join_lateral(…)` the arguments are columns of the tables before it, on every database.
#[must_use = "it is nothing until it is read by `from(…)` or a join"]
pub struct RowsOf<T> {
    function: RowsFunction,
    marker: PhantomData<fn() -> T>,
}

impl<T> RowsOf<T> {
    pub(super) fn new(call: Expr, names: &'static [&'static str]) -> Self {
        RowsOf { function: RowsFunction { call, names, sqlite: &[], mysql: &[] }, marker: PhantomData }
    }

    fn read_as(mut self, sqlite: &'static [&'static str], mysql: &'static [&'static str]) -> Self {
        (self.function.sqlite, self.function.mysql) = (sqlite, mysql);
        self
    }

    /// The untyped data.
    pub fn into_source(self) -> Source {
        Source::Function(Box::new(self.function))
    }
}

/// What a function that gives rows takes: a value, or a column or expression of the tables before it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a function that gives rows",
    label = "expected a column, an expression or a value"
)]
pub trait RowsArgument {
    /// As untyped data.
    fn into_rows_argument(self) -> Expr;
}

/// A tuple of [`RowsArgument`]s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tuple of arguments",
    label = "expected a tuple, such as `(post.tags, 3)`; of one argument `(post.tags,)`"
)]
pub trait RowsArguments {
    /// As untyped data.
    fn into_rows_arguments(self) -> Vec<Expr>;
}

impl<R, T> RowsArgument for Column<R, T> {
    fn into_rows_argument(self) -> Expr {
        self.into_expr()
    }
}

impl<R, T> RowsArgument for Expression<R, T> {
    fn into_rows_argument(self) -> Expr {
        self.into_expr()
    }
}

macro_rules! values {
    ([$($generics:tt)*] $ty:ty) => {
        impl<$($generics)*> RowsArgument for $ty {
            fn into_rows_argument(self) -> Expr {
                typed(Expr::Value(self.encode()))
            }
        }
    };
    ($($ty:ty),* $(,)?) => {$( values!([] $ty); )*};
}
each_value!(values);
values!([T: Element + Field] Vec<T>);
values!([E, K: Encode] Id<E, K>);

macro_rules! tuples {
    ($($name:ident $index:tt),*) => {
        impl<$($name: RowsArgument),*> RowsArguments for ($($name,)*) {
            fn into_rows_arguments(self) -> Vec<Expr> {
                vec![$(self.$index.into_rows_argument()),*]
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);

/// The rows of a function of your own choice: its columns' names, SQL with `{}` for each argument, and the arguments. `T` is the
/// column's type, or a tuple of them. The names are those that the function gives its columns; PostgreSQL gives them these.
///
/// ```text
/// // PostgreSQL: each part of a text
/// let parts = rows_of::<String>(&["part"], "STRING_TO_TABLE({}, {})", (Post.slug, "-"));
/// // SQLite: all values inside of JSON
/// let values = rows_of::<(Option<String>, String)>(&["key", "fullkey"], "JSON_TREE({})", (Post.meta,));
/// ```
pub fn rows_of<T>(names: &'static [&'static str], sql: impl ProgramText, arguments: impl RowsArguments) -> RowsOf<T> {
    RowsOf::new(Expr::Fragment(sql.text(), arguments.into_rows_arguments()), names)
}

static ELEMENTS: Template = Template::each(
    "elements of JSON",
    "JSON_EACH(CASE JSON_TYPE({0}) WHEN 'array' THEN {0} END)",
    "JSONB_ARRAY_ELEMENTS_TEXT(CASE JSONB_TYPEOF(CAST({0} AS jsonb)) WHEN 'array' THEN CAST({0} AS jsonb) END) WITH ORDINALITY",
    "JSON_TABLE({0}, '$[*]' COLUMNS (value JSON PATH '$', place FOR ORDINALITY))",
);
// MariaDB: a member is asked for by its name as it is written there, which holds its quotes. `JSON_EXTRACT` makes JSON of the text
// that names are given as.
static MEMBERS: Template = Template::each(
    "members of JSON",
    "JSON_EACH(CASE JSON_TYPE({0}) WHEN 'object' THEN {0} END)",
    "JSONB_EACH_TEXT(CASE JSONB_TYPEOF(CAST({0} AS jsonb)) WHEN 'object' THEN CAST({0} AS jsonb) END)",
    "JSON_TABLE(CASE WHEN JSON_LENGTH(JSON_KEYS({0})) > 0 THEN JSON_ARRAY(JSON_EXTRACT(JSON_KEYS({0}), '$'), JSON_EXTRACT({0}, '$')) END, '$' COLUMNS (whole JSON PATH '$[1]', NESTED PATH '$[0][*]' COLUMNS (name JSON PATH '$')))",
);
/// What is true or false is so in words.
const SQLITE_VALUE: &str =
    "CASE {type} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST({value} AS TEXT) END";
static SERIES: Template = Template::each(
    "series of numbers",
    "(WITH RECURSIVE series (value) AS (SELECT {0} WHERE {0} <= {1} UNION ALL SELECT value + 1 FROM series WHERE value < {1}) SELECT value FROM series)",
    "GENERATE_SERIES({0}, {1})",
    "(SELECT {0} + place - 1 AS value FROM JSON_TABLE(CONCAT('[0', REPEAT(',0', GREATEST({1} - {0}, 0)), ']'), '$[*]' COLUMNS (place FOR ORDINALITY)) AS places WHERE {0} <= {1})",
);

/// The elements of a JSON array: each as text, `None` of `null`, and its place from 1. What is NULL or no array has
/// none. In a query
/// inside a condition the column is that of the query around it: `exists(from(json_elements(Post.tags.outer::<()>())).filter(…))`.
///
/// **Dialects**: numbers, and blanks in an array or object in the array, are as the database writes them.
///
/// ```text
/// Post::find().join_lateral(|(post,)| json_elements(post.tags)).select(|(post, tag)| (post.title, tag.0))
/// ```
pub fn json_elements(json: impl RowsArgument) -> RowsOf<(Option<String>, i64)> {
    const MYSQL: &str = "CASE JSON_TYPE({value}) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE({value}) END";
    RowsOf::new(Expr::Template(&ELEMENTS, vec![json.into_rows_argument()]), &["value", "place"])
        .read_as(&[SQLITE_VALUE, "({key} + 1)"], &[MYSQL, "{place}"])
}

/// The members of a JSON object: each name and its value as text, as [`json_elements`].
///
/// **Dialects**: of a name that stands twice, which no value written by relata has, PostgreSQL and MySQL know the last, MariaDB the first,
/// SQLite both.
pub fn json_members(json: impl RowsArgument) -> RowsOf<(String, Option<String>)> {
    const MYSQL: &str = "CASE JSON_TYPE(JSON_EXTRACT({whole}, CONCAT('$.', {name}))) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT({whole}, CONCAT('$.', {name}))) END";
    RowsOf::new(Expr::Template(&MEMBERS, vec![json.into_rows_argument()]), &["key", "value"])
        .read_as(&["{key}", SQLITE_VALUE], &["JSON_UNQUOTE({name})", MYSQL])
}

/// The whole numbers from one to another, both inclusive: for days without rows, say. None where the second is less.
/// **Dialects**: on MariaDB up to some millions, as `max_allowed_packet` allows.
///
/// ```text
/// let days = from(series(0, 6)).select(|(n,)| value(monday).plus(n, Unit::Day));
/// ```
pub fn series(first: i64, last: i64) -> RowsOf<i64> {
    let arguments = [first, last].map(|number| number.into_rows_argument());
    RowsOf::new(Expr::Template(&SERIES, arguments.into()), &["value"])
}
