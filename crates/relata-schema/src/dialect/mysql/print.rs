//! The DDL of MariaDB and MySQL.

use crate::model::Schema;

/// Every statement that creates the schema, in an order that works.
pub fn create_all(_schema: &Schema) -> Vec<String> {
    Vec::new()
}

/// Whether a statement contains semicolons of its own (a routine or trigger body).
pub fn is_compound(statement: &str) -> bool {
    statement.contains(';')
}
