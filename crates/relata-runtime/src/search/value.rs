//! Values of a search: typed by the column that they are compared with.

use relata_sql::expr::{BinaryOp, Expr, Match};
use relata_sql::typed::Field;
use relata_sql::{Cell, Decode, Encode, Value};
use rust_decimal::Decimal;

use super::{Allowed, Limits, Operand, Read};

/// Reads what is compared with a column.
#[derive(Clone, Copy)]
pub(super) struct Reader(fn(Cell<'_>) -> Result<Value, String>);

fn read<T: Field>(cell: Cell<'_>) -> Result<Value, String> {
    T::Base::decode(cell).map(Encode::encode).map_err(|mismatch| mismatch.expected)
}

impl Reader {
    pub(super) fn of<T: Field>() -> Self {
        Reader(read::<T>)
    }
}

/// Only texts can be searched in.
pub(super) fn is_text<T: Field>() -> bool {
    let sample = T::Base::decode(Cell::Text("\u{2603} no type but text reads this"));
    matches!(sample.map(Encode::encode), Ok(Value::Text(_)))
}

const OPERATORS: &str = "eq, ne, lt, lte, gt, gte, in, not_in, between, null";
const TEXT_OPERATORS: &str = ", contains, starts_with, ends_with";

/// The condition that a field keeps an operator.
pub(super) fn condition(
    field: &Allowed,
    operator: &str,
    operand: &Operand<'_>,
    limits: &Limits,
) -> Result<Expr, (&'static str, String)> {
    let column = || Box::new(field.expr.clone());
    let compared = |op| {
        let value = one(field, operand, limits)?;
        Ok(match (field.expr.clone(), value) {
            (Expr::Column(column), value) => Expr::Compare(column, op, value),
            (expr, value) => expr.compared(op, Expr::Value(value)),
        })
    };
    let null = matches!(operand, Operand::Json(serde_json::Value::Null));
    match operator {
        "eq" if null => Ok(Expr::IsNull(column(), true)),
        "ne" if null => Ok(Expr::IsNull(column(), false)),
        "eq" => compared(BinaryOp::Eq),
        "ne" => compared(BinaryOp::Ne),
        "lt" => compared(BinaryOp::Lt),
        "lte" => compared(BinaryOp::Le),
        "gt" => compared(BinaryOp::Gt),
        "gte" => compared(BinaryOp::Ge),
        "in" => Ok(field.expr.clone().among(several(field, operand, limits)?, false)),
        "not_in" => Ok(field.expr.clone().among(several(field, operand, limits)?, true)),
        "between" => {
            let ends: Result<[Value; 2], _> = several(field, operand, limits)?.try_into();
            let [low, high] = ends.map_err(|_| ("length", "between needs two values".to_string()))?;
            Ok(field.expr.clone().between(low, high))
        }
        "null" => {
            let wanted = match operand {
                Operand::Text("true") | Operand::Json(serde_json::Value::Bool(true)) => true,
                Operand::Text("false") | Operand::Json(serde_json::Value::Bool(false)) => false,
                _ => return Err(("type", "null takes true or false".to_string())),
            };
            Ok(Expr::IsNull(column(), wanted))
        }
        "contains" if field.text => searched(field, Match::Contains, operand, limits),
        "starts_with" if field.text => searched(field, Match::Prefix, operand, limits),
        "ends_with" if field.text => searched(field, Match::Suffix, operand, limits),
        other => {
            let texts = if field.text { TEXT_OPERATORS } else { "" };
            let message = format!("has no operator {} (allowed: {OPERATORS}{texts})", super::shown(other));
            Err(("unknown", message))
        }
    }
}

fn searched(
    field: &Allowed,
    kind: Match,
    operand: &Operand<'_>,
    limits: &Limits,
) -> Result<Expr, (&'static str, String)> {
    match one(field, operand, limits)? {
        Value::Text(text) => Ok(Expr::Like(Box::new(field.expr.clone()), kind, text, false)),
        _ => Err(("type", "must be text".to_string())),
    }
}

fn one(field: &Allowed, operand: &Operand<'_>, limits: &Limits) -> Read {
    match operand {
        Operand::Text(text) => of_text(field, text, limits),
        Operand::Json(json) => of_json(field, json, limits),
    }
}

fn several(field: &Allowed, operand: &Operand<'_>, limits: &Limits) -> Result<Vec<Value>, (&'static str, String)> {
    let too_many = || ("length", format!("has a list of more than {} values", limits.list));
    match operand {
        Operand::Text(text) => {
            let parts: Vec<&str> = text.split(',').take(limits.list + 1).collect();
            if parts.len() > limits.list {
                Err(too_many())
            } else {
                parts.iter().map(|part| of_text(field, part, limits)).collect()
            }
        }
        Operand::Json(serde_json::Value::Array(parts)) if parts.len() > limits.list => Err(too_many()),
        Operand::Json(serde_json::Value::Array(parts)) => {
            parts.iter().map(|part| of_json(field, part, limits)).collect()
        }
        Operand::Json(_) => Err(("type", "needs a list of values".to_string())),
    }
}

/// A text stands for whatever the column holds.
fn of_text(field: &Allowed, text: &str, limits: &Limits) -> Read {
    checked(text, limits)?;
    let read = field.read.0;
    let as_text = read(Cell::Text(text));
    if as_text.is_ok() {
        return as_text.map_err(expected);
    }
    let whole = text.parse().ok().map(Cell::Int);
    let unsigned = text.parse().ok().map(Cell::UInt);
    let exact = text.parse::<Decimal>().ok().map(Cell::Decimal);
    let float = text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Cell::Float);
    let boolean = text.parse().ok().map(Cell::Bool);
    let attempts = [whole, unsigned, exact, float, boolean].into_iter().flatten();
    let found = attempts.map(read).find(Result::is_ok);
    found.unwrap_or(as_text).map_err(expected)
}

/// JSON has types of its own: a number is no text, a text no number. What JSON has no type for is a text.
fn of_json(field: &Allowed, json: &serde_json::Value, limits: &Limits) -> Read {
    use serde_json::Value as Json;
    let read = field.read.0;
    match json {
        Json::String(text) => {
            checked(text, limits)?;
            read(Cell::Text(text)).map_err(expected)
        }
        Json::Bool(truth) => read(Cell::Bool(*truth)).map_err(expected),
        Json::Number(number) => {
            let whole = number.as_i64().map(Cell::Int);
            let unsigned = number.as_u64().map(Cell::UInt);
            let exact = number.to_string().parse::<Decimal>().ok().map(Cell::Decimal);
            let float = number.as_f64().filter(|number| number.is_finite()).map(Cell::Float);
            let mut attempts = [whole, unsigned, exact, float].into_iter().flatten().map(read);
            let first = attempts.next().unwrap_or_else(|| Err("a number".to_string()));
            first.or_else(|error| attempts.find(Result::is_ok).unwrap_or(Err(error))).map_err(expected)
        }
        Json::Null => Err(("type", "is compared with null by eq and ne only".to_string())),
        Json::Array(_) | Json::Object(_) => Err(("type", "must be one value".to_string())),
    }
}

fn checked(text: &str, limits: &Limits) -> Result<(), (&'static str, String)> {
    if text.len() > limits.text {
        return Err(("length", format!("must not be longer than {} bytes", limits.text)));
    }
    if text.contains('\0') {
        return Err(("pattern", "must not contain the character 0".to_string()));
    }
    Ok(())
}

fn expected(what: String) -> (&'static str, String) {
    ("type", format!("must be {what}"))
}
