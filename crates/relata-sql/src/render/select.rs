//! `SELECT`, its joins, and the batched form for many parents.

use relata_schema::Dialect;

use super::out::Out;
use super::{Level, Tables, Writer};
use crate::error::{Error, Result};
use crate::expr::{ColumnRef, Expr, Nulls, OrderKey};
use crate::meta::{Path, RelationMeta, TableMeta};
use crate::tree::{Batch, Grouping, Item, Join, JoinKind, Keys, Lock, LockWait, Scope, Select, SetOperator, Source};
use crate::value::Value;

impl<O: Out> Writer<O> {
    pub(super) fn select(&mut self, select: &mut Select) -> Result<()> {
        // Out of the tree for as long as it is read beside the rest.
        let Some(mut batch) = select.batch.take() else { return self.plain(select, false) };
        let written = self.batch(select, &mut batch);
        select.batch = Some(batch);
        written
    }

    /// A query whose columns are `c0`, `c1`, … for the query around it.
    pub(super) fn numbered(&mut self, select: &mut Select) -> Result<()> {
        self.plain(select, true)
    }

    fn plain(&mut self, select: &mut Select, named: bool) -> Result<()> {
        if matches!(select.filter, Some(Expr::TooDeep)) {
            return Err(super::expr::too_deep());
        }
        if let (Scope::Deleted, Some(table)) = (select.scope, select.source.entity())
            && table.soft_delete.is_none()
        {
            return Err(not_marked(table));
        }
        if let Some(after) = select.after.take() {
            crate::keyset::narrow(select, &after, self.dialect())?;
        }
        super::grouped::one_value_each(select, self.dialect())?;
        if self.dialect() == Dialect::Postgres {
            super::grouped::by_number(select);
        }
        self.with(&mut select.with)?;
        self.level_of(select, false);
        self.push(if select.distinct { "SELECT DISTINCT " } else { "SELECT " });
        self.distinct_on(&mut select.distinct_on)?;
        self.items(&mut select.items, named)?;
        let inside = self.from(select)?;
        let scope = if inside { Scope::All } else { select.scope };
        self.restrict(&select.source, scope, &mut select.filter)?;
        self.grouped(&mut select.group_by, select.grouping.as_ref(), &mut select.having)?;
        for (index, (operator, operand)) in select.combined.iter_mut().enumerate() {
            self.set_operator(*operator, index)?;
            self.operand_of_set(operand)?;
        }
        self.order(&mut select.order)?;
        self.limit(select.limit, select.offset);
        self.lock(select.lock, &select.joins)?;
        self.levels.pop();
        Ok(())
    }

    fn set_operator(&mut self, operator: SetOperator, index: usize) -> Result<()> {
        if matches!(operator, SetOperator::Intersect | SetOperator::IntersectAll) && index > 0 {
            return Err(Error::unsupported(
                "an intersection after another combination means something else on each database",
                "intersect first, or filter by `.in_query(…)`",
            ));
        }
        let counts = matches!(operator, SetOperator::IntersectAll | SetOperator::ExceptAll);
        if counts && self.dialect() == Dialect::Sqlite {
            return Err(Error::unsupported(
                "SQLite has no INTERSECT ALL and no EXCEPT ALL",
                "take each row once by `.intersect(…)` or `.except(…)`, or tell equal rows apart by `row_number().over(…)`",
            ));
        }
        self.push(operator.sql());
        Ok(())
    }

    /// SQLite takes no parentheses here, so that a query with an order or limit of its own stands in a `FROM`.
    fn operand_of_set(&mut self, select: &mut Select) -> Result<()> {
        let own = !select.order.is_empty() || select.limit.is_some() || select.offset.is_some();
        if !own && select.combined.is_empty() {
            return self.select(select);
        }
        self.push("SELECT * FROM (");
        self.select(select)?;
        self.push(") AS part");
        Ok(())
    }

    fn distinct_on(&mut self, keys: &mut [Expr]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        if self.dialect() != Dialect::Postgres {
            return Err(Error::unsupported(
                "only PostgreSQL has DISTINCT ON",
                "number the rows of each group by `row_number().over(…)`, or load them from the other side with `.limit(1)`",
            ));
        }
        self.push("DISTINCT ON (");
        self.separated(keys)?;
        self.push(") ");
        Ok(())
    }

