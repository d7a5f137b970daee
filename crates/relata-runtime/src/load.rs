//! Loading relations with their parents: one row by a join or, where that would repeat much, by one batched statement for all
//! parents; many rows always by a batched statement. Batches that do not wait for each other's rows leave together
//! ([`wave`]).
//!
//! Invariants
//! - Which way a row comes changes nothing in the result: a parent without the row that it must have is left out, also
//!   from the rows of its own parent, and where it is optional there, is not there.
//! - The number of statements depends on the query's shape, never on the number of rows (but for one more per 16 384
//!   parents).
//! - What was loaded is part of the type: `post.tags()` of a post loaded without its tags does not compile.
//!
//! The list `L` of a query is `()` or `(Load<M, N>, Rest)`; the slots of a row mirror it.

use std::marker::PhantomData;

use relata_sql::driver::Row;
use relata_sql::expr::Expr;
use relata_sql::meta::{Cardinality, Path, RelationMeta, TableMeta};
use relata_sql::tree::{Item, Keys, Scope, Select, Source};
use relata_sql::{Cell, Result, Value};

use crate::entity::{Entity, root_column};
use crate::executor::Executor;
use crate::relation::{Asked, Load, Relation, RelationKind, Streamed};

mod batch;
mod choice;
mod json;
mod places;
mod wave;

pub(crate) use batch::statement;
use batch::{Batched, Parent, fetch_nested};
pub(crate) use places::ParentKey;
pub use wave::{Fetch, Wave};

const BATCH: usize = 16_384;

/// So many keys are always given as a list.
const FEW: usize = 16;

/// An entity and what was loaded with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<E, S> {
    /// The entity.
    pub entity: E,
    /// What was loaded with it.
    pub slots: S,
}

/// The struct that `derive(Entity)` writes around [`Loaded`].
pub trait Carries<E, S>: From<Loaded<E, S>> + Send + Sync + 'static {
    /// What it carries.
    fn loaded(&self) -> &Loaded<E, S>;
    /// What it carries.
    fn loaded_mut(&mut self) -> &mut Loaded<E, S>;
}

/// Entities without relations need no struct of their own.
impl<E: Send + Sync + 'static, S: Send + Sync + 'static> Carries<E, S> for Loaded<E, S> {
    fn loaded(&self) -> &Loaded<E, S> {
        self
    }

    fn loaded_mut(&mut self) -> &mut Loaded<E, S> {
        self
    }
}

/// What was loaded along the relation `M`.
pub struct Slot<M, D> {
    data: D,
    marker: PhantomData<fn() -> M>,
}

impl<M, D: std::fmt::Debug> std::fmt::Debug for Slot<M, D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.data.fmt(f)
    }
}

impl<M, D: Clone> Clone for Slot<M, D> {
    fn clone(&self) -> Self {
        Slot { data: self.data.clone(), marker: PhantomData }
    }
}

/// The relation is first in the list.
pub struct Here;
/// The relation is further down the list.
pub struct There<I>(PhantomData<I>);

/// The slots hold what was loaded along `M`.
#[diagnostic::on_unimplemented(
    message = "the relation `{M}` was not loaded",
    label = "not loaded by the query that gave this row",
    note = "add `.with(…)` for this relation to the query"
)]
pub trait Contains<M, I> {
    /// What was loaded.
    type Data;
    /// What was loaded.
    fn slot(&self) -> &Self::Data;
}

impl<M, D, Rest> Contains<M, Here> for (Slot<M, D>, Rest) {
    type Data = D;

    fn slot(&self) -> &D {
        &self.0.data
    }
}

impl<M, X, D, Rest: Contains<M, I>, I> Contains<M, There<I>> for (Slot<X, D>, Rest) {
    type Data = Rest::Data;

    fn slot(&self) -> &Rest::Data {
        self.1.slot()
    }
}

/// What rows are loaded into, for what does not come by joins.
#[derive(Clone)]
pub struct Below {
    parents: Parents,
    /// Which rows count of those that a join would have brought with the parents.
    scope: Scope,
}

