//! A declaration as Rust source: the inverse of [`crate::read`].
//!
//! Invariant: reading what was printed gives the declaration back, but for places in the source. The text is as rustfmt
//! leaves it, but for lines that are too long to break.

use std::fmt::Write as _;

use relata_schema::declare::{
    Arc, ArcKind, Declaration, DefaultValue, Entity, EntityRuleKind, EnumDeclaration, Field, IndexDeclaration,
    IndexPartDeclaration, ReferenceDeclaration, Relation, RelationKind, Rule, field_names, simple_name,
};
use relata_schema::model::{Action, Match, NullsOrder};
use relata_schema::naming;
use relata_schema::types::Type;

/// All entities, then all enums, each after a blank line. The `use` lines are the caller's.
pub fn declaration(declaration: &Declaration) -> String {
    let entities = declaration.entities.iter().map(entity);
    let enums = declaration.enums.iter().map(stored_enum);
    entities.chain(enums).collect::<Vec<_>>().join("\n")
}

/// A Rust identifier: raw where the word is a keyword.
pub(crate) fn ident(name: &str) -> String {
    if syn::parse_str::<syn::Ident>(name).is_ok() { name.to_string() } else { format!("r#{name}") }
}

/// A Rust text literal, raw where that reads better.
fn literal(text: &str) -> String {
    let plain = !text.contains(['"', '\\', '\n', '\t', '\r']);
    let fence = (1..8).map(|count| "#".repeat(count)).find(|fence| !text.contains(&format!("\"{fence}")));
    match fence {
        Some(fence) if !plain && !text.contains('\r') => format!("r{fence}\"{text}\"{fence}"),
        _ => format!("{text:?}"),
    }
}

fn doc(out: &mut String, indent: &str, doc: Option<&String>) {
    for line in doc.iter().flat_map(|doc| doc.split('\n')) {
        let _ = writeln!(out, "{}", format!("{indent}/// {line}").trim_end());
    }
}

fn attribute(out: &mut String, indent: &str, name: &str, arguments: &[String]) {
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let _ = writeln!(out, "{indent}#[{name}{arguments}]");
}

fn named(key: &str, value: Option<&String>) -> Option<String> {
    value.map(|value| format!("{key} = {}", literal(value)))
}

fn entity(entity: &Entity) -> String {
    let mut out = String::new();
    doc(&mut out, "", entity.doc.as_ref());
    out.push_str("#[derive(Entity, Debug, Clone)]\n");
    let options = options(entity);
    if !options.is_empty() {
        attribute(&mut out, "", "entity", &options);
    }
    if !entity.primary_key.is_empty() {
        let part = |field: &String| match key_length(entity, field) {
            Some(length) => format!("{} {length}", ident(field)),
            None => ident(field),
        };
        let mut key: Vec<String> = entity.primary_key.iter().map(part).collect();
        key.extend(named("name", entity.primary_key_name.as_ref()));
        attribute(&mut out, "", "primary_key", &key);
    }
    for index in entity.indexes.iter().filter(|index| own_field(index).is_none()) {
        let parts = index.parts.iter().map(index_part).chain(index_options(index)).collect::<Vec<_>>();
        attribute(&mut out, "", if index.constraint { "unique" } else { "index" }, &parts);
    }
    for key in &entity.foreign_keys {
        attribute(&mut out, "", "foreign_key", &foreign_key(entity, key));
    }
    for rule in &entity.rules {
        let what = match &rule.kind {
            EntityRuleKind::Condition(condition) => condition.rust(),
            EntityRuleKind::Custom(path) => format!("custom({path})"),
        };
        let field = rule.field.as_ref().map(|field| format!("field = {}", ident(field)));
        let options = [field, named("message", rule.message.as_ref()), named("name", rule.name.as_ref())];
        let arguments: Vec<String> = [what].into_iter().chain(options.into_iter().flatten()).collect();
        attribute(&mut out, "", "check", &arguments);
    }
    for check in &entity.checks {
        let arguments: Vec<String> =
            [literal(&check.expression)].into_iter().chain(named("name", check.name.as_ref())).collect();
        attribute(&mut out, "", "check", &arguments);
    }
    for arc in &entity.arcs {
        let (word, arguments) = arc_text(arc);
        attribute(&mut out, "", word, &arguments);
    }
    for relation in &entity.relations {
        if let Some((name, text)) = relation_text(relation) {
            attribute(&mut out, "", name, &[text]);
        }
    }
    let _ = writeln!(out, "pub struct {} {{", entity.name);
    for field in &entity.fields {
        write_field(&mut out, entity, field);
    }
    out.push_str("}\n");
    out
}