    /// Expressions with commas between.
    pub(super) fn separated(&mut self, exprs: &mut [Expr]) -> Result<()> {
        for (index, expr) in exprs.iter_mut().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.expr(expr)?;
        }
        Ok(())
    }

    /// Related rows of many parents. A limit for each parent numbers the rows of each
    /// and leaves out the rest.
    fn batch(&mut self, select: &mut Select, batch: &mut Batch) -> Result<()> {
        let (relation, limit, offset) = (batch.relation, batch.limit, batch.offset);
        let numbered = batch.limit.is_some() || batch.offset > 0;
        self.level_of(select, batch.relation.via.is_some());
        let root = self.levels.last().map_or(0, |level| level.first);
        let junction = batch.relation.via.map(|junction| (self.fresh_alias(), junction));
        let alias = junction.map(|(alias, _)| alias);
        if numbered {
            self.push("SELECT * FROM (");
        }
        self.push("SELECT ");
        self.items(&mut select.items, numbered)?;
        if batch.appends_key() {
            self.push(", ");
            self.parent_key(relation, alias);
        }
        if numbered {
            self.push(" AS parent, ROW_NUMBER() OVER (PARTITION BY ");
            self.parent_key(relation, alias);
            for (_, there) in relation.further {
                self.push(", ");
                self.column(ColumnRef { path: Path::ROOT, column: &relation.to.columns[*there] });
            }
            self.order(&mut select.order)?;
            self.push(") AS place");
        }
        self.from(select)?;
        if let Some((alias, junction)) = junction {
            self.push(" JOIN ");
            self.table(junction.table);
            self.push(" AS ");
            self.alias(alias);
            self.push(" ON ");
            self.alias_column(alias, junction.table.columns[junction.far].column);
            self.push(" = ");
            self.alias_column(root, relation.to.columns[relation.to_column].column);
            self.live(alias, junction.table);
        }
        let mut keyed = self.parent_keys(batch, alias)?;
        if let Some(only) = relation.only.filter(|only| !only.here) {
            self.push(if keyed { " AND " } else { " WHERE " });
            self.column(ColumnRef { path: Path::ROOT, column: &relation.to.columns[only.column] });
            self.push(" = ");
            self.given(Value::Text(only.value.to_string()));
            keyed = true;
        }
        if scope_filter(&select.source, select.scope).is_some() || select.filter.is_some() {
            self.push(if keyed { " AND (" } else { " WHERE (" });
            self.conditions(&select.source, select.scope, &mut select.filter)?;
            self.push(")");
        }
        if numbered {
            self.push(") AS numbered WHERE place > ");
            self.number(offset);
            if let Some(limit) = limit {
                self.push(" AND place <= ");
                self.number(offset + limit);
            }
            self.push(" ORDER BY parent, place");
        } else {
            self.order(&mut select.order)?;
        }
        self.levels.pop();
        Ok(())
    }

    fn parent_key(&mut self, relation: &'static RelationMeta, junction: Option<usize>) {
        match (relation.via, junction) {
            (Some(via), Some(alias)) => self.alias_column(alias, via.table.columns[via.near].column),
            _ => self.column(ColumnRef { path: Path::ROOT, column: &relation.to.columns[relation.to_column] }),
        }
    }

    /// The condition that rows have parents among these; `false`: there is none to write.
    fn parent_keys(&mut self, batch: &mut Batch, junction: Option<usize>) -> Result<bool> {
        let relation = batch.relation;
        let column = match relation.via {
            Some(via) => &via.table.columns[via.near],
            None => &relation.to.columns[relation.to_column],
        };
        if matches!(batch.keys, Keys::All) && !column.nullable {
            return Ok(false);
        }
        self.push(" WHERE ");
        match &mut batch.keys {
            Keys::All => {
                self.parent_key(relation, junction);
                self.push(" IS NOT NULL");
            }
            Keys::Values(keys) if keys.is_empty() => self.push("1 = 0"),
            Keys::Values(keys) => {
                self.parent_key(relation, junction);
                self.among(keys, false);
            }
            Keys::Of(select) => {
                self.parent_key(relation, junction);
                self.push(" IN (");
                self.in_write(select, false)?;
                self.push(")");
            }
        }
        Ok(true)
    }

    /// A query in the place of a list, maybe in the filter of a statement that writes what the query reads. MariaDB takes a limit there
    /// only one level deeper.
    pub(super) fn in_write(&mut self, select: &mut Select, reads_outer: bool) -> Result<()> {
        let limited = self.dialect() == Dialect::Mysql && (select.limit.is_some() || select.offset.is_some());
        if limited && reads_outer {
            return Err(Error::unsupported(
                "MariaDB takes no limit in a list that depends on the row around it",
                "use `exists(…)`, or number the rows by `row_number().over(…)` and filter by the number",
            ));
        }
        if reads_outer || !(self.materializes || limited) {
            return self.select(select);
        }
        self.push("SELECT * FROM (");
        self.select(select)?;
        self.push(") AS found");
        Ok(())
    }

    /// Opens the level of a `SELECT`: finds out what it joins.
    fn level_of(&mut self, select: &Select, qualified: bool) {
        let (mut joins, mut related) = (Vec::new(), reads_outer_in_place(select));
        select.each_expr(&mut |expr| {
            if !reads_root_alone(expr) {
                related |= expr.has_subquery();
                expr.paths(&mut |path| add_join(&mut joins, path));
            }
        });
        for item in &select.items {
            if let Item::Entity(path, _) = item {
                add_join(&mut joins, *path);
            }
        }
        let joined = select.joins.iter().map(|join| join.source.columns()).collect();
        let tables = Tables { root: select.source.columns(), joined, functions: functions(select, self.dialect()) };
        // With a limit, rows are best read in the order that is asked for: what decides it comes first.
        let asked = (self.dialect() == Dialect::Mysql && select.limit.is_some() && !joins.is_empty()).then(|| {
            let mut asked = Vec::new();
            let ons = select.joins.iter().filter_map(|join| join.on.as_ref());
            let conditions = select.filter.iter().chain(&select.having).chain(&select.group_by).chain(ons);
            let deciding = conditions.chain(select.order.iter().map(|key| &key.expr));
            deciding.for_each(|expr| expr.paths(&mut |path| add_join(&mut asked, path)));
            asked
        });
        self.open(joins, tables, qualified || related);
        if let Some(level) = self.levels.last_mut() {
            level.asked = asked.unwrap_or_else(|| level.joins.clone());
            level.all_rows = select.scope != Scope::Live;
            level.with_deleted.clone_from(&select.with_deleted);
        }
    }

    pub(super) fn open_level<'e>(
        &mut self,
        exprs: impl IntoIterator<Item = &'e Expr>,
        paths: impl IntoIterator<Item = Path>,
        root: &'static TableMeta,
    ) {
        let mut joins = Vec::new();
        let mut join = |path: Path| add_join(&mut joins, path);
        exprs.into_iter().for_each(|expr| expr.paths(&mut join));
        paths.into_iter().for_each(&mut join);
        self.open(joins, Tables { root: Some(root), ..Tables::default() }, true);
    }

    fn open(&mut self, joins: Vec<Path>, tables: Tables, qualified: bool) {
        let first = self.next_alias;
        self.next_alias += 1 + tables.joined.len() + joins.len();
        let qualified = qualified || !joins.is_empty() || !tables.joined.is_empty();
        let asked = joins.clone();
        self.levels.push(Level { first, tables, joins, asked, qualified, all_rows: false, with_deleted: Vec::new() });
    }

    pub(super) fn next_alias_of_level(&self) -> usize {
        self.levels.last().map_or(0, |level| level.first)
    }

    pub(super) fn fresh_alias(&mut self) -> usize {
        self.next_alias += 1;
        self.next_alias - 1
    }

    fn items(&mut self, items: &mut [Item], named: bool) -> Result<()> {
        if items.is_empty() {
            self.push("1");
        }
        let mut number = 0;
        for (index, item) in items.iter_mut().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            match item {
                Item::Entity(path, meta) if !named && self.alias_of(*path).is_none() => {
                    self.push(meta.select_list[usize::from(self.dialect() == Dialect::Mysql)]);
                }
                Item::Entity(path, meta) => {
                    let (dialect, alias) = (self.dialect(), self.alias_of(*path));
                    match alias {
                        Some(alias) => self.out.columns(dialect, alias, meta, named.then_some(number)),
                        None => self.plain_columns(*path, meta, number)?,
                    }
                    number += meta.selected as u64;
                }
                Item::Expr(expr) => {
                    self.expr(expr)?;
                    self.name_item(named, &mut number);
                }
            }
        }
        Ok(())
    }

    /// Columns with names where one table alone is read.
    fn plain_columns(&mut self, path: Path, meta: &'static TableMeta, first: u64) -> Result<()> {
        let mut number = first;
        for (at, column) in meta.columns[..meta.selected].iter().enumerate() {
            if at > 0 {
                self.push(", ");
            }
            self.column(ColumnRef { path, column });
            self.name_item(true, &mut number);
        }
        Ok(())
    }

    fn name_item(&mut self, named: bool, number: &mut u64) {
        if named {
            self.push(" AS c");
            self.number(*number);
            *number += 1;
        }
    }

    /// Two columns that a relation makes equal, by alias and position: where it leads, and where it starts.
    pub(super) fn pair(&mut self, to: (usize, usize), from: (usize, usize), relation: &'static RelationMeta) {
        self.alias_column(to.0, relation.to.columns[to.1].column);
        self.push(" = ");
        self.alias_column(from.0, relation.from.columns[from.1].column);
    }

    pub(super) fn restrict(&mut self, source: &Source, scope: Scope, filter: &mut Option<Expr>) -> Result<()> {
        if scope_filter(source, scope).is_none() && filter.is_none() {
            return Ok(());
        }
        self.push(" WHERE ");
        self.conditions(source, scope, filter)
    }

    /// Which rows, by the mark of deletion and by a filter. There is one of them.
    fn conditions(&mut self, source: &Source, scope: Scope, filter: &mut Option<Expr>) -> Result<()> {
        match (scope_filter(source, scope), filter) {
            (Some(mut live), Some(filter)) => {
                self.expr(&mut live)?;
                self.push(" AND ");
                self.connected_part(filter)
            }
            (Some(mut live), None) => self.expr(&mut live),
            (None, Some(filter)) => self.expr(filter),
            (None, None) => Ok(()),
        }
    }

    fn grouped(&mut self, group_by: &mut [Expr], grouping: Option<&Grouping>, having: &mut Option<Expr>) -> Result<()> {
        match grouping {
            Some(grouping) => self.subtotals(group_by, grouping)?,
            None if group_by.is_empty() => {}
            None => {
                for (index, expr) in group_by.iter_mut().enumerate() {
                    self.push(if index == 0 { " GROUP BY " } else { ", " });
                    self.key(expr)?;
                }
            }
        }
        if let Some(having) = having {
            self.push(" HAVING ");
            self.expr(having)?;
        }
        Ok(())
    }

    pub(super) fn order(&mut self, order: &mut [OrderKey]) -> Result<()> {
        self.order_after(order, " ORDER BY ")
    }

    pub(super) fn order_after(&mut self, order: &mut [OrderKey], words: &'static str) -> Result<()> {
        for (index, key) in order.iter_mut().enumerate() {
            self.push(if index == 0 { words } else { ", " });
            if self.dialect() == Dialect::Mysql && key.nulls != Nulls::Native {
                self.push("(");
                // Its values are needed once more.
                self.expr(&mut key.expr.clone())?;
                self.push(if key.nulls == Nulls::First { ") IS NOT NULL, " } else { ") IS NULL, " });
            }
            self.key(&mut key.expr)?;
            if key.descending {
                self.push(" DESC");
            }
            if self.dialect() != Dialect::Mysql {
                self.push(match key.nulls {
                    Nulls::Native => "",
                    Nulls::First => " NULLS FIRST",
                    Nulls::Last => " NULLS LAST",
                });
            }
        }
        Ok(())
    }

    /// What is ordered or grouped by. MariaDB takes a value there for the number of a column.
    pub(super) fn key(&mut self, expr: &mut Expr) -> Result<()> {
        let value = matches!(expr, Expr::Value(_) | Expr::Literal(..)) && self.dialect() == Dialect::Mysql;
        self.push(if value { "COALESCE(" } else { "" });
        self.expr(expr)?;
        self.push(if value { ")" } else { "" });
        Ok(())
    }

    fn limit(&mut self, limit: Option<u64>, offset: Option<u64>) {
        match (limit, offset, self.dialect()) {
            (Some(limit), ..) => {
                self.push(" LIMIT ");
                self.number(limit);
            }
            (None, Some(_), Dialect::Sqlite) => self.push(" LIMIT -1"),
            (None, Some(_), Dialect::Mysql) => self.push(" LIMIT 18446744073709551615"),
            _ => {}
        }
        if let Some(offset) = offset {
            self.push(" OFFSET ");
            self.given(Value::Int(i64::try_from(offset).unwrap_or(i64::MAX)));
        }
    }

    fn lock(&mut self, lock: Option<Lock>, joins: &[Join]) -> Result<()> {
        let Some(lock) = lock else { return Ok(()) };
        match (self.dialect(), lock.shared) {
            (Dialect::Sqlite, _) => {
                return Err(Error::unsupported(
                    "SQLite cannot lock rows",
                    "read and write inside one `transaction!`: SQLite lets only one writer in at a time",
                ));
            }
            (Dialect::Mysql, true) => self.push(" LOCK IN SHARE MODE"),
            (Dialect::Postgres, true) => self.push(" FOR SHARE"),
            (_, false) => self.push(" FOR UPDATE"),
        }
        if self.dialect() == Dialect::Postgres {
            self.locked(joins);
        }
        self.push(match lock.wait {
            LockWait::Wait => "",
            LockWait::SkipLocked => " SKIP LOCKED",
            LockWait::NoWait => " NOWAIT",
        });
        Ok(())
    }

    /// PostgreSQL locks no row that may be missing. Where something is joined, the tables of the query itself are named: those
    /// along relations are read only.
    fn locked(&mut self, joins: &[Join]) {
        let there = always_there(joins);
        let Some(level) = self.levels.last() else { return };
        if level.joins.is_empty() && there.iter().all(|there| *there) {
            return;
        }
        let first = level.first;
        let mut word = " OF ";
        for (place, _) in there.iter().enumerate().filter(|(_, there)| **there) {
            self.push(word);
            self.alias(first + place);
            word = ", ";
        }
    }
}

