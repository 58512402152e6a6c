//! What the OpenAPI documents of both services have in common: how header fields are written, and which refusals every
//! path may give. What a path does is told beside its handler.

use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use super::preconditions;
use super::problem::PROBLEM_JSON;

/// The form of an `Idempotency-Key` as it comes out of a header field: 1 to 64 printable ASCII characters.
const IDEMPOTENCY_KEY: &str = "^[!-~](?:[ -~]{0,62}[!-~])?$";

/// What a 503 of a write says, for `description` in `#[utoipa::path]`.
pub const WRITE_UNAVAILABLE: &str = "Not now; this attempt is certainly without effect. An earlier one under the same \
    Idempotency-Key that was answered 504, or not at all, may still take effect: send the request until it is answered with \
    2xx or 4xx";

/// The document with all of that in it.
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

/// A text of that form.
pub fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

/// One of those texts.
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
    let mut refusals = vec![("421", "The service is not called by the name in Host")];
    if writes {
        refusals.push(("403", "A web page of another origin may not write"));
        refusals.push(("408", "The body did not come in time"));
    }
    if !is_health {
        refusals.push(("500", "Something broke inside"));
        refusals.push(("503", "Not now; Retry-After says when to come again"));
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
