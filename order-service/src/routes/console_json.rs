//! `GET /console.json`: what the page needs to know of its service before it asks for anything else. No secret is in it.

use actix_web::web;
use orderlog_web::Reply;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::SERVICE;
use crate::admin::AdminAccess;
use crate::extension::Extension;
use crate::state::State;

/// The service and its surroundings, as far as the console page needs them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleFacts {
    /// Name of the service.
    #[schema(example = "order-service")]
    service: &'static str,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The topic of the order events.
    #[schema(example = "order-events")]
    topic: String,
    /// The topic of the dead letters.
    #[schema(example = "order-events-dlq")]
    dead_letter_topic: String,
    /// The brokers' addresses, as configured.
    #[schema(example = "localhost:9092")]
    bootstrap_servers: String,
    /// The schema registry's addresses, separated by commas, without credentials.
    #[schema(example = "http://localhost:8081")]
    registry_url: String,
    /// The subject of the events' schema in the registry.
    #[schema(example = "order-events-value")]
    subject: String,
    /// Where clients reach cart-service.
    #[schema(example = "http://localhost:8000/")]
    cart_service_url: String,
    /// Whether replaying, discarding and resuming need the admin key. Without one, they are allowed only on the service's own machine.
    admin_key_required: bool,
    /// What only the sandbox can do; null elsewhere.
    sandbox: Option<SandboxFacts>,
}

/// What only the sandbox can do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxFacts {
    /// The kinds of invalid records that it writes.
    #[schema(example = json!(["not-framed"]))]
    poison_kinds: Vec<String>,
}

impl ConsoleFacts {
    /// The facts of a service with that extension, if any.
    pub fn new(state: &State, cart_service: &Url, extension: Option<&Extension>) -> Self {
        Self {
            service: SERVICE,
            version: env!("CARGO_PKG_VERSION"),
            topic: state.topic.clone(),
            dead_letter_topic: state.dead_letters.topic().to_owned(),
            bootstrap_servers: state.bootstrap_servers.clone(),
            registry_url: state.registry.urls(),
            subject: state.schema_versions.subject().to_owned(),
            cart_service_url: without_credentials(cart_service),
            admin_key_required: !matches!(state.admin, AdminAccess::Loopback),
            sandbox: extension.map(|extension| SandboxFacts {
                poison_kinds: extension.invalid_kinds(),
            }),
        }
    }
}

/// A setting may have them; a page has no use for them.
fn without_credentials(url: &Url) -> String {
    let mut shown = url.clone();
    // An error means that this kind of URL has none.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.to_string()
}

/// Returns the facts.
#[utoipa::path(
    get, path = "/console.json", tag = "operations",
    summary = "What the console page needs to know",
    description = "Returns the names and addresses that the console page shows.",
    responses((status = 200, description = "The facts.", body = ConsoleFacts))
)]
pub async fn console_json(facts: web::Data<ConsoleFacts>) -> Reply<ConsoleFacts> {
    Reply::ok("Console", facts.get_ref().clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credentials_are_shown() {
        let url = Url::parse("https://user:secret@carts.example:8443/base").expect("a URL");
        assert_eq!(without_credentials(&url), "https://carts.example:8443/base");
    }
}
