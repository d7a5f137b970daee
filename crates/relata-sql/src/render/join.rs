//! What a query reads: its root, what is joined to it with and without relations, and the named queries before it.

use std::sync::Arc;

use relata_schema::Dialect;

use super::Writer;
use super::out::Out;
use super::select::scope_filter_at;
use crate::error::{Error, Kind, Result};
use crate::expr::Expr;
use crate::meta::{Cardinality, Path, RelationMeta, TableMeta};
use crate::tree::{CommonQuery, CommonTable, Grouping, Insert, Join, JoinKind, Scope, Select, Source, Write, Written};
use crate::value::Value;

impl<O: Out> Writer<O> {
    /// Named queries before a statement.
    pub(super) fn with(&mut self, tables: &mut [Arc<CommonTable>]) -> Result<()> {
        for (index, table) in tables.iter().enumerate() {
            if tables[..index].iter().any(|before| before.name == table.name) {
                let message = format!("two queries of the statement have the name {:?}", table.name);
                return Err(Error::new(Kind::Parameters, message).hint("give each `cte(…)` a name of its own"));
            }
        }
        let recursive = tables.iter().any(|table| table.recursive);
        for (index, table) in tables.iter_mut().enumerate() {
            self.push(match (index, recursive) {
                (0, true) => "WITH RECURSIVE ",
                (0, false) => "WITH ",
                _ => ", ",
            });
            self.common(Arc::make_mut(table))?;
        }
        if !tables.is_empty() {
            self.push(" ");
        }
        Ok(())
    }

    fn common(&mut self, table: &mut CommonTable) -> Result<()> {
        self.ident(&table.name);
        for column in 0..table.columns {
            self.push(if column == 0 { " (c" } else { ", c" });
            self.number(column as u64);
        }
        self.push(") AS ");
        // MariaDB has no say in it; what comes out is the same.
        if let Some(materialized) = table.materialized.filter(|_| self.dialect() != Dialect::Mysql) {
            self.push(if materialized { "MATERIALIZED " } else { "NOT MATERIALIZED " });
        }
        self.push("(");
        match &mut table.query {
            CommonQuery::Rows(query) => self.select(query)?,
            CommonQuery::Written(written) => self.written(written)?,
        }
        self.push(")");
        Ok(())
    }

    /// A statement that writes, with what it gives back.
    fn written(&mut self, written: &mut Written) -> Result<()> {
        if self.dialect() != Dialect::Postgres {
            let name = if self.dialect() == Dialect::Sqlite { "SQLite" } else { "MariaDB" };
            return Err(Error::unsupported(
                format!("{name} has no statements that write inside of queries"),
                "run them one after the other in one `transaction!`; `.returning(…)` gives back what was written",
            ));
        }
        match &mut written.write {
            Write::Insert { source, columns, values, query, .. } => {
                let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                let rows = values.len() / columns.len().max(1);
                let given = std::mem::take(values);
                let mut insert = Insert {
                    source: source.clone(),
                    columns: &columns,
                    values: given,
                    rows,
                    query: query.clone(),
                    conflict: None,
                    returning: false,
                    overriding: false,
                };
                let done = self.insert(&mut insert, None);
                // Places without values stay, for whoever reads the shape again.
                *values = insert.values;
                done?;
            }
            Write::Update(update) => self.update(update)?,
            Write::Delete(delete) => self.delete(delete)?,
        }
        self.push(" RETURNING ");
        self.separated(&mut written.returning)
    }

    /// `FROM` with all joins; `true`: rows of the root that are marked as deleted are left out already.
    pub(super) fn from(&mut self, select: &mut Select) -> Result<bool> {
        self.push(" FROM ");
        // A join that keeps rows without partner must not see deleted ones: a condition after it would come too late.
        let keeps = |join: &Join| matches!(join.kind, JoinKind::Right | JoinKind::Full);
        let inside =
            select.joins.iter().any(keeps) && scope_filter_at(&select.source, select.scope, Path::ROOT).is_some();
        self.joined_source(&mut select.source, inside.then_some(select.scope))?;
        if let Some(alias) = self.alias_of(Path::ROOT) {
            self.push(" AS ");
            self.alias(alias);
        } else if matches!(select.source, Source::Query(_) | Source::Function(_)) {
            self.push(" AS source");
        }
        self.function_columns(&select.source);
        self.joins_of(0, false)?;
        for (index, join) in select.joins.iter_mut().enumerate() {
            self.join(index + 1, join)?;
            self.joins_of(index + 1, matches!(join.kind, JoinKind::Left | JoinKind::Full))?;
        }
        Ok(inside)
    }

