//! A type that is defined again: whether both definitions are alike. Java allows that since 1.12, and compares all but
//! documentation and aliases.

use serde_json::{Map, Value as Json};

use super::canonical::same;
use super::parse::Named;
use super::{Type, TypeId, Validation};

type Definition = Map<String, Json>;

/// Attributes that are compared separately, or do not count.
const TYPE_ATTRIBUTES: [&str; 10] = [
    "type",
    "name",
    "namespace",
    "doc",
    "aliases",
    "fields",
    "items",
    "values",
    "symbols",
    "size",
];
const FIELD_ATTRIBUTES: [&str; 5] = ["type", "name", "doc", "aliases", "order"];

/// Whether a type is the one that was defined first under its name: their data are the same and, in a new schema, their
/// other attributes too.
pub fn is_alike(
    types: &[Type],
    first: &Named<'_>,
    (id, definition): (TypeId, &Definition),
    validation: Validation,
) -> bool {
    same((types, first.id), (types, id))
        && (validation == Validation::Lenient || same_definition(first.definition, definition))
}

fn same_definition(one: &Definition, other: &Definition) -> bool {
    // Java does not compare an enum's default.
    let is_enum = one.get("type").is_some_and(|it| it == "enum");
    let counts = |key: &str| !(TYPE_ATTRIBUTES.contains(&key) || is_enum && key == "default");
    same_attributes(one, other, counts)
        && fields(one).zip(fields(other)).all(|(one, other)| {
            same_attributes(one, other, |key| !FIELD_ATTRIBUTES.contains(&key))
                && order(one) == order(other)
                && same_types(one.get("type"), other.get("type"))
        })
        && ["items", "values"]
            .iter()
            .all(|key| same_types(one.get(*key), other.get(*key)))
}

fn fields(record: &Definition) -> impl Iterator<Item = &Definition> {
    let fields = record.get("fields").and_then(Json::as_array).into_iter().flatten();
    fields.filter_map(Json::as_object)
}

fn same_types(one: Option<&Json>, other: Option<&Json>) -> bool {
    match (one, other) {
        (Some(Json::Object(one)), Some(Json::Object(other))) => same_definition(one, other),
        (Some(Json::Array(one)), Some(Json::Array(other))) => one
            .iter()
            .zip(other)
            .all(|(one, other)| same_types(Some(one), Some(other))),
        // A name, and the definition that it refers to (compared when it was met) or a primitive type.
        (Some(Json::Object(object)), Some(Json::String(_))) | (Some(Json::String(_)), Some(Json::Object(object))) => {
            object.contains_key("name") || object.keys().all(|key| TYPE_ATTRIBUTES.contains(&key.as_str()))
        }
        _ => true,
    }
}

fn same_attributes(one: &Definition, other: &Definition, counts: impl Fn(&str) -> bool) -> bool {
    let count = |it: &'_ Definition| it.keys().filter(|key| counts(key)).count();
    count(one) == count(other)
        && one
            .iter()
            .all(|(key, value)| !counts(key) || other.get(key) == Some(value))
}

fn order(field: &Definition) -> String {
    let order = field.get("order").and_then(Json::as_str);
    order.unwrap_or("ascending").to_ascii_lowercase()
}
