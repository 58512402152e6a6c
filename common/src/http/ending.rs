//! What a service that is ending does with requests that come: it refuses them, in words, until its server closes. Those
//! that it has begun are carried out.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;

use super::envelope::ENVELOPE_PREFIX;
use super::kind::Kind;
use super::problem::Problem;
use crate::life::Life;

/// Middleware for `actix_web::middleware::from_fn`: refuses whatever comes when the service takes no work any more, but
/// for questions about its health.
///
/// # Errors
/// The refusal, 503, and what the inner service returns.
pub async fn refuse<B: MessageBody>(
    life: Life,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let path = request.path();
    let path = path.strip_prefix(ENVELOPE_PREFIX).unwrap_or(path);
    match life.trouble().filter(|_| !path.starts_with("/health")) {
        Some(reason) => Err(Problem::new(Kind::NotReady, reason).into()),
        None => next.call(request).await,
    }
}
