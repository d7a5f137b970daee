//! Loading relations with their parents: one row by a join or, where that would repeat much, by one batched statement for all
//! parents; many rows always by a batched statement.
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

use relata_sql::driver::{BoxFuture, Row, RowSink};
use relata_sql::expr::{Expr, Nulls, OrderKey};
use relata_sql::meta::{Cardinality, Path, RelationMeta, TableMeta};
use relata_sql::tree::{Batch, Item, Keys, Scope, Select, Source, Tree};
use relata_sql::{Cell, Result, Value};

use crate::entity::{Entity, mapped, root_column};
use crate::executor::{Executor, Intent};
use crate::find::at_row;
use crate::relation::{Load, Relation, RelationKind};

mod choice;
mod places;

pub(crate) use places::ParentKey;
use places::Places;

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

/// How to load into rows that were read.
pub struct Loading<'a> {
    executor: &'a mut dyn Executor,
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
        loads.load(Loading { executor, parents, scope }, rows.iter_mut().collect()).await?;
    }
    if loads.may_lack(false) {
        rows.retain_mut(L::whole);
    }
    Ok(())
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
        let narrowed = select.filter.is_some() || select.limit.is_some() || select.offset.is_some();
        if narrowed || select.lock.is_some() || !select.distinct_on.is_empty() {
            Parents::Some
        } else if table.soft_delete.is_none() || select.scope == Scope::All {
            Parents::All
        } else {
            Parents::Of(Box::new(Select { items: Vec::new(), order: Vec::new(), ..select.clone() }))
        }
    }

    /// The children of these.
    fn children<M, N>(&self, load: &Load<M, N>, relation: &'static RelationMeta) -> Self {
        let narrowed = load.filter.is_some() || load.limit.is_some() || load.offset > 0;
        let plain = relation.cardinality == Cardinality::Many
            && relation.via.is_none()
            && relation.only.is_none()
            && relation.further.is_empty();
        if !plain || narrowed {
            return Parents::Some;
        }
        let column = &relation.to.columns[relation.to_column];
        let mut select = Select::new(Source::Entity(relation.to));
        select.scope = load.scope;
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
    fn read(&self, row: &dyn Row, at: &mut usize) -> Result<Self::Output>;
    /// The entity in it.
    fn entity(output: &Self::Output) -> &E;
    /// Loads into all of them what does not come by joins.
    fn load<'a>(&'a self, loading: Loading<'a>, rows: Vec<&'a mut Self::Output>) -> BoxFuture<'a, Result<()>>;
    /// There is something for [`Loads::load`] to do.
    fn batches(&self) -> bool;
    /// Rows may lack what they must have: where it comes later, or is joined to what is `optional` itself.
    fn may_lack(&self, optional: bool) -> bool;
    /// Leaves out what lacks something, as far as that is possible; `false`: the row itself does.
    fn whole(output: &mut Self::Output) -> bool;
}

impl<E: Entity> Loads<E> for () {
    type Output = E;

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
    fn read(&self, row: &dyn Row, at: &mut usize) -> Result<E> {
        let entity = E::decode(row, *at)?;
        *at += E::TABLE.selected;
        Ok(entity)
    }

    fn entity(output: &E) -> &E {
        output
    }

    fn load<'a>(&'a self, _: Loading<'a>, _: Vec<&'a mut E>) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

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

    fn read(&self, row: &dyn Row, at: &mut usize) -> Result<Self::Output> {
        let entity = E::decode(row, *at)?;
        *at += E::TABLE.selected;
        let slots = self.read_slots(row, at)?;
        Ok(Loaded { entity, slots }.into())
    }

    fn entity(output: &Self::Output) -> &E {
        &output.loaded().entity
    }

    fn load<'a>(&'a self, loading: Loading<'a>, rows: Vec<&'a mut Self::Output>) -> BoxFuture<'a, Result<()>> {
        let rows = rows.into_iter().map(|row| {
            let loaded = row.loaded_mut();
            (&loaded.entity, &mut loaded.slots)
        });
        self.load_slots(loading, rows.collect())
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
    fn read_slots(&self, row: &dyn Row, at: &mut usize) -> Result<Self::Slots>;
    /// Loads the others, and what is nested in any.
    fn load_slots<'a>(
        &'a self,
        loading: Loading<'a>,
        rows: Vec<(&'a E, &'a mut Self::Slots)>,
    ) -> BoxFuture<'a, Result<()>>;
    /// Some of them come by a batched statement.
    fn list_batches(&self) -> bool;
    /// [`Loads::may_lack`] of any.
    fn list_may_lack(&self, optional: bool) -> bool;
    /// [`Loads::whole`] of all.
    fn whole_slots(slots: &mut Self::Slots) -> bool;
}

