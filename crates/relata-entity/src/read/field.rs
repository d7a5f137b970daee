//! A field and its attributes.

use proc_macro2::{Ident, Span};
use quote::ToTokens;
use relata_schema::declare::{
    CheckDeclaration, DefaultValue, Field, IndexDeclaration, IndexPartDeclaration, ReferenceDeclaration,
};
use relata_schema::dialect::Dialect;
use relata_schema::naming;
use relata_schema::types::Type;

use super::attribute::{Attribute, Piece, doc, name_of, text_value};
use super::entity::{Scope, belongs_to};
use super::{FIELD_ATTRIBUTES, index, relation, rule, types};

/// Reads a field into the entity; gives back the attributes that refer to other entities or fields.
pub(super) fn read(source: &syn::Field, scope: &mut Scope<'_>) -> Vec<Attribute> {
    let ident = source.ident.clone().unwrap_or_else(|| Ident::new("_", Span::call_site()));
    let rust = types::read(&source.ty);
    let mut field = Field {
        name: name_of(&ident),
        rust_type: rust.text,
        nullable: rust.nullable,
        ty: rust.ty,
        doc: doc(&source.attrs),
        span: scope.findings.span(&ident),
        ..Field::default()
    };
    if let Some((message, instead)) = rust.problem {
        scope.findings.error("entity-type", &source.ty, message).help(instead);
    }
    let mut pending = Vec::new();
    for attribute in Attribute::all(&source.attrs, FIELD_ATTRIBUTES, scope.findings) {
        match attribute.name.as_str() {
            "references" | "unique" | "index" => pending.push(attribute),
            _ => read_attribute(&attribute, &mut field, scope),
        }
    }
    check_combinations(&ident, &field, scope);
    check_default(&source.ty, &field, scope);
    scope.entity.fields.push(field);
    pending
}

/// Attributes of other libraries, and what is written here.
const FOREIGN: &[(&str, &str, &str)] = &[
    (
        "primary_key",
        "the key of one field is said by `id`",
        "write `#[id]`; a key of several fields is `#[primary_key(a, b)]` on the struct",
    ),
    ("nullable", "what may be NULL is an `Option`", "make the type of the field `Option<…>`"),
    ("not_null", "only what is an `Option` may be NULL", "leave it out"),
    ("max_length", "a length is a rule", "write `#[check(len(..=80))]`"),
    (
        "relation",
        "a relation is said by what refers",
        "write `#[references(User)]` on the field that refers, `#[has_many(posts: Post.user_id)]` on the struct that is referred to",
    ),
];

fn read_attribute(attribute: &Attribute, field: &mut Field, scope: &mut Scope<'_>) {
    let findings = &mut *scope.findings;
    match attribute.name.as_str() {
        "id" => read_id(attribute, field, scope),
        "check" => read_check(attribute, field, scope),
        "default" if rule::is_next(attribute) => read_next(attribute, field, scope),
        "default" => field.default = rule::read_default(attribute, findings),
        "column" => field.column = attribute.one_text("\"name\"", findings),
        "db_type" => read_db_type(attribute, field, scope),
        "decimal" => read_decimal(attribute, field, scope),
        "generated" => read_generated(attribute, field, scope),
        "collation" => field.collation = attribute.one_text("\"NOCASE\"", findings),
        "on_update" => field.on_update = attribute.one_text("\"current_timestamp()\"", findings),
        "comment" => field.comment = attribute.one_text("\"…\"", findings),
        "renamed_from" => field.renamed_from = attribute.one_text("\"old_name\"", findings),
        "sortable" => {
            attribute.no_arguments(findings);
            field.sortable = true;
        }
        name => {
            let Some((_, message, help)) = FOREIGN.iter().find(|(foreign, ..)| *foreign == name) else { return };
            findings.error("entity-foreign-attribute", attribute, *message).help(*help);
        }
    }
}

