//! The OpenAPI document, generated from the handlers.

use std::sync::LazyLock;

use orderlog_web::openapi;
use utoipa::OpenApi;

use super::{answer, create_order, id, new_order, new_order_schema, update_order};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "cart-service",
        description = "Accepts orders and their updates and publishes them as Avro events to Kafka. It answers only what the log has \
            decided. 2xx: the event is in the log and has won. 4xx: certainly no effect. 503: this attempt certainly has no effect; \
            an earlier one under the same Idempotency-Key that was answered with 504, or got no answer, may have. \
            504: the outcome is unknown, and the body contains the eventId; to find out, retry with the same Idempotency-Key \
            until the response is 2xx or 4xx. \
            Every path is also served under /api, in the envelope {success, message, data}."
    ),
    paths(create_order::create_order, update_order::update_order),
    components(schemas(
        answer::OrderAnswer,
        new_order::CreateOrder,
        id::Id,
        new_order_schema::OrderId,
        update_order::UpdateOrder
    ))
)]
struct Document;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| openapi::complete(Document::openapi()));
    DOCUMENT.clone()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_503_of_a_write_warns_of_an_earlier_attempt_under_the_same_key() {
        let document = serde_json::to_value(super::document()).expect("JSON");
        for (path, method) in [("/create-order", "post"), ("/update-order", "put")] {
            let unavailable = &document["paths"][path][method]["responses"]["503"]["description"];
            let text = unavailable.as_str().expect("a description");
            assert!(text.contains("same Idempotency-Key"), "{path}: {text}");
        }
    }

    #[test]
    fn every_field_of_an_update_is_described() {
        let document = serde_json::to_value(super::document()).expect("JSON");
        let fields = &document["components"]["schemas"]["UpdateOrder"]["properties"];
        for (name, field) in fields.as_object().expect("fields") {
            assert!(field["description"].is_string(), "{name}: {field}");
        }
    }
}
