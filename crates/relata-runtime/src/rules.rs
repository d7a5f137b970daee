//! Declared rules (`#[check(len(1..=80))]`), checked before a value is sent: all of them, so that a person hears of every
//! mistake at once.
//!
//! The database checks what it can express once more, with the same verdict; this gives the better message, and on every
//! database the same. NULL breaks no rule; what an update does not set is not known and breaks none either.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::civil::DateTime;
use regex_lite::Regex;
use relata_schema::{Dialect, naming};
use relata_sql::error::Problem;
use relata_sql::meta::{
    ColumnMeta, Comparison, ConditionMeta, EntityRuleKind, EntityRuleMeta, OperandMeta, RowValues, RuleMeta, TableMeta,
};
use relata_sql::{Cell, Decode, Error, Result, Value};
use rust_decimal::Decimal;

/// What is wrong with the values of one row.
pub(crate) struct Found {
    table: &'static TableMeta,
    problems: Vec<Problem>,
}

impl Found {
    /// Nothing yet.
    pub(crate) fn new(table: &'static TableMeta) -> Self {
        Found { table, problems: Vec::new() }
    }

    /// Checks a new value of a column.
    #[inline]
    pub(crate) fn value(&mut self, column: &'static ColumnMeta, value: &Value) {
        if !column.rules.is_empty() {
            self.rules(column, value);
        }
    }

    fn rules(&mut self, column: &'static ColumnMeta, value: &Value) {
        for rule in column.rules {
            if let Some(wanted) = broken(rule, value) {
                self.problems.push(Problem::of(column.field, word(rule), wanted).with(parameters(rule, value)));
            }
        }
    }

    /// Checks what several columns must keep together.
    #[inline]
    pub(crate) fn row(&mut self, row: &RowValues<'_>) {
        if !self.table.rules.is_empty() {
            self.conditions(row);
        }
    }

    fn conditions(&mut self, row: &RowValues<'_>) {
        for rule in self.table.rules {
            let said = || rule.message.to_string();
            let (word, broken) = match rule.kind {
                EntityRuleKind::Condition(condition) => {
                    ("condition", (holds(&condition, row) == Some(false)).then(said))
                }
                EntityRuleKind::Custom(check) => {
                    let answer = check(row).err();
                    ("custom", answer.map(|answer| if rule.message.is_empty() { answer } else { said() }))
                }
            };
            let Some(message) = broken else { continue };
            self.problems.push(match rule.field {
                Some(position) => Problem::of(self.table.columns[position].field, word, message),
                None => Problem::of_row(word, message),
            });
        }
    }

    /// Adds a problem that was found otherwise.
    pub(crate) fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// An error, if anything is wrong.
    pub(crate) fn into_result(self) -> Result<()> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }

    #[cold]
    fn into_error(self) -> Error {
        let column = match self.problems.as_slice() {
            [Problem { field: Some(field), .. }] => self.table.field_named(field).map(|(_, meta)| meta.column),
            _ => None,
        };
        let error = Error::invalid(self.table.entity, self.problems).table(self.table.table);
        match column {
            Some(column) => error.column(column),
            None => error,
        }
    }
}

/// Whether a condition holds; `None`: it compares a NULL, or what is not known.
fn holds(condition: &ConditionMeta, row: &RowValues<'_>) -> Option<bool> {
    match condition {
        ConditionMeta::Compare(left, comparison, right) => compare(left, *comparison, right, row),
        ConditionMeta::IsNull(column, null) => row.value(*column).map(|value| (*value == Value::Null) == *null),
        ConditionMeta::Not(inner) => holds(inner, row).map(|held| !held),
        ConditionMeta::All(parts) => several(parts, row, false),
        ConditionMeta::Any(parts) => several(parts, row, true),
    }
}

/// One part alone can settle it; else all must be known.
fn several(parts: &[ConditionMeta], row: &RowValues<'_>, settles: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match holds(part, row) {
            Some(held) if held == settles => return Some(settles),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!settles)
}

