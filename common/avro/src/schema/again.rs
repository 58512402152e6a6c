//! A type that is defined again: whether it is what it was. Java allows that since 1.12, and compares all but
//! documentation and aliases.

use serde_json::{Map, Value as Json};

use super::parse::Named;
use super::same::same;
use super::{Rules, Type, TypeId};

type Definition = Map<String, Json>;

/// What `same` compares, or what does not count.
const OF_A_TYPE: [&str; 10] = [
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
const OF_A_FIELD: [&str; 5] = ["type", "name", "doc", "aliases", "order"];

/// Whether a type is the one that was defined first under its name: data of both are the same, and, for a new schema, what
/// else is said of them.
pub fn is_alike(list: &[Type], first: &Named<'_>, (id, definition): (TypeId, &Definition), rules: Rules) -> bool {
    same((list, first.id), (list, id)) && (rules == Rules::Held || says_the_same(first.definition, definition))
}

fn says_the_same(one: &Definition, other: &Definition) -> bool {
    // An enum's default is not compared.
    let is_enum = one.get("type").is_some_and(|it| it == "enum");
    let counts = |key: &str| !(OF_A_TYPE.contains(&key) || is_enum && key == "default");
    same_attributes(one, other, counts)
        && fields(one).zip(fields(other)).all(|(one, other)| {
            same_attributes(one, other, |key| !OF_A_FIELD.contains(&key))
                && order(one) == order(other)
                && types_say_the_same(one.get("type"), other.get("type"))
        })
        && ["items", "values"]
            .iter()
            .all(|key| types_say_the_same(one.get(*key), other.get(*key)))
}

fn fields(record: &Definition) -> impl Iterator<Item = &Definition> {
    let fields = record.get("fields").and_then(Json::as_array).into_iter().flatten();
    fields.filter_map(Json::as_object)
}

fn types_say_the_same(one: Option<&Json>, other: Option<&Json>) -> bool {
    match (one, other) {
        (Some(Json::Object(one)), Some(Json::Object(other))) => says_the_same(one, other),
        (Some(Json::Array(one)), Some(Json::Array(other))) => one
            .iter()
            .zip(other)
            .all(|(one, other)| types_say_the_same(Some(one), Some(other))),
        // A name, and the definition of what it names, which was compared when it was met, or a primitive type.
        (Some(Json::Object(object)), Some(Json::String(_))) | (Some(Json::String(_)), Some(Json::Object(object))) => {
            object.contains_key("name") || object.keys().all(|key| OF_A_TYPE.contains(&key.as_str()))
        }
        _ => true,
    }
}

fn same_attributes(one: &Definition, other: &Definition, counts: impl Fn(&str) -> bool) -> bool {
    let said = |it: &'_ Definition| it.keys().filter(|key| counts(key)).count();
    said(one) == said(other)
        && one
            .iter()
            .all(|(key, value)| !counts(key) || other.get(key) == Some(value))
}

fn order(field: &Definition) -> String {
    let order = field.get("order").and_then(Json::as_str);
    order.unwrap_or("ascending").to_ascii_lowercase()
}
