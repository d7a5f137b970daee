//! Relations as they are written in queries: `Post.author`, `Post.comments.order(…).limit(3)`.
//!
//! `derive(Entity)` writes one marker type per relation that implements [`Relation`]; [`Rel`] is the value beside the
//! columns. What is to be loaded is a [`Load`].
//!
//! Rows of a relation to one come by a join or by a statement of their own, whichever is expected to cost less: a join saves a
//! round trip, but repeats the row for every parent. Both give the same rows; [`Load::joined`] and [`Load::batched`]
//! settle it by hand.

mod named;
mod reference;

use std::marker::PhantomData;

use relata_sql::Result;
use relata_sql::expr::{Expr, OrderKey, Related};
use relata_sql::meta::{Path, RelationMeta};
use relata_sql::tree::Scope;
use relata_sql::typed::{Aggregate, Collected, Computed, Condition, Expression, Field, Pred, RowOrder};

use crate::entity::{Entity, Presence};

pub use named::{Named, number};
pub use reference::{Inside, KeyOf, Of, ReferenceTo, Text, Unique, Whole, refers};

/// A relation between two entities, as a type.
pub trait Relation: Send + Sync + 'static {
    /// Where it starts.
    type From: Entity;
    /// Where it leads.
    type To: Entity;
    /// How many rows: [`One`], [`Optional`] or [`Many`].
    type Kind: RelationKind;
    /// What the engine knows of it.
    const META: &'static RelationMeta;
}

/// How what a relation leads to is kept.
pub trait RelationKind: Send + Sync + 'static {
    /// One `O`, perhaps one, or many.
    type Data<O: Send + Sync + 'static>: Send + Sync + 'static;
    /// It leads to one row at most, which a join can bring.
    const SINGLE: bool;

    /// What is there before anything was batched; a joined one is read by `read`, unless it is `absent`.
    ///
    /// # Errors
    /// Those of `read`.
    fn start<O: Send + Sync + 'static>(absent: bool, read: impl FnOnce() -> Result<O>) -> Result<Self::Data<O>>;

    /// Gives all there are, to load more into them.
    fn each<'d, O: Send + Sync + 'static>(data: &'d mut Self::Data<O>, give: &mut dyn FnMut(&'d mut O));

    /// Adds one that came by a batch.
    fn add<O: Send + Sync + 'static>(data: &mut Self::Data<O>, child: O);

    /// Drops the rows that are not `whole`; `false`: then a row is missing that has to be there.
    fn keep<O: Send + Sync + 'static>(data: &mut Self::Data<O>, whole: impl FnMut(&mut O) -> bool) -> bool;
}

/// Relations to one row, which can come by a join.
#[diagnostic::on_unimplemented(
    message = "a relation to many rows is not joined",
    label = "leads to many rows",
    note = "its rows come by one statement for all parents: leave `.joined()` and `.batched()` away"
)]
pub trait ToOne: RelationKind {}

/// Relations to many rows, of which only some may be wanted.
#[diagnostic::on_unimplemented(
    message = "a relation to one row is loaded as it is",
    label = "leads to one row: there is nothing to filter or to count off",
    note = "filter the query itself along the relation: `.filter(Post.author().name.eq(…))`"
)]
pub trait ToMany: RelationKind {}

/// Relations whose rows come with the row itself, so that a stream can load them.
#[diagnostic::on_unimplemented(
    message = "a stream does not load a relation to many rows",
    label = "this query loads many rows with each row",
    note = "read it in pages: `.page(…)` in a loop, each `.after(…)` the one before, loads them by one statement for a page; or \
            stream the rows of the relation itself, with the row that they belong to (`Comment::find().with(Comment.post)`)"
)]
pub trait Streamed: RelationKind {}

/// Exactly one.
pub struct One;
/// At most one.
pub struct Optional;
/// Any number.
pub struct Many;

impl ToMany for Many {}

impl ToOne for One {}
impl ToOne for Optional {}

impl Streamed for One {}
impl Streamed for Optional {}

/// The row that a relation to exactly one leads to.
///
/// Invariant: it is there in every row that a query gives; a parent without it is left out as a join would.
#[derive(Clone, PartialEq, Eq)]
pub struct Required<O>(Option<O>);

impl<O> Required<O> {
    /// The row.
    #[allow(clippy::missing_panics_doc, reason = "by the invariant")]
    pub fn row(&self) -> &O {
        self.0.as_ref().expect("rows without what they need are left out")
    }
}

