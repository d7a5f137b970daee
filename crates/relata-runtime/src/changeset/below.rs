//! Rows of a changeset that hang on the one above: each a changeset of its own.

use std::marker::PhantomData;

use relata_sql::error::Problem;
use relata_sql::meta::{Cardinality, Path};
use relata_sql::{Error, Result};
use serde_json::Value as Json;

use super::Changeset;
use crate::entity::Entity;
use crate::nested::Graph;
use crate::relation::{Rel, Relation};

/// What hangs on a row of `E` along one relation.
pub(super) trait Below<E>: Send {
    /// The member of the input.
    fn name(&self) -> &'static str;
    /// Takes it.
    fn take(&mut self, input: &Json, strict: bool);
    /// What is wrong with it; as `new` rows, that they lack something, too.
    fn problems(&self, new: bool) -> Vec<Problem>;
    /// Hangs it on the row.
    fn hang(self: Box<Self>, graph: Graph<E>) -> Result<Graph<E>>;
}

/// The rows along the relation `M`, each begun by `F`.
pub(super) struct Rows<M: Relation, F> {
    begin: F,
    rows: Vec<Changeset<M::To>>,
    wrong: Option<Problem>,
    marker: PhantomData<fn() -> M>,
}

impl<M: Relation, F: Fn() -> Changeset<M::To>> Rows<M, F> {
    pub(super) fn new(begin: F) -> Self {
        Rows { begin, rows: Vec::new(), wrong: None, marker: PhantomData }
    }

    fn row(&self, input: &Json, strict: bool) -> Changeset<M::To> {
        let mut row = (self.begin)();
        row.strict |= strict;
        if M::META.via.is_none() {
            let further = M::META.further.iter().map(|(_, there)| *there);
            let only = M::META.only.filter(|only| !only.here).map(|only| only.column);
            row.filled = std::iter::once(M::META.to_column).chain(further).chain(only).collect();
        }
        row.json(input)
    }

    fn place(&self, index: usize) -> String {
        match M::META.cardinality {
            Cardinality::Many => format!("{}.{index}", M::META.name),
            Cardinality::One | Cardinality::Optional => M::META.name.to_string(),
        }
    }
}

impl<E: Entity, M: Relation<From = E>, F: Fn() -> Changeset<M::To> + Send> Below<E> for Rows<M, F> {
    fn name(&self) -> &'static str {
        M::META.name
    }

    fn take(&mut self, input: &Json, strict: bool) {
        let many = M::META.cardinality == Cardinality::Many;
        let wrong = |wanted: &str| Some(Problem::of(M::META.name, "type", wanted));
        (self.rows, self.wrong) = match input {
            Json::Array(rows) if many => (rows.iter().map(|row| self.row(row, strict)).collect(), None),
            Json::Null if !many => (Vec::new(), None),
            Json::Object(_) if !many => (vec![self.row(input, strict)], None),
            _ if many => (Vec::new(), wrong("must be an array of objects")),
            _ => (Vec::new(), wrong("must be an object")),
        };
    }

    fn problems(&self, new: bool) -> Vec<Problem> {
        let mut all: Vec<Problem> = self.wrong.iter().cloned().collect();
        for (index, row) in self.rows.iter().enumerate() {
            let found = if new {
                row.found_new().into_result().err().map(|error| error.problems()).unwrap_or_default()
            } else {
                row.problems()
            };
            let place = self.place(index);
            all.extend(found.into_iter().map(|problem| problem.below(&place)));
        }
        all
    }

    fn hang(self: Box<Self>, graph: Graph<E>) -> Result<Graph<E>> {
        if M::META.refers.is_some() {
            return Err(Error::unsupported(
                format!("{}.{} refers to a row, which must be there first", E::TABLE.entity, M::META.name),
                "insert that row by a changeset of its own, and give its key by `.set(…)`",
            ));
        }
        if self.rows.is_empty() {
            return Ok(graph);
        }
        let rows: Vec<Graph<M::To>> = self.rows.into_iter().map(Changeset::graph).collect::<Result<_>>()?;
        Ok(graph.create(Rel::<E, M>::new(Path::ROOT), move |_| rows))
    }
}
