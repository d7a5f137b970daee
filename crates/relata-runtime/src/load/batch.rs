//! The rows along one relation for all parents, by one statement that is given their keys.

use relata_sql::driver::{Lent, Row, RowSink};
use relata_sql::expr::{Nulls, OrderKey};
use relata_sql::meta::{Path, RelationMeta, TableMeta};
use relata_sql::tree::{Batch, Keys, Scope, Select, Source};
use relata_sql::{Result, Value};

use super::places::{ParentKey, Places};
use super::wave::{Fetch, Wave};
use super::{Below, Loads, Parents};
use crate::entity::{Entity, root_column};
use crate::find::at_row;
use crate::relation::{Asked, Load, Relation, RelationKind};

/// A row and where what is loaded for it goes.
pub(super) type Parent<'a, E, M, O> = (&'a E, &'a mut <<M as Relation>::Kind as RelationKind>::Data<O>);

/// Reads the rows and gives each to its parents.
///
/// It is compiled for every relation that is loaded anywhere: what does not depend on the types is in [`Asking`].
pub(super) struct Batched<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>> {
    load: &'a Load<M, N>,
    parents: Vec<Parent<'a, E, M, N::Output>>,
    /// Who asks for what is nested.
    below: Below,
    asking: Asking,
}

impl<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>> Batched<'a, E, M, N> {
    pub(super) fn new(
        load: &'a Load<M, N>,
        all: &Parents,
        scope: Scope,
        parents: Vec<Parent<'a, E, M, N::Output>>,
    ) -> Self {
        let select = unkeyed(load, scope);
        let value = |parent: usize, column: usize| parents[parent].0.value(column);
        let asking = Asking::new((&load.asked, M::META), all, select, load.nested.width(), (parents.len(), &value));
        Batched { load, parents, below: Below { parents: all.children(&load.asked, M::META), scope }, asking }
    }
}

impl<E: Entity, M: Relation<From = E>, N: Loads<M::To>> RowSink for Batched<'_, E, M, N> {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let mut place = self.asking.first(row)?;
        while let Some(parent) = place {
            place = self.asking.after(parent, row)?;
            let child = match place {
                None => self.load.nested.read(row, &mut 0),
                // Another parent may want it as well.
                Some(_) => self.load.nested.read(&mut Lent(row), &mut 0),
            };
            let child = child.map_err(|error| at_row(error, self.asking.read))?;
            M::Kind::add(self.parents[parent].1, child);
        }
        self.asking.read += 1;
        Ok(())
    }
}

impl<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>> Fetch<'a> for Batched<'a, E, M, N> {
    fn next(&mut self) -> Option<Select> {
        self.asking.read = 0;
        self.asking.selects.next()
    }

    fn table(&self) -> &'static TableMeta {
        M::To::TABLE
    }

    fn then(self: Box<Self>, wave: &mut Wave<'a>) {
        if N::ANY && self.load.nested.batches() {
            fetch_nested::<E, M, N>(self.load, self.below, self.parents, wave);
        }
    }
}

/// Adds what is nested in a relation to what is about to be loaded into the rows that it gave.
pub(super) fn fetch_nested<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>>(
    load: &'a Load<M, N>,
    below: Below,
    parents: Vec<Parent<'a, E, M, N::Output>>,
    wave: &mut Wave<'a>,
) {
    let mut gathered = N::Gathered::default();
    for (_, data) in parents {
        M::Kind::each(data, &mut |child| N::gather(child, &mut gathered));
    }
    load.nested.fetch(below, gathered, wave);
}

/// The statement for one parent.
pub(crate) fn statement<M: Relation, N: Loads<M::To>>(load: &Load<M, N>) -> Select {
    let keys = Keys::Values(vec![Value::Null]);
    let batch = load.asked.batch(M::META, keys);
    Select { batch: Some(batch), ..unkeyed(load, load.asked.scope) }
}

/// The statement, which lacks the keys yet.
fn unkeyed<M: Relation, N: Loads<M::To>>(load: &Load<M, N>, scope: Scope) -> Select {
    let mut select = load.asked.select(M::META, scope);
    load.nested.items(Path::ROOT, &mut select.items);
    load.nested.with_deleted(Path::ROOT, false, &mut select.with_deleted);
    if scope == Scope::Live {
        load.nested.requires(Path::ROOT, true, &mut select.filter);
    }
    select
}

