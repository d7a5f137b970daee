//! Typed expressions: what a person writes in a filter, an order, a `set` or a `select`.
//!
//! Everything carries its **root** `R`, the entity that the query starts from: `Post.author().email` is a
//! `Column<Post, String>`, so a predicate over another entity does not fit and rustc says so in one line. Each type is a
//! thin cover over the untyped [`Expr`].

use std::any::TypeId;
use std::marker::PhantomData;

use crate::cell::Decode;
use crate::expr::{AggregateFunction, BinaryOp, ColumnRef, Expr, Function, Match, Nulls, OrderKey};
use crate::id::Id;
use crate::meta::{ColumnMeta, Path};
use crate::value::{Encode, Value};

mod accepted;
mod aggregate;
mod array;
mod case;
mod collected;
mod field;
mod fragment;
mod function;
mod json;
mod moment;
pub mod native;
mod number;
mod rows;
mod subquery;
mod window;

pub use accepted::{Change, Condition, GroupCondition, OfRust, PlainText, ProgramText, RowOrder, ValueOf};
pub use aggregate::{Aggregate, Computed, Having, count_rows};
pub use case::{Case, value};
pub use collected::Collected;
pub use field::{Array, Field, Key, LikeBoth, Moment, NewValue, Number, NumberKind, Operand, Structured, Textual};
pub use fragment::{Argument, Arguments, fragment};
pub use function::CastTo;
pub use json::JsonPath;
pub use moment::{Unit, now};
pub use rows::{RowsArgument, RowsArguments, RowsOf, json_elements, json_members, rows_of, series};
pub use subquery::{AnyQuery, Subquery, exists, not_exists, scalar, scalar_or_none};
pub use window::{Ranking, Window, Windowed, cume_dist, dense_rank, ntile, percent_rank, rank, row_number};

/// A column, reached from the root `R`, that holds a `T` (`Option<…>` where it may be NULL).
pub struct Column<R, T> {
    reference: ColumnRef,
    marker: PhantomData<fn() -> (R, T)>,
}

/// An expression over the columns of `R` that gives a `T`.
pub struct Expression<R, T> {
    expr: Expr,
    marker: PhantomData<fn() -> (R, T)>,
}

/// A condition on the rows of `R`.
///
/// ```
/// # use relata_sql::{meta::{ColumnMeta, Path}, typed::{Column, Pred}};
/// # struct Post; static TITLE: ColumnMeta = ColumnMeta::new("title", "title");
/// # let title: Column<Post, String> = Column::new(Path::ROOT, &TITLE);
/// let wanted: Pred<Post> = title.eq("Hello").or(title.starts_with("Re: "));
/// ```
pub struct Pred<R> {
    expr: Expr,
    marker: PhantomData<fn() -> R>,
}

/// A key of an order over the rows of `R`.
pub struct Order<R> {
    key: OrderKey,
    marker: PhantomData<fn() -> R>,
}

/// A new value for a column of `R`.
pub struct Assignment<R> {
    /// Which column.
    pub column: &'static ColumnMeta,
    /// Its new value.
    pub value: Expr,
    marker: PhantomData<fn() -> R>,
}

impl<R, T> Clone for Column<R, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, T> Copy for Column<R, T> {}

macro_rules! cloned {
    ($($name:ident<$($param:ident),*> { $field:ident })*) => {$(
        impl<$($param),*> Clone for $name<$($param),*> {
            fn clone(&self) -> Self {
                $name { $field: self.$field.clone(), marker: PhantomData }
            }
        }

        impl<$($param),*> std::fmt::Debug for $name<$($param),*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.$field.fmt(f)
            }
        }
    )*};
}
cloned! { Expression<R, T> { expr } Pred<R> { expr } Order<R> { key } }

impl<R, T> std::fmt::Debug for Column<R, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reference.fmt(f)
    }
}