fn compare(left: &OperandMeta, comparison: Comparison, right: &OperandMeta, row: &RowValues<'_>) -> Option<bool> {
    let ordering = match (operand(left, row)?, operand(right, row)?) {
        (Side::Value(left), Side::Value(right)) => ordered(&left, &right)?,
        (Side::Value(value), Side::Written(bound)) => compared(&value, bound)?,
        (Side::Written(bound), Side::Value(value)) => compared(&value, bound)?.reverse(),
        (Side::Written(_), Side::Written(_)) => return None,
    };
    Some(match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::AtMost => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::AtLeast => ordering.is_ge(),
    })
}

enum Side<'v> {
    Value(Cow<'v, Value>),
    Written(&'static str),
}

/// What stands on one side; `None`: NULL or not known.
fn operand<'v>(operand: &OperandMeta, row: &RowValues<'v>) -> Option<Side<'v>> {
    let known = |column: usize| row.value(column).filter(|value| **value != Value::Null);
    Some(match operand {
        OperandMeta::Column(column) => Side::Value(Cow::Borrowed(known(*column)?)),
        OperandMeta::Length(column) => Side::Value(Cow::Owned(Value::Int(size(known(*column)?)? as i64))),
        OperandMeta::Number(text) | OperandMeta::Text(text) => Side::Written(text),
        OperandMeta::Bool(value) => Side::Value(Cow::Owned(Value::Bool(*value))),
    })
}

/// The order of two values of one kind, as every database has it.
fn ordered(left: &Value, right: &Value) -> Option<Ordering> {
    let decimal = |value: &Value| match value {
        Value::Int(number) => Some(Decimal::from(*number)),
        Value::UInt(number) => Some(Decimal::from(*number)),
        Value::Decimal(number) => Some(*number),
        _ => None,
    };
    let float = |value: &Value| match value {
        Value::Float(number) => Some(*number),
        Value::Int(number) => Some(*number as f64),
        _ => None,
    };
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => left.partial_cmp(right),
        (Value::Uuid(left), Value::Uuid(right)) => left.partial_cmp(right),
        (Value::Date(left), Value::Date(right)) => left.partial_cmp(right),
        (Value::Time(left), Value::Time(right)) => left.partial_cmp(right),
        (Value::DateTime(left), Value::DateTime(right)) => left.partial_cmp(right),
        (Value::Timestamp(left), Value::Timestamp(right)) => left.partial_cmp(right),
        (Value::Float(_), _) | (_, Value::Float(_)) => float(left)?.partial_cmp(&float(right)?),
        _ => decimal(left)?.partial_cmp(&decimal(right)?),
    }
}

/// The word for a rule in problems.
fn word(rule: &RuleMeta) -> &'static str {
    match rule {
        RuleMeta::Length(..) => "length",
        RuleMeta::Range(..) => "range",
        RuleMeta::Pattern(_) => "pattern",
        RuleMeta::OneOf(_) => "one_of",
        RuleMeta::Email => "email",
        RuleMeta::Url => "url",
        RuleMeta::Custom(_) => "custom",
        RuleMeta::JsonSchema(_) => "json_schema",
    }
}

