//! The pages about the types of problems, at the `type`s themselves (RFC 9457, section 3.1.1), and the list of them at
//! `/problems/`. What they say is in [`problem_kind`](super::problem_kind).

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use utoipa::ToSchema;

use super::envelope::Reply;
use super::html::{self, inline_code};
use super::problem::Problem;
use super::problem_kind::{Definition, ProblemKind};
use super::routes;

/// The error responses that have none of these types; a word in backticks is code.
const EXCEPTIONS: [&str; 3] = [
    "`/health/ready` answers 503 with the health report, whose `reasons` say why.",
    "A status that is not listed here comes from the HTTP server itself and says all there is to say: the `type` is `about:blank`.",
    "A request whose head is malformed, too large or too slow gets a status without a body.",
];

/// A type of problem, described.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemType {
    /// The `type` that problems of this kind have.
    #[schema(example = "/problems/order-not-found")]
    r#type: &'static str,
    /// Their title.
    #[schema(example = "Order not found")]
    title: &'static str,
    /// Their HTTP status code.
    #[schema(example = 404)]
    status: u16,
    /// What happened.
    meaning: &'static str,
    /// What to do about it.
    remedy: &'static str,
    /// Whether the request had an effect.
    effect: &'static str,
    /// A typical problem of this kind.
    example: Problem,
}

impl From<ProblemKind> for ProblemType {
    fn from(kind: ProblemKind) -> Self {
        let Definition {
            type_uri,
            status,
            title,
            meaning,
            remedy,
            effect,
        } = kind.definition();
        Self {
            r#type: type_uri,
            title,
            status,
            meaning,
            remedy,
            effect: effect.as_str(),
            example: kind.example(),
        }
    }
}

/// Registers `/problems/`, a redirect from `/problems`, and `/problems/{name}`.
pub fn configure(config: &mut ServiceConfig, service: &'static str) {
    config
        // why: relative, so that `/api/problems` leads to `/api/problems/`
        .service(web::redirect("/problems", "problems/"))
        .service(routes::get("/problems/", move |request: HttpRequest| async move {
            list(&request, service)
        }))
        .service(routes::get("/problems/{name}", problem_type));
}

/// Describe a type of problem
#[utoipa::path(
    get, path = "/problems/{name}", tag = "problems",
    summary = "Describe a type of problem",
    description = "The `type` of a problem is the path of its description: what happened, what to do, whether the request had an effect, and an example. Browsers get HTML, other clients JSON.",
    params(("name" = String, Path, description = "The `type` without `/problems/`.", example = "order-not-found")),
    responses(
        (status = 200, description = "The description.", content((ProblemType = "application/json"), (String = "text/html"))),
        (status = 404, description = "`/problems/not-found`: there is no such type of problem."),
    )
)]
pub(super) async fn problem_type(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let kind = ProblemKind::from_type_uri(&format!("/problems/{name}")).ok_or_else(|| {
        let names = ProblemKind::ALL.map(|kind| kind.type_uri().trim_start_matches("/problems/"));
        let detail = format!("there is no problem of this name; the names are {}", names.join(", "));
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    Ok(negotiated(if html::is_wanted(&request) {
        html::page(kind.title(), &description(kind))
    } else {
        Reply::ok("Type of problem", ProblemType::from(kind)).respond_to(&request)
    }))
}

/// Tells caches that `Accept` decides what the response is.
fn negotiated(mut response: HttpResponse) -> HttpResponse {
    let vary = HeaderValue::from_static("Accept");
    response.headers_mut().append(header::VARY, vary);
    response
}

fn description(kind: ProblemKind) -> String {
    let Definition {
        type_uri,
        status,
        meaning,
        remedy,
        effect,
        ..
    } = kind.definition();
    // Strings and JSON values always serialize.
    let example = serde_json::to_string_pretty(&kind.example()).unwrap_or_default();
    format!(
        "<p>Status {status}, type <code>{type_uri}</code></p>\n<p>{}</p>\n<h2>What to do</h2>\n<p>{}</p>\n\
         <h2>Effect of the request</h2>\n<p>{}</p>\n<h2>Example</h2>\n<pre>{}</pre>\n\
         <p><a href=\"./\">All problems</a></p>",
        inline_code(meaning),
        inline_code(remedy),
        inline_code(effect.as_str()),
        html::escape(&example),
    )
}

fn list(request: &HttpRequest, service: &str) -> HttpResponse {
    if !html::is_wanted(request) {
        let all: Vec<_> = ProblemKind::ALL.into_iter().map(ProblemType::from).collect();
        return negotiated(Reply::ok("Types of problems", all).respond_to(request));
    }
    let row = |kind: ProblemKind| {
        let Definition {
            type_uri,
            status,
            title,
            ..
        } = kind.definition();
        let name = type_uri.trim_start_matches("/problems/");
        format!("<li>{status} <a href=\"{name}\">{title}</a></li>\n")
    };
    let rows: String = ProblemKind::ALL.into_iter().map(row).collect();
    let exception = |text: &str| format!("<li>{}</li>\n", inline_code(text));
    let exceptions: String = EXCEPTIONS.into_iter().map(exception).collect();
    let intro = format!(
        "<p>The error responses of both services have these types.</p>\n<ul>\n{rows}</ul>\n\
         <p>With three exceptions:</p>\n<ul>\n{exceptions}</ul>\n\
         <p><a href=\"../\">{service}</a></p>"
    );
    negotiated(html::page("Problems", &intro))
}

#[cfg(test)]
#[path = "problem_pages_tests.rs"]
mod tests;
