//! Which Rust types may be columns, and what may stand beside a column of each type.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Column, Decode, Encode, Expr, Expression, Id, Value};
use crate::cell::Element;
use crate::expr::Cast;
use crate::value::Interval;

/// A Rust type that a column can hold.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a column",
    label = "not a type that a database keeps",
    note = "use a number, bool, String, Vec<u8>, Uuid, Decimal, a date or time of jiff, serde_json::Value, Id<Entity> or \
            an Option of one",
    note = "on an enum of your own derive `relata::Enum`, on a struct around one value, or one kept as JSON, \
            `relata::Scalar`; for types of chrono or time enable the feature of that name of relata",
    note = "another entity is no column, its key is: `#[references(User)] pub user_id: Id<User>`; its rows are a relation, said on the \
            struct: `#[has_many(posts: Post.user_id)]`"
)]
pub trait Field: Encode + Decode + Clone + Send + Sync + 'static {
    /// The type without `Option`: what values are compared with.
    type Base: Field<Base = Self::Base>;
    /// `U`, or an `Option` of it if this is an `Option`: what a function of it gives, as NULL gives NULL.
    type Like<U: Field>: Field<Base = U::Base>;
    /// It may be NULL.
    const NULLABLE: bool = false;
    /// It is an instant, whatever clock shows it.
    const INSTANT: bool = false;
    /// The values of a stored enum; empty for other types.
    const VALUES: &'static [&'static str] = &[];
    /// The type of a NULL where nothing around it tells.
    const OF_NULL: Cast = Cast::Unknown;
}

/// `U`, or an `Option` of it if `T` is an `Option`.
pub type LikeBoth<T, U> = <T as Field>::Like<U>;

/// A number, for arithmetic and sums.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number",
    label = "arithmetic and sums need a number",
    note = "a text becomes one by `.cast::<i64>()`; of an `Id` take `.cast::<i64>()`, too"
)]
pub trait Number: Field {
    /// The type of its sum.
    type Sum: Field;
    /// What kind of number.
    const KIND: NumberKind;
}

/// What kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// Without a fraction: so are quotients.
    Whole,
    /// With an exact fraction.
    Exact,
    /// Floating-point.
    Float,
}

/// Text, and what is kept as text, for its functions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text",
    label = "this is for texts",
    note = "`.cast::<String>()` makes it one; members of an array are asked for by `.has(…)`, of JSON by `.contains_json(…)`"
)]
pub trait Textual: Field {}

impl Textual for String {}

/// An array, for its operators.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no array",
    label = "this is for columns of a type such as `Vec<String>`",
    note = "`Vec<u8>` is bytes; members of JSON are reached by `.key(…)` and `.index(…)`"
)]
pub trait Array: Field {
    /// The type of its elements.
    type Item: Field;
}

impl<T: Element + Field> Array for Vec<T> {
    type Item = T;
}

/// JSON, for paths into it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no JSON",
    label = "this is for columns of the type `Json`",
    note = "give the field the type `Json`, or a struct that derives `relata::Scalar` with `#[scalar(json)]`"
)]
pub trait Structured: Field {}

impl Structured for serde_json::Value {}

/// A date, with or without a time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no date",
    label = "expected a `Date`, `DateTime` or `Timestamp`",
    note = "a text becomes one by `.cast::<Date>()`"
)]
pub trait Moment: Field {
    /// An instant: its parts are those in UTC.
    const ZONED: bool;
    /// With a time of day.
    const TIMED: bool;
}

macro_rules! moments {
    ($($ty:ty: $zoned:literal $timed:literal),*) => {$(
        impl Moment for $ty {
            const ZONED: bool = $zoned;
            const TIMED: bool = $timed;
        }
    )*};
}
moments!(Date: false false, DateTime: false true, Timestamp: true true);

/// What may stand beside a column that holds a `T`, in a query over `R`: a value, another column, an expression.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be compared with, or assigned to, a column of type `{T}` of `{R}`",
    label = "expected a `{T}`, or a column or expression of `{R}` that gives one",
    note = "NULL is asked for by `.is_none()` and `.is_some()`; a filter that is there only if a value is: \
            `.filter_some(value, |value| …)`; another type is converted by `.cast::<…>()`; columns of another entity are \
            reached along a relation, or by a join",
    note = "a text is no date, number or enum: `\"2026-01-31\".parse()?` gives a date, `Decimal::new(999, 2)` 9.99, an enum is said by \
            its variant, JSON by `serde_json::json!(…)`; a query is a value by `relata::scalar(query)`, a list by `.in_query(query)`"
)]
pub trait Operand<R, T> {
    /// What it gives: an `Option` where it may be NULL.
    type Given: Field;

    /// As untyped data.
    fn into_operand(self) -> Expr;
}

