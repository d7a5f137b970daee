//! What becomes of a row that exists already when it is inserted.

use relata_schema::Dialect;

use super::Writer;
use super::assigned::readers_first;
use super::out::Out;
use crate::error::{Error, Kind, Result};
use crate::meta::{ColumnMeta, DefaultMeta, Path, TableMeta};
use crate::tree::Conflict;

/// Two values where there may be one: how an upsert ends on MariaDB that met another key than the one that was meant.
const TWO_VALUES: &str = " FROM (SELECT 1 UNION ALL SELECT 2) AS two))";

/// What the server says where that happened is said as what it is.
pub fn told(error: Error, sql: &str) -> Error {
    const SUBQUERY_GIVES_SEVERAL: u32 = 1242;
    if error.details().number != Some(SUBQUERY_GIVES_SEVERAL) || !sql.contains(TWO_VALUES) {
        return error;
    }
    let message =
        "a row that exists has the same value of another unique key than the one that `.on_conflict(…)` names";
    let told = Error::new(Kind::UniqueViolation, message).number(SUBQUERY_GIVES_SEVERAL);
    let told = told.hint("insert it without `.on_conflict(…)` to see which: the error names the key");
    match error.details().sqlstate.clone() {
        Some(state) => told.sqlstate(state),
        None => told,
    }
}

/// The existing row is read beside the new one.
fn reads_row(conflict: &Conflict) -> bool {
    !conflict.assignments.is_empty() || conflict.filter.is_some()
}

/// The row has values for another unique key than the one that is meant.
fn others_may_collide(table: &TableMeta, conflict: &Conflict, columns: &[&str]) -> bool {
    let is_given = |position: &usize| {
        let meta = &table.columns[*position];
        columns.contains(&meta.column) || matches!(meta.default, DefaultMeta::Value)
    };
    let is_target = |positions: &[usize]| {
        let meant = |position: &usize| conflict.target.iter().any(|column| column == table.columns[*position].column);
        positions.len() == conflict.target.len() && positions.iter().all(meant)
    };
    table.uniques.iter().any(|unique| !is_target(unique.columns) && unique.columns.iter().all(is_given))
}

impl<O: Out> Writer<O> {
    /// Columns of the existing row must say that they are not those of the new one.
    pub(super) fn alias_for_conflict(&mut self, table: Option<&'static TableMeta>, conflict: Option<&Conflict>) {
        if let Some(table) = table.filter(|_| self.dialect() != Dialect::Mysql)
            && conflict.is_some_and(reads_row)
        {
            self.open_level([], [Path::ROOT], table);
            self.push(" AS ");
            let alias = self.next_alias_of_level();
            self.alias(alias);
            self.levels.pop();
        }
    }

