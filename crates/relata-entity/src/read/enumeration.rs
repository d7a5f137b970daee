//! An enum of plain variants that is stored.

use relata_schema::declare::EnumDeclaration;
use relata_schema::naming;

use super::attribute::{Attribute, doc, name_of, text_value};
use super::finding::Findings;
use super::{ENUM_ATTRIBUTE, RENAMED_ATTRIBUTE};

/// Reads an enum. `None`: it has no variants, or one with fields.
pub(super) fn read(input: &syn::DeriveInput, findings: &mut Findings) -> Option<EnumDeclaration> {
    let name = name_of(&input.ident);
    let syn::Data::Enum(data) = &input.data else {
        findings
            .error("enum-shape", &input.ident, format!("`{name}` is no enum"))
            .help("derive `Enum` on an enum of plain variants; derive `Entity` on a struct that is a table");
        return None;
    };
    if data.variants.is_empty() {
        findings
            .error("enum-shape", &input.ident, format!("the enum `{name}` has no variants"))
            .help("a stored enum has at least one value");
        return None;
    }
    let span = findings.span(&input.ident);
    let mut declaration = EnumDeclaration { name, doc: doc(&input.attrs), span, ..EnumDeclaration::default() };
    for attribute in Attribute::all(&input.attrs, &[ENUM_ATTRIBUTE], findings) {
        for piece in attribute.pieces() {
            match piece.assignment() {
                Some((word, _, value)) if word == "name" => {
                    declaration.database_name = text_value(&word, &value, findings);
                }
                Some((word, _, value)) if word == "schema" => {
                    declaration.namespace = text_value(&word, &value, findings);
                }
                assignment => {
                    let word = assignment.map_or_else(|| piece.text(), |(word, ..)| word);
                    findings.unknown("entity-unknown-option", &piece, "option of `stored`", &word, &["name", "schema"]);
                }
            }
        }
    }
    let renamed = Attribute::all(&input.attrs, &[RENAMED_ATTRIBUTE], findings);
    declaration.renamed_from = renamed.iter().filter_map(|one| one.one_text("\"old_name\"", findings)).next_back();
    for variant in &data.variants {
        read_variant(variant, &mut declaration, findings);
    }
    Some(declaration)
}

fn read_variant(variant: &syn::Variant, declaration: &mut EnumDeclaration, findings: &mut Findings) {
    let name = name_of(&variant.ident);
    if !matches!(variant.fields, syn::Fields::Unit) {
        findings
            .error("enum-shape", &variant.fields, format!("the variant `{name}` has fields"))
            .help("a stored enum is one word a row: keep the fields in a struct of their own, or in a Json column");
    }
    let given = Attribute::all(&variant.attrs, &[ENUM_ATTRIBUTE], findings)
        .iter()
        .filter_map(|attribute| attribute.one_text("\"value\"", findings))
        .last();
    let value = given.unwrap_or_else(|| naming::snake(&name));
    if declaration.values.iter().any(|(_, known)| *known == value) {
        findings
            .error("enum-value-twice", &variant.ident, format!("two variants are stored as '{value}'"))
            .help("give one of them another value: `#[stored(\"…\")]`");
    }
    let renamed = Attribute::all(&variant.attrs, &[RENAMED_ATTRIBUTE], findings);
    let old = renamed.iter().filter_map(|attribute| attribute.one_text("\"old_value\"", findings));
    declaration.renamed.extend(old.map(|old| (old, value.clone())));
    declaration.values.push((name, value));
}
