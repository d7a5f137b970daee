//! Rows of a changeset that hang on the one above: each a changeset of its own.

use std::marker::PhantomData;

use relata_sql::driver::BoxFuture;
use relata_sql::error::Problem;
use relata_sql::expr::{BinaryOp, ColumnRef, Expr};
use relata_sql::meta::{Cardinality, Path};
use relata_sql::{Error, Result, Value};
use serde_json::Value as Json;

use super::{AllowedField, Changeset, Input};
use crate::change::Update;
use crate::entity::Entity;
use crate::executor::Executor;
use crate::find::{Find, not_found};
use crate::nested::{Graph, create_below};
use crate::relation::{Rel, Relation};

/// What is about to happen with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing yet: what it lacks may still come.
    SoFar,
    /// It is inserted.
    New,
    /// It is changed, if it exists, and its rows below are changed or created.
    Changed,
}

/// What hangs on a row of `E` along one relation.
pub(super) trait Below<E>: Send {
    /// The member of the input.
    fn name(&self) -> &'static str;
    /// Takes it.
    fn take(&mut self, input: &Json, strict: bool);
    /// What is wrong with it.
    fn problems(&self, stage: Stage) -> Vec<Problem>;
    /// Hangs it on the new row.
    fn hang(self: Box<Self>, graph: Graph<E>) -> Result<Graph<E>>;
    /// Creates it below the row that exists, or changes what is there; inside a transaction.
    fn write<'a>(self: Box<Self>, parent: &'a E, executor: &'a mut dyn Executor) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a;
}

/// The rows along the relation `M`, each begun by `F`.
pub(super) struct Rows<M: Relation, F> {
    begin: F,
    /// What names a row that exists.
    by: Option<AllowedField>,
    rows: Vec<Row<M::To>>,
    wrong: Option<Problem>,
    marker: PhantomData<fn() -> M>,
}

/// One of them.
struct Row<E> {
    changes: Changeset<E>,
    /// The value that names it, if it exists.
    named: Option<Value>,
}

impl<M: Relation, F: Fn() -> Changeset<M::To>> Rows<M, F> {
    pub(super) fn new(begin: F, by: Option<AllowedField>) -> Self {
        Rows { begin, by, rows: Vec::new(), wrong: None, marker: PhantomData }
    }

    fn row(&self, input: &Json, strict: bool) -> Row<M::To> {
        let mut row = (self.begin)();
        row.strict |= strict;
        let name = self.by.as_ref().map(|by| by.meta.field);
        let given = name.and_then(|name| input.get(name)).filter(|value| !value.is_null());
        let named = match (&self.by, given) {
            (Some(by), Some(value)) => match (by.read)(Input::Json(value)) {
                Ok(value) => Some(value),
                Err(wanted) => {
                    row.problems.push(Problem::of(by.meta.field, "type", wanted));
                    None
                }
            },
            _ => None,
        };
        if M::META.via.is_none() {
            let further = M::META.further.iter().map(|(_, there)| *there);
            let only = M::META.only.filter(|only| !only.here).map(|only| only.column);
            row.filled = std::iter::once(M::META.to_column).chain(further).chain(only).collect();
        }
        // What names the row is not written.
        let changes = match (input, name) {
            (Json::Object(members), Some(name)) if members.contains_key(name) => {
                let mut rest = members.clone();
                rest.remove(name);
                row.json(&Json::Object(rest))
            }
            _ => row.json(input),
        };
        Row { changes, named }
    }

    /// The foreign key is on the other side.
    fn hangs(&self) -> Result<()> {
        match M::META.refers {
            None => Ok(()),
            Some(_) => Err(Error::unsupported(
                format!("{}.{} refers to a row, which must be there first", M::META.from.entity, M::META.name),
                "insert that row by a changeset of its own, and give its key by `.set(…)`",
            )),
        }
    }

    /// The row with this value, if it hangs on the parent.
    fn place_of(&self, parent: &M::From, named: Value) -> Result<Expr> {
        let Some(by) = self.by.as_ref().filter(|_| M::META.via.is_none()) else {
            return Err(Error::unsupported(
                format!(
                    "rows along {}.{}, which many others may share, are not changed",
                    M::META.from.entity,
                    M::META.name
                ),
                "change them by changesets of their own in the same `transaction!`",
            ));
        };
        let column = |column| ColumnRef { path: Path::ROOT, column };
        let there = |at: usize| column(&M::META.to.columns[at]);
        let mut parts = vec![Expr::Compare(column(by.meta), BinaryOp::Eq, named)];
        let pairs = std::iter::once((M::META.from_column, M::META.to_column)).chain(M::META.further.iter().copied());
        parts.extend(pairs.map(|(here, at)| Expr::Compare(there(at), BinaryOp::Eq, parent.value(here))));
        let only = M::META.only.filter(|only| !only.here);
        parts.extend(
            only.map(|only| Expr::Compare(there(only.column), BinaryOp::Eq, Value::Text(only.value.to_string()))),
        );
        Ok(Expr::And(parts))
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

    fn problems(&self, stage: Stage) -> Vec<Problem> {
        let mut all: Vec<Problem> = self.wrong.iter().cloned().collect();
        for (index, Row { changes, named }) in self.rows.iter().enumerate() {
            let found = match (stage, named) {
                (Stage::Changed, None) | (Stage::New, _) => changes.found_new(),
                (stage, _) => changes.found_change(stage),
            };
            let mut found = found.into_result().err().map(|error| error.problems()).unwrap_or_default();
            if let (Stage::New, Some(_), Some(by)) = (stage, named, &self.by) {
                found.push(Problem::of(by.meta.field, "unknown", "names a row, and a new one has none below it yet"));
            }
            let place = self.place(index);
            all.extend(found.into_iter().map(|problem| problem.below(&place)));
        }
        all
    }

    fn hang(self: Box<Self>, graph: Graph<E>) -> Result<Graph<E>> {
        self.hangs()?;
        if self.rows.is_empty() {
            return Ok(graph);
        }
        let rows: Vec<Graph<M::To>> = self.rows.into_iter().map(|row| row.changes.graph()).collect::<Result<_>>()?;
        Ok(graph.create(Rel::<E, M>::new(Path::ROOT), move |_| rows))
    }

    fn write<'a>(mut self: Box<Self>, parent: &'a E, executor: &'a mut dyn Executor) -> BoxFuture<'a, Result<()>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            if self.rows.is_empty() {
                return Ok(());
            }
            self.hangs()?;
            let mut new = Vec::new();
            for (index, Row { changes, named }) in std::mem::take(&mut self.rows).into_iter().enumerate() {
                let Some(named) = named else {
                    new.push(changes.graph()?);
                    continue;
                };
                let place = self.place_of(parent, named)?;
                let row = Find::<M::To>::keyed(place.clone()).optional(&mut &mut *executor).await?;
                let missing = || not_found(M::META.to.entity).context(format!("while changing {}", self.place(index)));
                changes.change_all(row.ok_or_else(missing)?, Update::new(Some(place)), &mut *executor).await?;
            }
            match new.is_empty() {
                true => Ok(()),
                false => create_below::<M>(parent, new, executor).await,
            }
        })
    }
}