/// What a translation of the message needs.
fn parameters(rule: &RuleMeta, value: &Value) -> Vec<(&'static str, String)> {
    let text = |bound: &Option<u64>| bound.map(|bound| bound.to_string());
    let given = |bound: &Option<&str>| bound.map(str::to_string);
    let all = match rule {
        RuleMeta::Length(min, max) => {
            vec![("min", text(min)), ("max", text(max)), ("actual", text(&size(value)))]
        }
        RuleMeta::Range(min, max) => vec![("min", given(min)), ("max", given(max))],
        RuleMeta::Pattern(pattern) => vec![("pattern", Some(pattern.to_string()))],
        RuleMeta::OneOf(texts) => vec![("values", Some(texts.join(", ")))],
        RuleMeta::Email | RuleMeta::Url | RuleMeta::Custom(_) | RuleMeta::JsonSchema(_) => Vec::new(),
    };
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What the CHECK constraint of this name says: names are those that lowering gives.
pub(crate) fn of_constraint(table: &'static TableMeta, name: &str) -> Vec<Problem> {
    let conventional = |columns: &[&str]| {
        [Dialect::Postgres, Dialect::Mysql].into_iter().find_map(|dialect| {
            let base = naming::constraint(dialect, table.table, columns, "check");
            name.strip_prefix(base.as_str()).filter(|number| number.chars().all(|c| c.is_ascii_digit()))
        })
    };
    let of_row = |rule: &EntityRuleMeta| match rule.field {
        Some(position) => Problem::of(table.columns[position].field, "check", rule.message),
        None => Problem::of_row("check", rule.message),
    };
    let conditions = || table.rules.iter().filter(|rule| matches!(rule.kind, EntityRuleKind::Condition(_)));
    if let Some(rule) = conditions().find(|rule| rule.name == name) {
        return vec![of_row(rule)];
    }
    if let Some(number) = conventional(&[]) {
        let place = number.parse().unwrap_or(0);
        return conditions().filter(|rule| rule.name.is_empty()).nth(place).map(of_row).into_iter().collect();
    }
    let column = table.columns.iter().find(|column| conventional(&[column.column]).is_some());
    let Some(column) = column else { return Vec::new() };
    let wanted: Vec<String> = column.rules.iter().filter_map(wanted).collect();
    let message = if wanted.is_empty() { "is not allowed".to_string() } else { wanted.join(" and ") };
    vec![Problem::of(column.field, "check", message)]
}

/// What a rule wants, whatever the value.
pub(crate) fn wanted(rule: &RuleMeta) -> Option<String> {
    Some(match rule {
        RuleMeta::Length(min, max) => format!("must have {} characters", span(*min, *max)?),
        RuleMeta::Range(min, max) => bounds(*min, *max),
        RuleMeta::Pattern(pattern) => format!("must match the pattern {pattern}"),
        RuleMeta::OneOf(texts) => format!("must be one of {}", texts.join(", ")),
        RuleMeta::Email => "must be an address like name@example.com".to_string(),
        RuleMeta::Url => "must be a URL like https://example.com".to_string(),
        RuleMeta::Custom(_) | RuleMeta::JsonSchema(_) => return None,
    })
}

fn size(value: &Value) -> Option<u64> {
    match value {
        Value::Text(text) => Some(text.chars().count() as u64),
        Value::Bytes(bytes) => Some(bytes.len() as u64),
        Value::Array(elements) => Some(elements.len() as u64),
        _ => None,
    }
}

/// What the value should be, if it breaks the rule. NULL breaks none.
fn broken(rule: &RuleMeta, value: &Value) -> Option<String> {
    if *value == Value::Null {
        return None;
    }
    let unless = |holds: bool| if holds { None } else { wanted(rule) };
    match (rule, value) {
        (RuleMeta::Length(min, max), value) => {
            let unit = match value {
                Value::Bytes(_) => "bytes",
                Value::Array(_) => "elements",
                _ => "characters",
            };
            length(size(value)?, *min, *max, unit)
        }
        (RuleMeta::Range(min, max), value) => {
            let nan = matches!(value, Value::Float(number) if number.is_nan());
            let below = min.is_some_and(|min| compared(value, min) == Some(Ordering::Less));
            let above = max.is_some_and(|max| compared(value, max) == Some(Ordering::Greater));
            unless(!below && !above && !nan)
        }
        (RuleMeta::Pattern(pattern), Value::Text(text)) => match compiled(pattern) {
            Ok(regex) => unless(regex.is_match(text)),
            Err(error) => Some(format!("has a pattern that is no regular expression: {error}")),
        },
        (RuleMeta::OneOf(texts), Value::Text(text)) => unless(texts.contains(&text.as_str())),
        (RuleMeta::OneOf(texts), value) => {
            unless(texts.iter().any(|text| compared(value, text) == Some(Ordering::Equal)))
        }
        (RuleMeta::Email, Value::Text(text)) => unless(address(&EMAIL, relata_schema::rule::email_pattern, text)),
        (RuleMeta::Url, Value::Text(text)) => unless(address(&URL, relata_schema::rule::url_pattern, text)),
        (RuleMeta::Custom(check) | RuleMeta::JsonSchema(check), value) => check(value).err(),
        _ => None,
    }
}

static EMAIL: OnceLock<Option<Regex>> = OnceLock::new();
static URL: OnceLock<Option<Regex>> = OnceLock::new();

/// The pattern is compiled once; that it can be is tested.
fn address(kept: &OnceLock<Option<Regex>>, pattern: fn() -> String, text: &str) -> bool {
    kept.get_or_init(|| Regex::new(&pattern()).ok()).as_ref().is_some_and(|regex| regex.is_match(text))
}

fn span(min: Option<u64>, max: Option<u64>) -> Option<String> {
    Some(match (min, max) {
        (Some(min), Some(max)) if min == max => format!("exactly {min}"),
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => return None,
    })
}

fn length(length: u64, min: Option<u64>, max: Option<u64>, unit: &str) -> Option<String> {
    let fits = min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max);
    let wanted = span(min, max)?;
    (!fits).then(|| format!("must have {wanted} {unit}, not {length}"))
}

