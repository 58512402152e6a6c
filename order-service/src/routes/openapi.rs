//! The OpenAPI document, generated from the handlers.

use orderlog_web::openapi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    console_json, dlq, dlq_message, dlq_messages, history, order_details, order_ids, orders, replay, resume, schemas,
    sse, stats,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "order-service",
        description = "Reads the order events from Kafka, keeps the state of every order, and answers queries about it. Orders cannot be changed here; to \
            create and update them, use cart-service. Dead letters can be replayed and discarded, and paused partitions resumed.\n\n\
            Errors are `application/problem+json` (RFC 9457); the service describes each `type` at that path. Every path is also served \
            under `/api`, where JSON responses are in the envelope `{success, message, data}`, or `{success, error, details}` for errors. \
            `/asyncapi.json` describes the topics and their records."
    ),
    tags(
        (name = "orders", description = "Read orders."),
        (name = "operations", description = "How the service keeps up with the topic."),
        (name = "dead letters", description = "The records that were rejected, and why."),
        (name = "health", description = "Whether the service works, for people, load balancers and orchestrators."),
        (name = "problems", description = "The types of error responses."),
    ),
    modifiers(&AdminKey),
    paths(
        order_details::order_details,
        order_ids::order_ids,
        orders::orders,
        history::history,
        stats::stats,
        sse::events,
        schemas::schemas,
        console_json::console_json,
        dlq::info,
        dlq_messages::messages,
        dlq_message::dlq_message,
        resume::resume,
        replay::replay,
        replay::replays,
        replay::replay_job,
        replay::stop,
        replay::discard
    )
)]
struct Document;

/// Describes the key that operations with `security((), ("adminKey" = []))` take; with `()`, because without a key it is not needed.
struct AdminKey;

impl Modify for AdminKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "The service's admin key, `ADMIN_API_KEY`. Without one, these operations are allowed only on the service's own machine.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("adminKey", SecurityScheme::Http(key.build()));
    }
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(Document::openapi())
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_is_described_for_clients() {
        orderlog_web::testing::assert_is_for_clients(&serde_json::to_value(super::document()).expect("JSON"));
    }

    #[test]
    fn the_codes_of_dead_letters_are_listed() {
        let document = serde_json::to_value(super::document()).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let parameters: Vec<_> = paths
            .values()
            .filter_map(|path| path["get"]["parameters"].as_array())
            .flatten()
            .collect();
        let code = parameters.iter().find(|parameter| parameter["name"] == "code");
        let code = code.expect("the parameter code");
        assert_eq!(code["required"], false, "{code}");
        assert!(code["schema"]["enum"].is_array(), "{code}");
    }
}