fn read_id(attribute: &Attribute, field: &mut Field, scope: &mut Scope<'_>) {
    field.id = true;
    let whole = matches!(field.ty, Some(Type::Int(_) | Type::UInt(_)));
    field.generated_id = whole && !field.nullable;
    for piece in attribute.pieces() {
        let length = piece.call().filter(|(word, ..)| word == "prefix");
        let length = length.and_then(|(.., length)| Piece { tokens: length.into_iter().collect() }.number());
        if let Some(length) = length {
            scope.entity.key_lengths.push((field.name.clone(), length));
            continue;
        }
        match (piece.word().as_deref(), piece.assignment()) {
            (Some("manual"), _) => field.generated_id = false,
            (Some("always"), _) if field.generated_id => field.strict_id = true,
            (Some("always"), _) => {
                scope
                    .findings
                    .error(
                        "entity-id-type",
                        &piece,
                        format!("the database cannot make a key of type `{}`", field.rust_type),
                    )
                    .help("`always` belongs to whole numbers; for a UUID write `#[default(uuid)]`");
            }
            (None, Some((name, _, value))) if name == "name" => {
                scope.entity.primary_key_name = text_value("name", &value, scope.findings);
            }
            (word, assignment) => {
                let word =
                    word.map(str::to_string).or(assignment.map(|(name, ..)| name)).unwrap_or_else(|| piece.text());
                let made = ["auto", "auto_increment", "autoincrement", "increment", "generated", "identity", "serial"];
                if made.contains(&word.as_str()) && field.generated_id {
                    scope
                        .findings
                        .error("entity-unknown-option", &piece, format!("`{word}` is no option of `id`"))
                        .help("write `#[id]`: a whole number is made by the database by itself");
                } else if word == "uuid" {
                    let message = "`uuid` is no option of `id`, but a default";
                    scope
                        .findings
                        .error("entity-unknown-option", &piece, message)
                        .help("write `#[id] #[default(uuid)]`");
                } else {
                    let known = ["manual", "always", "name", "prefix"];
                    scope.findings.unknown("entity-unknown-option", &piece, "option of `id`", &word, &known);
                }
            }
        }
    }
}

/// `#[default(next)]`, `#[default(next, always)]`.
fn read_next(attribute: &Attribute, field: &mut Field, scope: &mut Scope<'_>) {
    let pieces = attribute.pieces();
    field.strict_id = pieces.iter().any(|piece| piece.word().as_deref() == Some("always"));
    let known = pieces.len() == 1 + usize::from(field.strict_id);
    field.generated_id = matches!(field.ty, Some(Type::Int(_) | Type::UInt(_))) && !field.nullable && known;
    if !known {
        scope
            .findings
            .error("entity-default-form", attribute, "`default` takes one value")
            .help("write `#[default(next)]`, or `#[default(next, always)]` where nobody may give another number");
    } else if !field.generated_id {
        let ty = if field.nullable { format!("Option<{}>", field.rust_type) } else { field.rust_type.clone() };
        scope
            .findings
            .error(
                "entity-default-type",
                attribute,
                format!("`{}: {ty}` is no number that the database counts", field.name),
            )
            .help("`next` belongs to whole numbers that are never NULL");
    }
}

fn read_check(attribute: &Attribute, field: &mut Field, scope: &mut Scope<'_>) {
    let pieces = attribute.pieces();
    if pieces.is_empty() {
        scope
            .findings
            .error("entity-check-form", attribute, "`check` has no rule")
            .help("write for example `#[check(len(1..=80))]`, `#[check(range(0..))]` or `#[check(\"price > 0\")]`");
    }
    let mut name = None;
    let mut rules = Vec::new();
    for piece in &pieces {
        match piece.assignment() {
            Some((word, _, value)) if word == "name" => name = text_value("name", &value, scope.findings),
            _ => rules.extend(rule::read(piece, field, scope.findings)),
        }
    }
    match (name, rules.as_slice()) {
        (None, _) => field.rules.extend(rules),
        (Some(name), [relata_schema::declare::Rule::Sql(expression)]) => {
            let span = scope.findings.span(attribute);
            scope.entity.checks.push(CheckDeclaration { name: Some(name), expression: expression.clone(), span });
        }
        (Some(_), _) => {
            scope
                .findings
                .error("entity-check-form", attribute, "`name` goes with one check in SQL")
                .help("write `#[check(\"price > 0\", name = \"…\")]`; other rules get their names by convention");
        }
    }
}

fn read_db_type(attribute: &Attribute, field: &mut Field, scope: &mut Scope<'_>) {
    let words: Vec<&str> = Dialect::ALL.iter().map(|dialect| dialect.word()).collect();
    let pieces = attribute.pieces();
    for piece in &pieces {
        if let Some(text) = piece.literal() {
            field.db_types.push((String::new(), text));
            continue;
        }
        match piece.assignment() {
            Some((word, _, value)) if words.contains(&word.as_str()) => {
                field.db_types.extend(text_value(&word, &value, scope.findings).map(|text| (word, text)));
            }
            Some((word, place, _)) => {
                scope.findings.unknown("entity-unknown-option", &place, "database in `db_type`", &word, &words);
            }
            None => {
                scope
                    .findings
                    .error("entity-attribute-form", piece, "`db_type` takes a type in quotation marks")
                    .help("write `#[db_type(\"varchar(80)\")]` or `#[db_type(postgres = \"citext\")]`");
            }
        }
    }
    if pieces.is_empty() {
        scope
            .findings
            .error("entity-attribute-form", attribute, "`db_type` names no type")
            .help("write `#[db_type(\"varchar(80)\")]` or `#[db_type(postgres = \"citext\")]`");
    }
}

