//! `derive(Entity)`, `derive(Enum)`, `derive(Scalar)` and `derive(FromRow)`: the reading of `relata-entity` becomes constant data and straight-line code.
//!
//! Invariants
//! - What is wrong with a declaration is said by the reader, in the words that the command uses, too.
//! - Behaviour is not written here: it is generic code of `relata-runtime`. An entity costs about a hundred lines, a
//!   field five.
//!
//! It never depends on the engine: the code it writes names everything through `::relata::__private`.

mod arc;
mod entity;
mod enumeration;
mod insert;
mod relation;
mod row;
mod rule;
mod scalar;

use proc_macro::TokenStream;
use relata_entity::{Finding, compile_errors};
use syn::DeriveInput;

/// Makes a struct with named fields an entity: a table with typed columns, relations and queries.
#[proc_macro_derive(
    Entity,
    attributes(
        entity,
        primary_key,
        unique,
        index,
        foreign_key,
        exclusive,
        polymorphic,
        belongs_to,
        soft_delete,
        timestamps,
        table_name,
        table,
        check,
        has_many,
        has_one,
        many_to_many,
        id,
        references,
        default,
        column,
        db_type,
        decimal,
        generated,
        collation,
        sortable,
        renamed_from,
        comment,
        on_update,
        nullable,
        not_null,
        max_length,
        relation
    )
)]
pub fn derive_entity(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    let (entity, findings) = relata_entity::read_derive(&input);
    expand(findings, entity.map(|entity| entity::write(&input, &entity)))
}

/// Makes an enum of plain variants a value that a column can hold.
#[proc_macro_derive(Enum, attributes(stored, renamed_from))]
pub fn derive_enum(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    let (declared, findings) = relata_entity::read_enum(&input);
    expand(findings, declared.map(|declared| enumeration::write(&input, &declared)))
}

/// Makes a struct around one value, or one that serde knows, a value that a column can hold.
#[proc_macro_derive(Scalar, attributes(scalar))]
pub fn derive_scalar(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    let (read, findings) = relata_entity::read_scalar(&input);
    expand(findings, read.map(|read| scalar::write(&input, &read)))
}

/// Makes a struct with named fields one that rows are read into: those of SQL by the names of their columns, those of a query
/// by an expression for each field, which a second struct takes: `SelectName { field: expression, … }`.
#[proc_macro_derive(FromRow, attributes(column))]
pub fn derive_from_row(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    let (read, findings) = relata_entity::read_row(&input);
    expand(findings, read.map(|read| row::write(&input, &read)))
}

fn expand(findings: Vec<Finding>, code: Option<proc_macro2::TokenStream>) -> TokenStream {
    let errors = compile_errors(&findings);
    if errors.is_empty() { code.unwrap_or_default().into() } else { errors.into() }
}
