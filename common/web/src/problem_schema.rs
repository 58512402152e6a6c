//! The OpenAPI schema of a [`Problem`].

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::problem::{FieldError, Problem};

/// An error (RFC 9457). Branch on `type`, which never changes its meaning; the texts may change.
#[derive(ToSchema)]
#[schema(as = Problem, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct ProblemSchema {
    /// What kind of problem this is. The service describes it at this path.
    #[schema(example = "/problems/invalid-request")]
    r#type: String,
    /// The kind in a few words.
    #[schema(example = "Invalid request")]
    title: String,
    /// The HTTP status code.
    #[schema(example = 400)]
    status: u16,
    /// What happened this time. Absent where the title says it all.
    #[schema(example = "items[0].quantity: must be a whole number from 1 to 1000000")]
    detail: Option<String>,
    /// Only with `/problems/invalid-request`: what is wrong with which field, parameter or header.
    errors: Option<Vec<FieldError>>,
    /// The order that the problem is about, if it is about one.
    order_id: Option<String>,
    /// Only with `/problems/illegal-transition`: the status that the order has.
    current_status: Option<String>,
    /// Only with `/problems/version-mismatch`: the version that the order has.
    current_version: Option<i32>,
    /// Only with `/problems/outcome-unknown`: the id of the event whose fate is unknown.
    event_id: Option<String>,
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        <ProblemSchema as PartialSchema>::schema()
    }
}

impl ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        <ProblemSchema as ToSchema>::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_openapi_document_describes_a_problem_and_its_faults() {
        #[derive(utoipa::OpenApi)]
        #[openapi(components(schemas(Problem)))]
        struct Document;
        let document = serde_json::to_value(<Document as utoipa::OpenApi>::openapi()).expect("JSON");
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Problem"]["required"], json!(["type", "title", "status"]));
        for member in ["orderId", "currentStatus", "currentVersion", "eventId"] {
            assert!(schemas["Problem"]["properties"][member].is_object(), "{member}");
        }
        assert!(schemas["FieldError"]["properties"]["field"].is_object(), "{schemas}");
    }
}
