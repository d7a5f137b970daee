//! Validation before anything is written: every problem of a row at once, field by field.
//!
//! - [`NewRow::validate`](crate::NewRow::validate) and [`Entity::validate`](crate::Entity::validate) check the declared rules.
//! - [`NewRow::validate_in`](crate::NewRow::validate_in) asks the database besides, by one statement, what it would refuse:
//!   values that must be unique and are taken, references to rows that do not exist.
//! - [`Given`] is what a function of the application sees of a row: `#[check(custom(check_dates))]` on a struct.
//!
//! Asking first spares nothing: between question and write another may take the value, so the constraint stays, and its
//! violation comes back as a problem of the same form ([`relata_sql::Error::problems`]).

use std::marker::PhantomData;

use relata_sql::driver::Row;
use relata_sql::error::Problem;
use relata_sql::expr::{AggregateFunction, BinaryOp, ColumnRef, Expr};
use relata_sql::meta::{Path, RowValues, TableMeta};
use relata_sql::row::plain_cell;
use relata_sql::tree::{Item, Scope, Select, Source};
use relata_sql::typed::{Column, Field};
use relata_sql::{Cell, Decode, Result, Value};

use crate::entity::Entity;
use crate::executor::Executor;
use crate::find::{Collect, run};

/// The values of a row of `E` that is about to be written, as far as they are known: an insert knows those that are given, an
/// update those that it sets.
pub struct Given<'v, E> {
    row: &'v RowValues<'v>,
    marker: PhantomData<fn() -> E>,
}

impl<'v, E: Entity> Given<'v, E> {
    /// What is known of a row; `derive(Entity)` calls it.
    pub fn new(row: &'v RowValues<'v>) -> Self {
        Given { row, marker: PhantomData }
    }

    /// The value of a field; `None` where this write does not give it (or where it is not of that type).
    ///
    /// ```
    /// use relata::{Given, prelude::*};
    ///
    /// #[derive(Entity, Debug)]
    /// #[check(custom(named_if_long))]
    /// pub struct Walk {
    ///     #[id]
    ///     pub id: Id<Walk>,
    ///     pub name: String,
    ///     pub km: i32,
    /// }
    ///
    /// fn named_if_long(walk: &Given<'_, Walk>) -> Result<(), String> {
    ///     let nameless = walk.value(Walk.name).is_some_and(|name| name.is_empty());
    ///     if nameless && walk.value(Walk.km) > Some(20) { Err("a long walk wants a name".into()) } else { Ok(()) }
    /// }
    ///
    /// # fn main() {
    /// assert!(NewWalk { name: "".into(), km: 30 }.validate().is_err());
    /// assert!(NewWalk { name: "".into(), km: 3 }.validate().is_ok());
    /// # }
    /// ```
    pub fn value<T: Field>(&self, column: Column<E, T>) -> Option<T> {
        let wanted = column.reference().column;
        let position = E::TABLE.columns.iter().position(|meta| std::ptr::eq(meta, wanted))?;
        T::decode(Cell::of(self.row.value(position)?)).ok()
    }
}

/// Checks a value by a function over its Rust type; `derive(Entity)` calls it. NULL breaks no rule.
///
/// # Errors
/// What the function answers.
pub fn custom<T: Field>(value: &Value, check: impl Fn(&T::Base) -> Result<(), String>) -> Result<(), String> {
    match T::Base::decode(Cell::of(value)) {
        Ok(value) => check(&value),
        // The type is the business of whoever sends it.
        Err(_) => Ok(()),
    }
}

/// What the database would refuse of a new row, found out by one statement.
pub(crate) async fn refused(
    executor: &mut dyn Executor,
    table: &'static TableMeta,
    row: RowValues<'_>,
) -> Result<Vec<Problem>> {
    let questions: Vec<Question> = taken(table, row).into_iter().chain(missing(table, row)).collect();
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    // An aggregate over no rows is one row of answers.
    let mut select = Select::new(Source::Entity(table));
    select.filter = Some(Expr::Or(Vec::new()));
    select.items = vec![Item::Expr(Expr::Aggregate(AggregateFunction::Count, None, false))];
    let asked = questions.iter().map(|question| Item::Expr(Expr::Scalar(Box::new(question.rows.clone()))));
    select.items.extend(asked);
    let width = questions.len();
    let read = |row: &mut dyn Row| (1..=width).map(|at| plain_cell::<i64>(row, at)).collect::<Result<Vec<i64>>>();
    let mut sink = Collect { rows: Vec::new(), read };
    run(executor, select, &mut sink).await?;
    let answers = sink.rows.pop().unwrap_or_default();
    let wrong = questions.into_iter().zip(answers).filter(|(question, rows)| question.wants_a_row == (*rows == 0));
    Ok(wrong.flat_map(|(question, _)| question.problems).collect())
}

/// A count of rows, and what it would mean.
struct Question {
    rows: Select,
    /// There must be a row; else there must be none.
    wants_a_row: bool,
    problems: Vec<Problem>,
}

fn count_of(table: &'static TableMeta, equal: impl Iterator<Item = (usize, Value)>) -> Select {
    let mut select = Select::new(Source::Entity(table));
    select.items = vec![Item::Expr(Expr::Aggregate(AggregateFunction::Count, None, false))];
    let column = |position: usize| ColumnRef { path: Path::ROOT, column: &table.columns[position] };
    let parts = equal.map(|(position, value)| Expr::Compare(column(position), BinaryOp::Eq, value));
    select.filter = Some(Expr::And(parts.collect()));
    select
}

/// The values of these columns, if all are known and none is NULL.
fn known(row: RowValues<'_>, columns: impl Iterator<Item = usize>) -> Option<Vec<Value>> {
    columns.map(|column| row.value(column).filter(|value| **value != Value::Null).cloned()).collect()
}

/// What must be unique.
fn taken(table: &'static TableMeta, row: RowValues<'_>) -> Vec<Question> {
    let questions = table.uniques.iter().filter_map(|unique| {
        let values = known(row, unique.columns.iter().copied())?;
        let mut rows = count_of(table, unique.columns.iter().copied().zip(values));
        // The key is taken by deleted rows, too.
        if unique.columns == table.key {
            rows.scope = Scope::All;
        }
        let problem = |position: &usize| Problem::of(table.columns[*position].field, "unique", "is taken already");
        Some(Question { rows, wants_a_row: false, problems: unique.columns.iter().map(problem).collect() })
    });
    questions.collect()
}

/// What refers to other rows.
fn missing(table: &'static TableMeta, row: RowValues<'_>) -> Vec<Question> {
    let references = (table.relations)().iter().filter(|relation| relation.refers.is_some());
    let questions = references.filter_map(|relation| {
        let pairs =
            || std::iter::once((relation.from_column, relation.to_column)).chain(relation.further.iter().copied());
        let values = known(row, pairs().map(|(here, _)| here))?;
        let mut rows = count_of(relation.to, pairs().map(|(_, there)| there).zip(values));
        rows.scope = Scope::All;
        let wanted = format!("refers to a {} that does not exist", relation.to.entity);
        let problem = |(here, _): (usize, usize)| Problem::of(table.columns[here].field, "reference", wanted.clone());
        Some(Question { rows, wants_a_row: true, problems: pairs().map(problem).collect() })
    });
    questions.collect()
}
