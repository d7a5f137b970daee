//! Whether the rows keep what is said of them: references that lead nowhere, and rules that rows break which were there first.
//!
//! A database enforces what it was told, from then on, for those who do not switch it off. Other references are only
//! meant: declared in the sources and not in the database, not validated, on an engine without foreign keys, or said by a name
//! alone (`user_id` beside a table `users`). [`check`] looks at the rows themselves.
//!
//! Invariants
//! - [`check`] writes nothing. [`repair`] does what is asked, in one transaction, and only to the rows that were found.
//! - Names come from the catalogue and the declaration; no value is put into SQL.

use relata_schema::declare::Declaration;
use relata_schema::lower::lower;
use relata_schema::model::{ObjectName, Table};
use relata_schema::{Dialect, Schema, naming};
use relata_sql::Result;

use crate::executor::Executor;
use crate::raw::sql_unchecked;

/// So many values that lead nowhere are shown.
const SHOWN: u64 = 3;

/// Deleting rows may leave others without theirs, this many times over.
const ROUNDS: u32 = 64;

/// Where a reference is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// In the database.
    Database,
    /// In the sources only.
    Sources,
    /// By its name: `user_id` beside a table `users`.
    Name,
}

/// Columns that refer to a row of another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The table.
    pub table: ObjectName,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table referred to.
    pub references: ObjectName,
    /// The columns there.
    pub referenced_columns: Vec<String>,
    /// Where it is said.
    pub said: Said,
    /// All its columns may be NULL.
    pub nullable: bool,
}

/// What is wrong with some rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// They refer to rows that do not exist.
    Orphans {
        /// By which columns.
        reference: Reference,
        /// How many rows.
        rows: u64,
        /// Some of the values that lead nowhere.
        values: Vec<String>,
    },
    /// They break a rule.
    Broken {
        /// The table.
        table: ObjectName,
        /// The name of the check.
        check: String,
        /// The rule in SQL.
        expression: String,
        /// How many rows.
        rows: u64,
    },
}

/// What to do with rows that refer to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Their reference becomes NULL, where it may.
    SetNull,
    /// They are deleted.
    Delete,
}

/// Looks at every reference and check of a database, and of a declaration if there is one.
///
/// # Errors
/// What the database says.
pub async fn check(
    schema: &Schema,
    declaration: Option<&Declaration>,
    executor: &mut impl Executor,
) -> Result<Vec<Finding>> {
    let declared = declaration.map(|declaration| lower(declaration, schema.dialect).0);
    let mut found = Vec::new();
    for reference in references(schema, declared.as_ref()) {
        let rows = count(&format!("SELECT COUNT(*) FROM {}", orphans(schema.dialect, &reference)), executor).await?;
        if rows > 0 {
            let values = values(schema.dialect, &reference, executor).await?;
            found.push(Finding::Orphans { reference, rows, values });
        }
    }
    for (table, check, expression) in checks(schema, declared.as_ref()) {
        let from = schema.dialect.qualified(&table);
        let rows = count(&format!("SELECT COUNT(*) FROM {from} WHERE NOT ({expression})"), executor).await?;
        if rows > 0 {
            found.push(Finding::Broken { table, check, expression, rows });
        }
    }
    Ok(found)
}

/// Repairs rows that refer to nothing; gives back how many. References that may not be NULL stay as they are when asked to
/// become so. Broken rules are for people: nobody knows the right value.
///
/// # Errors
/// `Kind::ForeignKeyViolation` when others refer to a row that would be deleted; what the database says.
pub async fn repair(dialect: Dialect, found: &[Finding], how: Repair, executor: &mut impl Executor) -> Result<u64> {
    let mut tx = executor.begin(Default::default()).await?;
    let mut repaired = 0;
    for _ in 0..ROUNDS {
        let mut now = 0;
        for finding in found {
            let Finding::Orphans { reference, .. } = finding else { continue };
            if how == Repair::Delete || reference.nullable {
                now += sql_unchecked::<()>(statement(dialect, reference, how), ()).exec(&mut tx).await?;
            }
        }
        repaired += now;
        if now == 0 || how == Repair::SetNull {
            break;
        }
    }
    tx.commit().await?;
    Ok(repaired)
}

fn statement(dialect: Dialect, reference: &Reference, how: Repair) -> String {
    let rows = orphans(dialect, reference);
    match how {
        Repair::Delete => format!("DELETE FROM {rows}"),
        Repair::SetNull => {
            let columns = reference.columns.iter().map(|column| format!("{} = NULL", dialect.quote(column)));
            let columns = columns.collect::<Vec<_>>().join(", ");
            let (table, condition) = rows.split_once(" WHERE ").unwrap_or((&rows, "1 = 1"));
            format!("UPDATE {table} SET {columns} WHERE {condition}")
        }
    }
}

/// `table WHERE …`: the rows that refer to nothing.
fn orphans(dialect: Dialect, reference: &Reference) -> String {
    let table = dialect.qualified(&reference.table);
    let here = |column: &String| format!("{table}.{}", dialect.quote(column));
    let set = reference.columns.iter().map(|column| format!("{} IS NOT NULL", here(column)));
    let pairs = reference.columns.iter().zip(&reference.referenced_columns);
    let equal = pairs.map(|(column, there)| format!("there.{} = {}", dialect.quote(there), here(column)));
    format!(
        "{table} WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS there WHERE {})",
        set.collect::<Vec<_>>().join(" AND "),
        dialect.qualified(&reference.references),
        equal.collect::<Vec<_>>().join(" AND "),
    )
}

