//! Expressions as untyped data: what the typed ones in [`crate::typed`] build and the renderers read.
//!
//! Invariant: a renderer pushes parameters in the order in which it writes their placeholders.

use std::sync::Arc;

use crate::meta::{ColumnMeta, Path, RelationMeta};
use crate::tree::Select;
use crate::value::Value;

/// A column somewhere in a query.
#[derive(Debug, Clone, Copy)]
pub struct ColumnRef {
    /// Of which table: the way from the root.
    pub path: Path,
    /// Which column.
    pub column: &'static ColumnMeta,
}

/// Comparisons and arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
}

impl BinaryOp {
    /// Its SQL.
    pub const fn sql(self) -> &'static str {
        match self {
            BinaryOp::Eq => "=",
            BinaryOp::Ne => "<>",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
        }
    }
}

/// Scalar functions that mean the same on every database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Length in characters.
    Length,
    /// Absolute value.
    Abs,
    /// The first argument that is not NULL.
    Coalesce,
    /// Text without blanks at both ends.
    Trim,
}

/// Functions over many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    /// How many.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// Where a text must occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// At the beginning.
    Prefix,
    /// At the end.
    Suffix,
    /// Anywhere.
    Contains,
    /// A `LIKE` pattern of the caller's.
    Pattern,
}

/// A subquery over a relation: `EXISTS` or `COUNT(*)` of the rows it leads to.
#[derive(Debug, Clone)]
pub struct Related {
    /// From where.
    pub path: Path,
    /// Along which relation.
    pub relation: &'static RelationMeta,
    /// Only such rows; paths in it start where the relation leads.
    pub filter: Option<Expr>,
}

/// An expression.
#[derive(Debug, Clone)]
pub enum Expr {
    /// A column.
    Column(ColumnRef),
    /// A column of the root by its name, for tables known only at run time.
    Named(Arc<str>),
    /// A parameter.
    Value(Value),
    /// A column beside a value: the common case, without boxes.
    Compare(ColumnRef, BinaryOp, Value),
    /// Two expressions with an operator between.
    Binary(Box<Expr>, BinaryOp, Box<Expr>),
    /// All of them; none is true.
    And(Vec<Expr>),
    /// Any of them; none is false.
    Or(Vec<Expr>),
    /// Not.
    Not(Box<Expr>),
    /// `IS NULL` (true) or `IS NOT NULL` (false).
    IsNull(Box<Expr>, bool),
    /// `IN` a list; the flag negates.
    In(Box<Expr>, Vec<Value>, bool),
    /// `IN` what a query gives.
    InSelect(Box<Expr>, Box<Select>),
    /// Between two values, both ends inclusive.
    Between(Box<Expr>, Value, Value),
    /// `LIKE`; the flag ignores case.
    Like(Box<Expr>, Match, String, bool),
    /// A scalar function.
    Call(Function, Vec<Expr>),
    /// An aggregate; without an expression it counts rows. The flag is `DISTINCT`.
    Aggregate(AggregateFunction, Option<Box<Expr>>, bool),
    /// There is such a related row.
    Exists(Box<Related>),
    /// How many related rows there are.
    CountRelated(Box<Related>),
    /// SQL of the caller's, pieces around parameters: `sql[0] param[0] sql[1] …`.
    Raw(&'static str, Vec<Value>),
}

impl Expr {
    /// Both.
    #[must_use]
    pub fn and(self, other: Expr) -> Expr {
        match (self, other) {
            (Expr::And(mut left), Expr::And(right)) => {
                left.extend(right);
                Expr::And(left)
            }
            (Expr::And(mut left), right) => {
                left.push(right);
                Expr::And(left)
            }
            (left, right) => Expr::And(vec![left, right]),
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Expr) -> Expr {
        match self {
            Expr::Or(mut left) => {
                left.push(other);
                Expr::Or(left)
            }
            left => Expr::Or(vec![left, other]),
        }
    }

    /// Adds `other` to an optional condition.
    pub fn and_into(slot: &mut Option<Expr>, other: Expr) {
        *slot = Some(match slot.take() {
            Some(expr) => expr.and(other),
            None => other,
        });
    }

    /// Calls `visit` with every path that must be joined for this expression.
    pub fn paths(&self, visit: &mut dyn FnMut(Path)) {
        match self {
            Expr::Column(column) | Expr::Compare(column, ..) => visit(column.path),
            Expr::Named(_) | Expr::Value(_) | Expr::Raw(..) => {}
            Expr::Binary(left, _, right) => {
                left.paths(visit);
                right.paths(visit);
            }
            Expr::And(parts) | Expr::Or(parts) | Expr::Call(_, parts) => {
                parts.iter().for_each(|part| part.paths(visit));
            }
            Expr::Not(inner)
            | Expr::IsNull(inner, _)
            | Expr::In(inner, ..)
            | Expr::InSelect(inner, _)
            | Expr::Between(inner, ..)
            | Expr::Like(inner, ..) => inner.paths(visit),
            Expr::Aggregate(_, inner, _) => inner.iter().for_each(|inner| inner.paths(visit)),
            Expr::Exists(related) | Expr::CountRelated(related) => visit(related.path),
        }
    }

    /// It has a subquery that refers to the tables around it.
    pub fn has_subquery(&self) -> bool {
        match self {
            Expr::Exists(_) | Expr::CountRelated(_) => true,
            Expr::Column(_) | Expr::Compare(..) | Expr::Named(_) | Expr::Value(_) | Expr::Raw(..) => false,
            Expr::Binary(left, _, right) => left.has_subquery() || right.has_subquery(),
            Expr::And(parts) | Expr::Or(parts) | Expr::Call(_, parts) => parts.iter().any(Expr::has_subquery),
            Expr::Not(inner)
            | Expr::IsNull(inner, _)
            | Expr::In(inner, ..)
            | Expr::InSelect(inner, _)
            | Expr::Between(inner, ..)
            | Expr::Like(inner, ..) => inner.has_subquery(),
            Expr::Aggregate(_, inner, _) => inner.as_ref().is_some_and(|inner| inner.has_subquery()),
        }
    }
}

/// Where NULLs go in an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nulls {
    /// Where the database puts them: first on SQLite and MariaDB, last on PostgreSQL (ascending).
    #[default]
    Native,
    /// Before all else.
    First,
    /// After all else.
    Last,
}

/// One key of an order.
#[derive(Debug, Clone)]
pub struct OrderKey {
    /// By what.
    pub expr: Expr,
    /// Greatest first.
    pub descending: bool,
    /// Where NULLs go.
    pub nulls: Nulls,
}
