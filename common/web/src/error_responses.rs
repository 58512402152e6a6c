//! The one place where an error response gets its final shape, wherever it came from: a handler, an extractor, the router
//! or a library. It changes the body, never the status.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use orderlog_runtime::crash_point::{self, Point};

use super::envelope::{failure, is_enveloped};
use super::problem::{PROBLEM_JSON, Problem};
use super::problem_kind::ProblemKind;
use super::routes;

/// Middleware for `actix_web::middleware::from_fn`: every error becomes a [`Problem`], in the envelope under `/api`.
/// An error with a body of its own (a health report) is left unchanged.
///
/// # Errors
/// Only errors of the inner service.
pub async fn render(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    crash_point::reached(Point::RequestReceived);
    let response = next.call(request).await?.map_into_boxed_body();
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Ok(response);
    }
    let enveloped = is_enveloped(response.request().path());
    let problem = match response.response().error() {
        Some(error) => match error.as_error::<Problem>() {
            Some(_) if !enveloped => return Ok(response),
            Some(problem) => problem.clone(),
            None => from_library(status, error),
        },
        // Swagger UI has nothing at this path.
        None if response.response().body().size().is_eof() && status == StatusCode::NOT_FOUND => {
            routes::unknown_path(response.request())
        }
        None if response.response().body().size().is_eof() => Problem::new(ProblemKind::from_status(status), ""),
        None => return Ok(response),
    };
    Ok(rewrite(response, &problem, enveloped))
}

/// The problem for a library's error. The client sees the message of a 4xx; that of a 5xx is only logged.
fn from_library(status: StatusCode, error: &Error) -> Problem {
    if status.is_server_error() {
        tracing::error!(%error, status = status.as_u16(), "request failed");
        return Problem::new(ProblemKind::from_status(status), "");
    }
    Problem::new(ProblemKind::from_status(status), error.to_string())
}

/// Replaces the body and its media type; the status and all other headers stay.
fn rewrite(response: ServiceResponse<BoxBody>, problem: &Problem, enveloped: bool) -> ServiceResponse<BoxBody> {
    let (media_type, bytes) = if enveloped {
        ("application/json", failure(problem.summary(), problem))
    } else {
        (PROBLEM_JSON, serde_json::to_vec(problem))
    };
    response.map_body(|head, _| {
        head.headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        // Strings and JSON values always serialize.
        BoxBody::new(bytes.unwrap_or_default())
    })
}
