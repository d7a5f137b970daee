//! Repairing rows that refer to nothing: their reference goes, or they do, or they are put aside.
//!
//! Rows that are put aside lie in a table of the same columns on the shelf: the schema `relata_shelf` of PostgreSQL, elsewhere
//! tables named `relata_shelf_…`. What the database itself deletes with them is not kept.

use relata_schema::model::ObjectName;
use relata_schema::{Dialect, Schema, naming};
use relata_sql::Result;

use super::{Finding, Reference, orphans};
use crate::executor::Executor;
use crate::raw::sql_unchecked;

/// Deleting rows may leave others without theirs, this many times over.
const ROUNDS: u32 = 64;

/// The shelf: a schema, or what names begin with.
const SHELF: &str = "relata_shelf";

/// What to do with rows that refer to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Their reference becomes NULL, where it may.
    SetNull,
    /// They are deleted.
    Delete,
    /// They are put aside: copied to the shelf, then deleted.
    Shelve,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired {
    /// How many rows.
    pub rows: u64,
    /// Where those lie that were put aside, by their table.
    pub shelved: Vec<(ObjectName, ObjectName)>,
}

/// Repairs rows that refer to nothing. References that may not be NULL stay as they are when asked to become so. Broken
/// rules are for people: nobody knows the right value. What a name alone says ([`super::Said::Name`]) is a guess: take it out of
/// `found` unless somebody has looked at it.
///
/// # Errors
/// `Kind::ForeignKeyViolation` when others refer to a row that would be deleted; what the database says.
pub async fn repair(schema: &Schema, found: &[Finding], how: Repair, executor: &mut impl Executor) -> Result<Repaired> {
    let dialect = schema.dialect;
    let references: Vec<&Reference> = found
        .iter()
        .filter_map(|finding| match finding {
            Finding::Orphans { reference, .. } => Some(reference),
            Finding::Broken { .. } => None,
        })
        .filter(|reference| how != Repair::SetNull || reference.nullable)
        .collect();
    // Made before, as MariaDB ends a transaction where a table is made.
    let shelved = match how {
        Repair::Shelve => places(schema, &references, executor).await?,
        Repair::SetNull | Repair::Delete => Vec::new(),
    };
    let place = |reference: &Reference| shelved.iter().find(|(table, _)| *table == reference.table).map(|(_, to)| to);
    let mut rows = 0;
    let mut tx = executor.begin(Default::default()).await?;
    for _ in 0..ROUNDS {
        let mut now = 0;
        for reference in &references {
            let to = place(reference);
            if let Some(copy) = to.and_then(|to| copy(dialect, reference, to)) {
                sql_unchecked::<()>(copy, ()).exec(&mut tx).await?;
            }
            now += sql_unchecked::<()>(statement(dialect, reference, how, to), ()).exec(&mut tx).await?;
        }
        rows += now;
        if now == 0 || how == Repair::SetNull {
            break;
        }
    }
    tx.commit().await?;
    Ok(Repaired { rows, shelved })
}

/// Makes a place on the shelf for each table.
async fn places(
    schema: &Schema,
    references: &[&Reference],
    executor: &mut impl Executor,
) -> Result<Vec<(ObjectName, ObjectName)>> {
    let dialect = schema.dialect;
    if dialect == Dialect::Postgres && !references.is_empty() {
        sql_unchecked::<()>(format!("CREATE SCHEMA IF NOT EXISTS {SHELF}"), ()).exec(executor).await?;
    }
    let mut places: Vec<(ObjectName, ObjectName)> = Vec::new();
    for reference in references {
        let table = &reference.table;
        if places.iter().any(|(known, _)| known == table) {
            continue;
        }
        let names = (1..).map(|number| name(dialect, table, number));
        let taken = |name: &ObjectName| schema.table(name).is_some() || places.iter().any(|(_, place)| place == name);
        let Some(place) = { names }.find(|name| !taken(name)) else { continue };
        let (to, from) = (dialect.qualified(&place), dialect.qualified(table));
        sql_unchecked::<()>(format!("CREATE TABLE {to} AS SELECT * FROM {from} WHERE 1 = 0"), ())
            .exec(executor)
            .await?;
        places.push((table.clone(), place));
    }
    Ok(places)
}

/// `orphans_books`, `orphans_books_2`, … on the shelf.
fn name(dialect: Dialect, table: &ObjectName, number: u32) -> ObjectName {
    let number = if number > 1 { format!("_{number}") } else { String::new() };
    match dialect {
        Dialect::Postgres => ObjectName::new(SHELF, naming::fit(dialect, &format!("orphans_{}{number}", table.name))),
        Dialect::Sqlite | Dialect::Mysql => {
            let name = naming::fit(dialect, &format!("{SHELF}_orphans_{}{number}", table.name));
            ObjectName::new(&table.namespace, name)
        }
    }
}

/// Copies the rows, where that is a statement of its own.
fn copy(dialect: Dialect, reference: &Reference, to: &ObjectName) -> Option<String> {
    let rows = orphans(dialect, reference);
    let table = dialect.qualified(&reference.table);
    (dialect != Dialect::Postgres)
        .then(|| format!("INSERT INTO {} SELECT {table}.* FROM {rows}", dialect.qualified(to)))
}

fn statement(dialect: Dialect, reference: &Reference, how: Repair, to: Option<&ObjectName>) -> String {
    let rows = orphans(dialect, reference);
    match (how, to) {
        // By one statement, so that no row goes that was not copied.
        (Repair::Shelve, Some(to)) if dialect == Dialect::Postgres => {
            let to = dialect.qualified(to);
            format!("WITH gone AS (DELETE FROM {rows} RETURNING *) INSERT INTO {to} SELECT * FROM gone")
        }
        (Repair::Delete | Repair::Shelve, _) => format!("DELETE FROM {rows}"),
        (Repair::SetNull, _) => {
            let columns = reference.columns.iter().map(|column| format!("{} = NULL", dialect.quote(column)));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let (table, condition) = rows.split_once(" WHERE ").unwrap_or((&rows, "1 = 1"));
            format!("UPDATE {table} SET {columns} WHERE {condition}")
        }
    }
}