/// Loads what does not come by joins into rows that were read in a scope; leaves out those that lack what they must have.
pub(crate) async fn load_into<E: Entity, L: Loads<E>>(
    loads: &L,
    executor: &mut dyn Executor,
    (parents, scope): (Parents, Scope),
    rows: &mut Vec<L::Output>,
) -> Result<()> {
    if loads.batches() && !rows.is_empty() {
        let mut wave = Wave::new();
        fetch_for(loads, Below { parents, scope }, rows, &mut wave);
        // Boxed: every query would be moved with the room for it.
        Box::pin(wave::run(executor, wave)).await?;
    }
    leave_out(loads, rows);
    Ok(())
}

/// [`load_into`] for the rows of several queries, together.
pub(crate) async fn load_each<E: Entity, L: Loads<E>>(
    executor: &mut dyn Executor,
    mut of_queries: Vec<(&L, Scope, &mut Vec<L::Output>)>,
) -> Result<()> {
    let mut wave = Wave::new();
    for (loads, scope, rows) in &mut of_queries {
        if loads.batches() {
            fetch_for(*loads, Below { parents: Parents::Some, scope: *scope }, rows, &mut wave);
        }
    }
    wave::run(executor, wave).await?;
    for (loads, _, rows) in of_queries {
        leave_out(loads, rows);
    }
    Ok(())
}

fn fetch_for<'a, E: Entity, L: Loads<E>>(loads: &'a L, below: Below, rows: &'a mut [L::Output], wave: &mut Wave<'a>) {
    let mut gathered = L::Gathered::default();
    for row in rows {
        L::gather(row, &mut gathered);
    }
    loads.fetch(below, gathered, wave);
}

/// Leaves out the rows that lack what they must have.
fn leave_out<E: Entity, L: Loads<E>>(loads: &L, rows: &mut Vec<L::Output>) {
    if !loads.may_lack(false) {
        return;
    }
    // `retain_mut`, which would be compiled anew for each query, at four times the size.
    let mut kept = 0;
    for at in 0..rows.len() {
        if L::whole(&mut rows[at]) {
            rows.swap(kept, at);
            kept += 1;
        }
    }
    rows.truncate(kept);
}

/// Which rows are to be loaded into, as far as that is cheaper to say than their keys.
#[derive(Clone)]
pub(crate) enum Parents {
    /// Some.
    Some,
    /// Those that this query gives.
    Of(Box<Select>),
    /// Every row of the table: rows that refer to none of them are hardly to be expected.
    All,
}

impl Parents {
    /// The rows that a query gives.
    pub(crate) fn of(select: &Select, table: &TableMeta) -> Self {
        let narrowed =
            select.filter.is_some() || select.after.is_some() || select.limit.is_some() || select.offset.is_some();
        if narrowed || select.lock.is_some() || !select.distinct_on.is_empty() {
            Parents::Some
        } else if table.soft_delete.is_none() || select.scope == Scope::All {
            Parents::All
        } else {
            Parents::Of(Box::new(Select { items: Vec::new(), order: Vec::new(), ..select.clone() }))
        }
    }

    /// The children of these.
    fn children(&self, asked: &Asked, relation: &'static RelationMeta) -> Self {
        let narrowed = asked.filter.is_some() || asked.limit.is_some() || asked.offset > 0;
        let plain = relation.cardinality == Cardinality::Many
            && relation.via.is_none()
            && relation.only.is_none()
            && relation.further.is_empty();
        if !plain || narrowed {
            return Parents::Some;
        }
        let column = &relation.to.columns[relation.to_column];
        let mut select = Select::new(Source::Entity(relation.to));
        select.scope = asked.scope;
        match self {
            Parents::Some => return Parents::Some,
            Parents::All if column.nullable => select.filter = Some(Expr::IsNull(Box::new(root_column(column)), false)),
            Parents::All => return Parents::of(&select, relation.to),
            Parents::Of(parents) => {
                let keys = Box::new(keys_of(relation, parents));
                select.filter = Some(Expr::InSelect(Box::new(root_column(column)), keys));
            }
        }
        Parents::Of(Box::new(select))
    }

