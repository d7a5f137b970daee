//! `#[check(starts_at < ends_at)]` on a struct: a condition over its fields, in the words of Rust.
//!
//! The grammar is what application and databases understand alike: comparisons, `&&`, `||`, `!`, `is_some()`, `is_none()` and
//! `len()` of fields. What else Rust has is refused with what can be written instead.

use quote::ToTokens;
use relata_schema::declare::{Comparison, Condition, EntityRule, EntityRuleKind, Operand};
use relata_schema::rule::condition::comparable;
use relata_schema::types::Type;
use syn::{BinOp, Expr, Lit, UnOp};

use super::attribute::{Attribute, Piece, text_value};
use super::entity::Scope;

const OPTIONS: &[&str] = &["field", "message", "name"];
const FORM: &str = "compare fields with `<`, `<=`, `==`, `!=`, `>=`, `>`, joined by `&&`, `||` and `!`; \
                    `field.is_some()`, `field.is_none()`, `field.len()`; or `custom(path::to::function)`";

/// Reads a check on a struct that is no SQL.
pub(super) fn read(attribute: &Attribute, pieces: &[Piece], scope: &mut Scope<'_>) {
    let Some((first, options)) = pieces.split_first() else {
        scope.findings.error("entity-check-form", attribute, "`check` has no rule").help(FORM);
        return;
    };
    let custom = first
        .call()
        .filter(|(word, ..)| word == "custom")
        .map(|(.., path)| Piece { tokens: path.into_iter().collect() });
    let kind = match custom {
        Some(piece) => match piece.path() {
            Some(path) => EntityRuleKind::Custom(path),
            None => {
                scope.findings.error("entity-rule-form", &piece, format!("`{}` is no function", piece.text())).help(
                    "write `custom(check_dates)` with `fn check_dates(row: &Given<Booking>) -> Result<(), String>`",
                );
                return;
            }
        },
        None => {
            let Ok(expression) = syn::parse2::<Expr>(first.stream()) else {
                scope
                    .findings
                    .error("entity-check-form", first, format!("`{}` is no condition", first.text()))
                    .help(FORM);
                return;
            };
            match condition(&expression, scope) {
                Some(condition) => EntityRuleKind::Condition(condition),
                None => return,
            }
        }
    };
    let mut rule = EntityRule { kind, field: None, message: None, name: None, span: scope.findings.span(attribute) };
    for piece in options {
        match piece.assignment() {
            Some((name, _, value)) if name == "name" => rule.name = text_value("name", &value, scope.findings),
            Some((name, _, value)) if name == "message" => rule.message = text_value("message", &value, scope.findings),
            Some((name, _, value)) if name == "field" => rule.field = scope.field(&value),
            other => {
                let word = other.map_or_else(|| piece.text(), |(name, ..)| name);
                scope.findings.unknown("entity-unknown-option", piece, "option of `check`", &word, OPTIONS);
            }
        }
    }
    scope.entity.rules.push(rule);
}

fn refuse<T>(place: &impl ToTokens, message: &str, scope: &mut Scope<'_>) -> Option<T> {
    scope.findings.error("entity-check-form", place, message).help(FORM);
    None
}

fn condition(expression: &Expr, scope: &mut Scope<'_>) -> Option<Condition> {
    match expression {
        Expr::Paren(inner) => condition(&inner.expr, scope),
        Expr::Group(inner) => condition(&inner.expr, scope),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
            condition(&unary.expr, scope).map(|inner| Condition::Not(Box::new(inner)))
        }
        Expr::Binary(binary) => match binary.op {
            BinOp::And(_) => both(&binary.left, &binary.right, scope).map(|parts| Condition::All(joined(parts, true))),
            BinOp::Or(_) => both(&binary.left, &binary.right, scope).map(|parts| Condition::Any(joined(parts, false))),
            _ => compared(binary, scope),
        },
        Expr::MethodCall(call) if call.method == "is_some" || call.method == "is_none" => {
            let name = field(&call.receiver, scope)?;
            Some(Condition::IsNull(name, call.method == "is_none"))
        }
        Expr::Path(_) => {
            let name = field(expression, scope)?;
            if scope.entity.field(&name).and_then(|field| field.ty.as_ref()) != Some(&Type::Bool) {
                return refuse(expression, "a field alone is a condition only if it is a bool", scope);
            }
            Some(Condition::Compare(Operand::Field(name), Comparison::Equal, Operand::Bool(true)))
        }
        _ => refuse(expression, "this is no condition that a database understands", scope),
    }
}

