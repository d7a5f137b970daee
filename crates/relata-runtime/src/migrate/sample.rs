//! Rows made up for a proof where there is no data: a few for every table, with values at the edges of their types.
//!
//! - The first row is an ordinary one, the second has NULL wherever that is allowed, the third and fourth hold what is
//!   smallest and largest: empty texts, texts beyond ASCII, the ends of numbers and of the calendar.
//! - Keys are distinct, foreign keys refer to rows that are there, checks are satisfied where a value can be found in
//!   their own text. The database decides: a row that it refuses is tried again with plainer values.
//! - Rows fit the schema before and, where it is known, the one after: what a column is about to forbid is not made up.
//!
//! The same schema gets the same rows. A table that gets none is named with the reason; that is no error. Deliberately
//! not here: rows that look like anybody's, and many of them.

mod values;

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::model::{Column, ForeignKey, ObjectName, Schema, Table};
use relata_schema::{Dialect, Type};
use relata_sql::driver::Connection;
use relata_sql::{Error, Result, Statement};

use values::{Style, value};

/// Rows of each table.
const ROWS: usize = 4;

/// How often a row that the database refuses is tried again.
const ATTEMPTS: usize = 8;

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
    if schema.dialect == Dialect::Postgres {
        connection.batch("SET synchronous_commit TO off").await?;
    }
    let mut sample = Sample::default();
    for table in in_order(schema) {
        let holds = table.partitioning.is_none() || schema.dialect == Dialect::Mysql;
        if !holds || table.foreign.is_some() || filled.contains_key(&table.name) {
            continue;
        }
        let filling =
            Filling { schema, table, after: target.and_then(|target| target.table(&table.name)), filled, extremes };
        let circle = filling.begins_circle() && switch(connection, false).await?;
        let (rows, refused) = filling.insert(connection).await?;
        if circle {
            switch(connection, true).await?;
        }
        filled.insert(table.name.clone(), rows);
        sample.rows += rows;
        match refused {
            Some(why) if rows == 0 => sample.bare.push((table.name.clone(), why)),
            _ => sample.tables += 1,
        }
    }
    Ok(sample)
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

struct Filling<'f> {
    schema: &'f Schema,
    table: &'f Table,
    /// The table as it shall be.
    after: Option<&'f Table>,
    filled: &'f BTreeMap<ObjectName, u64>,
    extremes: bool,
}

