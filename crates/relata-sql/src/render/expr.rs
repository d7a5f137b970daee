//! Expressions.

use relata_schema::Dialect;

use super::out::Out;
use super::{Reading, Writer};
use crate::error::{Error, Kind, Result};
use crate::expr::{AggregateFunction, BinaryOp, ColumnRef, Expr, Function, Match, Related};
use crate::meta::{Path, TableMeta};
use crate::tree::{MOST_NESTED, Scope};
use crate::value::Value;

impl<O: Out> Writer<O> {
    pub(super) fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        self.depth += 1;
        if self.depth > super::DEEPEST {
            return Err(too_deep());
        }
        let written = self.expr_within(expr);
        self.depth -= 1;
        written
    }

    fn expr_within(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Column(column) if column.path.of_outer().is_some() => self.outer_column(*column)?,
            Expr::Column(column) => self.column(*column),
            Expr::Named(name) => self.ident(name),
            Expr::NamedAs(name, ty) => {
                self.push("CAST(");
                self.ident(name);
                self.push(" AS ");
                self.qualified_name(&ty.namespace, &ty.name);
                self.push(")");
            }
            Expr::Value(value) => self.param(value),
            Expr::Compare(column, op, value) => {
                self.column(*column);
                self.operator(*op);
                self.param(value);
            }
            Expr::Binary(left, op, right) => {
                self.operand(left)?;
                self.operator(*op);
                self.operand(right)?;
            }
            Expr::Row(parts) => self.separated(parts)?,
            Expr::And(parts) => self.connected(parts, " AND ", "1 = 1")?,
            Expr::Or(parts) => self.connected(parts, " OR ", "1 = 0")?,
            Expr::Not(inner) => {
                self.push("NOT (");
                self.expr(inner)?;
                self.push(")");
            }
            Expr::IsNull(inner, null) => {
                self.operand(inner)?;
                self.push(if *null { " IS NULL" } else { " IS NOT NULL" });
            }
            Expr::In(inner, values, negated) => self.in_list(inner, values, *negated)?,
            Expr::Between(inner, low, high) => {
                self.operand(inner)?;
                self.push(" BETWEEN ");
                self.param(low);
                self.push(" AND ");
                self.param(high);
            }
            Expr::Like(inner, kind, text, ignore_case) => self.like(inner, *kind, text, *ignore_case)?,
            Expr::Call(function, arguments) => self.call(*function, arguments)?,
            Expr::Aggregate(function, inner, distinct) => self.aggregate(*function, inner.as_deref_mut(), *distinct)?,
            Expr::Exists(_)
            | Expr::AggregateRelated(_)
            | Expr::InSelect(..)
            | Expr::Scalar(_)
            | Expr::ExistsSelect(_) => self.query_within(expr)?,
            Expr::Literal(value, cast) => self.literal(value, *cast),
            Expr::Number(number) => self.number(*number),
            Expr::Case(cases, otherwise) => self.case(cases, otherwise.as_deref_mut())?,
            Expr::Window(function, inner) => self.window_function(*function, inner.as_deref_mut())?,
            Expr::Over(function, window) => self.over(function, window)?,
            Expr::Filtered(aggregate, condition) => self.filtered(aggregate, condition)?,
            Expr::Template(template, arguments) => self.template(template, arguments)?,
            Expr::Fragment(sql, arguments) => {
                self.push("(");
                self.fragment(sql, arguments)?;
                self.push(")");
            }
            Expr::Collected(collected) => self.collected(collected)?,
            Expr::Json(inner, steps, form) => self.json(inner, steps, *form)?,
            Expr::JsonChanged(inner, steps, value) => self.json_changed(inner, steps, value.as_mut())?,
            Expr::TooDeep => return Err(too_deep()),
            Expr::Proposed(column) => self.proposed(column),
            Expr::Reached(key, reached) => self.reached(*key, reached)?,
            Expr::Raw(sql, params) => {
                self.push("(");
                self.raw(sql, params)?;
                self.push(")");
            }
        }
        Ok(())
    }

    /// A query in an expression.
    fn query_within(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Exists(related) => {
                self.push("EXISTS (SELECT ");
                self.related(related, "1")?;
            }
            Expr::AggregateRelated(related) => {
                self.push("(SELECT ");
                self.related(related, "COUNT(*)")?;
            }
            Expr::InSelect(inner, select) => {
                self.operand(inner)?;
                self.push(" IN (");
                self.in_write(select, select.reads_outer())?;
            }
            Expr::ExistsSelect(select) => {
                self.push("EXISTS (");
                self.select(select)?;
            }
            Expr::Scalar(select) => {
                self.push("(");
                self.select(select)?;
            }
            _ => return Err(Error::new(Kind::Internal, "an expression without a query was taken for one")),
        }
        self.push(")");
        Ok(())
    }

    fn operator(&mut self, op: BinaryOp) {
        self.push(" ");
        match op {
            // There `/` gives a fraction.
            BinaryOp::Quotient if self.dialect() == Dialect::Mysql => self.push("DIV"),
            op => self.push(op.sql()),
        }
        self.push(" ");
    }

    /// An expression that stands beside an operator.
    fn operand(&mut self, expr: &mut Expr) -> Result<()> {
        let plain = matches!(
            expr,
            Expr::Column(_)
                | Expr::Named(_)
                | Expr::NamedAs(..)
                | Expr::Value(_)
                | Expr::Call(..)
                | Expr::Aggregate(..)
                | Expr::AggregateRelated(_)
                | Expr::Literal(..)
                | Expr::Over(..)
                | Expr::Filtered(..)
                | Expr::Scalar(_)
                | Expr::ExistsSelect(_)
                | Expr::Number(_)
                | Expr::Fragment(..)
                | Expr::Collected(_)
                | Expr::Json(..)
                | Expr::JsonChanged(..)
                | Expr::Proposed(_)
                | Expr::Raw(..)
        );
        if plain {
            return self.expr(expr);
        }
        self.push("(");
        self.expr(expr)?;
        self.push(")");
        Ok(())
    }

    fn connected(&mut self, parts: &mut [Expr], word: &'static str, of_none: &'static str) -> Result<()> {
        if parts.is_empty() {
            self.push(of_none);
        }
        for (index, part) in parts.iter_mut().enumerate() {
            if index > 0 {
                self.push(word);
            }
            self.connected_part(part)?;
        }
        Ok(())
    }

    /// An expression that stands beside `AND` or `OR`.
    pub(super) fn connected_part(&mut self, part: &mut Expr) -> Result<()> {
        if !matches!(part, Expr::And(_) | Expr::Or(_)) {
            return self.expr(part);
        }
        self.push("(");
        self.expr(part)?;
        self.push(")");
        Ok(())
    }

    pub(super) fn column(&mut self, column: ColumnRef) {
        let function = self.levels.last().and_then(|level| self.of_function(level, column.path.place()?, column));
        let alias = self.alias_of(column.path);
        self.read(alias, function.unwrap_or(Reading::Name(column.column.column)));
    }

    fn read(&mut self, alias: Option<usize>, reading: Reading) {
        let mut rest = match reading {
            Reading::Name(name) => return self.of_alias(alias, name),
            Reading::Form(form) => form,
        };
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            self.push(before);
            self.of_alias(alias, name);
            rest = after;
        }
        self.push(rest);
    }

    fn of_alias(&mut self, alias: Option<usize>, name: &'static str) {
        match alias {
            Some(alias) => self.alias_column(alias, name),
            None => self.name(name),
        }
    }

    /// How a column of a function that gives rows is read.
    fn of_function(&self, level: &super::Level, place: usize, column: ColumnRef) -> Option<Reading> {
        if level.tables.functions.is_empty() {
            return None;
        }
        level.tables.numbered(place, column.number()?)
    }

    /// The alias of a path at the present level; `None` where columns need none.
    pub(super) fn alias_of(&self, path: Path) -> Option<usize> {
        let level = self.levels.last().filter(|level| level.qualified)?;
        if path.is_root() {
            return Some(level.first);
        }
        let joined = level.tables.joined.len();
        match (path.relation(), path.place()) {
            (None, Some(place)) if place <= joined => Some(level.first + place),
            _ => level.joins.iter().position(|join| *join == path).map(|index| level.first + 1 + joined + index),
        }
    }

    /// A column of a query around this one: of the nearest that reads its table.
    fn outer_column(&mut self, column: ColumnRef) -> Result<()> {
        let place = column.path.of_outer().unwrap_or_default();
        let holds = |table: Option<&'static TableMeta>| match table {
            Some(table) => table.columns.as_ptr_range().contains(&std::ptr::from_ref(column.column)),
            None => column.is_numbered(),
        };
        let mut around = self.levels.iter().rev().skip(1);
        let found = around.find(|level| level.qualified && level.tables.at(place).is_some_and(holds));
        let Some((alias, read)) = found.map(|level| (level.first + place, self.of_function(level, place, column)))
        else {
            return Err(Error::new(
                Kind::Parameters,
                format!("no query around this one reads the table of the column {}", column.column.column),
            )
            .hint(
                "`.outer()` is for queries inside `exists(…)`, `scalar(…)`, `.in_query(…)` or a lateral join; in a join say it of the \
                 columns that the closure is given: `|(user, post)| … post.id.outer()`",
            ));
        };
        self.read(Some(alias), read.unwrap_or(Reading::Name(column.column.column)));
        Ok(())
    }

    fn in_list(&mut self, inner: &mut Expr, values: &mut [Value], negated: bool) -> Result<()> {
        if values.is_empty() {
            self.push(if negated { "1 = 1" } else { "1 = 0" });
            return Ok(());
        }
        self.operand(inner)?;
        self.among(values, negated);
        Ok(())
    }

    /// `IN`: one array on PostgreSQL; elsewhere a list padded to a power of two, so that few shapes exist, or JSON where the list is
    /// longer than a statement may be, of texts on MariaDB literals.
    pub(super) fn among(&mut self, values: &mut [Value], negated: bool) {
        if self.dialect() == Dialect::Postgres {
            if values.iter().any(|value| matches!(value, Value::Array(_))) {
                return self.each_array(values, negated);
            }
            self.push(if negated { " <> ALL(" } else { " = ANY(" });
            self.given(Value::Array(values.iter_mut().map(std::mem::take).collect()));
            return self.push(")");
        }
        if self.params.len() + values.len() > self.target.most_parameters()
            && let Some(list) = json_list(self.dialect(), values)
        {
            self.push(if negated { " NOT IN (" } else { " IN (" });
            self.push(match self.dialect() {
                Dialect::Mysql => "SELECT listed.value FROM JSON_TABLE(",
                _ => "SELECT value FROM JSON_EACH(",
            });
            self.given(list);
            return self.push(match self.dialect() {
                Dialect::Mysql => ", '$[*]' COLUMNS (value BIGINT PATH '$')) AS listed)",
                _ => "))",
            });
        }
        if self.params.len() + values.len() > self.target.most_parameters()
            && self.dialect() == Dialect::Mysql
            && values.iter().all(|value| matches!(value, Value::Text(_) | Value::Bytes(_)))
        {
            return self.literals(values, negated);
        }
        // A list may fit although the next power of two does not.
        let room = self.target.most_parameters().saturating_sub(self.params.len() + values.len());
        let padding = Some(values.len().next_power_of_two() - values.len()).filter(|padding| *padding <= room / 2);
        let padding = padding.unwrap_or_default();
        self.push(if negated { " NOT IN (" } else { " IN (" });
        let last = values.last().cloned().unwrap_or_default();
        self.list(values.iter_mut().map(std::mem::take), std::iter::repeat_n(last, padding));
        self.push(")");
    }

    /// Arrays, which are no elements of others. They stay where they are: a second run over the tree writes the same.
    #[cold]
    fn each_array(&mut self, values: &[Value], negated: bool) {
        self.push(if negated { " NOT IN (" } else { " IN (" });
        self.list(values.iter().cloned(), std::iter::empty());
        self.push(")");
    }

    /// Texts and bytes as they are written in hexadecimal letters: no text ends such a literal, and it is compared by the column's
    /// collation, as a parameter is; a table of JSON has one of its own.
    #[cold]
    fn literals(&mut self, values: &[Value], negated: bool) {
        self.push(if negated { " NOT IN (" } else { " IN (" });
        let mut list = String::new();
        for value in values {
            let (introducer, bytes) = match value {
                Value::Text(text) => ("_utf8mb4 x'", text.as_bytes()),
                Value::Bytes(bytes) => ("x'", &bytes[..]),
                _ => continue,
            };
            list.push_str(if list.is_empty() { "" } else { ", " });
            list.push_str(introducer);
            for byte in bytes {
                list.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789abcdef"[usize::from(half)])));
            }
            list.push('\'');
        }
        self.out.foreign(&list);
        self.push(")");
    }

    fn like(&mut self, inner: &mut Expr, kind: Match, text: &mut String, ignore_case: bool) -> Result<()> {
        let dialect = self.dialect();
        if dialect == Dialect::Mysql && ignore_case {
            self.push("LOWER(");
            self.expr(inner)?;
            self.push(") LIKE LOWER(");
            self.given(Value::Text(std::mem::take(text)));
            self.push(")");
            return Ok(());
        }
        self.operand(inner)?;
        match (kind, dialect) {
            (Match::Pattern, Dialect::Postgres) if ignore_case => {
                self.push(" ILIKE ");
                self.given(Value::Text(std::mem::take(text)));
            }
            (Match::Pattern, _) => {
                self.push(" LIKE ");
                self.given(Value::Text(std::mem::take(text)));
                // The others take a backslash for the sign that makes the next character plain.
                if dialect == Dialect::Sqlite {
                    self.push(" ESCAPE '\\'");
                }
            }
            // SQLite's LIKE ignores the case of ASCII letters; GLOB does not.
            (kind, Dialect::Sqlite) => {
                self.push(" GLOB ");
                self.given(Value::Text(glob_pattern(kind, text)));
            }
            (kind, _) => {
                self.push(" LIKE ");
                self.given(Value::Text(like_pattern(kind, text)));
                self.push(" ESCAPE '!'");
            }
        }
        Ok(())
    }

    fn call(&mut self, function: Function, arguments: &mut [Expr]) -> Result<()> {
        let dialect = self.dialect();
        if function == Function::Concat && dialect != Dialect::Mysql {
            // CONCAT of PostgreSQL leaves NULLs out.
            return self.concatenated(arguments);
        }
        self.push(match function {
            Function::Concat => "CONCAT(",
            Function::Replace => "REPLACE(",
            Function::Substring => "SUBSTR(",
            Function::Lower => "LOWER(",
            Function::Upper => "UPPER(",
            Function::Length if dialect == Dialect::Sqlite => "LENGTH(",
            Function::Length => "CHAR_LENGTH(",
            Function::Abs => "ABS(",
            Function::Coalesce => "COALESCE(",
            Function::Trim => "TRIM(",
        });
        for (index, argument) in arguments.iter_mut().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.expr(argument)?;
        }
        self.push(")");
        Ok(())
    }

    fn aggregate(&mut self, function: AggregateFunction, inner: Option<&mut Expr>, distinct: bool) -> Result<()> {
        let (before, after) = self.cast_of(function);
        self.push(before);
        self.bare_aggregate(function, inner, distinct)?;
        self.push(after);
        Ok(())
    }

    /// What stands around an aggregate: a mean is a floating-point number everywhere, a sum of whole numbers a whole number.
    pub(super) fn cast_of(&self, function: AggregateFunction) -> (&'static str, &'static str) {
        match (function, self.dialect()) {
            (AggregateFunction::Avg, Dialect::Postgres) => ("CAST(", " AS double precision)"),
            (AggregateFunction::WholeSum, Dialect::Postgres) => ("CAST(", " AS bigint)"),
            (AggregateFunction::Avg, Dialect::Mysql) => ("CAST(", " AS DOUBLE)"),
            _ => ("", ""),
        }
    }

    pub(super) fn bare_aggregate(
        &mut self,
        function: AggregateFunction,
        inner: Option<&mut Expr>,
        distinct: bool,
    ) -> Result<()> {
        self.push(match function {
            AggregateFunction::Count => "COUNT(",
            AggregateFunction::Sum | AggregateFunction::WholeSum => "SUM(",
            AggregateFunction::Avg => "AVG(",
            AggregateFunction::Min => "MIN(",
            AggregateFunction::Max => "MAX(",
        });
        if distinct {
            self.push("DISTINCT ");
        }
        match inner {
            Some(inner) => self.expr(inner)?,
            None => self.push("*"),
        }
        self.push(")");
        Ok(())
    }

    /// The rows that a relation leads to, as the `FROM` and `WHERE` of a subquery that refers to the level around it.
    fn related(&mut self, related: &mut Related, selected: &'static str) -> Result<()> {
        let relation = related.relation;
        let outer = self.alias_of(related.path).ok_or_else(|| {
            Error::new(Kind::Internal, format!("the relation {} is used where it is not joined", relation.name))
        })?;
        self.open_level(related.filter.iter().chain(&related.value), [], relation.to);
        let inner = self.next_alias_of_level();
        match &mut related.value {
            Some(value) => self.expr(value)?,
            None => self.push(selected),
        }
        self.push(" FROM ");
        self.table(relation.to);
        self.push(" AS ");
        self.alias(inner);
        self.joins()?;
        let near = match relation.via {
            Some(junction) => {
                let alias = self.fresh_alias();
                self.push(" JOIN ");
                self.table(junction.table);
                self.push(" AS ");
                self.alias(alias);
                self.push(" ON ");
                self.alias_column(alias, junction.table.columns[junction.far].column);
                self.push(" = ");
                self.alias_column(inner, relation.to.columns[relation.to_column].column);
                self.live(alias, junction.table);
                (alias, junction.table.columns[junction.near].column)
            }
            None => (inner, relation.to.columns[relation.to_column].column),
        };
        self.push(" WHERE ");
        self.alias_column(near.0, near.1);
        self.push(" = ");
        self.alias_column(outer, relation.from.columns[relation.from_column].column);
        for (here, there) in relation.further {
            self.push(" AND ");
            self.pair((inner, *there), (outer, *here), relation);
        }
        self.only(inner, outer, relation);
        if related.scope == Scope::Live {
            self.live(inner, relation.to);
        }
        if let Some(filter) = &mut related.filter {
            self.push(" AND (");
            self.expr(filter)?;
            self.push(")");
        }
        self.levels.pop();
        Ok(())
    }

    pub(super) fn alias_column(&mut self, alias: usize, column: &'static str) {
        self.out.aliased(self.target.dialect, alias, column);
    }
}

