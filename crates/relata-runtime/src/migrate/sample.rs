//! Rows made up for a proof where there is no data: a few for every table, with values at the edges of their types.
//!
//! - The first row is an ordinary one, the second has NULL wherever that is allowed, the third and fourth hold what is
//!   smallest and largest: empty texts, texts beyond ASCII, the ends of numbers and of the calendar.
//! - Keys are distinct, foreign keys refer to rows that are there, checks are satisfied where a value can be found in
//!   their own text. The database decides: a row that it refuses is tried again with what the refusal tells to change.
//! - Rows that a migration itself put into a table count: a table that takes no more is not without rows.
//! - Rows fit the schema before and, where it is known, the one after: what a column is about to forbid is not made up.
//!
//! The same schema gets the same rows. A table that gets none is named with the reason; that is no error. Deliberately
//! not here: rows that look like anybody's, and many of them.

mod candidates;
mod choices;
mod filling;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::Dialect;
use relata_schema::model::{ObjectName, Schema, Table};
use relata_sql::driver::Connection;
use relata_sql::{Error, Result, Statement, Value};

use super::rows;
use filling::Filling;

/// Rows of each table.
const ROWS: usize = 4;

/// How often a row that the database refuses is tried again while nothing has satisfied it yet, and afterwards.
const ATTEMPTS: (usize, usize) = (200, 40);

/// How often values get plainer before that is given up.
const PLAINEST: usize = 6;

/// What was made up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Tables that got rows.
    pub tables: usize,
    /// The rows.
    pub rows: u64,
    /// Tables that got none, and why.
    pub bare: Vec<(ObjectName, String)>,
}

/// Fills the tables of a shadow that are not in `filled` yet, and adds them to it. `target` is the schema that the rows
/// shall fit too. Without `extremes`, every value is an ordinary one.
///
/// # Errors
/// When the connection breaks; what the database refuses is part of the answer.
pub async fn fill(
    connection: &mut dyn Connection,
    schema: &Schema,
    target: Option<&Schema>,
    filled: &mut BTreeMap<ObjectName, u64>,
    extremes: bool,
) -> Result<Sample> {
    let path = settle(connection).await?;
    let mut sample = Sample::default();
    for table in in_order(schema) {
        let holds = table.partitioning.is_none() || schema.dialect == Dialect::Mysql;
        if !holds || table.foreign.is_some() || filled.contains_key(&table.name) {
            continue;
        }
        let filling =
            Filling { schema, table, after: target.and_then(|target| target.table(&table.name)), filled, extremes };
        let (rows, refused) = insert(connection, &filling).await?;
        sample.rows += rows;
        let there = if rows == 0 { count(connection, &table.name).await? } else { rows };
        filled.insert(table.name.clone(), there);
        match refused {
            Some(why) if there == 0 => sample.bare.push((table.name.clone(), why)),
            _ => sample.tables += 1,
        }
    }
    if connection.dialect() == Dialect::Mysql {
        connection.batch("COMMIT").await?;
    }
    if let Some(path) = path {
        search(connection, path).await?;
    }
    Ok(sample)
}

/// Nothing waits for the disk row by row. MariaDB: all rows are one transaction, which a refused row does not end.
/// PostgreSQL gives the search path, which the tables change.
async fn settle(connection: &mut dyn Connection) -> Result<Option<String>> {
    match connection.dialect() {
        Dialect::Postgres => {}
        Dialect::Mysql => return connection.batch("START TRANSACTION").await.map(|()| None),
        Dialect::Sqlite => return Ok(None),
    }
    connection.batch("SET synchronous_commit TO off").await?;
    Ok(match rows::one(connection, "SELECT pg_catalog.current_setting('search_path')", &[]).await? {
        Some(Value::Text(path)) => Some(path),
        _ => None,
    })
}

async fn search(connection: &mut dyn Connection, path: String) -> Result<()> {
    let sql = "SELECT pg_catalog.set_config('search_path', $1::text, false)";
    rows::one(connection, sql, &[Value::Text(path)]).await.map(|_| ())
}

/// Rows that were inserted, and the last refusal.
async fn insert(connection: &mut dyn Connection, filling: &Filling<'_>) -> Result<(u64, Option<String>)> {
    let table = filling.table;
    let schema = filling.schema;
    if schema.dialect == Dialect::Postgres {
        // Functions of triggers may name what is beside their table without its namespace.
        search(connection, format!("{}, public", Dialect::Postgres.quote(&table.name.namespace))).await?;
    }
    let circle = filling.begins_circle() && switch(connection, false).await?;
    let mut inserted = filling.insert(connection).await?;
    if circle {
        for sql in filling.closing() {
            run(connection, &sql).await?;
        }
        switch(connection, true).await?;
    }
    // A trigger that refuses speaks of what no constraint says: then the rows are good enough without its word.
    let guarded = schema.dialect == Dialect::Postgres && !table.triggers.is_empty();
    if inserted.0 == 0 && inserted.1.is_some() && guarded && !circle && switch(connection, false).await? {
        inserted = filling.insert(connection).await?;
        switch(connection, true).await?;
    }
    Ok(inserted)
}

/// The rows that are in a table.
async fn count(connection: &mut dyn Connection, table: &ObjectName) -> Result<u64> {
    let sql = format!("SELECT count(*) FROM {}", connection.dialect().qualified(table));
    Ok(match rows::one(connection, &sql, &[]).await? {
        Some(Value::Int(count)) => u64::try_from(count).unwrap_or(0),
        _ => 0,
    })
}

/// Tables that are referred to before those that refer; in a circle, in their own order.
fn in_order(schema: &Schema) -> Vec<&Table> {
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    for table in &schema.tables {
        visit(schema, table, &mut seen, &mut order);
    }
    order
}

fn visit<'s>(schema: &'s Schema, table: &'s Table, seen: &mut BTreeSet<&'s ObjectName>, order: &mut Vec<&'s Table>) {
    // Each table is entered once, with those it refers to on a list: a long chain must not exhaust the stack.
    let mut path = vec![(table, 0)];
    while let Some((table, at)) = path.pop() {
        if at == 0 && !seen.insert(&table.name) {
            continue;
        }
        match table.foreign_keys.get(at) {
            Some(key) => {
                path.push((table, at + 1));
                if let Some(next) = schema.table(&key.references).filter(|next| !seen.contains(&next.name)) {
                    path.push((next, 0));
                }
            }
            None => order.push(table),
        }
    }
}

/// Has foreign keys checked or not; `false` where the role may not say.
async fn switch(connection: &mut dyn Connection, on: bool) -> Result<bool> {
    let sql = match (connection.dialect(), on) {
        (Dialect::Postgres, true) => "SET session_replication_role = origin",
        (Dialect::Postgres, false) => "SET session_replication_role = replica",
        (Dialect::Mysql, true) => "SET foreign_key_checks = 1",
        (Dialect::Mysql, false) => "SET foreign_key_checks = 0",
        (Dialect::Sqlite, true) => "PRAGMA foreign_keys = ON",
        (Dialect::Sqlite, false) => "PRAGMA foreign_keys = OFF",
    };
    match connection.batch(sql).await {
        Err(error) if connection.is_broken() => Err(error),
        result => Ok(result.is_ok()),
    }
}

/// Runs a statement; gives what the database says against it.
async fn run(connection: &mut dyn Connection, sql: &str) -> Result<Option<Error>> {
    match connection.execute(Statement::once(sql, &[])).await {
        Ok(_) => Ok(None),
        Err(error) if connection.is_broken() => Err(error),
        Err(error) => Ok(Some(error)),
    }
}
