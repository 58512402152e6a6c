//! Helpers that register a path with its one method and a 405 for all others, and the 404 for unknown paths. The paths
//! themselves belong to the services.

use actix_web::dev::Handler;
use actix_web::guard::{self, Guard};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource, Responder, Route, web};
use utoipa::openapi::{OpenApi, PathItem};

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

/// The paths of a service, as part of the sentence that answers a request for an unknown one.
#[derive(Clone, Debug)]
pub struct KnownPaths(String);

impl KnownPaths {
    /// The paths of an OpenAPI document, without those below another path (`/health/live`, `/problems/{name}`).
    pub fn of(document: &OpenApi) -> Self {
        let methods = |item: &PathItem| match (&item.post, &item.put) {
            (Some(_), _) => "POST",
            (None, Some(_)) => "PUT",
            (None, None) => "GET",
        };
        let paths = document.paths.paths.iter();
        let listed: Vec<_> = paths
            .filter(|(path, _)| !path.starts_with("/health/") && !path.contains('{'))
            .map(|(path, item)| format!("{} {path}", methods(item)))
            .collect();
        Self(listed.join(", "))
    }
}

/// The handler for unknown paths.
///
/// # Errors
/// Always: a 404.
pub async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(unknown_path(&request))
}

/// The 404 for a path that the service does not have; it names those that it has.
pub fn unknown_path(request: &HttpRequest) -> Problem {
    let detail = match request.app_data::<web::Data<KnownPaths>>() {
        Some(known) => format!(
            "there is nothing at this path; the paths of the API are {}; / gives an overview, and /docs/ has the details",
            known.0
        ),
        None => String::new(),
    };
    Problem::new(ProblemKind::NotFound, detail)
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

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::{HttpMethod, Operation};
    use utoipa::openapi::{Paths, PathsBuilder};

    use super::*;

    #[test]
    fn the_paths_are_listed_with_their_methods() {
        let paths = [
            ("/create-order", HttpMethod::Post),
            ("/health", HttpMethod::Get),
            ("/health/live", HttpMethod::Get),
            ("/problems/{name}", HttpMethod::Get),
            ("/update-order", HttpMethod::Put),
        ];
        let add = |all: PathsBuilder, (path, method): (&str, HttpMethod)| {
            all.path(path, PathItem::new(method, Operation::new()))
        };
        let paths: Paths = paths.into_iter().fold(PathsBuilder::new(), add).build();
        let document = utoipa::openapi::OpenApiBuilder::new().paths(paths).build();
        assert_eq!(
            KnownPaths::of(&document).0,
            "POST /create-order, GET /health, PUT /update-order"
        );
    }
}
