//! A struct and its attributes.

use quote::ToTokens;
use relata_schema::declare::{CheckDeclaration, Entity, IndexPartDeclaration, Relation, RelationKind};
use relata_schema::types::Type;

use super::attribute::{Attribute, Piece, doc, name_of, text_value};
use super::finding::Findings;
use super::{ENTITY_ATTRIBUTES, arc, condition, field, index, relation, rule, types};

const OPTIONS: &[&str] = &[
    "table",
    "schema",
    "soft_delete",
    "timestamps",
    "strict",
    "without_rowid",
    "no_key",
    "view",
    "renamed_from",
    "comment",
    "engine",
    "charset",
    "collation",
    "options",
];

/// What other libraries call the options, and what is written here.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("table_name", "write `table = \"…\"`"),
    ("name", "write `table = \"…\"`"),
    ("db_table", "write `table = \"…\"`"),
    ("rename_all", "names are in snake case; another one is given on its field: `#[column(\"…\")]`"),
    ("paranoid", "write `soft_delete`"),
    ("database", "write `schema = \"…\"`"),
    ("primary_key", "write `#[primary_key(a, b)]` on the struct, or `#[id]` on the field"),
];

/// What is needed while the attributes of one struct are read.
pub(super) struct Scope<'f> {
    pub(super) entity: Entity,
    pub(super) findings: &'f mut Findings,
}

impl Scope<'_> {
    /// The name of a field that exists; else it is reported.
    pub(super) fn field(&mut self, piece: &Piece) -> Option<String> {
        let Some(name) = piece.word() else {
            self.findings
                .error(
                    "entity-field-expected",
                    piece,
                    format!("expected the name of a field, found `{}`", piece.text()),
                )
                .help("name fields of this struct, separated by commas");
            return None;
        };
        if self.entity.field(&name).is_some() {
            return Some(name);
        }
        let known: Vec<&str> = self.entity.fields.iter().map(|field| field.name.as_str()).collect();
        let what = format!("field of `{}`", self.entity.name);
        self.findings.unknown("entity-unknown-field", piece, &what, &name, &known);
        None
    }

    /// Adds a relation unless its name is taken.
    pub(super) fn relate(&mut self, relation: Relation, place: &impl ToTokens) {
        let name = relation.name.clone();
        if self.entity.field(&name).is_some() {
            self.findings
                .error("entity-relation-name", place, format!("the relation `{name}` has the name of a field"))
                .help("give it another name: `relation = …` in `references`, or the word before the colon");
        } else if self.entity.relations.iter().any(|known| known.name == name) {
            self.findings
                .error("entity-relation-name", place, format!("there are two relations `{name}`"))
                .help("give one of them another name: `relation = …` in `references`, or the word before the colon");
        } else {
            self.entity.relations.push(relation);
        }
    }
}

/// Reads a struct. `None`: it has no named fields.
pub(super) fn read(input: &syn::DeriveInput, findings: &mut Findings) -> Option<Entity> {
    let name = name_of(&input.ident);
    let syn::Data::Struct(syn::DataStruct { fields: syn::Fields::Named(fields), .. }) = &input.data else {
        findings
            .error("entity-shape", &input.ident, format!("`{name}` is no struct with named fields"))
            .help("an entity is `struct Name { field: Type, … }`; for an enum of plain values derive `Enum`");
        return None;
    };
    if let Some(parameter) = input.generics.params.first() {
        findings
            .error("entity-generic", &input.generics, format!("the entity `{name}` has type parameters"))
            .help(format!("a table has one shape: remove `{}`", parameter.to_token_stream()));
    }
    if fields.named.is_empty() {
        findings
            .error("entity-shape", &input.ident, format!("the entity `{name}` has no fields"))
            .help("give it at least a key: `#[id] id: Id<Self>`");
    }
    let span = findings.span(&input.ident);
    let entity = Entity { name, doc: doc(&input.attrs), span, ..Entity::default() };
    let mut scope = Scope { entity, findings };
    let pending: Vec<_> = fields.named.iter().map(|field| field::read(field, &mut scope)).collect();
    for (position, attributes) in pending.into_iter().enumerate() {
        field::read_references(position, attributes, &mut scope);
    }
    for attribute in Attribute::all(&input.attrs, ENTITY_ATTRIBUTES, scope.findings) {
        read_attribute(&attribute, &mut scope);
    }
    check_key(&input.ident, fields, &mut scope);
    check_kept(fields, &mut scope);
    Some(scope.entity)
}

