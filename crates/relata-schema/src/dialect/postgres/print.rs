//! The DDL of PostgreSQL.

use crate::model::Schema;

/// Every statement that creates the schema, in an order that works.
pub fn create_all(_schema: &Schema) -> Vec<String> {
    Vec::new()
}
