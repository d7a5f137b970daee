//! References to one of several entities: `#[exclusive(…)]` with a foreign key for each, `#[polymorphic(…)]` as a type and a
//! key, for databases that are so.

use relata_schema::declare::{Arc, ArcKind, simple_name};
use relata_schema::naming;

use super::attribute::{Attribute, Piece};
use super::entity::{Scope, belongs_to};

const EXCLUSIVE: &str = "write `#[exclusive(subject: post_id, photo_id)]`: a name, then fields that are references";
const POLYMORPHIC: &str = "write `#[polymorphic(subject: subject_type, subject_id, Post, Photo = \"photo\")]`: a name, the two fields, the entities";

/// Reads one reference to one of several entities.
pub(super) fn read(attribute: &Attribute, scope: &mut Scope<'_>) {
    let exclusive = attribute.name == "exclusive";
    let pieces = attribute.pieces();
    let form = if exclusive { EXCLUSIVE } else { POLYMORPHIC };
    let named =
        pieces.first().and_then(|first| first.cut_at(":")).and_then(|(name, first)| Some((name.word()?, first)));
    let Some((name, first)) = named else {
        scope.findings.error("entity-arc-form", attribute, format!("`{}` has no name", attribute.name)).help(form);
        return;
    };
    let rest = &pieces[1..];
    let found = scope.findings.list.len();
    let kind = if exclusive { read_exclusive(&first, rest, scope) } else { read_typed(&first, rest, scope) };
    match kind {
        Some(kind) if scope.entity.field(&name).is_none() => {
            let span = scope.findings.span(attribute);
            scope.entity.arcs.push(Arc { name, kind, span });
        }
        Some(_) => {
            scope
                .findings
                .error("entity-arc-form", attribute, format!("`{name}` is the name of a field, too"))
                .help("give the reference another name");
        }
        None if scope.findings.list.len() > found => {}
        None => {
            scope
                .findings
                .error("entity-arc-form", attribute, format!("`{}` cannot be read", attribute.name))
                .help(form);
        }
    }
}

fn read_exclusive(first: &Piece, rest: &[Piece], scope: &mut Scope<'_>) -> Option<ArcKind> {
    let mut fields = Vec::new();
    for piece in [first].into_iter().chain(rest) {
        let name = scope.field(piece)?;
        let field = scope.entity.field(&name)?;
        if field.references.is_none() || !field.nullable {
            scope
                .findings
                .error("entity-arc-field", piece, format!("`{name}` is no reference that may be NULL"))
                .help(format!("write `#[references(Other)] {name}: Option<Id<Other>>`: all but one are NULL"));
            return None;
        }
        fields.push(name);
    }
    (fields.len() > 1).then_some(ArcKind::Exclusive(fields))
}

fn read_typed(first: &Piece, rest: &[Piece], scope: &mut Scope<'_>) -> Option<ArcKind> {
    let type_field = scope.field(first)?;
    let (second, targets) = rest.split_first()?;
    let id_field = scope.field(second)?;
    let mut entities = Vec::new();
    for piece in targets {
        let (entity, value) = match piece.cut_at("=") {
            Some((entity, value)) => (entity.path()?, value.literal()?),
            None => {
                let path = piece.path()?;
                let value = simple_name(&path).to_string();
                (path, value)
            }
        };
        let name = naming::snake(simple_name(&entity));
        let mut relation = belongs_to(name, &entity, &id_field, true);
        relation.only = Some((type_field.clone(), value.clone()));
        relation.span = scope.findings.span(piece);
        scope.relate(relation, piece);
        entities.push((entity, value));
    }
    (!entities.is_empty()).then_some(ArcKind::Typed { type_field, id_field, entities })
}
