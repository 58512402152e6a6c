//! The OpenAPI schema of a [`Problem`].

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::problem::{FieldError, Problem};

/// An error (RFC 9457).
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only its schema is used")]
struct ProblemSchema {
    /// Type of the problem; stable, for clients to branch on.
    #[schema(example = "/problems/invalid-request")]
    r#type: String,
    /// Short summary of the type.
    title: String,
    /// HTTP status code.
    #[schema(example = 400)]
    status: u16,
    /// Explanation of this occurrence.
    detail: Option<String>,
    /// The invalid fields, when the request is invalid.
    errors: Option<Vec<FieldError>>,
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
        assert!(schemas["FieldError"]["properties"]["field"].is_object(), "{schemas}");
    }
}