impl<R, T> Column<R, T> {
    /// A column; `derive(Entity)` writes these.
    pub const fn new(path: Path, column: &'static ColumnMeta) -> Self {
        Column { reference: ColumnRef { path, column }, marker: PhantomData }
    }

    /// What it refers to.
    pub const fn reference(self) -> ColumnRef {
        self.reference
    }

    /// The same column, read as one that may be NULL: for columns behind a relation that may lead nowhere.
    pub const fn nullable(self) -> Column<R, Option<T>> {
        Column { reference: self.reference, marker: PhantomData }
    }

    /// As an expression.
    pub fn expr(self) -> Expression<R, T> {
        Expression::new(Expr::Column(self.reference))
    }

    fn compare(self, op: BinaryOp, operand: Expr) -> Pred<R> {
        Pred::new(match operand {
            Expr::Value(value) if !self.reference.is_numbered() && !matches!(value, Value::Json(_)) => {
                Expr::Compare(self.reference, op, value)
            }
            other => Expr::Column(self.reference).compared(op, other),
        })
    }

    fn into_expr(self) -> Expr {
        Expr::Column(self.reference)
    }
}

impl<R, T> From<Column<R, T>> for Expression<R, T> {
    fn from(column: Column<R, T>) -> Self {
        column.expr()
    }
}

impl<R, T> Expression<R, T> {
    /// An expression of untyped data. The caller vouches for its type.
    pub const fn new(expr: Expr) -> Self {
        Expression { expr, marker: PhantomData }
    }

    /// The untyped data.
    pub fn into_expr(self) -> Expr {
        self.expr.bounded()
    }

    fn compare(self, op: BinaryOp, operand: Expr) -> Pred<R> {
        Pred::new(self.into_expr().compared(op, operand))
    }
}

impl<R> Pred<R> {
    /// A predicate of untyped data. The caller vouches for its root.
    pub const fn new(expr: Expr) -> Self {
        Pred { expr, marker: PhantomData }
    }

    /// The untyped data.
    pub fn into_expr(self) -> Expr {
        self.expr.bounded()
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Pred<R>) -> Pred<R> {
        let flat = matches!(self.expr, Expr::And(_));
        Pred::new(if flat { self.expr } else { self.expr.bounded() }.and(other.into_expr()))
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Pred<R>) -> Pred<R> {
        let flat = matches!(self.expr, Expr::Or(_));
        Pred::new(if flat { self.expr } else { self.expr.bounded() }.or(other.into_expr()))
    }

    /// All of them; of none: true.
    pub fn all(parts: impl IntoIterator<Item = Pred<R>>) -> Pred<R> {
        Pred::new(Expr::And(parts.into_iter().map(Pred::into_expr).collect()))
    }

    /// Any of them; of none: false.
    pub fn any(parts: impl IntoIterator<Item = Pred<R>>) -> Pred<R> {
        Pred::new(Expr::Or(parts.into_iter().map(Pred::into_expr).collect()))
    }

    /// A condition in SQL of your own, with `?` for each parameter. The text is part of the program, never input.
    pub fn sql(sql: &'static str, params: impl IntoIterator<Item = Value>) -> Pred<R> {
        Pred::new(Expr::Raw(sql, params.into_iter().collect()))
    }
}

impl<R> Pred<R> {
    /// The opposite, as `!` gives it.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it does; so that nobody has to import the trait")]
    pub fn not(self) -> Pred<R> {
        !self
    }
}

impl<R> std::ops::Not for Pred<R> {
    type Output = Pred<R>;

    fn not(self) -> Pred<R> {
        Pred::new(Expr::Not(Box::new(self.into_expr())))
    }
}

impl<R> std::ops::BitAnd for Pred<R> {
    type Output = Pred<R>;

    fn bitand(self, other: Pred<R>) -> Pred<R> {
        self.and(other)
    }
}

impl<R> std::ops::BitOr for Pred<R> {
    type Output = Pred<R>;

    fn bitor(self, other: Pred<R>) -> Pred<R> {
        self.or(other)
    }
}

