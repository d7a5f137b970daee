//! What the derived code names. Not for people.

pub use jiff::Timestamp;
pub use relata_runtime::SoftDeleted;
pub use relata_runtime::aggregate::{Fills, Selection};
pub use relata_runtime::entity::{Perhaps, Presence, Present, cell};
pub use relata_runtime::insert::{Draft, NewRow};
pub use relata_runtime::join::Constant;
pub use relata_runtime::load::{Carries, Contains, Loaded};
pub use relata_runtime::relation::{
    Inside, KeyOf, Many, Named, One, Optional, ReferenceTo, Rel, Relation, Required, number, refers,
};
pub use relata_runtime::validation::{Given, custom};
pub use relata_sql::cell::{Cell, Element, Mismatch};
pub use relata_sql::driver::Row;
pub use relata_sql::expr::Expr;
pub use relata_sql::meta::{
    Action, Cardinality, ColumnMeta, Comparison, ConditionMeta, DefaultMeta, EntityRuleKind, EntityRuleMeta, FromRoot,
    Junction, Only, OperandMeta, Path, RelationMeta, RuleMeta, TableMeta, UniqueMeta,
};
pub use relata_sql::row::{RowNames, field_cell, not_read};
pub use relata_sql::tree::Item;
pub use relata_sql::typed::{Argument, Column, Field, NewValue, Number, NumberKind, Structured, Textual};
pub use relata_sql::{Decode, Encode, FromRow, Value};
pub use serde::{Serialize, Serializer};

/// A field as a parameter.
pub fn value<T: Field>(field: &T) -> Value {
    field.clone().encode()
}

/// Text as a parameter.
pub fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

/// A field as a parameter.
pub fn encode<T: Field>(field: T) -> Value {
    field.encode()
}

/// A field as an argument of a function.
pub fn argument<R, T: Field>(field: T) -> Expr {
    relata_sql::typed::value::<R, T>(field).into_expr()
}

/// What `#[scalar(try_from)]` asks of a type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a `{I}` and written as one, as `#[scalar(try_from)]` does it",
    label = "not made from a `{I}`, or no `{I}` made from it",
    note = "write `impl TryFrom<{I}> for {Self}`, whose error can be printed, and `impl From<{Self}> for {I}`"
)]
pub trait Converted<I>: Sized {
    /// What is kept.
    fn inside(self) -> I;
    /// From what is kept.
    ///
    /// # Errors
    /// Why it does not fit.
    fn read(inside: I) -> Result<Self, String>;
}

#[diagnostic::do_not_recommend]
impl<I: From<T>, T: TryFrom<I>> Converted<I> for T
where
    T::Error: std::fmt::Display,
{
    fn inside(self) -> I {
        I::from(self)
    }

    fn read(inside: I) -> Result<Self, String> {
        T::try_from(inside).map_err(|error| error.to_string())
    }
}

/// What serde knows, as JSON.
///
/// # Panics
/// When the value cannot be JSON: a map with keys that are no texts.
pub fn to_json<T: serde::Serialize>(value: &T) -> Value {
    match serde_json::to_string(value) {
        Ok(text) => Value::Json(text),
        Err(error) => panic!("a value that is kept as JSON cannot be JSON: {error}"),
    }
}

/// What serde knows, from JSON.
///
/// # Errors
/// When it is no JSON, or not that of this type.
pub fn from_json<T: serde::de::DeserializeOwned>(cell: Cell<'_>) -> Result<T, Mismatch> {
    let json = match cell {
        Cell::Json(text) | Cell::Text(text) => serde_json::from_str(text),
        cell => serde_json::from_value(serde_json::Value::decode(cell)?),
    };
    json.map_err(|error| match relata_sql::deep::unread(&error) {
        Some(expected) => Mismatch::expected(expected),
        None => Mismatch::expected(format!("JSON that fits ({error})")),
    })
}

/// A rule that JSON must keep a schema.
#[cfg(not(feature = "json-schema"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __json_schema {
    ($schema:expr) => {
        ::core::compile_error!("json_schema(…) needs the feature `json-schema` of relata")
    };
}
/// A rule that JSON must keep a schema, which is compiled once.
#[cfg(feature = "json-schema")]
#[doc(hidden)]
#[macro_export]
macro_rules! __json_schema {
    ($schema:expr) => {
        $crate::__private::RuleMeta::JsonSchema(|value| {
            static COMPILED: $crate::__private::JsonSchema = $crate::__private::JsonSchema::new($schema);
            COMPILED.check(value)
        })
    };
}
pub use crate::__json_schema as json_schema;
#[cfg(feature = "json-schema")]
pub use crate::json_schema::JsonSchema;

/// What the struct of a row with its relations can do, whatever the entity.
#[doc(hidden)]
#[macro_export]
macro_rules! __carries {
    ($with:ident, $entity:ident) => {
        impl<S> $with<S> {
            /// Without what was loaded.
            pub fn into_inner(self) -> $entity {
                self.0.entity
            }
        }

        impl<S> ::core::ops::Deref for $with<S> {
            type Target = $entity;

            fn deref(&self) -> &$entity {
                &self.0.entity
            }
        }

        /// Fields can be changed and written back by `save`; what was loaded stays what it was.
        impl<S> ::core::ops::DerefMut for $with<S> {
            fn deref_mut(&mut self) -> &mut $entity {
                &mut self.0.entity
            }
        }

        impl<S> $crate::__private::Serialize for $with<S>
        where
            $crate::__private::Loaded<$entity, S>: $crate::__private::Serialize,
        {
            fn serialize<Z: $crate::__private::Serializer>(&self, to: Z) -> ::core::result::Result<Z::Ok, Z::Error> {
                $crate::__private::Serialize::serialize(&self.0, to)
            }
        }

        impl<S> ::core::convert::From<$crate::__private::Loaded<$entity, S>> for $with<S> {
            fn from(loaded: $crate::__private::Loaded<$entity, S>) -> Self {
                $with(loaded)
            }
        }

        impl<S: Send + Sync + 'static> $crate::__private::Carries<$entity, S> for $with<S> {
            fn loaded(&self) -> &$crate::__private::Loaded<$entity, S> {
                &self.0
            }

            fn loaded_mut(&mut self) -> &mut $crate::__private::Loaded<$entity, S> {
                &mut self.0
            }
        }

        impl<S> ::core::fmt::Debug for $with<S>
        where
            $crate::__private::Loaded<$entity, S>: ::core::fmt::Debug,
        {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl<S> ::core::clone::Clone for $with<S>
        where
            $crate::__private::Loaded<$entity, S>: ::core::clone::Clone,
        {
            fn clone(&self) -> Self {
                $with(::core::clone::Clone::clone(&self.0))
            }
        }
    };
}
pub use crate::__carries as carries;