    fn joined_source(&mut self, source: &mut Source, scope: Option<Scope>) -> Result<()> {
        match source {
            Source::Query(query) => {
                let whole = query.items.len() == 1 && matches!(query.items[0], crate::tree::Item::Entity(..));
                self.push("(");
                if whole {
                    self.select(query)?
                } else {
                    self.numbered(query)?
                };
                self.push(")");
                Ok(())
            }
            Source::Entity(meta) if scope.is_some() => {
                let position = meta.soft_delete.unwrap_or_default();
                self.push("(SELECT * FROM ");
                self.table(meta);
                self.push(" WHERE ");
                self.ident(meta.columns[position].column);
                self.push(if scope == Some(Scope::Deleted) { " IS NOT NULL)" } else { " IS NULL)" });
                Ok(())
            }
            Source::Function(function) => match &mut function.call {
                Expr::Fragment(sql, arguments) => self.fragment(sql, arguments),
                call => self.expr(call),
            },
            source => self.source(source),
        }
    }

    /// The names of a function's columns, which PostgreSQL is told behind the alias.
    fn function_columns(&mut self, source: &Source) {
        let Source::Function(function) = source else { return };
        if self.dialect() != Dialect::Postgres {
            return;
        }
        for (index, name) in function.names.iter().enumerate() {
            self.push(if index == 0 { " (" } else { ", " });
            self.name(name);
        }
        self.push(")");
    }

    fn join(&mut self, place: usize, join: &mut Join) -> Result<()> {
        let keeps = matches!(join.kind, JoinKind::Right | JoinKind::Full);
        let live = scope_filter_at(&join.source, Scope::Live, Path::joined(place));
        let inside = (keeps && live.is_some()).then_some(Scope::Live);
        let mut live = live.filter(|_| !keeps);
        self.push(match join.kind {
            JoinKind::Inner => " JOIN ",
            JoinKind::Left => " LEFT JOIN ",
            JoinKind::Right => " RIGHT JOIN ",
            JoinKind::Full if self.dialect() == Dialect::Mysql => {
                return Err(Error::unsupported(
                    "MariaDB has no full join",
                    "combine a left join and a right join by `.union(…)`",
                ));
            }
            JoinKind::Full => " FULL JOIN ",
            // Rows marked as deleted have to stay out by a condition.
            JoinKind::Cross if live.is_some() => " JOIN ",
            JoinKind::Cross => " CROSS JOIN ",
        });
        // A function sees the tables before it without a word.
        if join.lateral && !matches!(join.source, Source::Function(_)) {
            self.lateral()?;
        }
        self.joined_source(&mut join.source, inside)?;
        self.push(" AS ");
        let alias = self.next_alias_of_level() + place;
        self.alias(alias);
        self.function_columns(&join.source);
        match (&mut join.on, &mut live) {
            (None, None) if join.kind == JoinKind::Cross => {}
            (None, None) => self.push(" ON 1 = 1"),
            (Some(on), None) => {
                self.push(" ON ");
                self.expr(on)?;
            }
            (None, Some(live)) => {
                self.push(" ON ");
                self.expr(live)?;
            }
            (Some(on), Some(live)) => {
                self.push(" ON ");
                self.expr(live)?;
                self.push(" AND ");
                self.connected_part(on)?;
            }
        }
        Ok(())
    }

    fn lateral(&mut self) -> Result<()> {
        if self.target.lateral {
            self.push("LATERAL ");
            return Ok(());
        }
        let name = if self.dialect() == Dialect::Sqlite { "SQLite" } else { "MariaDB" };
        Err(Error::unsupported(
            format!("{name} has no lateral joins"),
            "join a query that numbers its rows by `row_number().over(…)`, or use `.top_per(…)`, which does so",
        ))
    }

