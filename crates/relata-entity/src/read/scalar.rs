//! A value of one's own: a struct around one value, or one that is kept as JSON.

use relata_schema::types::Type;

use super::attribute::{Attribute, name_of};
use super::finding::Findings;
use super::{SCALAR_ATTRIBUTE, types};

/// A struct that derives `Scalar`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The struct.
    pub name: String,
    /// How it goes into a column.
    pub form: ScalarForm,
    /// The portable type of the column, if what is inside tells.
    pub ty: Option<Type>,
}

/// How a [`Scalar`] goes into a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarForm {
    /// As the value inside.
    Inside,
    /// As the value inside, read by `TryFrom`.
    TryFrom,
    /// As JSON, by serde.
    Json,
}

/// Reads a struct. `None`: it holds no single value, and a finding says so.
pub(super) fn read(input: &syn::DeriveInput, findings: &mut Findings) -> Option<Scalar> {
    let name = name_of(&input.ident);
    let mut form = ScalarForm::Inside;
    for attribute in Attribute::all(&input.attrs, &[SCALAR_ATTRIBUTE], findings) {
        for piece in attribute.pieces() {
            match piece.text().as_str() {
                "json" => form = ScalarForm::Json,
                "try_from" => form = ScalarForm::TryFrom,
                word => {
                    findings.unknown("entity-unknown-option", &piece, "option of `scalar`", word, &["json", "try_from"])
                }
            }
        }
    }
    if form == ScalarForm::Json {
        return Some(Scalar { name, form, ty: Some(Type::Json) });
    }
    let inside = match &input.data {
        syn::Data::Struct(data) => match &data.fields {
            syn::Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
            _ => None,
        },
        _ => None,
    };
    let Some(inside) = inside else {
        findings
            .error("scalar-shape", &input.ident, format!("`{name}` is no struct around one value"))
            .help("write `struct Email(String);`; what serde knows is kept as JSON by `#[scalar(json)]`");
        return None;
    };
    let read = types::read(&inside.ty);
    if read.nullable {
        findings
            .error("scalar-shape", &inside.ty, format!("`{name}` holds an `Option`"))
            .help("hold the plain value, and say `Option<…>` where the field may be NULL");
    } else if let Some((message, help)) = read.problem {
        findings.error("entity-type", &inside.ty, message).help(help);
    }
    Some(Scalar { name, form, ty: read.ty })
}
