//! `/compatibility`: checks against the compatibility levels. Translation only.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::{Answer, SchemaRequest, Shared, locked, resource};
use crate::registry::http::{Body, answer, flag};
use crate::registry::state::CompareTo;
use crate::registry::version_selector::VersionSelector;

/// Adds the paths.
pub fn configure(app: &mut web::ServiceConfig) {
    app.service(resource("/compatibility/subjects/{subject}/versions").post(check_all))
        .service(resource("/compatibility/subjects/{subject}/versions/{version}").post(check_one));
}

async fn check_all(
    state: Shared,
    subject: web::Path<String>,
    request: HttpRequest,
    Body(body): Body<SchemaRequest>,
) -> Answer {
    let reasons = locked(&state).check(&subject, &body.submission()?, CompareTo::All)?;
    Ok(verdict(&reasons, &request))
}

async fn check_one(
    state: Shared,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    Body(body): Body<SchemaRequest>,
) -> Answer {
    let (subject, version) = path.into_inner();
    let against = CompareTo::One(VersionSelector::parse(&version)?);
    let reasons = locked(&state).check(&subject, &body.submission()?, against)?;
    Ok(verdict(&reasons, &request))
}

fn verdict(reasons: &[String], request: &HttpRequest) -> HttpResponse {
    let mut verdict = json!({ "is_compatible": reasons.is_empty() });
    if flag(request, "verbose") {
        verdict["messages"] = json!(reasons);
    }
    answer(verdict)
}
