//! Rules and raw checks become CHECK constraints; what a rule is in SQL stands in [`crate::rule`].

use crate::declare::{Entity, EntityRuleKind, Field, Rule};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::dialect::Dialect;
use crate::model::{Check, ObjectKey, ObjectKind, Table};
use crate::{naming, rule};

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
    for rule in entity.all_rules() {
        let EntityRuleKind::Condition(condition) = &rule.kind else { continue };
        let name = rule.name.clone().unwrap_or_else(|| free_name(lowering.dialect, table, &[]));
        add(lowering, table, name, condition.sql(lowering.dialect, entity), &rule.span);
    }
    for check in &entity.checks {
        let name = check.name.clone().unwrap_or_else(|| free_name(lowering.dialect, table, &[]));
        add(lowering, table, name, check.expression.clone(), &check.span);
    }
}

fn add_rule(lowering: &mut Lowering<'_>, field: &Field, rule: &Rule, table: &mut Table) {
    let column = field.column_name().to_string();
    match rule::check(lowering.dialect, &lowering.dialect.ident(&column), field, rule) {
        Some(expression) => {
            let name = free_name(lowering.dialect, table, &[column]);
            add(lowering, table, name, expression, &field.span);
        }
        None if matches!(rule, Rule::Custom(_) | Rule::JsonSchema(_)) => {}
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
