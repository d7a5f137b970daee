//! `INSERT`, `UPDATE`, `DELETE`.

use relata_schema::Dialect;

use super::Writer;
use super::assigned::readers_first;
use super::out::Out;
use crate::error::{Error, Kind, Result};
use crate::expr::{ColumnRef, Expr};
use crate::meta::Path;
use crate::tree::{Delete, Insert, Item, Scope, Select, Source, Update};

/// Some column is given whose number the database else always makes.
fn gives_what_is_made(insert: &Insert<'_>) -> bool {
    let entity = insert.source.entity();
    let made = |name: &&str| entity.and_then(|meta| meta.column_named(name)).is_some_and(|(_, column)| column.always);
    insert.overriding || insert.columns.iter().any(made)
}

impl<O: Out> Writer<O> {
    pub(super) fn insert(&mut self, insert: &mut Insert<'_>, arrays: Option<&[String]>) -> Result<()> {
        self.push("INSERT INTO ");
        self.source(&insert.source)?;
        self.alias_for_conflict(insert.source.entity(), insert.conflict.as_ref());
        if insert.columns.is_empty() {
            self.push(if self.dialect() == Dialect::Mysql { " () VALUES ()" } else { " DEFAULT VALUES" });
        } else {
            self.push(" (");
            self.idents(insert.columns.iter().copied());
            self.push(")");
            if self.dialect() == Dialect::Postgres && gives_what_is_made(insert) {
                self.push(" OVERRIDING SYSTEM VALUE");
            }
            match (&mut insert.query, arrays) {
                (Some(query), _) => {
                    self.push(" ");
                    self.select(query)?;
                }
                (None, Some(types)) => self.arrays(types, &mut insert.values),
                (None, None) => {
                    self.push(" VALUES ");
                    self.rows(insert.columns.len(), insert.rows, &mut insert.values);
                }
            }
        }
        if let Some(conflict) = &mut insert.conflict {
            self.conflict(conflict, insert.columns, insert.source.entity())?;
        }
        if insert.returning && self.target.returning {
            self.returning(&insert.source);
        }
        Ok(())
    }

    fn rows(&mut self, width: usize, rows: usize, values: &mut [crate::Value]) {
        for (index, row) in values.chunks_mut(width).take(rows).enumerate() {
            self.push(if index == 0 { "(" } else { ", (" });
            self.list(row.iter_mut().map(std::mem::take), std::iter::empty());
            self.push(")");
        }
    }

    /// The arrays stand in the list and not in a `FROM`: the server makes row by row of them, in their order.
    fn arrays(&mut self, types: &[String], values: &mut [crate::Value]) {
        self.push(" SELECT ");
        for (index, ty) in types.iter().enumerate() {
            self.push(if index == 0 { "unnest(" } else { ", unnest(" });
            let column = values.iter_mut().skip(index).step_by(types.len());
            self.given(crate::Value::Array(column.map(std::mem::take).collect()));
            self.push("::");
            self.out.foreign(ty);
            self.push("[])");
        }
    }

    fn returning(&mut self, source: &Source) {
        self.push(" RETURNING ");
        match source {
            Source::Entity(meta) => self.push(meta.select_list[usize::from(self.dialect() == Dialect::Mysql)]),
            _ => self.push("*"),
        }
    }

    pub(super) fn update(&mut self, update: &mut Update) -> Result<()> {
        self.materializes = self.target.is_mysql();
        if self.dialect() == Dialect::Mysql {
            readers_first(&mut update.assignments, update.source.entity())?;
        }
        self.push("UPDATE ");
        self.source(&update.source)?;
        self.push(" SET ");
        for (index, (column, value)) in update.assignments.iter_mut().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.ident(column);
            self.push(" = ");
            let mut related = value.has_subquery();
            value.paths(&mut |path| related |= !path.is_root());
            match update.source.entity().filter(|_| related) {
                Some(table) => self.related_value(table, value)?,
                None => self.value_of(column, value)?,
            }
        }
        self.where_of_write(&update.source, update.scope, &mut update.filter)?;
        if update.returning && self.dialect() == Dialect::Mysql {
            return Err(Error::unsupported(
                "MariaDB does not give back the rows that an update changes",
                "in one `transaction!`, read them with `.for_update()` first, then update them by their keys",
            ));
        }
        self.give_back(update.returning, &update.source)
    }

    /// PostgreSQL takes a CASE of parameters alone for a text, which no enum is: it is told of whose type they are.
    fn value_of(&mut self, column: &str, value: &mut Expr) -> Result<()> {
        match value {
            Expr::Case(cases, otherwise) if self.dialect() == Dialect::Postgres => {
                let parameters = cases.iter().map(|(_, value)| value).chain(otherwise.as_deref());
                if !parameters.into_iter().all(|value| matches!(value, Expr::Value(_))) {
                    return self.expr(value);
                }
                self.push("CASE WHEN FALSE THEN ");
                self.ident(column);
                self.case_rest(cases, otherwise.as_deref_mut())
            }
            value => self.expr(value),
        }
    }

    pub(super) fn delete(&mut self, delete: &mut Delete) -> Result<()> {
        self.materializes = self.target.is_mysql();
        self.push("DELETE FROM ");
        self.source(&delete.source)?;
        self.where_of_write(&delete.source, delete.scope, &mut delete.filter)?;
        self.give_back(delete.returning, &delete.source)
    }

    fn give_back(&mut self, wanted: bool, source: &Source) -> Result<()> {
        if wanted && !self.target.returning {
            return Err(Error::unsupported(
                "MySQL does not give back the rows that a statement deletes",
                "in one `transaction!`, read them with `.for_update()` first, then delete them by their keys",
            ));
        }
        if wanted {
            self.returning(source);
        }
        Ok(())
    }

    /// The rows of an `UPDATE` or `DELETE`; those found through relations by way of their key.
    fn where_of_write(&mut self, source: &Source, scope: Scope, filter: &mut Option<Expr>) -> Result<()> {
        let mut joined = false;
        if let Some(filter) = &*filter {
            filter.paths(&mut |path| joined |= !path.is_root());
            joined |= filter.has_subquery();
        }
        if !joined {
            return self.restrict(source, scope, filter);
        }
        let meta = source.entity().ok_or_else(|| Error::new(Kind::Internal, "a relation of a table without entity"))?;
        if meta.key.is_empty() {
            let message = format!("rows of {} cannot be found through a relation: it has no key", meta.entity);
            return Err(Error::new(Kind::Unsupported, message).hint("read the rows first, then write them"));
        }
        let keys = || meta.key.iter().map(|position| &meta.columns[*position]);
        self.push(if meta.key.len() > 1 { " WHERE (" } else { " WHERE " });
        self.idents(keys().map(|column| column.column));
        self.push(if meta.key.len() > 1 { ") IN (" } else { " IN (" });
        // MariaDB refuses a subquery over the table that it writes, unless it is materialized first.
        let wrapped = self.dialect() == Dialect::Mysql;
        if wrapped {
            self.push("SELECT * FROM (");
        }
        let mut subquery = Select::new(source.clone());
        subquery.items =
            keys().map(|column| Item::Expr(Expr::Column(ColumnRef { path: Path::ROOT, column }))).collect();
        subquery.filter = filter.take();
        subquery.scope = scope;
        let written = self.select(&mut subquery);
        *filter = subquery.filter;
        written?;
        self.push(if wrapped { ") AS found)" } else { ")" });
        Ok(())
    }
}
