//! Entities as JSON Schema (draft 2020-12): for forms, API descriptions and other programs that check the same rules.
//!
//! Invariants
//! - What a rule says here, the application checks too. What JSON Schema cannot say (functions, conditions over several
//!   fields, SQL) is kept in the description, in the words of the declaration.
//! - Deterministic: properties in the order of the fields.
//!
//! It describes a whole row as the application reads it; `required` are the fields that are never NULL.

use crate::declare::{Declaration, DefaultValue, Entity, EntityRuleKind, EnumDeclaration, Field, Rule, element};
use crate::model::{ObjectName, Schema, Table};
use crate::tree::Tree;
use crate::types::Type;

/// The dialect of JSON Schema that is written.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Every entity of a declaration under `$defs`.
pub fn declared(declaration: &Declaration) -> String {
    let entities = declaration.entities.iter().map(|entity| (entity.name.clone(), entity_schema(entity)));
    let enums = declaration.enums.iter().map(|declared| (declared.name.clone(), enum_schema(declared)));
    document(entities.chain(enums).collect())
}

/// One entity. What it refers to by the name of a Rust type (an enum) stands under `$defs` of the whole.
pub fn entity(entity: &Entity) -> String {
    json_text(&entity_schema(entity))
}

/// Every table of a schema under `$defs`: types and lengths, without rules, which a database keeps as SQL.
pub fn tables(schema: &Schema) -> String {
    let tables = schema.tables.iter().map(|table| (table.name.to_string(), table_schema(schema, table)));
    document(tables.collect())
}

/// A JSON value; the tree of the model has neither fractions nor text that is JSON already.
#[derive(Clone)]
enum Json {
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    Verbatim(String),
}

impl Json {
    fn write(&self, out: &mut String, level: usize) {
        let line = |out: &mut String, level: usize| {
            out.push('\n');
            out.push_str(&"  ".repeat(level));
        };
        match self {
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            // Rust writes `1.` for `1.0`.
            Json::Number(number) => out.push_str(number.trim_end_matches('.')),
            Json::Text(text) => out.push_str(&quoted(text)),
            Json::Verbatim(json) => out.push_str(json),
            Json::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    value.write(out, level);
                }
                out.push(']');
            }
            Json::Object(members) if members.is_empty() => out.push_str("{}"),
            Json::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    line(out, level + 1);
                    out.push_str(&quoted(name));
                    out.push_str(": ");
                    value.write(out, level + 1);
                }
                line(out, level);
                out.push('}');
            }
        }
    }
}

fn quoted(text: &str) -> String {
    Tree::Text(text.to_string()).to_json()
}

fn json_text(value: &Json) -> String {
    let mut out = String::new();
    value.write(&mut out, 0);
    out.push('\n');
    out
}

fn document(definitions: Vec<(String, Json)>) -> String {
    let object = Json::Object(vec![
        ("$schema".to_string(), Json::Text(DRAFT.to_string())),
        ("$defs".to_string(), Json::Object(definitions)),
    ]);
    json_text(&object)
}

fn text(value: impl Into<String>) -> Json {
    Json::Text(value.into())
}

fn member(name: &str, value: Json) -> (String, Json) {
    (name.to_string(), value)
}

fn entity_schema(entity: &Entity) -> Json {
    let properties = entity.fields.iter().map(|field| (field.name.clone(), field_schema(field)));
    let required = entity.fields.iter().filter(|field| !field.nullable).map(|field| text(&field.name));
    let mut out = vec![member("title", text(&entity.name))];
    let mut description: Vec<String> = entity.doc.iter().cloned().collect();
    description.extend(entity.all_rules().map(|rule| match (&rule.message, &rule.kind) {
        (Some(message), _) => message.clone(),
        (None, EntityRuleKind::Condition(condition)) => format!("must hold: {}", condition.rust()),
        (None, EntityRuleKind::Custom(path)) => format!("must pass {path}"),
    }));
    description.extend(entity.checks.iter().map(|check| format!("must hold: {}", check.expression)));
    if !description.is_empty() {
        out.push(member("description", text(description.join("\n"))));
    }
    out.push(member("type", text("object")));
    out.push(member("properties", Json::Object(properties.collect())));
    out.push(member("required", Json::List(required.collect())));
    out.push(member("additionalProperties", Json::Bool(false)));
    Json::Object(out)
}

