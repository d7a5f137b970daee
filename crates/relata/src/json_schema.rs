//! The rule `json_schema(…)`: a column's JSON keeps a JSON Schema.
//!
//! The schema is compiled once, when the first value is checked. Nothing is fetched: references lead inside the schema only.

use std::sync::OnceLock;

use jsonschema::Validator;

use crate::{Json, Value};

/// So many mistakes are told of one value.
const TOLD: usize = 5;

/// A schema as text, and what it was compiled to.
pub struct JsonSchema {
    text: &'static str,
    compiled: OnceLock<Result<Validator, String>>,
}

impl JsonSchema {
    /// A schema; it is read when it is first needed.
    pub const fn new(text: &'static str) -> Self {
        JsonSchema { text, compiled: OnceLock::new() }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// What is wrong with it, or with the schema.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let Value::Json(text) = value else { return Ok(()) };
        let json: Json = serde_json::from_str(text).map_err(|error| match relata_sql::deep::unread(&error) {
            Some(expected) => format!("must be {expected}"),
            None => format!("is no JSON: {error}"),
        })?;
        let validator = match self.compiled.get_or_init(|| compiled(self.text)) {
            Ok(validator) => validator,
            Err(problem) => return Err(format!("has a schema that cannot be used: {problem}")),
        };
        let mistakes = validator.iter_errors(&json).take(TOLD).map(|error| {
            let place = error.instance_path.to_string();
            if place.is_empty() { error.to_string() } else { format!("{place}: {error}") }
        });
        let mistakes: Vec<String> = mistakes.collect();
        if mistakes.is_empty() { Ok(()) } else { Err(format!("does not keep its schema: {}", mistakes.join("; "))) }
    }
}

fn compiled(text: &str) -> Result<Validator, String> {
    let schema: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    jsonschema::validator_for(&schema).map_err(|error| error.to_string())
}