impl<O: std::fmt::Debug> std::fmt::Debug for Required<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(row) => row.fmt(f),
            None => f.write_str("missing"),
        }
    }
}

impl<O: serde::Serialize> serde::Serialize for Required<O> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl RelationKind for One {
    type Data<O: Send + Sync + 'static> = Required<O>;
    const SINGLE: bool = true;

    fn start<O: Send + Sync + 'static>(absent: bool, read: impl FnOnce() -> Result<O>) -> Result<Required<O>> {
        Optional::start(absent, read).map(Required)
    }

    fn each<'d, O: Send + Sync + 'static>(data: &'d mut Required<O>, give: &mut dyn FnMut(&'d mut O)) {
        Optional::each(&mut data.0, give);
    }

    fn add<O: Send + Sync + 'static>(data: &mut Required<O>, child: O) {
        data.0 = Some(child);
    }

    fn keep<O: Send + Sync + 'static>(data: &mut Required<O>, whole: impl FnMut(&mut O) -> bool) -> bool {
        data.0.as_mut().is_some_and(whole)
    }
}

impl RelationKind for Optional {
    type Data<O: Send + Sync + 'static> = Option<O>;
    const SINGLE: bool = true;

    fn start<O: Send + Sync + 'static>(absent: bool, read: impl FnOnce() -> Result<O>) -> Result<Option<O>> {
        if absent { Ok(None) } else { read().map(Some) }
    }

    fn each<'d, O: Send + Sync + 'static>(data: &'d mut Option<O>, give: &mut dyn FnMut(&'d mut O)) {
        if let Some(row) = data {
            give(row);
        }
    }

    fn add<O: Send + Sync + 'static>(data: &mut Option<O>, child: O) {
        *data = Some(child);
    }

    fn keep<O: Send + Sync + 'static>(data: &mut Option<O>, mut whole: impl FnMut(&mut O) -> bool) -> bool {
        data.take_if(|row| !whole(row));
        true
    }
}

impl RelationKind for Many {
    type Data<O: Send + Sync + 'static> = Vec<O>;
    const SINGLE: bool = false;

    fn start<O: Send + Sync + 'static>(_: bool, _: impl FnOnce() -> Result<O>) -> Result<Vec<O>> {
        Ok(Vec::new())
    }

    fn each<'d, O: Send + Sync + 'static>(data: &'d mut Vec<O>, give: &mut dyn FnMut(&'d mut O)) {
        for row in data {
            give(row);
        }
    }

    fn add<O: Send + Sync + 'static>(data: &mut Vec<O>, child: O) {
        data.push(child);
    }

    fn keep<O: Send + Sync + 'static>(data: &mut Vec<O>, whole: impl FnMut(&mut O) -> bool) -> bool {
        data.retain_mut(whole);
        true
    }
}

/// A relation of the entity at some place in a query over `R`.
pub struct Rel<R, M> {
    /// Nothing. Whoever writes `Post.author.name` reads this name: the columns of one related row are behind parentheses,
    /// `Post.author().name`.
    pub columns_of_one_row_are_behind_parentheses: (),
    /// Nothing. Whoever writes `User.posts.title` reads this name: many rows are asked by `User.posts.any(Post.title.eq("x"))`.
    pub many_rows_are_asked_by_any: (),
    path: Path,
    marker: PhantomData<fn() -> (R, M)>,
}

impl<R, M> Clone for Rel<R, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R, M> Copy for Rel<R, M> {}