    /// The keys of these, of which so many are known.
    fn keys(&self, relation: &'static RelationMeta, known: Vec<Value>) -> Vec<Keys> {
        // Of those that parents refer to there may be many more.
        let referring = relation.cardinality != Cardinality::Many;
        match if referring { &Parents::Some } else { self } {
            Parents::Of(parents) if known.len() > FEW => vec![Keys::Of(Box::new(keys_of(relation, parents)))],
            Parents::All if known.len() > FEW => vec![Keys::All],
            _ if known.len() <= BATCH => vec![Keys::Values(known)],
            _ => known.chunks(BATCH).map(|chunk| Keys::Values(chunk.to_vec())).collect(),
        }
    }
}

fn keys_of(relation: &'static RelationMeta, parents: &Select) -> Select {
    let mut select = parents.clone();
    select.items = vec![Item::Expr(root_column(&relation.from.columns[relation.from_column]))];
    select
}

/// What a query over `E` gives for each row.
pub trait Loads<E: Entity>: Send + Sync + 'static {
    /// `E` itself, or `E` with what was loaded.
    type Output: Send + Sync + 'static;
    /// The rows of a query, by what is to be loaded into them.
    type Gathered<'a>: Default;
    /// There are relations in it.
    const ANY: bool;

    /// Settles what comes by joins, for so many rows at most.
    fn choose(&mut self, rows: Option<u64>);
    /// How many cells of a row it takes.
    fn width(&self) -> usize;
    /// What to select for it.
    fn items(&self, path: Path, items: &mut Vec<Item>);
    /// The joined places where rows count that are marked as deleted: all of them, or those where it was said.
    fn with_deleted(&self, path: Path, all: bool, out: &mut Vec<Path>);
    /// That there are the rows which must be there and come later; or without joins all that must be there.
    fn requires(&self, path: Path, with_joins: bool, out: &mut Option<Expr>);
    /// Reads it from a row; `at` moves behind it.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read(&self, row: &mut dyn Row, at: &mut usize) -> Result<Self::Output>;
    /// The entity in it.
    fn entity(output: &Self::Output) -> &E;
    /// Adds a row to those that were gathered.
    fn gather<'a>(row: &'a mut Self::Output, gathered: &mut Self::Gathered<'a>);
    /// Adds what does not come by joins to what is about to be loaded into all of them.
    fn fetch<'a>(&'a self, below: Below, gathered: Self::Gathered<'a>, wave: &mut Wave<'a>);
    /// There is something for [`Loads::fetch`] to do.
    fn batches(&self) -> bool;
    /// Rows may lack what they must have: where it comes later, or is joined to what is `optional` itself.
    fn may_lack(&self, optional: bool) -> bool;
    /// Leaves out what lacks something, as far as that is possible; `false`: the row itself does.
    fn whole(output: &mut Self::Output) -> bool;
}

/// What a stream can load with its rows: relations to one, and what those lead to.
pub trait Streams {}

impl Streams for () {}

impl<M: Relation<Kind: Streamed>, N: Streams, T: Streams> Streams for (Load<M, N>, T) {}

impl<E: Entity> Loads<E> for () {
    type Output = E;
    type Gathered<'a> = ();
    const ANY: bool = false;

    fn choose(&mut self, _: Option<u64>) {}

    fn width(&self) -> usize {
        E::TABLE.selected
    }

    fn items(&self, path: Path, items: &mut Vec<Item>) {
        items.push(Item::Entity(path, E::TABLE));
    }

    fn with_deleted(&self, _: Path, _: bool, _: &mut Vec<Path>) {}

    fn requires(&self, _: Path, _: bool, _: &mut Option<Expr>) {}

    #[inline]
    fn read(&self, row: &mut dyn Row, at: &mut usize) -> Result<E> {
        let entity = E::decode(row, *at)?;
        *at += E::TABLE.selected;
        Ok(entity)
    }

    fn entity(output: &E) -> &E {
        output
    }

    fn gather(_: &mut E, (): &mut ()) {}

    fn fetch<'a>(&'a self, _: Below, (): (), _: &mut Wave<'a>) {}

    fn batches(&self) -> bool {
        false
    }

    fn may_lack(&self, _: bool) -> bool {
        false
    }

    fn whole(_: &mut E) -> bool {
        true
    }
}

