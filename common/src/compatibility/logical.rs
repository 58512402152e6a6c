//! Logical types: which one a schema has, and which ones Avro ignores; after Avro 1.12,
//! [Logical Types](https://avro.apache.org/docs/1.12.0/specification/#logical-types). Whether one may change is never
//! decided here.

use apache_avro::Schema;
use apache_avro::schema::DecimalSchema;
use serde_json::{Map, Value};

use super::reason::{Reason, field_path, items_path, values_path};

/// The logical type, in the specification's words, with what it depends on; `None` for a plain type.
pub(super) fn logical_type(schema: &Schema) -> Option<String> {
    let name = match schema {
        Schema::Decimal(DecimalSchema { precision, scale, .. }) => {
            return Some(format!("decimal({precision}, {scale})"));
        }
        Schema::BigDecimal => "big-decimal",
        Schema::Uuid(_) => "uuid",
        Schema::Date => "date",
        Schema::TimeMillis => "time-millis",
        Schema::TimeMicros => "time-micros",
        Schema::TimestampMillis => "timestamp-millis",
        Schema::TimestampMicros => "timestamp-micros",
        Schema::TimestampNanos => "timestamp-nanos",
        Schema::LocalTimestampMillis => "local-timestamp-millis",
        Schema::LocalTimestampMicros => "local-timestamp-micros",
        Schema::LocalTimestampNanos => "local-timestamp-nanos",
        Schema::Duration(_) => "duration",
        _ => return None,
    };
    Some(name.to_owned())
}

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
                && !applies(schema, attributes)
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

/// Whether apache-avro, parsing this type alone, sees a logical type.
fn applies(schema: &Value, attributes: &Map<String, Value>) -> bool {
    let of_a_primitive_or_fixed = matches!(
        attributes.get("type").and_then(Value::as_str),
        Some("int" | "long" | "bytes" | "string" | "fixed")
    );
    of_a_primitive_or_fixed
        && Schema::parse(schema).is_ok_and(|parsed| {
            logical_type(&parsed).is_some_and(|it| {
                // "decimal(9, 2)" is "decimal".
                it.split('(').next() == attributes["logicalType"].as_str()
            })
        })
}
