//! `/schemas`: the meaning of an id, wherever it is registered. Translation only.
//!
//! Clients add `fetchMaxId` and `subject` to the id. There is one context here, in which an id means the same for every
//! subject, so both are ignored, as Confluent's registry does there.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{Answer, Shared, locked, resource};
use crate::registry::error::Refusal;
use crate::registry::http::{MEDIA_TYPE, answer, flag};
use crate::registry::schema::ParsedSchema;

/// Adds the paths.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(resource("/schemas/types").get(types))
        .service(resource("/schemas/ids/{id}").get(by_id))
        .service(resource("/schemas/guids/{guid}").get(by_guid))
        .service(resource("/schemas/ids/{id}/schema").get(text))
        .service(resource("/schemas/ids/{id}/versions").get(versions))
        .service(resource("/schemas/ids/{id}/subjects").get(subjects));
}

async fn types() -> HttpResponse {
    answer(["AVRO"])
}

async fn by_id(state: Shared, id: web::Path<String>) -> Answer {
    let state = locked(&state);
    Ok(described(state.schema(number(&id)?)?))
}

async fn by_guid(state: Shared, guid: web::Path<String>) -> Answer {
    // A malformed GUID is unknown.
    let guid = guid.parse().map_err(|_| Refusal::SchemaNotFound)?;
    Ok(described(locked(&state).schema_of_guid(guid)?))
}

fn described(schema: &ParsedSchema) -> HttpResponse {
    let mut described = json!({ "schema": schema.text });
    if !schema.references.is_empty() {
        described["references"] = json!(schema.references);
    }
    answer(described)
}

async fn text(state: Shared, id: web::Path<String>) -> Answer {
    Ok(HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .body(locked(&state).schema(number(&id)?)?.text.clone()))
}

async fn versions(state: Shared, id: web::Path<String>, request: HttpRequest) -> Answer {
    let state = locked(&state);
    let usages = state.usages(number(&id)?, flag(&request, "deleted"))?;
    let versions: Vec<Value> = usages
        .iter()
        .map(|(subject, version)| json!({ "subject": subject, "version": version }))
        .collect();
    Ok(answer(versions))
}

async fn subjects(state: Shared, id: web::Path<String>, request: HttpRequest) -> Answer {
    let state = locked(&state);
    let usages = state.usages(number(&id)?, flag(&request, "deleted"))?;
    let mut subjects: Vec<&str> = usages.iter().map(|(subject, _)| *subject).collect();
    subjects.dedup(); // a subject's versions come together
    Ok(answer(subjects))
}

/// An id in a path. Anything but a number is an unknown path, as in Confluent's registry.
fn number(id: &str) -> Result<u32, Refusal> {
    id.parse().map_err(|_| Refusal::NoSuchPath)
}
