//! What hangs on rows of a table that is known only at run time: loaded along its foreign keys, by one statement for all rows;
//! and what its constraints say of a row that the database refuses.

use std::collections::HashMap;

use relata_schema::Schema;
use relata_schema::model::{Key, ObjectName, Table as TableModel};
use relata_sql::driver::BoxFuture;
use relata_sql::error::Problem;
use relata_sql::expr::{BinaryOp, ColumnRef, Expr, Window, WindowFunction};
use relata_sql::meta::{NUMBERED, Path};
use relata_sql::tree::{Item, Select, Source};
use relata_sql::{Error, Kind, Result, Value};

use super::{Record, Records, Table, TableQuery, named};
use crate::executor::Executor;
use crate::find::run;
use crate::load::ParentKey;

/// So many keys are asked for at once.
const BATCH: usize = 16_384;

/// What constraints a table has.
#[derive(Debug, Clone, Default)]
pub(super) struct Constraints {
    /// Columns here, the table referred to, columns there.
    references: Vec<(Vec<String>, ObjectName, Vec<String>)>,
    /// What must be unique, by name.
    uniques: Vec<(String, Vec<String>)>,
    /// Checks, by name.
    checks: Vec<(String, String)>,
}

impl Constraints {
    pub(super) fn of(table: &TableModel, schema: &Schema) -> Self {
        let columns = |key: &Key| key.columns().map(str::to_string).collect::<Vec<_>>();
        let key_of = |name: &ObjectName| schema.table(name).and_then(|table| table.primary_key.as_ref()).map(columns);
        let references = table.foreign_keys.iter().map(|key| {
            let there = match key.referenced_columns.is_empty() {
                true => key_of(&key.references).unwrap_or_default(),
                false => key.referenced_columns.clone(),
            };
            (key.columns.clone(), key.references.clone(), there)
        });
        let keys = table.primary_key.iter().chain(&table.uniques).map(|key| (key.name.clone(), columns(key)));
        let indexes = table.indexes.iter().filter(|index| index.unique);
        let indexes = indexes.map(|index| {
            let columns = index.parts.iter().map(|part| part.column.clone()).filter(|column| !column.is_empty());
            (index.name.clone(), columns.collect())
        });
        let checks = table.checks.iter().map(|check| (check.name.clone(), check.expression.clone()));
        Constraints {
            references: references.collect(),
            uniques: keys.chain(indexes).collect(),
            checks: checks.collect(),
        }
    }
}

/// Rows to be loaded with others.
#[derive(Debug, Clone)]
pub(super) struct With {
    name: String,
    here: Vec<String>,
    there: Vec<String>,
    query: TableQuery,
    /// So many for each row, after so many.
    limit: Option<u64>,
    offset: u64,
}

/// The foreign keys between two tables, from either side, that this column belongs to.
fn links(table: &Table, other: &Table, column: Option<&str>) -> Vec<(Vec<String>, Vec<String>)> {
    let meant = |columns: &[String]| column.is_none_or(|column| columns.iter().any(|known| known == column));
    let from = |from: &Table, to: &Table| {
        let references = from.0.constraints.references.clone().into_iter();
        let to = to.0.name.clone();
        references.filter(move |(_, references, _)| *references == to)
    };
    let ours = from(table, other).filter(|(columns, ..)| meant(columns)).map(|(here, _, there)| (here, there));
    let theirs = from(other, table).filter(|(columns, ..)| meant(columns)).map(|(there, _, here)| (here, there));
    // A table that refers to itself is followed to the row that is referred to.
    let theirs = theirs.filter(|_| table.0.name != other.0.name);
    ours.chain(theirs).collect()
}

impl TableQuery {
    /// Loads with each row those of another query that a foreign key connects with it, in whichever direction, by one
    /// statement for all of them: [`Record::related`] under the other table's name. The other query may have filters, an order
    /// and rows to be loaded with its own; its limit and offset hold for each row.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let (authors, books) = (db.table("authors").await?, db.table("books").await?);
    /// let rows = authors.select().with(books.select().order("pages", true)?)?.order_by_key().all(&mut db).await?;
    /// let hers = rows[0].related("books").unwrap();
    /// assert_eq!(hers[0].value("title"), Some(&relata::Value::Text("The Dispossessed".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Parameters` when no foreign key connects the tables, or several do ([`TableQuery::with_by`]).
    pub fn with(self, other: TableQuery) -> Result<Self> {
        let name = other.table.0.name.name.clone();
        self.connected(name, None, other)
    }

    /// As [`TableQuery::with`], along the foreign key that this column belongs to: [`Record::related`] under the column's name.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let (authors, books) = (db.table("authors").await?, db.table("books").await?);
    /// let rows = books.select().with_by("author_id", authors.select())?.order_by_key().all(&mut db).await?;
    /// let author = &rows[0].related("author_id").unwrap()[0];
    /// assert_eq!(author.value("name"), Some(&relata::Value::Text("Ursula".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TableQuery::with`].
    pub fn with_by(self, column: &str, other: TableQuery) -> Result<Self> {
        self.connected(column.to_string(), Some(column), other)
    }

    fn connected(mut self, name: String, column: Option<&str>, mut other: TableQuery) -> Result<Self> {
        let limit = other.select.limit.take();
        let offset = other.select.offset.take().unwrap_or_default();
        if limit.is_some() || offset > 0 {
            // A limit needs a total order to mean the same every time.
            other = other.order_by_key();
        }
        let (this, that) = (&self.table.0.name.name, &other.table.0.name.name);
        let mut links = links(&self.table, &other.table, column);
        let (here, there) = match (links.pop(), links.is_empty()) {
            (Some(link), true) => link,
            (None, _) => {
                let by = column.map(|column| format!(" by {column}")).unwrap_or_default();
                let message = format!("no foreign key connects {this} with {that}{by}");
                return Err(Error::new(Kind::Parameters, message).table(this).hint("filter by the column instead"));
            }
            (Some(_), false) => {
                let message = format!("several foreign keys connect {this} with {that}");
                return Err(Error::new(Kind::Parameters, message)
                    .table(this)
                    .hint("say which by `.with_by(column, …)`"));
            }
        };
        self.withs.push(With { name, here, there, query: other, limit, offset });
        Ok(self)
    }

