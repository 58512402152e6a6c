//! A service's page about itself, for which each service brings its own HTML.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use super::html;

/// What a service says about itself on its page.
#[derive(Clone, Debug)]
pub struct About {
    /// Name of the service.
    pub service: &'static str,
    /// Path of the page: `/`, unless the service has another page there. Its links are relative to `/`.
    pub path: &'static str,
    /// HTML below the heading; `{address}` is the host and port that the client used, `{other}` the other service's URL. A
    /// command has both in single quotes, which neither of them can end.
    pub html: String,
    /// URL at which clients reach the other service.
    pub other_service: String,
}

/// The page of that service.
pub fn page(request: &HttpRequest, about: &About) -> HttpResponse {
    // A URL may contain whatever is special in a shell.
    let other = about.other_service.trim_end_matches('/').replace('\'', "%27");
    let content = about
        .html
        .replace("{other}", &html::escape(&other))
        .replace("{address}", &address(request));
    html::page(about.service, &content)
}

fn address(request: &HttpRequest) -> String {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // No character that is special in HTML or in quotes.
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
    fn the_url_of_the_other_service_cannot_end_the_quotes_around_it() {
        let about = About {
            service: "test",
            path: "/",
            html: "<pre>curl '{other}/y'</pre>".to_owned(),
            other_service: "http://x/$(id)'`id`<b>/".to_owned(),
        };
        let response = page(&TestRequest::default().to_http_request(), &about);
        let body = response.into_body().try_into_bytes().expect("bytes");
        let html = String::from_utf8(body.to_vec()).expect("text");
        assert!(
            html.contains("<pre>curl 'http://x/$(id)%27`id`&lt;b&gt;/y'</pre>"),
            "{html}"
        );
    }

    #[test]
    fn the_page_names_the_address_that_was_requested_and_the_other_service() {
        let about = About {
            service: "test",
            path: "/",
            html: "<pre>curl {address}/x {other}/y</pre>".to_owned(),
            other_service: "http://localhost:8001/".to_owned(),
        };
        for (host, shown) in [
            ("localhost:18000", "curl localhost:18000/x"),
            ("[::1]:8000", "curl [::1]:8000/x"),
            ("<script>", "curl 127.0.0.1:8080/x"),
            ("a b", "curl 127.0.0.1:8080/x"),
        ] {
            let request = TestRequest::default().insert_header(("host", host)).to_http_request();
            let body = page(&request, &about).into_body().try_into_bytes().expect("bytes");
            let html = String::from_utf8(body.to_vec()).expect("text");
            let expected = format!("<pre>{shown} http://localhost:8001/y</pre>");
            assert!(html.contains(&expected), "{host}: {html}");
            assert!(!html.contains("{content}") && html.contains("<h1>test</h1>"), "{html}");
        }
    }
}
