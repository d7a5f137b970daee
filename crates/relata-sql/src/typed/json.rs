//! Values inside of JSON columns, by typed steps: `Post.meta.key("author").key("age").int()`.
//!
//! A path is a parameter on every database, never part of the text.

use std::marker::PhantomData;

use super::function::call;
use super::{Column, Encode, Expr, Expression, Field, Pred, Structured};
use crate::expr::{JsonAs, JsonStep};
use crate::template::Template;

static CONTAINS: Template =
    Template::each("containment of JSON", "", "{0} @> CAST({1} AS jsonb)", "JSON_CONTAINS({0}, {1})")
        .not_on_sqlite("compare the members by `.key(…)`");
static JSON_LENGTH: Template = Template::each(
    "length of JSON",
    "JSON_ARRAY_LENGTH({0})",
    "CAST(JSONB_ARRAY_LENGTH(CAST({0} AS jsonb)) AS bigint)",
    "JSON_LENGTH({0})",
);

/// A place inside of JSON that holds a value, perhaps.
#[must_use = "a path says nothing until `.text()`, `.int()`, … says as what it is read"]
pub struct JsonPath<R> {
    expr: Expr,
    steps: Vec<JsonStep>,
    marker: PhantomData<fn() -> R>,
}

impl<R> JsonPath<R> {
    /// The member of the object there.
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.steps.push(JsonStep::Key(name.into()));
        self
    }

    /// The member of the array there, from 0.
    pub fn index(mut self, index: u32) -> Self {
        self.steps.push(JsonStep::Index(index));
        self
    }

    fn read<T>(self, form: JsonAs) -> Expression<R, T> {
        Expression::new(Expr::Json(Box::new(self.expr), self.steps, form))
    }

    /// The text there; `None` if there is none, or `null`.
    pub fn text(self) -> Expression<R, Option<String>> {
        self.read(JsonAs::Text)
    }

    /// The whole number there; `None` if there is none, or `null`. **Dialects**: something else than a number is an error on
    /// PostgreSQL.
    pub fn int(self) -> Expression<R, Option<i64>> {
        self.read(JsonAs::Int)
    }

    /// The number there; as [`JsonPath::int`].
    pub fn float(self) -> Expression<R, Option<f64>> {
        self.read(JsonAs::Float)
    }

    /// True or false there; as [`JsonPath::int`].
    pub fn boolean(self) -> Expression<R, Option<bool>> {
        self.read(JsonAs::Bool)
    }

    /// The JSON there.
    pub fn json(self) -> Expression<R, Option<serde_json::Value>> {
        self.read(JsonAs::Json)
    }

    /// The whole JSON with this value there instead: for `.to(…)` in an update. What is not there is added to the object; of a place
    /// inside of what is not there, nothing changes.
    pub fn put(self, value: impl Into<serde_json::Value>) -> Expression<R, serde_json::Value> {
        let value: serde_json::Value = value.into();
        Expression::new(Expr::JsonChanged(Box::new(self.expr), self.steps, Some(value.encode())))
    }

    /// The whole JSON without what is there.
    pub fn removed(self) -> Expression<R, serde_json::Value> {
        Expression::new(Expr::JsonChanged(Box::new(self.expr), self.steps, None))
    }

    /// There is something, be it `null`.
    pub fn exists(self) -> Pred<R> {
        Pred::new(Expr::Json(Box::new(self.expr), self.steps, JsonAs::Exists))
    }
}

macro_rules! json {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// The member of the object.
            pub fn key(self, name: impl Into<String>) -> JsonPath<R>
            where
                T::Base: Structured,
            {
                JsonPath { expr: self.into_expr(), steps: Vec::new(), marker: PhantomData }.key(name)
            }

            /// The member of the array, from 0.
            pub fn index(self, index: u32) -> JsonPath<R>
            where
                T::Base: Structured,
            {
                JsonPath { expr: self.into_expr(), steps: Vec::new(), marker: PhantomData }.index(index)
            }

            /// The JSON contains this: each member of an object, each element of an array. **Dialects**: not SQLite.
            pub fn contains_json(self, json: serde_json::Value) -> Pred<R>
            where
                T::Base: Structured,
            {
                Pred::new(Expr::Template(&CONTAINS, vec![self.into_expr(), Expr::Value(json.encode())]))
            }

            /// How many elements the array has.
            pub fn array_length(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Structured,
            {
                call(&JSON_LENGTH, vec![self.into_expr()])
            }
        }
    };
}
json!(Column);
json!(Expression);