impl Filling<'_> {
    /// Rows that were inserted, and the last refusal.
    async fn insert(&self, connection: &mut dyn Connection) -> Result<(u64, Option<String>)> {
        let dialect = self.schema.dialect;
        let columns: Vec<(usize, &Column)> =
            self.table.columns.iter().enumerate().filter(|(_, c)| is_given(c)).collect();
        let names: Vec<String> = columns.iter().map(|(_, column)| dialect.quote(&column.name)).collect();
        let into = format!("INSERT INTO {}", dialect.qualified(&self.table.name));
        if names.is_empty() {
            let values = if dialect == Dialect::Mysql { "() VALUES ()" } else { "DEFAULT VALUES" };
            return Ok(match run(connection, &format!("{into} {values}")).await? {
                None => (1, None),
                Some(error) => (0, Some(error.message().to_string())),
            });
        }
        let into = format!("{into} ({}) VALUES ", names.join(", "));
        let mut why = None;
        let mut all = Vec::new();
        for row in 0..ROWS {
            match self.row(&columns, row, 0) {
                Ok(row) => all.push(row),
                Err(reason) => why = Some(reason),
            }
        }
        if all.len() > 1 && run(connection, &format!("{into}{}", all.join(", "))).await?.is_none() {
            return Ok((all.len() as u64, None));
        }
        let mut rows = 0;
        for row in 0..ROWS {
            let mut tried = BTreeSet::new();
            for attempt in 0..ATTEMPTS {
                let Ok(values) = self.row(&columns, row, attempt) else { break };
                if !tried.insert(values.clone()) {
                    continue;
                }
                match run(connection, &format!("{into}{values}")).await? {
                    None => {
                        rows += 1;
                        break;
                    }
                    Some(error) => why = Some(error.message().to_string()),
                }
            }
        }
        Ok((rows, why))
    }

    /// The values of a row in parentheses, or why there is none.
    fn row(&self, columns: &[(usize, &Column)], row: usize, attempt: usize) -> std::result::Result<String, String> {
        let values: std::result::Result<Vec<String>, String> =
            columns.iter().map(|(position, column)| self.cell(*position, column, row, attempt)).collect();
        values.map(|values| format!("({})", values.join(", ")))
    }

    fn cell(
        &self,
        position: usize,
        column: &Column,
        row: usize,
        attempt: usize,
    ) -> std::result::Result<String, String> {
        let dialect = self.schema.dialect;
        let after = self.after.and_then(|table| table.column(&column.name));
        let key = self.is_key(&column.name);
        let nullable = !column.not_null && !after.is_some_and(|after| after.not_null) && !self.is_primary(&column.name);
        let missing = || format!("no value is known for {} of type {}", column.name, column.ty.physical);
        if nullable && row == 1 && attempt == 0 {
            return Ok("NULL".into());
        }
        if let Some((foreign, at)) = self.foreign_key(&column.name) {
            return match self.referred(foreign, at, row, key) {
                Some(value) => Ok(value),
                None if nullable => Ok("NULL".into()),
                None if self.is_ahead(foreign) => Ok((row + 1).to_string()),
                None if foreign.references == self.table.name => {
                    self.own(foreign, at, row, attempt).ok_or_else(missing)
                }
                None => Err(format!("{} has no row for {} to refer to", foreign.references, column.name)),
            };
        }
        let pool = self.pool(column);
        if let Some(literal) = (attempt >= 2).then(|| pool.get((attempt - 2) % pool.len().max(1))).flatten() {
            return Ok(literal.clone());
        }
        let converted = after.is_some_and(|after| after.ty != column.ty);
        let style = match attempt {
            _ if key => Style::Distinct,
            0 if !converted && self.extremes => Style::Edge,
            _ => Style::Plain,
        };
        let ty = self.base(&column.ty.logical);
        match value(dialect, ty, row, position, style) {
            Some(value) => Ok(value),
            None if nullable => Ok("NULL".into()),
            None if column.default.is_some() && dialect != Dialect::Sqlite => Ok("DEFAULT".into()),
            None => Err(missing()),
        }
    }

    /// The table that the key refers to comes later, and its rows will be numbered from one.
    fn is_ahead(&self, key: &ForeignKey) -> bool {
        let other = self.schema.table(&key.references).filter(|other| other.name != self.table.name);
        let numbered = |other: &Table| {
            let columns = self.referenced_columns(key);
            let whole = |column: &Column| matches!(column.ty.logical, Type::Int(_) | Type::UInt(_));
            let mut found = columns.iter().filter_map(|name| other.column(name));
            columns.len() == 1 && found.all(whole)
        };
        other.is_some_and(|other| !self.filled.contains_key(&other.name) && numbered(other))
    }

    /// It has to refer to a table that comes later.
    fn begins_circle(&self) -> bool {
        let needed = |key: &&ForeignKey| {
            key.columns.iter().filter_map(|name| self.table.column(name)).all(|column| column.not_null)
        };
        self.table.foreign_keys.iter().filter(needed).any(|key| self.is_ahead(key))
    }

    /// The type below a domain.
    fn base<'t>(&'t self, ty: &'t Type) -> &'t Type {
        match ty {
            Type::Domain(name) => {
                let domain = self.schema.domains.iter().find(|domain| domain.name == *name);
                domain.map_or(ty, |domain| &domain.base.logical)
            }
            other => other,
        }
    }

    fn is_primary(&self, column: &str) -> bool {
        self.table.primary_key.iter().any(|key| key.columns().any(|name| name == column))
    }

    /// Part of a key, before or after.
    fn is_key(&self, column: &str) -> bool {
        let keys = |table: &Table| {
            let constraints =
                table.primary_key.iter().chain(&table.uniques).any(|key| key.columns().any(|c| c == column));
            let unique = table.indexes.iter().filter(|index| index.unique);
            constraints || unique.flat_map(|index| &index.parts).any(|part| part.column == column)
        };
        keys(self.table) || self.after.is_some_and(keys) || self.is_referred_to(column)
    }

    /// Another table refers to it, which may only come to be checked by the migration.
    fn is_referred_to(&self, column: &str) -> bool {
        let keys = self.schema.tables.iter().flat_map(|table| &table.foreign_keys);
        keys.filter(|key| key.references == self.table.name)
            .any(|key| key.referenced_columns.iter().any(|c| c == column))
    }

    fn foreign_key(&self, column: &str) -> Option<(&ForeignKey, usize)> {
        let after = self.after.into_iter().flat_map(|table| &table.foreign_keys);
        let after = after.filter(|key| self.schema.table(&key.references).is_some());
        let mut keys = self.table.foreign_keys.iter().chain(after);
        keys.find_map(|key| Some((key, key.columns.iter().position(|name| name == column)?)))
    }

    fn referenced_columns<'k>(&'k self, key: &'k ForeignKey) -> Vec<&'k str> {
        if !key.referenced_columns.is_empty() {
            return key.referenced_columns.iter().map(String::as_str).collect();
        }
        let primary = self.schema.table(&key.references).and_then(|table| table.primary_key.as_ref());
        primary.map(|key| key.columns().collect()).unwrap_or_default()
    }

    /// The value of a row that is there on the other side.
    fn referred(&self, key: &ForeignKey, at: usize, row: usize, distinct: bool) -> Option<String> {
        let count = usize::try_from(*self.filled.get(&key.references)?).ok().filter(|count| *count > 0)?;
        if distinct && row >= count && key.columns.len() == 1 {
            return None;
        }
        let dialect = self.schema.dialect;
        let columns: Vec<String> = self.referenced_columns(key).into_iter().map(|name| dialect.quote(name)).collect();
        let column = columns.get(at)?;
        let (table, order, offset) = (dialect.qualified(&key.references), columns.join(", "), row % count);
        let known = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect::<Vec<_>>().join(" AND ");
        Some(format!("(SELECT {column} FROM {table} WHERE {known} ORDER BY {order} LIMIT 1 OFFSET {offset})"))
    }

    /// A row that refers to itself.
    fn own(&self, key: &ForeignKey, at: usize, row: usize, attempt: usize) -> Option<String> {
        let name = *self.referenced_columns(key).get(at)?;
        let position = self.table.columns.iter().position(|column| column.name == name)?;
        let column = &self.table.columns[position];
        let plain = is_given(column) && self.foreign_key(name).is_none();
        plain.then(|| self.cell(position, column, row, attempt).ok()).flatten()
    }

    /// Literals that stand in checks over the column, and in the bound of its partition.
    fn pool(&self, column: &Column) -> Vec<String> {
        let mut texts: Vec<&str> = Vec::new();
        let checks = self.table.checks.iter().chain(self.after.into_iter().flat_map(|table| &table.checks));
        texts.extend(checks.map(|check| check.expression.as_str()).filter(|text| mentions(text, &column.name)));
        if let Type::Domain(name) = &column.ty.logical {
            let domains = self.schema.domains.iter().filter(|domain| domain.name == *name);
            texts.extend(domains.flat_map(|domain| &domain.checks).map(|check| check.expression.as_str()));
        }
        if let Some(partition) = &self.table.partition_of {
            let parent = self.schema.table(&partition.parent).and_then(|parent| parent.partitioning.as_ref());
            if parent.is_some_and(|partitioning| mentions(&partitioning.key, &column.name)) {
                texts.push(&partition.bound);
            }
        }
        let mut pool: Vec<String> = Vec::new();
        for literal in texts.into_iter().flat_map(values::literals) {
            if !pool.contains(&literal) {
                pool.push(literal);
            }
        }
        pool
    }
}

/// It takes a value: neither computed nor numbered by the server.
fn is_given(column: &Column) -> bool {
    let numbered = column.default.as_deref().is_some_and(|default| default.starts_with("nextval("));
    column.generated.is_none() && column.identity.is_none() && !column.auto_increment && !numbered
}

fn mentions(text: &str, column: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let found = |(at, _): (usize, &str)| {
        let before = text[..at].chars().next_back().is_some_and(part);
        let after = text[at + column.len()..].chars().next().is_some_and(part);
        !before && !after
    };
    !column.is_empty() && text.match_indices(column).any(found)
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