/// `prefix(20)`, if only the beginning of the field is in the key.
fn key_length(entity: &Entity, field: &str) -> Option<String> {
    let length = entity.key_lengths.iter().find(|(name, _)| name == field);
    length.map(|(_, length)| format!("prefix({length})"))
}

fn options(entity: &Entity) -> Vec<String> {
    let flag = |set: bool, word: &str| set.then(|| word.to_string());
    let mut options: Vec<String> = [
        named("table", entity.table.as_ref()),
        named("schema", entity.namespace.as_ref()),
        flag(entity.no_key, "no_key"),
        flag(entity.view, "view"),
        flag(entity.soft_delete, "soft_delete"),
        flag(entity.timestamps, "timestamps"),
        flag(entity.strict, "strict"),
        flag(entity.without_rowid, "without_rowid"),
        named("renamed_from", entity.renamed_from.as_ref()),
        named("comment", entity.comment.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut others = Vec::new();
    for (key, value) in &entity.options {
        match key.as_str() {
            "engine" | "charset" | "collation" => options.extend(named(key, Some(value))),
            key if syn::parse_str::<syn::Ident>(key).is_ok() => others.extend(named(key, Some(value))),
            key if value.is_empty() => others.push(literal(key)),
            key => others.push(literal(&format!("{key}={value}"))),
        }
    }
    if !others.is_empty() {
        options.push(format!("options({})", others.join(", ")));
    }
    options
}

/// The field on which an index stands, if it is over that field alone.
fn own_field(index: &IndexDeclaration) -> Option<&str> {
    let [part] = index.parts.as_slice() else { return None };
    let plain = IndexPartDeclaration { field: part.field.clone(), ..IndexPartDeclaration::default() };
    (*part == plain && !part.field.is_empty()).then_some(part.field.as_str())
}

fn index_part(part: &IndexPartDeclaration) -> String {
    let mut out = part.expression.as_ref().map_or_else(|| ident(&part.field), |sql| literal(sql));
    if part.descending {
        out.push_str(" desc");
    }
    match part.nulls {
        NullsOrder::Default => {}
        NullsOrder::First => out.push_str(" nulls first"),
        NullsOrder::Last => out.push_str(" nulls last"),
    }
    if let Some(class) = &part.operator_class {
        let _ = write!(out, " ops({})", literal(class));
    }
    if let Some(collation) = &part.collation {
        let _ = write!(out, " collate({})", literal(collation));
    }
    if let Some(length) = part.length {
        let _ = write!(out, " prefix({length})");
    }
    out
}

fn index_options(index: &IndexDeclaration) -> Vec<String> {
    let mut options = Vec::new();
    if index.unique && !index.constraint {
        options.push("unique".to_string());
    }
    if index.nulls_not_distinct {
        options.push("nulls_not_distinct".to_string());
    }
    options.extend(deferral(index.deferral.deferrable, index.deferral.initially_deferred));
    options.extend(named("method", index.method.as_ref()));
    if !index.include.is_empty() {
        let fields: Vec<String> = index.include.iter().map(|field| ident(field)).collect();
        options.push(format!("include({})", fields.join(", ")));
    }
    options.extend(named("where", index.predicate.as_ref()));
    options.extend(named("name", index.name.as_ref()));
    options
}

fn deferral(deferrable: bool, initially_deferred: bool) -> Option<String> {
    let word = if initially_deferred { "initially_deferred" } else { "deferrable" };
    deferrable.then(|| word.to_string())
}

fn action(action: Action) -> &'static str {
    match action {
        Action::NoAction => "no_action",
        Action::Restrict => "restrict",
        Action::Cascade => "cascade",
        Action::SetNull => "set_null",
        Action::SetDefault => "set_default",
    }
}

fn reference_options(reference: &ReferenceDeclaration) -> Vec<String> {
    let mut options = Vec::new();
    if reference.on_delete != Action::NoAction {
        options.push(format!("on_delete = {}", action(reference.on_delete)));
    }
    if reference.on_update != Action::NoAction {
        options.push(format!("on_update = {}", action(reference.on_update)));
    }
    options.extend(deferral(reference.deferral.deferrable, reference.deferral.initially_deferred));
    if reference.matching == Match::Full {
        options.push("match = full".to_string());
    }
    options.extend(named("name", reference.name.as_ref()));
    options
}

fn foreign_key(entity: &Entity, key: &ReferenceDeclaration) -> Vec<String> {
    let fields: Vec<String> = key.fields.iter().map(|field| ident(field)).collect();
    let there: Vec<String> = key.referenced_fields.iter().map(|field| ident(field)).collect();
    let there = if there.is_empty() { String::new() } else { format!("({})", there.join(", ")) };
    let mut arguments = vec![format!("{} => {}{there}", fields.join(", "), key.entity)];
    arguments.extend(reference_options(key));
    let on_field = match key.fields.as_slice() {
        [field] => entity.field(field).and_then(|field| field.references.as_ref()),
        _ => None,
    };
    let relation = belongs_to(entity, &key.fields.join(", "), &key.entity)
        .filter(|_| on_field.is_none_or(|reference| reference.entity != key.entity));
    arguments.extend(relation.map(|relation| format!("relation = {}", ident(&relation.name))));
    arguments
}

fn belongs_to<'e>(entity: &'e Entity, name: &str, target: &str) -> Option<&'e Relation> {
    entity.relations.iter().find(|relation| {
        relation.entity == target && matches!(&relation.kind, RelationKind::BelongsTo { field, .. } if field == name)
    })
}

