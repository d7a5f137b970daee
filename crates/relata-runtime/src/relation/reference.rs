//! Which types may refer to the key of an entity: rustc refuses a text that refers to a number, and the `Id` of another
//! entity.
//!
//! Whole numbers of different widths go together, as they do in databases. What a program makes itself (stored enums,
//! scalars, values of any type) is not looked into, nor are fields that say their type in the database by `#[db_type(…)]`.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use relata_sql::{Id, Interval, Value};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::entity::Entity;

/// A field that may refer to the key of `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot refer to `{E}`",
    label = "not the type of the key of `{E}`",
    note = "give the field the type that the key of `{E}` has, such as `Id<{E}>`, `Id<{E}, Uuid>` or `Id<{E}, String>`, or an `Option` of \
            it; to refer to another \
            field write `#[references({E}.field)]`"
)]
pub trait ReferenceTo<E> {}

/// A key that fields of a kind may refer to: [`Whole`], [`Text`], [`Unique`], or the `Id`s of an entity.
#[doc(hidden)]
pub trait KeyOf<C> {}

/// Whole numbers.
#[doc(hidden)]
pub enum Whole {}
/// Texts.
#[doc(hidden)]
pub enum Text {}
/// UUIDs.
#[doc(hidden)]
pub enum Unique {}

/// The `Id`s of an entity, around values of a kind.
#[doc(hidden)]
pub struct Of<X, C>(std::marker::PhantomData<(X, C)>);

/// What is inside an `Id`: which kind it is, or a type of its own.
#[doc(hidden)]
#[diagnostic::on_unimplemented(message = "`{Self}` is no key", label = "expected a number, a text, a UUID or a scalar")]
pub trait Inside {
    /// [`Whole`], [`Text`], [`Unique`], or the type itself.
    type Kind;
}

/// Compiles only where the field may refer to the entity; `derive(Entity)` names it for each reference.
#[doc(hidden)]
pub fn refers<T: ReferenceTo<E>, E: Entity>() {}

#[diagnostic::do_not_recommend]
impl<E, T: ReferenceTo<E>> ReferenceTo<E> for Option<T> {}
#[diagnostic::do_not_recommend]
impl<E: Entity, X, K: Inside> ReferenceTo<E> for Id<X, K> where E::Key: KeyOf<Of<X, K::Kind>> {}

impl<X, K: Inside> KeyOf<Of<X, K::Kind>> for Id<X, K> {}

macro_rules! kinds {
    ($($kind:ident: $($ty:ty),*;)*) => {$($(
        #[diagnostic::do_not_recommend]
        impl<E: Entity> ReferenceTo<E> for $ty where E::Key: KeyOf<$kind> {}
        impl KeyOf<$kind> for $ty {}
        impl Inside for $ty {
            type Kind = $kind;
        }
        impl<X> KeyOf<$kind> for Id<X, $ty> {}
    )*)*};
}
kinds! {
    Whole: i8, i16, i32, i64, u8, u16, u32, u64;
    Text: String;
    Unique: Uuid;
}

macro_rules! others {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<E> ReferenceTo<E> for $ty {}
        impl<C> KeyOf<C> for $ty {}
        impl Inside for $ty {
            type Kind = $ty;
        }
    )*};
}
others!(
    bool,
    f32,
    f64,
    Decimal,
    Vec<u8>,
    Date,
    Time,
    DateTime,
    Timestamp,
    Interval,
    SignedDuration,
    Value,
    serde_json::Value
);

impl<C> KeyOf<C> for () {}
impl<C, A, B> KeyOf<C> for (A, B) {}
impl<C, A, B, D> KeyOf<C> for (A, B, D) {}
impl<C, A, B, D, F> KeyOf<C> for (A, B, D, F) {}
