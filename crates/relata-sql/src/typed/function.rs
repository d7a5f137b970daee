//! Functions of texts and numbers, and casts, as methods. What is here means the same on every database.

use std::any::TypeId;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::case::{typed, typed_as};
use super::{Column, Encode, Expr, Expression, Field, LikeBoth, Number, NumberKind, Operand, Pred, Textual};
use crate::template::Template;

/// A type that a cast can give.
#[diagnostic::on_unimplemented(
    message = "nothing can be cast to `{Self}`",
    label = "expected i16, i32, i64, f64, Decimal, bool, String, Uuid, Date, Time, DateTime or Timestamp"
)]
pub trait CastTo: Field<Base = Self> {
    /// How it is written.
    const CAST: &'static Template;
}

/// SQLite's own function leaves the fraction of the second out.
const CLOCK_OF_SQLITE: &str = "(DATETIME(SUBSTR({0}, 1, 19) || LTRIM(SUBSTR({0}, 20), '.0123456789')) || RTRIM(RTRIM(SUBSTR(PRINTF('%.6f', '0' || SUBSTR({0}, 20, 7)), 2), '0'), '.'))";

macro_rules! casts {
    ($($($ty:ty),+ => $sqlite:expr, $postgres:literal, $mysql:literal;)*) => {$($(
        impl CastTo for $ty {
            const CAST: &'static Template = {
                static CAST: Template = Template::each("cast", $sqlite, $postgres, $mysql);
                &CAST
            };
        }
    )+)*};
}
casts! {
    i16, i32, i64 => "CAST({0} AS INTEGER)", "CAST({0} AS bigint)", "CAST({0} AS SIGNED)";
    f64 => "CAST({0} AS REAL)", "CAST({0} AS double precision)", "CAST({0} AS DOUBLE)";
    Decimal => "CAST({0} AS NUMERIC)", "CAST({0} AS numeric)", "CAST({0} AS DECIMAL(65, 20))";
    bool => "(CAST({0} AS INTEGER) <> 0)", "CAST({0} AS boolean)", "(CAST({0} AS SIGNED) <> 0)";
    String => "CAST({0} AS TEXT)", "CAST({0} AS text)", "CAST({0} AS CHAR)";
    Uuid => "LOWER(CAST({0} AS TEXT))", "CAST({0} AS uuid)", "LOWER(CAST({0} AS CHAR))";
    Date => "DATE({0})", "CAST({0} AS date)", "CAST({0} AS DATE)";
    Time => "TIME({0})", "CAST({0} AS time)", "CAST({0} AS TIME(6))";
    DateTime => CLOCK_OF_SQLITE, "CAST({0} AS timestamp)", "CAST({0} AS DATETIME(6))";
    Timestamp => CLOCK_OF_SQLITE, "CAST({0} AS timestamptz)", "CAST({0} AS DATETIME(6))";
}

/// What is true or false as a number, and as a text; PostgreSQL has a cast to `integer` alone.
static TRUTH_AS_NUMBER: Template = Template::each("cast", "{0}", "CAST({0} AS integer)", "{0}");
static TRUTH_AS_TEXT: Template = Template::each(
    "cast",
    "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
    "CAST({0} AS text)",
    "CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
);
/// A number as what is true or false: PostgreSQL casts `integer` alone.
static NUMBER_AS_TRUTH: Template = Template::each("cast", "({0} <> 0)", "({0} <> 0)", "({0} <> 0)");

/// A number without its fraction: PostgreSQL and MariaDB would round it.
static FRACTION_AS_NUMBER: Template = Template::each("cast", "{0}", "TRUNC({0})", "TRUNCATE({0}, 0)");

/// A cast between numbers, or between them and what is true or false.
fn cast_of_number(from: TypeId, to: TypeId, expr: &Expr, cast: &'static Template) -> Option<Expr> {
    let numbers =
        [TypeId::of::<i16>(), TypeId::of::<i32>(), TypeId::of::<i64>(), TypeId::of::<f64>(), TypeId::of::<Decimal>()];
    let truth = TypeId::of::<bool>();
    let (whole, fractions) = numbers.split_at(3);
    let within = |template, expr: Expr| Expr::Template(template, vec![expr]);
    if (fractions.contains(&from) || from == TypeId::of::<f32>()) && whole.contains(&to) {
        return Some(within(cast, within(&FRACTION_AS_NUMBER, expr.clone())));
    }
    if from == truth && numbers.contains(&to) {
        return Some(within(cast, within(&TRUTH_AS_NUMBER, expr.clone())));
    }
    if from == truth && to == TypeId::of::<String>() {
        return Some(within(&TRUTH_AS_TEXT, expr.clone()));
    }
    (to == truth && numbers.contains(&from)).then(|| within(&NUMBER_AS_TRUTH, expr.clone()))
}

