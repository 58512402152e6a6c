//! When two texts are the same schema: the normal form of an Avro schema, in which everything without meaning (white
//! space, the order of attributes, where a namespace is written, `{"type": "string"}` for `"string"`) is written in one
//! way. Documentation, defaults, aliases and unknown attributes have meaning and stay.
//!
//! Pure. The text need not be a valid schema; `schema` validates it.

use serde_json::{Map, Value};

const PRIMITIVES: [&str; 8] = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];

/// The normal form of a schema. Equal normal forms, same schema.
///
/// Confluent's registry compares it when asked to normalize; this one always does.
pub fn normal_form(schema: &Value) -> Value {
    type_in(schema, "")
}

/// The text without the white space between its tokens. It must be JSON.
pub fn minified(json: &str) -> String {
    let mut minified = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = c == '\\' && !escaped;
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        minified.push(c);
    }
    minified
}

/// A type written inside `namespace`.
fn type_in(schema: &Value, namespace: &str) -> Value {
    match schema {
        Value::String(name) => Value::String(full_name(name, namespace)),
        Value::Array(branches) => branches.iter().map(|branch| type_in(branch, namespace)).collect(),
        Value::Object(attributes) => object_in(attributes, namespace),
        other => other.clone(),
    }
}

fn object_in(attributes: &Map<String, Value>, namespace: &str) -> Value {
    match attributes.get("type") {
        Some(Value::String(kind)) if matches!(kind.as_str(), "record" | "error" | "enum" | "fixed") => {
            named_in(attributes, namespace)
        }
        Some(Value::String(kind)) if matches!(kind.as_str(), "array" | "map") => {
            sorted_with(attributes, |key, value| {
                Some(if matches!(key, "items" | "values") {
                    type_in(value, namespace)
                } else {
                    sorted(value)
                })
            })
        }
        Some(inner) if attributes.len() == 1 => type_in(inner, namespace),
        _ => sorted_with(attributes, |key, value| {
            Some(if key == "type" {
                type_in(value, namespace)
            } else {
                sorted(value)
            })
        }),
    }
}

/// A record, enum or fixed: its namespace moves into its name, and applies inside it.
fn named_in(attributes: &Map<String, Value>, enclosing: &str) -> Value {
    let text = |key| attributes.get(key).and_then(Value::as_str);
    let name = full_name(text("name").unwrap_or_default(), text("namespace").unwrap_or(enclosing));
    let namespace = name.rsplit_once('.').map_or("", |(namespace, _)| namespace);
    let mut normal = sorted_with(attributes, |key, value| match (key, value) {
        ("name" | "namespace", _) => None,
        ("fields", Value::Array(fields)) => Some(fields.iter().map(|field| field_in(field, namespace)).collect()),
        _ => Some(sorted(value)),
    });
    normal["name"] = Value::String(name);
    normal
}

fn field_in(field: &Value, namespace: &str) -> Value {
    let Value::Object(attributes) = field else {
        return field.clone();
    };
    sorted_with(attributes, |key, value| match (key, value) {
        ("type", _) => Some(type_in(value, namespace)),
        ("order", Value::String(order)) if order == "ascending" => None, // the default
        _ => Some(sorted(value)),
    })
}

/// Avro's rule: a name with a dot is complete, one without belongs to the enclosing namespace; primitive types have
/// none.
fn full_name(name: &str, namespace: &str) -> String {
    if let Some(unqualified) = name.strip_prefix('.') {
        return unqualified.to_owned();
    }
    if namespace.is_empty() || name.contains('.') || PRIMITIVES.contains(&name) {
        return name.to_owned();
    }
    format!("{namespace}.{name}")
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(sorted).collect(),
        Value::Object(members) => sorted_with(members, |_, member| Some(sorted(member))),
        other => other.clone(),
    }
}

/// The members that `keep` keeps, in alphabetical order regardless of the map's own order.
fn sorted_with(members: &Map<String, Value>, keep: impl Fn(&str, &Value) -> Option<Value>) -> Value {
    let mut keys: Vec<&String> = members.keys().collect();
    keys.sort_unstable();
    keys.into_iter()
        .filter_map(|key| Some((key.clone(), keep(key, &members[key])?)))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
#[path = "normal_form_tests.rs"]
mod tests;
