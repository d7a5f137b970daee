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
use crate::relation::{Load, Relation, RelationKind};

type Parent<'a, E, M, O> = (&'a E, &'a mut <<M as Relation>::Kind as RelationKind>::Data<O>);

/// Reads the rows and gives each to its parents.
pub(super) struct Batched<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>> {
    load: &'a Load<M, N>,
    parents: Vec<Parent<'a, E, M, N::Output>>,
    /// Who asks for what is nested.
    below: Below,
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

impl<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>> Batched<'a, E, M, N> {
    pub(super) fn new(
        load: &'a Load<M, N>,
        all: &Parents,
        scope: Scope,
        parents: Vec<Parent<'a, E, M, N::Output>>,
    ) -> Self {
        let keys = parents.iter().map(|(entity, _)| key_of(*entity, M::META)).collect();
        let (places, keys) = Places::of(keys);
        let further = further_keys(M::META, parents.iter().map(|(entity, _)| *entity));
        let keys = if keys.is_empty() { Vec::new() } else { all.keys(M::META, keys) };
        let mut key = M::META.to_column;
        let selects: Vec<Select> = keys
            .into_iter()
            .map(|keys| {
                let select = batch_select(load, scope, keys, M::META);
                if select.batch.as_ref().is_none_or(Batch::appends_key) {
                    key = load.nested.width();
                }
                select
            })
            .collect();
        let below = Below { parents: all.children(load, M::META), scope };
        Batched { load, parents, below, selects: selects.into_iter(), places, key, further, read: 0 }
    }
}

impl<E: Entity, M: Relation<From = E>, N: Loads<M::To>> RowSink for Batched<'_, E, M, N> {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let mut place = self.places.first(&row.cell(self.key)?);
        while let Some(parent) = place {
            place = self.places.after(parent);
            if !self.further.is_empty() && !agrees(M::META, &self.further[parent], row, &self.places)? {
                continue;
            }
            let child = match place {
                None => self.load.nested.read(row, &mut 0),
                // Another parent may want it as well.
                Some(_) => self.load.nested.read(&mut Lent(row), &mut 0),
            };
            let child = child.map_err(|error| at_row(error, self.read))?;
            M::Kind::add(self.parents[parent].1, child);
        }
        self.read += 1;
        Ok(())
    }
}

impl<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>> Fetch<'a> for Batched<'a, E, M, N> {
    fn next(&mut self) -> Option<Select> {
        self.read = 0;
        self.selects.next()
    }

    fn table(&self) -> &'static TableMeta {
        M::To::TABLE
    }

    fn then(self: Box<Self>, wave: &mut Wave<'a>) {
        if self.load.nested.batches() {
            gather_nested::<E, M, N>(self.load, self.below, self.parents, wave);
        }
    }
}

/// Adds what is nested in a relation to what is about to be loaded into the rows that it gave.
pub(super) fn gather_nested<'a, E: Entity, M: Relation<From = E>, N: Loads<M::To>>(
    load: &'a Load<M, N>,
    below: Below,
    parents: Vec<Parent<'a, E, M, N::Output>>,
    wave: &mut Wave<'a>,
) {
    let mut children = Vec::new();
    parents.into_iter().for_each(|(_, data)| M::Kind::each(data, &mut children));
    if !children.is_empty() {
        load.nested.gather(below, children, wave);
    }
}

/// By what the related rows of a parent are found; NULL: it has none.
fn key_of<E: Entity>(parent: &E, relation: &'static RelationMeta) -> Value {
    match relation.only {
        Some(only) if only.here && parent.value(only.column) != Value::Text(only.value.to_string()) => Value::Null,
        _ => parent.value(relation.from_column),
    }
}

/// The statement for one parent.
pub(crate) fn statement<M: Relation, N: Loads<M::To>>(load: &Load<M, N>) -> Select {
    batch_select(load, load.scope, Keys::Values(vec![Value::Null]), M::META)
}

fn batch_select<M: Relation, N: Loads<M::To>>(
    load: &Load<M, N>,
    scope: Scope,
    keys: Keys,
    relation: &'static RelationMeta,
) -> Select {
    let mut select = Select::new(Source::Entity(relation.to));
    load.nested.items(Path::ROOT, &mut select.items);
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
    select.scope = scope;
    load.nested.with_deleted(Path::ROOT, false, &mut select.with_deleted);
    if scope == Scope::Live {
        load.nested.requires(Path::ROOT, true, &mut select.filter);
    }
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
fn agrees(relation: &RelationMeta, rest: &[ParentKey], row: &dyn Row, places: &Places) -> Result<bool> {
    for ((_, there), wanted) in relation.further.iter().zip(rest) {
        if places.key_of(&row.cell(*there)?) != *wanted {
            return Ok(false);
        }
    }
    Ok(true)
}
