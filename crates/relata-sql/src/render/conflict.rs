//! What becomes of a row that exists already when it is inserted.

use relata_schema::Dialect;

use super::Writer;
use super::out::Out;
use crate::error::{Error, Result};
use crate::meta::{ColumnMeta, Path, TableMeta};
use crate::tree::Conflict;

/// The existing row is read beside the new one.
fn reads_row(conflict: &Conflict) -> bool {
    !conflict.assignments.is_empty() || conflict.filter.is_some()
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
            return self.duplicate_key(conflict, columns);
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

    /// MariaDB takes whichever unique key the row collides with.
    fn duplicate_key(&mut self, conflict: &mut Conflict, columns: &[&str]) -> Result<()> {
        if conflict.filter.is_some() {
            return Err(Error::unsupported(
                "MariaDB has no condition on what an upsert updates",
                "set each column by `Case::when(…)`, or read the row with `.for_update()` in a `transaction!` first",
            ));
        }
        self.push(" ON DUPLICATE KEY UPDATE ");
        if conflict.update.is_empty() && conflict.assignments.is_empty() {
            let column = conflict.target.first().map_or_else(|| columns[0], String::as_str);
            self.ident(column);
            self.push(" = ");
            self.ident(column);
        }
        for (index, column) in conflict.update.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.ident(column);
            self.push(" = VALUES(");
            self.ident(column);
            self.push(")");
        }
        self.assigned(conflict)
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