/// Which of the tables, the root first, give a row in any case.
fn always_there(joins: &[Join]) -> Vec<bool> {
    let mut there = vec![true];
    for join in joins {
        if matches!(join.kind, JoinKind::Right | JoinKind::Full) {
            there.fill(false);
        }
        there.push(!matches!(join.kind, JoinKind::Left | JoinKind::Full));
    }
    there
}

/// All its rows would be given, where the deleted ones were asked for.
#[cold]
fn not_marked(table: &TableMeta) -> Error {
    Error::unsupported(
        format!("no row of {} is marked as deleted: it is deleted for good", table.entity),
        "put `#[entity(soft_delete)]` on it, and let a migration add the column",
    )
}

/// The condition that leaves out rows marked as deleted.
pub(super) fn scope_filter(source: &Source, scope: Scope) -> Option<Expr> {
    scope_filter_at(source, scope, Path::ROOT)
}

pub(super) fn scope_filter_at(source: &Source, scope: Scope, path: Path) -> Option<Expr> {
    let meta = source.entity()?;
    let column = &meta.columns[meta.soft_delete?];
    let reference = Expr::Column(ColumnRef { path, column });
    match scope {
        Scope::Live => Some(Expr::IsNull(Box::new(reference), true)),
        Scope::Deleted => Some(Expr::IsNull(Box::new(reference), false)),
        Scope::All => None,
    }
}

