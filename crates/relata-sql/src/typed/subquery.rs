//! Queries inside expressions.

use super::{Column, ColumnRef, Expr, Expression, Field, Pred};
use crate::tree::Select;

/// A query whose rows are of type `T`: one value, or a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no query of rows of type `{T}`",
    label = "expected a query that selects `{T}`",
    note = "end the query with `.select(…)` of columns or expressions of that type; one that is never NULL, though its type may be, is \
            `.assume_some()`; a value of a query that may give no row is `scalar_or_none(…)`"
)]
pub trait Subquery<T> {
    /// The untyped data.
    fn into_select(self) -> Select;
}

/// A query of any rows, for [`exists`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no query",
    label = "expected a query, such as `Post::find().filter(…)`"
)]
pub trait AnyQuery {
    /// The untyped data.
    fn into_query(self) -> Select;
}

/// The query gives a row. Inside it, [`Column::outer`] reads columns of the query around it:
///
/// ```text
/// User::find().filter(exists(Post::find().filter(Post.author_id.eq(User.id.outer()))))
/// ```
///
/// Relations need no such: `User.posts.exists()`. This is for what no relation says.
pub fn exists<R>(query: impl AnyQuery) -> Pred<R> {
    Pred::new(Expr::ExistsSelect(Box::new(query.into_query())))
}

/// The query gives no row; see [`exists`].
pub fn not_exists<R>(query: impl AnyQuery) -> Pred<R> {
    !exists(query)
}

impl<R, T> Column<R, T> {
    /// This column of the query around the one it is written in: inside [`exists`], [`scalar`], `.in_query(…)` and
    /// lateral joins. Which query that is, is found when the statement is built: the nearest that reads the table.
    /// Without one it is an error, before anything is sent.
    ///
    /// # Panics
    /// When the column is reached along a relation: join the table, or start from it.
    pub fn outer<Q>(self) -> Expression<Q, T> {
        let ColumnRef { path, column } = self.reference;
        let Some(path) = path.outer() else {
            panic!(
                "{} is behind a relation: only columns of tables that the query reads itself are seen inside",
                column.field
            )
        };
        Expression::new(Expr::Column(ColumnRef { path, column }))
    }
}

/// The one value that a query gives: an aggregate, say, which is always there. It is an error of the database if the query gives
/// several rows (SQLite takes the first). Where it may give none: [`scalar_or_none`].
///
/// ```text
/// User::find().select((User.name, scalar(Post::find().filter(Post.author_id.eq(User.id.outer())).select(count_rows()))))
/// ```
pub fn scalar<R, T: Field>(query: impl Subquery<T>) -> Expression<R, T> {
    Expression::new(Expr::Scalar(Box::new(query.into_select())))
}

/// The value of the row that a query gives, `None` if it gives none: the title of the newest, by `.order(…)` and `.limit(1)`. As with
/// [`scalar`] it is an error of the database if the query gives several rows.
///
/// ```text
/// let newest = Post::find().filter(Post.author_id.eq(User.id.outer())).order(Post.id.desc()).limit(1).select(Post.title);
/// User::find().select((User.name, scalar_or_none(newest))) // (String, Option<String>)
/// ```
pub fn scalar_or_none<R, T: Field>(query: impl Subquery<T>) -> Expression<R, Option<T::Base>> {
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
