//! The OpenAPI document, generated from the handlers.

use orderlog_web::openapi;
use utoipa::OpenApi;

use super::{dlq, order_details, order_ids, stats};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "order-service",
        description = "Consumes the order events from Kafka and serves the orders. Errors are application/problem+json (RFC 9457). \
            Every path is also served under /api, in the envelope {success, message, data}. \
            The events themselves are described at /asyncapi.json."
    ),
    paths(
        order_details::order_details,
        order_ids::order_ids,
        stats::stats,
        dlq::info,
        dlq::messages
    )
)]
struct Document;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(Document::openapi())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_parameter_is_described() {
        let document = serde_json::to_value(super::document()).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let parameters: Vec<_> = paths
            .values()
            .filter_map(|path| path["get"]["parameters"].as_array())
            .flatten()
            .collect();
        for parameter in &parameters {
            assert!(parameter["description"].is_string(), "{parameter}");
        }
        let code = parameters.iter().find(|parameter| parameter["name"] == "code");
        let code = code.expect("the parameter code");
        assert_eq!(code["required"], false, "{code}");
        assert!(code["schema"]["enum"].is_array(), "{code}");
    }
}
