//! Rules as constant data: what the application checks before it writes.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use relata_schema::declare::{Comparison, Condition, EntityRule, EntityRuleKind, Operand, Rule};
use syn::spanned::Spanned;

use crate::entity::{Column, Context};
use crate::relation;

/// A rule of one field; SQL is the database's business.
pub(crate) fn of_field(column: &Column<'_>, rule: &Rule) -> Option<TokenStream> {
    let number = |number: &Option<u64>| option(number.map(|number| quote!(#number)));
    let text = |text: &Option<String>| option(text.as_ref().map(|text| quote!(#text)));
    Some(match rule {
        Rule::Length { min, max } => {
            let (min, max) = (number(min), number(max));
            quote!(__relata::RuleMeta::Length(#min, #max))
        }
        Rule::Range { min, max } => {
            let (min, max) = (text(min), text(max));
            quote!(__relata::RuleMeta::Range(#min, #max))
        }
        Rule::Pattern(pattern) => quote!(__relata::RuleMeta::Pattern(#pattern)),
        Rule::OneOf(texts) => quote!(__relata::RuleMeta::OneOf(&[#(#texts),*])),
        Rule::Email => quote!(__relata::RuleMeta::Email),
        Rule::Url => quote!(__relata::RuleMeta::Url),
        Rule::Custom(path) => {
            let (path, ty) = (named(path, column.attrs)?, column.ty);
            quote_spanned! { path.span() =>
                __relata::RuleMeta::Custom(|value| {
                    __relata::custom::<#ty>(value, |value| ::core::result::Result::map_err(
                        #path(value),
                        |problem| ::std::string::ToString::to_string(&problem),
                    ))
                })
            }
        }
        Rule::JsonSchema(schema) => quote!(__relata::json_schema!(#schema)),
        Rule::Sql(_) => return None,
    })
}

/// The function of `custom(…)` where an attribute names it, so that rustc points there when it does not fit.
fn named(path: &str, attributes: &[syn::Attribute]) -> Option<syn::Path> {
    let mut path = syn::parse_str::<syn::Path>(path).ok()?;
    let last = path.segments.last()?.ident.to_string();
    if let Some(found) = relation::said_on(attributes, &last) {
        path.segments.iter_mut().for_each(|segment| segment.ident.set_span(found));
    }
    Some(path)
}

/// The rules over several fields.
pub(crate) fn of_entity(context: &Context<'_>) -> Vec<TokenStream> {
    context.entity.all_rules().filter_map(|rule| one(context, &rule)).collect()
}

fn one(context: &Context<'_>, rule: &EntityRule) -> Option<TokenStream> {
    let kind = match &rule.kind {
        EntityRuleKind::Condition(condition) => {
            let condition = self::condition(context, condition);
            quote!(__relata::EntityRuleKind::Condition(#condition))
        }
        EntityRuleKind::Custom(path) => {
            let (path, name) = (named(path, &context.input.attrs)?, context.name);
            quote_spanned! { path.span() =>
                __relata::EntityRuleKind::Custom(|row| ::core::result::Result::map_err(
                    #path(&__relata::Given::<#name>::new(row)),
                    |problem| ::std::string::ToString::to_string(&problem),
                ))
            }
        }
    };
    let said = match (&rule.message, &rule.kind) {
        (Some(message), _) => message.clone(),
        (None, EntityRuleKind::Condition(condition)) => format!("{} must hold", condition.rust()),
        (None, EntityRuleKind::Custom(_)) => String::new(),
    };
    let field = rule.field.as_ref().and_then(|field| context.position(field));
    let field = option(field.map(Literal::usize_unsuffixed).map(|at| quote!(#at)));
    let name = rule.name.clone().unwrap_or_default();
    Some(quote!(__relata::EntityRuleMeta { kind: #kind, field: #field, message: #said, name: #name }))
}

fn condition(context: &Context<'_>, of: &Condition) -> TokenStream {
    let list = |parts: &[Condition]| {
        let parts = parts.iter().map(|part| condition(context, part));
        quote!(&[#(#parts),*])
    };
    match of {
        Condition::Compare(left, comparison, right) => {
            let (left, right) = (operand(context, left), operand(context, right));
            let comparison = match comparison {
                Comparison::Equal => quote!(Equal),
                Comparison::NotEqual => quote!(NotEqual),
                Comparison::Less => quote!(Less),
                Comparison::AtMost => quote!(AtMost),
                Comparison::Greater => quote!(Greater),
                Comparison::AtLeast => quote!(AtLeast),
            };
            quote!(__relata::ConditionMeta::Compare(#left, __relata::Comparison::#comparison, #right))
        }
        Condition::IsNull(field, null) => {
            let at = position(context, field);
            quote!(__relata::ConditionMeta::IsNull(#at, #null))
        }
        Condition::All(parts) => {
            let parts = list(parts);
            quote!(__relata::ConditionMeta::All(#parts))
        }
        Condition::Any(parts) => {
            let parts = list(parts);
            quote!(__relata::ConditionMeta::Any(#parts))
        }
        Condition::Not(part) => {
            let part = condition(context, part);
            quote!(__relata::ConditionMeta::Not(&#part))
        }
    }
}

fn operand(context: &Context<'_>, operand: &Operand) -> TokenStream {
    match operand {
        Operand::Field(field) => {
            let at = position(context, field);
            quote!(__relata::OperandMeta::Column(#at))
        }
        Operand::Length(field) => {
            let at = position(context, field);
            quote!(__relata::OperandMeta::Length(#at))
        }
        Operand::Number(number) => quote!(__relata::OperandMeta::Number(#number)),
        Operand::Text(text) => quote!(__relata::OperandMeta::Text(#text)),
        Operand::Bool(value) => quote!(__relata::OperandMeta::Bool(#value)),
    }
}

/// The reader has seen to it that the field exists.
fn position(context: &Context<'_>, field: &str) -> Literal {
    Literal::usize_unsuffixed(context.position(field).unwrap_or_default())
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
