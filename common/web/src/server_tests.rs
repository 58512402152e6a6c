//! The App as a client sees it: the plain paths, the same under `/api`, and every kind of error in both.

use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{HttpResponse, error};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::problem::PROBLEM_JSON;
use super::super::{Json, Problem, ProblemKind, Query, Reply, health, index, metrics, openapi, pages};
use super::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Command {
    order_id: String,
}

async fn create(Json { value: command, .. }: Json<Command>) -> Result<Reply<Value>, Problem> {
    match command.order_id.as_str() {
        "taken" => Err(Problem::new(ProblemKind::OrderExists, "order taken exists").with("currentStatus", "new")),
        "away" => Err(Problem::new(ProblemKind::Unavailable, "no broker answers")),
        id => Ok(Reply::created("Order created", "/order-details", json!({"orderId": id})).etag(1)),
    }
}

async fn details(Query(query): Query<Command>) -> Reply<Value> {
    Reply::ok("Order found", json!({"orderId": query.order_id}))
}

async fn foreign() -> Result<HttpResponse, actix_web::Error> {
    Err(error::ErrorImATeapot("short and stout"))
}

async fn broken() -> Result<HttpResponse, actix_web::Error> {
    Err(error::ErrorInternalServerError("the password is 1234"))
}

struct Starting;

impl health::Reporter for Starting {
    async fn report(&self) -> health::HealthReport {
        let unknown = health::Connection::Unknown;
        health::HealthReport::new("test", "0", unknown, unknown, false, vec!["starting".into()])
    }
}

impl metrics::Gauges for Starting {
    async fn set_gauges(&self) {}
}

fn about() -> index::About {
    index::About {
        path: "/",
        service: "test",
        html: String::new(),
        other_service: String::new(),
    }
}

fn test_routes(config: &mut ServiceConfig) {
    let document = openapi::complete(utoipa::openapi::OpenApiBuilder::new().build());
    config
        .service(routes::post("/create-order", create))
        .service(routes::get("/order-details", details))
        .service(routes::get(
            "/number/{n}",
            |n: web::Path<u8>| async move { n.to_string() },
        ))
        .service(routes::get("/foreign", foreign))
        .service(routes::get("/broken", broken))
        .app_data(web::Data::new(Starting))
        .configure(|config| pages::configure::<Starting>(config, about(), document));
}

/// Status, media type, `Allow` and JSON body of the response to a request.
async fn answer(request: TestRequest) -> (u16, String, Option<String>, Value) {
    let app = init_service(app("test", Supervisor::default(), AccessPolicy::default(), test_routes)).await;
    let response = call_service(&app, request.to_request()).await;
    let text = |name| {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().expect("text").to_owned())
    };
    let (status, media_type, allow) = (
        response.status().as_u16(),
        text(header::CONTENT_TYPE),
        text(header::ALLOW),
    );
    let body = read_body(response).await;
    (
        status,
        media_type.unwrap_or_default(),
        allow,
        serde_json::from_slice(&body).unwrap_or(Value::Null),
    )
}

fn post(path: &str, body: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header(header::ContentType::json())
        .set_payload(body.to_owned())
}

