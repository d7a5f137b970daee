//! Values of a column go back into a table whose rows have no key: a row is known by all its other columns, and of rows that
//! are alike in them it does not matter which gets which value.
//!
//! Of a column that stays and becomes narrower all rows are kept, each with what the narrower type made of its value. Where rows that are
//! alike have changed since, or are more or fewer, nothing is put back among them.

use relata_schema::Dialect;
use relata_schema::model::{ObjectName, Table};
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result};

use super::{Shelved, sql};
use crate::migrate::rows;

/// The number of a kept row.
pub(super) const PLACE: &str = "relata_place";
/// What a row is known by, and its number among those that are alike.
const ALIKE: &str = "relata_alike";
const NUMBER: &str = "relata_number";
/// How many are alike.
const COUNT: &str = "relata_count";

/// The table as it is, and what was kept of it.
pub(super) struct Alike<'a> {
    dialect: Dialect,
    table: &'a Table,
    there: Side,
    kept: Side,
    stays: bool,
    complete: bool,
}

/// The column, and those by which a row is known, as they are called here: what was kept of it and is there, but for what is
/// `waiting` to be put back.
struct Side {
    table: String,
    column: String,
    known_by: Vec<String>,
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
        let now = |name: &str| shelved.later.column(table, name).to_string();
        known_by.retain(|name| table.column(&now(name)).is_some_and(|column| column.generated.is_none()));
        let complete = known_by.len() == count;
        let there = Side {
            table: dialect.qualified(&table.name),
            column: dialect.quote(&now(column)),
            known_by: known_by.iter().map(|name| now(name)).collect(),
        };
        let kept = Side { table: dialect.qualified(&shelved.kept_in), column: dialect.quote(column), known_by };
        Ok(Some(Alike { dialect, table, there, kept, stays: shelved.taken.stays(), complete }))
    }

    /// Whether all rows of the table are known, or all that were kept are there.
    pub(super) async fn is_clear(&self, connection: &mut dyn Connection) -> Result<bool> {
        if !self.complete {
            return Ok(false);
        }
        let (there, kept) = (self.numbered(&self.there, "", None), self.numbered(&self.kept, "", None));
        let missing = |some: &str, others: &str| {
            format!(
                "EXISTS (SELECT 1 FROM {some} AS a LEFT JOIN {others} AS b ON {} WHERE b.{NUMBER} IS NULL)",
                on("a", "b")
            )
        };
        let sql = format!("SELECT 1 WHERE {} AND {}", missing(&there, &kept), missing(&kept, &there));
        Ok(rows::all(connection, &sql, &[]).await?.is_empty())
    }

    /// Notes what became of each value.
    pub(super) async fn note(&self, connection: &mut dyn Connection) -> Result<()> {
        let (now, before) = (self.text(&self.there), self.text(&self.kept));
        let there = self.numbered(&self.there, &format!("{now} AS relata_now, "), Some(&now));
        let kept = self.numbered(&self.kept, &format!("{PLACE}, "), Some(&before));
        let same = on("k", "t");
        let pairs = format!("(SELECT k.{PLACE}, t.relata_now FROM {kept} AS k JOIN {there} AS t ON {same})");
        let set = [(sql::AFTER.to_string(), "p.relata_now".to_string())];
        let places = format!("s.{PLACE} = p.{PLACE}");
        connection.batch(&sql::update_joined(self.dialect, (&self.kept.table, "s"), (&pairs, "p"), &set, &places)).await
    }

    /// Before the rollback: forgets rows among whose likes somebody changed the column.
    pub(super) async fn prune(&self, connection: &mut dyn Connection) -> Result<()> {
        let by_value = |side: &Side, value: &str| {
            let (known, value) = (self.known(side), self.exactly(value));
            format!(
                "(SELECT {known} AS {ALIKE}, {value} AS relata_now, \
                 row_number() OVER (PARTITION BY {known}, {value}) AS {NUMBER} FROM {})",
                side.table
            )
        };
        let (kept, there) = (by_value(&self.kept, sql::AFTER), by_value(&self.there, &self.text(&self.there)));
        let same = format!("{} AND k.relata_now = t.relata_now", on("k", "t"));
        let changed = format!(
            "SELECT {ALIKE} FROM (SELECT k.{ALIKE} FROM {kept} AS k LEFT JOIN {there} AS t ON {same} \
             WHERE t.{NUMBER} IS NULL) AS changed"
        );
        let known = self.known(&self.kept);
        connection.batch(&format!("DELETE FROM {} WHERE {known} IN ({changed})", self.kept.table)).await
    }

    /// Puts the values back. `value` is how the kept one is written, of the row `s`.
    pub(super) async fn put_back(&self, connection: &mut dyn Connection, value: &str) -> Result<()> {
        let Side { table: target, column, .. } = &self.there;
        let kept = self.numbered(&self.kept, &format!("{column}, "), self.after());
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
        let there = self.numbered(&self.there, &place, self.present().as_deref());
        let sql = format!(
            "UPDATE {target} AS t SET {column} = {value} FROM {there} AS r JOIN {kept} AS s ON {} WHERE {same}",
            self.on("r", "s")
        );
        connection.batch(&sql).await
    }

    /// MariaDB has no name for a row: all of them are written again.
    async fn write_again(&self, connection: &mut dyn Connection, value: &str) -> Result<()> {
        let Side { table: target, column, .. } = &self.there;
        let stored = self.table.columns.iter().filter(|column| column.generated.is_none());
        let columns: Vec<String> = stored.map(|column| self.dialect.quote(&column.name)).collect();
        let value_of = |name: &String| match name == column {
            true => format!("IF(s.{NUMBER} IS NULL, t.{name}, {value}) AS {name}"),
            false => format!("t.{name}"),
        };
        let values: Vec<String> = columns.iter().map(value_of).collect();
        let there = self.numbered(&self.there, &format!("{}, ", columns.join(", ")), self.present().as_deref());
        let kept = self.numbered(&self.kept, &format!("{column}, "), self.after());
        let (columns, values, same) = (columns.join(", "), values.join(", "), self.on("t", "s"));
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

    /// The text of the column.
    fn text(&self, side: &Side) -> String {
        sql::text_of(self.dialect, &side.column)
    }

    fn present(&self) -> Option<String> {
        self.stays.then(|| self.text(&self.there))
    }

    fn after(&self) -> Option<&'static str> {
        self.stays.then_some(sql::AFTER)
    }

    /// The rows of a table, each with what it is known by, its number among those that are alike (in the order of the text
    /// `by`), and how many they are.
    fn numbered(&self, side: &Side, more: &str, by: Option<&str>) -> String {
        let (known, table) = (self.known(side), &side.table);
        let order = by.map_or_else(String::new, |by| format!(" ORDER BY {}", self.exactly(by)));
        format!(
            "(SELECT {more}{known} AS {ALIKE}, row_number() OVER (PARTITION BY {known}{order}) AS {NUMBER}, \
             count(*) OVER (PARTITION BY {known}) AS {COUNT} FROM {table})"
        )
    }

    fn on(&self, left: &str, right: &str) -> String {
        let count = format!(" AND {left}.{COUNT} = {right}.{COUNT}");
        on(left, right) + if self.stays { &count } else { "" }
    }

    /// An expression as text that is equal where the value is the same, letter for letter, and for NULL.
    fn exactly(&self, expression: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("quote({expression})"),
            Dialect::Postgres => format!("ROW({expression})::text"),
            Dialect::Mysql => format!("ifnull(hex(CAST({expression} AS BINARY)), '-')"),
        }
    }

    /// One text of all the columns.
    fn known(&self, side: &Side) -> String {
        let dialect = self.dialect;
        let parts = side.known_by.iter().map(|name| dialect.quote(name)).map(|name| match dialect {
            Dialect::Postgres => format!("{name}::text"),
            Dialect::Sqlite | Dialect::Mysql => self.exactly(&name),
        });
        let parts: Vec<String> = parts.collect();
        match dialect {
            // A constant by itself would be no expression to them.
            Dialect::Mysql if parts.is_empty() => "concat('', '')".to_string(),
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

/// MariaDB has no name for a row: to give values back to a table without a key all its rows are deleted and written again. Why
/// that must not be done to this one, if so.
pub(super) fn must_not_be_written_again(dialect: Dialect, table: &Table) -> Option<&'static str> {
    let options = &table.options;
    let other_engine = options.engine.as_deref().is_some_and(|engine| !engine.eq_ignore_ascii_case("innodb"));
    match dialect {
        Dialect::Postgres | Dialect::Sqlite => None,
        Dialect::Mysql if other_engine => Some("its engine has no transactions"),
        Dialect::Mysql if !table.triggers.is_empty() => Some("its triggers would run for every row"),
        Dialect::Mysql if options.parameters.iter().any(|(key, _)| key == "system versioning") => {
            Some("every row would get a history")
        }
        Dialect::Mysql => None,
    }
}

/// The columns of `table` that are kept and not back.
pub(super) fn waiting(kept: &[Shelved], table: &ObjectName) -> Vec<String> {
    let of = kept.iter().filter(|shelved| &shelved.taken.table == table);
    of.filter_map(|shelved| shelved.taken.column.clone()).collect()
}