fn read_attribute(attribute: &Attribute, scope: &mut Scope<'_>) {
    match attribute.name.as_str() {
        "entity" => attribute.pieces().iter().for_each(|piece| read_option(piece, scope)),
        "primary_key" => read_primary_key(attribute, scope),
        "unique" | "index" => index::read(attribute, scope),
        "foreign_key" => relation::read_foreign_key(attribute, scope),
        "check" => read_check(attribute, scope),
        "has_many" | "has_one" | "many_to_many" => relation::read(attribute, scope),
        "exclusive" | "polymorphic" => arc::read(attribute, scope),
        "belongs_to" => {
            let message = "the entity that a row belongs to is said on the field that refers to it";
            let help = "write `#[references(User)]` on the field: `pub user_id: Id<User>`";
            scope.findings.error("entity-foreign-attribute", attribute, message).help(help);
        }
        "soft_delete" | "timestamps" => {
            let name = &attribute.name;
            let message = format!("`{name}` is an option of `entity`");
            scope
                .findings
                .error("entity-foreign-attribute", attribute, message)
                .help(format!("write `#[entity({name})]`"));
        }
        "table_name" | "table" => {
            let help = "write `#[entity(table = \"…\")]`";
            scope.findings.error("entity-foreign-attribute", attribute, "the table is named by `entity`").help(help);
        }
        _ => {}
    }
}

fn read_option(piece: &Piece, scope: &mut Scope<'_>) {
    if let Some(word) = piece.word() {
        return read_flag(&word, piece, scope);
    }
    if let Some((_, _, arguments)) = piece.call().filter(|(word, ..)| word == "options") {
        for piece in Piece::cut(arguments) {
            match piece.assignment() {
                Some((key, _, value)) => {
                    let value = value.literal().unwrap_or_else(|| value.text());
                    scope.entity.options.push((key, value));
                }
                None => {
                    let text = piece.literal().unwrap_or_else(|| piece.text());
                    let (key, value) = text.split_once('=').unwrap_or((&text, ""));
                    scope.entity.options.push((key.to_string(), value.to_string()));
                }
            }
        }
        return;
    }
    let Some((name, place, value)) = piece.assignment() else {
        scope
            .findings
            .error("entity-option-form", piece, format!("`{}` is no option", piece.text()))
            .help("options are words (`soft_delete`) or `name = \"value\"` (`table = \"posts\"`)");
        return;
    };
    let findings = &mut *scope.findings;
    let entity = &mut scope.entity;
    match name.as_str() {
        "table" => entity.table = text_value(&name, &value, findings),
        "schema" => entity.namespace = text_value(&name, &value, findings),
        "renamed_from" => entity.renamed_from = text_value(&name, &value, findings),
        "comment" => entity.comment = text_value(&name, &value, findings),
        "engine" | "charset" | "collation" => {
            entity.options.extend(text_value(&name, &value, findings).map(|text| (name, text)));
        }
        _ if OPTIONS.contains(&name.as_str()) => {
            findings
                .error("entity-option-value", piece, format!("`{name}` takes no value"))
                .help(format!("write `{name}` alone"));
        }
        _ => unknown_option(&place, &name, findings),
    }
}

fn unknown_option(place: &impl ToTokens, name: &str, findings: &mut Findings) {
    match OTHER_WORDS.iter().find(|(word, _)| *word == name) {
        Some((_, help)) => {
            findings.error("entity-unknown-option", place, format!("`{name}` is no option of `entity`")).help(*help);
        }
        None => findings.unknown("entity-unknown-option", place, "option of `entity`", name, OPTIONS),
    }
}

