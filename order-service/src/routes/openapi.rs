//! The OpenAPI document, made from the handlers.

use common::http::{Problem, openapi};
use utoipa::OpenApi;

use super::{dlq, health, order_details, order_ids, stats};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "order-service",
        description = "Follows the order events in Kafka and answers questions about orders. Errors are application/problem+json (RFC 9457). \
            Every path is also served under /api, there in the envelope {success, message, data}. \
            The events themselves are described at /asyncapi.json."
    ),
    paths(
        order_details::order_details,
        order_ids::order_ids,
        stats::stats,
        dlq::info,
        dlq::messages,
        health::health,
        health::live,
        health::ready
    ),
    components(schemas(Problem))
)]
struct Document;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(Document::openapi())
}
