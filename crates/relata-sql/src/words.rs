//! Words of other libraries, answered by the compiler: whoever writes `.order_by(…)`, as with Diesel or SeaORM, reads that it is
//! `.order(…)` here, instead of a guess at some method with a similar name.
//!
//! Each word is a hidden method with a bound that nothing meets, whose message names the word of ours. It can never be called, is
//! left out of the documentation and of completion, and does nothing. What has the same name here needs no word; the same list as
//! `#[doc(alias)]` serves whoever searches the documentation.

/// Methods that only say what their name is here.
#[doc(hidden)]
#[macro_export]
macro_rules! words {
    (@method [$($generics:tt)*] [$type:ty] $name:ident 1 [$back:ty] $unmet:ident) => {
        impl<$($generics)*> $type {
            #[doc(hidden)]
            pub fn $name<A>(self, _: A) -> $back
            where
                Self: $unmet,
            {
                <Self as $unmet>::never()
            }
        }
    };
    (@method [$($generics:tt)*] [$type:ty] $name:ident 2 [$back:ty] $unmet:ident) => {
        impl<$($generics)*> $type {
            #[doc(hidden)]
            pub fn $name<A, B>(self, _: A, _: B) -> $back
            where
                Self: $unmet,
            {
                <Self as $unmet>::never()
            }
        }
    };
    (@method [$($generics:tt)*] [$type:ty] $name:ident 0 [$back:ty] $unmet:ident) => {
        impl<$($generics)*> $type {
            #[doc(hidden)]
            pub fn $name(self) -> $back
            where
                Self: $unmet,
            {
                <Self as $unmet>::never()
            }
        }
    };
    (impl $generics:tt $type:ty {
        $($name:ident / $arguments:tt -> $back:ty, $unmet:ident: $message:literal, $label:literal;)*
    }) => {
        $(
            #[diagnostic::on_unimplemented(message = $message, label = $label)]
            #[doc(hidden)]
            pub trait $unmet {
                /// Nothing implements this, so that nothing calls it.
                fn never() -> !;
            }

            $crate::words!(@method $generics [$type] $name $arguments [$back] $unmet);
        )*
    };
}

use crate::typed::{Column, Pred};

words! {
    impl[R, T] Column<R, T> {
        is_null / 0 -> Pred<R>, IsNull: "`.is_null()` is `.is_none()` here", "say `.is_none()`, on a column that may be NULL";
        is_not_null / 0 -> Pred<R>, IsNotNull: "`.is_not_null()` is `.is_some()` here", "say `.is_some()`, on a column that may be NULL";
        eq_any / 1 -> Pred<R>, EqAny: "`.eq_any(…)` is `.is_in(…)` here", "say `.is_in(…)`; of a query `.in_query(…)`";
        ne_all / 1 -> Pred<R>, NeAll: "`.ne_all(…)` is `.not_in(…)` here", "say `.not_in(…)`; of a query `.not_in_query(…)`";
        is_not_in / 1 -> Pred<R>, IsNotIn: "`.is_not_in(…)` is `.not_in(…)` here", "say `.not_in(…)`";
        in_subquery / 1 -> Pred<R>, InSubquery: "`.in_subquery(…)` is `.in_query(…)` here", "say `.in_query(…)`";
        not_eq / 1 -> Pred<R>, NotEq: "`.not_eq(…)` is `.ne(…)` here", "say `.ne(…)`";
        gte / 1 -> Pred<R>, Gte: "`.gte(…)` is `.ge(…)` here", "say `.ge(…)`";
        lte / 1 -> Pred<R>, Lte: "`.lte(…)` is `.le(…)` here", "say `.le(…)`";
    }
}
