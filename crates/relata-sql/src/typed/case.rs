//! `CASE`: a value that depends on conditions.

use std::marker::PhantomData;

use super::{Argument, Expr, Expression, Field, Operand, Order, Pred};
use crate::exact;
use crate::expr::Cast;
use crate::template::Template;
use crate::value::Value;

/// A value that depends on conditions: that of the first that holds.
///
/// ```
/// # use relata_sql::{meta::{ColumnMeta, Path}, typed::{Case, Column, Expression}};
/// # struct Post; static LIKES: ColumnMeta = ColumnMeta::new("likes", "likes");
/// # let likes: Column<Post, i64> = Column::new(Path::ROOT, &LIKES);
/// let class: Expression<Post, String> = Case::when(likes.gt(99), "loved").or_when(likes.gt(9), "liked").otherwise("new");
/// ```
#[must_use = "it is nothing until `.otherwise(…)` or `.or_null()` ends it"]
pub struct Case<R, T> {
    cases: Vec<(Expr, Expr)>,
    marker: PhantomData<fn() -> (R, T)>,
}

impl<R, T: Field> Case<R, T> {
    /// This value if the condition holds.
    pub fn when(condition: Pred<R>, value: impl Operand<R, T>) -> Self {
        Case { cases: Vec::new(), marker: PhantomData }.or_when(condition, value)
    }

    /// This value if the condition holds and none before did.
    pub fn or_when(mut self, condition: Pred<R>, value: impl Operand<R, T>) -> Self {
        self.cases.push((condition.into_expr(), typed_as::<T>(value.into_operand())));
        self
    }

    /// This value if no condition holds.
    pub fn otherwise(self, value: impl Operand<R, T>) -> Expression<R, T> {
        Expression::new(Expr::Case(self.cases, Some(Box::new(typed_as::<T>(value.into_operand())))))
    }

    /// NULL if no condition holds.
    pub fn or_null(self) -> Expression<R, Option<T::Base>> {
        Expression::new(Expr::Case(self.cases, None))
    }
}

/// A condition as a value: whether it holds. Where it is neither true nor false, because of a NULL, it does not hold, as in a filter.
///
/// ```
/// # use relata_sql::{meta::{ColumnMeta, Path}, typed::{Column, Expression}};
/// # struct Post; static LIKES: ColumnMeta = ColumnMeta::new("likes", "likes");
/// # let likes: Column<Post, i64> = Column::new(Path::ROOT, &LIKES);
/// let loved: Expression<Post, bool> = likes.gt(99).expr();
/// let first = likes.gt(99).desc(); // those that are loved, then the others
/// ```
impl<R> Pred<R> {
    /// Whether it holds, as an expression.
    pub fn expr(self) -> Expression<R, bool> {
        Case::when(self, true).otherwise(false)
    }

    /// Rows for which it does not hold, then those for which it holds.
    pub fn asc(self) -> Order<R> {
        self.expr().asc()
    }

    /// Rows for which it holds, then those for which it does not.
    pub fn desc(self) -> Order<R> {
        self.expr().desc()
    }
}

impl<R> From<Pred<R>> for Expression<R, bool> {
    fn from(condition: Pred<R>) -> Self {
        condition.expr()
    }
}

impl<R> Argument<R> for Pred<R> {
    type Like<U: Field> = U;

    fn into_argument(self) -> Expr {
        self.expr().into_expr()
    }
}

macro_rules! operands {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<R> Operand<R, $ty> for Pred<R> {
            type Given = bool;

            fn into_operand(self) -> Expr {
                self.expr().into_expr()
            }
        }
    )*};
}
operands!(bool, Option<bool>);

/// A value as an expression of its own: a constant column, the start of a count.
///
/// ```
/// # use relata_sql::typed::{Expression, value};
/// # struct Post;
/// let zero: Expression<Post, i64> = value(0);
/// ```
pub fn value<R, T: Field>(value: T) -> Expression<R, T> {
    Expression::new(typed_as::<T>(Expr::Value(value.encode())))
}

/// The same of a column's type: an enum of PostgreSQL's is no text, and its name is known beside a column alone.
pub(super) fn typed_as<T: Field>(expr: Expr) -> Expr {
    let named = !<T::Base as Field>::VALUES.is_empty();
    match expr {
        Expr::Value(Value::Null) => null(T::OF_NULL),
        _ if named => expr,
        _ => typed(expr),
    }
}

/// A NULL of a type: it is that of what is computed from it.
fn null(of: Cast) -> Expr {
    macro_rules! nulls {
        ($($cast:ident: $postgres:literal, $mysql:literal;)*) => {
            match of {
                $(Cast::$cast => {
                    static NULL: Template = Template::each("NULL", "NULL", $postgres, $mysql);
                    Expr::Template(&NULL, Vec::new())
                })*
                Cast::IntBeside
                | Cast::FloatBeside
                | Cast::DecimalBeside
                | Cast::Array(_)
                | Cast::Unknown => Expr::Value(Value::Null),
            }
        };
    }
    nulls! {
        Bool: "CAST(NULL AS boolean)", "CAST(NULL AS SIGNED)";
        Int: "CAST(NULL AS bigint)", "CAST(NULL AS SIGNED)";
        Float: "CAST(NULL AS double precision)", "CAST(NULL AS DOUBLE)";
        Decimal: "CAST(NULL AS numeric)", "CAST(NULL AS DECIMAL(65, 20))";
        Text: "CAST(NULL AS text)", "NULL";
        Bytes: "CAST(NULL AS bytea)", "CAST(NULL AS BINARY)";
        Uuid: "CAST(NULL AS uuid)", "NULL";
        Date: "CAST(NULL AS date)", "CAST(NULL AS DATE)";
        Time: "CAST(NULL AS time)", "CAST(NULL AS TIME(6))";
        DateTime: "CAST(NULL AS timestamp)", "CAST(NULL AS DATETIME(6))";
        Timestamp: "CAST(NULL AS timestamptz)", "CAST(NULL AS DATETIME(6))";
        Json: "CAST(NULL AS jsonb)", "NULL";
    }
}

/// A number that stands beside others of its type.
pub(super) fn beside(expr: Expr) -> Expr {
    match expr {
        Expr::Value(value @ Value::Int(_)) => Expr::Literal(value, Cast::IntBeside),
        Expr::Value(value @ Value::Float(_)) => Expr::Literal(value, Cast::FloatBeside),
        // Where SQLite keeps texts, a column has digits that a number there has not.
        Expr::Value(value @ Value::Decimal(_)) if exact::long(&value).is_none() => {
            Expr::Literal(value, Cast::DecimalBeside)
        }
        other => other,
    }
}

/// A parameter says its type: nothing around it does.
pub(super) fn typed(expr: Expr) -> Expr {
    match expr {
        Expr::Value(value) => {
            let cast = Cast::of(&value);
            Expr::Literal(value, cast)
        }
        other => other,
    }
}
