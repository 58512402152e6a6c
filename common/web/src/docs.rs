//! `/openapi.json` and Swagger UI at `/docs/`, from files that are compiled in: nothing is fetched from elsewhere. Each
//! service brings its own document.

use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Registers `/openapi.json`, `/docs/` and a redirect from `/docs`. Under `/api` they are served without an envelope, too.
pub fn configure(config: &mut ServiceConfig, document: OpenApi) {
    // why: the default badge sends the document's address to validator.swagger.io
    let ui = Config::default().validator_url("none");
    config
        // why: relative, so that `/api/docs` leads to `/api/docs/`
        .service(web::redirect("/docs", "docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document).config(ui));
}

#[cfg(test)]
mod tests {
    use actix_web::http::header;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use orderlog_runtime::supervisor::Supervisor;

    use super::*;
    use crate::access::AccessPolicy;
    use crate::server;

    fn documented(config: &mut ServiceConfig) {
        configure(config, utoipa::openapi::OpenApiBuilder::new().build());
    }

    #[actix_web::test]
    async fn the_docs_are_served_without_any_other_host() {
        let app = init_service(server::app(
            "test",
            Supervisor::default(),
            AccessPolicy::default(),
            documented,
        ))
        .await;
        for prefix in ["", "/api"] {
            let get = |path: &str| TestRequest::get().uri(&format!("{prefix}{path}")).to_request();
            let redirect = call_service(&app, get("/docs")).await;
            assert_eq!(redirect.status(), 307);
            assert_eq!(redirect.headers().get(header::LOCATION).expect("a Location"), "docs/");
            assert_eq!(call_service(&app, get("/openapi.json")).await.status(), 200);
            for file in ["/docs/", "/docs/index.html", "/docs/swagger-initializer.js"] {
                let response = call_service(&app, get(file)).await;
                assert_eq!(response.status(), 200, "{prefix}{file}");
                let text = String::from_utf8(read_body(response).await.to_vec()).expect("text");
                assert!(
                    !text.contains("https://") && !text.contains("http://"),
                    "{file}: {text}"
                );
            }
        }
    }

    #[actix_web::test]
    async fn the_openapi_address_and_the_validator_are_in_the_initializer() {
        let app = init_service(server::app(
            "test",
            Supervisor::default(),
            AccessPolicy::default(),
            documented,
        ))
        .await;
        let request = TestRequest::get().uri("/docs/swagger-initializer.js").to_request();
        let text = String::from_utf8(read_body(call_service(&app, request).await).await.to_vec()).expect("text");
        assert!(text.contains(r#""url": "/openapi.json""#), "{text}");
        assert!(text.contains(r#""validatorUrl": "none""#), "{text}");
    }
}
