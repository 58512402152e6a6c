//! The OpenAPI document, generated from the handlers.

use std::sync::LazyLock;

use orderlog_web::openapi;
use utoipa::OpenApi;

use super::{answer, create_order, id, new_order, new_order_schema, update_order};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "cart-service",
        description = "Takes orders and their updates and publishes them as Avro events to Kafka. It responds only after it has read its own \
            event back from the topic, so its answers are final:\n\n\
            - **2xx**: the event is in the log and was applied. (An update that changes nothing writes nothing.)\n\
            - **4xx**: nothing was written.\n\
            - **503**: this attempt had no effect. An earlier attempt with the same `Idempotency-Key` that got 504, or no response, may still \
            take effect.\n\
            - **504**: the outcome is unknown; `eventId` is the id of the event. To find out, repeat the request with the same \
            `Idempotency-Key` until the response is 2xx or 4xx.\n\n\
            Errors are `application/problem+json` (RFC 9457); the service describes each `type` at that path. Every path is also \
            served under `/api`, where JSON responses are in the envelope `{success, message, data}`, or `{success, error, details}` for errors. To read orders, use order-service."
    ),
    tags(
        (name = "orders", description = "Create and update orders."),
        (name = "health", description = "Whether the service works, for people, load balancers and orchestrators."),
        (name = "problems", description = "The types of error responses."),
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
            assert!(text.contains("same `Idempotency-Key`"), "{path}: {text}");
        }
    }

    #[test]
    fn everything_is_described_for_clients() {
        orderlog_web::testing::assert_is_for_clients(&serde_json::to_value(super::document()).expect("JSON"));
    }
}
