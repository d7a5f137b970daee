//! Values of a column go back into a table whose rows have no key: a row is known by all its other columns, and of rows that
//! are alike in them it does not matter which gets which value.

use relata_schema::Dialect;
use relata_schema::model::{ObjectName, Table};
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result};

use super::{Shelved, sql};
use crate::migrate::rows;

/// What a row is known by, and its number among those that are alike.
const ALIKE: &str = "relata_alike";
const NUMBER: &str = "relata_number";

/// The column, and those by which a row is known: what was kept of it and is there, but for what is `waiting` to be put
/// back.
pub(super) struct Alike<'a> {
    dialect: Dialect,
    table: &'a Table,
    kept: String,
    column: &'a str,
    known_by: Vec<String>,
    complete: bool,
}

impl<'a> Alike<'a> {
    /// `None`: it is kept with a key, or it is no column.
    pub(super) async fn of(
        connection: &mut dyn Connection,
        table: &'a Table,
        shelved: &'a Shelved,
        waiting: &[String],
    ) -> Result<Option<Self>> {
        let Some(column) = shelved.taken.column.as_deref().filter(|_| shelved.key.is_empty()) else { return Ok(None) };
        let dialect = connection.dialect();
        let mut known_by = sql::columns_of(connection, &shelved.kept_in).await?;
        known_by.retain(|name| name != column && !waiting.contains(name));
        let count = known_by.len();
        known_by.retain(|name| table.column(name).is_some_and(|column| column.generated.is_none()));
        let complete = known_by.len() == count;
        let kept = dialect.qualified(&shelved.kept_in);
        Ok(Some(Alike { dialect, table, kept, column, known_by, complete }))
    }

    /// Whether all rows of the table are known, or all that were kept are there.
    pub(super) async fn is_clear(&self, connection: &mut dyn Connection) -> Result<bool> {
        if !self.complete {
            return Ok(false);
        }
        let (there, kept) = (self.numbered(&self.target(), ""), self.numbered(&self.kept, ""));
        let missing = |some: &str, others: &str| {
            format!(
                "EXISTS (SELECT 1 FROM {some} AS a LEFT JOIN {others} AS b ON {} WHERE b.{NUMBER} IS NULL)",
                on("a", "b")
            )
        };
        let sql = format!("SELECT 1 WHERE {} AND {}", missing(&there, &kept), missing(&kept, &there));
        Ok(rows::all(connection, &sql, &[]).await?.is_empty())
    }

    /// Puts the values back. `value` is how the kept one is written, of the row `s`.
    pub(super) async fn put_back(&self, connection: &mut dyn Connection, value: &str) -> Result<()> {
        let (target, column) = (self.target(), self.dialect.quote(self.column));
        let kept = self.numbered(&self.kept, &format!("{column}, "));
        let (place, same) = match self.dialect {
            Dialect::Mysql => return self.write_again(connection, value).await,
            Dialect::Postgres => ("tableoid AS relata_table, ctid AS relata_row, ".to_string(), {
                "t.tableoid = r.relata_table AND t.ctid = r.relata_row".to_string()
            }),
            Dialect::Sqlite => {
                let names = self.row_names()?;
                let place = names.iter().enumerate().map(|(index, name)| format!("{name} AS relata_row_{index}, "));
                let same = names.iter().enumerate().map(|(index, name)| format!("t.{name} = r.relata_row_{index}"));
                (place.collect(), same.collect::<Vec<_>>().join(" AND "))
            }
        };
        let there = self.numbered(&target, &place);
        let sql = format!(
            "UPDATE {target} AS t SET {column} = {value} FROM {there} AS r JOIN {kept} AS s ON {} WHERE {same}",
            on("r", "s")
        );
        connection.batch(&sql).await
    }

    /// MariaDB has no name for a row: all of them are written again.
    async fn write_again(&self, connection: &mut dyn Connection, value: &str) -> Result<()> {
        let (target, column) = (self.target(), self.dialect.quote(self.column));
        let stored = self.table.columns.iter().filter(|column| column.generated.is_none());
        let columns: Vec<String> = stored.map(|column| self.dialect.quote(&column.name)).collect();
        let value_of = |name: &String| match *name == column {
            true => format!("IF(s.{NUMBER} IS NULL, t.{name}, {value}) AS {name}"),
            false => format!("t.{name}"),
        };
        let values: Vec<String> = columns.iter().map(value_of).collect();
        let there = self.numbered(&target, &format!("{}, ", columns.join(", ")));
        let kept = self.numbered(&self.kept, &format!("{column}, "));
        let (columns, values, same) = (columns.join(", "), values.join(", "), on("t", "s"));
        for sql in [
            format!(
                "CREATE TEMPORARY TABLE relata_rows AS SELECT {values} FROM {there} AS t LEFT JOIN {kept} AS s ON {same}"
            ),
            format!("DELETE FROM {target}"),
            format!("INSERT INTO {target} ({columns}) SELECT {columns} FROM relata_rows"),
            "DROP TEMPORARY TABLE relata_rows".to_string(),
        ] {
            connection.batch(&sql).await?;
        }
        Ok(())
    }

    fn target(&self) -> String {
        self.dialect.qualified(&self.table.name)
    }

    /// The rows of a table, each with what it is known by and its number among those that are alike.
    fn numbered(&self, table: &str, more: &str) -> String {
        let known = self.known();
        format!("(SELECT {more}{known} AS {ALIKE}, row_number() OVER (PARTITION BY {known}) AS {NUMBER} FROM {table})")
    }

    /// One text of all the columns.
    fn known(&self) -> String {
        let dialect = self.dialect;
        let parts = self.known_by.iter().map(|name| dialect.quote(name)).map(|name| match dialect {
            Dialect::Sqlite => format!("quote({name})"),
            Dialect::Postgres => format!("{name}::text"),
            Dialect::Mysql => format!("ifnull(hex(CAST({name} AS BINARY)), '-')"),
        });
        let parts: Vec<String> = parts.collect();
        match dialect {
            _ if parts.is_empty() => "'' || ''".to_string(),
            Dialect::Sqlite => parts.join(" || ',' || "),
            Dialect::Postgres => format!("ROW({})::text", parts.join(", ")),
            Dialect::Mysql => format!("sha2(concat_ws(',', {}), 256)", parts.join(", ")),
        }
    }

    /// SQLite: a name of the row's number that no column has, or the key of a table without such numbers.
    fn row_names(&self) -> Result<Vec<String>> {
        let key = self.table.primary_key.as_ref().filter(|_| self.table.options.without_rowid);
        if let Some(key) = key {
            return Ok(key.columns().map(|column| self.dialect.quote(column)).collect());
        }
        let free = |name: &&str| !self.table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let name = ["rowid", "_rowid_", "oid"].into_iter().find(free);
        let unsaid = || Error::new(Kind::Unsupported, format!("rows of {} cannot be told apart", self.table.name));
        name.map(|name| vec![name.to_string()]).ok_or_else(unsaid)
    }
}

fn on(left: &str, right: &str) -> String {
    format!("{left}.{ALIKE} = {right}.{ALIKE} AND {left}.{NUMBER} = {right}.{NUMBER}")
}

/// The columns of `table` that are kept and not back.
pub(super) fn waiting(kept: &[Shelved], table: &ObjectName) -> Vec<String> {
    let of = kept.iter().filter(|shelved| &shelved.taken.table == table);
    of.filter_map(|shelved| shelved.taken.column.clone()).collect()
}
