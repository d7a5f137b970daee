//! Rust source in, declarations out.
//!
//! - [`read`]: the one reader of entities. `derive(Entity)` calls it on its input, the command calls it on source files
//!   that nobody compiled; both get the same declaration and the same diagnostics.
//!
//! It deliberately knows no database and decides no names: that is `relata_schema::lower`.

pub mod read;

pub use read::{Finding, Reading, compile_errors, read_derive, read_dir, read_enum, read_source, read_struct};
