//! Functions of a row's place among others: numbers, neighbours, running totals.

use std::marker::PhantomData;

use super::{Aggregate, Column, Expr, Expression, Field, Order};
use crate::expr::{self, Bound, Exclude, FrameUnit, WindowFunction};

/// The rows that a window function sees: those that agree with the present row in some columns, in an order.
///
/// ```
/// # use relata_sql::{meta::{ColumnMeta, Path}, typed::{Column, Window, row_number}};
/// # struct Post; static AUTHOR: ColumnMeta = ColumnMeta::new("author_id", "author_id");
/// # let author_id: Column<Post, i64> = Column::new(Path::ROOT, &AUTHOR);
/// # let id = author_id;
/// let newest = row_number().over(Window::new().partition_by(author_id).order(id.desc()));
/// ```
pub struct Window<R> {
    window: expr::Window,
    marker: PhantomData<fn() -> R>,
}

impl<R> Clone for Window<R> {
    fn clone(&self) -> Self {
        Window { window: self.window.clone(), marker: PhantomData }
    }
}

impl<R> Default for Window<R> {
    fn default() -> Self {
        Window { window: expr::Window::default(), marker: PhantomData }
    }
}

impl<R> Window<R> {
    /// All rows of the result.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only rows that agree in this; several must all agree.
    #[must_use]
    pub fn partition_by<T>(mut self, key: impl Into<Expression<R, T>>) -> Self {
        self.window.partition.push(key.into().into_expr());
        self
    }

    /// Adds a key to the order. With an order, aggregates see the rows up to the present one and its equals.
    #[must_use]
    pub fn order(mut self, order: Order<R>) -> Self {
        self.window.order.push(order.into_key());
        self
    }

    /// Only the rows from one place to another, counted from the present row.
    #[must_use]
    pub fn rows(mut self, from: Bound, to: Bound) -> Self {
        self.window.frame = Some((FrameUnit::Rows, from, to));
        self
    }

    /// Only the rows whose value in the order, a number, lies from one distance to another of the present row's:
    /// `.range(Bound::Before(7), Bound::Here)` are those at most 7 less.
    #[must_use]
    pub fn range(mut self, from: Bound, to: Bound) -> Self {
        self.window.frame = Some((FrameUnit::Range, from, to));
        self
    }

    /// As [`Window::rows`], counted in groups of rows that are equal in the order. **Dialects**: not MariaDB.
    #[must_use]
    pub fn groups(mut self, from: Bound, to: Bound) -> Self {
        self.window.frame = Some((FrameUnit::Groups, from, to));
        self
    }

    /// Leaves rows out of the frame: the present one, its equals, or both. **Dialects**: not MariaDB.
    ///
    /// ```
    /// # use relata_sql::{expr::Exclude, meta::{ColumnMeta, Path}, typed::{Column, Window}};
    /// # struct Post; static AUTHOR: ColumnMeta = ColumnMeta::new("author_id", "author_id");
    /// # let author_id: Column<Post, i64> = Column::new(Path::ROOT, &AUTHOR);
    /// let others = author_id.count().over(Window::new().partition_by(author_id).exclude(Exclude::CurrentRow));
    /// ```
    #[must_use]
    pub fn exclude(mut self, rows: Exclude) -> Self {
        self.window.exclude = Some(rows);
        self
    }
}

