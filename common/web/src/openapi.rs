//! What the OpenAPI documents of both services share: the format of request headers, and the error responses that any path
//! may give. What a path does is documented beside its handler.

use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use super::preconditions;
use super::problem::PROBLEM_JSON;

/// The format of an `Idempotency-Key` after header parsing: 1 to 64 printable ASCII characters.
const IDEMPOTENCY_KEY: &str = "^[!-~](?:[ -~]{0,62}[!-~])?$";

/// Description of a write's 503, for `#[utoipa::path]`.
pub const WRITE_UNAVAILABLE: &str = "Temporarily unavailable; this attempt certainly has no effect. An earlier attempt under the \
    same Idempotency-Key that was answered with 504, or got no answer, may still take effect: repeat the request until it is \
    answered with 2xx or 4xx";

/// Completes a service's document with all of that.
pub fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        let operations = [(&mut item.get, false), (&mut item.post, true), (&mut item.put, true)];
        for (operation, writes) in operations {
            if let Some(operation) = operation {
                describe_headers(operation);
                add_refusals(operation, writes, path.starts_with("/health"));
            }
        }
    }
    document
}

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

fn add_refusals(operation: &mut Operation, writes: bool, is_health: bool) {
    let mut refusals = vec![("421", "The Host is not allowed")];
    if writes {
        refusals.push(("403", "Web pages of other origins may not write"));
        refusals.push(("408", "The body did not arrive in time"));
    }
    if !is_health {
        refusals.push(("500", "Internal error"));
        refusals.push(("503", "Temporarily unavailable; Retry-After says when to retry"));
    }
    for (status, description) in refusals {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| {
                let problem = ContentBuilder::new()
                    .schema(Some(Ref::from_schema_name("Problem")))
                    .build();
                ResponseBuilder::new()
                    .description(description)
                    .content(PROBLEM_JSON, problem)
                    .build()
                    .into()
            });
    }
}
