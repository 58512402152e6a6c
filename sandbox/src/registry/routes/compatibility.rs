//! `/config` and `/compatibility`: the compatibility levels, and checks against them. Translation only.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, SchemaRequest, Shared, locked, resource};
use crate::registry::compatibility::Level;
use crate::registry::error::Refusal;
use crate::registry::http::{Body, answer, flag};
use crate::registry::state::{Against, Wanted};

/// Adds the paths.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(resource("/config").get(level).put(set_level).delete(reset_level))
        .service(
            resource("/config/{subject}")
                .get(subject_level)
                .put(set_subject_level)
                .delete(reset_subject_level),
        )
        .service(resource("/compatibility/subjects/{subject}/versions").post(check_all))
        .service(resource("/compatibility/subjects/{subject}/versions/{version}").post(check_one));
}

/// A new level, as clients send it.
#[derive(Deserialize)]
struct LevelRequest {
    compatibility: Option<String>,
}

impl LevelRequest {
    fn level(&self) -> Result<Level, Refusal> {
        self.compatibility.as_deref().unwrap_or_default().parse()
    }
}

async fn level(state: Shared) -> HttpResponse {
    current(locked(&state).level())
}

async fn set_level(state: Shared, Body(body): Body<LevelRequest>) -> Answer {
    let level = body.level()?;
    locked(&state).set_level(level);
    Ok(changed(level))
}

async fn reset_level(state: Shared) -> HttpResponse {
    current(locked(&state).reset_level())
}

async fn subject_level(state: Shared, subject: web::Path<String>, request: HttpRequest) -> Answer {
    let state = locked(&state);
    if flag(&request, "defaultToGlobal") {
        return Ok(current(state.effective_level(&subject)));
    }
    Ok(current(state.subject_level(&subject)?))
}

async fn set_subject_level(state: Shared, subject: web::Path<String>, Body(body): Body<LevelRequest>) -> Answer {
    let level = body.level()?;
    locked(&state).set_subject_level(&subject, level)?;
    Ok(changed(level))
}

async fn reset_subject_level(state: Shared, subject: web::Path<String>) -> Answer {
    Ok(current(locked(&state).reset_subject_level(&subject)?))
}

async fn check_all(
    state: Shared,
    subject: web::Path<String>,
    request: HttpRequest,
    Body(body): Body<SchemaRequest>,
) -> Answer {
    let reasons = locked(&state).check(&subject, &body.submission()?, Against::All)?;
    Ok(verdict(&reasons, &request))
}

async fn check_one(
    state: Shared,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    Body(body): Body<SchemaRequest>,
) -> Answer {
    let (subject, version) = path.into_inner();
    let against = Against::One(Wanted::parse(&version)?);
    let reasons = locked(&state).check(&subject, &body.submission()?, against)?;
    Ok(verdict(&reasons, &request))
}

/// The API reads a level under one name and writes it under another.
fn current(level: Level) -> HttpResponse {
    answer(json!({ "compatibilityLevel": level.to_string() }))
}

fn changed(level: Level) -> HttpResponse {
    answer(json!({ "compatibility": level.to_string() }))
}

fn verdict(reasons: &[String], request: &HttpRequest) -> HttpResponse {
    let mut verdict = json!({ "is_compatible": reasons.is_empty() });
    if flag(request, "verbose") {
        verdict["messages"] = json!(reasons);
    }
    answer(verdict)
}
