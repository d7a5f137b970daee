//! Groups with subtotals, in which a key that was left out is NULL: what is read of a key is an `Option` by itself.

use std::marker::PhantomData;

use relata_sql::Result;
use relata_sql::driver::Row;
use relata_sql::expr::Expr;
use relata_sql::tree::{Grouping, Item, Select};
use relata_sql::typed::{Aggregate, Collected, Column, Expression, Field, GroupCondition, Having, Order};

use super::{Grouped, Projection, next};
use crate::entity::Entity;
use crate::join::{ColumnsIn, JoinedGroups, Scope};

/// What can be read of groups with subtotals: keys, as `Option`s, and aggregates.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from groups of `{R}`",
    label = "expected a column, expression or aggregate of `{R}`, or a tuple of them"
)]
pub trait SubtotalSelection<R> {
    /// What comes out of it.
    type Output: Send + Sync;

    /// What to select.
    fn push(self, items: &mut Vec<Item>);
    /// Reads it from a row; `at` moves behind it.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read(row: &mut dyn Row, at: &mut usize) -> Result<Self::Output>;
}

macro_rules! selections {
    ($($name:ident => $output:ty, |$value:ident| $expr:expr;)*) => {$(
        impl<R, T: Field> SubtotalSelection<R> for $name<R, T> {
            type Output = $output;

            fn push(self, items: &mut Vec<Item>) {
                let $value = self;
                items.push(Item::Expr($expr));
            }

            fn read(row: &mut dyn Row, at: &mut usize) -> Result<$output> {
                next(row, at)
            }
        }
    )*};
}
selections! {
    Column => Option<T::Base>, |column| column.expr().into_expr();
    Expression => Option<T::Base>, |expression| expression.into_expr();
    Aggregate => T, |aggregate| aggregate.into_expr();
    Collected => T, |collected| collected.into_expr();
}

macro_rules! tuples {
    ($($name:ident),*) => {
        impl<R, $($name: SubtotalSelection<R>),*> SubtotalSelection<R> for ($($name,)*) {
            type Output = ($($name::Output,)*);

            fn push(self, items: &mut Vec<Item>) {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                $($name.push(items);)*
            }

            fn read(row: &mut dyn Row, at: &mut usize) -> Result<Self::Output> {
                Ok(($($name::read(row, at)?,)*))
            }
        }
    };
}
tuples!(A);
tuples!(A, B);
tuples!(A, B, C);
tuples!(A, B, C, D);
tuples!(A, B, C, D, E);
tuples!(A, B, C, D, E, F);
tuples!(A, B, C, D, E, F, G);
tuples!(A, B, C, D, E, F, G, H);

fn with(mut select: Select, grouping: Grouping) -> Select {
    select.grouping = Some(grouping);
    select
}

fn sets<'s>(sets: impl IntoIterator<Item = &'s [usize]>) -> Grouping {
    Grouping::Sets(sets.into_iter().map(<[usize]>::to_vec).collect())
}

/// Groups with subtotals.
#[must_use = "groups say nothing until `.select(…)`"]
pub struct Subtotals<E> {
    select: Select,
    marker: PhantomData<fn() -> E>,
}

impl<E: Entity> Grouped<E> {
    /// Also subtotals: of each beginning of the keys, down to the total, in which the keys that were left out are `None`.
    /// **Dialects**: not SQLite; MariaDB then takes no order.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find().group_by(Book.author_id).rollup().select((Book.author_id, relata::count_rows()));
    /// let rows = books.all(&mut db).await?;
    /// assert!(rows.contains(&(None, 3))); // the total
    /// # Ok(())
    /// # }
    /// ```
    pub fn rollup(self) -> Subtotals<E> {
        Subtotals { select: with(self.select, Grouping::Rollup), marker: PhantomData }
    }

    /// Also subtotals of each subset of the keys. **Dialects**: PostgreSQL.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find().group_by((Book.author_id, Book.pages)).cube();
    /// let rows = books.select((Book.author_id, Book.pages, relata::count_rows())).all(&mut db).await?;
    /// assert!(rows.contains(&(None, Some(204), 1))); // of all authors
    /// # Ok(())
    /// # }
    /// ```
    pub fn cube(self) -> Subtotals<E> {
        Subtotals { select: with(self.select, Grouping::Cube), marker: PhantomData }
    }

    /// Groups by each of these subsets of the keys, given by their positions from 0: `[&[0, 1][..], &[0], &[]]`.
    /// **Dialects**: PostgreSQL.
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = Book::find().group_by((Book.author_id, Book.pages)).sets([&[0][..], &[1]]);
    /// let rows = books.select((Book.author_id, Book.pages, relata::count_rows())).all(&mut db).await?;
    /// assert!(rows.contains(&(Some(Id::new(1)), None, 2)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn sets<'s>(self, subsets: impl IntoIterator<Item = &'s [usize]>) -> Subtotals<E> {
        Subtotals { select: with(self.select, sets(subsets)), marker: PhantomData }
    }
}

impl<E: Entity> Subtotals<E> {
    /// Only groups that keep this.
    pub fn having(mut self, having: impl GroupCondition<E>) -> Self {
        Expr::and_into(&mut self.select.having, having.into_having().into_expr());
        self
    }

    /// What to read of each group: its keys, as `Option`s, and aggregates.
    pub fn select<S: SubtotalSelection<E>>(mut self, selection: S) -> Projection<E, S::Output> {
        selection.push(&mut self.select.items);
        Projection::reading(self.select, S::read)
    }
}

/// Groups of joined rows, with subtotals.
#[must_use = "groups say nothing until `.select(…)`"]
pub struct JoinedSubtotals<S> {
    select: Select,
    marker: PhantomData<fn() -> S>,
}

impl<S: Scope> JoinedGroups<S> {
    /// As [`Grouped::rollup`].
    pub fn rollup(self) -> JoinedSubtotals<S> {
        JoinedSubtotals { select: with(self.select, Grouping::Rollup), marker: PhantomData }
    }

    /// As [`Grouped::cube`].
    pub fn cube(self) -> JoinedSubtotals<S> {
        JoinedSubtotals { select: with(self.select, Grouping::Cube), marker: PhantomData }
    }

    /// As [`Grouped::sets`].
    pub fn sets<'s>(self, subsets: impl IntoIterator<Item = &'s [usize]>) -> JoinedSubtotals<S> {
        JoinedSubtotals { select: with(self.select, sets(subsets)), marker: PhantomData }
    }
}

impl<S: Scope> JoinedSubtotals<S> {
    /// Only groups that keep this.
    pub fn having(mut self, having: impl FnOnce(ColumnsIn<S>) -> Having<S>) -> Self {
        Expr::and_into(&mut self.select.having, having(S::columns()).into_expr());
        self
    }

    /// Adds a key to the order of the groups.
    pub fn order(mut self, order: impl FnOnce(ColumnsIn<S>) -> Order<S>) -> Self {
        self.select.order.push(order(S::columns()).into_key());
        self
    }

    /// What to read of each group: its keys, as `Option`s, and aggregates.
    pub fn select<T: SubtotalSelection<S>>(
        mut self,
        selection: impl FnOnce(ColumnsIn<S>) -> T,
    ) -> Projection<S, T::Output> {
        selection(S::columns()).push(&mut self.select.items);
        Projection::reading(self.select, T::read)
    }
}
