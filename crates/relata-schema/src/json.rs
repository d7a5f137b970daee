//! A schema as JSON, for people and other programs.
//!
//! The fields are those of [`crate::model`], in their order; a field that has its default value is left out.

use crate::model::Schema;
use crate::tree::{Node, Tree};

/// Indented JSON with a final newline.
pub fn write(schema: &Schema) -> String {
    let mut fields = vec![("dialect".to_string(), schema.dialect.to_tree())];
    if let Tree::Map(rest) = schema.to_tree() {
        fields.extend(rest.into_iter().filter(|(name, _)| name != "dialect"));
    }
    Tree::Map(fields).to_json_pretty() + "\n"
}

/// Reads back what [`write()`] wrote.
///
/// # Errors
/// When the text is no such JSON; the message names the field.
pub fn read(text: &str) -> Result<Schema, crate::tree::TreeError> {
    Schema::from_tree(&Tree::parse(text)?)
}
