//! What the database says: its schema, the size of its tables, and the rows that break a rule to come.

use std::collections::BTreeMap;

use relata_plan::lint::{Live, Probe, TableSize};
use relata_runtime::migrate;
use relata_schema::Dialect;
use relata_sql::{Connection, Result, Value};

use crate::commands::query::{self, Rows};

/// A question is given up after so many seconds.
const PATIENCE: u32 = 30;

/// Reads schema and sizes.
///
/// # Errors
/// As the driver reports them.
pub async fn read(connection: &mut dyn Connection) -> Result<Live> {
    let schema = migrate::schema(connection).await?;
    let mut sizes = BTreeMap::new();
    let sized = match connection.dialect() {
        Dialect::Postgres => query::run(connection, POSTGRES, &[]).await?,
        Dialect::Mysql => query::run(connection, MYSQL, &[]).await?,
        Dialect::Sqlite => Rows::default(),
    };
    for row in &sized.rows {
        let [namespace, table, rows, bytes, guessed] = row.as_slice() else { continue };
        let (namespace, table) = (query::text(namespace).unwrap_or_default(), query::text(table).unwrap_or_default());
        let size = TableSize { rows: number(rows), bytes: number(bytes), guessed: number(guessed) != 0 };
        sizes.insert(format!("{namespace}.{table}"), size);
        sizes.entry(table).or_insert(size);
    }
    if connection.dialect() == Dialect::Sqlite {
        for table in &schema.tables {
            let name = Dialect::Sqlite.quote(&table.name.name);
            let counted = query::run(connection, &format!("SELECT count(*) FROM {name}"), &[]).await?;
            let rows = counted.rows.first().and_then(|row| row.first()).map_or(0, number);
            sizes.insert(table.name.name.clone(), TableSize { rows, ..TableSize::default() });
        }
    }
    Ok(Live { schema, asked: true, sizes })
}

/// Estimates; where nobody has analysed yet, from the size on disk, a hundred bytes a row. The schemas first in the search
/// path come first.
const POSTGRES: &str = "SELECT n.nspname::text, c.relname::text, \
    (CASE WHEN c.reltuples < 0 THEN pg_relation_size(c.oid) / 100 ELSE c.reltuples END)::bigint, \
    pg_total_relation_size(c.oid)::bigint, (c.reltuples < 0)::int::bigint \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') \
    ORDER BY array_position(current_schemas(false), n.nspname), n.nspname";

const MYSQL: &str = "SELECT table_schema, table_name, table_rows, data_length + index_length, 0 \
    FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE'";

fn number(value: &Value) -> u64 {
    match value {
        Value::Int(number) => u64::try_from(*number).unwrap_or(0),
        Value::UInt(number) => *number,
        other => query::text(other).and_then(|text| text.parse().ok()).unwrap_or(0),
    }
}

/// What a question gave.
pub enum Answer {
    /// No row breaks the rule.
    Kept,
    /// These do; some of them, as text.
    Broken(Vec<String>),
    /// It could not be asked.
    Unknown(String),
}

/// No question runs for longer than people wait.
///
/// # Errors
/// As the driver reports them.
pub async fn prepare(connection: &mut dyn Connection) -> Result<()> {
    let limit = match connection.dialect() {
        Dialect::Postgres => format!("SET statement_timeout = '{PATIENCE}s'"),
        Dialect::Mysql if connection.server().product.contains("Maria") => {
            format!("SET max_statement_time = {PATIENCE}")
        }
        Dialect::Mysql => format!("SET max_execution_time = {}", PATIENCE * 1000),
        Dialect::Sqlite => return Ok(()),
    };
    connection.batch(&limit).await
}

/// Asks.
pub async fn ask(connection: &mut dyn Connection, probe: &Probe) -> Answer {
    match query::run(connection, &probe.sql, &[]).await {
        Ok(rows) if rows.rows.is_empty() => Answer::Kept,
        Ok(rows) => Answer::Broken(rows.rows.iter().map(|row| shown(&rows, row)).collect()),
        Err(error) => Answer::Unknown(error.message().to_string()),
    }
}

/// `id = 3, total = -1`; long values are cut.
fn shown(rows: &Rows, row: &[Value]) -> String {
    let cell = |(column, value): (&relata_sql::driver::ColumnInfo, &Value)| {
        let text = query::text(value).unwrap_or_else(|| "NULL".into());
        let cut: String = text.chars().take(40).collect();
        format!("{} = {cut}{}", column.name, if cut.len() < text.len() { "…" } else { "" })
    };
    rows.columns.iter().zip(row).take(6).map(cell).collect::<Vec<_>>().join(", ")
}
