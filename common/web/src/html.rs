//! HTML pages: one frame for all of them. What a page says is up to its module.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

/// The frame, with a `{title}` and a `{content}`.
const FRAME: &str = include_str!("frame.html");

/// A page with `title`, which is text, above `content`, which is HTML.
pub(super) fn page(title: &str, content: &str) -> HttpResponse {
    let html = FRAME
        .replace("{title}", &escape(title))
        .replace("{content}", content.trim_end());
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html)
}

/// Whether the client asks for HTML, as browsers do. Other clients send `*/*` or nothing, and want JSON.
pub(super) fn is_wanted(request: &HttpRequest) -> bool {
    let mut accepted = request.headers().get_all(header::ACCEPT);
    accepted.any(|value| value.to_str().is_ok_and(|list| list.contains("text/html")))
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Text as HTML, with words in backticks as code.
pub(super) fn inline_code(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for (n, part) in escape(text).split('`').enumerate() {
        match n % 2 {
            0 => html.push_str(part),
            _ => html.extend(["<code>", part, "</code>"]),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            inline_code("a `<b>` & 'c'"),
            "a <code>&lt;b&gt;</code> &amp; &#39;c&#39;"
        );
    }

    #[test]
    fn only_a_browser_wants_html() {
        let wants = |accept: &str| {
            is_wanted(
                &TestRequest::default()
                    .insert_header(("accept", accept))
                    .to_http_request(),
            )
        };
        assert!(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(!wants("*/*") && !wants("application/json"));
        assert!(!is_wanted(&TestRequest::default().to_http_request()));
    }
}