#[actix_web::test]
async fn every_refusal_is_a_problem_at_the_root_and_an_envelope_under_api() {
    type Request = fn(String) -> TestRequest;
    const GET: Request = |path| TestRequest::get().uri(&path);
    let cases: [(Request, &str, u16, &str); 9] = [
        (
            |path| post(&path, r#"{"orderId":"taken"}"#),
            "/create-order",
            409,
            "order-exists",
        ),
        (
            |path| post(&path, r#"{"orderId":"away"}"#),
            "/create-order",
            503,
            "unavailable",
        ),
        (|path| post(&path, "{}"), "/create-order", 400, "invalid-request"),
        (
            |path| TestRequest::post().uri(&path),
            "/create-order",
            415,
            "unsupported-media-type",
        ),
        (GET, "/create-order", 405, "method-not-allowed"),
        (GET, "/order-details", 400, "invalid-request"),
        (GET, "/nowhere", 404, "not-found"),
        (GET, "/docs/nowhere", 404, "not-found"),
        (GET, "/foreign", 418, ""),
    ];
    for (request, path, status, kind) in cases {
        let problem_type = match kind {
            "" => "about:blank".to_owned(),
            kind => format!("/problems/{kind}"),
        };
        let (plain_status, media_type, plain_allow, problem) = answer(request(path.to_owned())).await;
        assert_eq!((plain_status, media_type.as_str()), (status, PROBLEM_JSON), "{path}");
        assert_eq!(
            (&problem["type"], &problem["status"]),
            (&json!(problem_type), &json!(status)),
            "{path}"
        );

        let (api_status, media_type, allow, envelope) = answer(request(format!("/api{path}"))).await;
        assert_eq!(
            (api_status, media_type.as_str()),
            (status, "application/json"),
            "{path}"
        );
        let error = problem.get("detail").unwrap_or(&problem["title"]);
        assert_eq!(
            envelope,
            json!({"success": false, "error": error, "details": problem}),
            "{path}"
        );
        assert_eq!(allow, plain_allow, "{path}");
    }
}

#[actix_web::test]
async fn a_404_for_an_unknown_path_names_the_existing_paths() {
    for path in ["/nowhere", "/docs/nowhere", "/problems/order-not-found/nowhere"] {
        let (_, _, _, problem) = answer(TestRequest::get().uri(path)).await;
        let (_, _, _, envelope) = answer(TestRequest::get().uri(&format!("/api{path}"))).await;
        for detail in [&problem["detail"], &envelope["error"]] {
            let detail = detail.as_str().expect("a detail");
            assert!(
                detail.contains("GET /health;") && detail.contains("/docs/"),
                "{path}: {detail}"
            );
        }
    }
}

#[actix_web::test]
async fn a_405_names_the_methods_that_the_path_supports() {
    for (method, path, allow) in [
        ("GET", "/create-order", "POST"),
        ("DELETE", "/api/order-details", "GET, HEAD"),
    ] {
        let request = TestRequest::default()
            .method(method.parse().expect("a method"))
            .uri(path);
        let (status, _, allowed, _) = answer(request).await;
        assert_eq!((status, allowed.as_deref()), (405, Some(allow)), "{path}");
    }
}

#[actix_web::test]
async fn a_path_parameter_of_the_wrong_kind_is_a_problem_too() {
    let (status, media_type, _, problem) = answer(TestRequest::get().uri("/number/300")).await;
    assert_eq!((status, media_type.as_str()), (404, PROBLEM_JSON));
    assert_eq!(problem["type"], "/problems/not-found");
}

#[actix_web::test]
async fn the_cause_of_a_500_is_not_shown_to_clients() {
    for path in ["/broken", "/api/broken"] {
        let (status, _, _, body) = answer(TestRequest::get().uri(path)).await;
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("1234"), "{body}");
    }
}

#[actix_web::test]
async fn a_success_is_enveloped_under_api_only() {
    let (status, _, _, plain) = answer(TestRequest::get().uri("/order-details?orderId=7")).await;
    assert_eq!((status, &plain), (200, &json!({"orderId": "7"})));
    let (_, _, _, envelope) = answer(TestRequest::get().uri("/api/order-details?orderId=7")).await;
    assert_eq!(
        envelope,
        json!({"success": true, "message": "Order found", "data": plain})
    );
    let (status, _, _, created) = answer(post("/api/create-order", r#"{"orderId":"1"}"#)).await;
    assert_eq!((status, &created["data"]), (201, &json!({"orderId": "1"})));
}

#[actix_web::test]
async fn a_service_that_is_not_ready_shows_its_report_in_both_shapes() {
    let (status, _, _, plain) = answer(TestRequest::get().uri("/health/ready")).await;
    assert_eq!((status, &plain["reasons"]), (503, &json!(["starting"])));
    let (status, _, _, envelope) = answer(TestRequest::get().uri("/api/health/ready")).await;
    assert_eq!(status, 503);
    assert_eq!(
        envelope,
        json!({"success": false, "error": "Not ready", "details": plain})
    );
}

#[actix_web::test]
async fn a_page_of_an_allowed_origin_can_read_errors_too() {
    let config = AccessConfig {
        cors_origins: "https://shop.example".parse().expect("an origin"),
        ..AccessConfig::default()
    };
    let access = AccessPolicy::new(&config, std::net::Ipv4Addr::LOCALHOST.into());
    let app = init_service(app("test", Supervisor::default(), access, test_routes)).await;
    let from_shop = |request: TestRequest| request.insert_header(("origin", "https://shop.example")).to_request();
    for prefix in ["", "/api"] {
        let path = |path: &str| format!("{prefix}{path}");
        let preflight = TestRequest::with_uri(&path("/create-order"))
            .method(actix_web::http::Method::OPTIONS)
            .insert_header(("access-control-request-method", "POST"));
        for (request, status) in [
            (preflight, 204),
            (post(&path("/create-order"), r#"{"orderId":"1"}"#), 201),
            (post(&path("/create-order"), r#"{"orderId":"taken"}"#), 409),
            (TestRequest::get().uri(&path("/nowhere")), 404),
        ] {
            let response = call_service(&app, from_shop(request)).await;
            assert_eq!(response.status(), status);
            let headers = response.headers();
            assert_eq!(
                headers.get("access-control-allow-origin").expect("it"),
                "https://shop.example"
            );
            assert_eq!(headers.get("vary").expect("it"), "Origin");
        }
        let other =
            post(&path("/create-order"), r#"{"orderId":"1"}"#).insert_header(("origin", "https://evil.example"));
        let response = call_service(&app, other.to_request()).await;
        assert_eq!(response.status(), 403);
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    }
}

#[actix_web::test]
async fn a_service_that_is_stopping_refuses_in_both_shapes() {
    let supervisor = Supervisor::default();
    supervisor.begin_shutdown();
    let app = init_service(app("test", supervisor, AccessPolicy::default(), test_routes)).await;
    let mut bodies = Vec::new();
    for path in ["/order-details?orderId=7", "/api/order-details?orderId=7"] {
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        assert_eq!(response.status(), 503);
        bodies.push(serde_json::from_slice::<Value>(&read_body(response).await).expect("JSON"));
    }
    assert_eq!(bodies[0]["type"], "/problems/not-ready");
    assert_eq!(
        (&bodies[1]["success"], &bodies[1]["details"]),
        (&json!(false), &bodies[0])
    );
}