async fn count(sql: &str, executor: &mut impl Executor) -> Result<u64> {
    let rows = sql_unchecked::<i64>(without_parameters(sql), ()).one(executor).await?;
    Ok(rows.unsigned_abs())
}

/// A question mark outside of quotation marks is an operator here, and no parameter.
fn without_parameters(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quote = None;
    for c in sql.chars() {
        match (quote, c) {
            (None, '\'' | '"' | '`') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '?') => out.push('?'),
            _ => {}
        }
        out.push(c);
    }
    out
}

async fn values(dialect: Dialect, reference: &Reference, executor: &mut impl Executor) -> Result<Vec<String>> {
    let [column] = reference.columns.as_slice() else { return Ok(Vec::new()) };
    let cast = match dialect {
        Dialect::Mysql => format!("CAST({} AS CHAR)", dialect.quote(column)),
        Dialect::Sqlite | Dialect::Postgres => format!("CAST({} AS TEXT)", dialect.quote(column)),
    };
    let sql = format!("SELECT DISTINCT {cast} FROM {} ORDER BY 1 LIMIT {SHOWN}", orphans(dialect, reference));
    sql_unchecked::<String>(sql, ()).all(executor).await
}

/// Every reference of live tables: those of the database, then those of the sources, then those that a name says.
fn references(schema: &Schema, declared: Option<&Schema>) -> Vec<Reference> {
    let mut all: Vec<Reference> = Vec::new();
    let keys = |schema: &Schema, said: Said| -> Vec<Reference> {
        let of_table = |table: &Table| {
            let keys = table.foreign_keys.iter().map(|key| (table.name.clone(), key.clone()));
            keys.collect::<Vec<_>>()
        };
        let keys = schema.tables.iter().flat_map(of_table);
        let reference = keys.map(|(table, key)| Reference {
            table,
            columns: key.columns,
            references: key.references,
            referenced_columns: key.referenced_columns,
            said,
            nullable: false,
        });
        reference.collect()
    };
    let declared = declared.map(|declared| keys(declared, Said::Sources)).unwrap_or_default();
    let candidates = keys(schema, Said::Database).into_iter().chain(declared).chain(guessed(schema));
    for candidate in candidates {
        let known = all.iter().any(|known| known.table == candidate.table && known.columns == candidate.columns);
        if let (false, Some(reference)) = (known, resolved(schema, candidate)) {
            all.push(reference);
        }
    }
    all
}

/// The reference over tables and columns that there are.
fn resolved(schema: &Schema, mut reference: Reference) -> Option<Reference> {
    let (here, there) = (schema.table(&reference.table)?, schema.table(&reference.references)?);
    if reference.referenced_columns.is_empty() {
        reference.referenced_columns = there.primary_key.as_ref()?.columns().map(str::to_string).collect();
    }
    let columns: Option<Vec<_>> = reference.columns.iter().map(|name| here.column(name)).collect();
    let all_there = reference.referenced_columns.iter().all(|name| there.column(name).is_some());
    reference.nullable = columns?.iter().all(|column| !column.not_null);
    (all_there && reference.columns.len() == reference.referenced_columns.len()).then_some(reference)
}

/// `user_id` beside a table `users` whose key is one column of the same type.
fn guessed(schema: &Schema) -> Vec<Reference> {
    let mut found = Vec::new();
    for table in &schema.tables {
        for column in &table.columns {
            let Some(stem) = column.name.strip_suffix("_id").filter(|stem| !stem.is_empty()) else { continue };
            let names = [naming::plural(stem), stem.to_string()];
            let fits = |other: &&Table| {
                let key = other.primary_key.as_ref().map(|key| key.columns().collect::<Vec<_>>()).unwrap_or_default();
                let alike = matches!(key.as_slice(), [key] if other.column(key).is_some_and(|key| key.ty.logical == column.ty.logical));
                names.contains(&other.name.name) && other.name.namespace == table.name.namespace && alike
            };
            if let Some(other) = schema.tables.iter().find(fits) {
                found.push(Reference {
                    table: table.name.clone(),
                    columns: vec![column.name.clone()],
                    references: other.name.clone(),
                    referenced_columns: Vec::new(),
                    said: Said::Name,
                    nullable: false,
                });
            }
        }
    }
    found
}

/// Every check of live tables: those of the database, and those of the sources under names that it does not have.
fn checks(schema: &Schema, declared: Option<&Schema>) -> Vec<(ObjectName, String, String)> {
    let of = |schema: &Schema| -> Vec<(ObjectName, String, String)> {
        let of_table = |table: &Table| {
            let checks =
                table.checks.iter().map(|check| (table.name.clone(), check.name.clone(), check.expression.clone()));
            checks.collect::<Vec<_>>()
        };
        schema.tables.iter().flat_map(of_table).collect()
    };
    let mut all = of(schema);
    for (table, name, expression) in declared.map(of).unwrap_or_default() {
        let known = all.iter().any(|(other, known, _)| *other == table && *known == name);
        if !known && schema.table(&table).is_some() {
            all.push((table, name, expression));
        }
    }
    all
}