impl<E: Entity> LoadList<E> for () {
    type Slots = ();

    fn choose_each(&mut self, _: Option<u64>) {}

    fn list_width(&self) -> usize {
        0
    }

    fn list_items(&self, _: Path, _: &mut Vec<Item>) {}

    fn list_with_deleted(&self, _: Path, _: bool, _: &mut Vec<Path>) {}

    fn list_requires(&self, _: Path, _: bool, _: &mut Option<Expr>) {}

    fn read_slots(&self, _: &dyn Row, _: &mut usize) -> Result<()> {
        Ok(())
    }

    fn load_slots<'a>(&'a self, _: Loading<'a>, _: Vec<(&'a E, &'a mut ())>) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

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
            let all = all || self.0.scope != Scope::Live;
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

    fn read_slots(&self, row: &dyn Row, at: &mut usize) -> Result<Self::Slots> {
        let start = *at;
        let joined = self.0.is_joined();
        let absent = !joined || matches!(row.cell(start + M::META.to_column)?, Cell::Null);
        let data = M::Kind::start(absent, || self.0.nested.read(row, at))?;
        if joined {
            *at = start + self.0.nested.width();
        }
        Ok((Slot { data, marker: PhantomData }, self.1.read_slots(row, at)?))
    }

    fn load_slots<'a>(
        &'a self,
        loading: Loading<'a>,
        rows: Vec<(&'a E, &'a mut Self::Slots)>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut own = Vec::with_capacity(rows.len());
            let mut rest = Vec::with_capacity(rows.len());
            for (entity, slots) in rows {
                own.push((entity, &mut slots.0.data));
                rest.push((entity, &mut slots.1));
            }
            let Loading { executor, parents, scope } = loading;
            let mut children_of = Parents::Some;
            // What could have been joined counts as if it were.
            let scope_there = if M::Kind::SINGLE && scope != Scope::Live { Scope::All } else { self.0.scope };
            if !self.0.is_joined() {
                batch::<E, M, N>(&self.0, executor, (&parents, scope_there), &mut own).await?;
                children_of = parents.children(&self.0, M::META);
            }
            if self.0.nested.batches() {
                let mut children = Vec::new();
                own.into_iter().for_each(|(_, data)| M::Kind::each(data, &mut children));
                if !children.is_empty() {
                    let nested = Loading { executor: &mut *executor, parents: children_of, scope: scope_there };
                    self.0.nested.load(nested, children).await?;
                }
            }
            if self.1.list_batches() {
                self.1.load_slots(Loading { executor, parents, scope }, rest).await
            } else {
                Ok(())
            }
        })
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

type Parent<'a, E, M, O> = (&'a E, &'a mut <<M as Relation>::Kind as RelationKind>::Data<O>);