fn arc_text(arc: &Arc) -> (&'static str, Vec<String>) {
    let name = ident(&arc.name);
    match &arc.kind {
        ArcKind::Exclusive(fields) => {
            let fields: Vec<String> = fields.iter().map(|field| ident(field)).collect();
            ("exclusive", vec![format!("{name}: {}", fields.join(", "))])
        }
        ArcKind::Typed { type_field, id_field, entities } => {
            let mut arguments = vec![format!("{name}: {}", ident(type_field)), ident(id_field)];
            arguments.extend(entities.iter().map(|(entity, value)| match simple_name(entity) == value {
                true => entity.clone(),
                false => format!("{entity} = {}", literal(value)),
            }));
            ("polymorphic", arguments)
        }
    }
}

fn relation_text(relation: &Relation) -> Option<(&'static str, String)> {
    let (name, entity) = (ident(&relation.name), &relation.entity);
    Some(match &relation.kind {
        RelationKind::BelongsTo { .. } => return None,
        RelationKind::HasOne { field } => ("has_one", format!("{name}: {entity}.{}{}", ends(field), when(relation))),
        RelationKind::HasMany { field } => ("has_many", format!("{name}: {entity}.{}{}", ends(field), when(relation))),
        RelationKind::ManyToMany { via, near, far } => {
            let ends = match (near, far) {
                (Some(near), Some(far)) => format!("({}, {})", ident(near), ident(far)),
                _ => String::new(),
            };
            ("many_to_many", format!("{name}: {entity} via {via}{ends}"))
        }
    })
}

fn when(relation: &Relation) -> String {
    let only = relation.only.as_ref();
    only.map(|(field, value)| format!(" when {} = {}", ident(field), literal(value))).unwrap_or_default()
}

/// The field that a relation names, or several in parentheses.
fn ends(fields: &str) -> String {
    match field_names(fields).as_slice() {
        [field] => ident(field),
        several => format!("({})", several.iter().map(|field| ident(field)).collect::<Vec<_>>().join(", ")),
    }
}

/// The name that the reader gives to the relation of a reference.
pub(crate) fn default_relation(field: &str, entity: &str) -> String {
    naming::relation(field).map(str::to_string).unwrap_or_else(|| {
        let by_entity = naming::snake(simple_name(entity));
        if by_entity == field { format!("{by_entity}_row") } else { by_entity }
    })
}

