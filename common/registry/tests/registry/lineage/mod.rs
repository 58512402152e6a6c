//! A lineage at the registry: registered, looked up, rejected.

mod registration;
mod rejection;
mod verification;

use orderlog_registry::{RegisterError, Registry};
use serde_json::{Value, json};

use crate::fake::{Answer, Fake, Request, page, refusal, say};
use crate::{LINEAGE, client};

const SUBJECT: &str = "orders-value";
/// A schema that is incompatible with ours.
const OTHER: &str =
    r#"{"type":"record","name":"OrderEvent","namespace":"com.ecommerce.order","fields":[{"name":"a","type":"int"}]}"#;

/// The responses of a registry that has nothing under the subject and accepts everything.
fn empty(line: &str) -> Answer {
    match line {
        "GET /config/orders-value" => refusal(404, 40408),
        "GET /config" => say(200, json!({"compatibilityLevel": "BACKWARD"})),
        "PUT /config/orders-value" => say(200, json!({"compatibility": "FULL_TRANSITIVE"})),
        "DELETE /config/orders-value" => say(200, json!({"compatibilityLevel": "BACKWARD"})),
        "GET /mode/orders-value?defaultToGlobal=true" => say(200, json!({"mode": "READWRITE"})),
        "POST /subjects/orders-value" | "GET /subjects/orders-value/versions" => refusal(404, 40401),
        "POST /subjects/orders-value/versions" => say(200, json!({"id": 7})),
        line if line.starts_with("POST /compatibility/") => say(200, json!({"is_compatible": true})),
        _ => page(404),
    }
}

/// Such a registry, except where the closure answers a line such as `GET /config`.
async fn registry(but: impl Fn(&str) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    registry_of(move |line, _| but(line)).await
}

/// The same where the requested schema matters.
async fn registry_of(but: impl Fn(&str, &Value) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    let fake = Fake::with(move |request: &Request| {
        let line = format!("{} {}", request.method, request.target);
        but(&line, &request.body["schema"]).unwrap_or_else(|| empty(&line))
    })
    .await;
    let registry = client(&fake.url());
    (fake, registry)
}

/// A registry that holds a schema incompatible with ours; the closure gives its reasons.
async fn refusing(reasons: impl Fn(&str) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    registry(move |line| {
        reasons(line).or_else(|| match line {
            "POST /subjects/orders-value" => Some(refusal(404, 40403)),
            "GET /subjects/orders-value/versions" => Some(say(200, json!([3]))),
            "GET /subjects/orders-value/versions/3" => Some(say(200, json!({"schema": OTHER, "id": 1, "version": 3}))),
            line if line.starts_with("POST /compatibility/") => Some(page(404)),
            _ => None,
        })
    })
    .await
}

/// A registry that has every version of ours, all as id 7: which id belongs to which version does not matter here.
async fn with_ours(but: impl Fn(&str) -> Option<Answer> + Send + 'static) -> (Fake, Registry) {
    registry_of(move |line, schema| {
        but(line).or_else(|| (line == "POST /subjects/orders-value").then(|| seven(schema)))
    })
    .await
}

fn seven(schema: &Value) -> Answer {
    say(200, json!({"id": 7, "schema": schema}))
}

/// The requests that would change something.
fn writes(requests: &[Request]) -> Vec<String> {
    let is_question = |it: &Request| {
        it.method == "GET" || it.target == "/subjects/orders-value" || it.target.starts_with("/compatibility/")
    };
    let writes = requests.iter().filter(|it| !is_question(it));
    writes.map(|it| format!("{} {}", it.method, it.target)).collect()
}

async fn refused(registry: &Registry) -> String {
    match registry.register_lineage(SUBJECT, LINEAGE).await {
        Err(RegisterError::Refused(reason)) => reason,
        other => panic!("a refusal, not {other:?}"),
    }
}

async fn outage(registry: &Registry) -> String {
    match registry.register_lineage(SUBJECT, LINEAGE).await {
        Err(RegisterError::Outage(outage)) => outage.to_string(),
        other => panic!("an outage, not {other:?}"),
    }
}
