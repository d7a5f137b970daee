//! Rust source in, declarations out; a schema in, Rust source out.
//!
//! - [`read`]: the one reader of entities. `derive(Entity)` calls it on its input, the command calls it on source files
//!   that nobody compiled; both get the same declaration and the same diagnostics.
//! - [`print`](mod@print): a declaration as Rust source.
//! - [`write`](mod@write): Rust entities for a schema.
//!
//! It deliberately knows no database and decides no names of tables and constraints: that is `relata_schema::lower`.

pub mod print;
pub mod read;
pub mod write;

pub use read::{
    Finding, Reading, RowField, RowStruct, Scalar, ScalarForm, compile_errors, read_derive, read_dir, read_enum,
    read_row, read_scalar, read_source, read_struct,
};
pub use write::{Written, write};