impl<R: 'static, M: Relation> Rel<R, M> {
    /// The relation of the entity at `path`; `derive(Entity)` writes these.
    pub const fn new(path: Path) -> Self {
        Rel { columns_of_one_row_are_behind_parentheses: (), many_rows_are_asked_by_any: (), path, marker: PhantomData }
    }

    /// The columns of the entity it leads to; only for relations that lead to one row.
    pub fn columns<N: Presence>(self) -> N::Columns<M::To, R> {
        N::columns::<M::To, R>(self.path.step(M::META))
    }

    /// There is a related row with this.
    pub fn any(self, filter: Pred<M::To>) -> Pred<R> {
        Pred::new(Expr::Exists(Box::new(self.related(Some(filter.into_expr())))))
    }

    /// There is no related row with this.
    pub fn none(self, filter: Pred<M::To>) -> Pred<R> {
        !self.any(filter)
    }

    /// There is a related row.
    pub fn exists(self) -> Pred<R> {
        Pred::new(Expr::Exists(Box::new(self.related(None))))
    }

    /// There is no related row.
    #[doc(alias = "missing")]
    pub fn is_empty(self) -> Pred<R> {
        !self.exists()
    }

    /// How many related rows there are.
    pub fn count(self) -> Expression<R, i64> {
        Expression::new(Expr::AggregateRelated(Box::new(self.related(None))))
    }

    /// How many related rows with this there are.
    pub fn count_where(self, filter: Pred<M::To>) -> Expression<R, i64> {
        Expression::new(Expr::AggregateRelated(Box::new(self.related(Some(filter.into_expr())))))
    }

    /// What an aggregate gives of the related rows: their sum, the latest of them, a list of their names.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let pages: Vec<(String, Option<i64>)> =
    ///     Author::find().order(Author.id.asc()).select((Author.name, Author.books.select(Book.pages.sum()))).all(&mut db).await?;
    /// assert_eq!(pages[0], ("Ursula".to_string(), Some(525)));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "annotate")]
    pub fn select<A: OfRelated<M::To>>(self, aggregate: A) -> Expression<R, A::Output> {
        let related = Related { value: Some(aggregate.into_value()), ..self.related(None) };
        Expression::new(Expr::AggregateRelated(Box::new(related)))
    }

    /// The same of the related rows with this.
    pub fn select_where<A: OfRelated<M::To>>(self, filter: Pred<M::To>, aggregate: A) -> Expression<R, A::Output> {
        let related = Related { value: Some(aggregate.into_value()), ..self.related(Some(filter.into_expr())) };
        Expression::new(Expr::AggregateRelated(Box::new(related)))
    }

    fn related(self, filter: Option<Expr>) -> Related {
        Related { path: self.path, relation: M::META, scope: Scope::Live, filter, value: None }
    }

    /// To be loaded with this order.
    pub fn order<O: RowOrder<M::To>>(self, order: impl FnOnce(ColumnsOf<M>) -> O) -> Load<M> {
        self.load().order(order)
    }

    /// To be loaded with this filter.
    pub fn filter<C: Condition<M::To>>(self, filter: impl FnOnce(ColumnsOf<M>) -> C) -> Load<M>
    where
        M::Kind: ToMany,
    {
        self.load().filter(filter)
    }

    /// To be loaded with at most so many rows for each parent.
    pub fn limit(self, limit: u64) -> Load<M>
    where
        M::Kind: ToMany,
    {
        self.load().limit(limit)
    }

    /// To be loaded without the first so many rows of each parent.
    pub fn offset(self, offset: u64) -> Load<M>
    where
        M::Kind: ToMany,
    {
        self.load().offset(offset)
    }

    /// To be loaded with rows that are marked as deleted.
    pub fn with_deleted(self) -> Load<M> {
        self.load().with_deleted()
    }

    /// To be loaded together with a relation of its own.
    pub fn with<X: IntoLoad<M::To>>(self, inner: X) -> Load<M, And<M::To, X, ()>> {
        self.load().with(inner)
    }

    /// To be loaded by a join.
    pub fn joined(self) -> Load<M>
    where
        M::Kind: ToOne,
    {
        self.load().joined()
    }

    /// To be loaded by a statement of its own for all parents.
    pub fn batched(self) -> Load<M>
    where
        M::Kind: ToOne,
    {
        self.load().batched()
    }

    /// To be loaded.
    pub fn load(self) -> Load<M> {
        Load { asked: Asked::default(), nested: (), marker: PhantomData }
    }
}

/// The columns of what a relation leads to, seen from there.
type ColumnsOf<M> = <<M as Relation>::To as Entity>::Columns<<M as Relation>::To>;

/// How the row of a relation to one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    /// Not settled yet.
    #[default]
    Cheapest,
    /// With its parent.
    Joined,
    /// By one statement for all parents.
    Batched,
}

/// Which rows of a relation are to be loaded, in which order, and how they come.
#[derive(Default, Clone)]
pub(crate) struct Asked {
    pub(crate) order: Vec<OrderKey>,
    pub(crate) filter: Option<Expr>,
    pub(crate) limit: Option<u64>,
    pub(crate) offset: u64,
    pub(crate) scope: Scope,
    pub(crate) way: Way,
}

