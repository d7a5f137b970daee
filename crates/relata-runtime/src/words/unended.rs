//! Queries and statements where rows or an outcome are expected: under `for` and `.await` rustc would say only that they are no
//! iterator and no future. They are, if a bound holds that nothing meets, and whose message says how a statement is ended.
//!
//! The bound is on a tuple: of a bound on the type itself rustc repeats what it says of every type that is no iterator.

use std::pin::Pin;
use std::task::{Context, Poll};

use relata_sql::Result;

use crate::aggregate::Projection;
use crate::change::{Delete, Update};
use crate::entity::Entity;
use crate::find::Find;
use crate::insert::{ConditionalUpsert, InsertFrom, InsertMany, Upsert};
use crate::join::{Joined, Scope};
use crate::raw::Raw;
use crate::stream::Rows;

macro_rules! unmet {
    ($($name:ident: $message:literal, $label:literal;)*) => {$(
        #[diagnostic::on_unimplemented(message = $message, label = $label)]
        #[doc(hidden)]
        pub trait $name {
            /// Nothing implements this, so that nothing calls it.
            fn never() -> !;
        }
    )*};
}

unmet! {
    QueryInALoop: "a query is no list of rows before it has run",
        "end it: `.all(&mut db).await?` gives a `Vec`; in a condition it goes to `.in_query(…)`; or go through `let mut rows = ….stream(&mut db)` by `while let Some(row) = rows.next().await?`";
    StreamInALoop: "the rows of a stream come one after the other, each awaited",
        "say `while let Some(row) = rows.next().await?`; all at once give `.all(&mut db).await?`";
    StreamAwaited: "a stream is there at once, its rows are awaited",
        "say `let mut rows = ….stream(&mut db)` and `while let Some(row) = rows.next().await?`";
    QueryNotEnded: "it is not said what is wanted of this query, and of which database",
        "end it before `.await`: `.all(&mut db)`, `.one(&mut db)`, `.first(&mut db)`, `.count(&mut db)` or `.page(&mut db)`";
    StatementNotEnded: "it is not said on which database this statement runs",
        "end it before `.await`: `.exec(&mut db)`, or `.returning(&mut db)` for the rows";
    UpsertNotEnded: "it is not said what becomes of rows that exist, or on which database this runs",
        "end it before `.await`: `.update_all(&mut db)`, `.update(column, &mut db)` or `.ignore(&mut db)`, after `.set(…)` by `.save(&mut db)`";
}

macro_rules! no_iterators {
    ($([$($generics:tt)*] $type:ty, $item:ty, $unmet:ident;)*) => {$(
        #[doc(hidden)]
        impl<$($generics)*> Iterator for $type
        where
            (Self,): $unmet,
        {
            type Item = $item;

            fn next(&mut self) -> Option<Self::Item> {
                <(Self,) as $unmet>::never()
            }
        }
    )*};
}

no_iterators! {
    [E: Entity, L] Find<E, L>, E, QueryInALoop;
    [E, T] Projection<E, T>, T, QueryInALoop;
    [S: Scope] Joined<S>, S, QueryInALoop;
    [T] Raw<T>, T, QueryInALoop;
    [T] Rows<'_, T>, T, StreamInALoop;
}

macro_rules! no_futures {
    ($([$($generics:tt)*] $type:ty, $output:ty, $unmet:ident;)*) => {$(
        #[doc(hidden)]
        impl<$($generics)*> Future for $type
        where
            (Self,): $unmet,
        {
            type Output = Result<$output>;

            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
                <(Self,) as $unmet>::never()
            }
        }
    )*};
}

no_futures! {
    [E: Entity, L] Find<E, L>, Vec<E>, QueryNotEnded;
    [E, T] Projection<E, T>, Vec<T>, QueryNotEnded;
    [S: Scope] Joined<S>, Vec<S>, QueryNotEnded;
    [T] Raw<T>, Vec<T>, QueryNotEnded;
    [T] Rows<'_, T>, Vec<T>, StreamAwaited;
    [E: Entity, S] Update<E, S>, u64, StatementNotEnded;
    [E: Entity, S] Delete<E, S>, u64, StatementNotEnded;
    [E: Entity] InsertMany<E>, u64, StatementNotEnded;
    [E: Entity] InsertFrom<E>, u64, StatementNotEnded;
    [E: Entity, R] Upsert<E, R>, E, UpsertNotEnded;
    [E: Entity, R] ConditionalUpsert<E, R>, E, UpsertNotEnded;
}
