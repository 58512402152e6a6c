//! Schemas in responses, and their ids.

use std::collections::HashMap;

use schema_registry_converter::schema_registry_common::RawRegisteredSchema;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::json::{number, parse_json};
use super::one_line;

/// The version of a reference to the newest version of its subject. Versions count from 1.
pub(crate) const LATEST: u32 = 0;

pub(super) const LARGEST_ID: u32 = i32::MAX.unsigned_abs();

/// A stored schema, by id or by subject and version. It must have its text.
pub(crate) fn parse_schema(body: &[u8]) -> Option<RawRegisteredSchema> {
    normalize(body).filter(|stored| stored.schema.is_some())
}

/// A schema that was registered or looked up by its text. It must have an id.
pub(crate) fn parse_registration(body: &[u8]) -> Option<RawRegisteredSchema> {
    normalize(body).filter(|found| found.id.is_some())
}

/// The id of a newly registered schema.
pub(crate) fn parse_id(body: &[u8]) -> Option<u32> {
    parse_registration(body)?.id
}

/// What we need of a schema: its text, type, id, version and references.
fn normalize(body: &[u8]) -> Option<RawRegisteredSchema> {
    // As raw values: a field that nobody needs may hold anything, and may stand there twice.
    let fields: HashMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let field = |name: &str| -> Value {
        let value = fields.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok());
        value.unwrap_or_default()
    };
    let schema_type = field("schemaType");
    // Registries omit the type for Avro.
    let schema_type = schema_type.as_str().filter(|name| !name.is_empty());
    let references = match field("references") {
        Value::Array(references) => references.iter().map(normalize_reference).collect(),
        _ => Vec::new(),
    };
    let mut normalized = Map::new();
    normalized.insert("id".to_owned(), id(&field("id")).into());
    normalized.insert("version".to_owned(), number(&field("version")).into());
    normalized.insert("schemaType".to_owned(), schema_type.map(str::to_ascii_uppercase).into());
    normalized.insert("references".to_owned(), references.into());
    normalized.insert(
        "schema".to_owned(),
        Some(field("schema")).filter(Value::is_string).into(),
    );
    serde_json::from_value(Value::Object(normalized)).ok()
}

/// What we need of a reference. One without a subject is kept: the schema is incomplete without it.
fn normalize_reference(reference: &Value) -> Value {
    let subject = reference["subject"].as_str().unwrap_or_default();
    // "latest", -1 and a missing version mean the same.
    let version = number(&reference["version"]).unwrap_or(LATEST);
    json!({"name": "", "subject": subject, "version": version})
}

/// A schema id: a positive signed 32-bit number.
fn id(value: &Value) -> Option<u32> {
    number(value).filter(|id| (1..=LARGEST_ID).contains(id))
}

/// The number that a response gives as an id but that cannot be one.
pub(super) fn invalid_id(body: &[u8]) -> Option<String> {
    let body: Value = parse_json(body)?;
    let given = match &body["id"] {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.trim().parse::<f64>().is_ok() => one_line(text),
        _ => return None,
    };
    id(&body["id"]).is_none().then_some(given)
}