/// An instant as the clock of UTC shows it, and the other way round.
pub(super) static CLOCK_OF_UTC: Template = Template::each("clock of UTC", "{0}", "({0} AT TIME ZONE 'UTC')", "{0}");

macro_rules! templates {
    ($($name:ident: $words:literal, $($sql:literal),+;)*) => {$(
        static $name: Template = templates!(@ $words, $($sql),+);
    )*};
    (@ $words:literal, $all:literal) => { Template::everywhere($words, $all) };
    (@ $words:literal, $sqlite:literal, $postgres:literal, $mysql:literal) => {
        Template::each($words, $sqlite, $postgres, $mysql)
    };
}
templates! {
    LEFT: "left part", "SUBSTR({0}, 1, {1})", "LEFT({0}, {1})", "LEFT({0}, {1})";
    TRIM_START: "trimming", "LTRIM({0})";
    TRIM_END: "trimming", "RTRIM({0})";
    POSITION: "position", "INSTR({0}, {1})", "STRPOS({0}, {1})", "LOCATE({1}, {0})";
    // Of what a floating-point number says in decimal.
    ROUND: "rounding", "(ROUND(ROUND({0} * {2}, 6)) / {2}.0)", "ROUND({0}, {1})", "ROUND({0}, {1})";
    ROUND_FLOAT: "rounding", "ROUND({0}, {1})", "CAST(ROUND(CAST({0} AS numeric), {1}) AS double precision)", "ROUND({0}, {1})";
    FLOOR: "floor", "(ROUND({0}) - (ROUND({0}) > {0}))", "FLOOR({0})", "FLOOR({0})";
    CEIL: "ceil", "(ROUND({0}) + (ROUND({0}) < {0}))", "CEIL({0})", "CEIL({0})";
    SIGN: "sign", "SIGN({0})", "CAST(SIGN({0}) AS bigint)", "SIGN({0})";
    NULL_IF: "null if equal", "NULLIF({0}, {1})";
    GREATEST: "greater one", "MAX({0}, {1})", "GREATEST({0}, {1})", "GREATEST({0}, {1})";
    LEAST: "lesser one", "MIN({0}, {1})", "LEAST({0}, {1})", "LEAST({0}, {1})";
    HOLDS: "condition", "{0}";
}
static RIGHT: Template =
    Template::each("right part", "SUBSTR({0}, MAX(LENGTH({0}) - {1}, 0) + 1)", "RIGHT({0}, {1})", "RIGHT({0}, {1})");
// So many bytes of zero are as many pairs of digits.
static REPEAT: Template =
    Template::each("repetition", "REPLACE(HEX(ZEROBLOB({1})), '00', {0})", "REPEAT({0}, {1})", "REPEAT({0}, {1})");
static PAD_START: Template = Template::each(
    "padding",
    "(SUBSTR(REPLACE(HEX(ZEROBLOB({1})), '00', {2}), 1, MAX({1} - LENGTH({0}), 0)) || SUBSTR({0}, 1, {1}))",
    "LPAD({0}, {1}, {2})",
    "LPAD({0}, {1}, {2})",
);
static PAD_END: Template = Template::each(
    "padding",
    "(SUBSTR({0}, 1, {1}) || SUBSTR(REPLACE(HEX(ZEROBLOB({1})), '00', {2}), 1, MAX({1} - LENGTH({0}), 0)))",
    "RPAD({0}, {1}, {2})",
    "RPAD({0}, {1}, {2})",
);
static OCTETS: Template =
    Template::each("length in bytes", "LENGTH(CAST({0} AS BLOB))", "OCTET_LENGTH({0})", "OCTET_LENGTH({0})");