fn enum_schema(declared: &EnumDeclaration) -> Json {
    let values = declared.values.iter().map(|(_, value)| text(value)).collect();
    let mut out = vec![member("title", text(&declared.name))];
    out.extend(declared.doc.iter().map(|doc| member("description", text(doc))));
    out.push(member("enum", Json::List(values)));
    Json::Object(out)
}

fn field_schema(field: &Field) -> Json {
    let mut out = match &field.ty {
        Some(ty) => type_members(ty),
        None => reference(&field.rust_type),
    };
    if let Some((_, true)) = element(&field.rust_type) {
        let items = out.iter_mut().filter(|(name, _)| name == "items");
        items.for_each(|(_, items)| {
            if let Json::Object(members) = items {
                *items = nullable(std::mem::take(members));
            }
        });
    }
    for rule in &field.rules {
        add_rule(field, rule, &mut out);
    }
    let described = field.rules.iter().filter_map(described);
    let description: Vec<String> = field.doc.iter().cloned().chain(described).collect();
    if !description.is_empty() {
        out.push(member("description", text(description.join("\n"))));
    }
    if let Some(default) = field.default.as_ref().and_then(default) {
        out.push(member("default", default));
    }
    if field.generated.is_some() || field.generated_id {
        out.push(member("readOnly", Json::Bool(true)));
    }
    if field.nullable { nullable(out) } else { Json::Object(out) }
}

/// Under which name of `$defs` a type of one's own is referred to.
pub fn definition(rust_type: &str) -> &str {
    crate::declare::simple_name(element(rust_type).map_or(rust_type, |(element, _)| element))
}

/// A type by its Rust name, or an array of one.
fn reference(rust_type: &str) -> Vec<(String, Json)> {
    match element(rust_type) {
        Some((element, _)) => vec![member("type", text("array")), member("items", Json::Object(reference(element)))],
        None => vec![member("$ref", text(format!("#/$defs/{}", crate::declare::simple_name(rust_type))))],
    }
}

/// The same, or null.
fn nullable(mut members: Vec<(String, Json)>) -> Json {
    let plain = members.iter().all(|(name, _)| name != "enum" && name != "$ref");
    match members.iter_mut().find(|(name, _)| name == "type") {
        Some((_, ty)) if plain => {
            *ty = Json::List(vec![ty.clone(), text("null")]);
            Json::Object(members)
        }
        _ => {
            let null = Json::Object(vec![member("type", text("null"))]);
            Json::Object(vec![member("anyOf", Json::List(vec![Json::Object(members), null]))])
        }
    }
}

fn default(value: &DefaultValue) -> Option<Json> {
    match value {
        DefaultValue::Text(value) => Some(text(value)),
        DefaultValue::Number(number) => Some(Json::Number(number.clone())),
        DefaultValue::Bool(value) => Some(Json::Bool(*value)),
        DefaultValue::Now | DefaultValue::Uuid | DefaultValue::Sql(_) | DefaultValue::Variant(_) => None,
    }
}

fn add_rule(field: &Field, rule: &Rule, out: &mut Vec<(String, Json)>) {
    let number = |value: &u64| Json::Number(value.to_string());
    match rule {
        Rule::Length { min, max } => {
            let array = matches!(field.ty, Some(Type::Array(_)));
            let bytes = matches!(field.ty, Some(Type::Bytes(_)));
            // Bytes are written as text of another length.
            if !bytes {
                let names = if array { ["minItems", "maxItems"] } else { ["minLength", "maxLength"] };
                out.extend(min.iter().filter(|min| **min > 0).map(|min| member(names[0], number(min))));
                out.extend(max.iter().map(|max| member(names[1], number(max))));
            }
        }
        Rule::Range { min, max } => {
            let numbers = matches!(field.ty, Some(Type::Int(_) | Type::UInt(_) | Type::Float32 | Type::Float64));
            if numbers {
                out.extend(min.iter().map(|min| member("minimum", Json::Number(min.clone()))));
                out.extend(max.iter().map(|max| member("maximum", Json::Number(max.clone()))));
            }
        }
        Rule::Pattern(pattern) => out.push(member("pattern", text(pattern))),
        Rule::Email => {
            out.push(member("format", text("idn-email")));
        }
        Rule::Url => out.push(member("format", text("uri"))),
        Rule::OneOf(values) => {
            let numbers = matches!(field.ty, Some(Type::Int(_) | Type::UInt(_) | Type::Float32 | Type::Float64));
            let value = |value: &String| if numbers { Json::Number(value.clone()) } else { text(value) };
            out.push(member("enum", Json::List(values.iter().map(value).collect())));
        }
        Rule::JsonSchema(schema) => out.push(member("allOf", Json::List(vec![Json::Verbatim(schema.clone())]))),
        Rule::Sql(_) | Rule::Custom(_) => {}
    }
}

