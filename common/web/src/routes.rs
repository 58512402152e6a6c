//! Helpers that register a path with its one method and a 405 for all others, and the 404 for unknown paths. The paths
//! themselves belong to the services.

use actix_web::dev::Handler;
use actix_web::guard::{self, Guard};
use actix_web::{FromRequest, HttpResponse, Resource, Responder, Route, web};

use super::problem::Problem;
use super::problem_kind::ProblemKind;

/// A path for GET, and for HEAD, as RFC 9110, section 9.1 requires.
pub fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, guard::Any(guard::Get()).or(guard::Head()), "GET, HEAD", handler)
}

/// A path for POST.
pub fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, guard::Post(), "POST", handler)
}

/// A path for PUT.
pub fn put<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, guard::Put(), "PUT", handler)
}

/// The handler for unknown paths.
///
/// # Errors
/// Always: a 404.
pub async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::new(ProblemKind::NotFound, ""))
}

fn resource<F, Args>(path: &str, guard: impl Guard + 'static, allow: &'static str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let refuse = move || async move { Err::<HttpResponse, Problem>(Problem::method_not_allowed(allow)) };
    web::resource(path.to_owned())
        .route(Route::new().guard(guard).to(handler))
        .default_service(web::to(refuse))
}
