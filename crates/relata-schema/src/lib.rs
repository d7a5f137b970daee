//! The vocabulary of relata: what a schema is, as plain data.
//!
//! Pure by construction: no dependencies, no IO, no clock, no environment. Everything here can be compared,
//! hashed, printed and read back; nothing here can fail for a reason outside its arguments.
//!
//! - [`model`]: a schema as one database server reports it (tables, keys, views, routines, …).
//! - [`types`]: the portable types, and how a column holds both the portable and the exact physical type.
//! - [`declare`]: what a person declared (entities, fields, relations), before [`lower`] decides names and types.
//! - [`rule`]: rules on values, as each database checks them; [`json_schema`]: entities for other programs to check.
//! - [`naming`]: the conventions by which Rust names become database names, and back.
//! - [`change`]: changes, steps and plans as data.
//! - [`lock`]: the deterministic text form `schema.lock`.
//! - [`json`], [`mermaid`]: a schema for other programs, and as a picture.
//! - [`translate`]: a schema of one dialect as a schema of another.
//! - [`tree`]: the neutral tree that lock and JSON are printed from.
//! - [`script`]: cutting SQL scripts into statements; [`sql`]: what each of them does.
//! - [`dialect`]: facts and printers of each database.

pub mod change;
pub mod declare;
pub mod diagnostic;
pub mod dialect;
pub mod digest;
pub mod inline;
pub mod json;
pub mod json_schema;
pub mod lock;
pub mod lower;
pub mod mermaid;
pub mod model;
pub mod naming;
pub mod rule;
pub mod script;
pub mod sql;
pub mod statistics;
pub mod translate;
pub mod tree;
pub mod types;

pub use diagnostic::{Diagnostic, Severity, Span};
pub use dialect::Dialect;
pub use model::Schema;
pub use types::{ColumnType, Type};