/// More values than a statement takes parameters, as one: whole numbers, on SQLite texts, too.
#[cold]
fn json_list(dialect: Dialect, values: &[Value]) -> Option<Value> {
    let member = |value: &Value| match value {
        Value::Int(number) => Some(serde_json::Value::from(*number)),
        Value::Text(text) if dialect == Dialect::Sqlite => Some(serde_json::Value::from(text.as_str())),
        _ => None,
    };
    let members = values.iter().map(member).collect::<Option<Vec<_>>>()?;
    Some(Value::Text(serde_json::Value::Array(members).to_string()))
}

#[cold]
pub(super) fn too_deep() -> Error {
    let message = format!(
        "an expression is nested more than {} deep, or queries in queries more than {MOST_NESTED}",
        super::DEEPEST
    );
    Error::new(Kind::Parameters, message)
        .hint("put many conditions side by side with `Pred::all(…)` or `Pred::any(…)`, many values into `.is_in(…)`")
        .hint("combine many queries one after the other: `a.union(b).union(c)`")
}

fn like_pattern(kind: Match, text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    around(kind, escaped, "%")
}

fn glob_pattern(kind: Match, text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[') {
            escaped.extend(['[', character, ']']);
        } else {
            escaped.push(character);
        }
    }
    around(kind, escaped, "*")
}

fn around(kind: Match, text: String, any: &str) -> String {
    match kind {
        Match::Prefix => text + any,
        Match::Suffix => format!("{any}{text}"),
        Match::Contains => format!("{any}{text}{any}"),
        Match::Pattern => text,
    }
}