fn read_decimal(attribute: &Attribute, field: &mut Field, scope: &mut Scope<'_>) {
    let pieces = attribute.pieces();
    let size = match pieces.as_slice() {
        [precision] => precision.number().map(|precision| (precision, 0)),
        [precision, scale] => precision.number().zip(scale.number()),
        _ => None,
    };
    let Some((precision, scale)) =
        size.filter(|&(precision, scale): &(u16, i16)| precision > 0 && scale <= precision as i16)
    else {
        scope
            .findings
            .error("entity-decimal", attribute, "`decimal` takes the number of digits, and how many follow the point")
            .help("write `#[decimal(10, 2)]` for 12345678.90");
        return;
    };
    if matches!(field.ty, Some(Type::Decimal(_))) {
        field.ty = Some(Type::Decimal(Some((precision, scale))));
    } else {
        scope
            .findings
            .error("entity-decimal", attribute, format!("`{}` is no Decimal", field.rust_type))
            .help(format!("write `{}: Decimal`", field.name));
    }
}

fn read_generated(attribute: &Attribute, field: &mut Field, scope: &mut Scope<'_>) {
    let pieces = attribute.pieces();
    let stored = match pieces.get(1).map(Piece::word) {
        None => Some(true),
        Some(Some(word)) if word == "stored" => Some(true),
        Some(Some(word)) if word == "virtual" => Some(false),
        Some(_) => None,
    };
    match (pieces.first().and_then(Piece::literal), stored) {
        (Some(expression), Some(stored)) if pieces.len() <= 2 => field.generated = Some((expression, stored)),
        _ => {
            scope
                .findings
                .error("entity-generated-form", attribute, "`generated` takes SQL, then `stored` or `virtual`")
                .help("write `#[generated(\"price * amount\", stored)]`");
        }
    }
}

fn check_combinations(ident: &Ident, field: &Field, scope: &mut Scope<'_>) {
    let mut clash = |what: &str, help: &str| {
        let message = format!("the generated field `{}` {what}", field.name);
        scope.findings.error("entity-generated-clash", ident, message).help(help);
    };
    if field.generated.is_some() && field.default.is_some() {
        clash("has a default", "remove `#[default(…)]`: the expression gives the value");
    }
    if field.generated.is_some() && field.generated_id {
        match field.id {
            true => clash("is an `#[id]` made by the database", "write `#[id(manual)]`"),
            false => clash("has a default", "remove `#[default(…)]`: the expression gives the value"),
        }
    }
}

/// A literal that no value of the field's type can be.
fn check_default(source: &syn::Type, field: &Field, scope: &mut Scope<'_>) {
    let (Some(ty), Some(default), true) = (&field.ty, &field.default, field.db_types.is_empty()) else { return };
    let whole = matches!(ty, Type::Int(_) | Type::UInt(_));
    let number = whole || matches!(ty, Type::Decimal(_) | Type::Float32 | Type::Float64);
    let moment = matches!(ty, Type::Date | Type::Time(_) | Type::DateTime(_) | Type::Timestamp(_));
    let fits = match default {
        // PostgreSQL takes `'now'` for the moment at which the table is made.
        DefaultValue::Text(text) if moment => text.starts_with(|first: char| first.is_ascii_digit() || first == '-'),
        DefaultValue::Text(text) => !(number && text.parse::<f64>().is_err()) && *ty != Type::Bool,
        DefaultValue::Number(written) => number && !(whole && written.contains('.')),
        DefaultValue::Bool(_) => *ty == Type::Bool,
        DefaultValue::Now => moment,
        DefaultValue::Uuid => !(number || moment || *ty == Type::Bool),
        DefaultValue::Sql(_) | DefaultValue::Variant(_) => true,
    };
    if !fits {
        let help = match ty {
            Type::Bool => "write `#[default(true)]` or `#[default(false)]`",
            _ if whole => "write a whole number: `#[default(0)]`",
            _ if number => "write a number: `#[default(0)]`",
            _ if moment => "write `#[default(now)]`, or `#[default(sql = \"…\")]`",
            Type::Text => "write a text: `#[default(\"draft\")]`",
            _ => "what the database understands is `#[default(sql = \"…\")]`",
        };
        let message = format!("the default of `{}` is no `{}`", field.name, field.rust_type);
        scope.findings.error("entity-default-type", source, message).help(help);
    }
}

