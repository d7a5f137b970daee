//! `#[index(…)]` and `#[unique(…)]` on the struct.

use proc_macro2::TokenTree;
use relata_schema::declare::{IndexDeclaration, IndexPartDeclaration};
use relata_schema::model::NullsOrder;

use super::attribute::{Attribute, Piece, name_of, text_value};
use super::entity::Scope;

const OPTIONS: &[&str] =
    &["name", "where", "method", "include", "unique", "nulls_not_distinct", "deferrable", "initially_deferred"];
const MODIFIERS: &[&str] = &["desc", "asc", "nulls first", "nulls last", "ops", "collate", "prefix"];

/// Reads the attribute into the entity.
pub(super) fn read(attribute: &Attribute, scope: &mut Scope<'_>) {
    let unique = attribute.name == "unique";
    let span = scope.findings.span(attribute);
    let mut index = IndexDeclaration { unique, constraint: unique, span, ..IndexDeclaration::default() };
    for piece in attribute.pieces() {
        let first_is_field =
            piece.word().is_some_and(|word| scope.entity.field(&word).is_some() || !OPTIONS.contains(&word.as_str()));
        if first_is_field || (piece.assignment().is_none() && piece.call().is_none() && piece.word().is_none()) {
            index.parts.extend(read_part(&piece, scope));
        } else {
            read_option(&piece, &mut index, scope);
        }
    }
    if attribute.pieces().is_empty() {
        scope
            .findings
            .error("entity-attribute-form", attribute, format!("`{}` names no field", attribute.name))
            .help(format!("write `#[{}(first, second)]`, or put `#[{}]` on the field", attribute.name, attribute.name));
        return;
    }
    let plain = index.predicate.is_none() && index.method.is_none() && index.parts.iter().all(is_plain);
    if unique && !plain {
        scope
            .findings
            .error("entity-unique-form", attribute, "a unique constraint is over plain fields of all rows")
            .help("write it as an index: `#[index(…, unique)]`");
        return;
    }
    scope.entity.indexes.push(index);
}

fn is_plain(part: &IndexPartDeclaration) -> bool {
    IndexPartDeclaration { field: String::new(), length: None, ..part.clone() } == IndexPartDeclaration::default()
}

/// Reads `name = "…"`, `where = "…"`, `include(…)` and the like.
pub(super) fn read_option(piece: &Piece, index: &mut IndexDeclaration, scope: &mut Scope<'_>) {
    if let Some((name, place, value)) = piece.assignment() {
        match name.as_str() {
            "name" => index.name = text_value(&name, &value, scope.findings),
            "where" => index.predicate = text_value(&name, &value, scope.findings),
            "method" => index.method = text_value(&name, &value, scope.findings),
            _ => scope.findings.unknown("entity-unknown-option", &place, "option of an index", &name, OPTIONS),
        }
        return;
    }
    if let Some((name, place, arguments)) = piece.call() {
        if name == "include" {
            index.include = Piece::cut(arguments).iter().filter_map(|piece| scope.field(piece)).collect();
        } else {
            scope.findings.unknown("entity-unknown-option", &place, "option of an index", &name, OPTIONS);
        }
        return;
    }
    match piece.word().as_deref() {
        Some("unique") => index.unique = true,
        Some("nulls_not_distinct") => index.nulls_not_distinct = true,
        Some("deferrable") => index.deferral.deferrable = true,
        Some("initially_deferred") => {
            index.deferral.deferrable = true;
            index.deferral.initially_deferred = true;
        }
        word => {
            let word = word.map_or_else(|| piece.text(), str::to_string);
            scope.findings.unknown("entity-unknown-option", piece, "option of an index", &word, OPTIONS);
        }
    }
}

/// `field`, `"sql"`, then modifiers: `desc`, `nulls last`, `ops("…")`, `collate("…")`, `prefix(10)`.
pub(super) fn read_part(piece: &Piece, scope: &mut Scope<'_>) -> Option<IndexPartDeclaration> {
    let (first, rest) = piece.tokens.split_first()?;
    let head = Piece { tokens: vec![first.clone()] };
    let mut part = IndexPartDeclaration::default();
    match head.literal() {
        Some(sql) => part.expression = Some(sql),
        None => part.field = scope.field(&head)?,
    }
    let mut rest = rest.to_vec();
    rest.reverse();
    while let Some(token) = rest.pop() {
        let place = Piece { tokens: vec![token.clone()] };
        let word = place.word().unwrap_or_else(|| place.text());
        let group = match rest.last() {
            Some(TokenTree::Group(group)) => Some(Piece { tokens: group.stream().into_iter().collect() }),
            _ => None,
        };
        if group.is_some() {
            rest.pop();
        }
        match (word.as_str(), group) {
            ("asc", None) => {}
            ("desc", None) => part.descending = true,
            ("nulls", None) => match rest.pop() {
                Some(TokenTree::Ident(ident)) if name_of(&ident) == "first" => part.nulls = NullsOrder::First,
                Some(TokenTree::Ident(ident)) if name_of(&ident) == "last" => part.nulls = NullsOrder::Last,
                _ => scope.findings.unknown("entity-index-modifier", &place, "order", "nulls", MODIFIERS),
            },
            ("ops", Some(value)) => part.operator_class = text_value("ops", &value, scope.findings),
            ("collate", Some(value)) => part.collation = text_value("collate", &value, scope.findings),
            ("prefix", Some(value)) if value.number::<u32>().is_some() => part.length = value.number(),
            _ => {
                scope.findings.unknown("entity-index-modifier", &place, "order", &word, MODIFIERS);
                return None;
            }
        }
    }
    Some(part)
}
