//! What the parts of a query take: conditions, orders, new values. Traits, so that rustc says in one line what does not fit
//! and where it belongs.

use super::{Assignment, Column, Expression, Having, Order, Pred};

/// A condition on the rows of `R`: a [`Pred`], or a column or expression of type `bool`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no condition on the rows of `{R}`",
    label = "expected a condition on `{R}`, such as `.eq(…)` of one of its columns",
    note = "columns are compared by `.eq(…)`, `.gt(…)` and the like, conditions are combined by `.and(…)`, `.or(…)` and `!`",
    note = "a condition on a group goes to `.having(…)` after `.group_by(…)`; one on a window function to a query around \
            this one: `from(query).filter(…)`",
    note = "columns of another entity are reached along a relation of `{R}`, or by a join"
)]
pub trait Condition<R> {
    /// As a predicate.
    fn into_pred(self) -> Pred<R>;
}

impl<R> Condition<R> for Pred<R> {
    fn into_pred(self) -> Pred<R> {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<R> Condition<R> for Column<R, bool> {
    fn into_pred(self) -> Pred<R> {
        self.holds()
    }
}

#[diagnostic::do_not_recommend]
impl<R> Condition<R> for Expression<R, bool> {
    fn into_pred(self) -> Pred<R> {
        self.holds()
    }
}

/// A condition on the groups of rows of `R`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no condition on groups of `{R}`",
    label = "expected a condition on an aggregate, such as `count_rows().gt(1)`",
    note = "a condition on rows goes to `.filter(…)`, before `.group_by(…)`"
)]
pub trait GroupCondition<R> {
    /// As a condition.
    fn into_having(self) -> Having<R>;
}

impl<R> GroupCondition<R> for Having<R> {
    fn into_having(self) -> Having<R> {
        self
    }
}

/// A key of the order of the rows of `R`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no order of the rows of `{R}`",
    label = "expected `.asc()` or `.desc()` of a column or expression of `{R}`",
    note = "several keys are an `.order(…)` each, the first counts most",
    note = "columns of another entity are reached along a relation of `{R}`, or by a join"
)]
pub trait RowOrder<R> {
    /// As an order.
    fn into_order(self) -> Order<R>;
}

impl<R> RowOrder<R> for Order<R> {
    fn into_order(self) -> Order<R> {
        self
    }
}

/// A new value for a column of `R`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` sets no column of `{R}`",
    label = "expected `.to(…)`, `.add(…)` or `.to_none()` of a column of `{R}`",
    note = "`.eq(…)` compares, `.to(…)` sets; several columns are set by a `.set(…)` each; a whole row that was read and changed \
            is written by `row.save(&mut db)`"
)]
pub trait Change<R> {
    /// As an assignment.
    fn into_assignment(self) -> Assignment<R>;
}

impl<R> Change<R> for Assignment<R> {
    fn into_assignment(self) -> Assignment<R> {
        self
    }
}

/// What the operators `==` and `<` take beside a column: nothing, as Rust's give a `bool` at once.
#[diagnostic::on_unimplemented(
    message = "a column is not compared by `==`, `<` and the like, which compare in Rust",
    label = "say `.eq(…)`, `.ne(…)`, `.lt(…)`, `.le(…)`, `.gt(…)` or `.ge(…)`: they give a condition for the database; NULL is asked for by `.is_none()`"
)]
#[doc(hidden)]
pub trait OfRust {
    /// Nothing implements this, so that nothing calls it.
    fn never() -> !;
}

macro_rules! of_columns {
    ($($word:ident: $message:literal, $label:literal;)*) => {$(
        #[diagnostic::on_unimplemented(message = $message, label = $label)]
        #[doc(hidden)]
        pub trait $word {
            /// Nothing implements this, so that nothing calls it.
            fn never() -> !;
        }
    )*};
}

of_columns! {
    AddsInRust: "a column is not changed by `+=`, which changes what is in Rust", "say `.set(Post.views.add(1))`";
    SubtractsInRust: "a column is not changed by `-=`, which changes what is in Rust", "say `.set(Post.stock.sub(1))`";
    IndexInRust: "a column is no list or map in Rust", "a place in JSON is `.key(\"name\")` or `.index(0)`";
}

impl<R, T, V: AddsInRust> std::ops::AddAssign<V> for Column<R, T> {
    fn add_assign(&mut self, _: V) {
        V::never()
    }
}

impl<R, T, V: SubtractsInRust> std::ops::SubAssign<V> for Column<R, T> {
    fn sub_assign(&mut self, _: V) {
        V::never()
    }
}

impl<R, T, V: IndexInRust> std::ops::Index<V> for Column<R, T> {
    type Output = super::JsonPath<R>;

    fn index(&self, _: V) -> &Self::Output {
        V::never()
    }
}

/// SQL that stands in the program: a literal or a constant, so that nothing from outside can be part of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no SQL that stands in the program",
    label = "expected a literal, or a constant of the type `&'static str`",
    note = "values are bound: write `?` where they go, and give them in the tuple behind the text",
    note = "a text that is put together at run time goes to `relata::sql_unchecked`, which says what it is"
)]
pub trait ProgramText {
    /// The text.
    fn text(self) -> &'static str;
}

impl ProgramText for &'static str {
    fn text(self) -> &'static str {
        self
    }
}

/// A text that is looked for, or a pattern.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text to look for",
    label = "expected a text: `&str`, `String`",
    note = "a number is looked for by `.eq(…)`, or as a text: `number.to_string()`; another column by `.like(…)` of a `relata::fragment(…)`"
)]
pub trait PlainText {
    /// The text.
    fn into_text(self) -> String;
}

#[diagnostic::do_not_recommend]
impl<T: Into<String>> PlainText for T {
    fn into_text(self) -> String {
        self.into()
    }
}

/// A value of a column of type `T`, for lists and ranges: a `T`, what becomes one, or a reference to what is copied and becomes
/// one. `H` is which of these it is; rustc finds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a column of type `{T}`",
    label = "expected a `{T}`, or what becomes one",
    note = "a column of another type is converted by `.cast::<…>()`; a query in the place of a list goes to `.in_query(…)`"
)]
pub trait ValueOf<T, H> {
    /// As one.
    fn into_value_of(self) -> T;
}

/// Given itself.
#[doc(hidden)]
pub enum ByValue {}

/// Given by reference, as the members of a slice are.
#[doc(hidden)]
pub enum ByReference {}

#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> ValueOf<T, ByValue> for V {
    fn into_value_of(self) -> T {
        self.into()
    }
}

#[diagnostic::do_not_recommend]
impl<T, V: Copy + Into<T>> ValueOf<T, ByReference> for &V {
    fn into_value_of(self) -> T {
        (*self).into()
    }
}
