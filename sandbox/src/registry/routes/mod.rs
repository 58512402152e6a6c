//! The paths of the API, each with the one method of `State` that answers it. No rule is here.
//!
//! After Confluent's [API reference](https://docs.confluent.io/platform/current/schema-registry/develop/api.html):
//! `subjects` for what is registered where, `schemas` for the meaning of an id, `compatibility` for levels and checks,
//! `modes` for what is allowed.

mod compatibility;
mod schemas;
mod settings;
mod subjects;

use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::{HttpResponse, Resource, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Refusal;
use super::http::answer;
use super::schema::Reference;
use super::state::{State, Submission};

/// The result of a handler.
type Answer = Result<HttpResponse, Refusal>;

/// The registry's state, as handlers get it.
type Shared = web::Data<Mutex<State>>;

/// Adds every path to an application whose data contain the state. Unknown paths answer 404, as JSON.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(resource("/").get(root))
        .configure(subjects::configure)
        .configure(schemas::configure)
        .configure(compatibility::configure)
        .configure(settings::configure)
        .service(resource("/v1/metadata/id").get(cluster_id))
        .default_service(web::to(async || -> Answer { Err(Refusal::NoSuchPath) }));
}

async fn root() -> HttpResponse {
    answer(json!({}))
}

/// The state, even after a handler panicked while holding it: every change is a last step that cannot fail.
fn locked(shared: &Shared) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path that answers 405, as JSON, to methods that it does not define.
fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(async || -> Answer { Err(Refusal::NoSuchMethod) }))
}

async fn cluster_id() -> HttpResponse {
    answer(json!({ "id": "", "scope": { "path": [], "clusters": { "schema-registry-cluster": "sandbox" } } }))
}

/// A schema as clients send it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SchemaRequest {
    schema: Option<String>,
    schema_type: Option<String>,
    references: Option<Vec<Reference>>,
    metadata: Option<Value>,
    rule_set: Option<Value>,
}

impl SchemaRequest {
    /// What is to be registered, looked up or checked. What this registry cannot store is refused, not dropped.
    fn submission(self) -> Result<Submission, Refusal> {
        let refused = |reason: &str| Err(Refusal::InvalidSchema(reason.to_owned()));
        if self.schema_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("AVRO")) {
            return refused("only schemaType AVRO is supported here");
        }
        if [self.metadata, self.rule_set]
            .iter()
            .flatten()
            .any(|it| !it.is_null() && *it != json!({}))
        {
            return refused("metadata and ruleSet are not supported here");
        }
        match self.schema {
            Some(schema) => Ok(Submission {
                schema,
                references: self.references.unwrap_or_default(),
            }),
            None => refused("the body has no string member 'schema'"),
        }
    }
}