macro_rules! fields {
    ($($($ty:ty),+ => $cast:ident;)*) => {$($(
        #[diagnostic::do_not_recommend]
        impl Field for $ty {
            type Base = $ty;
            type Like<U: Field> = U;
            const OF_NULL: Cast = Cast::$cast;
        }
    )+)*};
}
fields! {
    bool => Bool;
    i8, i16, i32, i64, u8, u16, u32 => Int;
    f32, f64 => Float;
    u64, Decimal => Decimal;
    String => Text;
    Vec<u8> => Bytes;
    Uuid => Uuid;
    Date => Date;
    Time => Time;
    DateTime => DateTime;
    serde_json::Value => Json;
    Interval, SignedDuration, Value => Unknown;
}

#[diagnostic::do_not_recommend]
impl Field for Timestamp {
    type Base = Timestamp;
    type Like<U: Field> = U;
    const OF_NULL: Cast = Cast::Timestamp;
    const INSTANT: bool = true;
}

#[diagnostic::do_not_recommend]
impl<T: Element + Field> Field for Vec<T> {
    type Base = Vec<T>;
    const VALUES: &'static [&'static str] = T::VALUES;
    type Like<U: Field> = U;
}

macro_rules! numbers {
    ($($ty:ty => $sum:ty, $kind:ident);* $(;)?) => {$(
        impl Number for $ty {
            type Sum = $sum;
            const KIND: NumberKind = NumberKind::$kind;
        }
    )*};
}
numbers!(
    i8 => i64, Whole; i16 => i64, Whole; i32 => i64, Whole; i64 => i64, Whole; u8 => i64, Whole; u16 => i64, Whole;
    u32 => i64, Whole; u64 => u64, Whole; f32 => f64, Float; f64 => f64, Float; Decimal => Decimal, Exact;
);

#[diagnostic::do_not_recommend]
impl<T: Field<Base = T>> Field for Option<T> {
    type Base = T;
    type Like<U: Field> = Option<U::Base>;
    const NULLABLE: bool = true;
    const VALUES: &'static [&'static str] = T::VALUES;
    const OF_NULL: Cast = T::OF_NULL;
}

#[diagnostic::do_not_recommend]
impl<E: 'static, K: Field<Base = K>> Field for Id<E, K> {
    type Base = Self;
    type Like<U: Field> = U;
    const OF_NULL: Cast = K::OF_NULL;
}

#[diagnostic::do_not_recommend]
impl<R, T: Field> Operand<R, T> for T {
    type Given = T;

    fn into_operand(self) -> Expr {
        Expr::Value(self.encode())
    }
}

#[diagnostic::do_not_recommend]
impl<R, T: Field<Base = T>> Operand<R, Option<T>> for T {
    type Given = T;

    fn into_operand(self) -> Expr {
        Expr::Value(self.encode())
    }
}

/// A whole number is an exact decimal, so that a literal need not be made one.
macro_rules! whole_numbers {
    ($($ty:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<R> Operand<R, Decimal> for $ty {
            type Given = Decimal;

            fn into_operand(self) -> Expr {
                Expr::Value(Value::Decimal(self.into()))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<R> Operand<R, Option<Decimal>> for $ty {
            type Given = Decimal;

            fn into_operand(self) -> Expr {
                Expr::Value(Value::Decimal(self.into()))
            }
        }
    )*};
}
whole_numbers!(i32, i64);

#[diagnostic::do_not_recommend]
impl<R, T: Field> Operand<R, T> for &T {
    type Given = T;

    fn into_operand(self) -> Expr {
        Expr::Value(self.clone().encode())
    }
}

#[diagnostic::do_not_recommend]
impl<R, T: Field> Operand<R, T> for Column<R, T> {
    type Given = T;

    fn into_operand(self) -> Expr {
        self.into_expr()
    }
}

#[diagnostic::do_not_recommend]
impl<R, T: Field<Base = T>> Operand<R, T> for Column<R, Option<T>> {
    type Given = Option<T>;

    fn into_operand(self) -> Expr {
        self.into_expr()
    }
}

#[diagnostic::do_not_recommend]
impl<R, T: Field<Base = T>> Operand<R, Option<T>> for Column<R, T> {
    type Given = T;

    fn into_operand(self) -> Expr {
        self.into_expr()
    }
}

#[diagnostic::do_not_recommend]
impl<R, T: Field<Base = T>> Operand<R, Option<T>> for Expression<R, T> {
    type Given = T;

    fn into_operand(self) -> Expr {
        self.into_expr()
    }
}

#[diagnostic::do_not_recommend]
impl<R, T: Field> Operand<R, T> for Expression<R, T> {
    type Given = T;

    fn into_operand(self) -> Expr {
        self.into_expr()
    }
}

#[diagnostic::do_not_recommend]
impl<R, T: Field<Base = T>> Operand<R, T> for Expression<R, Option<T>> {
    type Given = Option<T>;

    fn into_operand(self) -> Expr {
        self.into_expr()
    }
}

#[diagnostic::do_not_recommend]
impl<R> Operand<R, String> for &str {
    type Given = String;

    fn into_operand(self) -> Expr {
        Expr::Value(Value::Text(self.to_string()))
    }
}

#[diagnostic::do_not_recommend]
impl<R> Operand<R, Option<String>> for &str {
    type Given = String;

    fn into_operand(self) -> Expr {
        Expr::Value(Value::Text(self.to_string()))
    }
}

#[diagnostic::do_not_recommend]
impl<R> Operand<R, Option<String>> for Option<&str> {
    type Given = Option<String>;

    fn into_operand(self) -> Expr {
        Expr::Value(self.map(str::to_string).encode())
    }
}

#[diagnostic::do_not_recommend]
impl<R, E: 'static, K: Field<Base = K>> Operand<R, Option<Id<E, K>>> for K {
    type Given = Id<E, K>;

    fn into_operand(self) -> Expr {
        Expr::Value(self.encode())
    }
}

#[diagnostic::do_not_recommend]
impl<R, E: 'static, K: Field<Base = K>> Operand<R, Id<E, K>> for K {
    type Given = Id<E, K>;

    fn into_operand(self) -> Expr {
        Expr::Value(self.encode())
    }
}

