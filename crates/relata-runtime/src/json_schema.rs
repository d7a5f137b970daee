//! The JSON Schema of an entity, put together from what the derive wrote and the enums that its fields hold.

use serde_json::{Value as Json, json};

/// The schema of an entity with the definitions that it refers to.
pub(crate) fn whole(text: &str, enums: &[(&str, &[&str])]) -> Json {
    // The derive wrote it; were it ever unreadable, anything is allowed rather than nothing.
    let mut schema: Json = serde_json::from_str(text).unwrap_or(Json::Bool(true));
    let Json::Object(members) = &mut schema else { return schema };
    members.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    let definitions = enums.iter().filter(|(_, values)| !values.is_empty());
    let definitions: serde_json::Map<String, Json> =
        definitions.map(|(name, values)| ((*name).to_string(), json!({"title": name, "enum": values}))).collect();
    if !definitions.is_empty() {
        members.insert("$defs".into(), Json::Object(definitions));
    }
    schema
}
