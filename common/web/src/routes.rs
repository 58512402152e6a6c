//! One path, its one method: helpers that register a route together with the 405 of every other method, and the 404 of
//! unknown paths. Which paths there are is each service's own matter.

use actix_web::dev::Handler;
use actix_web::guard::{self, Guard};
use actix_web::{FromRequest, HttpResponse, Resource, Responder, Route, web};

use super::kind::Kind;
use super::problem::Problem;

/// A path that is read: GET, and HEAD as RFC 9110, 9.1 demands.
pub fn get<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, guard::Any(guard::Get()).or(guard::Head()), "GET, HEAD", handler)
}

/// A path that is posted to.
pub fn post<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, guard::Post(), "POST", handler)
}

/// A path that is put to.
pub fn put<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    resource(path, guard::Put(), "PUT", handler)
}

/// What answers at paths that nothing was registered for.
///
/// # Errors
/// Always: a 404.
pub async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Kind::NotFound, ""))
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