fn read_flag(word: &str, piece: &Piece, scope: &mut Scope<'_>) {
    let entity = &mut scope.entity;
    match word {
        "soft_delete" => entity.soft_delete = true,
        "timestamps" => entity.timestamps = true,
        "strict" => entity.strict = true,
        "without_rowid" => entity.without_rowid = true,
        "no_key" => entity.no_key = true,
        "view" => entity.view = true,
        _ if OPTIONS.contains(&word) => {
            scope
                .findings
                .error("entity-option-value", piece, format!("`{word}` needs a value"))
                .help(format!("write `{word} = \"…\"`"));
        }
        _ => unknown_option(piece, word, scope.findings),
    }
}

fn read_primary_key(attribute: &Attribute, scope: &mut Scope<'_>) {
    if !scope.entity.primary_key.is_empty() {
        scope
            .findings
            .error("entity-key-twice", attribute, "a table has one primary key, this is the second")
            .help("put all its fields into one `#[primary_key(a, b)]`; other keys are `#[unique(…)]`");
        return;
    }
    let mut fields = Vec::new();
    for piece in attribute.pieces() {
        match piece.assignment() {
            Some((name, _, value)) if name == "name" => {
                scope.entity.primary_key_name = text_value("name", &value, scope.findings);
            }
            Some((name, place, _)) => {
                scope.findings.unknown("entity-unknown-option", &place, "option of `primary_key`", &name, &["name"]);
            }
            None => fields.extend(read_key_part(&piece, scope)),
        }
    }
    if fields.is_empty() && attribute.pieces().is_empty() {
        scope
            .findings
            .error("entity-attribute-form", attribute, "`primary_key` names no field")
            .help("write `#[primary_key(first_id, second_id)]`");
    }
    scope.entity.primary_key = fields;
}

/// `field` or `field prefix(20)`.
fn read_key_part(piece: &Piece, scope: &mut Scope<'_>) -> Option<String> {
    let part = index::read_part(piece, scope)?;
    let plain = IndexPartDeclaration { field: part.field.clone(), length: part.length, ..Default::default() };
    if part.field.is_empty() || part != plain {
        scope
            .findings
            .error("entity-key-form", piece, "a key names fields, and nothing else")
            .help("write them without quotes and without an order: `#[primary_key(a, b)]`; on MariaDB `prefix(20)` may follow, for the first 20 characters");
        return None;
    }
    scope.entity.key_lengths.extend(part.length.map(|length| (part.field.clone(), length)));
    Some(part.field)
}

fn read_check(attribute: &Attribute, scope: &mut Scope<'_>) {
    let pieces = attribute.pieces();
    let Some(expression) = pieces.first().and_then(Piece::literal) else {
        if pieces.first().and_then(Piece::call).is_some_and(|(word, ..)| rule::is_of_field(&word)) {
            scope
                .findings
                .error("entity-check-form", attribute, "a rule of one value stands on its field")
                .help("put `#[check(len(1..=80))]` on the field; on the struct compare fields: `starts_at < ends_at`");
            return;
        }
        return condition::read(attribute, &pieces, scope);
    };
    let mut check =
        CheckDeclaration { expression, span: scope.findings.span(attribute), ..CheckDeclaration::default() };
    for piece in &pieces[1..] {
        match piece.assignment() {
            Some((name, _, value)) if name == "name" => check.name = text_value("name", &value, scope.findings),
            _ => {
                let word = piece.assignment().map_or_else(|| piece.text(), |(name, ..)| name);
                scope.findings.unknown("entity-unknown-option", piece, "option of `check`", &word, &["name"]);
            }
        }
    }
    scope.entity.checks.push(check);
}

