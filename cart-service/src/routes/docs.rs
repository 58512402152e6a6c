//! The OpenAPI document, made from the handlers.

use common::http::{Problem, health};
use utoipa::OpenApi;

use super::{answer, create_order, update_order};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "cart-service",
        description = "Takes orders and their updates and publishes them as Avro events to Kafka. It answers only what the log has decided: \
            2xx: in the log and won. 4xx: certainly without effect. 503: this attempt is certainly without effect. \
            504: unknown, the body carries the eventId; the same request under the same Idempotency-Key finds out, sent until \
            it is answered with 2xx or 4xx. \
            Every path is also served under /api, there in the envelope {success, message, data}."
    ),
    paths(
        create_order::create_order,
        update_order::update_order,
        crate::health::health,
        crate::health::live,
        crate::health::ready
    ),
    components(schemas(
        answer::OrderAnswer,
        create_order::CreateOrder,
        create_order::NewItem,
        update_order::UpdateOrder,
        health::HealthReport,
        Problem
    ))
)]
struct Document;

/// The document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