macro_rules! texts_as_keys {
    ($($of:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<R, E: 'static> Operand<R, $of> for &str {
            type Given = Id<E, String>;

            fn into_operand(self) -> Expr {
                Expr::Value(self.to_string().encode())
            }
        }

        #[diagnostic::do_not_recommend]
        impl<E: 'static> NewValue<$of> for &str {
            fn into_value(self) -> Value {
                self.to_string().encode()
            }
        }
    )*};
}
texts_as_keys!(Id<E, String>, Option<Id<E, String>>);

/// What a setter of a new row takes for a column that holds a `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for a field of type `{T}`",
    label = "expected a `{T}`",
    note = "an `Option<…>` takes the plain value; leave the setter out for NULL, or for the default"
)]
pub trait NewValue<T> {
    /// As a parameter.
    fn into_value(self) -> Value;
}

#[diagnostic::do_not_recommend]
impl<T: Field> NewValue<T> for T {
    fn into_value(self) -> Value {
        self.encode()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Field<Base = T>> NewValue<Option<T>> for T {
    fn into_value(self) -> Value {
        self.encode()
    }
}

#[diagnostic::do_not_recommend]
impl NewValue<String> for &str {
    fn into_value(self) -> Value {
        Value::Text(self.to_string())
    }
}

#[diagnostic::do_not_recommend]
impl NewValue<Option<String>> for &str {
    fn into_value(self) -> Value {
        Value::Text(self.to_string())
    }
}

#[diagnostic::do_not_recommend]
impl NewValue<Option<String>> for Option<&str> {
    fn into_value(self) -> Value {
        self.map(str::to_string).encode()
    }
}

#[diagnostic::do_not_recommend]
impl<E: 'static, K: Field<Base = K>> NewValue<Option<Id<E, K>>> for K {
    fn into_value(self) -> Value {
        self.encode()
    }
}

#[diagnostic::do_not_recommend]
impl<E: 'static, K: Field<Base = K>> NewValue<Id<E, K>> for K {
    fn into_value(self) -> Value {
        self.encode()
    }
}

/// The key of an entity: one field, or a tuple of them.
pub trait Key: Clone + Send + 'static {
    /// Gives its values in the order of the key's columns.
    fn give(self, take: &mut dyn FnMut(Value));
}

impl<T: Field> Key for T {
    fn give(self, take: &mut dyn FnMut(Value)) {
        take(self.encode());
    }
}

/// An entity without key.
impl Key for () {
    fn give(self, _: &mut dyn FnMut(Value)) {}
}

macro_rules! keys {
    ($($name:ident),*) => {
        impl<$($name: Field),*> Key for ($($name,)*) {
            fn give(self, take: &mut dyn FnMut(Value)) {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                $(take($name.encode());)*
            }
        }
    };
}
keys!(A, B);
keys!(A, B, C);
keys!(A, B, C, D);
keys!(A, B, C, D, E);
keys!(A, B, C, D, E, F);
keys!(A, B, C, D, E, F, G);
keys!(A, B, C, D, E, F, G, H);
keys!(A, B, C, D, E, F, G, H, I);
keys!(A, B, C, D, E, F, G, H, I, J);
keys!(A, B, C, D, E, F, G, H, I, J, K);
keys!(A, B, C, D, E, F, G, H, I, J, K, L);