impl<R> Order<R> {
    /// An order of untyped data.
    pub const fn new(key: OrderKey) -> Self {
        Order { key, marker: PhantomData }
    }

    fn by(expr: Expr, descending: bool) -> Self {
        Order::new(OrderKey { expr, descending, nulls: Nulls::Native })
    }

    /// The untyped data.
    pub fn into_key(self) -> OrderKey {
        self.key
    }

    /// NULLs before all else.
    #[must_use]
    pub fn nulls_first(mut self) -> Self {
        self.key.nulls = Nulls::First;
        self
    }

    /// NULLs after all else.
    #[must_use]
    pub fn nulls_last(mut self) -> Self {
        self.key.nulls = Nulls::Last;
        self
    }
}

impl<R> Assignment<R> {
    /// An assignment of untyped data.
    pub const fn new(column: &'static ColumnMeta, value: Expr) -> Self {
        Assignment { column, value, marker: PhantomData }
    }
}

/// The comparisons, with the receiver that the type wants: a column is copied, so that those by reference come before what
/// `PartialEq` and `PartialOrd` have of the same name.
macro_rules! comparisons {
    ($name:ident, $this:ident, $($receiver:tt)+) => {
        impl<R, T: Field> $name<R, T> {
            /// Equal.
            pub fn eq($($receiver)+, other: impl Operand<R, T::Base>) -> Pred<R> {
                $this.compare(BinaryOp::Eq, other.into_operand())
            }

            /// Not equal.
            pub fn ne($($receiver)+, other: impl Operand<R, T::Base>) -> Pred<R> {
                $this.compare(BinaryOp::Ne, other.into_operand())
            }

            /// Less.
            pub fn lt($($receiver)+, other: impl Operand<R, T::Base>) -> Pred<R> {
                $this.compare(BinaryOp::Lt, other.into_operand())
            }

            /// Less or equal.
            pub fn le($($receiver)+, other: impl Operand<R, T::Base>) -> Pred<R> {
                $this.compare(BinaryOp::Le, other.into_operand())
            }

            /// Greater.
            pub fn gt($($receiver)+, other: impl Operand<R, T::Base>) -> Pred<R> {
                $this.compare(BinaryOp::Gt, other.into_operand())
            }

            /// Greater or equal.
            pub fn ge($($receiver)+, other: impl Operand<R, T::Base>) -> Pred<R> {
                $this.compare(BinaryOp::Ge, other.into_operand())
            }

        }

        // Whoever writes `==` reads what to write instead.
        impl<R, T, V: OfRust> PartialEq<V> for $name<R, T> {
            fn eq(&self, _: &V) -> bool {
                V::never()
            }
        }

        impl<R> std::ops::Not for $name<R, bool> {
            type Output = Pred<R>;

            fn not(self) -> Pred<R> {
                !self.holds()
            }
        }

        impl<R, T, V: OfRust> PartialOrd<V> for $name<R, T> {
            fn partial_cmp(&self, _: &V) -> Option<std::cmp::Ordering> {
                V::never()
            }
        }
    };
}
comparisons!(Column, self, &self);
comparisons!(Expression, self, self);

