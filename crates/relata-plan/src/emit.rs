//! From changes to statements. Each dialect orders its own: what can be altered in place differs too much.

mod filler;
pub(crate) mod mysql;
mod postgres;
mod sqlite;

use relata_schema::change::{Change, Plan};
use relata_schema::{Diagnostic, Dialect, Schema};

use crate::PlanOptions;

/// The statements for `changes`, in an order that works.
pub fn emit(from: &Schema, to: &Schema, changes: &[Change], options: &PlanOptions) -> (Plan, Vec<Diagnostic>) {
    if changes.is_empty() {
        return (Plan { dialect: to.dialect, steps: Vec::new() }, Vec::new());
    }
    let (steps, diagnostics) = match to.dialect {
        Dialect::Sqlite => sqlite::emit(from, to, changes, options),
        Dialect::Postgres => postgres::emit(from, to, changes, options),
        Dialect::Mysql => mysql::emit(from, to, changes, options),
    };
    (Plan { dialect: to.dialect, steps }, diagnostics)
}
