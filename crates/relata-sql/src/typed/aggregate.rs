//! Functions over groups of rows, and conditions on groups.

use std::marker::PhantomData;

use super::{BinaryOp, Expr, Expression, Field, Operand, Order, Pred};
use crate::expr::AggregateFunction;

/// A function over the rows of a group.
pub struct Aggregate<R, T> {
    expr: Expr,
    marker: PhantomData<fn() -> (R, T)>,
}

/// A condition on a group. It fits `having`, not `filter`: rows are filtered before groups exist.
#[derive(Debug, Clone)]
pub struct Having<R> {
    expr: Expr,
    marker: PhantomData<fn() -> R>,
}

impl<R, T> Clone for Aggregate<R, T> {
    fn clone(&self) -> Self {
        Aggregate { expr: self.expr.clone(), marker: PhantomData }
    }
}

impl<R, T> Aggregate<R, T> {
    /// An aggregate of untyped data.
    pub fn new(function: AggregateFunction, expr: Option<Expr>, distinct: bool) -> Self {
        Aggregate { expr: Expr::Aggregate(function, expr.map(Box::new), distinct), marker: PhantomData }
    }

    pub(super) fn of(expr: Expr) -> Self {
        Aggregate { expr, marker: PhantomData }
    }

    /// The untyped data.
    pub fn into_expr(self) -> Expr {
        self.expr
    }

    /// Of the rows that keep this only; several filters must all hold.
    #[must_use]
    pub fn filter(self, filter: Pred<R>) -> Self {
        let expr = match self.expr {
            Expr::Filtered(aggregate, before) => Expr::Filtered(aggregate, Box::new(before.and(filter.into_expr()))),
            aggregate => Expr::Filtered(Box::new(aggregate), Box::new(filter.into_expr())),
        };
        Aggregate { expr, marker: PhantomData }
    }

    /// Least first.
    pub fn asc(self) -> Order<R> {
        Order::by(self.expr, false)
    }

    /// Greatest first.
    pub fn desc(self) -> Order<R> {
        Order::by(self.expr, true)
    }
}

impl<R, T> Aggregate<R, Option<T>> {
    /// The same as a value that is never NULL, which the caller vouches for: of a group there is always a row. Where it is
    /// NULL after all, reading it is an error of kind `Decode`.
    #[doc(alias = "assume_not_null")]
    pub fn assume_some(self) -> Aggregate<R, T> {
        Aggregate { expr: self.expr, marker: PhantomData }
    }
}

/// How many rows the group has.
pub fn count_rows<R>() -> Aggregate<R, i64> {
    Aggregate::new(AggregateFunction::Count, None, false)
}

/// What is computed from aggregates: it is selected, ordered by and compared as they are.
pub struct Computed<R, T> {
    expr: Expr,
    marker: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Clone for Computed<R, T> {
    fn clone(&self) -> Self {
        Computed { expr: self.expr.clone(), marker: PhantomData }
    }
}

macro_rules! computing {
    ($name:ident) => {
        impl<R, T> $name<R, T> {
            /// What comes of it by a function or an operator: `.sum().map(|sum| sum.or_else(0))`.
            pub fn map<U>(self, compute: impl FnOnce(Expression<R, T>) -> Expression<R, U>) -> Computed<R, U> {
                let expr = compute(Expression::new(self.expr)).into_expr();
                Computed { expr, marker: PhantomData }
            }

            /// What comes of it and another aggregate: `.sum().combine(count_rows(), |sum, rows| …)`.
            pub fn combine<U, V>(
                self,
                other: impl Into<Computed<R, U>>,
                compute: impl FnOnce(Expression<R, T>, Expression<R, U>) -> Expression<R, V>,
            ) -> Computed<R, V> {
                let expr = compute(Expression::new(self.expr), Expression::new(other.into().expr)).into_expr();
                Computed { expr, marker: PhantomData }
            }
        }
    };
}
computing!(Aggregate);
computing!(Computed);

impl<R, T> From<Aggregate<R, T>> for Computed<R, T> {
    fn from(aggregate: Aggregate<R, T>) -> Self {
        Computed { expr: aggregate.expr, marker: PhantomData }
    }
}

impl<R, T> Computed<R, T> {
    /// The untyped data.
    pub fn into_expr(self) -> Expr {
        self.expr
    }

    /// Least first.
    pub fn asc(self) -> Order<R> {
        Order::by(self.expr, false)
    }

    /// Greatest first.
    pub fn desc(self) -> Order<R> {
        Order::by(self.expr, true)
    }
}

impl<R, T> Expression<R, T> {
    /// As an aggregate, which the caller vouches for: of a [`fragment`](super::fragment) such as `CORR({}, {})`.
    pub fn as_aggregate(self) -> Aggregate<R, T> {
        Aggregate::of(self.into_expr())
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {
        comparisons!(@of Aggregate $($(#[$doc])* $name => $op;)*);
        comparisons!(@of Computed $($(#[$doc])* $name => $op;)*);
    };
    (@of $of:ident $($(#[$doc:meta])* $name:ident => $op:expr;)*) => {
        impl<R, T: Field> $of<R, T> {
            $($(#[$doc])*
            pub fn $name(self, other: impl Operand<R, T::Base>) -> Having<R> {
                let expr = self.expr.compared($op, other.into_operand());
                Having { expr, marker: PhantomData }
            })*
        }
    };
}

comparisons! {
    /// Equal.
    eq => BinaryOp::Eq;
    /// Not equal.
    ne => BinaryOp::Ne;
    /// Less.
    lt => BinaryOp::Lt;
    /// Less or equal.
    le => BinaryOp::Le;
    /// Greater.
    gt => BinaryOp::Gt;
    /// Greater or equal.
    ge => BinaryOp::Ge;
}

impl<R> Having<R> {
    /// The untyped data.
    pub fn into_expr(self) -> Expr {
        self.expr
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Having<R>) -> Having<R> {
        Having { expr: self.expr.bounded().and(other.expr.bounded()), marker: PhantomData }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Having<R>) -> Having<R> {
        Having { expr: self.expr.bounded().or(other.expr.bounded()), marker: PhantomData }
    }
}