    pub(super) fn conflict(
        &mut self,
        conflict: &mut Conflict,
        columns: &[&str],
        table: Option<&'static TableMeta>,
    ) -> Result<()> {
        if let Some(table) = table {
            let set = conflict.update.iter().chain(conflict.assignments.iter().map(|(name, _)| name));
            let computed = set.filter_map(|name| table.column_named(name)).find(|(_, column)| column.generated);
            if let Some((_, column)) = computed {
                return Err(Error::computed(table.entity, column.field));
            }
        }
        if self.dialect() == Dialect::Mysql {
            return self.duplicate_key(conflict, columns, table);
        }
        self.push(" ON CONFLICT (");
        self.idents(conflict.target.iter().map(String::as_str));
        self.push(")");
        self.live_index(conflict, table);
        if conflict.update.is_empty() && conflict.assignments.is_empty() {
            self.push(" DO NOTHING");
            return Ok(());
        }
        self.push(" DO UPDATE SET ");
        for (index, column) in conflict.update.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.ident(column);
            self.push(" = excluded.");
            self.ident(column);
        }
        let Some(table) = table.filter(|_| reads_row(conflict)) else { return Ok(()) };
        self.next_alias -= 1;
        self.open_level([], [Path::ROOT], table);
        let written = self.assigned(conflict);
        self.levels.pop();
        written
    }

    /// What must be unique among live rows is a partial index, which is found by its condition.
    fn live_index(&mut self, conflict: &Conflict, table: Option<&'static TableMeta>) {
        let deleted = table.and_then(|table| {
            let key = table.key.iter().map(|position| table.columns[*position].column);
            let of_key = key.eq(conflict.target.iter().map(String::as_str));
            table.soft_delete.filter(|_| !of_key).map(|position| table.columns[position].column)
        });
        if let Some(deleted) = deleted {
            self.push(" WHERE ");
            self.ident(deleted);
            self.push(" IS NULL");
        }
    }

    fn assigned(&mut self, conflict: &mut Conflict) -> Result<()> {
        for (index, (column, value)) in conflict.assignments.iter_mut().enumerate() {
            if index > 0 || !conflict.update.is_empty() {
                self.push(", ");
            }
            self.ident(column);
            self.push(" = ");
            self.expr(value)?;
        }
        if let Some(filter) = &mut conflict.filter {
            self.push(" WHERE ");
            self.expr(filter)?;
        }
        Ok(())
    }

    /// MariaDB takes whichever unique key the row collides with, and assigns one column after the other.
    fn duplicate_key(
        &mut self,
        conflict: &mut Conflict,
        columns: &[&str],
        table: Option<&'static TableMeta>,
    ) -> Result<()> {
        if conflict.filter.is_some() {
            return Err(Error::unsupported(
                "MariaDB has no condition on what an upsert updates",
                "set each column by `Case::when(…)`, or read the row with `.for_update()` in a `transaction!` first",
            ));
        }
        self.push(" ON DUPLICATE KEY UPDATE ");
        let guarded =
            !conflict.target.is_empty() && table.is_none_or(|table| others_may_collide(table, conflict, columns));
        if guarded {
            self.only_by_target(conflict);
        } else if conflict.update.is_empty() && conflict.assignments.is_empty() {
            let column = conflict.target.first().map_or_else(|| columns[0], String::as_str);
            self.ident(column);
            self.push(" = ");
            self.ident(column);
        }
        readers_first(&mut conflict.assignments, table)?;
        // What is computed from the row as it was comes before what it becomes.
        for (index, (column, value)) in conflict.assignments.iter_mut().enumerate() {
            self.push(if guarded || index > 0 { ", " } else { "" });
            self.ident(column);
            self.push(" = ");
            self.expr(value)?;
        }
        for (index, column) in conflict.update.iter().enumerate() {
            self.push(if guarded || !conflict.assignments.is_empty() || index > 0 { ", " } else { "" });
            self.ident(column);
            self.push(" = VALUES(");
            self.ident(column);
            self.push(")");
        }
        Ok(())
    }

    /// Fails where the row collides by another key than the one that is meant: a query that gives two values for one is an error
    /// (1242, which is told as what it is where the statement was sent).
    fn only_by_target(&mut self, conflict: &Conflict) {
        let Some(first) = conflict.target.first() else { return };
        self.ident(first);
        self.push(" = IF(");
        for (index, column) in conflict.target.iter().enumerate() {
            self.push(if index > 0 { " AND " } else { "" });
            self.ident(column);
            self.push(" <=> VALUES(");
            self.ident(column);
            self.push(")");
        }
        self.push(", ");
        self.ident(first);
        self.push(", (SELECT ");
        self.ident(first);
        self.push(TWO_VALUES);
    }

    /// The value that was to be inserted.
    pub(super) fn proposed(&mut self, column: &ColumnMeta) {
        let mysql = self.dialect() == Dialect::Mysql;
        self.push(if mysql { "VALUES(" } else { "excluded." });
        self.ident(column.column);
        if mysql {
            self.push(")");
        }
    }
}