/// What JSON Schema cannot say, in words.
fn described(rule: &Rule) -> Option<String> {
    match rule {
        Rule::Sql(sql) => Some(format!("must hold: {sql}")),
        Rule::Custom(path) => Some(format!("must pass {path}")),
        _ => None,
    }
}

fn type_members(ty: &Type) -> Vec<(String, Json)> {
    let plain = |name: &str| vec![member("type", text(name))];
    let format = |format: &str| vec![member("type", text("string")), member("format", text(format))];
    let length = |name: &str, length: u32| member(name, Json::Number(length.to_string()));
    match ty {
        Type::Bool => plain("boolean"),
        Type::Int(_) | Type::Year => plain("integer"),
        Type::UInt(_) => vec![member("type", text("integer")), member("minimum", Json::Number("0".into()))],
        Type::Float32 | Type::Float64 => plain("number"),
        // As text: a JSON number is read as a floating-point number by most programs.
        Type::Decimal(_) => vec![member("type", text("string")), member("pattern", text(r"^-?[0-9]+(\.[0-9]+)?$"))],
        Type::Text => plain("string"),
        Type::VarChar(max) => vec![member("type", text("string")), length("maxLength", *max)],
        Type::Char(size) => vec![member("type", text("string")), length("maxLength", *size)],
        Type::Bytes(_) => vec![member("type", text("string")), member("contentEncoding", text("base64"))],
        Type::Uuid => format("uuid"),
        Type::Date => format("date"),
        Type::Time(_) | Type::TimeTz(_) => format("time"),
        Type::Timestamp(_) => format("date-time"),
        Type::DateTime(_) => plain("string"),
        Type::Interval => format("duration"),
        Type::Json | Type::JsonText | Type::Any => Vec::new(),
        Type::Enum(_, values) | Type::Set(values) if !values.is_empty() => {
            vec![member("type", text("string")), member("enum", Json::List(values.iter().map(text).collect()))]
        }
        Type::Array(element) => {
            vec![member("type", text("array")), member("items", Json::Object(type_members(element)))]
        }
        _ => plain("string"),
    }
}

fn table_schema(schema: &Schema, table: &Table) -> Json {
    let column_schema = |column: &crate::model::Column| {
        let mut out = match &column.ty.logical {
            Type::Enum(name, values) if values.is_empty() => enum_members(schema, name),
            ty => type_members(ty),
        };
        out.extend(column.comment.iter().map(|comment| member("description", text(comment))));
        if column.generated.is_some() {
            out.push(member("readOnly", Json::Bool(true)));
        }
        let value = if column.not_null { Json::Object(out) } else { nullable(out) };
        (column.name.clone(), value)
    };
    let required = table.columns.iter().filter(|column| column.not_null).map(|column| text(&column.name));
    let mut out = vec![member("title", text(table.name.to_string()))];
    let mut description: Vec<String> = table.comment.iter().cloned().collect();
    description.extend(table.checks.iter().map(|check| format!("must hold: {}", check.expression)));
    if !description.is_empty() {
        out.push(member("description", text(description.join("\n"))));
    }
    out.push(member("type", text("object")));
    out.push(member("properties", Json::Object(table.columns.iter().map(column_schema).collect())));
    out.push(member("required", Json::List(required.collect())));
    Json::Object(out)
}

fn enum_members(schema: &Schema, name: &ObjectName) -> Vec<(String, Json)> {
    let found = schema.enums.iter().find(|declared| declared.name == *name);
    let values = found.map(|declared| declared.values.iter().map(text).collect()).unwrap_or_default();
    vec![member("type", text("string")), member("enum", Json::List(values))]
}
