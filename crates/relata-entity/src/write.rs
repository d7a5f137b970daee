//! Writes Rust entities for a schema, of any dialect.
//!
//! What is written compiles, and when it is read and lowered for the same dialect it gives back the schema as far as
//! entities can say it. What they cannot say (the query of a view, routines, triggers, grants, …) is reported, object by
//! object, as notes, and stands at the head of the source. A view becomes an entity without key that is only read.
//!
//! The way: names first, then fields with the types that Rust has for them, then keys and relations. Then the result is
//! lowered, and wherever the outcome differs, the entity says more: the exact type, the default as SQL. What still
//! differs after that is reported.

mod enums;
mod keys;
mod names;
mod relations;
mod report;
mod settle;
mod tables;
mod types;

use relata_schema::declare::Declaration;
use relata_schema::diagnostic::Diagnostic;
use relata_schema::lower::sayable;
use relata_schema::model::Schema;

use crate::print;
use names::Names;

/// Entities for a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// One Rust source file.
    pub source: String,
    /// The same as data.
    pub declaration: Declaration,
    /// What entities cannot say.
    pub diagnostics: Vec<Diagnostic>,
}

/// Writes entities for all tables of a schema.
///
/// ```
/// use relata_schema::{Dialect, Schema};
/// let written = relata_entity::write(&Schema::new(Dialect::Sqlite));
/// assert!(written.source.contains("use relata::prelude::*;"));
/// ```
pub fn write(schema: &Schema) -> Written {
    let names = Names::assign(schema);
    let mut diagnostics = Vec::new();
    let mut declaration = Declaration::default();
    for table in schema.tables.iter().filter(|table| sayable::table(schema, table)) {
        declaration.entities.push(tables::entity(schema, table, &names, &mut diagnostics));
    }
    for view in schema.views.iter().filter(|view| !view.columns.is_empty()) {
        declaration.entities.push(tables::view(schema, view, &names, &mut diagnostics));
    }
    declaration.enums = enums::declarations(schema, &names);
    relations::add(schema, &names, &mut declaration);
    settle::settle(schema, &mut declaration);
    diagnostics.extend(report::report(schema, &declaration));
    let source = source(&declaration, &diagnostics);
    Written { source, declaration, diagnostics }
}

fn source(declaration: &Declaration, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::from("//! Entities, written by relata from a database.\n");
    if !diagnostics.is_empty() {
        out.push_str("//!\n//! What the database has beyond them:\n");
    }
    for diagnostic in diagnostics {
        let message = diagnostic.message.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push_str(&format!("//! - {message}\n"));
    }
    out.push_str("\nuse relata::prelude::*;\n\n");
    out.push_str(&print::declaration(declaration));
    out
}