/// A window function that waits for its window: `.over(…)`.
#[must_use = "it is nothing until `.over(…)` says of which rows"]
pub struct Ranking<R, T> {
    expr: Expr,
    marker: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Ranking<R, T> {
    fn new(function: WindowFunction, of: Option<Expr>) -> Self {
        Ranking { expr: Expr::Window(function, of.map(Box::new)), marker: PhantomData }
    }

    /// Over these rows.
    pub fn over(self, window: Window<R>) -> Windowed<R, T> {
        Windowed::new(self.expr, window)
    }
}

/// A window function over its window. It can be selected and ordered by; filters come before windows exist.
pub struct Windowed<R, T> {
    expr: Expr,
    marker: PhantomData<fn() -> (R, T)>,
}

impl<R, T> Clone for Windowed<R, T> {
    fn clone(&self) -> Self {
        Windowed { expr: self.expr.clone(), marker: PhantomData }
    }
}

impl<R, T> Windowed<R, T> {
    fn new(function: Expr, window: Window<R>) -> Self {
        Windowed { expr: Expr::Over(Box::new(function), Box::new(window.window)), marker: PhantomData }
    }

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

impl<R, T> Windowed<R, T> {
    /// What comes of it by a function or an operator, with columns of the row: the difference to the row before is
    /// `amount.lag(1).over(window).map(|before| Sale.amount - before)`.
    pub fn map<U>(self, compute: impl FnOnce(Expression<R, T>) -> Expression<R, U>) -> Windowed<R, U> {
        Windowed { expr: compute(Expression::new(self.expr)).into_expr(), marker: PhantomData }
    }

    /// What comes of it and another.
    pub fn combine<U, V>(
        self,
        other: Windowed<R, U>,
        compute: impl FnOnce(Expression<R, T>, Expression<R, U>) -> Expression<R, V>,
    ) -> Windowed<R, V> {
        let expr = compute(Expression::new(self.expr), Expression::new(other.expr)).into_expr();
        Windowed { expr, marker: PhantomData }
    }
}

impl<R, T> Aggregate<R, T> {
    /// Over these rows, for each row of the result.
    pub fn over(self, window: Window<R>) -> Windowed<R, T> {
        Windowed::new(self.into_expr(), window)
    }
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident -> $ty:ty => $function:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name<R>() -> Ranking<R, $ty> {
            Ranking::new($function, None)
        }
    )*};
}

numbers! {
    /// The row's number in its window, from 1.
    row_number -> i64 => WindowFunction::RowNumber;
    /// The row's number; equal rows have the same, and gaps come after them.
    rank -> i64 => WindowFunction::Rank;
    /// The row's number; equal rows have the same, without gaps.
    dense_rank -> i64 => WindowFunction::DenseRank;
    /// The row's rank from 0 to 1.
    percent_rank -> f64 => WindowFunction::PercentRank;
    /// Which share of the window's rows comes no later than this one.
    cume_dist -> f64 => WindowFunction::CumeDist;
}

/// Which of so many parts of equal size the row belongs to, from 1.
pub fn ntile<R>(parts: u32) -> Ranking<R, i64> {
    Ranking::new(WindowFunction::Ntile(parts.max(1)), None)
}

macro_rules! neighbours {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// The value so many rows before; `None` before the first.
            pub fn lag(self, rows: u32) -> Ranking<R, Option<T::Base>> {
                Ranking::new(WindowFunction::Lag(rows), Some(self.into_expr()))
            }

            /// The value so many rows after; `None` after the last.
            pub fn lead(self, rows: u32) -> Ranking<R, Option<T::Base>> {
                Ranking::new(WindowFunction::Lead(rows), Some(self.into_expr()))
            }

            /// The value of the window's first row.
            pub fn first_value(self) -> Ranking<R, T> {
                Ranking::new(WindowFunction::FirstValue, Some(self.into_expr()))
            }

            /// The value of the frame's last row: mind that with an order the frame ends at the present row.
            pub fn last_value(self) -> Ranking<R, T> {
                Ranking::new(WindowFunction::LastValue, Some(self.into_expr()))
            }

            /// The value of the frame's so-many-th row, counted from 1; `None` where it has fewer.
            pub fn nth_value(self, row: u32) -> Ranking<R, Option<T::Base>> {
                Ranking::new(WindowFunction::NthValue(row.max(1)), Some(self.into_expr()))
            }
        }
    };
}
neighbours!(Column);
neighbours!(Expression);