/// Most expressions name columns of the root and nothing else, for which there is nothing to find out.
fn reads_root_alone(expr: &Expr) -> bool {
    match expr {
        Expr::Column(column) | Expr::Compare(column, ..) => column.path.is_root(),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().all(reads_root_alone),
        Expr::In(inner, ..) | Expr::IsNull(inner, _) | Expr::Like(inner, ..) => reads_root_alone(inner),
        _ => false,
    }
}

fn add_join(joins: &mut Vec<Path>, path: Path) {
    if let Some((parent, _)) = path.relation()
        && !joins.contains(&path)
    {
        add_join(joins, parent);
        joins.push(path);
    }
}

/// The places of functions that give rows.
fn functions(select: &Select, dialect: Dialect) -> Vec<(usize, super::FunctionColumns)> {
    let sources = std::iter::once(&select.source).chain(select.joins.iter().map(|join| &join.source));
    let functions = sources.enumerate().filter_map(|(place, source)| match source {
        Source::Function(function) => {
            let read = match dialect {
                Dialect::Sqlite => function.sqlite,
                Dialect::Postgres => &[],
                Dialect::Mysql => function.mysql,
            };
            Some((place, (function.names, read)))
        }
        _ => None,
    });
    functions.collect()
}

/// A query in the place of a table reads columns of the query around the whole.
fn reads_outer_in_place(select: &Select) -> bool {
    let reads = |source: &Source| matches!(source, Source::Query(query) if query.reads_outer());
    reads(&select.source) || select.joins.iter().any(|join| !join.lateral && reads(&join.source))
}
