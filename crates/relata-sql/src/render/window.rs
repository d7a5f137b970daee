//! Windows, conditions as values, and rows reached step by step.

use relata_schema::Dialect;

use super::Writer;
use super::out::Out;
use crate::error::{Error, Kind, Result};
use crate::expr::{Bound, Cast, ColumnRef, Exclude, Expr, FrameUnit, Reached, Window, WindowFunction};
use crate::meta::Path;
use crate::template::{Form, Template};
use crate::value::Value;

impl<O: Out> Writer<O> {
    pub(super) fn literal(&mut self, value: &mut Value, cast: Cast) {
        let decimal = matches!(cast, Cast::Decimal | Cast::DecimalBeside);
        let ty = match self.dialect() {
            Dialect::Postgres => cast.postgres(),
            Dialect::Mysql => cast.mysql().filter(|_| self.target.is_mysql()),
            Dialect::Sqlite => decimal.then_some("NUMERIC"),
        };
        let Some(ty) = ty else { return self.param(value) };
        self.push("CAST(");
        self.param(value);
        self.push(" AS ");
        self.push(ty);
        self.push(")");
    }

    pub(super) fn case(&mut self, cases: &mut [(Expr, Expr)], otherwise: Option<&mut Expr>) -> Result<()> {
        self.push("CASE");
        self.case_rest(cases, otherwise)
    }

    pub(super) fn case_rest(&mut self, cases: &mut [(Expr, Expr)], otherwise: Option<&mut Expr>) -> Result<()> {
        for (condition, value) in cases {
            self.push(" WHEN ");
            self.expr(condition)?;
            self.push(" THEN ");
            self.expr(value)?;
        }
        if let Some(otherwise) = otherwise {
            self.push(" ELSE ");
            self.expr(otherwise)?;
        }
        self.push(" END");
        Ok(())
    }

    pub(super) fn concatenated(&mut self, arguments: &mut [Expr]) -> Result<()> {
        self.push("(");
        for (index, argument) in arguments.iter_mut().enumerate() {
            if index > 0 {
                self.push(" || ");
            }
            self.expr(argument)?;
        }
        self.push(")");
        Ok(())
    }

    pub(super) fn window_function(&mut self, function: WindowFunction, inner: Option<&mut Expr>) -> Result<()> {
        self.push(match function {
            WindowFunction::RowNumber => "ROW_NUMBER(",
            WindowFunction::Rank => "RANK(",
            WindowFunction::DenseRank => "DENSE_RANK(",
            WindowFunction::PercentRank => "PERCENT_RANK(",
            WindowFunction::CumeDist => "CUME_DIST(",
            WindowFunction::Ntile(_) => "NTILE(",
            WindowFunction::Lag(_) => "LAG(",
            WindowFunction::Lead(_) => "LEAD(",
            WindowFunction::FirstValue => "FIRST_VALUE(",
            WindowFunction::LastValue => "LAST_VALUE(",
            WindowFunction::NthValue(_) => "NTH_VALUE(",
        });
        if let Some(inner) = inner {
            self.expr(inner)?;
        }
        match function {
            WindowFunction::Ntile(parts) => self.number(parts.into()),
            WindowFunction::Lag(rows) | WindowFunction::Lead(rows) | WindowFunction::NthValue(rows) => {
                self.push(", ");
                self.number(rows.into());
            }
            _ => {}
        }
        self.push(")");
        Ok(())
    }

    pub(super) fn over(&mut self, function: &mut Expr, window: &mut Window) -> Result<()> {
        let after = self.called(function)?;
        self.push(" OVER (");
        if !window.partition.is_empty() {
            self.push("PARTITION BY ");
            self.separated(&mut window.partition)?;
        }
        self.order_after(&mut window.order, if window.partition.is_empty() { "ORDER BY " } else { " ORDER BY " })?;
        self.frame(window)?;
        self.push(")");
        self.push(after);
        Ok(())
    }