    /// The joins along relations from the table at a place.
    fn joins_of(&mut self, place: usize, optional: bool) -> Result<()> {
        let Some(level) = self.levels.last() else { return Ok(()) };
        let before = level.first + 1 + level.tables.joined.len();
        for index in 0..level.joins.len() {
            let path = self.levels.last().map_or(Path::ROOT, |level| level.joins[index]);
            let Some((parent, relation)) = path.relation().filter(|_| path.place() == Some(place)) else { continue };
            if relation.cardinality == Cardinality::Many {
                return Err(Error::unsupported(
                    format!("{} leads to many rows and cannot be joined into one", relation.name),
                    "use `.any(…)`, `.count()` or `.with(…)` on the relation",
                ));
            }
            let parent = self.alias_of(parent).unwrap_or_default();
            let alias = before + index;
            // MariaDB likes to begin with the smaller table, and sorts all that it finds for a handful of rows.
            let asked =
                self.dialect() != Dialect::Mysql || self.levels.last().is_some_and(|level| level.asked.contains(&path));
            self.push(match optional || is_optional(path) {
                true => " LEFT JOIN ",
                false if asked => " JOIN ",
                false => " STRAIGHT_JOIN ",
            });
            self.table(relation.to);
            self.push(" AS ");
            self.alias(alias);
            self.push(" ON ");
            self.pair((alias, relation.to_column), (parent, relation.from_column), relation);
            for (here, there) in relation.further {
                self.push(" AND ");
                self.pair((alias, *there), (parent, *here), relation);
            }
            self.only(alias, parent, relation);
            if !self.levels.last().is_some_and(|level| level.all_rows || level.with_deleted.contains(&path)) {
                self.live(alias, relation.to);
            }
        }
        Ok(())
    }

    /// Leaves out what a column says is another relation, by the aliases of where it leads and where it starts.
    pub(super) fn only(&mut self, to: usize, from: usize, relation: &'static RelationMeta) {
        if let Some(only) = relation.only {
            let (alias, table) = if only.here { (from, relation.from) } else { (to, relation.to) };
            self.push(" AND ");
            self.alias_column(alias, table.columns[only.column].column);
            self.push(" = ");
            self.given(Value::Text(only.value.to_string()));
        }
    }

    /// Leaves out rows of a joined table that are marked as deleted.
    pub(super) fn live(&mut self, alias: usize, table: &'static TableMeta) {
        if let Some(position) = table.soft_delete {
            self.push(" AND ");
            self.alias_column(alias, table.columns[position].column);
            self.push(" IS NULL");
        }
    }

    /// The joins along relations of a level that joins nothing else.
    pub(super) fn joins(&mut self) -> Result<()> {
        self.joins_of(0, false)
    }

    pub(super) fn subtotals(&mut self, keys: &mut [Expr], grouping: &Grouping) -> Result<()> {
        match (self.dialect(), grouping) {
            (Dialect::Sqlite, _) => {
                return Err(Error::unsupported(
                    "SQLite has no subtotals",
                    "combine one grouped query for each level by `.union_all(…)`",
                ));
            }
            (Dialect::Mysql, Grouping::Rollup) => {
                self.push(" GROUP BY ");
                self.separated(keys)?;
                self.push(" WITH ROLLUP");
            }
            (Dialect::Mysql, _) => {
                return Err(Error::unsupported(
                    "MariaDB has subtotals by rollup only",
                    "use `.rollup()`, or combine grouped queries by `.union_all(…)`",
                ));
            }
            (Dialect::Postgres, Grouping::Rollup | Grouping::Cube) => {
                self.push(if *grouping == Grouping::Cube { " GROUP BY CUBE (" } else { " GROUP BY ROLLUP (" });
                self.separated(keys)?;
                self.push(")");
            }
            (Dialect::Postgres, Grouping::Sets(sets)) => {
                for (index, set) in sets.iter().enumerate() {
                    self.push(if index == 0 { " GROUP BY GROUPING SETS ((" } else { "), (" });
                    for (nth, position) in set.iter().enumerate() {
                        if nth > 0 {
                            self.push(", ");
                        }
                        let Some(key) = keys.get(*position) else {
                            let message = format!("there is no key {position} to group by: there are {}", keys.len());
                            return Err(Error::new(Kind::Parameters, message).hint("keys are counted from 0"));
                        };
                        // A key may stand in several sets.
                        self.expr(&mut key.clone())?;
                    }
                }
                self.push("))");
            }
        }
        Ok(())
    }
}

fn is_optional(path: Path) -> bool {
    path.relation().is_some_and(|(parent, relation)| relation.cardinality != Cardinality::One || is_optional(parent))
}