/// Loads the related rows of all parents by one statement.
async fn batch<E, M, N>(
    load: &Load<M, N>,
    executor: &mut dyn Executor,
    (all, scope): (&Parents, Scope),
    parents: &mut [Parent<'_, E, M, N::Output>],
) -> Result<()>
where
    E: Entity,
    M: Relation<From = E>,
    N: Loads<M::To>,
{
    let keys = parents.iter().map(|(entity, _)| key_of(*entity, M::META)).collect();
    let (places, keys) = Places::of(keys);
    let further = further_keys(M::META, parents.iter().map(|(entity, _)| *entity));
    let mut items = Vec::new();
    load.nested.items(Path::ROOT, &mut items);
    for keys in all.keys(M::META, keys) {
        let mut select = batch_select(load, items.clone(), keys, M::META);
        select.scope = scope;
        load.nested.with_deleted(Path::ROOT, false, &mut select.with_deleted);
        if scope == Scope::Live {
            load.nested.requires(Path::ROOT, true, &mut select.filter);
        }
        let mut lease = executor.lease(Intent::Read).await?;
        let appended = select.batch.as_ref().is_none_or(Batch::appends_key);
        let key = if appended { load.nested.width() } else { M::META.to_column };
        let mut sink = Distribute::<E, M, N> { load, parents, places: &places, key, further: &further, read: 0 };
        lease.query(Tree::Select(&mut select), &mut sink).await.map_err(|error| mapped(error, M::To::TABLE))?;
    }
    Ok(())
}

/// By what the related rows of a parent are found; NULL: it has none.
fn key_of<E: Entity>(parent: &E, relation: &'static RelationMeta) -> Value {
    match relation.only {
        Some(only) if only.here && parent.value(only.column) != Value::Text(only.value.to_string()) => Value::Null,
        _ => parent.value(relation.from_column),
    }
}

fn batch_select<M, N>(load: &Load<M, N>, items: Vec<Item>, keys: Keys, relation: &'static RelationMeta) -> Select {
    let mut select = Select::new(Source::Entity(relation.to));
    select.items = items;
    select.filter = load.filter.clone();
    select.order = load.order.clone();
    if load.limit.is_some() || load.offset > 0 {
        // A limit needs a total order to mean the same every time.
        select.order.extend(relation.to.key.iter().map(|position| OrderKey {
            expr: root_column(&relation.to.columns[*position]),
            descending: false,
            nulls: Nulls::Native,
        }));
    }
    select.batch = Some(Batch { relation, keys, limit: load.limit, offset: load.offset });
    select
}

/// The rest of the key of each parent; empty where it is of one column.
fn further_keys<'e, E: Entity>(
    relation: &'static RelationMeta,
    parents: impl Iterator<Item = &'e E>,
) -> Vec<Vec<ParentKey>> {
    if relation.further.is_empty() {
        return Vec::new();
    }
    let rest = |parent: &E| relation.further.iter().map(|(here, _)| ParentKey::of(&parent.value(*here))).collect();
    parents.map(rest).collect()
}

/// Whether a row agrees with the rest of a parent's key.
fn agrees(relation: &'static RelationMeta, rest: &[ParentKey], row: &dyn Row, places: &Places) -> Result<bool> {
    for ((_, there), wanted) in relation.further.iter().zip(rest) {
        if places.key_of(&row.cell(*there)?) != *wanted {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives each row to its parents.
struct Distribute<'s, 'p, E: Entity, M: Relation<From = E>, N: Loads<M::To>> {
    load: &'s Load<M, N>,
    parents: &'s mut [Parent<'p, E, M, N::Output>],
    places: &'s Places,
    /// Which cell holds the parent's key.
    key: usize,
    /// The rest of each parent's key, where it is of several columns.
    further: &'s [Vec<ParentKey>],
    /// So many rows have been read.
    read: usize,
}

impl<E: Entity, M: Relation<From = E>, N: Loads<M::To>> RowSink for Distribute<'_, '_, E, M, N> {
    fn row(&mut self, row: &dyn Row) -> Result<()> {
        let mut place = self.places.first(&row.cell(self.key)?);
        while let Some(parent) = place {
            place = self.places.after(parent);
            if !self.further.is_empty() && !agrees(M::META, &self.further[parent], row, self.places)? {
                continue;
            }
            let child = self.load.nested.read(row, &mut 0).map_err(|error| at_row(error, self.read))?;
            M::Kind::add(self.parents[parent].1, child);
        }
        self.read += 1;
        Ok(())
    }
}
