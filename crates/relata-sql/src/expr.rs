//! Expressions as untyped data: what the typed ones in [`crate::typed`] build and the renderers read.
//!
//! Invariant: a renderer pushes parameters in the order in which it writes their placeholders.

use std::sync::Arc;

use relata_schema::model::ObjectName;

use crate::meta::{ColumnMeta, NUMBERED, Path, RelationMeta};
use crate::template::Template;
use crate::tree::{Scope, Select};
use crate::value::Value;

/// A column somewhere in a query.
#[derive(Debug, Clone, Copy)]
pub struct ColumnRef {
    /// Of which table: the way from the root.
    pub path: Path,
    /// Which column.
    pub column: &'static ColumnMeta,
}

impl ColumnRef {
    /// It is a column of another query, and no entity's.
    pub(crate) fn is_numbered(&self) -> bool {
        NUMBERED.as_ptr_range().contains(&std::ptr::from_ref(self.column))
    }

    /// Which column of another query it is.
    pub(crate) fn number(&self) -> Option<usize> {
        NUMBERED.iter().position(|column| std::ptr::eq(column, self.column))
    }
}

/// Comparisons and arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// The whole part of a quotient.
    Quotient,
    /// What is left after a division.
    Rem,
}

impl BinaryOp {
    /// Its SQL.
    pub const fn sql(self) -> &'static str {
        match self {
            BinaryOp::Eq => "=",
            BinaryOp::Ne => "<>",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div | BinaryOp::Quotient => "/",
            BinaryOp::Rem => "%",
        }
    }
}

/// Scalar functions that mean the same on every database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// Length in characters.
    Length,
    /// Absolute value.
    Abs,
    /// The first argument that is not NULL.
    Coalesce,
    /// Text without blanks at both ends.
    Trim,
    /// Texts one after the other; NULL if one of them is.
    Concat,
    /// A text with each occurrence of the second replaced by the third.
    Replace,
    /// So many characters of a text from a place on, counted from 1.
    Substring,
}

/// Functions of a row's place among the rows of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowFunction {
    /// Its number.
    RowNumber,
    /// Its number; equal rows have the same, with gaps after them.
    Rank,
    /// Its number; equal rows have the same, without gaps.
    DenseRank,
    /// Its rank from 0 to 1.
    PercentRank,
    /// Which share of the rows comes no later.
    CumeDist,
    /// Its part, of so many parts of equal size.
    Ntile(u32),
    /// A value of the row so many before.
    Lag(u32),
    /// A value of the row so many after.
    Lead(u32),
    /// A value of the frame's first row.
    FirstValue,
    /// A value of the frame's last row.
    LastValue,
    /// A value of the frame's so-many-th row.
    NthValue(u32),
}

/// The type of a parameter that nothing around it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cast {
    /// A boolean.
    Bool,
    /// A whole number.
    Int,
    /// A floating-point number.
    Float,
    /// A decimal.
    Decimal,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID.
    Uuid,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A date and time without zone.
    DateTime,
    /// An instant.
    Timestamp,
    /// JSON.
    Json,
    /// An array of these.
    Array(Element),
    /// A whole number, as what stands beside it says except on MySQL.
    IntBeside,
    /// A floating-point number, likewise.
    FloatBeside,
    /// A decimal, as what stands beside it says except on SQLite.
    DecimalBeside,
    /// Whatever the database makes of it.
    Unknown,
}

/// The type of an array's elements that nothing around it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// Booleans.
    Bool,
    /// Whole numbers.
    Int,
    /// Floating-point numbers.
    Float,
    /// Decimals.
    Decimal,
    /// Texts.
    Text,
    /// UUIDs.
    Uuid,
    /// Dates.
    Date,
    /// Instants.
    Timestamp,
}

impl Cast {
    /// The type of a value.
    pub const fn of(value: &Value) -> Self {
        match value {
            Value::Bool(_) => Cast::Bool,
            Value::Int(_) => Cast::Int,
            Value::Float(_) => Cast::Float,
            Value::UInt(_) | Value::Decimal(_) => Cast::Decimal,
            Value::Text(_) => Cast::Text,
            Value::Bytes(_) => Cast::Bytes,
            Value::Uuid(_) => Cast::Uuid,
            Value::Date(_) => Cast::Date,
            Value::Time(_) => Cast::Time,
            Value::DateTime(_) => Cast::DateTime,
            Value::Timestamp(_) => Cast::Timestamp,
            Value::Json(_) => Cast::Json,
            Value::Null | Value::Interval(_) | Value::Array(_) => Cast::Unknown,
        }
    }