impl<E: Entity, H: Send + Sync + 'static, T: Send + Sync + 'static> Loads<E> for (H, T)
where
    (H, T): LoadList<E>,
{
    type Output = E::With<<Self as LoadList<E>>::Slots>;
    type Gathered<'a> = <Self as LoadList<E>>::GatheredSlots<'a>;
    const ANY: bool = true;

    fn choose(&mut self, rows: Option<u64>) {
        self.choose_each(rows);
    }

    fn width(&self) -> usize {
        E::TABLE.selected + self.list_width()
    }

    fn items(&self, path: Path, items: &mut Vec<Item>) {
        items.push(Item::Entity(path, E::TABLE));
        self.list_items(path, items);
    }

    fn with_deleted(&self, path: Path, all: bool, out: &mut Vec<Path>) {
        self.list_with_deleted(path, all, out);
    }

    fn requires(&self, path: Path, with_joins: bool, out: &mut Option<Expr>) {
        self.list_requires(path, with_joins, out);
    }

    fn read(&self, row: &mut dyn Row, at: &mut usize) -> Result<Self::Output> {
        let entity = E::decode(row, *at)?;
        *at += E::TABLE.selected;
        let slots = self.read_slots(row, at)?;
        Ok(Loaded { entity, slots }.into())
    }

    fn entity(output: &Self::Output) -> &E {
        &output.loaded().entity
    }

    fn gather<'a>(row: &'a mut Self::Output, gathered: &mut Self::Gathered<'a>) {
        let Loaded { entity, slots } = row.loaded_mut();
        Self::gather_slots(entity, slots, gathered);
    }

    fn fetch<'a>(&'a self, below: Below, gathered: Self::Gathered<'a>, wave: &mut Wave<'a>) {
        self.fetch_slots(below, gathered, wave);
    }

    fn batches(&self) -> bool {
        self.list_batches()
    }

    fn may_lack(&self, optional: bool) -> bool {
        self.list_may_lack(optional)
    }

    fn whole(output: &mut Self::Output) -> bool {
        Self::whole_slots(&mut output.loaded_mut().slots)
    }
}

/// The relations that a query over `E` loads.
pub trait LoadList<E: Entity>: Send + Sync + 'static {
    /// What is kept of them for each row.
    type Slots: Send + Sync + 'static;
    /// [`Loads::Gathered`]: for each relation the slots that it fills, with the row that each belongs to.
    type GatheredSlots<'a>: Default;

    /// [`Loads::choose`] for each.
    fn choose_each(&mut self, rows: Option<u64>);
    /// How many cells of a row the joined ones take.
    fn list_width(&self) -> usize;
    /// What to select for the joined ones.
    fn list_items(&self, path: Path, items: &mut Vec<Item>);
    /// Those of the joined ones whose rows count even where they are marked as deleted.
    fn list_with_deleted(&self, path: Path, all: bool, out: &mut Vec<Path>);
    /// [`Loads::requires`] of all.
    fn list_requires(&self, path: Path, with_joins: bool, out: &mut Option<Expr>);
    /// Reads the joined ones.
    ///
    /// # Errors
    /// `Kind::Decode`.
    fn read_slots(&self, row: &mut dyn Row, at: &mut usize) -> Result<Self::Slots>;
    /// [`Loads::gather`]
    fn gather_slots<'a>(entity: &'a E, slots: &'a mut Self::Slots, gathered: &mut Self::GatheredSlots<'a>);
    /// Adds the others, and what is nested in joined ones, to what is about to be loaded.
    fn fetch_slots<'a>(&'a self, below: Below, gathered: Self::GatheredSlots<'a>, wave: &mut Wave<'a>);
    /// Some of them come by a batched statement.
    fn list_batches(&self) -> bool;
    /// [`Loads::may_lack`] of any.
    fn list_may_lack(&self, optional: bool) -> bool;
    /// [`Loads::whole`] of all.
    fn whole_slots(slots: &mut Self::Slots) -> bool;
}

impl<E: Entity> LoadList<E> for () {
    type Slots = ();
    type GatheredSlots<'a> = ();

    fn choose_each(&mut self, _: Option<u64>) {}

    fn list_width(&self) -> usize {
        0
    }

    fn list_items(&self, _: Path, _: &mut Vec<Item>) {}

    fn list_with_deleted(&self, _: Path, _: bool, _: &mut Vec<Path>) {}

