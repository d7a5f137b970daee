//! Reads structs and enums with relata attributes into declarations.
//!
//! Invariants
//! - Every diagnostic is collected; reading goes on after each of them, in the same attribute too.
//! - `entity.fields` has the fields of the struct, all of them, in their order, also when some have errors.
//! - Nothing here resolves names beyond one struct: whether an entity exists is decided by `relata_schema::lower`.
//!
//! It deliberately does not expand macros or follow `cfg`: what the text says is what is read.

mod arc;
mod attribute;
mod condition;
mod entity;
mod enumeration;
mod field;
mod finding;
mod index;
mod relation;
mod row;
mod rule;
mod scalar;
mod source;
mod types;

use relata_schema::declare::{Declaration, Entity, EnumDeclaration};
use relata_schema::diagnostic::{Diagnostic, Severity};

pub use finding::{Finding, compile_errors};
pub use row::{RowField, RowStruct};
pub use scalar::{Scalar, ScalarForm};
pub use source::{read_dir, read_source};

use finding::Findings;

/// The attributes that `derive(Entity)` owns on the struct.
pub const ENTITY_ATTRIBUTES: &[&str] = &[
    "entity",
    "primary_key",
    "unique",
    "index",
    "foreign_key",
    "check",
    "has_many",
    "has_one",
    "many_to_many",
    "exclusive",
    "polymorphic",
    "belongs_to",
    "soft_delete",
    "timestamps",
    "table_name",
    "table",
];

/// The attributes that `derive(Entity)` owns on fields.
pub const FIELD_ATTRIBUTES: &[&str] = &[
    "id",
    "references",
    "check",
    "unique",
    "index",
    "default",
    "column",
    "db_type",
    "decimal",
    "generated",
    "collation",
    "sortable",
    "renamed_from",
    "comment",
    "on_update",
    "primary_key",
    "nullable",
    "not_null",
    "max_length",
    "relation",
];

/// Those of fields that nobody else's derive has on a struct.
const OF_FIELDS_ALONE: &[&str] = &["id", "references", "decimal", "db_type", "generated", "sortable"];

/// The attribute that `derive(Enum)` owns, on the enum and on its variants.
pub const ENUM_ATTRIBUTE: &str = "stored";

/// The attribute of `derive(Enum)` that says what a variant was stored as before.
pub const RENAMED_ATTRIBUTE: &str = "renamed_from";

/// The attribute that `derive(Scalar)` owns.
pub const SCALAR_ATTRIBUTE: &str = "scalar";

/// What was read from source text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What is declared.
    pub declaration: Declaration,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    /// Values of one's own. The fields that hold them have the type of what is inside.
    pub scalars: Vec<Scalar>,
}

impl Reading {
    /// Gives the fields that hold scalars their types.
    fn settle_scalars(&mut self) {
        let scalars = &self.scalars;
        let of = |name: &str| {
            let name = relata_schema::declare::simple_name(name);
            scalars.iter().find(|scalar| scalar.name == name).and_then(|scalar| scalar.ty.clone())
        };
        let fields = self.declaration.entities.iter_mut().flat_map(|entity| &mut entity.fields);
        for field in fields.filter(|field| field.ty.is_none()) {
            field.ty = match relata_schema::declare::element(&field.rust_type) {
                Some((element, _)) => of(element).map(|ty| relata_schema::types::Type::Array(Box::new(ty))),
                None => of(&field.rust_type),
            };
        }
    }

    /// Whether any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads the input of `derive(Entity)`. `None`: it is no struct with named fields, and a finding says so.
pub fn read_derive(input: &syn::DeriveInput) -> (Option<Entity>, Vec<Finding>) {
    let mut findings = Findings::new("");
    let entity = entity::read(input, &mut findings);
    (entity, findings.into_list())
}

/// Reads a struct that derives `Entity`.
pub fn read_struct(item: &syn::ItemStruct) -> (Option<Entity>, Vec<Finding>) {
    read_derive(&item.clone().into())
}

/// Reads the input of `derive(Scalar)`. `None`: it holds no single value, and a finding says so.
pub fn read_scalar(input: &syn::DeriveInput) -> (Option<Scalar>, Vec<Finding>) {
    let mut findings = Findings::new("");
    let scalar = scalar::read(input, &mut findings);
    (scalar, findings.into_list())
}

/// Reads the input of `derive(FromRow)`. `None`: it is no struct with named fields, and a finding says so.
pub fn read_row(input: &syn::DeriveInput) -> (Option<RowStruct>, Vec<Finding>) {
    let mut findings = Findings::new("");
    let row = row::read(input, &mut findings);
    (row, findings.into_list())
}

/// Reads the input of `derive(Enum)`. `None`: it is no enum of plain variants, and a finding says so.
pub fn read_enum(input: &syn::DeriveInput) -> (Option<EnumDeclaration>, Vec<Finding>) {
    let mut findings = Findings::new("");
    let declaration = enumeration::read(input, &mut findings);
    (declaration, findings.into_list())
}
