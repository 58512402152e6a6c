//! What a request says in its headers about when it is to be carried out: `Idempotency-Key` and `If-Match`.

use actix_web::HttpRequest;
use actix_web::http::header;
use common::http::Problem;
use common::http::envelope::ENVELOPE_PREFIX;
use common::idempotency::{IdempotencyKey, KeyedRequest, MAX_KEY_CHARS, RequestHash};

use crate::decide::Expected;

/// Name of the header; draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const IF_MATCH: &str = "If-Match";

/// The request under its key; `None` when it has none.
///
/// # Errors
/// A 400 when the key is none, or there are several.
pub fn keyed(request: &HttpRequest, body: &[u8]) -> Result<Option<KeyedRequest>, Problem> {
    let Some(value) = only(request, IDEMPOTENCY_KEY)? else {
        return Ok(None);
    };
    let key = IdempotencyKey::parse(value).ok_or_else(|| {
        let message = format!("must be 1 to {MAX_KEY_CHARS} printable ASCII characters");
        Problem::invalid_field(IDEMPOTENCY_KEY, message)
    })?;
    let path = request.path();
    let path = path.strip_prefix(ENVELOPE_PREFIX).unwrap_or(path);
    let hash = RequestHash::of(request.method().as_str(), path, body);
    Ok(Some(KeyedRequest { key, hash }))
}

/// Which version the order must have: `*` for any, or one strong entity tag (RFC 9110, 13.1.1; lists and weak tags, which
/// cannot match, are refused).
///
/// # Errors
/// A 400 when it is neither.
pub fn expected(request: &HttpRequest) -> Result<Expected, Problem> {
    let Some(value) = only(request, header::IF_MATCH.as_str())? else {
        return Ok(Expected::Any);
    };
    if value == b"*" {
        return Ok(Expected::Any);
    }
    let tag = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    // What may stand in a tag is RFC 9110, 8.8.3's etagc; a quote would begin a list.
    let tag = tag.filter(|tag| tag.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)));
    match tag {
        Some(tag) => Ok(Expected::Version(String::from_utf8_lossy(tag).into_owned())),
        None => Err(Problem::invalid_field(
            IF_MATCH,
            "must be * or one version in quotes, as ETag has it: \"3\"",
        )),
    }
}

/// Makes sure that no version is asked for: a new order has none, and a condition that is not looked at would be taken for
/// one that holds.
///
/// # Errors
/// A 400 when there is an `If-Match`.
pub fn none_expected(request: &HttpRequest) -> Result<(), Problem> {
    match only(request, header::IF_MATCH.as_str())? {
        Some(_) => Err(Problem::invalid_field(
            IF_MATCH,
            "is for updates: a new order has no version yet",
        )),
        None => Ok(()),
    }
}

fn only<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a [u8]>, Problem> {
    let mut values = request.headers().get_all(name);
    let first = values.next();
    if values.next().is_some() {
        return Err(Problem::invalid_field(name, "must be given once"));
    }
    Ok(first.map(|value| value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn named(problem: Problem) -> String {
        problem.errors()[0].field.clone()
    }

    #[test]
    fn a_key_names_the_same_request_at_both_paths() {
        let at = |path: &str, body: &[u8]| {
            let request = TestRequest::put().uri(path).insert_header((IDEMPOTENCY_KEY, "k"));
            keyed(&request.to_http_request(), body).expect("valid").expect("a key")
        };
        assert_eq!(at("/update-order", b"{}"), at("/api/update-order", b"{}"));
        assert_ne!(at("/update-order", b"{}").hash, at("/update-order", b"{ }").hash);
    }

    #[test]
    fn what_is_no_key_is_a_400_that_names_the_header() {
        for bad in ["", &"x".repeat(65), "é"] {
            let request = TestRequest::put().insert_header((IDEMPOTENCY_KEY, bad));
            let problem = keyed(&request.to_http_request(), b"").expect_err(bad);
            assert_eq!(named(problem), IDEMPOTENCY_KEY);
        }
        let twice = TestRequest::put()
            .append_header((IDEMPOTENCY_KEY, "a"))
            .append_header((IDEMPOTENCY_KEY, "a"));
        assert!(keyed(&twice.to_http_request(), b"").is_err());
        assert_eq!(keyed(&TestRequest::put().to_http_request(), b"").expect("valid"), None);
    }

    #[test]
    fn a_new_order_has_no_version_to_match() {
        let request = TestRequest::post().insert_header((IF_MATCH, "\"1\"")).to_http_request();
        assert_eq!(named(none_expected(&request).expect_err("it has one")), IF_MATCH);
        assert!(none_expected(&TestRequest::post().to_http_request()).is_ok());
    }

    #[test]
    fn if_match_is_a_star_or_one_strong_tag() {
        let read = |value: &str| expected(&TestRequest::put().insert_header((IF_MATCH, value)).to_http_request());
        assert_eq!(read("*").expect("valid"), Expected::Any);
        for tag in ["3", "03", "x", ""] {
            let read = read(&format!("\"{tag}\"")).expect("a strong tag");
            assert_eq!(read, Expected::Version(tag.to_owned()));
        }
        for bad in ["3", "W/\"3\"", "\"3\", \"4\"", "\"3", "", "\"", "\" \""] {
            assert_eq!(named(read(bad).expect_err(bad)), IF_MATCH);
        }
    }
}
