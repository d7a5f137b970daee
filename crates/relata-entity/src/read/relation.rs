//! `#[has_many(…)]`, `#[has_one(…)]`, `#[many_to_many(…)]`, `#[foreign_key(…)]` and the options of references.

use proc_macro2::TokenTree;
use relata_schema::declare::{ReferenceDeclaration, Relation, RelationKind};
use relata_schema::model::{Action, Match};

use super::attribute::{Attribute, Piece, text_value};
use super::entity::{Scope, belongs_to};
use super::finding::Findings;

const OPTIONS: &[&str] = &["on_delete", "on_update", "deferrable", "initially_deferred", "match", "name", "relation"];
const ACTIONS: &[(&str, Action)] = &[
    ("cascade", Action::Cascade),
    ("restrict", Action::Restrict),
    ("set_null", Action::SetNull),
    ("set_default", Action::SetDefault),
    ("no_action", Action::NoAction),
];

/// Reads the options of a reference; gives back the name of the relation, if given.
pub(super) fn read_reference_options(
    pieces: &[Piece],
    reference: &mut ReferenceDeclaration,
    findings: &mut Findings,
) -> Option<String> {
    let mut relation = None;
    for piece in pieces {
        match piece.word().as_deref() {
            Some("deferrable") => {
                reference.deferral.deferrable = true;
                continue;
            }
            Some("initially_deferred") => {
                reference.deferral.deferrable = true;
                reference.deferral.initially_deferred = true;
                continue;
            }
            _ => {}
        }
        let Some((name, place, value)) = piece.assignment() else {
            let word = piece.word().unwrap_or_else(|| piece.text());
            findings.unknown("entity-unknown-option", piece, "option of a reference", &word, OPTIONS);
            continue;
        };
        match name.as_str() {
            "on_delete" => reference.on_delete = action(&name, &value, findings).unwrap_or_default(),
            "on_update" => reference.on_update = action(&name, &value, findings).unwrap_or_default(),
            "name" => reference.name = text_value(&name, &value, findings),
            "relation" => match value.word() {
                Some(word) => relation = Some(word),
                None => {
                    findings
                        .error("entity-option-value", &value, "`relation` takes a name without quotation marks")
                        .help("write `relation = author`");
                }
            },
            "match" => match value.word().as_deref() {
                Some("full") => reference.matching = Match::Full,
                Some("simple") => reference.matching = Match::Simple,
                _ => findings.unknown("entity-option-value", &value, "match", &value.text(), &["simple", "full"]),
            },
            _ => findings.unknown("entity-unknown-option", &place, "option of a reference", &name, OPTIONS),
        }
    }
    relation
}

fn action(name: &str, value: &Piece, findings: &mut Findings) -> Option<Action> {
    let word = value.word().unwrap_or_else(|| value.literal().unwrap_or_else(|| value.text()));
    let found = ACTIONS.iter().find(|(known, _)| *known == word && value.literal().is_none());
    if found.is_none() {
        if ACTIONS.iter().any(|(known, _)| *known == word) {
            let message = format!("an action for `{name}` is no text");
            findings.error("entity-action", value, message).help(format!("write `{name} = {word}`"));
            return None;
        }
        let known: Vec<&str> = ACTIONS.iter().map(|(word, _)| *word).collect();
        findings.unknown("entity-action", value, &format!("action for `{name}`"), &word, &known);
    }
    found.map(|(_, action)| *action)
}

/// `#[has_many(comments: Comment.post_id)]` and its siblings; several may stand in one attribute.
pub(super) fn read(attribute: &Attribute, scope: &mut Scope<'_>) {
    let example = match attribute.name.as_str() {
        "has_many" => "#[has_many(comments: Comment.post_id)]",
        "has_one" => "#[has_one(profile: Profile.user_id)]",
        _ => "#[many_to_many(tags: Tag via PostTag)]",
    };
    let pieces = attribute.pieces();
    if pieces.is_empty() {
        scope
            .findings
            .error("entity-relation-form", attribute, format!("`{}` names no relation", attribute.name))
            .help(format!("write `{example}`"));
    }
    for piece in pieces {
        match read_one(&attribute.name, &piece) {
            Some(mut relation) => {
                relation.span = scope.findings.span(&piece);
                scope.relate(relation, &piece);
            }
            None => {
                scope
                    .findings
                    .error("entity-relation-form", &piece, format!("`{}` is no relation", piece.text()))
                    .help(format!("write `{example}`: name, entity, and where the foreign key is"));
            }
        }
    }
}