    fn list_requires(&self, _: Path, _: bool, _: &mut Option<Expr>) {}

    fn read_slots(&self, _: &mut dyn Row, _: &mut usize) -> Result<()> {
        Ok(())
    }

    fn gather_slots<'a>(_: &'a E, (): &'a mut (), (): &mut ()) {}

    fn fetch_slots<'a>(&'a self, _: Below, (): (), _: &mut Wave<'a>) {}

    fn list_batches(&self) -> bool {
        false
    }

    fn list_may_lack(&self, _: bool) -> bool {
        false
    }

    fn whole_slots((): &mut ()) -> bool {
        true
    }
}

impl<E, M, N, T> LoadList<E> for (Load<M, N>, T)
where
    E: Entity,
    M: Relation<From = E>,
    N: Loads<M::To>,
    T: LoadList<E>,
{
    type Slots = (Slot<M, <M::Kind as RelationKind>::Data<N::Output>>, T::Slots);
    type GatheredSlots<'a> = (Vec<Parent<'a, E, M, N::Output>>, T::GatheredSlots<'a>);

    fn choose_each(&mut self, rows: Option<u64>) {
        self.0.choose(rows);
        self.1.choose_each(rows);
    }

    fn list_width(&self) -> usize {
        let own = if self.0.is_joined() { self.0.nested.width() } else { 0 };
        own + self.1.list_width()
    }

    fn list_items(&self, path: Path, items: &mut Vec<Item>) {
        if self.0.is_joined() {
            self.0.nested.items(path.step(M::META), items);
        }
        self.1.list_items(path, items);
    }

    fn list_with_deleted(&self, path: Path, all: bool, out: &mut Vec<Path>) {
        if self.0.is_joined() {
            let all = all || self.0.asked.scope != Scope::Live;
            if all {
                out.push(path.step(M::META));
            }
            self.0.nested.with_deleted(path.step(M::META), all, out);
        }
        self.1.list_with_deleted(path, all, out);
    }

    fn list_requires(&self, path: Path, with_joins: bool, out: &mut Option<Expr>) {
        self.0.requires(path, with_joins, out);
        self.1.list_requires(path, with_joins, out);
    }

    fn read_slots(&self, row: &mut dyn Row, at: &mut usize) -> Result<Self::Slots> {
        let start = *at;
        let joined = self.0.is_joined();
        let absent = !joined || matches!(row.cell(start + M::META.to_column)?, Cell::Null);
        let data = M::Kind::start(absent, || self.0.nested.read(row, at))?;
        if joined {
            *at = start + self.0.nested.width();
        }
        Ok((Slot { data, marker: PhantomData }, self.1.read_slots(row, at)?))
    }

    fn gather_slots<'a>(entity: &'a E, slots: &'a mut Self::Slots, gathered: &mut Self::GatheredSlots<'a>) {
        gathered.0.push((entity, &mut slots.0.data));
        T::gather_slots(entity, &mut slots.1, &mut gathered.1);
    }

    fn fetch_slots<'a>(&'a self, below: Below, (own, rest): Self::GatheredSlots<'a>, wave: &mut Wave<'a>) {
        // What could have been joined counts as if it were.
        let scope = if M::Kind::SINGLE && below.scope != Scope::Live { Scope::All } else { self.0.asked.scope };
        if !self.0.is_joined() {
            wave.push(Box::new(Batched::<E, M, N>::new(&self.0, &below.parents, scope, own)));
        } else if N::ANY && self.0.nested.batches() {
            fetch_nested::<E, M, N>(&self.0, Below { parents: Parents::Some, scope }, own, wave);
        }
        if self.1.list_batches() {
            self.1.fetch_slots(below, rest, wave);
        }
    }

    fn list_batches(&self) -> bool {
        !self.0.is_joined() || self.0.nested.batches() || self.1.list_batches()
    }

    fn list_may_lack(&self, optional: bool) -> bool {
        self.0.may_lack(optional) || self.1.list_may_lack(optional)
    }

    fn whole_slots(slots: &mut Self::Slots) -> bool {
        // All are looked at: each may have rows to leave out.
        let own = M::Kind::keep(&mut slots.0.data, N::whole);
        T::whole_slots(&mut slots.1) && own
    }
}
