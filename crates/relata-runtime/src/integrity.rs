//! Whether the rows keep what is said of them: references that lead nowhere, and rules that rows break which were there first.
//!
//! A database enforces what it was told, from then on, for those who do not switch it off. Other references are only
//! meant: declared in the sources and not in the database, not validated, on an engine without foreign keys, kept as a type
//! and a key, or said by a name alone (`user_id` beside a table `users`). [`check`] looks at the rows themselves.
//!
//! Invariants
//! - [`check`] writes nothing. [`repair`] does what is asked, in one transaction, and only to the rows that were found.
//! - Names come from the catalogue and the declaration; no value is put into SQL.

use relata_schema::declare::Declaration;
use relata_schema::lower::lower;
use relata_schema::model::{ObjectName, Table};
use relata_schema::types::Type;
use relata_schema::{Dialect, Schema};
use relata_sql::Result;

use crate::executor::Executor;
use crate::migrate::hide_own;
use crate::raw::sql_unchecked;

mod references;
mod repair;

use references::{Candidate, references};
pub use repair::{Repair, Repaired, repair};

/// So many values that lead nowhere are shown.
const SHOWN: u64 = 3;

/// Where a reference is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// In the database.
    Database,
    /// In the sources only.
    Sources,
    /// By its name: `user_id` beside a table `users`; by type and key: `owner_type`, `owner_id`.
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
    /// Only rows in which this column says this: a reference kept as a type and a key.
    pub only: Option<(String, String)>,
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

/// Looks at every reference and check of a database, and of a declaration if there is one.
///
/// # Errors
/// What the database says.
pub async fn check(
    schema: &Schema,
    declaration: Option<&Declaration>,
    executor: &mut impl Executor,
) -> Result<Vec<Finding>> {
    let mut schema = schema.clone();
    hide_own(&mut schema);
    let schema = &schema;
    let mut found = Vec::new();
    for Candidate { reference, vague } in references(schema, declaration, executor).await? {
        let rows = count(&format!("SELECT COUNT(*) FROM {}", orphans(schema.dialect, &reference)), executor).await?;
        if rows > 0 && !(vague && mostly(rows, schema.dialect, &reference, executor).await?) {
            let values = values(schema, &reference, executor).await?;
            found.push(Finding::Orphans { reference, rows, values });
        }
    }
    let declared = declaration.map(|declaration| lower(declaration, schema.dialect).0);
    let typed = declaration.map(|declaration| references::types(schema, declaration)).unwrap_or_default();
    for (table, check, expression) in checks(schema, declared.as_ref()).into_iter().chain(typed) {
        let from = schema.dialect.qualified(&table);
        let rows = count(&format!("SELECT COUNT(*) FROM {from} WHERE NOT ({expression})"), executor).await?;
        if rows > 0 {
            found.push(Finding::Broken { table, check, expression, rows });
        }
    }
    Ok(found)
}

/// So many orphans are most of the rows that refer to anything: then the name means something else.
async fn mostly(orphans: u64, dialect: Dialect, reference: &Reference, executor: &mut impl Executor) -> Result<bool> {
    let table = dialect.qualified(&reference.table);
    let all = count(&format!("SELECT COUNT(*) FROM {table} WHERE {}", set(dialect, reference)), executor).await?;
    Ok(orphans.saturating_mul(2) > all)
}

/// The condition that a row refers to something.
fn set(dialect: Dialect, reference: &Reference) -> String {
    let table = dialect.qualified(&reference.table);
    let here = |column: &String| format!("{table}.{}", dialect.quote(column));
    let set = reference.columns.iter().map(|column| format!("{} IS NOT NULL", here(column)));
    let only = reference.only.iter().map(|(column, word)| format!("{} = {}", here(column), dialect.literal(word)));
    set.chain(only).collect::<Vec<_>>().join(" AND ")
}

/// `table WHERE …`: the rows that refer to nothing.
fn orphans(dialect: Dialect, reference: &Reference) -> String {
    let table = dialect.qualified(&reference.table);
    let pairs = reference.columns.iter().zip(&reference.referenced_columns);
    let equal =
        pairs.map(|(column, there)| format!("there.{} = {table}.{}", dialect.quote(there), dialect.quote(column)));
    format!(
        "{table} WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS there WHERE {})",
        set(dialect, reference),
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

async fn values(schema: &Schema, reference: &Reference, executor: &mut impl Executor) -> Result<Vec<String>> {
    let [column] = reference.columns.as_slice() else { return Ok(Vec::new()) };
    let (dialect, name) = (schema.dialect, schema.dialect.quote(column));
    let declared = schema.table(&reference.table).and_then(|table| table.column(column));
    let bytes = declared.is_some_and(|column| matches!(column.ty.logical, Type::Bytes(_)));
    let shown = match dialect {
        Dialect::Mysql if bytes => format!("CONCAT('0x', HEX({name}))"),
        Dialect::Mysql => format!("CAST({name} AS CHAR)"),
        Dialect::Sqlite => format!("CASE typeof({name}) WHEN 'blob' THEN quote({name}) ELSE CAST({name} AS TEXT) END"),
        Dialect::Postgres => format!("CAST({name} AS TEXT)"),
    };
    let sql = format!("SELECT DISTINCT {shown} FROM {} ORDER BY 1 LIMIT {SHOWN}", orphans(dialect, reference));
    sql_unchecked::<String>(sql, ()).all(executor).await
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
