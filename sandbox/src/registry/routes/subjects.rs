//! `/subjects`: registering, looking up, listing and deleting. Translation only.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{Answer, SchemaRequest, Shared, locked, resource};
use crate::registry::http::{Body, MEDIA_TYPE, answer, flag};
use crate::registry::state::RegisteredSchema;
use crate::registry::version_selector::VersionSelector;

/// Adds the paths.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(resource("/subjects").get(list))
        .service(resource("/subjects/{subject}").post(look_up).delete(delete_subject))
        .service(resource("/subjects/{subject}/versions").get(versions).post(register))
        .service(
            resource("/subjects/{subject}/versions/{version}")
                .get(version)
                .delete(delete_version),
        )
        .service(resource("/subjects/{subject}/versions/{version}/schema").get(schema));
}

async fn list(state: Shared, request: HttpRequest) -> HttpResponse {
    answer(locked(&state).subjects(flag(&request, "deleted")))
}

async fn register(state: Shared, subject: web::Path<String>, Body(body): Body<SchemaRequest>) -> Answer {
    let id = locked(&state).register(&subject, &body.submission()?)?;
    tracing::debug!(%subject, id, "schema registered");
    Ok(answer(json!({ "id": id })))
}

async fn look_up(
    state: Shared,
    subject: web::Path<String>,
    request: HttpRequest,
    Body(body): Body<SchemaRequest>,
) -> Answer {
    let state = locked(&state);
    let found = state.look_up(&subject, &body.submission()?, flag(&request, "deleted"))?;
    Ok(answer(described(&subject, found)))
}

async fn versions(state: Shared, subject: web::Path<String>, request: HttpRequest) -> Answer {
    Ok(answer(locked(&state).versions(&subject, flag(&request, "deleted"))?))
}

async fn version(state: Shared, path: web::Path<(String, String)>, request: HttpRequest) -> Answer {
    let (subject, version) = path.into_inner();
    let state = locked(&state);
    let found = state.version(&subject, VersionSelector::parse(&version)?, flag(&request, "deleted"))?;
    Ok(answer(described(&subject, found)))
}

async fn schema(state: Shared, path: web::Path<(String, String)>, request: HttpRequest) -> Answer {
    let (subject, version) = path.into_inner();
    let state = locked(&state);
    let found = state.version(&subject, VersionSelector::parse(&version)?, flag(&request, "deleted"))?;
    Ok(HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .body(found.schema.text.clone()))
}

async fn delete_subject(state: Shared, subject: web::Path<String>, request: HttpRequest) -> Answer {
    Ok(answer(
        locked(&state).delete_subject(&subject, flag(&request, "permanent"))?,
    ))
}

async fn delete_version(state: Shared, path: web::Path<(String, String)>, request: HttpRequest) -> Answer {
    let (subject, version) = path.into_inner();
    let wanted = VersionSelector::parse(&version)?;
    Ok(answer(locked(&state).delete_version(
        &subject,
        wanted,
        flag(&request, "permanent"),
    )?))
}

/// A version as clients read it; `references` only if there are any, `schemaType` never, because it is AVRO.
fn described(subject: &str, found: RegisteredSchema<'_>) -> Value {
    let mut described =
        json!({ "subject": subject, "version": found.version, "id": found.id, "schema": found.schema.text });
    described["guid"] = json!(found.schema.guid());
    if !found.schema.references.is_empty() {
        described["references"] = json!(found.schema.references);
    }
    described
}
