//! The page at `/`: one frame for both services, in which each puts its own HTML.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

/// The frame; `{service}` and `{about}` are the service's, `{address}` is the host and port that the browser used.
const FRAME: &str = include_str!("index.html");

/// The page of that service, with that HTML below its heading.
pub fn page(request: &HttpRequest, service: &str, about: &str) -> HttpResponse {
    let html = FRAME
        .replace("{about}", about.trim_end())
        .replace("{service}", service)
        .replace("{address}", &address(request));
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html)
}

fn address(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // No character that is special in HTML or in a shell.
    let is_plain = |host: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
        !host.is_empty() && host.bytes().all(plain)
    };
    match host.filter(is_plain) {
        Some(host) => host.to_owned(),
        None => request.app_config().local_addr().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_page_names_the_address_that_was_requested() {
        for (host, shown) in [
            ("localhost:18000", "curl localhost:18000/x"),
            ("[::1]:8000", "curl [::1]:8000/x"),
            ("<script>", "curl 127.0.0.1:8080/x"),
            ("a b", "curl 127.0.0.1:8080/x"),
        ] {
            let request = TestRequest::default().insert_header(("host", host)).to_http_request();
            let page = page(&request, "test", "<pre>curl {address}/x</pre>");
            let body = page.into_body().try_into_bytes().expect("bytes");
            let html = String::from_utf8(body.to_vec()).expect("text");
            assert!(html.contains(&format!("<pre>{shown}</pre>")), "{host}: {html}");
            assert!(!html.contains("{about}") && html.contains("<h1>test</h1>"), "{html}");
        }
    }
}
