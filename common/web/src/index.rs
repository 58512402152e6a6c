//! The page at `/`. What it says is each service's own matter.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

/// Stands in a page for where the service is reached.
const ADDRESS: &str = "{address}";

/// A page of HTML in which each `{address}` is the host and port that the browser has called.
pub fn page(request: &HttpRequest, html: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html.replace(ADDRESS, &address(request)))
}

fn address(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // Nothing that could end a text in HTML or a word in a shell.
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
    fn the_page_names_the_address_that_was_called() {
        for (host, shown) in [
            ("localhost:18000", "curl localhost:18000/x"),
            ("[::1]:8000", "curl [::1]:8000/x"),
            ("<script>", "curl 127.0.0.1:8080/x"),
            ("a b", "curl 127.0.0.1:8080/x"),
        ] {
            let request = TestRequest::default().insert_header(("host", host)).to_http_request();
            let body = page(&request, "curl {address}/x")
                .into_body()
                .try_into_bytes()
                .expect("bytes");
            assert_eq!(body, shown, "{host}");
        }
    }
}
