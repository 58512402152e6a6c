//! What is counted, and under which labels.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use orderlog_runtime::supervisor::Supervisor;

use super::*;
use crate::access::AccessPolicy;
use crate::{routes, server};

#[actix_web::test]
async fn requests_are_counted_by_route_and_never_by_raw_path() {
    let handle = orderlog_runtime::telemetry::metrics_recorder();
    let routes = move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::new(handle.clone()))
            .service(routes::get("/metrics", |handle| async { page(handle, "metrics-test") }))
            .service(routes::get("/orders/{id}", async || "an order"));
        crate::docs::configure(config, utoipa::openapi::OpenApiBuilder::new().build());
    };
    let app = init_service(server::app(
        "metrics-test",
        Supervisor::default(),
        AccessPolicy::default(),
        routes,
    ))
    .await;
    for path in [
        "/orders/1",
        "/orders/2",
        "/api/orders/3",
        "/docs/index.html",
        "/made-up-by-a-client",
    ] {
        call_service(&app, TestRequest::get().uri(path).to_request()).await;
    }
    let method = Method::from_bytes(b"MADEUP").expect("a method");
    call_service(&app, TestRequest::with_uri("/orders/1").method(method).to_request()).await;

    let response = call_service(&app, TestRequest::get().uri("/metrics").to_request()).await;
    assert_eq!(
        response.headers().get("content-type").expect("a type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = String::from_utf8(read_body(response).await.to_vec()).expect("text");
    for (method, route, status, count) in [
        ("GET", "/orders/{id}", 200, 2),
        ("GET", "/api/orders/{id}", 200, 1),
        ("GET", "/docs/*", 200, 1),
        ("GET", "unmatched", 404, 1),
        ("other", "/orders/{id}", 405, 1),
    ] {
        let labels = format!(r#"service="metrics-test",method="{method}",route="{route}",status="{status}""#);
        assert!(
            text.contains(&format!("http_requests_total{{{labels}}} {count}\n")),
            "{labels} in {text}"
        );
        assert!(
            text.contains(&format!("http_request_duration_seconds_count{{{labels}}} {count}\n")),
            "{labels}"
        );
        assert!(
            text.contains(&format!(
                "http_request_duration_seconds_bucket{{{labels},le=\"0.005\"}}"
            )),
            "{labels}"
        );
    }
    assert!(!text.contains("made-up-by-a-client") && !text.contains("MADEUP"));
}

#[test]
fn a_service_shows_its_own_samples_and_those_of_the_process() {
    let text = "# HELP a about a\n# TYPE a counter\na{service=\"x\",b=\"1\"} 1\na{service=\"y\"} 2\n\n# TYPE b gauge\nb{service=\"y\"} 3\n\n# TYPE c gauge\nc 4\n";
    assert_eq!(
        of_service(text, "x"),
        "# HELP a about a\n# TYPE a counter\na{service=\"x\",b=\"1\"} 1\n# TYPE c gauge\nc 4\n"
    );
    assert_eq!(
        of_service(text, "y"),
        "# HELP a about a\n# TYPE a counter\na{service=\"y\"} 2\n# TYPE b gauge\nb{service=\"y\"} 3\n# TYPE c gauge\nc 4\n"
    );
}