    /// A call that `FILTER` or `OVER` follows; what it gives back comes after those: the rest of a cast around the whole.
    fn called(&mut self, function: &mut Expr) -> Result<&'static str> {
        match function {
            Expr::Filtered(aggregate, condition) => self.filtered_call(aggregate, condition),
            Expr::Aggregate(function, inner, distinct) => {
                let (before, after) = self.cast_of(*function);
                self.push(before);
                self.bare_aggregate(*function, inner.as_deref_mut(), *distinct)?;
                Ok(after)
            }
            Expr::Template(template, arguments) => self.called_template(template, arguments),
            Expr::Fragment(sql, arguments) => self.fragment(sql, arguments).map(|()| ""),
            function => self.expr(function).map(|()| ""),
        }
    }

    fn frame(&mut self, window: &Window) -> Result<()> {
        if window.exclude.is_some() && self.dialect() == Dialect::Mysql {
            return Err(Error::unsupported(
                "MariaDB leaves nothing out of a frame",
                "end the frame before the present row by `.rows(Bound::First, Bound::Before(1))`, or subtract the row's own value",
            ));
        }
        // What is left out is said of a frame, and without one it is this.
        let usual = (FrameUnit::Range, Bound::First, Bound::Here);
        if let Some((unit, from, to)) = window.frame.or(window.exclude.map(|_| usual)) {
            if unit == FrameUnit::Groups && self.dialect() == Dialect::Mysql {
                return Err(Error::unsupported(
                    "MariaDB has no frames that are counted in groups",
                    "count rows with `.rows(…)`, or steps of a number with `.range(…)`",
                ));
            }
            self.push(match unit {
                FrameUnit::Rows => " ROWS BETWEEN ",
                FrameUnit::Range => " RANGE BETWEEN ",
                FrameUnit::Groups => " GROUPS BETWEEN ",
            });
            self.bound(from);
            self.push(" AND ");
            self.bound(to);
        }
        self.push(match window.exclude {
            None => "",
            Some(Exclude::NoOthers) => " EXCLUDE NO OTHERS",
            Some(Exclude::CurrentRow) => " EXCLUDE CURRENT ROW",
            Some(Exclude::Group) => " EXCLUDE GROUP",
            Some(Exclude::Ties) => " EXCLUDE TIES",
        });
        Ok(())
    }

    fn bound(&mut self, bound: Bound) {
        match bound {
            Bound::First => self.push("UNBOUNDED PRECEDING"),
            Bound::Here => self.push("CURRENT ROW"),
            Bound::Last => self.push("UNBOUNDED FOLLOWING"),
            Bound::Before(rows) => {
                self.number(rows);
                self.push(" PRECEDING");
            }
            Bound::After(rows) => {
                self.number(rows);
                self.push(" FOLLOWING");
            }
        }
    }

    pub(super) fn filtered(&mut self, aggregate: &mut Expr, condition: &mut Expr) -> Result<()> {
        let after = self.filtered_call(aggregate, condition)?;
        self.push(after);
        Ok(())
    }

    /// MariaDB has no `FILTER`: there the rows that are not meant count as NULL, which every aggregate leaves out.
    fn filtered_call(&mut self, aggregate: &mut Expr, condition: &mut Expr) -> Result<&'static str> {
        if self.dialect() != Dialect::Mysql {
            let after = self.called(aggregate)?;
            self.push(" FILTER (WHERE ");
            self.expr(condition)?;
            self.push(")");
            return Ok(after);
        }
        if let Expr::Template(template, arguments) = aggregate
            && !arguments.is_empty()
        {
            return self.filtered_template(template, arguments, condition);
        }
        let Expr::Aggregate(function, inner, distinct) = aggregate else {
            return Err(Error::unsupported(
                "MariaDB has no filters of aggregates that are written in SQL",
                "write the condition into the fragment: `CASE WHEN … THEN … END`",
            ));
        };
        let value = inner.take().map_or(Expr::Number(1), |inner| *inner);
        let counts_rows = matches!(value, Expr::Number(_));
        let condition_of_value = std::mem::replace(condition, Expr::Number(1));
        let mut only = Expr::Case(vec![(condition_of_value, value)], None);
        let (before, after) = self.cast_of(*function);
        self.push(before);
        let written = self.bare_aggregate(*function, Some(&mut only), *distinct);
        // The tree keeps its shape.
        if let Expr::Case(mut cases, _) = only
            && let Some((kept, value)) = cases.pop()
        {
            *condition = kept;
            *inner = (!counts_rows).then(|| Box::new(value));
        }
        written.map(|()| after)
    }

    /// As [`Writer::filtered`], of a function by its text: its first argument counts where the condition holds.
    fn filtered_template(
        &mut self,
        template: &'static Template,
        arguments: &mut [Expr],
        condition: &mut Expr,
    ) -> Result<&'static str> {
        if matches!(template.mysql, Form::Sql(sql) if sql.starts_with("JSON_OBJECTAGG")) {
            return Err(Error::unsupported(
                "MariaDB cannot collect some rows of a group as a JSON object",
                "filter the query itself",
            ));
        }
        let value = std::mem::replace(&mut arguments[0], Expr::Number(1));
        arguments[0] = Expr::Case(vec![(std::mem::replace(condition, Expr::Number(1)), value)], None);
        let written = self.called_template(template, arguments);
        // The tree keeps its shape.
        if let Expr::Case(cases, _) = &mut arguments[0]
            && let Some((kept, value)) = cases.pop()
        {
            *condition = kept;
            arguments[0] = value;
        }
        written
    }

    /// The key is among those of a recursive query. `UNION` leaves out what is there already, so that circles end.
    pub(super) fn reached(&mut self, key: ColumnRef, reached: &mut Reached) -> Result<()> {
        let relation = reached.relation;
        let column = |position: usize| relation.to.columns[position].column;
        self.column(key);
        self.push(" IN (WITH RECURSIVE reached(k, l");
        self.push(if reached.steps.is_some() { ", d) AS (" } else { ") AS (" });
        self.select(&mut reached.start)?;
        self.push(" UNION SELECT ");
        let alias = self.fresh_alias();
        self.alias_column(alias, key.column.column);
        self.push(", ");
        self.alias_column(alias, column(relation.from_column));
        if reached.steps.is_some() {
            self.push(", reached.d + 1");
        }
        self.push(" FROM ");
        self.table(relation.to);
        self.push(" AS ");
        self.alias(alias);
        self.push(" JOIN reached ON ");
        self.alias_column(alias, column(relation.to_column));
        self.push(" = reached.l");
        let mut word = " WHERE ";
        if let Some(position) = relation.to.soft_delete {
            self.push(word);
            self.alias_column(alias, column(position));
            self.push(" IS NULL");
            word = " AND ";
        }
        if let Some(steps) = reached.steps {
            self.push(word);
            self.push("reached.d < ");
            self.number(steps);
        }
        self.push(") SELECT k FROM reached)");
        Ok(())
    }

    /// A new value that comes from related rows: a subquery for the row's own key.
    pub(super) fn related_value(&mut self, table: &'static crate::meta::TableMeta, value: &mut Expr) -> Result<()> {
        if table.key.is_empty() {
            let message = format!("a value from a relation cannot be set: {} has no key", table.entity);
            return Err(Error::new(Kind::Unsupported, message).hint("read the values first, then write them"));
        }
        let keys = || table.key.iter().map(|position| table.columns[*position].column).enumerate();
        self.open_level([&*value], [Path::ROOT], table);
        let alias = self.next_alias_of_level();
        let materializes = self.materializes;
        self.push(if materializes { "(SELECT related.v FROM (SELECT " } else { "(SELECT " });
        self.expr(value)?;
        if materializes {
            self.push(" AS v");
            for (index, key) in keys() {
                self.push(", ");
                self.alias_column(alias, key);
                self.push(" AS k");
                self.further(index);
            }
        }
        self.push(" FROM ");
        self.table(table);
        self.push(" AS ");
        self.alias(alias);
        self.joins()?;
        self.push(if materializes { ") AS related WHERE " } else { " WHERE " });
        for (index, key) in keys() {
            self.push(if index == 0 { "" } else { " AND " });
            if materializes {
                self.push("related.k");
                self.further(index);
            } else {
                self.alias_column(alias, key);
            }
            self.push(" = ");
            self.table(table);
            self.push(".");
            self.ident(key);
        }
        self.push(")");
        self.levels.pop();
        Ok(())
    }

    /// The number of a column after the first.
    fn further(&mut self, index: usize) {
        if index > 0 {
            self.number(index as u64);
        }
    }
}
