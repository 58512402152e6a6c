//! What a service that is ending does with requests that come: it refuses them, in words, until its server closes. Those
//! that it has begun are carried out.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use orderlog_runtime::supervisor::Supervisor;

use super::edge;
use super::kind::Kind;
use super::problem::Problem;

/// Middleware for `actix_web::middleware::from_fn`: refuses whatever comes when the service takes no work any more, but
/// for questions about its health.
///
/// # Errors
/// Only what the inner service returns; the refusal, 503, is an answer.
pub async fn refuse<B: MessageBody + 'static>(
    life: Supervisor,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match life.trouble().filter(|_| !edge::is_health(request.path())) {
        Some(reason) => Ok(request.error_response(Problem::new(Kind::NotReady, reason))),
        None => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}
