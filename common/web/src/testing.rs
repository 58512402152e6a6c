//! Checks that the tests of both services share.

use serde_json::Value;

use super::problem::PROBLEM_JSON;

/// Checks that a served document describes everything, with an example of each problem, in the words of HTTP and JSON.
///
/// # Panics
/// When it does not.
pub fn assert_is_for_clients(document: &Value) {
    let text = document.to_string();
    for rust in ["[`", "`[", "# Errors", "# Panics", "Self::", "::<"] {
        assert!(!text.contains(rust), "{rust} in {text}");
    }
    let described = |value: &Value, what: &str| {
        let description = value["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{what} has no description: {value}");
    };
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            described(operation, &name);
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                described(parameter, &name);
            }
            for (status, response) in operation["responses"].as_object().expect("responses") {
                described(response, &name);
                let problem = &response["content"][PROBLEM_JSON];
                let has_example = problem["examples"]
                    .as_object()
                    .is_some_and(|examples| !examples.is_empty());
                assert!(
                    problem.is_null() || has_example,
                    "{name}: no example of a problem with {status}"
                );
            }
        }
    }
    for (schema, definition) in document["components"]["schemas"].as_object().expect("schemas") {
        for (name, property) in definition["properties"].as_object().into_iter().flatten() {
            // An optional struct is described beside its reference.
            let variants = property["oneOf"].as_array().into_iter().flatten();
            let is_described = variants.into_iter().any(|variant| variant["description"].is_string());
            if property.get("$ref").is_none() && !is_described {
                described(property, &format!("{schema}.{name}"));
            }
        }
    }
}