fn read_one(kind: &str, piece: &Piece) -> Option<Relation> {
    let (name, target) = piece.cut_at(":")?;
    let name = name.word()?;
    if kind == "many_to_many" {
        let (entity, junction) = target.cut_at_word("via")?;
        let (junction, fields) = junction.trailing_group();
        let fields = match fields {
            Some(fields) => Piece::cut(fields).iter().map(Piece::word).collect::<Option<Vec<_>>>()?,
            None => Vec::new(),
        };
        let mut fields = fields.into_iter();
        let (near, far, rest) = (fields.next(), fields.next(), fields.next());
        if rest.is_some() || (near.is_some() && far.is_none()) {
            return None;
        }
        let kind = RelationKind::ManyToMany { via: junction.path()?, near, far };
        return Some(Relation { name, entity: entity.path()?, kind, ..Relation::default() });
    }
    let (target, only) = match target.cut_at_word("when") {
        Some((target, condition)) => {
            let (field, _, value) = condition.assignment()?;
            (target, Some((field, value.literal()?)))
        }
        None => (target, None),
    };
    let (entity, field) = target.cut_at(".")?;
    let field = match field.trailing_group() {
        (head, Some(fields)) if head.tokens.is_empty() => {
            Piece::cut(fields).iter().map(Piece::word).collect::<Option<Vec<_>>>()?.join(", ")
        }
        _ => field.word()?,
    };
    let kind = match kind {
        "has_one" => RelationKind::HasOne { field },
        _ => RelationKind::HasMany { field },
    };
    Some(Relation { name, entity: entity.path()?, kind, only, ..Relation::default() })
}

/// `#[foreign_key(a, b => Other(c, d), on_delete = cascade)]`.
pub(super) fn read_foreign_key(attribute: &Attribute, scope: &mut Scope<'_>) {
    let pieces = attribute.pieces();
    let Some(arrow) = pieces.iter().position(|piece| piece.cut_at("=>").is_some()) else {
        form_error(attribute, scope);
        return;
    };
    let Some((last, target)) = pieces[arrow].cut_at("=>") else { return };
    let mut reference =
        ReferenceDeclaration { span: scope.findings.span(attribute), ..ReferenceDeclaration::default() };
    for piece in pieces[..arrow].iter().chain([&last]) {
        match scope.field(piece) {
            Some(field) => reference.fields.push(field),
            None => return,
        }
    }
    let (entity, referenced) = target.trailing_group();
    let Some(entity) = entity.path() else { return form_error(attribute, scope) };
    reference.entity = entity;
    if let Some(referenced) = referenced {
        let words: Option<Vec<String>> = Piece::cut(referenced).iter().map(Piece::word).collect();
        match words {
            Some(words) => reference.referenced_fields = words,
            None => return form_error(attribute, scope),
        }
    }
    let (here, there) = (reference.fields.len(), reference.referenced_fields.len());
    if there != 0 && here != there {
        let message = format!("{here} fields here refer to {there} fields of `{}`", reference.entity);
        scope.findings.error("entity-foreign-key-length", attribute, message).help("name as many on both sides");
        return;
    }
    let given = read_reference_options(&pieces[arrow + 1..], &mut reference, scope.findings);
    if let Some(name) = given {
        let nullable = |name: &String| scope.entity.field(name).is_some_and(|field| field.nullable);
        let nullable = reference.fields.iter().any(nullable);
        let mut relation = belongs_to(name, &reference.entity, &reference.fields.join(", "), nullable);
        relation.span = reference.span.clone();
        scope.relate(relation, attribute);
    }
    scope.entity.foreign_keys.push(reference);
}

fn form_error(attribute: &Attribute, scope: &mut Scope<'_>) {
    let arrow = attribute.pieces().iter().any(|piece| {
        piece.tokens.iter().any(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '>'))
    });
    let message = if arrow { "the entity after `=>` is not readable" } else { "`foreign_key` lacks `=> Other(…)`" };
    scope
        .findings
        .error("entity-foreign-key-form", attribute, message)
        .help("write `#[foreign_key(order_id, line => OrderLine(order_id, line))]`");
}