/// Reads what refers to other entities, when all fields are known.
pub(super) fn read_references(position: usize, attributes: Vec<Attribute>, scope: &mut Scope<'_>) {
    for attribute in attributes {
        match attribute.name.as_str() {
            "references" => read_reference(position, &attribute, scope),
            _ => read_index(position, &attribute, scope),
        }
    }
}

fn read_reference(position: usize, attribute: &Attribute, scope: &mut Scope<'_>) {
    let (name, nullable) = (scope.entity.fields[position].name.clone(), scope.entity.fields[position].nullable);
    if scope.entity.fields[position].references.is_some() {
        scope
            .findings
            .error("entity-reference-twice", attribute, format!("`{name}` has two `references`"))
            .help(format!("keep one here; write the other as `#[foreign_key({name} => Other(id))]` on the struct"));
        return;
    }
    let pieces = attribute.pieces();
    let Some((target, options)) = pieces.split_first() else {
        scope
            .findings
            .error("entity-reference-form", attribute, "`references` names no entity")
            .help("write `#[references(User)]` or `#[references(User, on_delete = cascade)]`");
        return;
    };
    let (target, referenced) = match target.cut_at(".") {
        Some((entity, field)) => (entity, field.word()),
        None => (target.clone(), None),
    };
    let Some(entity) = target.path() else {
        scope
            .findings
            .error("entity-reference-form", &target, format!("`{}` is no entity", target.text()))
            .help("name the entity first: `#[references(User, on_delete = cascade)]`");
        return;
    };
    let mut reference = ReferenceDeclaration {
        entity: entity.clone(),
        referenced_fields: referenced.into_iter().collect(),
        span: scope.findings.span(attribute),
        ..ReferenceDeclaration::default()
    };
    let given = relation::read_reference_options(options, &mut reference, scope.findings);
    let set_null = relata_schema::model::Action::SetNull;
    if !nullable && (reference.on_delete == set_null || reference.on_update == set_null) {
        let field = &scope.entity.fields[position];
        let help = format!("write `{}: Option<{}>`, or another action: cascade, restrict", field.name, field.rust_type);
        let message = format!("`{name}` cannot become NULL, but `set_null` asks for it");
        scope.findings.warning("entity-set-null", attribute, message).help(help);
    }
    let relation = given.or_else(|| naming::relation(&name).map(str::to_string)).unwrap_or_else(|| {
        let by_entity = naming::snake(relata_schema::declare::simple_name(&entity));
        if by_entity == name { format!("{by_entity}_row") } else { by_entity }
    });
    let mut relation = belongs_to(relation, &entity, &name, nullable);
    relation.span = reference.span.clone();
    scope.entity.fields[position].references = Some(reference);
    scope.relate(relation, attribute);
}

fn read_index(position: usize, attribute: &Attribute, scope: &mut Scope<'_>) {
    let unique = attribute.name == "unique";
    let pieces = attribute.pieces();
    let field = scope.entity.fields[position].name.clone();
    if pieces.is_empty() {
        match unique {
            true => scope.entity.fields[position].unique = true,
            false => scope.entity.fields[position].index = true,
        }
        return;
    }
    let mut declaration = IndexDeclaration {
        unique,
        constraint: unique,
        parts: vec![IndexPartDeclaration { field, ..IndexPartDeclaration::default() }],
        span: scope.findings.span(&attribute.to_token_stream()),
        ..IndexDeclaration::default()
    };
    for piece in &pieces {
        let word =
            piece.word().filter(|word| scope.entity.field(word).is_some() || ["asc", "desc"].contains(&word.as_str()));
        match word {
            Some(word) => misplaced(&word, piece, &declaration, attribute, scope),
            None => index::read_option(piece, &mut declaration, scope),
        }
    }
    scope.entity.indexes.push(declaration);
}

/// Fields and orders in an attribute of one field: those of the struct name them.
fn misplaced(word: &str, piece: &Piece, declaration: &IndexDeclaration, attribute: &Attribute, scope: &mut Scope<'_>) {
    let (name, field) = (&attribute.name, &declaration.parts[0].field);
    let (message, help) = match word {
        "asc" | "desc" => (
            "the order of an index stands behind the name of its field".to_string(),
            format!("write `#[{name}({field} {word})]` on the struct"),
        ),
        _ if word == field => {
            (format!("`{name}` on a field is of this field"), format!("write `#[{name}]` without a name"))
        }
        _ => (
            format!("`{name}` of several fields stands on the struct"),
            format!("write `#[{name}({field}, {word})]` on the struct"),
        ),
    };
    scope.findings.error("entity-index-place", piece, message).help(help);
}