/// One value of many related rows, for [`Rel::select`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no single value of related rows of `{R}`",
    label = "expected an aggregate of `{R}`, such as `.sum()`, `.max()` or `.string_list(\", \")` of one of its columns"
)]
pub trait OfRelated<R> {
    /// What it gives.
    type Output: Field;
    /// The untyped data.
    fn into_value(self) -> Expr;
}

macro_rules! of_related {
    ($($name:ident),*) => {$(
        impl<R, T: Field> OfRelated<R> for $name<R, T> {
            type Output = T;

            fn into_value(self) -> Expr {
                self.into_expr()
            }
        }
    )*};
}
of_related!(Aggregate, Computed, Collected);

/// A relation to be loaded: which of its rows, in which order, and what with them.
pub struct Load<M, N = ()> {
    pub(crate) asked: Asked,
    pub(crate) nested: N,
    marker: PhantomData<fn() -> M>,
}

impl<M, N: Clone> Clone for Load<M, N> {
    fn clone(&self) -> Self {
        Load { asked: self.asked.clone(), nested: self.nested.clone(), marker: PhantomData }
    }
}

impl<M: Relation, N> Load<M, N> {
    /// Adds a key to the order. Of rows that come by a join there is only one: then it has no effect.
    #[must_use]
    pub fn order<O: RowOrder<M::To>>(mut self, order: impl FnOnce(ColumnsOf<M>) -> O) -> Self {
        self.asked.order.push(order(M::To::columns(Path::ROOT)).into_order().into_key());
        self
    }

    /// Leaves out rows that do not keep this.
    #[must_use]
    pub fn filter<C: Condition<M::To>>(mut self, filter: impl FnOnce(ColumnsOf<M>) -> C) -> Self
    where
        M::Kind: ToMany,
    {
        Expr::and_into(&mut self.asked.filter, filter(M::To::columns(Path::ROOT)).into_pred().into_expr());
        self
    }

    /// At most so many rows for each parent.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self
    where
        M::Kind: ToMany,
    {
        self.asked.limit = Some(limit);
        self
    }

    /// Without the first so many rows of each parent.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self
    where
        M::Kind: ToMany,
    {
        self.asked.offset = offset;
        self
    }

    /// Also rows that are marked as deleted.
    #[must_use]
    pub fn with_deleted(mut self) -> Self {
        self.asked.scope = Scope::All;
        self
    }

    /// By a join, whatever else it is expected to cost: no further statement.
    #[must_use]
    pub fn joined(mut self) -> Self
    where
        M::Kind: ToOne,
    {
        self.asked.way = Way::Joined;
        self
    }

    /// By one statement for all parents: nothing is sent more than once.
    #[must_use]
    pub fn batched(mut self) -> Self
    where
        M::Kind: ToOne,
    {
        self.asked.way = Way::Batched;
        self
    }

    /// Together with a relation of its own.
    pub fn with<X: IntoLoad<M::To>>(self, inner: X) -> Load<M, And<M::To, X, N>> {
        Load { asked: self.asked, nested: (inner.into_load(), self.nested), marker: PhantomData }
    }
}

/// The list of what is loaded, with one relation more.
pub type And<E, X, L> = (Load<<X as IntoLoad<E>>::Relation, <X as IntoLoad<E>>::Nested>, L);

/// What fits `.with(…)` of a query over `E`: a relation of `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no relation of `{E}`",
    label = "expected a relation of `{E}`, such as one of its `#[references]`, `#[has_many]` or `#[many_to_many]`",
    note = "a relation is named without parentheses, `Post.author`; what it leads to is no relation, neither the entity nor its columns",
    note = "several relations are a `.with(…)` each; those of a relation stand in it: `.with(User.posts.with(Post.comments))`"
)]
pub trait IntoLoad<E> {
    /// Which relation.
    type Relation: Relation<From = E>;
    /// What with it.
    type Nested: Send + Sync + 'static;
    /// As what is to be loaded.
    fn into_load(self) -> Load<Self::Relation, Self::Nested>;
}

impl<E: Entity, M: Relation<From = E>> IntoLoad<E> for Rel<E, M> {
    type Relation = M;
    type Nested = ();

    fn into_load(self) -> Load<M> {
        self.load()
    }
}

impl<E: Entity, M: Relation<From = E>, N: Send + Sync + 'static> IntoLoad<E> for Load<M, N> {
    type Relation = M;
    type Nested = N;

    fn into_load(self) -> Load<M, N> {
        self
    }
}
