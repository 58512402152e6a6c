//! `/mode`: what is allowed. Translation only.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Shared, locked, resource};
use crate::registry::error::Refusal;
use crate::registry::http::{Body, answer, flag};
use crate::registry::modes::Mode;

/// Adds the paths.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(resource("/mode").get(mode).put(set_mode)).service(
        resource("/mode/{subject}")
            .get(subject_mode)
            .put(set_subject_mode)
            .delete(reset_subject_mode),
    );
}

/// A new mode, as clients send it.
#[derive(Deserialize)]
struct ModeRequest {
    mode: Option<String>,
}

impl ModeRequest {
    fn mode(&self) -> Result<Mode, Refusal> {
        self.mode.as_deref().unwrap_or_default().parse()
    }
}

async fn mode(state: Shared) -> HttpResponse {
    told(locked(&state).mode())
}

async fn set_mode(state: Shared, Body(body): Body<ModeRequest>) -> Answer {
    let mode = body.mode()?;
    locked(&state).set_mode(mode);
    Ok(told(mode))
}

async fn subject_mode(state: Shared, subject: web::Path<String>, request: HttpRequest) -> Answer {
    let state = locked(&state);
    if flag(&request, "defaultToGlobal") {
        return Ok(told(state.effective_mode(&subject)));
    }
    Ok(told(state.subject_mode(&subject)?))
}

async fn set_subject_mode(state: Shared, subject: web::Path<String>, Body(body): Body<ModeRequest>) -> Answer {
    let mode = body.mode()?;
    locked(&state).set_subject_mode(&subject, mode);
    Ok(told(mode))
}

async fn reset_subject_mode(state: Shared, subject: web::Path<String>) -> Answer {
    Ok(told(locked(&state).reset_subject_mode(&subject)?))
}

fn told(mode: Mode) -> HttpResponse {
    answer(json!({ "mode": mode.to_string() }))
}