fn write_field(out: &mut String, entity: &Entity, field: &Field) {
    let indent = "    ";
    doc(out, indent, field.doc.as_ref());
    let mut add = |name: &str, arguments: Vec<String>| attribute(out, indent, name, &arguments);
    if field.id {
        let whole = matches!(field.ty, Some(Type::Int(_) | Type::UInt(_)));
        let mut arguments = Vec::new();
        if whole && !field.generated_id {
            arguments.push("manual".to_string());
        }
        if field.strict_id {
            arguments.push("always".to_string());
        }
        if entity.primary_key.is_empty() {
            arguments.extend(named("name", entity.primary_key_name.as_ref()));
        }
        arguments.extend(key_length(entity, &field.name));
        add("id", arguments);
    }
    if let Some(column) = &field.column {
        add("column", vec![literal(column)]);
    }
    if let Some(reference) = &field.references {
        let there = reference.referenced_fields.first().map(|there| format!(".{}", ident(there)));
        let mut arguments = vec![format!("{}{}", reference.entity, there.unwrap_or_default())];
        arguments.extend(reference_options(reference));
        let relation = belongs_to(entity, &field.name, &reference.entity);
        let usual = default_relation(&field.name, &reference.entity);
        let relation = relation.filter(|relation| relation.name != usual);
        arguments.extend(relation.map(|relation| format!("relation = {}", ident(&relation.name))));
        add("references", arguments);
    }
    if field.unique {
        add("unique", Vec::new());
    }
    if field.index {
        add("index", Vec::new());
    }
    for index in entity.indexes.iter().filter(|index| own_field(index) == Some(field.name.as_str())) {
        add(if index.constraint { "unique" } else { "index" }, index_options(index));
    }
    if let Some(Type::Decimal(Some((precision, scale)))) = field.ty {
        add("decimal", vec![precision.to_string(), scale.to_string()]);
    }
    for (dialect, text) in &field.db_types {
        let text = literal(text);
        add("db_type", vec![if dialect.is_empty() { text } else { format!("{dialect} = {text}") }]);
    }
    if let Some(default) = &field.default {
        add("default", vec![default_text(field, default)]);
    }
    if field.generated_id && !field.id {
        let always = field.strict_id.then(|| "always".to_string());
        add("default", ["next".to_string()].into_iter().chain(always).collect());
    }
    if let Some((expression, stored)) = &field.generated {
        add("generated", vec![literal(expression), if *stored { "stored" } else { "virtual" }.to_string()]);
    }
    for rule in &field.rules {
        add("check", vec![rule_text(rule)]);
    }
    for (name, value) in [
        ("collation", &field.collation),
        ("on_update", &field.on_update),
        ("renamed_from", &field.renamed_from),
        ("comment", &field.comment),
    ] {
        if let Some(value) = value {
            add(name, vec![literal(value)]);
        }
    }
    if field.sortable {
        add("sortable", Vec::new());
    }
    let ty = if field.nullable { format!("Option<{}>", field.rust_type) } else { field.rust_type.clone() };
    let _ = writeln!(out, "{indent}pub {}: {ty},", ident(&field.name));
}

fn default_text(field: &Field, default: &DefaultValue) -> String {
    match default {
        DefaultValue::Text(text) => literal(text),
        DefaultValue::Number(number) => number.clone(),
        DefaultValue::Bool(value) => value.to_string(),
        DefaultValue::Now => "now".to_string(),
        DefaultValue::Uuid => "uuid".to_string(),
        DefaultValue::Sql(sql) => format!("sql = {}", literal(sql)),
        DefaultValue::Variant(variant) => format!("{}::{variant}", field.rust_type),
    }
}

fn rule_text(rule: &Rule) -> String {
    let range = |min: &Option<String>, max: &Option<String>| {
        let end = |value: &Option<String>| value.as_deref().map(number_or_text).unwrap_or_default();
        let dots = if max.is_some() { "..=" } else { ".." };
        format!("{}{dots}{}", end(min), end(max))
    };
    match rule {
        Rule::Length { min, max } => {
            let text = |value: &Option<u64>| value.map(|value| value.to_string());
            format!("len({})", range(&text(min), &text(max)))
        }
        Rule::Range { min, max } => format!("range({})", range(min, max)),
        Rule::Pattern(pattern) => format!("pattern({})", literal(pattern)),
        Rule::OneOf(values) => {
            let values: Vec<String> = values.iter().map(|value| number_or_text(value)).collect();
            format!("one_of({})", values.join(", "))
        }
        Rule::Email => "email".to_string(),
        Rule::Url => "url".to_string(),
        Rule::Sql(sql) => literal(sql),
        Rule::Custom(path) => format!("custom({path})"),
        Rule::JsonSchema(schema) => format!("json_schema({})", literal(schema)),
    }
}

fn number_or_text(value: &str) -> String {
    let number = value.parse::<i128>().is_ok_and(|number| number.to_string() == value);
    if number || value.contains('.') && value.parse::<f64>().is_ok() { value.to_string() } else { literal(value) }
}

fn stored_enum(declared: &EnumDeclaration) -> String {
    let mut out = String::new();
    doc(&mut out, "", declared.doc.as_ref());
    out.push_str("#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]\n");
    let options: Vec<String> =
        [named("name", declared.database_name.as_ref()), named("schema", declared.namespace.as_ref())]
            .into_iter()
            .flatten()
            .collect();
    if !options.is_empty() {
        attribute(&mut out, "", "stored", &options);
    }
    if let Some(old) = &declared.renamed_from {
        attribute(&mut out, "", "renamed_from", &[literal(old)]);
    }
    let _ = writeln!(out, "pub enum {} {{", declared.name);
    for (variant, value) in &declared.values {
        if naming::snake(variant) != *value {
            attribute(&mut out, "    ", "stored", &[literal(value)]);
        }
        for (old, _) in declared.renamed.iter().filter(|(_, new)| new == value) {
            attribute(&mut out, "    ", "renamed_from", &[literal(old)]);
        }
        let _ = writeln!(out, "    {variant},");
    }
    out.push_str("}\n");
    out
}