macro_rules! operators {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// One of these; of none: false.
            #[doc(alias = "eq_any")]
            pub fn is_in<V: ValueOf<T::Base, H>, H>(self, values: impl IntoIterator<Item = V>) -> Pred<R> {
                let values = values.into_iter().map(|value| value.into_value_of().encode()).collect();
                Pred::new(self.into_expr().among(values, false))
            }

            /// None of these; of none: true.
            #[doc(alias = "ne_all")]
            #[doc(alias = "is_not_in")]
            pub fn not_in<V: ValueOf<T::Base, H>, H>(self, values: impl IntoIterator<Item = V>) -> Pred<R> {
                let values = values.into_iter().map(|value| value.into_value_of().encode()).collect();
                Pred::new(self.into_expr().among(values, true))
            }

            /// Between two values, both ends inclusive.
            pub fn between<L, H>(self, low: impl ValueOf<T::Base, L>, high: impl ValueOf<T::Base, H>) -> Pred<R> {
                let (low, high) = (low.into_value_of().encode(), high.into_value_of().encode());
                Pred::new(self.into_expr().between(low, high))
            }

            /// Least first.
            pub fn asc(self) -> Order<R> {
                Order::by(self.into_expr(), false)
            }

            /// Greatest first.
            pub fn desc(self) -> Order<R> {
                Order::by(self.into_expr(), true)
            }

            /// How many are not NULL.
            pub fn count(self) -> Aggregate<R, i64> {
                Aggregate::new(AggregateFunction::Count, Some(self.into_expr()), false)
            }

            /// How many different ones there are.
            pub fn count_distinct(self) -> Aggregate<R, i64> {
                Aggregate::new(AggregateFunction::Count, Some(self.into_expr()), true)
            }

            /// The least; `None` of no rows.
            pub fn min(self) -> Aggregate<R, Option<T::Base>> {
                Aggregate::new(AggregateFunction::Min, Some(self.into_expr()), false)
            }

            /// The greatest; `None` of no rows.
            pub fn max(self) -> Aggregate<R, Option<T::Base>> {
                Aggregate::new(AggregateFunction::Max, Some(self.into_expr()), false)
            }
        }

        impl<R, T: Field> $name<R, T> {
            /// The same as a value that may be NULL, where it is so though the type of the field says otherwise: SQLite lets NULL into
            /// a key of texts. The counterpart of `.assume_some()`.
            #[doc(alias = "nullable")]
            pub fn optional(self) -> Expression<R, Option<T::Base>> {
                Expression::new(self.into_expr())
            }
        }

        impl<R, T: Field> $name<R, Option<T>> {
            /// Not NULL.
            #[doc(alias = "is_not_null")]
            pub fn is_some(self) -> Pred<R> {
                Pred::new(Expr::IsNull(Box::new(self.into_expr()), false))
            }

            /// NULL.
            #[doc(alias = "is_null")]
            pub fn is_none(self) -> Pred<R> {
                Pred::new(Expr::IsNull(Box::new(self.into_expr()), true))
            }

            /// The same as a value that is never NULL, which the caller vouches for: the least of a group that has rows, for a
            /// `.not_in_query(…)`. Where it is NULL after all, reading it is an error of kind `Decode`.
            #[doc(alias = "assume_not_null")]
            pub fn assume_some(self) -> Expression<R, T> {
                Expression::new(self.into_expr())
            }

            /// The value, or another where it is NULL; an `Option` if the other may be NULL, too.
            pub fn or_else<V: Operand<R, T>>(self, other: V) -> Expression<R, V::Given> {
                Expression::new(Expr::Call(Function::Coalesce, vec![self.into_expr(), case::beside(other.into_operand())]))
            }
        }

        impl<R, T: Field> $name<R, T> {
            /// Begins with this text (`%` and `_` have no meaning in it).
            pub fn starts_with(self, text: impl PlainText) -> Pred<R>
            where
                T::Base: Textual,
            {
                Pred::new(Expr::Like(Box::new(self.into_expr()), Match::Prefix, text.into_text(), false))
            }

            /// Ends with this text (`%` and `_` have no meaning in it).
            pub fn ends_with(self, text: impl PlainText) -> Pred<R>
            where
                T::Base: Textual,
            {
                Pred::new(Expr::Like(Box::new(self.into_expr()), Match::Suffix, text.into_text(), false))
            }

            /// Contains this text (`%` and `_` have no meaning in it).
            pub fn contains(self, text: impl PlainText) -> Pred<R>
            where
                T::Base: Textual,
            {
                Pred::new(Expr::Like(Box::new(self.into_expr()), Match::Contains, text.into_text(), false))
            }

            /// Matches a `LIKE` pattern; a backslash makes the next character plain. **Dialects**: whether case counts is the database's business: it does on
            /// PostgreSQL; on SQLite not for ASCII; on MariaDB the collation decides.
            pub fn like(self, pattern: impl PlainText) -> Pred<R>
            where
                T::Base: Textual,
            {
                Pred::new(Expr::Like(Box::new(self.into_expr()), Match::Pattern, pattern.into_text(), false))
            }

            /// Matches a `LIKE` pattern, ignoring case. **Dialects**: SQLite knows that of ASCII letters only.
            pub fn ilike(self, pattern: impl PlainText) -> Pred<R>
            where
                T::Base: Textual,
            {
                Pred::new(Expr::Like(Box::new(self.into_expr()), Match::Pattern, pattern.into_text(), true))
            }

            /// In lower case. **Dialects**: SQLite knows the ASCII letters only.
            pub fn lower(self) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                Expression::new(Expr::Call(Function::Lower, vec![self.into_expr()]))
            }

            /// In upper case. **Dialects**: as `lower`.
            pub fn upper(self) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                Expression::new(Expr::Call(Function::Upper, vec![self.into_expr()]))
            }

            /// Without blanks at both ends.
            pub fn trim(self) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                Expression::new(Expr::Call(Function::Trim, vec![self.into_expr()]))
            }

            /// This text and another after it; NULL if one of them is.
            pub fn concat<V: Operand<R, T>>(self, other: V) -> Expression<R, T::Like<V::Given>>
            where
                T::Base: Textual,
            {
                Expression::new(Expr::Call(Function::Concat, vec![self.into_expr(), case::beside(other.into_operand())]))
            }

            /// With every occurrence of a text replaced by another.
            pub fn replace(self, text: impl Into<String>, by: impl Into<String>) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                let [text, by] = [text.into(), by.into()].map(|text| Expr::Value(Value::Text(text)));
                Expression::new(Expr::Call(Function::Replace, vec![self.into_expr(), text, by]))
            }

            /// So many characters from a place on; the first is at 1.
            pub fn substring(self, from: u32, length: u32) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                let [from, length] = [from, length].map(|number| Expr::Number(number.into()));
                Expression::new(Expr::Call(Function::Substring, vec![self.into_expr(), from, length]))
            }

            /// Length in characters.
            pub fn length(self) -> Expression<R, i64>
            where
                T::Base: Textual,
            {
                Expression::new(Expr::Call(Function::Length, vec![self.into_expr()]))
            }
        }

        impl<R, T: Field> $name<R, T> {
            /// The sum; `None` of no rows.
            // The type of the sum is a parameter, so that rustc names the bound that is not met and not the method.
            pub fn sum<S: Field>(self) -> Aggregate<R, Option<S>>
            where
                T::Base: Number<Sum = S>,
            {
                let whole = TypeId::of::<S>() == TypeId::of::<i64>();
                let function = if whole { AggregateFunction::WholeSum } else { AggregateFunction::Sum };
                Aggregate::new(function, Some(self.into_expr()), false)
            }

            /// The mean; `None` of no rows.
            pub fn avg(self) -> Aggregate<R, Option<f64>>
            where
                T::Base: Number,
            {
                Aggregate::new(AggregateFunction::Avg, Some(self.into_expr()), false)
            }

            /// Without its sign.
            pub fn abs(self) -> Expression<R, T>
            where
                T::Base: Number,
            {
                Expression::new(Expr::Call(Function::Abs, vec![self.into_expr()]))
            }
        }
        operators!(@arithmetic $name, Add, add, |_, left, right| binary(left, BinaryOp::Add, right));
        operators!(@arithmetic $name, Sub, sub, |_, left, right| binary(left, BinaryOp::Sub, right));
        operators!(@arithmetic $name, Mul, mul, |_, left, right| binary(left, BinaryOp::Mul, right));
        operators!(@arithmetic $name, Div, div, number::quotient);
        operators!(@arithmetic $name, Rem, rem, number::remainder);

        impl<R, T: Field> std::ops::Neg for $name<R, T>
        where
            T::Base: Number,
        {
            type Output = Expression<R, T>;

            fn neg(self) -> Self::Output {
                number::negative(self.into_expr())
            }
        }
    };
    (@arithmetic $name:ident, $trait:ident, $method:ident, $compute:expr) => {
        impl<R, T: Field, V: Operand<R, T::Base>> std::ops::$trait<V> for $name<R, T>
        where
            T::Base: Number,
        {
            type Output = Expression<R, T::Like<V::Given>>;

            fn $method(self, other: V) -> Self::Output {
                let compute: fn(NumberKind, Expr, Expr) -> Expr = $compute;
                Expression::new(compute(<T::Base as Number>::KIND, self.into_expr(), other.into_operand()))
            }
        }
    };
}
operators!(Column);
operators!(Expression);

