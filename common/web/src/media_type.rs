//! Media types (RFC 9110, section 8.3.1). Which of them a path accepts is never decided here.

use actix_web::http::header::{self, HeaderMap};

/// The media type of a request's body, in lower case and without parameters: `application/json`. `None` when it is missing,
/// malformed, or given several times with different values.
///
/// Parameters are ignored: JSON has none (RFC 8259, section 11), and clients differ in how they write them.
pub fn of(headers: &HeaderMap) -> Option<String> {
    let mut types = headers
        .get_all(header::CONTENT_TYPE)
        .map(|value| without_parameters(value.as_bytes()));
    let first = types.next()??;
    types.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// Whether that is JSON, or has the `+json` suffix (RFC 6839).
pub fn is_json(media_type: &str) -> bool {
    media_type
        .strip_prefix("application/")
        .is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// `type/subtype`: what comes before the first semicolon, trimmed.
fn without_parameters(value: &[u8]) -> Option<String> {
    let essence = value.split(|byte| *byte == b';').next()?.trim_ascii();
    let essence = std::str::from_utf8(essence).ok()?;
    let (kind, subtype) = essence.split_once('/')?;
    (is_token(kind) && is_token(subtype)).then(|| essence.to_ascii_lowercase())
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(tchar)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn of_lines(lines: &[&str]) -> Option<String> {
        let request = lines.iter().fold(TestRequest::default(), |request, line| {
            request.append_header(("content-type", *line))
        });
        of(request.to_http_request().headers())
    }

    #[test]
    fn parameters_and_whitespace_are_ignored() {
        for written in [
            "application/json",
            "Application/JSON",
            "application/json;charset=UTF-8",
            "application/json ; charset=utf-8",
            "application/json;\tcharset=utf-8",
            "application/json \t;\t charset=\"utf-8\" ;; a=\";\"",
            "application/json;",
            "application/json; charset",
            " application/json ",
        ] {
            assert_eq!(of_lines(&[written]).as_deref(), Some("application/json"), "{written}");
        }
    }

    #[test]
    fn a_malformed_or_ambiguous_media_type_is_none() {
        for written in [
            "",
            ";",
            "json",
            "/json",
            "application/",
            "application/json, text/plain",
            "a b/c",
            "application/jsön",
        ] {
            assert_eq!(of_lines(&[written]), None, "{written}");
        }
        assert_eq!(of_lines(&[]), None);
        assert_eq!(of_lines(&["application/json", "text/plain"]), None);
        assert_eq!(
            of_lines(&["application/json", "application/json; charset=utf-8"]).as_deref(),
            Some("application/json")
        );
    }

    #[test]
    fn json_has_one_name_and_a_suffix() {
        for json in [
            "application/json",
            "application/vnd.order+json",
            "application/problem+json",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "text/json",
            "text/plain",
            "application/jsonish",
            "application/json-seq",
            "image/x+json",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }
}
