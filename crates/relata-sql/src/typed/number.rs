//! Functions of numbers beyond rounding, and their bits.

use super::case::{typed, typed_as};
use super::function::{call, without_fraction};
use super::{CastTo, Column, Expr, Expression, Field, LikeBoth, Number, NumberKind, Operand, Pred};
use crate::expr::BinaryOp;
use crate::template::Template;

macro_rules! maths {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        maths!(@impl Column $($(#[$doc])* $name = $sql;)*);
        maths!(@impl Expression $($(#[$doc])* $name = $sql;)*);
    };
    (@impl $of:ident $($(#[$doc:meta])* $name:ident = $sql:literal;)*) => {
        impl<R, T: Field> $of<R, T> {
            $($(#[$doc])*
            /// **Dialects**: not SQLite. Outside of what it is defined for: an error on PostgreSQL, NULL on MariaDB.
            pub fn $name(self) -> Expression<R, T::Like<f64>>
            where
                T::Base: Number,
            {
                static TEMPLATE: Template =
                    Template::everywhere(concat!("function `", stringify!($name), "`"), $sql).not_on_sqlite("compute it in the program");
                call(&TEMPLATE, vec![Expr::Template(<f64 as CastTo>::CAST, vec![self.into_expr()])])
            })*
        }
    };
}

maths! {
    /// *e* to the power of it.
    exp = "EXP({0})";
    /// Its natural logarithm.
    ln = "LN({0})";
    /// Its logarithm to the base of 10.
    log10 = "LOG10({0})";
    /// Its sine, in radians.
    sin = "SIN({0})";
    /// Its cosine, in radians.
    cos = "COS({0})";
    /// Its tangent, in radians.
    tan = "TAN({0})";
    /// Its arcsine, in radians.
    asin = "ASIN({0})";
    /// Its arccosine, in radians.
    acos = "ACOS({0})";
    /// Its arctangent, in radians.
    atan = "ATAN({0})";
    /// Degrees as radians.
    radians = "RADIANS({0})";
    /// Radians as degrees.
    degrees = "DEGREES({0})";
}

static TRUNCATED: Template = Template::each(
    "number without fraction",
    "(ROUND({0}) - SIGN({0}) * (ABS(ROUND({0})) > ABS({0})))",
    "TRUNC({0})",
    "TRUNCATE({0}, 0)",
);
/// SQLite keeps a decimal without a fraction as a whole number, whose quotients are whole.
static DIVIDED: Template = Template::each("quotient", "(CAST({0} AS REAL) / {1})", "({0} / {1})", "({0} / {1})");
/// SQLite's remainder is of whole numbers, PostgreSQL's not of floating-point numbers.
static REMAINDER_OF_FLOATS: Template = Template::each(
    "remainder",
    "({0} - {1} * CAST({0} / {1} AS INTEGER))",
    "({0} - {1} * TRUNC({0} / {1}))",
    "({0} % {1})",
);
static REMAINDER: Template = Template::everywhere("remainder of decimals", "({0} % {1})")
    .not_on_sqlite("`.cast::<f64>()` both, or compute it in the program");

static NEGATIVE: Template = Template::everywhere("negative", "(-({0}))");

/// The number with the other sign.
pub(super) fn negative<R, T>(expr: Expr) -> Expression<R, T> {
    call(&NEGATIVE, vec![expr])
}

/// The quotient of two numbers of this kind.
pub(super) fn quotient(kind: NumberKind, left: Expr, right: Expr) -> Expr {
    match kind {
        NumberKind::Whole => Expr::Binary(Box::new(left), BinaryOp::Quotient, Box::new(right)),
        NumberKind::Exact => Expr::Template(&DIVIDED, vec![left, right]),
        NumberKind::Float => Expr::Binary(Box::new(left), BinaryOp::Div, Box::new(right)),
    }
}

/// What is left of a division of two numbers of this kind.
pub(super) fn remainder(kind: NumberKind, left: Expr, right: Expr) -> Expr {
    match kind {
        NumberKind::Whole => Expr::Binary(Box::new(left), BinaryOp::Rem, Box::new(right)),
        NumberKind::Exact => Expr::Template(&REMAINDER, vec![left, right]),
        NumberKind::Float => Expr::Template(&REMAINDER_OF_FLOATS, vec![left, right]),
    }
}

static BIT_AND: Template = Template::each("bits", "({0} & {1})", "({0} & {1})", "CAST(({0} & {1}) AS SIGNED)");
static BIT_OR: Template = Template::each("bits", "({0} | {1})", "({0} | {1})", "CAST(({0} | {1}) AS SIGNED)");
static BIT_XOR: Template =
    Template::each("bits", "(({0} | {1}) - ({0} & {1}))", "({0} # {1})", "CAST(({0} ^ {1}) AS SIGNED)");
static SHIFT_LEFT: Template =
    Template::each("bits", "({0} << {1})", "({0} << CAST({1} AS int))", "CAST(({0} << {1}) AS SIGNED)");
// MariaDB shifts a negative number as if it had no sign; its complement has none.
static SHIFT_RIGHT: Template = Template::each(
    "bits",
    "({0} >> {1})",
    "({0} >> CAST({1} AS int))",
    "CAST(IF({0} < 0, ~(~{0} >> {1}), {0} >> {1}) AS SIGNED)",
);
static DISTINCT: Template =
    Template::each("comparison with NULL", "({0} IS NOT {1})", "({0} IS DISTINCT FROM {1})", "(NOT ({0} <=> {1}))");
static NOT_DISTINCT: Template =
    Template::each("comparison with NULL", "({0} IS {1})", "({0} IS NOT DISTINCT FROM {1})", "({0} <=> {1})");

macro_rules! numbers {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// Without its fraction.
            pub fn trunc(self) -> Expression<R, T>
            where
                T::Base: Number,
            {
                without_fraction::<R, T>(&TRUNCATED, self.into_expr())
            }

            /// The bits that both whole numbers have.
            pub fn bit_and<V: Operand<R, T::Base>>(self, other: V) -> Expression<R, LikeBoth<V::Given, T>>
            where
                T::Base: Number,
            {
                call(&BIT_AND, vec![self.into_expr(), typed(other.into_operand())])
            }

            /// The bits that either whole number has.
            pub fn bit_or<V: Operand<R, T::Base>>(self, other: V) -> Expression<R, LikeBoth<V::Given, T>>
            where
                T::Base: Number,
            {
                call(&BIT_OR, vec![self.into_expr(), typed(other.into_operand())])
            }

            /// The bits that one of the whole numbers has and the other has not.
            pub fn bit_xor<V: Operand<R, T::Base>>(self, other: V) -> Expression<R, LikeBoth<V::Given, T>>
            where
                T::Base: Number,
            {
                call(&BIT_XOR, vec![self.into_expr(), typed(other.into_operand())])
            }

            /// Its bits so many places to the left.
            pub fn shift_left(self, places: u32) -> Expression<R, T>
            where
                T::Base: Number,
            {
                call(&SHIFT_LEFT, vec![self.into_expr(), Expr::Number(places.into())])
            }

            /// Its bits so many places to the right, of a number that is not negative.
            pub fn shift_right(self, places: u32) -> Expression<R, T>
            where
                T::Base: Number,
            {
                call(&SHIFT_RIGHT, vec![self.into_expr(), Expr::Number(places.into())])
            }

            /// Not the same, where NULL is a value like others: it differs from every other, and is the same as NULL. Takes an
            /// `Option` as it is.
            pub fn is_distinct_from(self, other: impl Operand<R, Option<T::Base>>) -> Pred<R> {
                Pred::new(Expr::Template(&DISTINCT, vec![self.into_expr(), typed_as::<T>(other.into_operand())]))
            }

            /// The same, where NULL is the same as NULL. Takes an `Option` as it is.
            pub fn is_not_distinct_from(self, other: impl Operand<R, Option<T::Base>>) -> Pred<R> {
                Pred::new(Expr::Template(&NOT_DISTINCT, vec![self.into_expr(), typed_as::<T>(other.into_operand())]))
            }
        }
    };
}
numbers!(Column);
numbers!(Expression);
