//! Copies rows from one database into another, of the same or another dialect.
//!
//! Each value is read as the portable type of its column, so that a date that SQLite keeps as text arrives as a date.
//! Rows are fetched in portions: memory does not grow with the table. A table arrives whole or not at all.
//!
//! It deliberately copies no schema: the tables are there already, best without foreign keys and indexes.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use relata_schema::Dialect;
use relata_schema::model::{ObjectName, Table};
use relata_schema::types::Type;
use relata_sql::driver::{BulkInsert, Row, RowSink, Statement};
use relata_sql::{Cell, Connection, Decode, Encode, Error, Kind, Result, Value};
use rust_decimal::Decimal;
use uuid::Uuid;

/// How many rows are in memory at a time.
const PORTION: usize = 5_000;

/// Copies the rows of `from` into the table `to`, whose columns have the same names. Gives their number.
///
/// # Errors
/// When a value does not fit: the error names table and column.
pub async fn copy_rows(
    source: &mut dyn Connection,
    from: &ObjectName,
    target: &mut dyn Connection,
    to: &Table,
    mut copied: impl FnMut(u64),
) -> Result<u64> {
    let columns: Vec<_> = to.columns.iter().filter(|column| column.generated.is_none()).collect();
    let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
    let dialect = source.dialect();
    let list: Vec<_> = names.iter().map(|name| dialect.quote(name)).collect();
    let sql = format!("SELECT {} FROM {}", list.join(", "), dialect.qualified(from));
    let types = columns.iter().map(|column| &column.ty.logical).collect();
    let mut portion = Portion { table: from, names: &names, types, values: Vec::new() };
    let mut total = 0;
    let mut cursor = source.open_cursor(Statement::once(&sql, &[])).await?;
    target.begin(Default::default()).await?;
    loop {
        let more = cursor.fetch(PORTION, &mut portion).await?;
        let insert = BulkInsert { table: &to.name, columns: &names, values: &portion.values };
        let rows = insert.rows() as u64;
        if rows > 0 {
            target.bulk_insert(insert).await.map_err(|error| error.context(format!("while copying {from}")))?;
        }
        total += rows;
        copied(rows);
        portion.values.clear();
        if !more {
            break;
        }
    }
    drop(cursor);
    target.execute(Statement::once("COMMIT", &[])).await?;
    Ok(total)
}

/// Lets the target number new rows after the last copied one. Only PostgreSQL does not do it by itself.
///
/// # Errors
/// As the database reports them.
pub async fn continue_numbers(target: &mut dyn Connection, table: &Table) -> Result<()> {
    if target.dialect() != Dialect::Postgres {
        return Ok(());
    }
    let dialect = Dialect::Postgres;
    let name = dialect.qualified(&table.name);
    for column in table.columns.iter().filter(|column| column.identity.is_some()) {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 0) + 1, false) FROM {name}",
            dialect.literal(&name),
            dialect.literal(&column.name),
            dialect.quote(&column.name),
        );
        target.execute(Statement::once(&sql, &[])).await?;
    }
    Ok(())
}

struct Portion<'a> {
    table: &'a ObjectName,
    names: &'a [&'a str],
    types: Vec<&'a Type>,
    values: Vec<Value>,
}

impl RowSink for Portion<'_> {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        for (index, ty) in self.types.iter().enumerate() {
            let value = convert(row.cell(index)?, ty).map_err(|mismatch| {
                Error::new(Kind::Decode, format!("expected {}", mismatch.expected))
                    .table(self.table.to_string())
                    .column(self.names[index])
            })?;
            self.values.push(value);
        }
        Ok(())
    }
}

fn convert(cell: Cell<'_>, ty: &Type) -> std::result::Result<Value, relata_sql::cell::Mismatch> {
    fn via<T: Decode + Encode>(cell: Cell<'_>) -> std::result::Result<Value, relata_sql::cell::Mismatch> {
        Ok(Option::<T>::decode(cell)?.encode())
    }
    match ty {
        Type::Bool => via::<bool>(cell),
        Type::Decimal(_) => via::<Decimal>(cell),
        Type::Date => via::<Date>(cell),
        Type::Time(_) => via::<Time>(cell),
        Type::DateTime(_) => via::<DateTime>(cell),
        Type::Timestamp(_) => via::<Timestamp>(cell),
        Type::Uuid => via::<Uuid>(cell),
        _ => Ok(cell.to_value()),
    }
}