fn both(left: &Expr, right: &Expr, scope: &mut Scope<'_>) -> Option<[Condition; 2]> {
    let (left, right) = (condition(left, scope), condition(right, scope));
    Some([left?, right?])
}

/// `a && b && c` is one list.
fn joined(parts: [Condition; 2], all: bool) -> Vec<Condition> {
    let flat = parts.into_iter().flat_map(|part| match part {
        Condition::All(inner) if all => inner,
        Condition::Any(inner) if !all => inner,
        other => vec![other],
    });
    flat.collect()
}

fn compared(binary: &syn::ExprBinary, scope: &mut Scope<'_>) -> Option<Condition> {
    let comparison = match binary.op {
        BinOp::Eq(_) => Comparison::Equal,
        BinOp::Ne(_) => Comparison::NotEqual,
        BinOp::Lt(_) => Comparison::Less,
        BinOp::Le(_) => Comparison::AtMost,
        BinOp::Gt(_) => Comparison::Greater,
        BinOp::Ge(_) => Comparison::AtLeast,
        _ => return refuse(binary, "arithmetic is not understood here", scope),
    };
    let (left, right) = (operand(&binary.left, scope), operand(&binary.right, scope));
    let (left, right) = (left?, right?);
    if !matches!(left, Operand::Field(_) | Operand::Length(_))
        && !matches!(right, Operand::Field(_) | Operand::Length(_))
    {
        return refuse(binary, "no field is compared", scope);
    }
    let (left_type, right_type) = (ty(&left, scope), ty(&right, scope));
    // A text beside a date is a date.
    let literal = |operand: &Operand| matches!(operand, Operand::Text(_));
    let left_type = if literal(&left) { right_type.clone() } else { left_type };
    let right_type = if literal(&right) { left_type.clone() } else { right_type };
    if let Err(problem) = comparable(left_type.as_ref(), comparison, right_type.as_ref()) {
        return refuse(binary, &problem, scope);
    }
    Some(Condition::Compare(left, comparison, right))
}

fn ty(operand: &Operand, scope: &Scope<'_>) -> Option<Type> {
    match operand {
        Operand::Field(name) => scope.entity.field(name).and_then(|field| field.ty.clone()),
        Operand::Length(_) | Operand::Number(_) => Some(Type::Int(8)),
        Operand::Text(_) => Some(Type::Text),
        Operand::Bool(_) => Some(Type::Bool),
    }
}

fn operand(expression: &Expr, scope: &mut Scope<'_>) -> Option<Operand> {
    match expression {
        Expr::Paren(inner) => operand(&inner.expr, scope),
        Expr::Path(_) => field(expression, scope).map(Operand::Field),
        Expr::MethodCall(call) if call.method == "len" => {
            let name = field(&call.receiver, scope)?;
            match scope.entity.field(&name).and_then(|field| field.ty.as_ref()) {
                Some(Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Bytes(_)) => Some(Operand::Length(name)),
                _ => refuse(call, "only text and bytes have a length here", scope),
            }
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match operand(&unary.expr, scope)? {
            Operand::Number(number) => Some(Operand::Number(format!("-{number}"))),
            _ => refuse(unary, "arithmetic is not understood here", scope),
        },
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => Some(Operand::Number(number.base10_digits().to_string())),
            Lit::Float(number) => Some(Operand::Number(number.base10_digits().to_string())),
            Lit::Str(text) => Some(Operand::Text(text.value())),
            Lit::Bool(value) => Some(Operand::Bool(value.value)),
            _ => refuse(literal, "this value is not understood here", scope),
        },
        _ => refuse(expression, "this is neither a field nor a value", scope),
    }
}

fn field(expression: &Expr, scope: &mut Scope<'_>) -> Option<String> {
    let expression = match expression {
        Expr::Paren(inner) => &inner.expr,
        other => other,
    };
    scope.field(&Piece { tokens: expression.to_token_stream().into_iter().collect() })
}
