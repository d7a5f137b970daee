//! Dates and times of the crates chrono and time as columns, each by the feature of its name.
//!
//! Every type here stands for one of jiff and goes through it: it is kept, compared and cast as that one is. What jiff
//! cannot hold (years beyond 9999) travels as text, and the database refuses it or not.

/// The traits of a column for types that convert from and to a type of jiff.
macro_rules! calendar {
    ($($ty:ty => $jiff:ty, $variant:ident, $to:expr, $from:expr, $moment:tt;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Encode for $ty {
            fn encode(self) -> Value {
                let to: fn(&$ty) -> Option<$jiff> = $to;
                to(&self).map_or_else(|| Value::Text(self.to_string()), Value::$variant)
            }
        }

        #[diagnostic::do_not_recommend]
        impl Decode for $ty {
            fn decode(cell: Cell<'_>) -> Result<Self, Mismatch> {
                let from: fn($jiff) -> Option<$ty> = $from;
                let beyond = || Mismatch::expected(concat!("what ", stringify!($ty), " can hold"));
                from(<$jiff>::decode(cell)?).ok_or_else(beyond)
            }
        }

        impl Element for $ty {}

        #[diagnostic::do_not_recommend]
        impl Field for $ty {
            type Base = $ty;
            type Like<U: Field> = U;
            const INSTANT: bool = <$jiff as Field>::INSTANT;
            const OF_NULL: crate::expr::Cast = <$jiff as Field>::OF_NULL;
        }

        impl CastTo for $ty {
            const CAST: &'static Template = <$jiff as CastTo>::CAST;
        }

        impl<R> Argument<R> for $ty {
            type Like<U: Field> = U;

            fn into_argument(self) -> Expr {
                value::<R, $ty>(self).into_expr()
            }
        }

        calendar!(@moment $moment $ty, $jiff);
    )*};
    (@moment yes $ty:ty, $jiff:ty) => {
        impl Moment for $ty {
            const ZONED: bool = <$jiff as Moment>::ZONED;
            const TIMED: bool = <$jiff as Moment>::TIMED;
        }
    };
    (@moment no $ty:ty, $jiff:ty) => {};
}

#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "time")]
mod time;