fn bounds(min: Option<&str>, max: Option<&str>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("must be from {min} to {max}"),
        (Some(min), None) => format!("must be at least {min}"),
        _ => format!("must be at most {}", max.unwrap_or_default()),
    }
}

/// A value beside one as it is written in a declaration.
fn compared(value: &Value, bound: &str) -> Option<Ordering> {
    match value {
        Value::Int(number) => match bound.parse::<i128>() {
            Ok(bound) => i128::from(*number).partial_cmp(&bound),
            Err(_) => (*number as f64).partial_cmp(&bound.parse().ok()?),
        },
        Value::UInt(number) => i128::from(*number).partial_cmp(&bound.parse().ok()?),
        Value::Float(number) => number.partial_cmp(&bound.parse().ok()?),
        Value::Decimal(number) => number.partial_cmp(&bound.parse().ok()?),
        Value::Date(date) => date.partial_cmp(&bound.parse().ok()?),
        Value::Time(time) => time.partial_cmp(&bound.parse().ok()?),
        Value::DateTime(moment) => moment.partial_cmp(&DateTime::decode(Cell::Text(bound)).ok()?),
        Value::Timestamp(instant) => instant.partial_cmp(&Timestamp::decode(Cell::Text(bound)).ok()?),
        Value::Text(text) => text.as_str().partial_cmp(bound),
        Value::Uuid(uuid) => uuid.partial_cmp(&uuid::Uuid::parse_str(bound).ok()?),
        _ => None,
    }
}

fn compiled(pattern: &'static str) -> std::result::Result<Regex, regex_lite::Error> {
    static COMPILED: OnceLock<Mutex<HashMap<&'static str, Regex>>> = OnceLock::new();
    let mut known = COMPILED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known.get(pattern) {
        return Ok(regex.clone());
    }
    let regex = Regex::new(pattern)?;
    known.insert(pattern, regex.clone());
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_say_what_they_want() {
        let text = |text: &str| Value::Text(text.into());
        for (rule, value, expected) in [
            (RuleMeta::Length(Some(1), Some(3)), text("äöü"), None),
            (RuleMeta::Length(Some(1), Some(3)), text(""), Some("must have 1 to 3 characters, not 0")),
            (RuleMeta::Length(None, Some(1)), Value::Bytes(vec![1, 2]), Some("must have at most 1 bytes, not 2")),
            (RuleMeta::Range(Some("0"), None), Value::Int(-1), Some("must be at least 0")),
            (RuleMeta::Range(Some("0"), Some("1000")), Value::Int(1000), None),
            (RuleMeta::Range(None, Some("0.5")), Value::Float(0.6), Some("must be at most 0.5")),
            (RuleMeta::Pattern("^[a-z]+$"), text("abc"), None),
            (RuleMeta::Pattern("^[a-z]+$"), text("a1"), Some("must match the pattern ^[a-z]+$")),
            (RuleMeta::OneOf(&["a", "b"]), text("c"), Some("must be one of a, b")),
            (RuleMeta::Email, text("ann@example.com"), None),
            (RuleMeta::Email, text("ann@example"), Some("must be an address like name@example.com")),
            (RuleMeta::Url, text("https://example.com/a?b"), None),
            (RuleMeta::Url, text("javascript:alert(1)"), Some("must be a URL like https://example.com")),
            (RuleMeta::Email, Value::Null, None),
        ] {
            assert_eq!(broken(&rule, &value).as_deref(), expected, "{rule:?} {value:?}");
        }
    }
}
