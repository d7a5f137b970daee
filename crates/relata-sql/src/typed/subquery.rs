//! Queries inside expressions.

use super::{Column, Expr, Expression, Field, Pred};
use crate::tree::Select;

/// A query whose rows are of type `T`: one value, or a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no query of rows of type `{T}`",
    label = "expected a query that selects `{T}`",
    note = "end the query with `.select(…)` of columns or expressions of that type"
)]
pub trait Subquery<T> {
    /// The untyped data.
    fn into_select(self) -> Select;
}

/// The one value that a query gives. It is an error of the database if the query gives several rows, and NULL if none.
pub fn scalar<R, T: Field>(query: impl Subquery<T>) -> Expression<R, T> {
    Expression::new(Expr::Scalar(Box::new(query.into_select())))
}

macro_rules! membership {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// One of the values that a query gives.
            pub fn in_query(self, query: impl Subquery<T::Base>) -> Pred<R> {
                Pred::new(Expr::InSelect(Box::new(self.into_expr()), Box::new(query.into_select())))
            }

            /// None of the values that a query gives. The query's column is never NULL: its type says so.
            pub fn not_in_query(self, query: impl Subquery<T::Base>) -> Pred<R> {
                !self.in_query(query)
            }
        }
    };
}
membership!(Column);
membership!(Expression);
