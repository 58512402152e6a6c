//! HTML pages: one frame for all of them. What a page says is up to its module.

use actix_web::http::header::{Accept, CONTENT_SECURITY_POLICY, Header, Quality};
use actix_web::mime::{self, Mime};
use actix_web::{HttpRequest, HttpResponse};

/// The frame, with a `{title}` and a `{content}`.
const FRAME: &str = include_str!("frame.html");

/// What a page may load: nothing but the style that is in the frame.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page with `title`, which is text, above `content`, which is HTML.
pub(super) fn page(title: &str, content: &str) -> HttpResponse {
    let html = FRAME
        .replace("{title}", &escape(title))
        .replace("{content}", content.trim_end());
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}

/// Whether the client prefers HTML to JSON, as browsers do. Other clients send `*/*` or nothing, and want JSON.
pub(super) fn is_wanted(request: &HttpRequest) -> bool {
    // What cannot be read says nothing about HTML.
    Accept::parse(request).is_ok_and(|accepted| {
        let [html, json] = [mime::TEXT_HTML, mime::APPLICATION_JSON].map(|offered| preference(&accepted, &offered));
        html > json
    })
}

/// How much a client wants a media type: the quality of the most specific range that covers it (RFC 9110, section 12.5.1),
/// then whether that range names it. `None` if the client does not want it at all.
fn preference(accepted: &Accept, offered: &Mime) -> Option<(Quality, bool)> {
    let ranges = accepted.iter();
    let covering = ranges.filter_map(|range| Some((specificity(&range.item, offered)?, range.quality)));
    let (specificity, quality) = covering.max()?;
    (quality > Quality::ZERO).then_some((quality, specificity == Specificity::Type))
}

/// How closely a range describes a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    /// `*/*`
    Any,
    /// `text/*`
    Family,
    /// `text/html`
    Type,
}

/// `None` if the range does not cover the media type. Parameters are ignored, as nothing is offered in two variants.
fn specificity(range: &Mime, offered: &Mime) -> Option<Specificity> {
    if range.essence_str() == offered.essence_str() {
        Some(Specificity::Type)
    } else if range.type_() == offered.type_() && range.subtype() == mime::STAR {
        Some(Specificity::Family)
    } else {
        (range.essence_str() == mime::STAR_STAR.essence_str()).then_some(Specificity::Any)
    }
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
    fn html_is_for_clients_that_prefer_it_to_json() {
        let wants = |accept: &str| {
            let request = TestRequest::default().insert_header(("accept", accept));
            is_wanted(&request.to_http_request())
        };
        for accept in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "text/html",
            "Text/HTML;charset=utf-8",
            "text/*",
            "application/json;q=0.9, text/html",
            "text/html;q=0.5, */*;q=0.5",
            "text/html, application/json;q=0, */*",
        ] {
            assert!(wants(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "application/json",
            "application/json, text/plain, */*",
            "text/html;q=0",
            "text/html;q=0, */*",
            "text/html; q=0.0, text/*",
            "text/html;q=0.1, application/json",
            "text/html;q=0.1, application/*;q=0.2",
            "text/html, application/json",
            "text/htmlx",
            "nonsense",
            "image/png",
        ] {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!is_wanted(&TestRequest::default().to_http_request()));
        let two_lines = TestRequest::default()
            .append_header(("accept", "application/json;q=0.5"))
            .append_header(("accept", "text/html"));
        assert!(is_wanted(&two_lines.to_http_request()));
    }
}
