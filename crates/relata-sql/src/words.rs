//! Words of other libraries, answered by the compiler: whoever writes `.order_by(…)`, as with Diesel or SeaORM, reads that it is
//! `.order(…)` here, instead of a guess at some method with a similar name.
//!
//! Each word is a hidden method with a bound that nothing meets, whose message names the word of ours. It can never be called, is
//! left out of the documentation and of completion, and does nothing. `of_type` is a function such as `Db::connect(…)`,
//! `into_type` a method such as `.into_model::<Card>()`, `plain` a
//! method of a type without parameters, of which rustc would check the bound at once. What has the same name here needs no word; the
//! same list as `#[doc(alias)]` serves whoever searches the documentation.

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
    (@method [$($generics:tt)*] [$type:ty] $name:ident into_type [$back:ty] $unmet:ident) => {
        impl<$($generics)*> $type {
            #[doc(hidden)]
            pub fn $name<M>(self) -> $back
            where
                (Self, M): $unmet,
            {
                <(Self, M) as $unmet>::never()
            }
        }
    };
    (@method [$($generics:tt)*] [$type:ty] $name:ident of_type [$back:ty] $unmet:ident) => {
        impl<$($generics)*> $type {
            #[doc(hidden)]
            pub fn $name<A>(_: A) -> $back
            where
                (Self, A): $unmet,
            {
                <(Self, A) as $unmet>::never()
            }
        }
    };
    (@method [$($generics:tt)*] [$type:ty] $name:ident plain [$back:ty] $unmet:ident) => {
        impl<$($generics)*> $type {
            #[doc(hidden)]
            pub fn $name<A>(&self, _: A) -> $back
            where
                (Self, A): $unmet,
            {
                <(Self, A) as $unmet>::never()
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

use crate::typed::{Aggregate, Assignment, Column, Computed, Expression, JsonPath, Pred, Windowed};

words! {
    impl[R, T] Column<R, T> {
        is_null / 0 -> Pred<R>, IsNull: "`.is_null()` is `.is_none()` here", "say `.is_none()`, on a column that may be NULL";
        is_not_null / 0 -> Pred<R>, IsNotNull: "`.is_not_null()` is `.is_some()` here", "say `.is_some()`, on a column that may be NULL";
        in_list / 1 -> Pred<R>, InList: "`.in_list(…)` is `.is_in(…)` here", "say `.is_in(…)`; of a query `.in_query(…)`";
        in_ / 1 -> Pred<R>, InOf: "`.in_(…)` is `.is_in(…)` here", "say `.is_in(…)`; of a query `.in_query(…)`";
        eq_any / 1 -> Pred<R>, EqAny: "`.eq_any(…)` is `.is_in(…)` here", "say `.is_in(…)`; of a query `.in_query(…)`";
        ne_all / 1 -> Pred<R>, NeAll: "`.ne_all(…)` is `.not_in(…)` here", "say `.not_in(…)`; of a query `.not_in_query(…)`";
        is_not_in / 1 -> Pred<R>, IsNotIn: "`.is_not_in(…)` is `.not_in(…)` here", "say `.not_in(…)`";
        in_subquery / 1 -> Pred<R>, InSubquery: "`.in_subquery(…)` is `.in_query(…)` here", "say `.in_query(…)`";
        not_eq / 1 -> Pred<R>, NotEq: "`.not_eq(…)` is `.ne(…)` here", "say `.ne(…)`";
        gte / 1 -> Pred<R>, Gte: "`.gte(…)` is `.ge(…)` here", "say `.ge(…)`";
        lte / 1 -> Pred<R>, Lte: "`.lte(…)` is `.le(…)` here", "say `.le(…)`";
        icontains / 1 -> Pred<R>, IContains: "`.icontains(…)` is `.ilike(…)` here", "say `.ilike(\"%…%\")`";
        iexact / 1 -> Pred<R>, IExact: "`.iexact(…)` is `.ilike(…)` here", "say `.ilike(\"…\")`, or `.lower().eq(…)`";
        startswith / 1 -> Pred<R>, StartsWith: "`.startswith(…)` is `.starts_with(…)` here", "say `.starts_with(…)`";
        endswith / 1 -> Pred<R>, EndsWith: "`.endswith(…)` is `.ends_with(…)` here", "say `.ends_with(…)`";
        equals / 1 -> Pred<R>, Equals: "`.equals(…)` is `.eq(…)` here", "say `.eq(…)`";
        set / 1 -> Assignment<R>, SetColumn: "`.set(…)` is of the statement, a column is given a value by `.to(…)`", "say `.set(Post.title.to(…))`";
        to_null / 0 -> Assignment<R>, ToNull: "`.to_null()` is `.to_none()` here", "say `.set(Post.body.to_none())`";
        increment / 1 -> Assignment<R>, Increment: "`.increment(…)` is `.add(…)` here", "say `.set(Post.views.add(1))`";
        decrement / 1 -> Assignment<R>, Decrement: "`.decrement(…)` is `.sub(…)` here", "say `.set(Post.stock.sub(1))`";
        len / 0 -> Expression<R, i64>, LenOfColumn: "`.len()` is `.length()` here", "say `.length()`; of an array `.array_length()`, of bytes `.octet_length()`";
        to_lowercase / 0 -> Expression<R, T>, ToLowercase: "`.to_lowercase()` is `.lower()` here", "say `.lower()`";
        to_uppercase / 0 -> Expression<R, T>, ToUppercase: "`.to_uppercase()` is `.upper()` here", "say `.upper()`";
        is_empty / 0 -> Pred<R>, IsEmptyColumn: "a text without a character is compared", "say `.eq(\"\")`, or `.is_none()` for a column that may be NULL";
        coalesce / 1 -> Expression<R, T>, CoalesceColumn: "`.coalesce(…)` is `.or_else(…)` here", "say `.or_else(…)`";
        unwrap_or / 1 -> Expression<R, T>, UnwrapColumn: "`.unwrap_or(…)` is `.or_else(…)` here", "say `.or_else(…)`";
        get / 1 -> JsonPath<R>, GetOfColumn: "a place in JSON is `.key(…)` or `.index(…)` here", "say `.key(\"name\").text()`";
    }
}

words! {
    impl[R, T] Windowed<R, T> {
        eq / 1 -> Pred<R>, WindowEq: "windows exist only after the rows were filtered", "select it in a query, and filter around that: `from(query).filter(|(row,)| row.1.eq(1))`; the first of each group are `.top_per(…)`";
        ne / 1 -> Pred<R>, WindowNe: "windows exist only after the rows were filtered", "select it in a query, and filter around that: `from(query).filter(|(row,)| row.1.eq(1))`; the first of each group are `.top_per(…)`";
        lt / 1 -> Pred<R>, WindowLt: "windows exist only after the rows were filtered", "select it in a query, and filter around that: `from(query).filter(|(row,)| row.1.eq(1))`; the first of each group are `.top_per(…)`";
        le / 1 -> Pred<R>, WindowLe: "windows exist only after the rows were filtered", "select it in a query, and filter around that: `from(query).filter(|(row,)| row.1.eq(1))`; the first of each group are `.top_per(…)`";
        gt / 1 -> Pred<R>, WindowGt: "windows exist only after the rows were filtered", "select it in a query, and filter around that: `from(query).filter(|(row,)| row.1.eq(1))`; the first of each group are `.top_per(…)`";
        ge / 1 -> Pred<R>, WindowGe: "windows exist only after the rows were filtered", "select it in a query, and filter around that: `from(query).filter(|(row,)| row.1.eq(1))`; the first of each group are `.top_per(…)`";
        is_in / 1 -> Pred<R>, WindowIsIn: "windows exist only after the rows were filtered", "select it in a query, and filter around that: `from(query).filter(|(row,)| row.1.eq(1))`; the first of each group are `.top_per(…)`";
    }
}

words! {
    impl[R, T] Aggregate<R, T> {
        round / 1 -> Computed<R, T>, RoundAggregate: "what is computed from an aggregate is a `.map(…)` of it", "say `.map(|value| value.round(2))`";
        or_else / 1 -> Computed<R, T>, DefaultOfAggregate: "what is computed from an aggregate is a `.map(…)` of it", "say `.map(|value| value.or_else(0))`";
        unwrap_or / 1 -> Computed<R, T>, UnwrapAggregate: "what is computed from an aggregate is a `.map(…)` of it", "say `.map(|value| value.or_else(0))`";
        coalesce / 1 -> Computed<R, T>, CoalesceAggregate: "what is computed from an aggregate is a `.map(…)` of it", "say `.map(|value| value.or_else(0))`";
    }
}

words! {
    impl[R] JsonPath<R> {
        eq / 1 -> Pred<R>, JsonEq: "it is not said what is at this place in the JSON", "say `.text()`, `.int()`, `.float()` or `.boolean()` first: `.key(…).text().eq(…)`";
        ne / 1 -> Pred<R>, JsonNe: "it is not said what is at this place in the JSON", "say `.text()`, `.int()`, `.float()` or `.boolean()` first: `.key(…).text().eq(…)`";
        lt / 1 -> Pred<R>, JsonLt: "it is not said what is at this place in the JSON", "say `.text()`, `.int()`, `.float()` or `.boolean()` first: `.key(…).text().eq(…)`";
        le / 1 -> Pred<R>, JsonLe: "it is not said what is at this place in the JSON", "say `.text()`, `.int()`, `.float()` or `.boolean()` first: `.key(…).text().eq(…)`";
        gt / 1 -> Pred<R>, JsonGt: "it is not said what is at this place in the JSON", "say `.text()`, `.int()`, `.float()` or `.boolean()` first: `.key(…).text().eq(…)`";
        ge / 1 -> Pred<R>, JsonGe: "it is not said what is at this place in the JSON", "say `.text()`, `.int()`, `.float()` or `.boolean()` first: `.key(…).text().eq(…)`";
        is_in / 1 -> Pred<R>, JsonIsIn: "it is not said what is at this place in the JSON", "say `.text()`, `.int()`, `.float()` or `.boolean()` first: `.key(…).text().eq(…)`";
    }
}