fn binary(left: Expr, op: BinaryOp, right: Expr) -> Expr {
    Expr::Binary(Box::new(left), op, Box::new(right))
}

impl<R, T: Field> Column<R, T> {
    /// In an upsert: the value that was to be inserted.
    pub fn proposed(self) -> Expression<R, T> {
        Expression::new(Expr::Proposed(self.reference.column))
    }

    /// The new value in an update.
    pub fn to(
        self,
        value: impl Operand<R, T>, // NULL: `.to_none()`
    ) -> Assignment<R> {
        Assignment::new(self.reference.column, value.into_operand())
    }
}

impl<R, T: Field> Column<R, Option<T>> {
    /// NULL as the new value in an update.
    pub fn to_none(self) -> Assignment<R> {
        Assignment::new(self.reference.column, Expr::Value(Value::Null))
    }
}

#[expect(clippy::should_implement_trait, reason = "the operators give expressions, these give assignments")]
impl<R, T: Field> Column<R, T> {
    /// In an update: what it was and this.
    pub fn add(self, value: impl Operand<R, T::Base>) -> Assignment<R>
    where
        T::Base: Number,
    {
        self.change(BinaryOp::Add, value.into_operand())
    }

    /// In an update: what it was less this.
    pub fn sub(self, value: impl Operand<R, T::Base>) -> Assignment<R>
    where
        T::Base: Number,
    {
        self.change(BinaryOp::Sub, value.into_operand())
    }