    /// The type of a value among values alone: an array, too, whose type else is that of a column beside it (`varchar[]` and
    /// `text[]` are not compared).
    pub fn among_values(value: &Value) -> Self {
        let Value::Array(elements) = value else { return Cast::of(value) };
        let element = elements.iter().find_map(|element| match element {
            Value::Bool(_) => Some(Element::Bool),
            Value::Int(_) => Some(Element::Int),
            Value::Float(_) => Some(Element::Float),
            Value::UInt(_) | Value::Decimal(_) => Some(Element::Decimal),
            Value::Text(_) => Some(Element::Text),
            Value::Uuid(_) => Some(Element::Uuid),
            Value::Date(_) => Some(Element::Date),
            Value::Timestamp(_) => Some(Element::Timestamp),
            _ => None,
        });
        element.map_or(Cast::Unknown, Cast::Array)
    }

    /// Its name on MySQL, which otherwise takes a parameter for a text beside a function's other arguments, and alone for what its
    /// first value was. MariaDB asks the value. A decimal has 20 places, as many as a cast gives.
    pub const fn mysql(self) -> Option<&'static str> {
        Some(match self {
            Cast::Bool | Cast::Int | Cast::IntBeside => "SIGNED",
            Cast::Float | Cast::FloatBeside => "DOUBLE",
            Cast::Decimal | Cast::DecimalBeside => "DECIMAL(65, 20)",
            Cast::Bytes => "BINARY",
            Cast::Date => "DATE",
            Cast::Time => "TIME(6)",
            Cast::DateTime | Cast::Timestamp => "DATETIME(6)",
            Cast::Json => "JSON",
            // What is cast to a text has a collation of its own, which no column's may be mixed with.
            Cast::Text | Cast::Uuid | Cast::Array(_) | Cast::Unknown => return None,
        })
    }

    /// Its name on PostgreSQL, which has to be told.
    pub const fn postgres(self) -> Option<&'static str> {
        Some(match self {
            Cast::Bool => "boolean",
            Cast::Int => "bigint",
            Cast::Float => "double precision",
            Cast::Decimal => "numeric",
            Cast::Text => "text",
            Cast::Bytes => "bytea",
            Cast::Uuid => "uuid",
            Cast::Date => "date",
            Cast::Time => "time",
            Cast::DateTime => "timestamp",
            Cast::Timestamp => "timestamptz",
            Cast::Json => "jsonb",
            Cast::Array(Element::Bool) => "boolean[]",
            Cast::Array(Element::Int) => "bigint[]",
            Cast::Array(Element::Float) => "double precision[]",
            Cast::Array(Element::Decimal) => "numeric[]",
            Cast::Array(Element::Text) => "text[]",
            Cast::Array(Element::Uuid) => "uuid[]",
            Cast::Array(Element::Date) => "date[]",
            Cast::Array(Element::Timestamp) => "timestamptz[]",
            Cast::IntBeside | Cast::FloatBeside | Cast::DecimalBeside | Cast::Unknown => return None,
        })
    }
}

/// In what a frame is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameUnit {
    /// In rows.
    Rows,
    /// In steps of the value that is ordered by.
    Range,
    /// In groups of rows that are equal in the order.
    Groups,
}

/// An end of a frame, counted from the present row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The first row of the partition.
    First,
    /// So many before.
    Before(u64),
    /// The present row.
    Here,
    /// So many after.
    After(u64),
    /// The last row of the partition.
    Last,
}

/// What is left out of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclude {
    /// Nothing.
    NoOthers,
    /// The present row.
    CurrentRow,
    /// The present row, and those that are equal to it in the order.
    Group,
    /// Those that are equal to the present row in the order; itself it stays.
    Ties,
}

/// Which rows a window function sees.
#[derive(Debug, Clone, Default)]
pub struct Window {
    /// Only rows that agree in these.
    pub partition: Vec<Expr>,
    /// In which order.
    pub order: Vec<OrderKey>,
    /// From where to where in that order; else up to the present row and its equals.
    pub frame: Option<(FrameUnit, Bound, Bound)>,
    /// Without these.
    pub exclude: Option<Exclude>,
}

/// Rows that are reached from others along a relation of a table with itself.
#[derive(Debug, Clone)]
pub struct Reached {
    /// Along which relation.
    pub relation: &'static RelationMeta,
    /// The keys of the rows it starts from and where their relation leads.
    pub start: Select,
    /// At most so many steps.
    pub steps: Option<u64>,
}