static REVERSE: Template =
    Template::everywhere("reversing of a text", "REVERSE({0})").not_on_sqlite("reverse the text in the program");
static MATCHES: Template = Template::each("regular expressions", "", "{0} ~ {1}", "{0} REGEXP {1}")
    .not_on_sqlite("use `.contains(…)`, `.like(…)` or `sqlite::glob(…)`");
static POWER: Template =
    Template::everywhere("powers", "POWER({0}, {1})").not_on_sqlite("multiply, or compute it in the program");
static SQRT: Template =
    Template::everywhere("square roots", "SQRT({0})").not_on_sqlite("compare squares, or compute it in the program");

/// A whole number has none.
pub(super) fn without_fraction<R, T: Field<Base: Number>>(template: &'static Template, expr: Expr) -> Expression<R, T> {
    match <T::Base as Number>::KIND {
        NumberKind::Whole => Expression::new(expr),
        NumberKind::Exact | NumberKind::Float => call(template, vec![expr]),
    }
}

/// With nothing to fill it with, a text is cut at most.
fn padded<R, T>(template: &'static Template, text: Expr, characters: u32, fill: String) -> Expression<R, T> {
    let characters = Expr::Number(characters.into());
    if fill.is_empty() {
        return call(&LEFT, vec![text, characters]);
    }
    call(template, vec![text, characters, typed(Expr::Value(fill.encode()))])
}

/// A function with arguments.
pub(super) fn call<R, T>(template: &'static Template, arguments: Vec<Expr>) -> Expression<R, T> {
    Expression::new(Expr::Template(template, arguments))
}

