//! A search as JSON.

use relata_sql::expr::Expr;
use serde_json::Value as Json;

use super::{Input, Operand, shown};

pub(super) fn read(input: &mut Input<'_>, search: &Json) {
    let Json::Object(parts) = search else {
        return input.problem("search", "type", "must be an object with filter, sort and page");
    };
    for (name, part) in parts {
        match (name.as_str(), part) {
            ("filter", part) => {
                let found = filter(input, part, 1);
                input.and(found);
            }
            ("sort", Json::String(keys)) => keys.split(',').for_each(|key| input.order_by(key)),
            ("sort", Json::Array(keys)) => keys.iter().for_each(|key| match key {
                Json::String(key) => input.order_by(key),
                _ => input.problem("sort", "type", "must be a list of names"),
            }),
            ("page", Json::Object(page)) => page.iter().for_each(|(part, value)| match value {
                Json::String(text) => input.page(part, text),
                value => input.page(part, &value.to_string()),
            }),
            ("sort" | "page", _) => input.problem(name, "type", "must be a list of names, or an object"),
            (name, _) => input.problem(shown(name), "unknown", "is not there (allowed: filter, sort, page)"),
        }
    }
}

/// An object of fields and of `and`, `or`, `not`: all of it must hold.
pub(super) fn filter(input: &mut Input<'_>, filter: &Json, depth: usize) -> Option<Expr> {
    if depth > input.limits.depth {
        let message = format!("is nested more than {} deep", input.limits.depth);
        input.problem("filter", "length", message);
        return None;
    }
    let Json::Object(parts) = filter else {
        input.problem("filter", "type", "must be an object");
        return None;
    };
    let mut all = Vec::new();
    for (name, part) in parts {
        match (name.as_str(), part) {
            ("and", Json::Array(parts)) => all.push(Expr::And(list(input, parts, depth))),
            ("or", Json::Array(parts)) => all.push(Expr::Or(list(input, parts, depth))),
            ("not", part) => all.extend(self::filter(input, part, depth + 1).map(|expr| Expr::Not(Box::new(expr)))),
            ("and" | "or", _) => input.problem(name, "type", "must be a list of objects"),
            (name, part) => field(input, name, part, &mut all),
        }
    }
    Some(Expr::And(all))
}

fn list(input: &mut Input<'_>, parts: &[Json], depth: usize) -> Vec<Expr> {
    if parts.len() > input.limits.conditions {
        let message = format!("has more than {} conditions", input.limits.conditions);
        input.problem("filter", "length", message);
        return Vec::new();
    }
    parts.iter().filter_map(|part| filter(input, part, depth + 1)).collect()
}

fn field(input: &mut Input<'_>, name: &str, part: &Json, all: &mut Vec<Expr>) {
    let Some(field) = input.field(name, |field| field.filter, "filtered") else { return };
    match part {
        Json::Object(operators) if operators.is_empty() => {
            input.problem(name, "required", "has no operator (such as eq)");
        }
        Json::Object(operators) => {
            for (operator, operand) in operators {
                all.extend(input.condition(field, operator, &Operand::Json(operand)));
            }
        }
        value => all.extend(input.condition(field, "eq", &Operand::Json(value))),
    }
}