    /// In an update: what it was times this.
    pub fn mul(self, value: impl Operand<R, T::Base>) -> Assignment<R>
    where
        T::Base: Number,
    {
        self.change(BinaryOp::Mul, value.into_operand())
    }

    fn change(self, op: BinaryOp, value: Expr) -> Assignment<R> {
        let value = Expr::Binary(Box::new(self.into_expr()), op, Box::new(value));
        Assignment::new(self.reference.column, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Post;
    static TITLE: ColumnMeta = ColumnMeta::new("title", "title");
    static SIZE: ColumnMeta = ColumnMeta::new("size", "size").nullable();

    #[test]
    fn a_comparison_with_a_value_needs_no_box() {
        let title: Column<Post, String> = Column::new(Path::ROOT, &TITLE);
        assert!(matches!(title.eq("x").into_expr(), Expr::Compare(_, BinaryOp::Eq, Value::Text(_))));
        assert!(matches!(title.eq(title).into_expr(), Expr::Binary(..)));
    }

    #[test]
    fn optional_columns_compare_with_plain_values() {
        let size: Column<Post, Option<i32>> = Column::new(Path::ROOT, &SIZE);
        assert!(matches!(size.gt(5).into_expr(), Expr::Compare(_, BinaryOp::Gt, Value::Int(5))));
        assert!(matches!(size.to(5).value, Expr::Value(Value::Int(5))));
        assert!(matches!(size.to(None).value, Expr::Value(Value::Null)));
        assert!(matches!((size + 1).into_expr(), Expr::Binary(..)));
    }
}