/// Functions over many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateFunction {
    /// How many.
    Count,
    /// Their sum.
    Sum,
    /// The sum of whole numbers, which is one: PostgreSQL would make a decimal of it.
    WholeSum,
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// A step into JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonStep {
    /// The member of an object.
    Key(String),
    /// The member of an array, from 0.
    Index(u32),
}

/// As what something inside of JSON is read. What is not there, and JSON's `null`, is NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonAs {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A floating-point number.
    Float,
    /// True or false.
    Bool,
    /// JSON.
    Json,
    /// Whether it is there, be it `null`.
    Exists,
}

/// The values of a group in one value.
#[derive(Debug, Clone)]
pub struct Collected {
    /// As what.
    pub form: Collection,
    /// Which values.
    pub expr: Expr,
    /// Each different one once.
    pub distinct: bool,
    /// In which order.
    pub order: Vec<OrderKey>,
    /// Only of rows that keep this.
    pub filter: Option<Expr>,
}

/// As what values are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// A text with this between the values.
    Text(&'static str),
    /// An array (PostgreSQL).
    Array,
    /// A JSON array.
    Json,
}

/// Where a text must occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// At the beginning.
    Prefix,
    /// At the end.
    Suffix,
    /// Anywhere.
    Contains,
    /// A `LIKE` pattern of the caller's.
    Pattern,
}

/// A subquery over a relation: `EXISTS` or `COUNT(*)` of the rows it leads to.
#[derive(Debug, Clone)]
pub struct Related {
    /// From where.
    pub path: Path,
    /// Along which relation.
    pub relation: &'static RelationMeta,
    /// Rows there that are marked as deleted.
    pub scope: Scope,
    /// Only such rows; paths in it start where the relation leads.
    pub filter: Option<Expr>,
    /// What is computed from them, instead of their number; paths as in the filter.
    pub value: Option<Expr>,
}