/// The statements along one relation, and which parents each of their rows belongs to.
struct Asking {
    relation: &'static RelationMeta,
    /// The statements that are still to be sent: more than one for very many parents.
    selects: std::vec::IntoIter<Select>,
    places: Places,
    /// Which cell holds the parent's key.
    key: usize,
    /// The rest of each parent's key, where it is of several columns.
    further: Vec<Vec<ParentKey>>,
    /// So many rows of a statement have been read.
    read: usize,
}

/// How many parents there are, and the value of a column of one of them.
type Values<'v> = (usize, &'v dyn Fn(usize, usize) -> Value);

impl Asking {
    /// By a statement that lacks the keys yet, and takes so many cells of a row.
    fn new(
        (asked, relation): (&Asked, &'static RelationMeta),
        all: &Parents,
        select: Select,
        width: usize,
        (parents, value): Values<'_>,
    ) -> Self {
        let (places, keys) = Places::of((0..parents).map(|parent| key_of(relation, parent, value)).collect());
        let mut key = relation.to_column;
        let mut selects = Vec::new();
        if !keys.is_empty() {
            for keys in all.keys(relation, keys) {
                let batch = asked.batch(relation, keys);
                if batch.appends_key() {
                    key = width;
                }
                selects.push(Select { batch: Some(batch), ..select.clone() });
            }
        }
        let mut further = Vec::new();
        if !relation.further.is_empty() {
            let rest = |parent| relation.further.iter().map(|(here, _)| ParentKey::of(&value(parent, *here))).collect();
            further.extend((0..parents).map(rest));
        }
        Asking { relation, selects: selects.into_iter(), places, key, further, read: 0 }
    }

    /// The first parent of a row.
    fn first(&self, row: &dyn Row) -> Result<Option<usize>> {
        self.agreeing(self.places.first(&row.cell(self.key)?), row)
    }

    /// The next parent of the same row.
    fn after(&self, parent: usize, row: &dyn Row) -> Result<Option<usize>> {
        self.agreeing(self.places.after(parent), row)
    }

    /// This parent or the first one after it whose whole key is that of the row.
    fn agreeing(&self, mut place: Option<usize>, row: &dyn Row) -> Result<Option<usize>> {
        if !self.further.is_empty() {
            while let Some(parent) = place {
                if agrees(self.relation, &self.further[parent], row, &self.places)? {
                    break;
                }
                place = self.places.after(parent);
            }
        }
        Ok(place)
    }
}

impl Asked {
    /// The related rows as they were asked for, of all parents.
    fn select(&self, relation: &'static RelationMeta, scope: Scope) -> Select {
        let mut select = Select::new(Source::Entity(relation.to));
        select.filter = self.filter.clone();
        select.order = self.order.clone();
        if self.limit.is_some() || self.offset > 0 {
            // A limit needs a total order to mean the same every time.
            select.order.extend(relation.to.key.iter().map(|position| OrderKey {
                expr: root_column(&relation.to.columns[*position]),
                descending: false,
                nulls: Nulls::Native,
            }));
        }
        select.scope = scope;
        select
    }

    fn batch(&self, relation: &'static RelationMeta, keys: Keys) -> Batch {
        Batch { relation, keys, limit: self.limit, offset: self.offset }
    }
}

/// By what the related rows of a parent are found; NULL: it has none.
fn key_of(relation: &RelationMeta, parent: usize, value: &dyn Fn(usize, usize) -> Value) -> Value {
    match relation.only {
        Some(only) if only.here && value(parent, only.column) != Value::Text(only.value.to_string()) => Value::Null,
        _ => value(parent, relation.from_column),
    }
}

/// Whether a row agrees with the rest of a parent's key.
fn agrees(relation: &RelationMeta, rest: &[ParentKey], row: &dyn Row, places: &Places) -> Result<bool> {
    for ((_, there), wanted) in relation.further.iter().zip(rest) {
        if places.key_of(&row.cell(*there)?) != *wanted {
            return Ok(false);
        }
    }
    Ok(true)
}