/// Every entity has a key, exactly one, and its fields are never NULL.
fn check_key(ident: &syn::Ident, fields: &syn::FieldsNamed, scope: &mut Scope<'_>) {
    let name = scope.entity.name.clone();
    let ids: Vec<usize> = (0..scope.entity.fields.len()).filter(|&at| scope.entity.fields[at].id).collect();
    let place = |at: usize| fields.named[at].ident.to_token_stream();
    if let [_, second, ..] = ids.as_slice() {
        let names: Vec<&str> = ids.iter().map(|&at| scope.entity.fields[at].name.as_str()).collect();
        let help = format!("for a key of several fields write `#[primary_key({})]` on the struct", names.join(", "));
        scope.findings.error("entity-key-twice", &place(*second), format!("`{name}` has two `#[id]`")).help(help);
    }
    if let (Some(&id), false) = (ids.first(), scope.entity.primary_key.is_empty()) {
        scope
            .findings
            .error("entity-key-twice", &place(id), format!("`{name}` has both `#[id]` and `#[primary_key]`"))
            .help("keep one: `#[id]` for a single field, `#[primary_key(a, b)]` for several");
    }
    let keyless = ids.is_empty() && scope.entity.primary_key.is_empty();
    if keyless && !scope.entity.no_key && !scope.entity.view && !fields.named.is_empty() {
        let named_id = scope.entity.field("id").map(|_| "put `#[id]` on the field `id`");
        let help = named_id.unwrap_or("put `#[id]` on the key, or `#[primary_key(a, b)]` on the struct");
        scope
            .findings
            .error("entity-no-key", ident, format!("`{name}` has no primary key"))
            .help(format!("{help}; if the table really has none: `#[entity(no_key)]`"));
    }
    if !keyless && scope.entity.no_key {
        scope
            .findings
            .error("entity-key-twice", ident, format!("`{name}` says `no_key` and has a key"))
            .help("remove `no_key`");
    }
    for at in 0..scope.entity.fields.len() {
        let field = &scope.entity.fields[at];
        let in_key = field.id || scope.entity.primary_key.contains(&field.name);
        if in_key && field.nullable {
            let help = format!("write `{}: {}` without Option", field.name, field.rust_type);
            let message = format!("the key field `{}` may be NULL", field.name);
            scope.findings.error("entity-nullable-key", &place(at), message).help(help);
        }
    }
}

/// The key of an entity is not that of another, unless it says so; columns that relata keeps can hold what it writes there.
fn check_kept(fields: &syn::FieldsNamed, scope: &mut Scope<'_>) {
    let entity = &scope.entity;
    let own = entity.table.is_none() && !entity.view;
    for (source, field) in fields.named.iter().zip(&entity.fields) {
        let of = types::identified(&source.ty).filter(|of| *of != entity.name && of != "Self");
        if let Some(of) = of.filter(|_| own && field.id && field.references.is_none()) {
            let message = format!("the key of `{}` is an `Id` of `{of}`", entity.name);
            let help = format!(
                "write `{}: Id<{}>`; a row that has the key of another says so: `#[references({of})]`",
                field.name, entity.name
            );
            scope.findings.error("entity-key-of-another", &source.ty, message).help(help);
        }
        let moment = matches!(field.ty, None | Some(Type::Timestamp(_) | Type::DateTime(_)));
        let (fits, wanted, why) = match field.column_name() {
            "deleted_at" if entity.soft_delete => {
                (moment && field.nullable, "Option<Timestamp>", "the moment at which the row was deleted, or none")
            }
            "created_at" | "updated_at" if entity.timestamps => (moment, "Timestamp", "a moment"),
            _ => continue,
        };
        if !fits && field.db_types.is_empty() {
            let message = format!("`{}` holds {why}", field.name);
            let help = format!("write `{}: {wanted}`", field.name);
            scope.findings.error("entity-kept-type", &source.ty, message).help(help);
        }
    }
}

/// The relation that a reference gives.
pub(super) fn belongs_to(name: String, entity: &str, field: &str, nullable: bool) -> Relation {
    Relation {
        name,
        entity: entity.to_string(),
        kind: RelationKind::BelongsTo { field: field.to_string(), nullable },
        ..Relation::default()
    }
}