/// An expression.
#[derive(Debug, Clone)]
pub enum Expr {
    /// A column.
    Column(ColumnRef),
    /// A column of the root by its name, for tables known only at run time.
    Named(Arc<str>),
    /// The same as the enum behind its domain, for which PostgreSQL has no operators.
    NamedAs(Arc<str>, Box<ObjectName>),
    /// A parameter.
    Value(Value),
    /// A column beside a value: the common case, without boxes.
    Compare(ColumnRef, BinaryOp, Value),
    /// Two expressions with an operator between.
    Binary(Box<Expr>, BinaryOp, Box<Expr>),
    /// Several beside a comparison: the first that differ decide.
    Row(Vec<Expr>),
    /// All of them; none is true.
    And(Vec<Expr>),
    /// Any of them; none is false.
    Or(Vec<Expr>),
    /// Not.
    Not(Box<Expr>),
    /// `IS NULL` (true) or `IS NOT NULL` (false).
    IsNull(Box<Expr>, bool),
    /// `IN` a list; the flag negates.
    In(Box<Expr>, Vec<Value>, bool),
    /// `IN` what a query gives.
    InSelect(Box<Expr>, Box<Select>),
    /// Between two values, both ends inclusive.
    Between(Box<Expr>, Value, Value),
    /// `LIKE`; the flag ignores case.
    Like(Box<Expr>, Match, String, bool),
    /// A scalar function.
    Call(Function, Vec<Expr>),
    /// An aggregate; without an expression it counts rows. The flag is `DISTINCT`.
    Aggregate(AggregateFunction, Option<Box<Expr>>, bool),
    /// There is such a related row.
    Exists(Box<Related>),
    /// How many related rows there are, or what is computed from them.
    AggregateRelated(Box<Related>),
    /// A parameter with its type, where nothing around it tells.
    Literal(Value, Cast),
    /// A small number that is part of the text: the place of a column in the result.
    Number(u64),
    /// The value of the first condition that holds, or of the last expression.
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
    /// A window function with what it is of.
    Window(WindowFunction, Option<Box<Expr>>),
    /// A window function or an aggregate over a window.
    Over(Box<Expr>, Box<Window>),
    /// An aggregate of the rows that keep a condition.
    Filtered(Box<Expr>, Box<Expr>),
    /// The one value that a query gives.
    Scalar(Box<Select>),
    /// A query gives a row.
    ExistsSelect(Box<Select>),
    /// A function as each database writes it, with its arguments.
    Template(&'static Template, Vec<Expr>),
    /// SQL of the caller's with an expression for each `{}` (`{{` is a brace).
    Fragment(&'static str, Vec<Expr>),
    /// Something inside of JSON.
    Json(Box<Expr>, Vec<JsonStep>, JsonAs),
    /// The JSON with another value there, or without what is there.
    JsonChanged(Box<Expr>, Vec<JsonStep>, Option<Value>),
    /// In an upsert: the value that was to be inserted.
    Proposed(&'static ColumnMeta),
    /// The values of a group in one.
    Collected(Box<Collected>),
    /// The key is that of a row that is reached.
    Reached(ColumnRef, Box<Reached>),
    /// SQL of the caller's, pieces around parameters: `sql[0] param[0] sql[1] …`.
    Raw(&'static str, Vec<Value>),
    /// In the place of an expression that was too deep (see [`Expr::bounded`]): it is refused when it is rendered.
    TooDeep,
}

/// Expressions within expressions: what is deeper is refused, rather than let the stack overflow.
pub const DEEPEST: usize = 200;

impl Expr {
    /// The same, or [`Expr::TooDeep`] where it is deeper than [`DEEPEST`]. Every typed expression goes through this before it
    /// becomes a part of another, so that none is ever so deep that dropping, cloning or rendering it could overflow the
    /// stack.
    #[must_use]
    pub fn bounded(self) -> Expr {
        let leaf =
            matches!(self, Expr::Column(_) | Expr::Compare(..) | Expr::Value(_) | Expr::Literal(..) | Expr::Number(_));
        if leaf || !self.is_deeper_than(DEEPEST) { self } else { Expr::TooDeep }
    }

    /// Without recursion: it is what recursion is kept from.
    fn is_deeper_than(&self, limit: usize) -> bool {
        let mut pending = vec![(self, 1)];
        while let Some((expr, depth)) = pending.pop() {
            if depth > limit {
                return true;
            }
            expr.children(&mut |child| pending.push((child, depth + 1)));
        }
        false
    }

    /// A comparison with a value or an expression.
    #[must_use]
    pub fn compared(self, op: BinaryOp, operand: Expr) -> Expr {
        let operand = match operand {
            Expr::Value(value) if self.needs_number(&value) => Expr::Literal(value, Cast::Decimal),
            // JSON of MySQL's equals no text.
            Expr::Value(value @ Value::Json(_)) => Expr::Literal(value, Cast::Json),
            other => other,
        };
        Expr::Binary(Box::new(self), op, Box::new(operand))
    }

    /// Between two values, both inclusive.
    #[must_use]
    pub fn between(self, low: Value, high: Value) -> Expr {
        if self.needs_number(&low) || self.needs_number(&high) {
            let least = self.clone().compared(BinaryOp::Ge, Expr::Value(low));
            return least.and(self.compared(BinaryOp::Le, Expr::Value(high)));
        }
        Expr::Between(Box::new(self), low, high)
    }

    /// One of these values, or none of them.
    #[must_use]
    pub fn among(self, values: Vec<Value>, negated: bool) -> Expr {
        if values.iter().any(|value| self.needs_number(value) || matches!(value, Value::Json(_))) {
            let one = |value| self.clone().compared(BinaryOp::Eq, Expr::Value(value));
            let any = Expr::Or(values.into_iter().map(one).collect());
            return if negated { Expr::Not(Box::new(any)) } else { any };
        }
        Expr::In(Box::new(self), values, negated)
    }

    /// SQLite is sent decimals as text, and it takes a text for greater than any number unless a column beside it says that it
    /// is one: beside what is computed, the value must say so.
    fn needs_number(&self, value: &Value) -> bool {
        let says = match self {
            Expr::Column(column) => !column.is_numbered(),
            Expr::Named(_) | Expr::NamedAs(..) => true,
            _ => false,
        };
        matches!(value, Value::Decimal(_)) && !says
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Expr) -> Expr {
        match (self, other) {
            (Expr::And(mut left), Expr::And(right)) => {
                left.extend(right);
                Expr::And(left)
            }
            (Expr::And(mut left), right) => {
                left.push(right);
                Expr::And(left)
            }
            (left, right) => Expr::And(vec![left, right]),
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Expr) -> Expr {
        match self {
            Expr::Or(mut left) => {
                left.push(other);
                Expr::Or(left)
            }
            left => Expr::Or(vec![left, other]),
        }
    }

    /// Adds `other` to an optional condition.
    pub fn and_into(slot: &mut Option<Expr>, other: Expr) {
        *slot = Some(match slot.take() {
            Some(expr) => expr.and(other),
            None => other,
        });
    }

    /// Calls `visit` with every expression directly in this one, and in its subquery.
    pub(crate) fn children<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match self {
            Expr::Exists(related) | Expr::AggregateRelated(related) => {
                related.filter.iter().chain(&related.value).for_each(&mut *visit)
            }
            Expr::Scalar(select) | Expr::ExistsSelect(select) | Expr::InSelect(_, select) => {
                select.exprs_within(&mut *visit);
            }
            _ => {}
        }
        self.parts(visit);
    }

    /// Calls `visit` with every expression directly in this one. What stands in subqueries is not in it.
    pub fn parts<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match self {
            Expr::Column(_)
            | Expr::Compare(..)
            | Expr::Named(_)
            | Expr::NamedAs(..)
            | Expr::Value(_)
            | Expr::Literal(..)
            | Expr::Number(_)
            | Expr::Proposed(_)
            | Expr::Exists(_)
            | Expr::AggregateRelated(_)
            | Expr::Scalar(_)
            | Expr::ExistsSelect(_)
            | Expr::Reached(..)
            | Expr::TooDeep
            | Expr::Raw(..) => {}
            Expr::Binary(left, _, right) | Expr::Filtered(left, right) => {
                visit(left);
                visit(right);
            }
            Expr::And(parts)
            | Expr::Or(parts)
            | Expr::Row(parts)
            | Expr::Call(_, parts)
            | Expr::Template(_, parts)
            | Expr::Fragment(_, parts) => parts.iter().for_each(visit),
            Expr::Collected(collected) => {
                visit(&collected.expr);
                collected.order.iter().map(|key| &key.expr).chain(&collected.filter).for_each(visit);
            }
            Expr::Not(inner)
            | Expr::Json(inner, ..)
            | Expr::JsonChanged(inner, ..)
            | Expr::IsNull(inner, _)
            | Expr::In(inner, ..)
            | Expr::InSelect(inner, _)
            | Expr::Between(inner, ..)
            | Expr::Like(inner, ..) => visit(inner),
            Expr::Aggregate(_, inner, _) | Expr::Window(_, inner) => inner.iter().for_each(|inner| visit(inner)),
            Expr::Case(cases, otherwise) => {
                for (condition, value) in cases {
                    visit(condition);
                    visit(value);
                }
                otherwise.iter().for_each(|otherwise| visit(otherwise));
            }
            Expr::Over(function, window) => {
                visit(function);
                window.partition.iter().chain(window.order.iter().map(|key| &key.expr)).for_each(visit);
            }
        }
    }

    /// Calls `visit` with every path that must be joined for this expression.
    pub fn paths(&self, visit: &mut dyn FnMut(Path)) {
        match self {
            Expr::Column(column) | Expr::Compare(column, ..) | Expr::Reached(column, _) => visit(column.path),
            Expr::Exists(related) | Expr::AggregateRelated(related) => visit(related.path),
            _ => self.parts(&mut |part| part.paths(visit)),
        }
    }

    /// It has a subquery that refers to the tables around it.
    pub fn has_subquery(&self) -> bool {
        let mut found = match self {
            Expr::Exists(_) | Expr::AggregateRelated(_) => true,
            Expr::Scalar(select) | Expr::ExistsSelect(select) | Expr::InSelect(_, select) => select.reads_outer(),
            _ => false,
        };
        self.parts(&mut |part| found |= part.has_subquery());
        found
    }

    /// It reads a column of a query around the one it stands in.
    pub fn reads_outer(&self) -> bool {
        let mut found = match self {
            Expr::Column(column) => column.path.of_outer().is_some(),
            Expr::Exists(related) | Expr::AggregateRelated(related) => {
                related.filter.iter().chain(&related.value).any(Expr::reads_outer)
            }
            Expr::Scalar(select) | Expr::ExistsSelect(select) | Expr::InSelect(_, select) => select.reads_outer(),
            _ => false,
        };
        self.parts(&mut |part| found |= part.reads_outer());
        found
    }
}

/// Where NULLs go in an order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nulls {
    /// Where the database puts them: first on SQLite and MariaDB, last on PostgreSQL (ascending).
    #[default]
    Native,
    /// Before all else.
    First,
    /// After all else.
    Last,
}

/// One key of an order.
#[derive(Debug, Clone)]
pub struct OrderKey {
    /// By what.
    pub expr: Expr,
    /// Greatest first.
    pub descending: bool,
    /// Where NULLs go.
    pub nulls: Nulls,
}
