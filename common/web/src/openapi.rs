//! What the OpenAPI documents of both services share: the format of request headers, and the error responses that any path
//! may give. What a path does is documented beside its handler.

use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use super::problem::{PROBLEM_JSON, Problem};
use super::{health, preconditions};

/// The format of an `Idempotency-Key` after header parsing: 1 to 64 printable ASCII characters.
const IDEMPOTENCY_KEY: &str = "^[!-~](?:[ -~]{0,62}[!-~])?$";

/// Error responses of every operation, as status and description.
const ALWAYS: &[(&str, &str)] = &[("421", "The Host is not allowed")];
/// Error responses of every operation but the health checks.
const NOT_OF_HEALTH: &[(&str, &str)] = &[
    ("500", "Internal error"),
    ("503", "Temporarily unavailable; Retry-After says when to retry"),
];
/// Error responses of operations with parameters.
const OF_PARAMETERS: &[(&str, &str)] = &[("400", "Invalid request; errors names the parameters")];
/// Error responses of writes.
const OF_WRITES: &[(&str, &str)] = &[
    ("400", "Invalid request; errors names the fields"),
    ("403", "Cross-origin writes are not allowed"),
    ("408", "The body did not arrive in time"),
    ("413", "The body is too large"),
    ("415", "The body is not JSON"),
    ("422", "The Idempotency-Key was used for another request"),
    (
        "503",
        "Temporarily unavailable; this attempt certainly has no effect. An earlier attempt under the same Idempotency-Key that \
         was answered with 504, or got no answer, may still take effect: retry until the response is 2xx or 4xx",
    ),
    ("504", "The outcome is unknown; eventId names the event"),
];

/// Completes a service's document: adds the health checks, the format of request headers, and the error responses that are
/// not particular to an operation. Every error response without content is a [`Problem`].
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.merge(Common::openapi());
    for (path, item) in &mut document.paths.paths {
        let operations = [(&mut item.get, false), (&mut item.post, true), (&mut item.put, true)];
        for (operation, writes) in operations {
            let Some(operation) = operation else { continue };
            describe_headers(operation);
            add_errors(operation, ALWAYS);
            if writes {
                add_errors(operation, OF_WRITES);
            } else if operation.parameters.is_some() {
                add_errors(operation, OF_PARAMETERS);
            }
            if !path.starts_with("/health") {
                add_errors(operation, NOT_OF_HEALTH);
            }
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && status.starts_with(['4', '5'])
                    && response.content.is_empty()
                {
                    response.content.insert(PROBLEM_JSON.to_owned(), problem().into());
                }
            }
        }
    }
    document
}

/// What both documents contain.
#[derive(utoipa::OpenApi)]
#[openapi(paths(health::health, health::live, health::ready), components(schemas(Problem)))]
struct Common;

/// A string that matches that pattern.
pub fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

/// One of those strings.
pub fn one_of(texts: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    let texts: Vec<Value> = texts.into_iter().map(Value::from).collect();
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts))
}

fn describe_headers(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if parameter.parameter_in != ParameterIn::Header {
            continue;
        }
        let schema: Schema = match parameter.name.as_str() {
            "Idempotency-Key" => text(IDEMPOTENCY_KEY).into(),
            "If-Match" | "If-None-Match" => AnyOfBuilder::new()
                .item(one_of(["*"]))
                .item(text(preconditions::TAGS_PATTERN))
                .into(),
            _ => continue,
        };
        parameter.schema = Some(schema.into());
    }
}

/// Adds those responses that the operation does not describe itself.
fn add_errors(operation: &mut Operation, errors: &[(&str, &str)]) {
    for (status, description) in errors {
        let response = || ResponseBuilder::new().description(*description).build().into();
        operation
            .responses
            .responses
            .entry((*status).to_owned())
            .or_insert_with(response);
    }
}

fn problem() -> Content {
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build()
}
