//! During shutdown: new requests are refused with a reason until the server closes; those in progress are completed.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use orderlog_runtime::supervisor::Supervisor;

use super::access;
use super::problem::Problem;
use super::problem_kind::ProblemKind;

/// Middleware for `actix_web::middleware::from_fn`: refuses everything but health checks once the service has stopped
/// taking requests.
///
/// # Errors
/// Only errors of the inner service; the refusal, a 503, is a response.
pub async fn refuse<B: MessageBody + 'static>(
    supervisor: Supervisor,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match supervisor
        .stopping_reason()
        .filter(|_| !access::is_health(request.path()))
    {
        Some(reason) => Ok(request.error_response(Problem::new(ProblemKind::NotReady, reason))),
        None => Ok(next.call(request).await?.map_into_boxed_body()),
    }
}
