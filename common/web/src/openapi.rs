//! What the OpenAPI documents of both services share: the format of request headers, the error responses that any path may
//! give, and an example of each problem. What a path does is documented beside its handler. Descriptions are for HTTP clients:
//! in the words of HTTP and JSON, never of Rust.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::OpenApi as _;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, ContentBuilder, HeaderBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder};

use super::problem::{PROBLEM_JSON, Problem};
use super::problem_kind::ProblemKind;
use super::{health, preconditions, problem_pages};

/// The request header that names who changes something.
pub const USER_HEADER: &str = "X-Orderlog-User";
/// Its format: at most 100 printable characters. ASCII only, which every client can send; the services accept UTF-8, too.
const USER_PATTERN: &str = "^(?:[!-~](?:[ -~]{0,98}[!-~])?)?$";

/// The format of an `Idempotency-Key` after header parsing: 1 to 64 printable ASCII characters.
const IDEMPOTENCY_KEY: &str = "^[!-~](?:[ -~]{0,62}[!-~])?$";

// Each description of an error response names the types of problems that it has; `describe_problems` adds their examples.

/// Error responses of every operation, as status and description.
const ALWAYS: &[(&str, &str)] = &[(
    "421",
    "`/problems/misdirected-request`: the service does not accept requests for the host name in `Host`.",
)];
/// Error responses of every operation but the health checks.
const NOT_OF_HEALTH: &[(&str, &str)] = &[
    (
        "500",
        "`/problems/internal`: a bug or a failed disk; the service's log names the cause.",
    ),
    (
        "503",
        "`/problems/not-ready` or `/problems/unavailable`: not possible for now; `detail` says why. Retry after `Retry-After` seconds.",
    ),
];
/// Error responses of operations with query parameters.
const OF_QUERIES: &[(&str, &str)] = &[(
    "400",
    "`/problems/invalid-request`: a parameter or a header is not valid; `errors` names it.",
)];
/// Error responses of operations that take the admin key.
const OF_ADMINISTRATION: &[(&str, &str)] = &[
    (
        "400",
        "`/problems/invalid-request`: the body, a field of it or a header is not valid; `errors` or `detail` says which. Nothing was changed.",
    ),
    (
        "401",
        "`/problems/admin-key-required`: the service has an admin key, and the request has none or another one. Nothing was changed.",
    ),
    (
        "403",
        "`/problems/admin-loopback-only` or `/problems/cross-origin`: the service has no admin key and the request comes from another \
         machine, or it comes from a web page of another origin. Nothing was changed.",
    ),
    (
        "408",
        "`/problems/request-timeout`: the body did not arrive within 10 seconds. Nothing was changed.",
    ),
    (
        "413",
        "`/problems/payload-too-large`: the body is larger than 256 KiB. Nothing was changed.",
    ),
    (
        "415",
        "`/problems/unsupported-media-type`: the `Content-Type` is not JSON, or the body is compressed. Nothing was changed.",
    ),
];
/// Error responses of writes.
const OF_WRITES: &[(&str, &str)] = &[
    (
        "400",
        "`/problems/invalid-request`: the body, a field of it or a header is not valid; `errors` or `detail` says which. Nothing was written.",
    ),
    (
        "403",
        "`/problems/cross-origin`: a web page from an origin that is not in `CORS_ORIGINS` tried to write. Nothing was written.",
    ),
    (
        "408",
        "`/problems/request-timeout`: the body did not arrive within 10 seconds. Nothing was written.",
    ),
    (
        "413",
        "`/problems/payload-too-large`: the body is larger than 256 KiB. Nothing was written.",
    ),
    (
        "415",
        "`/problems/unsupported-media-type`: the `Content-Type` is not JSON, or the body is compressed. Nothing was written.",
    ),
    (
        "422",
        "`/problems/key-reused`: the `Idempotency-Key` belongs to an earlier request with a different body or path. Nothing was written.",
    ),
    (
        "503",
        "`/problems/not-ready` or `/problems/unavailable`: not possible for now; `detail` says why. Retry after `Retry-After` seconds. \
         This attempt had no effect. An earlier attempt with the same `Idempotency-Key` that got 504, or no response, may still take \
         effect: retry until the response is 2xx or 4xx.",
    ),
    (
        "504",
        "`/problems/outcome-unknown`: the event was sent, but could not be read back in time. `eventId` is its id. Repeat the request \
         with the same `Idempotency-Key` until the response is 2xx or 4xx.",
    ),
];

/// Completes a service's document: adds the health checks and the pages about problems, the format of request headers, and the
/// error responses that are not particular to an operation. Every error response without content is a [`Problem`].
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.merge(Common::openapi());
    for (path, item) in &mut document.paths.paths {
        let operations = [(&mut item.get, false), (&mut item.post, true), (&mut item.put, true)];
        for (operation, writes) in operations {
            let Some(operation) = operation else { continue };
            describe_headers(operation);
            add_errors(operation, ALWAYS);
            if is_administration(operation) {
                add_errors(operation, OF_ADMINISTRATION);
                add_user(operation);
            } else if writes {
                add_errors(operation, OF_WRITES);
            } else if has_query(operation) {
                add_errors(operation, OF_QUERIES);
            }
            if !path.starts_with("/health") {
                add_errors(operation, NOT_OF_HEALTH);
            }
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && status.starts_with(['4', '5'])
                    && response.content.is_empty()
                {
                    describe_problems(status, response);
                }
            }
        }
    }
    document
}

/// What both documents contain.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(health::health, health::live, health::ready, problem_pages::problem_type),
    components(schemas(Problem, problem_pages::ProblemType))
)]
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

/// Whether the operation takes the admin key: it then has a `security` of its own.
fn is_administration(operation: &Operation) -> bool {
    operation.security.is_some()
}

/// Describes the header that names who calls.
fn add_user(operation: &mut Operation) {
    let user = ParameterBuilder::new()
        .name(USER_HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Who asks for this, up to 100 printable characters, in UTF-8 if they are not ASCII: it is logged, and kept with what is changed. By default it is the client's address.",
        ))
        .schema(Some(text(USER_PATTERN)))
        .example(Some("jane@example.com".into()))
        .build();
    operation.parameters.get_or_insert_default().push(user.into());
}

fn has_query(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    })
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

/// Adds the responses that the operation does not describe itself.
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

/// Gives an error response its content, with an example of each type of problem that its description names.
fn describe_problems(status: &str, response: &mut Response) {
    let named = ProblemKind::ALL
        .into_iter()
        .filter(|kind| response.description.contains(&format!("`{}`", kind.type_uri())));
    let examples: BTreeMap<_, _> = named
        .map(|kind| {
            let example = ExampleBuilder::new().summary(kind.title());
            let example = example.value(serde_json::to_value(kind.example()).ok()).build();
            (
                kind.type_uri().trim_start_matches("/problems/").to_owned(),
                example.into(),
            )
        })
        .collect();
    let mut content: Content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    content.examples = examples;
    response.content.insert(PROBLEM_JSON.to_owned(), content.into());
    if status == "503" {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
        let retry_after = HeaderBuilder::new()
            .schema(Some(seconds.build()))
            .description(Some("Number of seconds to wait before the next attempt."))
            .build();
        response.headers.insert("Retry-After".to_owned(), retry_after.into());
    }
}
