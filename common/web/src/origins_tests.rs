//! Which pages may read, and which may not write.

use actix_web::HttpRequest;
use actix_web::test::TestRequest;

use super::*;

fn cors(origins: &str) -> CorsOrigins {
    origins.parse().expect("origins")
}

fn request(method: Method, headers: &[(&str, &str)]) -> HttpRequest {
    let request = TestRequest::default().method(method);
    let with = headers
        .iter()
        .fold(request, |request, header| request.insert_header(*header));
    with.to_http_request()
}

const SHOP: (&str, &str) = ("origin", "https://shop.example");

#[test]
fn a_page_of_an_allowed_origin_passes_the_preflight_and_may_read() {
    let cors = cors("https://shop.example, http://localhost:3000");
    let asked = request(Method::OPTIONS, &[SHOP, ("access-control-request-method", "POST")]);
    let answer = cors.preflight(asked.head()).expect("an answer");
    assert_eq!(answer.status(), 204);
    assert_eq!(
        answer.headers().get("access-control-allow-headers").expect("it"),
        ALLOWED_HEADERS
    );
    let mut headers = HeaderMap::new();
    cors.expose(cors.allowed(asked.headers()), &mut headers);
    assert_eq!(
        headers.get("access-control-allow-origin").expect("it"),
        "https://shop.example"
    );
    assert_eq!(
        headers.get("access-control-expose-headers").expect("it"),
        EXPOSED_HEADERS
    );
    assert_eq!(headers.get("vary").expect("it"), "Origin");
}

#[test]
fn a_page_of_another_origin_gets_no_cors_headers() {
    let cors = cors("https://shop.example");
    let evil = ("origin", "https://evil.example");
    let asked = request(Method::OPTIONS, &[evil, ("access-control-request-method", "POST")]);
    let answer = cors.preflight(asked.head()).expect("an answer");
    assert!(!answer.headers().contains_key("access-control-allow-methods"));
    let mut headers = HeaderMap::new();
    cors.expose(cors.allowed(asked.headers()), &mut headers);
    assert!(!headers.contains_key("access-control-allow-origin") && headers.contains_key("vary"));
}

#[test]
fn without_the_setting_there_are_no_cors_headers() {
    let off = CorsOrigins::default();
    let asked = request(Method::OPTIONS, &[SHOP, ("access-control-request-method", "POST")]);
    assert!(off.preflight(asked.head()).is_none());
    let mut headers = HeaderMap::new();
    off.expose(off.allowed(asked.headers()), &mut headers);
    assert!(headers.is_empty());
    let no_preflight = request(Method::OPTIONS, &[SHOP]);
    assert!(cors("*").preflight(no_preflight.head()).is_none());
}

#[test]
fn origins_are_compared_as_browsers_write_them() {
    let cors = cors("HTTPS://Shop.Example:443/");
    assert_eq!(cors, "https://shop.example".parse().expect("an origin"));
    assert_eq!(
        self::cors("*")
            .allowed(request(Method::GET, &[SHOP]).headers())
            .expect("it"),
        "*"
    );
    for text in [
        "shop.example",
        "https://shop.example/path",
        "ftp://shop.example",
        "null",
        "https://u@shop.example",
        "https://*.example/x",
    ] {
        let error = text.parse::<CorsOrigins>().expect_err(text).to_string();
        assert!(error.contains("scheme://host"), "{error}");
    }
    assert_eq!("".parse(), Ok(CorsOrigins::default()));
}

#[test]
fn a_write_from_another_origin_is_recognized() {
    let (site, host) = ("sec-fetch-site", ("host", "localhost:8000"));
    for (origins, headers, foreign) in [
        // No browser.
        ("", vec![], false),
        ("", vec![("origin", "http://localhost:8000"), host], false),
        (
            "",
            vec![("origin", "https://shop.example"), ("host", "shop.example:443")],
            false,
        ),
        ("", vec![("origin", "http://localhost:3000"), host], true),
        ("", vec![("origin", "null"), host], true),
        ("", vec![SHOP, host], true),
        ("", vec![SHOP], true),
        ("https://shop.example", vec![SHOP, host], false),
        ("*", vec![("origin", "null"), host], false),
        ("", vec![(site, "cross-site"), host], true),
        ("", vec![(site, "same-site"), host], true),
        ("", vec![(site, "same-origin"), SHOP, host], false),
        ("", vec![(site, "none"), host], false),
        ("https://shop.example", vec![(site, "cross-site"), SHOP, host], false),
        (
            "https://shop.example",
            vec![(site, "cross-site"), ("origin", "https://evil.example"), host],
            true,
        ),
    ] {
        let is_foreign = |method| cors(origins).is_foreign_write(request(method, &headers).head());
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(is_foreign(method), foreign, "{origins} {headers:?}");
        }
        assert!(!is_foreign(Method::GET), "{headers:?}");
    }
}