    /// Reads the rows and what is to be loaded with them.
    pub(super) fn fetch(mut self, executor: &mut dyn Executor) -> BoxFuture<'_, Result<Vec<Record>>> {
        Box::pin(async move {
            self.placed()?;
            let withs = std::mem::take(&mut self.withs);
            let mut sink = Records::default();
            run(&mut *executor, self.whole(), &mut sink).await?;
            let mut records = sink.into_records();
            for with in withs {
                load(with, &mut records, &mut *executor).await?;
            }
            Ok(records)
        })
    }
}

impl With {
    /// The database counts the rows of each: it can say which they are by one column. Else all are read, and some kept.
    fn ranks(&self) -> bool {
        (self.limit.is_some() || self.offset > 0) && self.query.table.0.key.len() == 1
    }

    /// Only the rows whose place among those with the same reference is wanted.
    fn ranked(&self, query: &TableQuery) -> Expr {
        let mut numbered = query.clone().whole();
        let order = std::mem::take(&mut numbered.order);
        let partition = self.there.iter().map(|name| named(name)).collect();
        let window = Window { partition, order, frame: None, exclude: None };
        let number = Expr::Over(Box::new(Expr::Window(WindowFunction::RowNumber, None)), Box::new(window));
        let key: Vec<Expr> = query.table.0.key.iter().map(|name| named(name)).collect();
        numbered.items = key.iter().cloned().chain([number]).map(Item::Expr).collect();
        let mut wanted = Select::new(Source::Query(Box::new(numbered)));
        let [found, place] = [0, 1].map(|at| ColumnRef { path: Path::ROOT, column: &NUMBERED[at] });
        wanted.items = vec![Item::Expr(Expr::Column(found))];
        let bound = |rows: u64| Value::Int(i64::try_from(rows).unwrap_or(i64::MAX));
        let mut parts = vec![Expr::Compare(place, BinaryOp::Gt, bound(self.offset))];
        let last = self.limit.map(|limit| bound(self.offset.saturating_add(limit)));
        parts.extend(last.map(|last| Expr::Compare(place, BinaryOp::Le, last)));
        wanted.filter = Some(Expr::And(parts));
        let key = key.into_iter().next().unwrap_or(Expr::Number(0));
        Expr::InSelect(Box::new(key), Box::new(wanted))
    }
}

fn key_of(record: &Record, columns: &[String]) -> Option<Vec<ParentKey>> {
    let values = columns.iter().map(|column| record.value(column).filter(|value| **value != Value::Null));
    values.map(|value| value.map(ParentKey::of)).collect()
}

pub(super) async fn load(with: With, records: &mut [Record], executor: &mut dyn Executor) -> Result<()> {
    let mut known = std::collections::HashSet::new();
    let firsts = records.iter().filter_map(|record| record.value(with.here.first()?));
    let firsts = firsts.filter(|value| **value != Value::Null && known.insert(ParentKey::of(value)));
    let firsts: Vec<Value> = firsts.cloned().collect();
    let ranks = with.ranks();
    let mut found: HashMap<Vec<ParentKey>, Vec<Record>> = HashMap::new();
    for keys in firsts.chunks(BATCH) {
        let mut query = with.query.clone();
        let Some(first) = with.there.first() else { continue };
        Expr::and_into(&mut query.select.filter, Expr::In(Box::new(named(first)), keys.to_vec(), false));
        if ranks {
            query.select.filter = Some(with.ranked(&query));
        }
        for row in query.fetched_whole(&mut *executor).await? {
            if let Some(key) = key_of(&row, &with.there) {
                found.entry(key).or_default().push(row);
            }
        }
    }
    for record in records {
        let rows = key_of(record, &with.here).and_then(|key| found.get(&key)).map_or(&[][..], Vec::as_slice);
        let rows = match (ranks, with.limit) {
            (true, _) => rows.to_vec(),
            (false, limit) => {
                let most = limit.map_or(usize::MAX, |limit| limit as usize);
                rows.iter().skip(with.offset as usize).take(most).cloned().collect()
            }
        };
        record.related.push((with.name.clone(), rows));
    }
    Ok(())
}

impl Record {
    /// The rows that were loaded with it under this name; empty where there are none, `None` where none were loaded.
    pub fn related(&self, name: &str) -> Option<&[Record]> {
        self.related.iter().find(|(known, _)| known == name).map(|(_, rows)| rows.as_slice())
    }
}

impl Table {
    /// A violation with the columns and the rule that the constraint stands for.
    pub(super) fn explained(&self, error: Error) -> Error {
        let details = error.details();
        if !error.is_constraint() || details.field.is_some() || !details.problems.is_empty() {
            return error;
        }
        let constraints = &self.0.constraints;
        let named = |name: &String| details.constraint.as_ref() == Some(name) && !name.is_empty();
        let unique = || constraints.uniques.iter().find(|(name, _)| named(name)).map(|(_, columns)| columns.join(", "));
        let field = details.column.clone().or_else(unique);
        let check = constraints.checks.iter().find(|(name, _)| named(name));
        let problems =
            check.map(|(_, rule)| Problem::of_row("check", format!("{rule} must hold"))).into_iter().collect();
        error.with_details(|details| (details.field, details.problems) = (field, problems))
    }
}