macro_rules! functions {
    ($name:ident) => {
        impl<R, T: Field> $name<R, T> {
            /// As another type; NULL stays NULL. **Dialects**: a text that is no number is an error on PostgreSQL and the
            /// number that it begins with, or 0, elsewhere. Instants and clocks are those of UTC.
            pub fn cast<U: CastTo>(self) -> Expression<R, T::Like<U>> {
                let text = [TypeId::of::<U>(), TypeId::of::<T::Base>()].contains(&TypeId::of::<String>());
                let expr = self.into_expr();
                if let Some(cast) = cast_of_number(TypeId::of::<T::Base>(), TypeId::of::<U>(), &expr, U::CAST) {
                    return Expression::new(cast.bounded());
                }
                // The clock that a session shows is none of its business.
                match (<T::Base as Field>::INSTANT, U::INSTANT) {
                    (true, false) if !text => call(U::CAST, vec![Expr::Template(&CLOCK_OF_UTC, vec![expr])]),
                    (false, true) if !text => {
                        call(&CLOCK_OF_UTC, vec![Expr::Template(<DateTime as CastTo>::CAST, vec![expr])])
                    }
                    _ => call(U::CAST, vec![expr]),
                }
            }

            /// NULL where it equals this.
            pub fn null_if(self, other: impl Operand<R, T::Base>) -> Expression<R, Option<T::Base>> {
                call(&NULL_IF, vec![self.into_expr(), typed_as::<T>(other.into_operand())])
            }
        }

        impl<R, T: Field<Base = T>> $name<R, T> {
            /// This or the other, whichever is greater. Neither may be NULL: databases disagree on what is greater then.
            pub fn greatest(self, other: impl Operand<R, T, Given = T>) -> Expression<R, T> {
                call(&GREATEST, vec![self.into_expr(), typed_as::<T>(other.into_operand())])
            }

            /// This or the other, whichever is less; as `greatest`.
            pub fn least(self, other: impl Operand<R, T, Given = T>) -> Expression<R, T> {
                call(&LEAST, vec![self.into_expr(), typed_as::<T>(other.into_operand())])
            }
        }

        impl<R, T: Field<Base = bool>> $name<R, T> {
            /// It is true: as a condition.
            pub fn holds(self) -> Pred<R> {
                Pred::new(Expr::Template(&HOLDS, vec![self.into_expr()]))
            }
        }

        impl<R, T: Field> $name<R, T> {
            /// The first so many characters.
            pub fn left(self, characters: u32) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                call(&LEFT, vec![self.into_expr(), Expr::Number(characters.into())])
            }

            /// The last so many characters.
            pub fn right(self, characters: u32) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                call(&RIGHT, vec![self.into_expr(), Expr::Number(characters.into())])
            }

            /// So many times, one after the other.
            pub fn repeat(self, times: u32) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                call(&REPEAT, vec![self.into_expr(), Expr::Number(times.into())])
            }

            /// Filled at the beginning with a text up to so many characters; what is longer is cut at its end.
            pub fn pad_start(self, characters: u32, fill: impl Into<String>) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                padded(&PAD_START, self.into_expr(), characters, fill.into())
            }

            /// Filled at the end with a text up to so many characters; what is longer is cut there.
            pub fn pad_end(self, characters: u32, fill: impl Into<String>) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                padded(&PAD_END, self.into_expr(), characters, fill.into())
            }

            /// Length in bytes of UTF-8.
            pub fn octet_length(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Textual,
            {
                call(&OCTETS, vec![self.into_expr()])
            }

            /// Without blanks at the beginning.
            pub fn trim_start(self) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                call(&TRIM_START, vec![self.into_expr()])
            }

            /// Without blanks at the end.
            pub fn trim_end(self) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                call(&TRIM_END, vec![self.into_expr()])
            }

            /// Where a text begins in this one, from 1; 0 where it does not occur.
            pub fn position<V: Operand<R, String>>(self, text: V) -> Expression<R, LikeBoth<V::Given, T::Like<i64>>>
            where
                T::Base: Textual,
            {
                call(&POSITION, vec![self.into_expr(), text.into_operand()])
            }

            /// Its characters in reverse. **Dialects**: not SQLite.
            pub fn reverse(self) -> Expression<R, T>
            where
                T::Base: Textual,
            {
                call(&REVERSE, vec![self.into_expr()])
            }

            /// Matches a regular expression in the database's own language. **Dialects**: not SQLite; on MariaDB the
            /// collation decides whether case counts.
            pub fn matches(self, pattern: impl Into<String>) -> Pred<R>
            where
                T::Base: Textual,
            {
                Pred::new(Expr::Template(&MATCHES, vec![self.into_expr(), Expr::Value(pattern.into().encode())]))
            }
        }

        impl<R, T: Field> $name<R, T> {
            /// Rounded to so many places after the point, halves away from zero (of floating-point numbers as the
            /// database represents them).
            pub fn round(self, places: u32) -> Expression<R, T>
            where
                T::Base: Number,
            {
                let expr = self.into_expr();
                let places_of = |places: u32| Expr::Number(places.into());
                match <T::Base as Number>::KIND {
                    NumberKind::Float => call(&ROUND_FLOAT, vec![expr, places_of(places)]),
                    NumberKind::Exact => {
                        // Where the power counts, a number has fewer digits.
                        let power = Expr::Number(10_u64.pow(places.min(18)));
                        call(&ROUND, vec![expr, places_of(places), power])
                    }
                    NumberKind::Whole => Expression::new(expr),
                }
            }

            /// The next whole number below.
            pub fn floor(self) -> Expression<R, T>
            where
                T::Base: Number,
            {
                without_fraction::<R, T>(&FLOOR, self.into_expr())
            }

            /// The next whole number above.
            pub fn ceil(self) -> Expression<R, T>
            where
                T::Base: Number,
            {
                without_fraction::<R, T>(&CEIL, self.into_expr())
            }

            /// -1, 0 or 1.
            pub fn sign(self) -> Expression<R, T::Like<i64>>
            where
                T::Base: Number,
            {
                call(&SIGN, vec![self.into_expr()])
            }

            /// To the power of this. **Dialects**: not SQLite.
            pub fn power(self, exponent: f64) -> Expression<R, T::Like<f64>>
            where
                T::Base: Number,
            {
                let base = Expr::Template(<f64 as CastTo>::CAST, vec![self.into_expr()]);
                call(&POWER, vec![base, typed(Expr::Value(exponent.encode()))])
            }

            /// Its square root. **Dialects**: not SQLite.
            pub fn sqrt(self) -> Expression<R, T::Like<f64>>
            where
                T::Base: Number,
            {
                call(&SQRT, vec![Expr::Template(<f64 as CastTo>::CAST, vec![self.into_expr()])])
            }
        }
    };
}
functions!(Column);
functions!(Expression);
