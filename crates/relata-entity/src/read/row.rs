//! A struct that rows of any query are read into.

use super::attribute::{Attribute, name_of};
use super::finding::Findings;
use super::types;

/// A struct that derives `FromRow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowStruct {
    /// The struct.
    pub name: String,
    /// Its fields, in order.
    pub fields: Vec<RowField>,
}

/// A field of a [`RowStruct`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowField {
    /// The field.
    pub name: String,
    /// What its column is called in SQL of one's own.
    pub column: String,
}

/// Reads a struct. `None`: it has no named fields, and a finding says so.
pub(super) fn read(input: &syn::DeriveInput, findings: &mut Findings) -> Option<RowStruct> {
    let name = name_of(&input.ident);
    let fields = match &input.data {
        syn::Data::Struct(syn::DataStruct { fields: syn::Fields::Named(fields), .. }) if !fields.named.is_empty() => {
            &fields.named
        }
        _ => {
            findings
                .error("row-shape", &input.ident, format!("`{name}` is no struct with named fields"))
                .help("write `struct Name { field: Type, … }`; a tuple needs no derive: `sql::<(i64, String)>(…)`");
            return None;
        }
    };
    if !input.generics.params.is_empty() {
        findings
            .error("row-generic", &input.generics, format!("`{name}` has parameters"))
            .help("a row is read into values that own what they hold: write their types");
        return None;
    }
    let fields = fields.iter().map(|field| {
        let ident = field.ident.as_ref().map(name_of).unwrap_or_default();
        let mut column = ident.clone();
        for attribute in Attribute::all(&field.attrs, &["column"], findings) {
            column = attribute.one_text("\"name\"", findings).unwrap_or(column);
        }
        if let Some((message, help)) = types::read(&field.ty).problem {
            findings.error("entity-type", &field.ty, message).help(help);
        }
        RowField { name: ident, column }
    });
    Some(RowStruct { name, fields: fields.collect() })
}
