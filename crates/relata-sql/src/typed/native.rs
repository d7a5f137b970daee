//! Functions and operators that one database has: `pg::array_contains(…)`, `mysql::soundex(…)`, `sqlite::glob(…)`. On
//! another database the statement is refused before anything is sent, and the hint names what to do there.
//!
//! Arguments are columns, expressions and bound values. Their types are the caller's business: the database checks them. Where an
//! argument may be NULL, so may be what comes of it: an `Option`.

use super::Expr;
use crate::expr::Cast;
use crate::value::Value;

pub mod mysql;
pub mod pg;
pub mod sqlite;

/// Where every argument is a value, each says its type, arrays included: nothing beside them does. A text beside a range is one
/// in the server's spelling, of the same type.
fn settled(words: &str, mut arguments: Vec<Expr>) -> Vec<Expr> {
    if words == "ranges" && !arguments.iter().all(|argument| matches!(argument, Expr::Literal(..))) {
        for argument in &mut arguments {
            if let Expr::Literal(Value::Text(_), cast) = argument {
                *cast = Cast::Unknown;
            }
        }
        return arguments;
    }
    if arguments.iter().all(|argument| matches!(argument, Expr::Literal(..))) {
        for argument in &mut arguments {
            if let Expr::Literal(value, cast) = argument {
                *cast = Cast::among_values(value);
            }
        }
    }
    arguments
}

/// Defines functions from their texts: `pred` are conditions, `expr` give values, NULL of NULL, `free` give them
/// whatever is NULL, `aggr` give one of a group.
macro_rules! natives {
    ($constructor:ident: $($(#[$doc:meta])* $form:ident $name:ident($($argument:ident),*) $(-> $ty:ty)? =
        $words:literal, $sql:literal, $instead:literal;)*) => {$(
        natives!(@typed [$form $constructor [$(#[$doc])*] $name [$($ty)?] $words, $sql, $instead] [] [$($argument)*] [A B C D E]);
    )*};
    // Each argument gets a type of its own.
    (@typed $all:tt [$($done:tt)*] [$argument:ident $($arguments:ident)*] [$letter:ident $($letters:ident)*]) => {
        natives!(@typed $all [$($done)* $argument $letter,] [$($arguments)*] [$($letters)*]);
    };
    (@typed [$form:ident $($all:tt)*] $arguments:tt [] $letters:tt) => {
        natives!(@$form $($all)* $arguments);
    };
    (@pred $constructor:ident [$($doc:tt)*] $name:ident [] $words:literal, $sql:literal, $instead:literal [$($argument:ident $letter:ident,)*]) => {
        $($doc)*
        pub fn $name<R, $($letter: Argument<R>),*>($($argument: $letter),*) -> Pred<R> {
            static TEMPLATE: Template = Template::$constructor($words, $sql, $instead);
            Pred::new(Expr::Template(&TEMPLATE, settled($words, vec![$($argument.into_argument()),*])))
        }
    };
    (@expr $constructor:ident [$($doc:tt)*] $name:ident [$ty:ty] $words:literal, $sql:literal, $instead:literal [$($argument:ident $letter:ident,)*]) => {
        $($doc)*
        pub fn $name<R, $($letter: Argument<R>),*>($($argument: $letter),*) -> Expression<R, natives!(@null $ty; $($letter)*)> {
            static TEMPLATE: Template = Template::$constructor($words, $sql, $instead);
            Expression::new(Expr::Template(&TEMPLATE, settled($words, vec![$($argument.into_argument()),*])))
        }
    };
    (@free $constructor:ident [$($doc:tt)*] $name:ident [$ty:ty] $words:literal, $sql:literal, $instead:literal [$($argument:ident $letter:ident,)*]) => {
        $($doc)*
        pub fn $name<R, $($letter: Argument<R>),*>($($argument: $letter),*) -> Expression<R, $ty> {
            static TEMPLATE: Template = Template::$constructor($words, $sql, $instead);
            Expression::new(Expr::Template(&TEMPLATE, settled($words, vec![$($argument.into_argument()),*])))
        }
    };
    (@aggr $constructor:ident [$($doc:tt)*] $name:ident [$ty:ty] $words:literal, $sql:literal, $instead:literal [$($argument:ident $letter:ident,)*]) => {
        $($doc)*
        pub fn $name<R, $($letter: Argument<R>),*>($($argument: $letter),*) -> Aggregate<R, $ty> {
            static TEMPLATE: Template = Template::$constructor($words, $sql, $instead).of_groups();
            Aggregate::of(Expr::Template(&TEMPLATE, settled($words, vec![$($argument.into_argument()),*])))
        }
    };
    // NULL gives NULL.
    (@null $ty:ty;) => { $ty };
    (@null $ty:ty; $letter:ident $($letters:ident)*) => {
        <$letter as Argument<R>>::Like<natives!(@null $ty; $($letters)*)>
    };
}
use natives;
