//! SQL of one's own inside of a typed query: a constant text with places for columns, expressions and bound values.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::case::typed;
use super::{Column, Encode, Expr, Expression, Field, Id, ProgramText, Value};
use crate::cell::Element;
use crate::value::Interval;

/// What can stand in a fragment or be the argument of a native function: a column, an expression, a value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument in a query over `{R}`",
    label = "expected a column or expression of `{R}`, or a value"
)]
pub trait Argument<R> {
    /// `U`, or an `Option` of it where the argument may be NULL: what a function of it gives.
    type Like<U: Field>: Field<Base = U::Base>;

    /// As untyped data.
    fn into_argument(self) -> Expr;
}

impl<R, T: Field> Argument<R> for Column<R, T> {
    type Like<U: Field> = T::Like<U>;

    fn into_argument(self) -> Expr {
        self.into_expr()
    }
}

impl<R, T: Field> Argument<R> for Expression<R, T> {
    type Like<U: Field> = T::Like<U>;

    fn into_argument(self) -> Expr {
        self.into_expr()
    }
}

/// Calls a macro with the types whose values stand for themselves as arguments.
macro_rules! each_value {
    ($then:ident) => {
        $then!(
            bool,
            i16,
            i32,
            i64,
            f64,
            Decimal,
            String,
            &str,
            Vec<u8>,
            Uuid,
            Date,
            Time,
            DateTime,
            Timestamp,
            Interval,
            SignedDuration,
            serde_json::Value,
            Value,
        );
    };
}
pub(super) use each_value;

macro_rules! values {
    ($($ty:ty),* $(,)?) => {$(
        impl<R> Argument<R> for $ty {
            type Like<U: Field> = U;

            fn into_argument(self) -> Expr {
                typed(Expr::Value(self.encode()))
            }
        }
    )*};
}
each_value!(values);

impl<R, T: Element + Field> Argument<R> for Vec<T> {
    type Like<U: Field> = U;

    fn into_argument(self) -> Expr {
        typed(Expr::Value(self.encode()))
    }
}

impl<R, E, K: Encode> Argument<R> for Id<E, K> {
    type Like<U: Field> = U;

    fn into_argument(self) -> Expr {
        typed(Expr::Value(self.encode()))
    }
}

/// A tuple of arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tuple of arguments for a query over `{R}`",
    label = "expected a tuple, such as `(Post.title, 3)`; of one argument `(Post.title,)`"
)]
pub trait Arguments<R> {
    /// As untyped data.
    fn into_arguments(self) -> Vec<Expr>;
}

impl<R> Arguments<R> for () {
    fn into_arguments(self) -> Vec<Expr> {
        Vec::new()
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),*) => {
        impl<R, $($name: Argument<R>),*> Arguments<R> for ($($name,)*) {
            fn into_arguments(self) -> Vec<Expr> {
                vec![$(self.$index.into_argument()),*]
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// SQL of your own that gives a `T`, with `{}` for each argument: columns and expressions of the query, and values,
/// which are bound. It composes like any expression: in filters (`.holds()` makes a condition of a `bool`), orders,
/// selections, joins, updates. The text is part of the program, never input; `{{` is a brace.
///
/// The caller vouches for the type and for the database that understands the text.
///
/// ```
/// # use relata_sql::{meta::{ColumnMeta, Path}, typed::{Column, Expression, fragment}};
/// # struct Post; static TITLE: ColumnMeta = ColumnMeta::new("title", "title");
/// # let title: Column<Post, String> = Column::new(Path::ROOT, &TITLE);
/// let soundex: Expression<Post, String> = fragment("SOUNDEX({})", (title,));
/// let alike = fragment::<Post, bool>("SOUNDEX({}) = SOUNDEX({})", (title, "Robert")).holds();
/// ```
pub fn fragment<R, T: Field>(sql: impl ProgramText, arguments: impl Arguments<R>) -> Expression<R, T> {
    Expression::new(Expr::Fragment(sql.text(), arguments.into_arguments()))
}
