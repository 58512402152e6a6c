//! `/openapi.json` and Swagger UI at `/docs/`, from files that are compiled in: nothing is fetched from elsewhere. What
//! the document says is each service's own matter.

use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Registers `/openapi.json`, `/docs/` and a redirect from `/docs`. Under `/api` they are the same, without an envelope.
pub fn configure(config: &mut ServiceConfig, document: OpenApi) {
    // why: the default badge sends the document's address to validator.swagger.io
    let ui = Config::default().validator_url("none");
    config
        // why: relative, so that `/api/docs` leads to `/api/docs/`
        .service(web::redirect("/docs", "docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document).config(ui));
}
