//! Logical types that Avro ignores; after Avro 1.12,
//! [Logical Types](https://avro.apache.org/docs/1.12.0/specification/#logical-types). Whether one may change is never
//! decided here.

use serde_json::{Map, Value};

use super::reason::{Reason, field_path, items_path, values_path};
use crate::schema::{Kind, Logical};

/// Every `logicalType` in the text of a valid schema that says nothing: an unknown name, or one that its type cannot
/// have. "Language implementations must ignore unknown logical types when reading, and should use the underlying Avro
/// type."
pub(super) fn ignored(schema: &Value) -> Vec<Reason> {
    let mut found = Vec::new();
    look(schema, "", &mut found);
    found
}

fn look(schema: &Value, path: &str, found: &mut Vec<Reason>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| look(branch, path, found)),
        Value::Object(attributes) => {
            if let Some(name) = attributes.get("logicalType")
                && !applies(attributes)
            {
                let text = format!("the logical type {name} is unknown, or not one that its type can have");
                found.push(Reason::new("LOGICAL_TYPE_IGNORED", path, text));
            }
            look_inside(attributes, path, found);
        }
        _ => {}
    }
}

fn look_inside(attributes: &Map<String, Value>, path: &str, found: &mut Vec<Reason>) {
    if let Some(inner) = attributes.get("type") {
        look(inner, path, found);
    }
    if let Some(items) = attributes.get("items") {
        look(items, &items_path(path), found);
    }
    if let Some(values) = attributes.get("values") {
        look(values, &values_path(path), found);
    }
    for field in attributes.get("fields").and_then(Value::as_array).into_iter().flatten() {
        let path = field_path(path, field["name"].as_str().unwrap_or_default());
        if let Some(name) = field.get("logicalType") {
            let text = format!("the logical type {name} stands beside the field's type; it belongs inside it");
            found.push(Reason::new("LOGICAL_TYPE_IGNORED", &path, text));
        }
        look(&field["type"], &path, found);
    }
}

/// Whether the type has the meaning that it says.
fn applies(attributes: &Map<String, Value>) -> bool {
    let kind = match attributes.get("type").and_then(Value::as_str) {
        Some("int") => Kind::Int,
        Some("long") => Kind::Long,
        Some("bytes") => Kind::Bytes,
        Some("string") => Kind::String,
        Some("fixed") => match attributes["size"].as_u64().and_then(|size| usize::try_from(size).ok()) {
            Some(size) => Kind::Fixed(size),
            None => return false,
        },
        _ => return false,
    };
    Logical::of(attributes, &kind).is_some()
}
