//! Rules and raw checks become CHECK constraints.

use crate::declare::{Entity, Field, Rule};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::dialect::Dialect;
use crate::model::{Check, ObjectKey, ObjectKind, Table};
use crate::naming;
use crate::types::Type;

use super::Lowering;
use super::{column, names};

/// Lowers every rule of every field, then the checks of the entity.
pub(super) fn lower(lowering: &mut Lowering<'_>, entity: &Entity, table: &mut Table) {
    for field in &entity.fields {
        if table.column(field.column_name()).is_none() {
            continue;
        }
        if let Some(declared) = column::enum_values(lowering, field) {
            let values: Vec<String> = declared.values.iter().map(|(_, value)| value.clone()).collect();
            add_rule(lowering, field, &Rule::OneOf(values), table);
        }
        for rule in &field.rules {
            add_rule(lowering, field, rule, table);
        }
    }
    for check in &entity.checks {
        let name = check.name.clone().unwrap_or_else(|| free_name(lowering.dialect, table, &[]));
        add(lowering, table, name, check.expression.clone(), &check.span);
    }
}

fn add_rule(lowering: &mut Lowering<'_>, field: &Field, rule: &Rule, table: &mut Table) {
    let column = field.column_name().to_string();
    match expression(lowering.dialect, &lowering.dialect.ident(&column), field, rule) {
        Some(expression) => {
            let name = free_name(lowering.dialect, table, &[column]);
            add(lowering, table, name, expression, &field.span);
        }
        None => {
            let title = lowering.dialect.title();
            let message = format!("{title} cannot check the pattern of `{}`; the application does", field.name);
            let help = "nothing to do, unless other programs write to this table";
            let note = Diagnostic::new("schema-rule-in-application", Severity::Note, message).help(help);
            lowering.report(note, &field.span, ObjectKey::member(ObjectKind::Column, &table.name, &column));
        }
    }
}

/// A conventional name that no check of this table has.
fn free_name(dialect: Dialect, table: &Table, columns: &[String]) -> String {
    let base = names::convention(&table.name, columns, "check");
    let numbered = (1..).map(|number| format!("{base}{number}"));
    std::iter::once(base.clone())
        .chain(numbered)
        .map(|name| naming::fit(dialect, &name))
        .find(|name| table.checks.iter().all(|check| &check.name != name))
        .unwrap_or(base)
}

fn add(lowering: &mut Lowering<'_>, table: &mut Table, name: String, expression: String, span: &Span) {
    let object = ObjectKey::member(ObjectKind::Check, &table.name, &name);
    if let Some(problem) = lowering.names.check_length(&name) {
        lowering.report(problem, span, object.clone());
    }
    if !name.is_empty() && table.checks.iter().any(|check| check.name == name) {
        let message = format!("the table {} has two checks named {name}", table.name);
        let problem = Diagnostic::error("schema-duplicate-name", message).help("give one of them another name");
        lowering.report(problem, span, object);
        return;
    }
    table.checks.push(Check { name, expression, ..Check::default() });
}

/// The rule as SQL; `None`: the dialect cannot say it.
fn expression(dialect: Dialect, column: &str, field: &Field, rule: &Rule) -> Option<String> {
    Some(match rule {
        Rule::Length { min, max } => {
            let measure = format!("{}({column})", length_function(dialect, field.ty.as_ref()));
            if min.is_some() && min == max {
                return min.map(|exact| format!("{measure} = {exact}"));
            }
            let min = min.filter(|min| *min > 0).map(|min| min.to_string());
            bounds(&measure, min, max.map(|max| max.to_string()))
        }
        Rule::Range { min, max } => {
            let literal = |value: &String| literal(dialect, field.ty.as_ref(), value);
            bounds(column, min.as_ref().map(literal), max.as_ref().map(literal))
        }
        Rule::OneOf(values) => {
            let values: Vec<String> = values.iter().map(|value| literal(dialect, field.ty.as_ref(), value)).collect();
            format!("{column} IN ({})", values.join(", "))
        }
        Rule::Pattern(pattern) => match dialect {
            Dialect::Postgres => format!("{column} ~ {}", dialect.literal(pattern)),
            Dialect::Mysql => format!("{column} REGEXP {}", dialect.literal(pattern)),
            Dialect::Sqlite => return None,
        },
        Rule::Email => format!("{column} LIKE '%_@_%'"),
        Rule::Url => format!("{column} LIKE '%_://_%'"),
        Rule::Sql(sql) => sql.clone(),
    })
}

fn bounds(measure: &str, min: Option<String>, max: Option<String>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{measure} >= {min} AND {measure} <= {max}"),
        (Some(min), None) => format!("{measure} >= {min}"),
        (None, Some(max)) => format!("{measure} <= {max}"),
        (None, None) => format!("{measure} >= 0"),
    }
}

fn length_function(dialect: Dialect, ty: Option<&Type>) -> &'static str {
    match (dialect, ty) {
        (Dialect::Postgres | Dialect::Mysql, Some(Type::Bytes(_))) => "octet_length",
        (Dialect::Postgres, Some(Type::Array(_))) => "cardinality",
        (Dialect::Sqlite, _) => "length",
        (Dialect::Postgres | Dialect::Mysql, _) => "char_length",
    }
}

/// Numbers as they are where the column is a number, everything else in quotation marks.
fn literal(dialect: Dialect, ty: Option<&Type>, value: &str) -> String {
    let number = matches!(
        ty,
        Some(Type::Int(_) | Type::UInt(_) | Type::Float32 | Type::Float64 | Type::Decimal(_) | Type::Year)
    );
    if number && value.parse::<f64>().is_ok() { value.to_string() } else { dialect.literal(value) }
}
